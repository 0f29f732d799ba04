# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of one home: its parts in their order, the folder they are in, and whether they agree with each other.

auth.json comes first, config.toml second, the environment last; removing goes the other way.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import locks_to_give
from ansible_collections.fleet.codex.plugins.plugin_utils._config.keys import permissions_warnings, start_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.login import (
    check_login_survives,
    credentials_store_warnings,
    overruled_warnings,
    workspace_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._config.providers import key_variables, unused_login_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import read_sources
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import outranking_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.auth import AuthStep, plan_auth
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.config import ConfigStep, plan_config
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.environment import EnvironmentStep, plan_environment
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import (
    Change,
    Part,
    Step,
    access_diff,
    codex_version,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import access as who_may
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, Operation, TargetErrorFacts


@dataclass
class HomePlan:
    """What a home needs: its parts, each planned by itself, and what `complete` makes of them.

    changes: in their order; none where nothing has to be done. result: the home's, as it will be.
    """

    desired: DesiredHome
    described: HomeAnswer
    auth: AuthStep
    config: ConfigStep
    environment: EnvironmentStep
    changes: list[Change] = field(default_factory=list)
    result: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def steps(self) -> dict[Part, Step]:
        """The parts in the order in which they are put in place."""
        return {"auth": self.auth, "config": self.config, "environment": self.environment}


def plan_parts(desired: DesiredHome, described: HomeAnswer, now: datetime) -> HomePlan:
    """The parts of a home, each planned by itself. Raises CodexError for what is refused or cannot be worked on."""
    if "error" in described:
        raise CodexError(messages.target_error(described["error"]))
    auth = plan_auth(desired, described, now)
    config = plan_config(desired, described, auth.auth_after)
    return HomePlan(desired, described, auth, config, plan_environment(desired, described))


def complete(plan: HomePlan, host_wide: t.Mapping[str, Table]) -> None:
    """Puts the parts of a plan together. Raises CodexError where they do not agree.

    host_wide: by path, the data of the host's configuration files that this run changes, as they will be.
    """
    desired, described = plan.desired, plan.described
    warnings = _check_configuration(plan, host_wide)
    plan.warnings = [*(warning for step in plan.steps.values() for warning in step.warnings), *warnings]
    is_removing = desired.auth is not None and desired.auth.credential is None
    steps = list(plan.steps.items())
    changes = [
        change._replace(part=part)
        for part, step in (reversed(steps) if is_removing else steps)
        for change in step.changes
    ]
    if any(change.operation["base"] == "host" for change in changes):
        _check_host_can_be_written(plan)
    folder = _folder_changes(plan, any(_goes_into_codex_home(change.operation) for change in changes))
    plan.changes = [*folder, *_lock_changes(plan), *changes, *_clean_changes(described)]
    plan.result = {
        "user": described["user_info"]["name"],
        "codex_home": described["codex_home"],
        **{
            part: {"changed": bool(step.changes), **step.result}
            for part, step in steps
            if getattr(desired, part) is not None
        },
        "changed": bool(plan.changes),
    }


def _check_configuration(plan: HomePlan, host_wide: t.Mapping[str, Table]) -> list[str]:
    """Raises CodexError for a configuration that does not allow the login; warnings about the two together."""
    desired, described, auth = plan.desired, plan.described, plan.auth.auth_after
    variables = outranking_variables(described, desired.environment)
    sources = read_sources(described, {**host_wide, **plan.config.after})
    if plan.environment.changed_variables & key_variables(sources):
        plan.environment.ask_for_programs()
    if desired.auth is None and desired.config is None and not variables:
        return []
    version = codex_version(desired, described)
    check_login_survives(sources.views(), auth, described["files"]["auth"]["path"], variables)
    warnings = list(sources.problems)
    for source in sources.all_read:
        warnings += start_warnings(source.data, version, source.path)
    warnings += permissions_warnings(sources.views(), version)
    warnings += workspace_warnings(sources, auth)
    if auth is not None:
        warnings += credentials_store_warnings(sources, version) + unused_login_warnings(sources, version)
    if desired.config is not None:
        warnings += overruled_warnings(plan.config.declared, desired.config.layer, sources, version)
    return warnings


def _check_host_can_be_written(plan: HomePlan) -> None:
    """Raises CodexError for a file of the whole host that the target would not write, before anything is done."""
    path = plan.config.result["path"]
    file = next(file for file in plan.described["files"].values() if file["path"] == path)
    is_windows, parent = plan.desired.is_windows, file.get("unsafe_parent")
    facts: TargetErrorFacts | None = None
    if not plan.described["is_root"]:
        reason = "host_needs_administrator" if is_windows else "host_needs_root"
        facts = {"reason": reason, "path": path, "running": plan.described["user_info"]["name"]}
    elif parent and is_windows:
        facts = {"reason": "changeable_host", "path": parent, "who": file["unsafe_who"] or "others"}
    elif parent:
        facts = {"reason": "unsafe_parent", "path": parent}
    if facts:
        raise CodexError(messages.target_error(facts))


def _goes_into_codex_home(operation: Operation) -> bool:
    return operation["operation"] == "write" and operation["base"] == "codex_home"


def _folder_changes(plan: HomePlan, is_needed: bool) -> list[Change]:
    """The Codex home itself: created when a file goes into it, its access corrected when others can enter it."""
    described, folder = plan.described, plan.described["folder"]
    access, user = who_may.codex_home(folder, plan.desired.is_windows), described["user_info"]["name"]
    operation = t.cast(Operation, {"operation": "directory", "base": "codex_home", "path": "", **access})
    if folder["kind"] == "absent":
        if not is_needed:
            return []
        if not folder["writable"] and not folder["create_as_root"]:
            facts: TargetErrorFacts = {
                "reason": "not_writable",
                "path": folder["path"],
                "user": user,
            }
            raise CodexError(messages.target_error(facts))
        operation["create_as_root"] = not folder["writable"]
        return [Change(operation, file_diff(folder["path"], "", f"folder, {who_may.wanted_words(access, user)}\n"))]
    if who_may.has_access(folder, access):
        return []
    plan.warnings += who_may.exposure_warnings(folder)
    return [Change(operation, access_diff(folder, access, user, "folder, "))]


def _lock_changes(plan: HomePlan) -> list[Change]:
    """Gives the user the lock files that a program of root's left in the home: Codex saves no login without them."""
    described = plan.described
    if plan.desired.auth is None:
        return []
    return [
        Change(
            {"operation": "give", "base": "codex_home", "path": name},
            file_diff(described["files"][name]["path"], "owner root\n", f"owner {described['user_info']['name']}\n"),
        )
        for name in locks_to_give(described)
    ]


def _clean_changes(described: HomeAnswer) -> list[Change]:
    """Removes temporary files of killed runs."""
    folders = sorted({paths.folder(path) for path in described["leftovers"]})
    of_host = paths.folder(described["files"]["system"]["path"])
    # The path is absolute, so it does not depend on the base.
    operations: list[Operation] = [
        {"operation": "clean", "base": "host" if folder == of_host else "home_directory", "path": folder}
        for folder in folders
    ]
    return [Change(operation, None) for operation in operations]
