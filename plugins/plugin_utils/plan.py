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
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import (
    HOST_FOLDER,
    HOST_FOLDER_QUERY,
    HOST_QUERIES,
    login_rules,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth import AUTH_QUERY, auth_after, plan_auth
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import VARIABLES_QUERY
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config import CONFIG_QUERY, plan_config
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_keys import start_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_environment import plan_environment
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_layers import (
    account_variables,
    check_login_survives,
    credentials_store_warnings,
    overruled_warnings,
    read_sources,
    workspace_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import Change, Step, codex_version, mode_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    ObstacleFacts,
    Operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import Table

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

    auth.json, every configuration file and the variables always: what is right for one depends on the others.
    """
    files = [AUTH_QUERY, CONFIG_QUERY, *HOST_QUERIES, environment.VALUES_QUERY, VARIABLES_QUERY]
    if desired.config is not None:
        files += filter(None, [desired.config.layer.query()])
    if is_host_wide(desired):
        files.append(HOST_FOLDER_QUERY)
    if desired.environment is not None:
        files += environment.QUERIES
    request: HomeRequest = {"user": desired.user, "codex_home": desired.codex_home, "files": files}
    if desired.detect_version:
        request["detect_version"] = True
    return request


def is_host_wide(desired: DesiredHome) -> bool:
    """Whether a home's entry changes a file that every account's Codex reads."""
    return desired.config is not None and desired.config.layer.is_host_wide


def plan_homes(
    desired: t.Sequence[DesiredHome],
    described: t.Sequence[HomeAnswer],
    now: datetime,
    others: t.Sequence[HomeAnswer] = (),
) -> list[HomePlan]:
    """The plans of all homes of a host; refuses them all when one is wrong.

    others: homes that are not declared, and whose Codex reads a file of the host that is.
    """
    for found in described:
        if "obstacle" in found:
            raise CodexError(obstacles.sentence(found["obstacle"]))
    drafts = [HomeDraft(wanted, found, now) for wanted, found in zip(desired, described, strict=True)]
    _check_declared_once(drafts)
    host_wide: dict[str, Table] = {}
    for draft in drafts:
        if is_host_wide(draft.desired):
            host_wide.update(draft.config.after)
    plans = [draft.plan(host_wide) for draft in drafts]
    declared = {draft.found["real_home"] for draft in drafts if draft.is_about_the_home}
    changing = any(plan.changes for draft, plan in zip(drafts, plans, strict=True) if is_host_wide(draft.desired))
    warnings = [
        warning
        for found in others
        if found.get("real_home") not in declared
        for warning in _check_other_home(found, host_wide if changing else {})
    ]
    if plans:
        plans[0].warnings += warnings
    return plans


def _check_declared_once(drafts: t.Sequence[HomeDraft]) -> None:
    """Refuses what is declared twice: a home, a file of the host, the environment of an account."""
    homes: dict[str, str] = {}
    files: set[str] = set()
    accounts: set[str] = set()
    for draft in drafts:
        name, real = draft.found["account"]["name"], draft.found["real_home"]
        if is_host_wide(draft.desired):
            path = draft.config.step.result["path"]
            if path in files:
                raise CodexError(f"The file {path} is declared twice. Give it once.")
            files.add(path)
        if real in homes and draft.is_about_the_home:
            raise CodexError(f"The Codex home {real} is declared twice, for {homes[real]} and for {name}.")
        if draft.is_about_the_home:
            homes[real] = name
        if draft.environment.result.get("variables"):
            if name in accounts:
                raise CodexError(
                    f"The environment of the account {name} is declared twice. Give it with one home only."
                )
            accounts.add(name)


def _check_other_home(found: HomeAnswer, host_wide: t.Mapping[str, Table]) -> list[str]:
    """Refuses to change files of the host so that Codex deletes the login of a home that is not declared.

    host_wide: by path, what the files that change will hold. Where they make no difference to a login that is lost
    already, it only says so: what is in one account's home must not stop the run for all.
    """
    if "obstacle" in found:
        if found["obstacle"]["reason"] == "every_account_needs_root":
            return []  # nothing can be written then
        return [
            f"{obstacles.sentence(found['obstacle'])} Whether its login goes with the host's files was not checked."
        ]
    sources, warnings = read_sources(found, host_wide)
    auth, variables = found["files"]["auth"], account_variables(found, None)
    lost = []
    for view, before in zip(sources.views(), read_sources(found, {})[0].views(), strict=True):
        try:
            check_login_survives([view], auth.get("auth"), auth["path"], variables)
        except CodexError as error:
            if login_rules(view) != login_rules(before):
                raise
            lost.append(str(error))
    return warnings + lost[:1] + workspace_warnings(sources, auth.get("auth"))


class HomeDraft:
    """A home's parts, planned each for itself: what ``plan`` makes one of."""

    def __init__(self, desired: DesiredHome, found: HomeAnswer, now: datetime) -> None:
        self.desired = desired
        self.found = found
        self.auth = plan_auth(desired, found, now)
        self.auth_there = auth_after(desired.auth, self.auth, found["files"]["auth"])
        self.config = plan_config(desired, found, self.auth_there)
        self.environment = plan_environment(desired, found)

    @property
    def is_about_the_home(self) -> bool:
        """Whether anything but a file of the whole host is declared."""
        parts = (self.desired.auth, self.desired.environment)
        return any(part is not None for part in parts) or not is_host_wide(self.desired)

    def plan(self, host_wide: t.Mapping[str, Table]) -> HomePlan:
        """The plan of the home, beside the host's files as they will be. Raises CodexError for what is refused."""
        desired, found = self.desired, self.found
        warnings = self._check_configuration(host_wide)
        steps: list[tuple[Part, Step]] = [
            ("auth", self.auth),
            ("config", self.config.step),
            ("environment", self.environment),
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
        if any(change.operation["base"] == "host" for change in changes):
            self._check_host_can_be_written()
        folder = _plan_folder(found, any(_goes_into_codex_home(change.operation) for change in changes))
        clean = [Change(operation, None) for operation in _clean(found["leftovers"])]
        changes = [
            *(PlannedChange(None, *change) for change in folder),
            *changes,
            *(PlannedChange(None, *change) for change in clean),
        ]
        result["changed"] = bool(changes)
        return HomePlan(changes, result, [*(w for _part, step in steps for w in step.warnings), *warnings])

    def _check_host_can_be_written(self) -> None:
        """Refuses a file of the whole host that the target would not write, before anything else is done."""
        path, facts = self.config.step.result["path"], None
        folder = next(file.get("not_roots") for file in self.found["files"].values() if file["path"] == path)
        if not self.found["root"]:
            facts = ObstacleFacts(reason="host_needs_root", path=path, running=self.found["account"]["name"])
        elif folder:
            facts = ObstacleFacts(reason="not_roots", path=folder)
        if facts:
            raise CodexError(obstacles.sentence(facts))

    def _check_configuration(self, host_wide: t.Mapping[str, Table]) -> list[str]:
        """Refuses a configuration that does not go with the login; what else is to be said of the two."""
        desired, found = self.desired, self.found
        variables = account_variables(found, desired.environment)
        if desired.auth is None and desired.config is None and not variables:
            return []
        version = codex_version(desired, found)
        sources, warnings = read_sources(found, {**host_wide, **self.config.after})
        check_login_survives(sources.views(), self.auth_there, found["files"]["auth"]["path"], variables)
        for source in sources.all_read:
            warnings += start_warnings(source.data, version, source.path)
        warnings += workspace_warnings(sources, self.auth_there)
        if self.auth_there is not None:
            warnings += credentials_store_warnings(sources, version)
        if desired.config is not None:
            warnings += overruled_warnings(self.config.declared, desired.config.layer, sources, version)
        return warnings


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
    return [
        {"operation": "clean", "base": "host" if folder == HOST_FOLDER else "home", "path": folder}
        for folder in folders
    ]
