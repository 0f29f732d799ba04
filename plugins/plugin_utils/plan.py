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
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config import CONFIG_QUERY, plan_config
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_environment import plan_environment
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import Step, mode_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    ObstacleFacts,
    Operation,
)

FOLDER_MODE = 0o700


@dataclass
class HomePlan:
    """What a home needs; no operations: nothing."""

    operations: list[Operation]
    diffs: list[report.Diff]
    result: dict[str, t.Any]
    warnings: list[str]


def describe_request(desired: DesiredHome) -> HomeRequest:
    """What describe has to look at for this home.

    auth.json and config.toml always: what is right for one depends on the other.
    """
    files = [AUTH_QUERY, CONFIG_QUERY]
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
        name, path = found["account"]["name"], found["codex_home"]
        if path in homes:
            raise CodexError(f"The Codex home {path} is declared twice, for {homes[path]} and for {name}.")
        homes[path] = name
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
    auth = plan_auth(desired.auth, found["files"]["auth"], now)
    there = auth_after(desired.auth, auth, found["files"]["auth"])
    config = plan_config(desired, found, there)
    exported = plan_environment(desired, found)
    removing = desired.auth is not None and desired.auth.credential is None
    steps = [auth, config, exported]
    operations = [operation for step in (reversed(steps) if removing else steps) for operation in step.operations]
    folder = _plan_folder(found, bool(operations), removing)
    if found["leftovers"]:
        operations += _clean(found["leftovers"], found)
    result: dict[str, t.Any] = {"user": found["account"]["name"], "codex_home": found["codex_home"]}
    names = ("auth", "config", "environment")
    for name, step in zip(names, steps, strict=True):
        if getattr(desired, name) is not None:
            result[name] = {"changed": bool(step.operations), **step.result}
    result["changed"] = bool(folder.operations or operations)
    return HomePlan(
        operations=folder.operations + operations,
        diffs=[*folder.diffs, *(diff for step in steps for diff in step.diffs)],
        result=result,
        warnings=[warning for step in steps for warning in step.warnings],
    )


def _plan_folder(found: HomeAnswer, needed: bool, removing: bool) -> Step:
    """The Codex home itself: made when a file goes into it, tightened when others can enter it."""
    folder = found["folder"]
    operation: Operation = {"operation": "directory", "base": "codex_home", "path": "", "mode": FOLDER_MODE}
    if folder["kind"] == "absent":
        if not needed or removing:
            return Step()
        if not folder["writable"] and not folder["by_root"]:
            facts: ObstacleFacts = {
                "reason": "not_writable",
                "path": folder["path"],
                "user": found["account"]["name"],
            }
            raise CodexError(obstacles.sentence(facts))
        operation["by_root"] = not folder["writable"]
        return Step([operation], [report.file_diff(folder["path"], "", f"folder, mode {FOLDER_MODE:04o}\n")])
    tight = folder["mode"] & FOLDER_MODE
    if folder["mode"] == tight:
        return Step()
    operation["mode"] = tight
    return Step([operation], [mode_diff(folder["path"], folder["mode"], tight, "folder, ")])


def _clean(leftovers: t.Sequence[str], found: HomeAnswer) -> list[Operation]:
    folders = sorted({path.rpartition("/")[0] for path in leftovers})
    # An absolute path replaces what it is relative to.
    return [{"operation": "clean", "base": "home", "path": folder} for folder in folders]
