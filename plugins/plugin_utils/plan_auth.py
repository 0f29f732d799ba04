# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for auth.json. Whether it is replaced is decided in auth_decision."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import report, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_decision import decide
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import can_renew, method_of, same_account
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredAuth, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import outranking_variables
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    Change,
    Step,
    codex_version,
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


LOGIN_FIELDS = ("oauth_provenance", "login_owner_id")
"""What Codex 0.166 and later add to the tokens of one login; of no use beside another login's (measured)."""

SETTLING_SECONDS = 5.0
"""How long a Codex that is renewing its login may take; up to 0.163 it then writes over a new one (measured)."""


def plan_auth(home: DesiredHome, found: HomeAnswer, now: datetime) -> Step:
    """The step for auth.json; an empty one where it is not declared. Raises CodexError for what is refused."""
    desired = home.auth
    if desired is None:
        return Step()
    file = found["files"]["auth"]
    if desired.credential is None:
        return _remove_auth(desired, file)
    version = codex_version(home, found)
    _check_version(desired.credential, version)
    # An empty file is what is made for Docker to mount, and what state absent leaves of a mounted one.
    before = file["auth"] if is_file(file) and not report.is_empty(file) else None
    after = desired.credential.summary()
    decision = decide(after, before, desired.update, desired.on_account_mismatch, file["path"])
    mode = repaired_mode(file, desired.mode)
    other_login = False
    if decision.replace:
        content = desired.credential.render()
        write = write_operation("codex_home", "auth.json", content, file, mode, desired.backup)
        write["locks"] = list(LOCKS)
        same_login = before is not None and _is_same_account(before, after)
        other_login = before is not None and not same_login
        if same_login:
            write["keep_unknown_but"] = list(LOGIN_FIELDS)  # all else that Codex or a person added to the file
        if other_login:
            write["settle"] = SETTLING_SECONDS
        step = Step([Change(write, report.auth_diff(file["path"], before, after))])
    else:
        step = mode_step("codex_home", "auth.json", file, mode)
    there = after if decision.replace or before is None else before
    step.result = {
        "path": file["path"],
        "reason": decision.reason,
        "auth": report.auth_report(there, now),
        "restart_required": None if other_login else False,
    }
    if method_of(there) == "chatgpt" and can_renew(there):
        step.warnings = renewal_problems(found, mode=mode, replaced=decision.replace)
    step.warnings += outranking_variables(found, home.environment, version)
    return step


def _check_version(credential: Credential, version: versions.Version | None) -> None:
    key = versions.PERSONAL_ACCESS_TOKEN
    if credential.method == "personal_access_token" and version is not None and not key.works_in(version):
        raise CodexError(
            f"Codex {'.'.join(map(str, version))} cannot read an auth.json with a personal access token; {key.range()} "
            "can. Update Codex first, or log in another way."
        )


def _is_same_account(before: AuthSummary, after: AuthSummary) -> bool:
    return method_of(before) == method_of(after) == "chatgpt" and same_account(before, after)


def _remove_auth(desired: DesiredAuth, file: FileFacts) -> Step:
    result = {
        "path": file["path"],
        "reason": "There was no auth.json.",
        "auth": {"mode": "none"},
        "restart_required": False,
    }
    emptied = file.get("mount_point") and report.is_empty(file)
    if not is_removable(file) or emptied:
        return Step(result=result)
    operation = remove_operation("codex_home", "auth.json", file, desired.backup)
    operation["locks"] = list(LOCKS)
    operation["settle"] = 0  # a login that is removed stays removed (measured): who still uses it is all that is asked
    what = "link was removed here, and the file it led to stays" if "link" in file else "file was removed here"
    if file.get("mount_point"):
        what = "file is a mount point of its own and was emptied here"
    result["reason"] = f"The {what}; the login itself was not revoked."
    result["restart_required"] = None
    return Step([Change(operation, report.auth_diff(file["path"], file.get("auth"), None))], result)


def auth_after(desired: DesiredAuth | None, step: Step, file: FileFacts) -> AuthSummary | None:
    """The auth.json that will be there once the plan is done."""
    if desired is not None and any(change.operation["operation"] == "remove" for change in step.changes):
        return None
    if desired is not None and desired.credential and any(c.operation["operation"] == "write" for c in step.changes):
        return desired.credential.summary()
    return file.get("auth")
