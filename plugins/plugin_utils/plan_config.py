# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for one configuration file: the account's config.toml, or that of another layer."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import (
    obstacles,
    plan_config_keys,
    report,
    toml_changes,
    toml_document,
    versions,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import HOST_FOLDER, READ_BY, Layer
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_login import login_settings
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_layers import read
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    Change,
    Step,
    codex_version,
    is_file,
    is_removable,
    mode_diff,
    mode_step,
    remove_operation,
    repaired_mode,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    Base,
    FileFacts,
    FileQuery,
    HomeAnswer,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.redaction import Marks
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_settings import check_disjoint

CONFIG_QUERY: FileQuery = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}
HOST_FILE_MODE = 0o644
HOST_FOLDER_MODE = 0o755


@dataclass
class ConfigPlan:
    """The step for one configuration file, and what it comes to.

    declared: the settings that the file shall have, from its top. after: by path, the data of the files that the
    step writes or removes.
    """

    step: Step = field(default_factory=Step)
    declared: toml_document.Table = field(default_factory=dict)
    after: dict[str, toml_document.Table] = field(default_factory=dict)


def plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> ConfigPlan:
    """The plan for the declared configuration file beside the auth.json that will be there.

    Empty where none is declared. Raises CodexError for what is refused.
    """
    config = desired.config
    if config is None:
        return ConfigPlan()
    version = codex_version(desired, found)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    file = found["files"][config.layer.file(version)]
    _check_layer(config.layer, version, file["path"])
    table = config.layer.table(version)
    if not config.present and not table:
        return _remove_file(config, file)
    old, data = _read(config, file)
    if config.present:
        settings, warnings = login_settings(config, version, auth)
        if config.layer.is_host_wide:  # no version that reads such a file acts on preferred_auth_method
            settings.pop("preferred_auth_method", None)
            warnings = []
        check_disjoint(settings, config.absent)
        declared, absent = {**settings, **config.settings}, list(config.absent)
    else:
        settings, warnings, declared, absent = {}, [], {}, [()]
    for key in reversed(table):
        declared = {key: declared} if declared else {}
    absent = [(*table, *path) for path in absent]
    if config.layer.reads_keys:
        plan_config_keys.check_settings(declared, version, file["path"])
    if config.drop_removed_keys and not table:  # none of them was ever in the table of a profile
        absent = plan_config_keys.with_dropped(absent, data, declared, version)
    rules = {(*table, *path): match for path, match in config.lists.items()}
    changes = find_changes(data, declared, absent, file["path"], rules)
    is_forced = old is None and is_file(file)
    new, after = None, data
    if changes or is_forced:
        from ansible_collections.fleet.codex.plugins.plugin_utils import toml_edit  # a steady run needs no editor

        new, after = (
            toml_edit.write(changes, file["path"]) if old is None else toml_edit.edit(old, changes, file["path"])
        )
    step = _write_step(config, file, changes, new, config.marks.below(table))
    if is_forced:
        step.warnings.append(
            f"{file['path']} could not be read as TOML and is replaced; the old file stays as a backup."
        )
    if config.layer.is_host_wide:
        step.changes[:0] = _folder_changes(found, step)
    if any(change.path == ("preferred_auth_method",) for change in changes) or "preferred_auth_method" not in settings:
        step.warnings += warnings  # of a key that is written: once, when it is written
    step.warnings += plan_config_keys.ignored_warnings(declared, changes, version) * config.layer.reads_keys
    step.warnings += _profile_warnings(config.layer, version, found)
    removed = plan_config_keys.removed_keys(after, version)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": [toml_document.dotted(keys) for keys in removed] if config.layer.reads_keys else [],
    }
    return ConfigPlan(step, declared, {file["path"]: after})


def _check_layer(layer: Layer, version: versions.Version | None, path: str) -> None:
    """Refuses a layer that this version of Codex does not read, or whose place nobody can tell."""
    if layer.kind == "profile" and version is None:
        raise CodexError(
            "layer: Codex before 0.134 reads a profile from config.toml and later ones from a file of its own. "
            "Give codex_version, or detect."
        )
    key = READ_BY.get(layer.kind)
    if key and version is not None and not key.works_in(version):
        raise CodexError(
            f"Codex {'.'.join(map(str, version))} does not read {path}; {key.range()} do. Choose another layer, or "
            "update Codex first."
        )


def _profile_warnings(layer: Layer, version: versions.Version | None, found: HomeAnswer) -> list[str]:
    """What to say of a table in config.toml with which Codex 0.134 and later refuse the profile."""
    config = found["files"]["config"]
    if layer.kind != "profile" or layer.table(version) or config["kind"] != "file":
        return []
    try:
        data = read(config)
    except CodexError as error:
        return [str(error)]
    profiles = data.get("profiles")
    if not isinstance(profiles, dict) or layer.profile not in profiles:
        return []
    return [
        f"{config['path']} still has the table profiles.{layer.profile}, and with it Codex 0.134 and later refuse "
        f"--profile {layer.profile}. Remove it: absent: [[profiles, {layer.profile}]]."
    ]


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


def _place(layer: Layer, file: FileFacts) -> tuple[Base, str]:
    """Where an operation finds the layer's file."""
    if layer.is_host_wide:
        return "host", file["path"]
    return "codex_home", file["path"].rpartition("/")[2]


def _mode(config: DesiredConfig, file: FileFacts) -> int:
    if not config.layer.is_host_wide:
        return repaired_mode(file, config.mode)
    return config.mode if config.mode is not None else file.get("mode", HOST_FILE_MODE) & HOST_FILE_MODE | 0o444


def _write_step(
    config: DesiredConfig, file: FileFacts, changes: t.Sequence[toml_changes.Change], new: bytes | None, marks: Marks
) -> Step:
    place, mode = _place(config.layer, file), _mode(config, file)
    if new is not None:
        write = write_operation(*place, new, file, mode, config.backup)
        return Step([Change(write, report.config_diff(file["path"], changes, marks))])
    return Step() if file["kind"] == "absent" else mode_step(*place, file, mode)


def _folder_changes(found: HomeAnswer, step: Step) -> list[Change]:
    """The folder of the host's files: made when a file goes into it, opened when accounts cannot enter it."""
    folder = found["files"]["host_folder"]
    if folder["kind"] not in ("absent", "directory"):
        raise CodexError(obstacles.file_sentence(folder))
    mode = folder.get("mode", 0)
    if (folder["kind"] == "absent" and not step.changes) or mode == mode | HOST_FOLDER_MODE:
        return []
    operation = t.cast(
        t.Any, {"operation": "directory", "base": "host", "path": HOST_FOLDER, "mode": mode | HOST_FOLDER_MODE}
    )
    if folder["kind"] == "absent":
        return [Change(operation, report.file_diff(HOST_FOLDER, "", f"folder, mode {HOST_FOLDER_MODE:04o}\n"))]
    return [Change(operation, mode_diff(HOST_FOLDER, mode, mode | HOST_FOLDER_MODE, "folder, "))]


def _remove_file(config: DesiredConfig, file: FileFacts) -> ConfigPlan:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if not is_removable(file):
        return ConfigPlan(Step(result=result))
    operation = remove_operation(*_place(config.layer, file), file, config.backup)
    name = file["path"].rpartition("/")[2]
    step = Step([Change(operation, report.file_diff(file["path"], f"(a {name})\n", ""))], result)
    return ConfigPlan(step, after={file["path"]: {}})
