# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layer means for its file: which versions read it, where it is, who may read it, the folder it needs."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles, redaction, report, toml_document, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import HOST_FILES, HOST_FOLDER, READ_BY, Layer
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_layers import read
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import Change, Step, mode_diff, repaired_mode
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import Base, FileFacts, HomeAnswer, Operation
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import Table

HOST_FILE_MODE = 0o644
HOST_FOLDER_MODE = 0o755


def check_layer(layer: Layer, version: versions.Version | None, path: str) -> None:
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


def profile_warnings(layer: Layer, version: versions.Version | None, found: HomeAnswer) -> list[str]:
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
        f"--profile {layer.profile}. Remove it in a task without layer: absent: [[profiles, {layer.profile}]]."
    ]


def place_of(layer: Layer, file: FileFacts) -> tuple[Base, str]:
    """Where an operation finds the layer's file."""
    if layer.is_host_wide:
        return "host", file["path"]
    return "codex_home", file["path"].rpartition("/")[2]


def mode_of(config: DesiredConfig, file: FileFacts) -> int:
    """The mode (permission bits) that the layer's file shall have: what was asked for, else as its readers need it."""
    if not config.layer.is_host_wide:
        return repaired_mode(file, config.mode)
    return config.mode if config.mode is not None else file.get("mode", HOST_FILE_MODE) & HOST_FILE_MODE | 0o444


def check_opened(config: DesiredConfig, found: HomeAnswer, after: Table) -> None:
    """Refuses to open what may hold a secret to every account; ``after``: what the layer's file will hold."""
    folder_is_closed = found["files"]["host_folder"].get("mode", HOST_FOLDER_MODE) & 0o005 != 0o005
    for kind in HOST_FILES:
        file, is_meant = found["files"][kind], kind == config.layer.kind
        is_closed = not file.get("mode", HOST_FILE_MODE) & 0o004
        is_opened = is_closed or folder_is_closed if is_meant else folder_is_closed and not is_closed
        try:
            data = (after if is_meant else read(file)) if is_opened else {}
        except CodexError:
            continue  # Codex does not start with it, and the run says so
        for keys, value in redaction.values((), data):
            if redaction.is_sensitive(keys, value, config.marks):
                raise CodexError(
                    f"{file['path']}: {toml_document.dotted(keys)} may hold a secret, and not every account can read "
                    "it, which this would change. Take it out first, or name it in public_keys if it is none."
                )


def folder_changes(found: HomeAnswer, step: Step) -> list[Change]:
    """The folder of the host's files: made when a file goes into it, opened when accounts cannot enter it."""
    folder = found["files"]["host_folder"]
    if folder["kind"] not in ("absent", "directory"):
        raise CodexError(obstacles.folder_sentence(folder))
    mode = folder.get("mode", 0)
    if (folder["kind"] == "absent" and not step.changes) or mode == mode | HOST_FOLDER_MODE:
        return []
    wanted = mode | HOST_FOLDER_MODE
    operation: Operation = {"operation": "directory", "base": "host", "path": HOST_FOLDER, "mode": wanted}
    if folder["kind"] == "absent":
        return [Change(operation, report.file_diff(HOST_FOLDER, "", f"folder, mode {HOST_FOLDER_MODE:04o}\n"))]
    return [Change(operation, mode_diff(HOST_FOLDER, mode, wanted, "folder, "))]
