# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for config.toml."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import plan_config_keys, report, toml_document
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_login import (
    check_login_survives,
    credentials_store_warnings,
    login_settings,
    workspace_warnings,
)
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
from ansible_collections.fleet.codex.plugins.plugin_utils.versions import Version

CONFIG_QUERY: FileQuery = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}


def plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> Step:
    """The step for config.toml beside the auth.json that will be there. Raises CodexError for what is refused."""
    file = found["files"]["config"]
    config = desired.config
    if config is None:
        return _check_untouched_config(desired, file, auth, codex_version(desired, found))
    if not config.present:
        return _remove_config(config, file)
    old = base64.b64decode(file["content"]) if is_file(file) else b""
    data = toml_document.parse(toml_document.decode(old, file["path"]), file["path"])
    version = codex_version(desired, found)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    settings, warnings = login_settings(config, version, auth)
    toml_document.check_disjoint(settings, config.absent)
    wanted = {**settings, **config.settings}
    plan_config_keys.check_settings(config.settings, version, file["path"])
    absent = plan_config_keys.absent_keys(config, data, wanted, version)
    changes = toml_document.find_changes(data, wanted, absent, file["path"])
    new = toml_document.edit(old, changes, file["path"]) if changes else old
    after = toml_document.parse(toml_document.decode(new, file["path"]), file["path"]) if changes else data
    check_login_survives(after, auth, file["path"])
    mode = repaired_mode(file, config.mode)
    if changes:
        write = write_operation("codex_home", "config.toml", new, file, mode, config.backup)
        step = Step([Change(write, report.config_diff(file["path"], changes, config.marks))])
    else:
        step = Step() if file["kind"] == "absent" else mode_step("codex_home", "config.toml", file, mode)
    if any(change.path == ("preferred_auth_method",) for change in changes) or "preferred_auth_method" not in settings:
        step.warnings += warnings  # of a key that is written: once, when it is written
    step.warnings += plan_config_keys.ignored_warnings(config.settings, changes, version)
    step.warnings += plan_config_keys.start_warnings(after, version, file["path"])
    step.warnings += credentials_store_warnings(desired, after, file)
    step.warnings += workspace_warnings(after, auth, file)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": [toml_document.dotted(keys) for keys in plan_config_keys.removed_keys(after, version)],
    }
    return step


def _check_untouched_config(
    desired: DesiredHome, file: FileFacts, auth: AuthSummary | None, version: Version | None
) -> Step:
    """Looks at a config.toml that is not to be changed, for what would make the deployed login useless."""
    if desired.auth is None or desired.auth.credential is None or file["kind"] != "file":
        return Step()
    try:
        old = toml_document.decode(base64.b64decode(file["content"]), file["path"])
        data = toml_document.parse(old, file["path"])
    except CodexError as error:
        return Step(warnings=[str(error)])
    check_login_survives(data, auth, file["path"])
    warnings = plan_config_keys.start_warnings(data, version, file["path"])
    return Step(
        warnings=warnings + credentials_store_warnings(desired, data, file) + workspace_warnings(data, auth, file)
    )


def _remove_config(config: DesiredConfig, file: FileFacts) -> Step:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if not is_removable(file):
        return Step(result=result)
    operation = remove_operation("codex_home", "config.toml", file, config.backup)
    return Step([Change(operation, report.file_diff(file["path"], "(a config.toml)\n", ""))], result)
