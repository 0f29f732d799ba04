# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that a Windows user gets from the registry. codex.env says which of them are ours."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import LEVELS
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff, variable_lines
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import EnvironmentLevel
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    FileFacts,
    HomeAnswer,
    Operation,
    TargetErrorFacts,
)

OPEN_SESSIONS: t.Final = (
    "Programs and sessions of {user} that are open keep the variables that they began with. Start them anew to have "
    "{names} seen."
)


OF_WINDOWS: t.Final = (
    "COMSPEC",
    "PATH",
    "PATHEXT",
    "PSMODULEPATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "WINDIR",
)
"""Variables without which Windows or its programs do not work."""


@dataclass
class RegistryChanges:
    """What to change. The removals go before codex.env is written, so that none is forgotten; the rest after it."""

    removals: list[Change] = field(default_factory=list)
    settings: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan_registry(
    variables: t.Mapping[str, str],
    values: FileFacts,
    level: EnvironmentLevel,
    described: HomeAnswer,
    secrets: t.Collection[str],
) -> RegistryChanges:
    """What to change in the registry so that it has these variables, and none that an earlier run set.

    values: codex.env as it is, with the variables of the last run. A variable that somebody gave another value since
    is not ours any more, and stays. secrets: values that a diff hides.
    Raises CodexError where the registry cannot be read or, for the machine, written, and for a variable that Windows
    needs.
    """
    for name in variables:
        if name.upper() in OF_WINDOWS:
            raise CodexError(f"environment: {name} is a variable that Windows needs. Set it in another way.")
    ours, changes = _by_name(values.get("variables", {})), RegistryChanges()
    user = described["user_info"]["name"]
    for place, name in LEVELS.items():
        if place == "machine" and level == "user":
            continue  # a variable of the machine may be anybody's
        wanted = variables if place == level else {}
        file = described["files"][name]
        there = _by_name(file.get("variables", {}))
        if file["kind"] != "file" and (wanted or ours):
            raise CodexError(_unreadable(file, user))
        kept = _by_name(wanted)
        removed = sorted(name for name in ours if name not in kept and there.get(name) == ours[name])
        given = {name: value for name, value in wanted.items() if there.get(name.upper()) != _digest(value)}
        if place == "machine" and (removed or given) and not described["is_root"]:
            facts: TargetErrorFacts = {
                "reason": "host_needs_administrator",
                "path": file["path"],
                "running": user,
            }
            raise CodexError(messages.target_error(facts))
        if removed:
            diff = file_diff(file["path"], "".join(f"{name}\n" for name in removed), "")
            changes.removals.append(Change(_operation(place, {}, removed, there), diff))
        if given:
            known = "".join(f"{name} (another value)\n" for name in sorted(given) if name.upper() in there)
            diff = file_diff(file["path"], known, variable_lines(given, secrets))
            changes.settings.append(Change(_operation(place, given, [], there), diff))
        foreign = [name for name in given if there.get(name.upper(), "") not in ("", ours.get(name.upper()))]
        if foreign:
            changes.warnings.append(
                f"{file['path']} had {' and '.join(sorted(foreign))} with a value that fleet.codex did not set. It is "
                "replaced, and does not come back when the variable is removed."
            )
        if removed or given:
            names = ", ".join(sorted({*removed, *given}))
            changes.warnings.append(OPEN_SESSIONS.format(user=user if place == "user" else "all users", names=names))
    return changes


def _by_name(variables: t.Mapping[str, str]) -> dict[str, str]:
    """The variables by their names in upper case, since Windows does not tell cases apart."""
    return {name.upper(): value for name, value in variables.items()}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _operation(place: str, given: dict[str, str], removed: list[str], there: t.Mapping[str, str]) -> Operation:
    expected: dict[str, str | None] = {name: there.get(name.upper()) for name in [*given, *removed]}
    return {
        "operation": "variables",
        "base": "environment",
        "path": place,
        "set": given,
        "remove": removed,
        "expected": expected,
    }


def _unreadable(file: FileFacts, user: str) -> str:
    if file["kind"] == "absent":
        return (
            f"The user {user} has no profile on this host yet, so there is no place for variables. Log on once as "
            f"{user}, or leave environment out (in the role, set codex_export_api_key to false)."
        )
    return (
        f"{file['path']} cannot be read ({file.get('cause', 'permission denied')}). Run the task as an administrator."
    )
