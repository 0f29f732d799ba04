# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layer means for its file: which versions read it, where it is, who may read it, the folder it needs."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config import redaction, versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import IN_HOME_ON_WINDOWS, Layer, host_layers
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import read_source
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change, access_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import access as who_may
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import Access
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import Base, FileFacts, HomeAnswer, Operation


def check_layer(layer: Layer, version: versions.Version | None, path: str, is_windows: bool) -> None:
    """Raises CodexError for a layer that this version of Codex does not read, or whose place depends on the version."""
    if layer.kind == "profile" and version is None:
        raise CodexError(
            "layer: Codex before 0.134 reads a profile from config.toml and later ones from a file of its own. "
            "Set codex_version to the version, or to detect."
        )
    if is_windows and layer.kind == IN_HOME_ON_WINDOWS and version is None:
        raise CodexError(
            "layer: on Windows, Codex 0.149 and later do not read managed_config.toml. Set codex_version to the "
            "version, or to detect; for newer versions, use the layer system or requirements."
        )
    readers = (versions.HOST_FILES_READ_ON_WINDOWS if is_windows else versions.HOST_FILES_READ).get(layer.kind)
    if readers and version is not None and not readers.works_in(version):
        raise CodexError(
            f"Codex {versions.number(version)} does not read {path}; {readers.range()} do. Choose another layer, or "
            "update Codex first."
        )


def profile_warnings(layer: Layer, version: versions.Version | None, described: HomeAnswer) -> list[str]:
    """A warning for a table in config.toml because of which Codex 0.134 and later refuse the profile."""
    config = described["files"]["config"]
    if layer.kind != "profile" or layer.table(version) or config["kind"] != "file":
        return []
    source = read_source(config)
    if source.problem:
        return [source.problem]
    profiles = source.data.get("profiles")
    if not isinstance(profiles, dict) or layer.profile not in profiles:
        return []
    return [
        f"{config['path']} still has the table profiles.{layer.profile}, because of which Codex 0.134 and later refuse "
        f"--profile {layer.profile}. Remove it in a task without layer: absent: [[profiles, {layer.profile}]]."
    ]


def place_of(layer: Layer, file: FileFacts) -> tuple[Base, str]:
    """The base and the path by which an operation finds the layer's file."""
    if layer.is_host_wide:
        return "host", file["path"]
    return "codex_home", described_file.name_of(file)


def access_of(config: DesiredConfig, file: FileFacts, is_windows: bool) -> Access:
    """The access that the layer's file is to have: as desired, else as its readers need it."""
    decide = who_may.host_file if config.layer.is_host_wide else who_may.private_file
    return decide(file, config.mode, is_windows)


def check_opened(config: DesiredConfig, described: HomeAnswer, after: Table) -> None:
    """Raises CodexError for a file with what may be a secret that this run would make readable for every user.

    after: the data that the layer's file will hold.
    """
    folder_is_closed = who_may.is_closed(described["files"]["host_folder"], is_folder=True)
    for kind in host_layers(config.layer.is_windows):
        file, is_declared = described["files"][kind], kind == config.layer.kind
        is_closed = who_may.is_closed(file)
        is_opened = is_closed or folder_is_closed if is_declared else folder_is_closed and not is_closed
        if not is_opened:
            continue
        data = after if is_declared else read_source(file).data
        for key in redaction.secret_paths(data, config.redaction):
            raise CodexError(
                f"{file['path']}: {key} may hold a secret, and this would make the file readable for every user. "
                "Remove the key first, or name it in public_keys if it is not a secret."
            )


def folder_changes(described: HomeAnswer, is_needed: bool, is_windows: bool) -> list[Change]:
    """The folder of the host's files: created when a file goes into it, opened when users cannot enter it.

    Raises CodexError where something else is in its place.
    """
    folder = described["files"]["host_folder"]
    if folder["kind"] not in ("absent", "directory"):
        raise CodexError(messages.unusable_folder(folder))
    access = who_may.host_folder(folder, is_windows)
    is_absent = folder["kind"] == "absent"
    if (is_absent and not is_needed) or (not is_absent and who_may.has_access(folder, access)):
        return []
    path, owner = folder["path"], "the owner"
    operation = t.cast(Operation, {"operation": "directory", "base": "host", "path": path, **access})
    if is_absent:
        return [Change(operation, file_diff(path, "", f"folder, {who_may.wanted_words(access, owner)}\n"))]
    return [Change(operation, access_diff(folder, access, owner, "folder, "))]
