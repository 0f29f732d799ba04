# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for auth.json. Whether it is replaced is decided in auth_decision."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import report
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_decision import decide
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import method_of, same_account
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredAuth
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    Change,
    Step,
    is_file,
    is_removable,
    mode_step,
    remove_operation,
    repaired_mode,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    FileFacts,
    FileQuery,
    HomeAnswer,
)

AUTH_QUERY: FileQuery = {"name": "auth", "base": "codex_home", "path": "auth.json", "report": "auth"}

LOCKS = ("auth.lock", "auth.json.lock")
"""What Codex itself locks around a write, in its order: the first from 0.166 on, both from 0.169 on (measured)."""


def plan_auth(desired: DesiredAuth | None, found: HomeAnswer, now: datetime) -> Step:
    """The step for auth.json; an empty one where it is not declared. Raises CodexError for what is refused."""
    if desired is None:
        return Step()
    file = found["files"]["auth"]
    if desired.credential is None:
        return _remove_auth(desired, file)
    present = is_file(file)
    before = file["auth"] if present else None
    after = desired.credential.summary()
    decision = decide(after, before, desired.update, desired.on_account_mismatch, file["path"])
    mode = repaired_mode(file, desired.mode)
    if decision.replace:
        content = desired.credential.render()
        write = write_operation("codex_home", "auth.json", content, file, mode, desired.backup)
        write["locks"] = list(LOCKS)
        if before is not None and method_of(before) == after["auth_mode"] == "chatgpt" and same_account(before, after):
            write["keep_unknown"] = True  # what Codex or a person added to this account's file
        step = Step([Change(write, report.auth_diff(file["path"], before, after))])
    else:
        step = mode_step("codex_home", "auth.json", file, mode)
    there = after if decision.replace or before is None else before
    step.result = {"path": file["path"], "reason": decision.reason, "auth": report.auth_report(there, now)}
    if method_of(there) == "chatgpt":
        step.warnings = renewal_problems(found, mode=mode, replaced=decision.replace)
    return step


def _remove_auth(desired: DesiredAuth, file: FileFacts) -> Step:
    result = {"path": file["path"], "reason": "There was no auth.json.", "auth": {"mode": "none"}}
    if not is_removable(file):
        return Step(result=result)
    operation = remove_operation("codex_home", "auth.json", file, desired.backup)
    operation["locks"] = list(LOCKS)
    what = "link was removed here, and the file it led to stays" if "link" in file else "file was removed here"
    result["reason"] = f"The {what}; the login itself was not revoked."
    return Step([Change(operation, report.auth_diff(file["path"], file.get("auth"), None))], result)


def auth_after(desired: DesiredAuth | None, step: Step, file: FileFacts) -> AuthSummary | None:
    """The auth.json that will be there once the plan is done."""
    if desired is not None and any(change.operation["operation"] == "remove" for change in step.changes):
        return None
    if desired is not None and desired.credential and any(c.operation["operation"] == "write" for c in step.changes):
        return desired.credential.summary()
    return file.get("auth")
