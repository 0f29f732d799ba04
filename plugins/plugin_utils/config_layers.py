# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that Codex's configuration comes from: where they are, since when they are read, which one wins.

Measured on 0.20.0 to 0.169.0: managed_config.toml outranks the account's config.toml, which outranks the host's
config.toml; what --profile NAME names stands between the first two.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import Table, equal
from ansible_collections.fleet.codex.plugins.plugin_utils.versions import KEYS, Key, Version

Kind = t.Literal["user", "profile", "system", "managed", "requirements"]

HOST_FOLDER = "/etc/codex"
HOST_FILES: t.Final = {
    "system": f"{HOST_FOLDER}/config.toml",
    "managed": f"{HOST_FOLDER}/managed_config.toml",
    "requirements": f"{HOST_FOLDER}/requirements.toml",
}
"""The files of the whole host, by layer."""

READ_BY: t.Final = {
    "system": Key((0, 80), None),
    "managed": Key((0, 45), None),
    "requirements": Key((0, 80), None),
}
"""The versions that read the files of the whole host."""

PROFILE_TABLES: t.Final = KEYS["profiles"]
"""The versions that read a profile from the table profiles.NAME of config.toml; later ones read NAME.config.toml."""

NOT_IN_REQUIREMENTS: t.Final = ("model", "forced_login_method", "forced_chatgpt_workspace_id", "preferred_auth_method")
"""Keys that Codex ignores in requirements.toml (the first two measured)."""

CREDENTIALS_STORE_REQUIRED: t.Final = Key((0, 155), None)
"""cli_auth_credentials_store in requirements.toml."""

IN_REQUIREMENTS: t.Final = ("cli_auth_credentials_store",)
"""Keys of config.toml that requirements.toml has, too, with the same values."""

HOST_QUERIES: t.Final[list[FileQuery]] = [
    {"name": name, "base": "host", "path": path, "report": "content"} for name, path in HOST_FILES.items()
]
HOST_FOLDER_QUERY: t.Final[FileQuery] = {"name": "host_folder", "base": "host", "path": HOST_FOLDER, "report": None}


@dataclass(frozen=True)
class Layer:
    """One layer of Codex's configuration; ``profile`` is the profile's name in layer ``profile``, else empty."""

    kind: Kind = "user"
    profile: str = ""

    @property
    def is_host_wide(self) -> bool:
        """Whether the layer is a file of the whole host."""
        return self.kind in HOST_FILES

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
            "report": "content",
        }

    def file(self, version: Version | None) -> str:
        """The name of the file's query in which this version reads the layer."""
        if self.is_host_wide:
            return self.kind
        return "profile" if self.kind == "profile" and not self.table(version) else "config"


USER: t.Final = Layer()


def parse_layer(option: str | None) -> Layer:
    """The layer that an option names."""
    kind, colon, profile = (option or "user").partition(":")
    if kind == "profile" and re.fullmatch(r"[A-Za-z0-9_-]+", profile):
        return Layer("profile", profile)
    if not colon and (kind == "user" or kind in HOST_FILES):
        return Layer(t.cast(Kind, kind))
    raise CodexError(
        "layer must be user, system, managed, requirements, or profile: with a name of letters, digits, - and _, "
        "such as profile:work."
    )


@dataclass(frozen=True)
class Source:
    """A configuration file: its path and its data."""

    path: str
    data: Table = field(default_factory=dict)


View = t.Sequence[Source]
"""The configuration files that one run of Codex reads, by rank: the first that has a value wins."""


@dataclass(frozen=True)
class Sources:
    """All configuration files that a home's Codex reads; ``profiles`` by name, one at a time of them counts."""

    user: Source
    system: Source
    managed: Source
    requirements: Source
    profiles: dict[str, Source] = field(default_factory=dict)

    @property
    def all_read(self) -> list[Source]:
        """Those whose keys Codex acts on; requirements.toml has others."""
        return [self.managed, *self.profiles.values(), self.user, self.system]

    def views(self) -> list[View]:
        """The sources by rank, the first wins: without a profile, and with each one."""
        below = [self.user, self.system]
        return [[self.managed, *below], *([self.managed, profile, *below] for profile in self.profiles.values())]


def value_of(key: str, sources: View) -> tuple[t.Any, str]:
    """What a top-level key comes to, and the path of the file that says so; None where none has it."""
    return next(((source.data[key], source.path) for source in sources if key in source.data), (None, ""))


def login_rules(view: View) -> list[tuple[t.Any, str]]:
    """What a run of Codex goes by when it deletes logins, with the paths of the files that say so."""
    return [value_of(key, view) for key in ("forced_login_method", "forced_chatgpt_workspace_id")]


def overruled(declared: Table, by: Source, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of declared values that a file of a higher layer has another value for."""
    found: list[tuple[str, ...]] = []
    data: t.Any = by.data
    for key in above:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    for key, wanted in declared.items():
        if not isinstance(data, dict) or key not in data:
            continue
        if isinstance(wanted, dict) and isinstance(data[key], dict):
            found += overruled(wanted, by, (*above, key))
        elif not equal(data[key], wanted):
            found.append((*above, key))
    return found
