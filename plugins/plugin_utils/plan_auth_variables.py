# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables that Codex would use instead of the auth.json."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import versions
from ansible_collections.fleet.codex.plugins.plugin_utils.environment import VALUES_FILE
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeAnswer

SYSTEM_FILE = "/etc/environment"
VARIABLES_QUERY: FileQuery = {"name": SYSTEM_FILE, "base": "home", "path": SYSTEM_FILE, "report": "variables"}


def variables_set(found: HomeAnswer, declared: t.Mapping[str, str] | None) -> dict[str, list[str]]:
    """The variables that count more than auth.json, by the path of the file that sets them.

    declared: the environment that the account gets, None where it stays as it is. Shell files, and what else may
    set variables, are not looked at.
    """
    files = found["files"]
    own = files[VALUES_FILE].get("variables", []) if declared is None else declared
    places = {files[VALUES_FILE]["path"]: own, SYSTEM_FILE: files[SYSTEM_FILE].get("variables", [])}
    return {path: [name for name in versions.OUTRANKING_VARIABLES if name in names] for path, names in places.items()}


def outranking_variables(
    found: HomeAnswer, declared: t.Mapping[str, str] | None, version: versions.Version | None
) -> list[str]:
    """A sentence for each variable that makes this version of Codex pass auth.json over."""
    return [
        f"{path} sets {name}, and Codex {key.range()} uses it instead of auth.json"
        f"{' in `codex exec`' if name == 'CODEX_API_KEY' else ''}. Take it out to have the auth.json used."
        for path, names in variables_set(found, declared).items()
        for name, key in versions.OUTRANKING_VARIABLES.items()
        if name in names and (version is None or key.works_in(version))
    ]
