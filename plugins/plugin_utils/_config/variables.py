# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables that Codex uses instead of auth.json, where a home's files set them."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.environment import VALUES_FILE
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeAnswer

SYSTEM_FILE = "/etc/environment"
LEVELS: t.Final = {"user": "user_environment", "machine": "machine_environment"}
"""Where Windows keeps variables, with the names of the queries for them."""


def system_queries(is_windows: bool, with_user: bool) -> list[FileQuery]:
    """Where the system keeps variables that a user's programs get; with_user: also the user's own, on Windows."""
    if not is_windows:
        return [{"name": SYSTEM_FILE, "base": "home_directory", "path": SYSTEM_FILE, "details": "variables"}]
    return [
        {"name": name, "base": "environment", "path": level, "details": "variables"}
        for level, name in LEVELS.items()
        if with_user or level == "machine"
    ]


STARTUP_FILES: t.Final = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv", ".zprofile", ".zshrc")
"""Files of a user's home directory in which people set variables for shells, as lines NAME=value."""


def startup_queries(is_windows: bool) -> list[FileQuery]:
    """Where people set variables by hand; what describe is asked only when that is wanted."""
    if is_windows:
        return []
    return [
        {"name": f"~/{path}", "base": "home_directory", "path": path, "details": "variables"} for path in STARTUP_FILES
    ]


def outranking_variables(described: HomeAnswer, environment: t.Mapping[str, str] | None) -> list[tuple[str, str]]:
    """The variables that Codex uses instead of auth.json, each with the path of a file that sets it.

    environment: what the playbook declares for the user, None where that stays as it is. Shell files are looked at
    only if describe was asked for them.
    """
    return [
        (name, path)
        for path, names in _places(described, environment)
        for name in versions.OUTRANKING_VARIABLES
        if name in names
    ]


def _places(described: HomeAnswer, environment: t.Mapping[str, str] | None) -> list[tuple[str, t.Collection[str]]]:
    """The files that set variables for a user, with the names of these; environment as for outranking_variables."""
    files = described["files"]
    values = files[VALUES_FILE]
    ours = values.get("variables", {})
    own: t.Collection[str] = ours if environment is None else environment
    places: list[tuple[str, t.Collection[str]]] = [(values["path"], own)]
    for query in (SYSTEM_FILE, *LEVELS.values(), *(f"~/{path}" for path in STARTUP_FILES)):
        if query not in files:
            continue
        there = files[query].get("variables", {})
        if query in LEVELS.values():  # where an earlier run put its variables, too: those of codex.env
            there = {name: digest for name, digest in there.items() if name not in own and ours.get(name) != digest}
        places.append((files[query]["path"], there))
    return places


def outranking_warnings(
    described: HomeAnswer, environment: t.Mapping[str, str] | None, version: versions.Version | None
) -> list[str]:
    """A warning for each variable because of which this version of Codex does not use auth.json."""
    return [
        f"{path} sets {name}, and Codex {versions.OUTRANKING_VARIABLES[name].range()} uses it instead of auth.json"
        f"{' in `codex exec`' if name == 'CODEX_API_KEY' else ''}. Remove it to have auth.json used."
        for name, path in outranking_variables(described, environment)
        if version is None or versions.OUTRANKING_VARIABLES[name].works_in(version)
    ]


def left_key_warnings(described: HomeAnswer, environment: t.Mapping[str, str] | None = None) -> list[str]:
    """A warning for each file that sets OPENAI_API_KEY, which is of no use to a ChatGPT login (0.20 to 0.171).

    environment: as for outranking_variables.
    """
    return [
        f"{path} sets OPENAI_API_KEY. Codex does not use it while there is a ChatGPT login, but other programs may. "
        "Remove it there if none needs it."
        for path, names in _places(described, environment)
        if "OPENAI_API_KEY" in names
    ]
