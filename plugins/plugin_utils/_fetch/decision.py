# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which login of a home is brought to the controller, and whether it replaces the copy there."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import Decision, OnAccountMismatch
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential, from_document, parse
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import with_article
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import (
    can_renew,
    describe_account,
    freshness,
    method_of,
    same_account,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer


def find_login(described: HomeAnswer) -> FileFacts | None:
    """The file with the home's login: auth.json, or what a killed Codex left beside it if that is newer.

    None where there is no login. Raises CodexError for a login that could not be deployed again.
    """
    file = described["files"]["auth"]
    described_file.exists(file)
    left = [other for other in described["unsaved_logins"] if "auth" in other and method_of(other["auth"]) == "chatgpt"]
    method = method_of(file["auth"]) if "auth" in file else "none"
    if method == "chatgpt":
        return max(
            [file, *(o for o in left if same_account(o["auth"], file["auth"]))], key=lambda f: freshness(f["auth"])
        )
    if method == "none" and left:
        return max(left, key=lambda other: freshness(other["auth"]))
    if method in ("unreadable", "mixed", "other"):
        what = {
            "unreadable": "is not an auth.json that Codex can read",
            "mixed": "mixes two logins",
            "other": "holds a kind of login that this collection does not deploy",
        }[method]
        raise CodexError(f"{file['path']} {what}, so it was not fetched. Look at it first.")
    return None if method == "none" else file


def deployable(content: bytes, path: str) -> Credential:
    """The login of a target's file, as codex_auth_file accepts it: without an API key beside ChatGPT tokens.

    A login in the browser can leave such a key, and the tokens count. Raises CodexError for what is not a login.
    """
    document = parse(content, path)
    if isinstance(document, dict) and document.get("tokens") is not None and document.get("auth_mode") == "chatgpt":
        document["OPENAI_API_KEY"] = None
    return from_document(document, path)


def decide_fetch(
    target: AuthSummary, kept: AuthSummary | None, on_account_mismatch: OnAccountMismatch, path: str, dest: str
) -> Decision:
    """Whether the target's login, at ``path`` there, replaces the copy that is kept at ``dest`` on the controller.

    kept: None where there is no copy. Raises CodexError where the two are not of one account.
    """
    if kept is None:
        return Decision(True, "There was no copy on the controller.")
    method = method_of(target)
    if method == method_of(kept) and target["secrets"].items() == kept["secrets"].items():
        return Decision(False, "The copy on the controller holds this login already.")
    if method != method_of(kept) or method != "chatgpt" or not same_account(target, kept):
        there, here = (
            f"a ChatGPT login of {describe_account(summary)}"
            if method_of(summary) == "chatgpt"
            else with_article(method_of(summary))
            for summary in (target, kept)
        )
        sentence = f"{dest} holds {here}, and {path} on the target {'another one' if there == here else there}"
        if on_account_mismatch == "fail":
            raise CodexError(f"{sentence}. To replace it, set on_account_mismatch to replace, or choose another dest.")
        return Decision(True, f"{sentence}.")
    if can_renew(kept) and not can_renew(target):
        return Decision(False, "The copy on the controller can be renewed and the target's cannot, so the copy stays.")
    if freshness(kept) >= freshness(target):
        return Decision(False, "The copy on the controller is newer or of the same age, so it stays.")
    return Decision(True, "The target's login is newer than the copy on the controller.")
