# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the auth.json of a target is replaced."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import (
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
        return Decision(True, "The account had no auth.json.")
    found = method_of(target)
    if found == source["auth_mode"] and source["secrets"].items() <= target["secrets"].items():
        if found == "chatgpt" and parse_time(target["last_refresh"]) is None:
            return Decision(True, "The login was there without last_refresh, and Codex does not send such a login.")
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
        if source["auth_mode"] == "chatgpt" and same_account(source, target) and freshness(target) >= freshness(source):
            raise CodexError(
                f"{path} mixes two logins, and has tokens of the given account that are as fresh or fresher. "
                "Save them first if you need them; to replace the file, set update to always."
            )
        return Decision(True, "The auth.json that was there mixed two logins, as some Codex versions leave behind.")
    if found == "other":
        raise CodexError(
            f"{path} holds a kind of login that this collection does not deploy. To replace it, set update to always."
        )
    if found != source["auth_mode"]:
        there, wanted = _name(target, found), _name(source, source["auth_mode"] or "")
        return _mismatch(f"{path} holds {there}, and the playbook gives {wanted}", on_account_mismatch)
    if found == "apikey":
        return Decision(True, "The API key differs.")
    if not same_account(source, target):
        there, wanted = describe_account(target), describe_account(source)
        return _mismatch(f"{path} is logged in to {there}, and the playbook gives {wanted}", on_account_mismatch)
    if freshness(target) >= freshness(source):
        return Decision(False, "The target's tokens of this account are as fresh or fresher, so they stay.")
    return Decision(True, "The tokens given are fresher than the target's.")


def _name(summary: AuthSummary, method: str) -> str:
    return "an API key" if method == "apikey" else f"a ChatGPT login of {describe_account(summary)}"


def _mismatch(sentence: str, on_account_mismatch: OnAccountMismatch) -> Decision:
    if on_account_mismatch == "fail":
        raise CodexError(f"{sentence}. To replace it, set on_account_mismatch to replace.")
    return Decision(True, f"{sentence}.")
