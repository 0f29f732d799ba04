# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the auth.json of a target is replaced."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import TOKENS_FROM_OUTSIDE
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import (
    FoundMethod,
    can_renew,
    describe_account,
    freshness,
    method_of,
    same_account,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.plugins.plugin_utils.tokens import parse_time

Update = t.Literal["if_newer", "always", "on_create"]
OnAccountMismatch = t.Literal["fail", "replace"]

NAMES: t.Final[dict[str, str]] = {"apikey": "API key", "personal_access_token": "personal access token"}
WITH_ARTICLE: t.Final[dict[str, str]] = {"apikey": "an API key", "personal_access_token": "a personal access token"}


@dataclass(frozen=True)
class Decision:
    """Whether the target's auth.json is replaced, and why, as one sentence."""

    replace: bool
    reason: str


def decide(
    source: AuthSummary, target: AuthSummary | None, update: Update, on_account_mismatch: OnAccountMismatch, path: str
) -> Decision:
    """THE decision of this collection: may this credential take the place of what the target has.

    Raises CodexError where the answer is neither yes nor no.
    """
    if target is None:
        return Decision(True, "There was no auth.json with a login.")
    given, found = method_of(source), method_of(target)
    if found == given and source["secrets"].items() <= target["secrets"].items():
        if found == "chatgpt" and parse_time(target["last_refresh"]) is None:
            return Decision(True, "The login was there without last_refresh, and Codex does not send such a login.")
        if source["auth_mode"] == TOKENS_FROM_OUTSIDE != target["auth_mode"] and update != "on_create":
            return Decision(True, "The same tokens were there as a login that Codex would try to renew.")
        return Decision(False, "The account has this login already.")
    if update == "on_create":
        return Decision(False, "An auth.json is there, and update is on_create.")
    if update == "always":
        return Decision(True, "The login differs, and update is always.")
    if found == "unreadable":
        raise CodexError(
            f"{path} is there but is not an auth.json that Codex can read. It may be damaged or half written, so it is "
            "left alone. Look at it; to replace it, set update to always."
        )
    if found == "none":
        return Decision(True, "The auth.json that was there held no login.")
    if found == "mixed":
        if given == "chatgpt" and same_account(source, target) and freshness(target) >= freshness(source):
            raise CodexError(
                f"{path} mixes two logins, and has tokens of the given account that are as fresh or fresher. "
                "Save them first if you need them; to replace the file, set update to always."
            )
        return Decision(True, "The auth.json that was there mixed two logins, as some Codex versions leave behind.")
    if found == "other":
        raise CodexError(
            f"{path} holds a kind of login that this collection does not deploy. To replace it, set update to always."
        )
    if found != given:
        there, wanted = _name(target, found), _name(source, given)
        return _mismatch(f"{path} holds {there}, and the playbook gives {wanted}", on_account_mismatch)
    if found != "chatgpt":
        return Decision(True, f"The {NAMES[found]} differs.")
    if not same_account(source, target):
        there, wanted = describe_account(target), describe_account(source)
        return _mismatch(f"{path} is logged in to {there}, and the playbook gives {wanted}", on_account_mismatch)
    if can_renew(target) and not can_renew(source):
        return Decision(
            False,
            "The target's login of this account can be renewed and the given copy, which has no refresh token, "
            "cannot, so the target's stays.",
        )
    if freshness(target) >= freshness(source):
        return Decision(False, "The target's tokens of this account are as fresh or fresher, so they stay.")
    return Decision(True, "The tokens given are fresher than the target's.")


def _name(summary: AuthSummary, method: FoundMethod) -> str:
    return f"a ChatGPT login of {describe_account(summary)}" if method == "chatgpt" else WITH_ARTICLE[method]


def _mismatch(sentence: str, on_account_mismatch: OnAccountMismatch) -> Decision:
    if on_account_mismatch == "fail":
        raise CodexError(f"{sentence}. To replace it, set on_account_mismatch to replace.")
    return Decision(True, f"{sentence}.")
