# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for config.toml."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import report, toml_document, versions
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
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_settings import check_disjoint

CONFIG_QUERY: FileQuery = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}


def plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> Step:
    """The step for config.toml beside the auth.json that will be there. Raises CodexError for what is refused."""
    file = found["files"]["config"]
    config = desired.config
    if config is None:
        return _check_untouched_config(desired, file, auth)
    if not config.present:
        return _remove_config(config, file)
    old, data = _read(config, file)
    is_forced = old is None and is_file(file)
    version = codex_version(desired, found)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    settings, login_warnings = login_settings(config, version, auth)
    check_disjoint(settings, config.absent)
    changes = find_changes(data, {**settings, **config.settings}, config.absent, file["path"], config.lists)
    new = old or b""
    after = data
    if changes or is_forced:
        from ansible_collections.fleet.codex.plugins.plugin_utils import toml_edit  # the editor: not in a steady run

        if old is None:
            new, after = toml_edit.write(changes, file["path"])
        else:
            new, after = toml_edit.edit(old, changes, file["path"])
    check_login_survives(after, auth, file["path"])
    mode = repaired_mode(file, config.mode)
    if changes or is_forced:
        write = write_operation("codex_home", "config.toml", new, file, mode, config.backup)
        step = Step([Change(write, report.config_diff(file["path"], changes))])
        step.warnings += [f"{file['path']} is no valid TOML and is replaced; a copy stays beside it."] * is_forced
    else:
        step = Step() if file["kind"] == "absent" else mode_step("codex_home", "config.toml", file, mode)
    if any(change.path == ("preferred_auth_method",) for change in changes) or "preferred_auth_method" not in settings:
        step.warnings += login_warnings  # of a key that is written: once, when it is written
    step.warnings += credentials_store_warnings(desired, after, file)
    step.warnings += workspace_warnings(after, auth, file)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": removed_keys(after, version),
    }
    return step


def _read(config: DesiredConfig, file: FileFacts) -> tuple[bytes | None, toml_document.Table]:
    """What the file holds, as bytes and as data; None where a new one is made, because none is there or it is forced."""
    if not is_file(file):
        return None, {}
    old = base64.b64decode(file["content"])
    try:
        return old, toml_document.parse(toml_document.decode(old, file["path"]), file["path"])
    except toml_document.Unreadable as error:
        if config.force:
            return None, {}
        raise CodexError(f"{error} With force and backup a new file takes its place, with the settings alone.") from None


def removed_keys(data: toml_document.Table, version: versions.Version | None) -> list[str]:
    """The keys of the file that this version of Codex does not act on."""
    if version is None:
        return []
    return [name for name, key in versions.KEYS.items() if name in data and not key.works_in(version)]


def _check_untouched_config(desired: DesiredHome, file: FileFacts, auth: AuthSummary | None) -> Step:
    """Looks at a config.toml that is not to be changed, for what would make the deployed login useless."""
    if desired.auth is None or desired.auth.credential is None or file["kind"] != "file":
        return Step()
    try:
        old = toml_document.decode(base64.b64decode(file["content"]), file["path"])
        data = toml_document.parse(old, file["path"])
    except CodexError as error:
        return Step(warnings=[str(error)])
    check_login_survives(data, auth, file["path"])
    return Step(warnings=credentials_store_warnings(desired, data, file) + workspace_warnings(data, auth, file))


def _remove_config(config: DesiredConfig, file: FileFacts) -> Step:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if not is_removable(file):
        return Step(result=result)
    operation = remove_operation("codex_home", "config.toml", file, config.backup)
    return Step([Change(operation, report.file_diff(file["path"], "(a config.toml)\n", ""))], result)
