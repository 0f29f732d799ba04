# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for one configuration file: the account's config.toml, or that of another layer."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import (
    plan_config_keys,
    report,
    toml_changes,
    toml_document,
    versions,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import IN_REQUIREMENTS
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.misnamed_keys import misnamed_keys
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_layer import (
    check_layer,
    check_opened,
    folder_changes,
    mode_of,
    place_of,
    profile_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_login import login_settings
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_layers import read
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    Change,
    Step,
    codex_version,
    is_file,
    is_removable,
    mode_step,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    FileFacts,
    FileQuery,
    HomeAnswer,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_settings import ListRules, check_disjoint

PREFERRED = ("preferred_auth_method",)
CONFIG_QUERY: FileQuery = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}


@dataclass
class ConfigPlan:
    """The step for one configuration file, and what it comes to.

    declared: the settings that the file shall have, from its top. after: by path, the data of the files that the
    step writes or removes.
    """

    step: Step = field(default_factory=Step)
    declared: toml_document.Table = field(default_factory=dict)
    after: dict[str, toml_document.Table] = field(default_factory=dict)


@dataclass
class Wanted:
    """What a configuration file shall hold: settings and absent keys from its top, and how lists are brought in."""

    settings: toml_document.Table
    absent: list[toml_document.KeyPath]
    lists: ListRules
    warnings: list[str] = field(default_factory=list)


def plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> ConfigPlan:
    """The plan for the declared configuration file beside the auth.json that will be there.

    Empty where none is declared. Raises CodexError for what is refused.
    """
    config = desired.config
    if config is None:
        return ConfigPlan()
    version = _version(desired, found)
    file = found["files"][config.layer.file(version)]
    check_layer(config.layer, version, file["path"])
    table = config.layer.table(version)
    if not config.present and not table:
        return _remove_file(config, file)
    old, data = _read(config, file)
    wanted = _wanted(config, version, auth)
    shared = {key: value for key, value in wanted.settings.items() if config.layer.reads_keys or key in IN_REQUIREMENTS}
    plan_config_keys.check_settings(shared, version, file["path"])
    if config.drop_removed_keys and not table:  # none of them was ever in the table of a profile
        wanted.absent = plan_config_keys.with_dropped(wanted.absent, data, wanted.settings, version)
    changes = find_changes(data, wanted.settings, wanted.absent, file["path"], wanted.lists)
    is_forced = old is None and is_file(file)
    new, after = _edit(old, data, changes, file["path"]) if changes or is_forced else (None, data)
    marks = config.marks.below(table)
    step = _write_step(config, file, new, report.config_diff(file["path"], changes, marks, unreadable=is_forced))
    step.warnings += misnamed_keys(wanted.settings, wanted.absent, marks, changes, data)
    if is_forced:
        step.warnings.append(
            f"{file['path']} could not be read as TOML and is replaced; the old file stays as a backup."
        )
    if config.layer.is_host_wide:
        check_opened(config, found, after)
        step.changes[:0] = folder_changes(found, step)
    # Of a key that is written: once, when it is written.
    if any(change.path == PREFERRED for change in changes) or PREFERRED[0] not in wanted.settings:
        step.warnings += wanted.warnings
    step.warnings += plan_config_keys.ignored_warnings(wanted.settings, changes, version) * config.layer.reads_keys
    step.warnings += profile_warnings(config.layer, version, found)
    removed = plan_config_keys.removed_keys(after, version)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": [toml_document.dotted(keys) for keys in removed] if config.layer.reads_keys else [],
    }
    return ConfigPlan(step, wanted.settings, {file["path"]: after})


def _version(desired: DesiredHome, found: HomeAnswer) -> versions.Version | None:
    version = codex_version(desired, found)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    return version


def _wanted(config: DesiredConfig, version: versions.Version | None, auth: AuthSummary | None) -> Wanted:
    """What the layer's file shall hold, in the table where this version reads the layer."""
    table = config.layer.table(version)
    if not config.present:
        return Wanted({}, [table], {})
    login, warnings = login_settings(config, version, auth)
    if config.layer.is_host_wide:  # no version that reads such a file acts on preferred_auth_method
        login.pop(PREFERRED[0], None)
        warnings = []
    check_disjoint(login, config.absent)
    settings = {**login, **config.settings}
    for key in reversed(table):
        settings = {key: settings} if settings else {}
    absent = [(*table, *path) for path in config.absent]
    return Wanted(settings, absent, {(*table, *path): match for path, match in config.lists.items()}, warnings)


def _edit(
    old: bytes | None, data: toml_document.Table, changes: t.Sequence[toml_changes.Change], path: str
) -> tuple[bytes, toml_document.Table]:
    """The file with the changes, or a new one (``old`` None); and the data that it then holds."""
    from ansible_collections.fleet.codex.plugins.plugin_utils import toml_edit  # a steady run needs no editor

    return toml_edit.write(changes, path) if old is None else toml_edit.edit(old, data, changes, path)


def _read(config: DesiredConfig, file: FileFacts) -> tuple[bytes | None, toml_document.Table]:
    """What the file holds, as bytes and as data; None where a new one is made: none is there, or it is forced."""
    if not is_file(file):
        return None, {}
    try:
        return base64.b64decode(file["content"]), read(file)
    except toml_document.Unreadable as error:
        if config.force and config.present:
            return None, {}
        raise CodexError(
            f"{error} With force and backup a new file takes its place, with the settings alone."
        ) from None


def _write_step(config: DesiredConfig, file: FileFacts, new: bytes | None, diff: report.Diff) -> Step:
    is_foreign = config.layer.is_host_wide and file.get("owner", "root") != "root"
    if new is None and is_foreign and not file["mount_point"]:
        # Written anew, as root's: whoever owns it could change it for every account.
        new = base64.b64decode(file["content"])
        diff = report.file_diff(file["path"], f"owner {file['owner']}\n", "owner root\n")
    place, mode = place_of(config.layer, file), mode_of(config, file)
    if new is not None:
        write = write_operation(*place, new, file, mode, config.backup)
        step = Step([Change(write, diff)])
    else:
        step = Step() if file["kind"] == "absent" else mode_step(*place, file, mode)
    if is_foreign and file["mount_point"]:
        step.warnings.append(
            f"{file['path']} belongs to {file['owner']}, who can change it for every account, and is a mount point of "
            "its own, which keeps its owner. Give it to root where it is mounted from."
        )
    return step


def _remove_file(config: DesiredConfig, file: FileFacts) -> ConfigPlan:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if not is_removable(file) or (file.get("mount_point") and report.is_empty(file)):
        return ConfigPlan(Step(result=result))
    operation = remove_operation(*place_of(config.layer, file), file, config.backup)
    name = file["path"].rpartition("/")[2]
    step = Step([Change(operation, report.file_diff(file["path"], f"(a {name})\n", ""))], result)
    return ConfigPlan(step, after={file["path"]: {}})
