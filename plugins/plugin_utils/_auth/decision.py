# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the auth.json of a target is replaced."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import (
    EXTERNAL_TOKENS,
    NAMES,
    FoundMethod,
    with_article,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import (
    can_renew,
    describe_account,
    freshness,
    method_of,
    same_account,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

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
    """THE decision of this collection: whether the source's login replaces the target's.

    target: None without a login there; path: of the target's auth.json, for messages. Raises CodexError where the
    playbook has to say what it wants.
    """
    if target is None:
        return Decision(True, "There was no auth.json with a login.")
    desired, there = method_of(source), method_of(target)
    if there == desired and source["secrets"].items() <= target["secrets"].items():
        if there == "chatgpt" and parse_time(target["last_refresh"]) is None:
            return Decision(True, "The login was there without last_refresh, and Codex does not use such a login.")
        if source["auth_mode"] == EXTERNAL_TOKENS != target["auth_mode"] and update != "on_create":
            return Decision(True, "The same tokens were there, as a login that Codex would try to renew.")
        return Decision(False, "The home has this login already.")
    if update == "on_create":
        return Decision(False, "There is an auth.json already, and update is on_create.")
    if update == "always":
        return Decision(True, "The login differs, and update is always.")
    if there == "unreadable":
        raise CodexError(
            f"{path} is not an auth.json that Codex can read. It may be damaged or half written, so it was left alone. "
            "Look at it first; to replace it, set update to always."
        )
    if there == "none":
        return Decision(True, "The auth.json that was there held no login.")
    if there == "mixed":
        if desired == "chatgpt" and same_account(source, target) and freshness(target) >= freshness(source):
            raise CodexError(
                f"{path} mixes two logins, and its tokens are of the same account and not older. Save them first if "
                "you need them; to replace the file, set update to always."
            )
        return Decision(True, "The auth.json that was there mixed two logins, as some versions of Codex leave it.")
    if there == "other":
        raise CodexError(
            f"{path} holds a kind of login that this collection does not deploy. To replace it, set update to always."
        )
    if there != desired:
        sentence = f"{path} holds {_name(target, there)}, and the playbook has {_name(source, desired)}"
        return _mismatch(sentence, on_account_mismatch)
    if there != "chatgpt":
        return Decision(True, f"The {NAMES[there]} differs.")
    if not same_account(source, target):
        before, after = describe_account(target), describe_account(source)
        sentence = f"{path} is logged in to {before}, and the playbook has a login of {after}"
        return _mismatch(sentence, on_account_mismatch)
    if can_renew(target) and not can_renew(source):
        return Decision(
            False,
            "The target's login of this account can be renewed, and the playbook's copy cannot, so the target's stays.",
        )
    if freshness(target) >= freshness(source):
        return Decision(False, "The target's tokens of this account are newer or of the same age, so they stay.")
    return Decision(True, "The playbook's tokens are newer than the target's.")


def _name(summary: AuthSummary, method: FoundMethod) -> str:
    return f"a ChatGPT login of {describe_account(summary)}" if method == "chatgpt" else with_article(method)


def _mismatch(sentence: str, on_account_mismatch: OnAccountMismatch) -> Decision:
    if on_account_mismatch == "fail":
        raise CodexError(f"{sentence}. To replace it, set on_account_mismatch to replace.")
    return Decision(True, f"{sentence}.")
