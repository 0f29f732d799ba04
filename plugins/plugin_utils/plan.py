# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is desired and what a target described to the operations that make it so.

No I/O and no Ansible: everything that is decided is decided here or in the modules that this one
imports. auth.json comes first, config.toml second, the environment last; removing goes the other way.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import environment, obstacles, report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth import AUTH_QUERY, auth_after, plan_auth
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import VARIABLES_QUERY
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config import CONFIG_QUERY, plan_config
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_environment import plan_environment
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import Change, Step, mode_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    ObstacleFacts,
    Operation,
)

FOLDER_MODE = 0o700

Part = t.Literal["auth", "config", "environment"]
"""The parts of a home, in the order in which they are put in place."""


class PlannedChange(t.NamedTuple):
    """A change, and which part of the result it belongs to; None: to the home as a whole."""

    part: Part | None
    operation: Operation
    diff: report.Diff | None


@dataclass
class HomePlan:
    """What a home needs; no changes: nothing. ``result`` says what its parts will have come to."""

    changes: list[PlannedChange]
    result: dict[str, t.Any]
    warnings: list[str]

    @property
    def operations(self) -> list[Operation]:
        """What apply is asked to do."""
        return [change.operation for change in self.changes]

    @property
    def diffs(self) -> list[report.Diff]:
        """What ``--diff`` shows."""
        return [change.diff for change in self.changes if change.diff]


def describe_request(desired: DesiredHome) -> HomeRequest:
    """What describe has to look at for this home.

    auth.json, config.toml and the variables always: what is right for one depends on the others.
    """
    files = [AUTH_QUERY, CONFIG_QUERY, environment.VALUES_QUERY, VARIABLES_QUERY]
    if desired.environment is not None:
        files = [*files, *environment.QUERIES]
    request: HomeRequest = {"user": desired.user, "codex_home": desired.codex_home, "files": files}
    if desired.detect_version:
        request["detect_version"] = True
    return request


def plan_homes(desired: t.Sequence[DesiredHome], described: t.Sequence[HomeAnswer], now: datetime) -> list[HomePlan]:
    """The plans of all homes of a host; refuses them all when one is wrong."""
    homes: dict[str, str] = {}
    accounts: set[str] = set()
    plans = []
    for wanted, found in zip(desired, described, strict=True):
        if "obstacle" in found:
            raise CodexError(obstacles.sentence(found["obstacle"]))
        name, real = found["account"]["name"], found["real_home"]
        if real in homes:
            raise CodexError(f"The Codex home {real} is declared twice, for {homes[real]} and for {name}.")
        homes[real] = name
        plan = plan_home(wanted, found, now)
        if plan.result.get("environment", {}).get("variables"):
            if name in accounts:
                raise CodexError(
                    f"The environment of the account {name} is declared twice. Give it with one home only."
                )
            accounts.add(name)
        plans.append(plan)
    return plans


def plan_home(desired: DesiredHome, found: HomeAnswer, now: datetime) -> HomePlan:
    """The plan of one home."""
    auth = plan_auth(desired, found, now)
    there = auth_after(desired.auth, auth, found["files"]["auth"])
    steps: list[tuple[Part, Step]] = [
        ("auth", auth),
        ("config", plan_config(desired, found, there)),
        ("environment", plan_environment(desired, found)),
    ]
    result: dict[str, t.Any] = {"user": found["account"]["name"], "codex_home": found["codex_home"]}
    for part, step in steps:
        if getattr(desired, part) is not None:
            result[part] = {"changed": bool(step.changes), **step.result}
    removing = desired.auth is not None and desired.auth.credential is None
    changes = [
        PlannedChange(part, *change)
        for part, step in (reversed(steps) if removing else steps)
        for change in step.changes
    ]
    folder = _plan_folder(found, any(_goes_into_codex_home(change.operation) for change in changes))
    clean = [Change(operation, None) for operation in _clean(found["leftovers"])]
    changes = [
        *(PlannedChange(None, *change) for change in folder),
        *changes,
        *(PlannedChange(None, *change) for change in clean),
    ]
    result["changed"] = bool(changes)
    return HomePlan(changes, result, [warning for _part, step in steps for warning in step.warnings])


def _goes_into_codex_home(operation: Operation) -> bool:
    return operation["operation"] == "write" and operation["base"] == "codex_home"


def _plan_folder(found: HomeAnswer, needed: bool) -> list[Change]:
    """The Codex home itself: made when a file goes into it, tightened when others can enter it."""
    folder = found["folder"]
    operation: Operation = {"operation": "directory", "base": "codex_home", "path": "", "mode": FOLDER_MODE}
    if folder["kind"] == "absent":
        if not needed:
            return []
        if not folder["writable"] and not folder["by_root"]:
            facts: ObstacleFacts = {
                "reason": "not_writable",
                "path": folder["path"],
                "user": found["account"]["name"],
            }
            raise CodexError(obstacles.sentence(facts))
        operation["by_root"] = not folder["writable"]
        return [Change(operation, report.file_diff(folder["path"], "", f"folder, mode {FOLDER_MODE:04o}\n"))]
    tight = folder["mode"] & FOLDER_MODE
    if folder["mode"] == tight:
        return []
    operation["mode"] = tight
    return [Change(operation, mode_diff(folder["path"], folder["mode"], tight, "folder, "))]


def _clean(leftovers: t.Sequence[str]) -> list[Operation]:
    folders = sorted({path.rpartition("/")[0] for path in leftovers})
    # An absolute path replaces what it is relative to.
    return [{"operation": "clean", "base": "home", "path": folder} for folder in folders]
