# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of Codex's configuration, and the file of each."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import PROFILE_TABLES, Version
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery

Kind = t.Literal["user", "profile", "system", "managed", "requirements"]

HOST_FOLDER = "/etc/codex"
HOST_FILES: t.Final = {
    "system": f"{HOST_FOLDER}/config.toml",
    "managed": f"{HOST_FOLDER}/managed_config.toml",
    "requirements": f"{HOST_FOLDER}/requirements.toml",
}
"""The configuration files of the whole host, by layer."""

NOT_IN_REQUIREMENTS: t.Final = ("model", "forced_login_method", "forced_chatgpt_workspace_id", "preferred_auth_method")
"""Keys of config.toml that Codex ignores in requirements.toml (measured for the first two)."""

IN_REQUIREMENTS: t.Final = ("cli_auth_credentials_store",)
"""Keys of config.toml that requirements.toml has, too, with the same values."""

WINDOWS_HOST_FOLDER = "%ProgramData%\\OpenAI\\Codex"
"""The folder of the whole host's files on Windows; the target knows where %ProgramData% is."""

IN_HOME_ON_WINDOWS: t.Final = "managed"
"""The layer whose file is in the Codex home on Windows (measured)."""


def host_layers(is_windows: bool) -> list[str]:
    """The layers whose file is one for the whole host."""
    return [kind for kind in HOST_FILES if not (is_windows and kind == IN_HOME_ON_WINDOWS)]


def host_path(kind: str, is_windows: bool) -> str:
    """The path of a layer's file for the whole host, as operations and queries name it."""
    return f"{WINDOWS_HOST_FOLDER}\\{paths.name(HOST_FILES[kind])}" if is_windows else HOST_FILES[kind]


def layer_queries(is_windows: bool) -> list[FileQuery]:
    """What describe looks at for the layers beside the user's own file, in any case."""
    queries: list[FileQuery] = []
    for kind, path in HOST_FILES.items():
        if kind in host_layers(is_windows):
            query: FileQuery = {"name": kind, "base": "host", "path": host_path(kind, is_windows)}
        else:
            query = {"name": kind, "base": "codex_home", "path": paths.name(path)}
        queries.append({**query, "details": "content"})
    return queries


def host_folder_query(is_windows: bool) -> FileQuery:
    """The folder of the whole host's files."""
    folder = WINDOWS_HOST_FOLDER if is_windows else HOST_FOLDER
    return {"name": "host_folder", "base": "host", "path": folder, "details": None}


@dataclass(frozen=True)
class Layer:
    """One layer of Codex's configuration on a POSIX or a Windows host.

    profile: the profile's name in layer ``profile``, else empty.
    """

    kind: Kind = "user"
    profile: str = ""
    is_windows: bool = False

    @property
    def is_host_wide(self) -> bool:
        """Whether the layer is a file of the whole host."""
        return self.kind in host_layers(self.is_windows)

    @property
    def reads_keys(self) -> bool:
        """Whether the layer has the keys of config.toml; those of requirements.toml are others."""
        return self.kind != "requirements"

    def table(self, version: Version | None) -> tuple[str, ...]:
        """The table of config.toml that holds the layer for this version; () where the layer is a file."""
        inside = self.kind == "profile" and version is not None and PROFILE_TABLES.works_in(version)
        return ("profiles", self.profile) if inside else ()

    def query(self) -> FileQuery | None:
        """The file to describe beyond those that are always described."""
        if self.kind != "profile":
            return None
        return {
            "name": "profile",
            "base": "codex_home",
            "path": f"{self.profile}.config.toml",
            "details": "content",
        }

    def file(self, version: Version | None) -> str:
        """The name of the file's query in which this version reads the layer."""
        if self.kind in HOST_FILES:
            return self.kind
        return "profile" if self.kind == "profile" and not self.table(version) else "config"


USER: t.Final = Layer()


def parse_layer(option: str, where: str = "", is_windows: bool = False) -> Layer:
    """The layer that the option ``layer`` names; ``where`` is put before its name in messages. Raises CodexError."""
    kind, colon, profile = (option or "user").partition(":")
    if kind == "profile" and re.fullmatch(r"[A-Za-z0-9_-]+", profile):
        return Layer("profile", profile, is_windows)
    if not colon and (kind == "user" or kind in HOST_FILES):
        return Layer(t.cast(Kind, kind), is_windows=is_windows)
    raise CodexError(
        f"{where}layer must be user, system, managed, requirements, or profile: with a name of letters, digits, - "
        "and _, such as profile:work."
    )
