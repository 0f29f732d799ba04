# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for bringing a home's login to a file of the controller."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import Decision, OnAccountMismatch
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import with_article
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import can_renew, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.decision import decide_fetch, find_login
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff, auth_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer


@dataclass(frozen=True)
class FetchPlan:
    """What to do with the controller's file, and the result of the task.

    login_file: the target's file whose login replaces the copy; None where the copy stays. writes: whether the
    controller's file is written, with that login or, to encrypt it, with its own.
    """

    result: dict[str, t.Any]
    writes: bool = False
    login_file: FileFacts | None = None
    diff: Diff | None = None


def plan_fetch(
    described: HomeAnswer,
    kept: Credential | None,
    on_account_mismatch: OnAccountMismatch,
    dest: str,
    now: datetime,
    *,
    encrypt: bool,
    is_encrypted: bool,
    only_renewable: bool = False,
) -> FetchPlan:
    """The plan for a described home and the copy that ``dest`` holds, None without one.

    encrypt: whether the copy is to be encrypted where it is not. only_renewable: leave out a login that Codex does not
    renew. Raises CodexError for what is refused.
    """
    file = find_login(described)
    before = kept.summary() if kept else None
    if file is None:
        decision = Decision(False, "There is no login to fetch.")
    elif only_renewable and not _is_renewed(file["auth"]):
        what = with_article(method_of(file["auth"]))
        decision = Decision(False, f"{file['path']} holds {what}, which Codex does not renew, so it was not fetched.")
    else:
        decision = decide_fetch(file["auth"], before, on_account_mismatch, file["path"], dest)
    has_copy = decision.replace or before is not None
    is_encrypting = before is not None and encrypt and not is_encrypted and not decision.replace
    writes = decision.replace or is_encrypting
    result: dict[str, t.Any] = {
        "changed": writes,
        "dest": dest,
        "codex_home": described["codex_home"],
        "reason": "The copy on the controller was not encrypted." if is_encrypting else decision.reason,
        "login": {"method": "none"},
    }
    diff = None
    if file:
        after = file["auth"] if decision.replace or before is None else before
        result |= {"path": file["path"], "encrypted": encrypt or is_encrypted, "login": login_report(after, now)}
        diff = auth_diff(dest, before, after) if writes else None
    if has_copy and not (encrypt or is_encrypted):
        result["warnings"] = [
            f"{dest} holds a login in clear text. To encrypt it, set encrypt_vault_id, or run with exactly one vault "
            "password."
        ]
    return FetchPlan(result, writes, file if decision.replace else None, diff)


def _is_renewed(login: AuthSummary) -> bool:
    return method_of(login) == "chatgpt" and can_renew(login)
