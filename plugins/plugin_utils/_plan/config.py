# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step for one configuration file: the user's config.toml, or that of another layer."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file
from ansible_collections.fleet.codex.plugins.plugin_utils._config import keys, redaction, versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import IN_REQUIREMENTS
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import read_data
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import PREFERRED
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.layer import (
    access_of,
    check_layer,
    check_opened,
    folder_changes,
    place_of,
    profile_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.login_keys import login_settings, method_keys
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import (
    Change,
    Step,
    access_changes,
    codex_version,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import exposure_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff, config_diff, file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange, find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table, Unreadable, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import ListRules, check_disjoint
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer


@dataclass
class ConfigStep(Step):
    """The step for one configuration file.

    declared: the settings that the file is to have, from its top. after: by path, the data that the file will hold.
    """

    declared: Table = field(default_factory=dict)
    after: dict[str, Table] = field(default_factory=dict)


@dataclass
class FileSettings:
    """What a configuration file is to hold: keys to set and to remove, from its top, and how lists are merged.

    problems: what cannot be done, as sentences, which are warnings as well.
    """

    settings: Table
    absent: list[KeyPath]
    lists: ListRules
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def plan_config(desired: DesiredHome, described: HomeAnswer, auth: AuthSummary | None) -> ConfigStep:
    """The step for the declared configuration file; without changes where none is declared.

    auth: the auth.json that will be there. Raises CodexError for what is refused.
    """
    config = desired.config
    if config is None:
        return ConfigStep()
    version = _version(desired, described)
    file = described["files"][config.layer.file(version)]
    check_layer(config.layer, version, file["path"], desired.is_windows)
    table = config.layer.table(version)
    if not config.is_present and not table:
        return _remove_file(config, file)
    old, data = _read(config, file)
    file_settings = _file_settings(config, data, version, auth)
    shared = {
        key: value for key, value in file_settings.settings.items() if config.layer.reads_keys or key in IN_REQUIREMENTS
    }
    keys.check_settings(shared, version, file["path"])
    if config.drop_removed_keys and not table:  # none of them was ever in the table of a profile
        file_settings.absent = keys.with_dropped(file_settings.absent, data, file_settings.settings, version)
    changes = find_changes(data, file_settings.settings, file_settings.absent, file["path"], file_settings.lists)
    is_forced = old is None and described_file.exists(file)
    new, after = _edit(old, data, changes, file["path"]) if changes or is_forced else (None, data)
    rules = config.redaction.below(table)
    diff = config_diff(file["path"], changes, rules, unreadable=is_forced)
    step = _write_step(desired, described["user_info"]["name"], file, new, diff)
    step.warnings += redaction.unused_secret_keys(rules, data, file_settings.settings)
    if is_forced:
        step.warnings.append(
            f"{file['path']} could not be read as TOML and is replaced. The old file is kept as a backup."
        )
    if config.layer.is_host_wide:
        check_opened(config, described, after)
        step.changes[:0] = folder_changes(described, bool(step.changes), desired.is_windows)
    # About a key that is written: once, when it is written.
    if PREFERRED not in file_settings.settings or any(change.path == (PREFERRED,) for change in changes):
        step.warnings += file_settings.warnings
    if config.layer.reads_keys:
        step.warnings += keys.ignored_warnings(file_settings.settings, changes, version)
    step.warnings += profile_warnings(config.layer, version, described)
    removed = keys.removed_keys(after, version) if config.layer.reads_keys else []
    step.result = _result(file, changes, removed)
    if file_settings.problems:
        step.warnings += file_settings.problems
        step.result["problems"] = file_settings.problems
    step.declared, step.after = file_settings.settings, {file["path"]: after}
    return step


def _result(file: FileFacts, changes: t.Sequence[KeyChange], removed: t.Sequence[KeyPath]) -> dict[str, t.Any]:
    return {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": [dotted(path) for path in removed],
    }


def _version(desired: DesiredHome, described: HomeAnswer) -> versions.Version | None:
    version = codex_version(desired, described)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the user {described['user_info']['name']} has no codex that runs. "
            "Install it first, or set codex_version to the version."
        )
    return version


def _file_settings(
    config: DesiredConfig, data: Table, version: versions.Version | None, auth: AuthSummary | None
) -> FileSettings:
    """What the layer's file, which holds this data, is to hold, in the table where this version reads the layer."""
    table = config.layer.table(version)
    if not config.is_present:
        return FileSettings({}, [table], {})
    login, warnings = login_settings(config, version, auth)
    if config.layer.is_host_wide:  # no version that reads such a file acts on preferred_auth_method
        login.pop(PREFERRED, None)
        warnings = []
    check_disjoint(login, config.absent)
    method = method_keys(config, data, version, auth)
    settings = {**method.settings, **login, **config.settings}
    for key in reversed(table):
        settings = {key: settings} if settings else {}
    absent = [(*table, *path) for path in (*config.absent, *method.absent)]
    lists = {(*table, *path): match for path, match in config.lists.items()}
    return FileSettings(settings, absent, lists, warnings, method.problems)


def _edit(old: bytes | None, data: Table, changes: t.Sequence[KeyChange], path: str) -> tuple[bytes, Table]:
    """The file with the changes, or a new one (``old`` None); and the data that it then holds."""
    from ansible_collections.fleet.codex.plugins.plugin_utils._toml import edit  # a run without changes needs no editor

    return edit.write(changes, path) if old is None else edit.edit(old, data, changes, path)


def _read(config: DesiredConfig, file: FileFacts) -> tuple[bytes | None, Table]:
    """What the file holds, as bytes and as data; None where a new one is made: none is there, or it is forced."""
    if not described_file.exists(file):
        return None, {}
    try:
        return described_file.content_of(file), read_data(file)
    except Unreadable as error:
        if config.force and config.is_present:
            return None, {}
        raise CodexError(
            f"{error} To replace it by a new file with the settings alone, set force and backup to true."
        ) from None


def _write_step(desired: DesiredHome, user: str, file: FileFacts, new: bytes | None, diff: Diff) -> ConfigStep:
    config = t.cast(DesiredConfig, desired.config)
    is_foreign = config.layer.is_host_wide and "mode" in file and file.get("owner", "root") != "root"
    if new is None and is_foreign and not file["mount_point"]:
        # Written again, as root's: its owner could change it for every user.
        new = described_file.content_of(file)
        diff = file_diff(file["path"], f"owner {file['owner']}\n", "owner root\n")
    place, access = place_of(config.layer, file), access_of(config, file, desired.is_windows)
    step = ConfigStep()
    if new is not None:
        step.changes.append(Change(write_operation(*place, new, file, access, config.backup), diff))
    elif file["kind"] != "absent":
        step.changes += access_changes(*place, file, access, user)
    if step.changes and not config.layer.is_host_wide:
        step.warnings += exposure_warnings(file)
    if is_foreign and file["mount_point"]:
        step.warnings.append(
            f"{file['path']} belongs to {file['owner']}, who can change it for every user, and is a mount point of "
            "its own, which keeps its owner. Make root the owner where it is mounted from."
        )
    return step


def _remove_file(config: DesiredConfig, file: FileFacts) -> ConfigStep:
    if not described_file.is_removable(file) or described_file.is_emptied_mount(file):
        return ConfigStep(result=_result(file, [], []))
    operation = remove_operation(*place_of(config.layer, file), file, config.backup)
    change = Change(operation, file_diff(file["path"], f"(a {described_file.name_of(file)})\n", ""))
    return ConfigStep([change], _result(file, [], []), after={file["path"]: {}})
