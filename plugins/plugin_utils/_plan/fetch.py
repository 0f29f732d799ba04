# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for bringing a home's login to a file of the controller."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import OnAccountMismatch
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.fetch import decide_fetch, find_login
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff, auth_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer


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
) -> FetchPlan:
    """The plan for a described home and the copy that ``dest`` holds, None without one.

    encrypt: whether the copy is to be encrypted where it is not. Raises CodexError for what is refused.
    """
    result: dict[str, t.Any] = {"changed": False, "dest": dest, "codex_home": described["codex_home"]}
    file = find_login(described)
    if file is None:
        return FetchPlan(result | {"reason": "There is no login to fetch.", "login": {"method": "none"}})
    before = kept.summary() if kept else None
    decision = decide_fetch(file["auth"], before, on_account_mismatch, file["path"], dest)
    reason, is_encrypting = decision.reason, encrypt and not is_encrypted and not decision.replace
    if is_encrypting:
        reason = "The copy on the controller was not encrypted."
    writes = decision.replace or is_encrypting
    after = file["auth"] if decision.replace or before is None else before
    result |= {
        "changed": writes,
        "reason": reason,
        "path": file["path"],
        "encrypted": encrypt or is_encrypted,
        "login": login_report(after, now),
    }
    diff = auth_diff(dest, before, after) if writes else None
    return FetchPlan(result, writes, file if decision.replace else None, diff)
