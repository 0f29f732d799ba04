# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step for auth.json. _auth/decision.py decides whether it is replaced."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import decide
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import (
    LOCKS,
    lock_warnings,
    locks_to_give,
    renewal_problems,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import can_renew, method_of, same_account
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import outranking_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import (
    Change,
    Step,
    access_changes,
    codex_version,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import (
    Access,
    exposure_warnings,
    private_file,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import auth_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredAuth, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer

LOGIN_FIELDS = ("oauth_provenance", "login_owner_id")
"""What Codex 0.166 and later add to the tokens of one login; of no use to another login (measured)."""

WATCH_SECONDS = 5.0
"""How long Codex may take to renew a login; up to 0.163 it overwrites one that was replaced meanwhile (measured)."""


@dataclass
class AuthStep(Step):
    """The step for auth.json; ``auth_after``: what the file will say once the plan is done, None without one."""

    auth_after: AuthSummary | None = None


def plan_auth(home: DesiredHome, described: HomeAnswer, now: datetime) -> AuthStep:
    """The step for auth.json; without changes where it is not declared. Raises CodexError for what is refused."""
    file, desired = described["files"]["auth"], home.auth
    if desired is None:
        return AuthStep(auth_after=file.get("auth"))
    if desired.credential is None:
        return _remove_auth(desired, described)
    version = codex_version(home, described)
    _check_version(desired.credential, version)
    # An empty file is made for Docker to mount, or left by state: absent of a mounted one.
    before = file["auth"] if described_file.exists(file) and not described_file.is_empty(file) else None
    source = desired.credential.summary()
    decision = decide(source, before, desired.update, desired.on_account_mismatch, file["path"])
    access = private_file(file, desired.mode, home.is_windows)
    after = source if decision.replace or before is None else before
    if decision.replace and method_of(after) == "chatgpt" and can_renew(after):
        _check_mount(desired, file, version)
    is_other_login = decision.replace and before is not None and not _is_same_account(before, source)
    if decision.replace:
        changes = [_write_change(desired, desired.credential, file, access, before, source)]
    else:
        changes = access_changes("codex_home", "auth.json", file, access, described["user_info"]["name"])
    warnings = exposure_warnings(file) if changes else []
    warnings += outranking_warnings(described, home.environment, version)
    if decision.replace and "chatgpt" in map(method_of, filter(None, (before, after))):
        warnings += lock_warnings(described)
    if method_of(after) == "chatgpt" and can_renew(after):
        given = locks_to_give(described)
        is_replaced = decision.replace or (home.is_windows and bool(changes))  # where repairing it gives it all rights
        problems = renewal_problems(described, mode=access.get("mode"), replaced=is_replaced, given=given)
        warnings = problems + warnings
    result = {
        "path": file["path"],
        "reason": decision.reason,
        "login": login_report(after, now),
        "restart_required": None if is_other_login else False,
    }
    return AuthStep(changes, result, warnings, after)


def _write_change(
    desired: DesiredAuth,
    credential: Credential,
    file: FileFacts,
    access: Access,
    before: AuthSummary | None,
    after: AuthSummary,
) -> Change:
    write = write_operation("codex_home", "auth.json", credential.render(), file, access, desired.backup)
    write["locks"] = list(LOCKS)
    if before is not None and _is_same_account(before, after):
        write["preserve_unknown_except"] = list(LOGIN_FIELDS)  # all else that Codex or a person added to the file
    elif before is not None:
        write["watch_seconds"] = WATCH_SECONDS
    return Change(write, auth_diff(file["path"], before, after))


def _check_version(credential: Credential, version: versions.Version | None) -> None:
    readers = versions.PERSONAL_ACCESS_TOKEN
    if credential.method == "personal_access_token" and version is not None and not readers.works_in(version):
        raise CodexError(
            f"Codex {versions.number(version)} cannot read an auth.json with a personal access token; "
            f"{readers.range()} can. Update Codex first, or log in another way."
        )


def _check_mount(desired: DesiredAuth, file: FileFacts, version: versions.Version | None) -> None:
    is_saved = version is not None and not versions.SAVED_BY_RENAMING.works_in(version)
    if file.get("mount_point") and not desired.allow_mounted_file and not is_saved:
        raise CodexError(
            f"{file['path']} is a mount point of its own, and Codex 0.167.2 and later cannot save a renewed ChatGPT "
            "login there: it loses the login. Mount the folder instead of the file, or set allow_mounted_file to true."
        )


def _is_same_account(before: AuthSummary, after: AuthSummary) -> bool:
    return method_of(before) == method_of(after) == "chatgpt" and same_account(before, after)


def _remove_auth(desired: DesiredAuth, described: HomeAnswer) -> AuthStep:
    file = described["files"]["auth"]
    result: dict[str, t.Any] = {
        "path": file["path"],
        "reason": "There was no auth.json.",
        "login": {"method": "none"},
        "restart_required": False,
    }
    if not described_file.is_removable(file) or described_file.is_emptied_mount(file):
        return AuthStep(result=result, auth_after=file.get("auth"))
    operation = remove_operation("codex_home", "auth.json", file, desired.backup)
    operation["locks"] = list(LOCKS)
    operation["watch_seconds"] = 0  # Codex does not bring a removed login back (measured): only who runs is asked
    if file.get("mount_point"):
        what = "file is a mount point of its own and was emptied here"
    elif "link" in file:
        what = "link was removed here, and the file it led to stays"
    else:
        what = "file was removed here"
    result["reason"] = f"The {what}; the login itself was not revoked."
    result["restart_required"] = None
    has_tokens = "auth" in file and method_of(file["auth"]) == "chatgpt"
    warnings = lock_warnings(described) if has_tokens else []
    return AuthStep([Change(operation, auth_diff(file["path"], file.get("auth"), None))], result, warnings)
