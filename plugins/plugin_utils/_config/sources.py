# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A home's configuration files, read: which ones there are, and which one wins.

Measured on 0.20.0 to 0.171.0: managed_config.toml outranks the user's config.toml, which outranks the host's
config.toml. A profile that --profile NAME chooses ranks between the first two.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils._toml import document
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, equal
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer


@dataclass(frozen=True)
class Source:
    """A configuration file: its path and its data; ``problem``: why it cannot be read, and counts as empty."""

    path: str
    data: Table = field(default_factory=dict)
    problem: str | None = None


View = t.Sequence[Source]
"""The configuration files that one run of Codex reads, by rank: the first that has a value wins."""


@dataclass(frozen=True)
class Sources:
    """All configuration files that a home's Codex reads.

    profiles: by name; a run of Codex reads one of them at most. all_profiles: whether these are all there are.
    """

    user: Source
    system: Source
    managed: Source
    requirements: Source
    profiles: dict[str, Source] = field(default_factory=dict)
    all_profiles: bool = True

    @property
    def all_read(self) -> list[Source]:
        """Those whose keys Codex acts on; requirements.toml has other keys."""
        return [self.managed, *self.profiles.values(), self.user, self.system]

    @property
    def problems(self) -> list[str]:
        """A sentence for each file that cannot be read, and one where there are too many profiles."""
        found = [source.problem for source in (self.user, self.system, self.managed, self.requirements)]
        found += [source.problem for source in self.profiles.values()]
        if not self.all_profiles:
            folder = paths.folder(self.user.path)
            found.append(
                f"{folder} has more than 10,000 files, or more than 4 MiB of profile files, and only the first ones "
                "were read: whether all of them agree with the login was not checked. Remove those that are not needed."
            )
        return [problem for problem in found if problem]

    def views(self) -> list[View]:
        """The files by rank, the first wins: without a profile, and with each one."""
        below = [self.user, self.system]
        return [[self.managed, *below], *([self.managed, profile, *below] for profile in self.profiles.values())]


def read_sources(described: HomeAnswer, after: t.Mapping[str, Table]) -> Sources:
    """A home's configuration files.

    after: by path, the data of files that the plan writes, as they will be.
    """
    files = described["files"]

    def source(file: FileFacts) -> Source:
        return Source(file["path"], after[file["path"]]) if file["path"] in after else read_source(file)

    profiles = [*described.get("profiles", []), *([files["profile"]] if "profile" in files else [])]
    by_name = {described_file.name_of(file).removesuffix(".config.toml"): file for file in profiles}
    return Sources(
        user=source(files["config"]),
        system=source(files["system"]),
        managed=source(files["managed"]),
        requirements=source(files["requirements"]),
        profiles={name: source(file) for name, file in by_name.items()},
        all_profiles=described.get("all_profiles", True),
    )


def read_source(file: FileFacts) -> Source:
    """A described configuration file, with its data or what keeps Codex from reading it."""
    if file["kind"] not in ("file", "absent", "dangling"):
        return Source(file["path"], problem=messages.unusable_file(file))
    try:
        return Source(file["path"], read_data(file))
    except document.Unreadable as error:
        return Source(file["path"], problem=str(error))


def read_data(file: FileFacts) -> Table:
    """The data of a described configuration file; {} where it has no content. Raises Unreadable."""
    if "content" not in file:
        return {}
    path = file["path"]
    return document.parse(document.decode(described_file.content_of(file), path), path)


def value_of(key: str, sources: View) -> tuple[t.Any, str]:
    """The value of a top-level key that wins, and the path of the file that has it; None where none has it."""
    return next(((source.data[key], source.path) for source in sources if key in source.data), (None, ""))


def login_rules(view: View) -> list[tuple[t.Any, str]]:
    """The settings because of which a run of Codex deletes logins, each with the path of the file that has it."""
    return [value_of(key, view) for key in ("forced_login_method", "forced_chatgpt_workspace_id")]


def overruled(declared: Table, by: Source, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of declared values for which a file of a higher layer has another value."""
    found: list[tuple[str, ...]] = []
    data: t.Any = by.data
    for key in above:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    for key, value in declared.items():
        if not isinstance(data, dict) or key not in data:
            continue
        if isinstance(value, dict) and isinstance(data[key], dict):
            found += overruled(value, by, (*above, key))
        elif not equal(data[key], value):
            found.append((*above, key))
    return found
