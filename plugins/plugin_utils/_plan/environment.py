# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step for a user's environment: the file of values, and what reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._options.environment import check_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.registry import plan_registry
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import (
    Change,
    Step,
    access_changes,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import (
    FILE_MODE,
    PRIVATE,
    Access,
    exposure_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff, variable_lines
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, Operation

SHELL_FILE_MODE = 0o644


@dataclass
class EnvironmentStep(Step):
    """The step for a user's variables; ``changed_variables``: the names of those that it sets, changes or removes."""

    changed_variables: set[str] = field(default_factory=set)

    def ask_for_programs(self) -> None:
        """Has apply say which programs of the user run with the variables that were there before."""
        for change in self.changes:
            if change.operation["path"] == environment.VALUES_FILE and "expected" in change.operation:
                change.operation["watch_seconds"] = 0
                self.result["restart_required"] = None


def plan_environment(desired: DesiredHome, described: HomeAnswer) -> EnvironmentStep:
    """The step for the user's variables. Raises CodexError where something else is in a file's place."""
    if desired.environment is None:
        return EnvironmentStep()
    user, files, codex_home = described["user_info"], described["files"], described["codex_home"]
    variables = dict(desired.environment)
    if desired.export_codex_home and not paths.is_same(codex_home, paths.join(user["home_directory"], ".codex")):
        if not desired.is_windows:  # where no shell reads it
            check_variables({"CODEX_HOME": codex_home}, "codex_home")
        variables.setdefault("CODEX_HOME", codex_home)
    values = files[environment.VALUES_FILE]
    credential = desired.auth.credential if desired.auth else None
    secrets = [text for text in (credential.document if credential else {}).values() if isinstance(text, str)]
    access: Access = PRIVATE if desired.is_windows else {"mode": FILE_MODE}
    step = EnvironmentStep(
        _plan_values(variables, values, access, user["name"], secrets),
        {"path": values["path"], "variables": sorted(variables), "restart_required": False},
        changed_variables=_changed_variables(variables, values),
    )
    if desired.is_windows:
        step.warnings += exposure_warnings(values) if step.changes else []
        registry = plan_registry(variables, values, desired.environment_level, described, secrets)
        step.changes = [*registry.removals, *step.changes, *registry.settings]
        step.warnings += registry.warnings
        return step
    if not described["home_directory_exists"]:
        if variables:
            step.warnings.append(
                f"The user {user['name']} has no home directory, so no shell reads {values['path']}; "
                "services and containers can."
            )
        return step
    readers = _plan_readers(bool(variables), values["path"], described)
    # While it is removed, the values are the last to go: a reader skips a file that is not there.
    step.changes = step.changes + readers.changes if variables else readers.changes + step.changes
    step.warnings += readers.warnings
    return step


def _changed_variables(variables: dict[str, str], file: FileFacts) -> set[str]:
    before = file.get("variables", {})
    after = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in variables.items()}
    return {name for name in before | after if before.get(name) != after.get(name)}


def _plan_values(
    variables: dict[str, str], file: FileFacts, access: Access, user: str, secrets: list[str]
) -> list[Change]:
    present = described_file.exists(file)
    if not variables:
        if not present:
            return []
        remove = remove_operation("codex_home", environment.VALUES_FILE, file)
        return [Change(remove, file_diff(file["path"], "(variables)\n", ""))]
    content = environment.values_file(variables)
    if present and file["sha256"] == hashlib.sha256(content).hexdigest():
        return access_changes("codex_home", environment.VALUES_FILE, file, access, user)
    write = write_operation("codex_home", environment.VALUES_FILE, content, file, access)
    before = "(other variables or values)\n" if present else ""  # describe reports no value
    return [Change(write, file_diff(file["path"], before, variable_lines(variables, secrets)))]


def _plan_readers(is_wanted: bool, values: str, described: HomeAnswer) -> Step:
    """The shells' lines, fish's file and environment.d's link, which are there exactly while there are variables.

    Without variables only what reads this home's values is removed: another home of the user may have some.
    """
    user, files, step = described["user_info"], described["files"], Step()
    line = environment.shell_line(values, user)
    with_line = environment.wanted_shell_files(user, files) if is_wanted else set()
    locked = []
    if is_wanted and environment.reads_no_file(user):
        step.warnings.append(
            f"The shell of {user['name']}, {user['shell']}, reads none of the files that set these variables. Set them "
            f"in a file that it reads, or give {user['name']} another shell."
        )
    for name in environment.SHELL_FILES:
        file = files[name]
        target = line if name in with_line else None
        if file["kind"] not in ("file", "absent"):
            if is_wanted:
                step.warnings.append(f"{file['path']} was left alone. {messages.unusable_file(file)}")
            continue
        before = file.get("lines", [])
        is_right = before == ([target] if target else []) if is_wanted else line not in before
        if is_right:
            continue
        if not file.get("folder_writable", True):
            locked.append(file["path"])
            continue
        operation: Operation = {
            "operation": "lines",
            "base": "home_directory",
            "path": name,
            "line": target,
            "marker": environment.MARKER,
            "mode": SHELL_FILE_MODE,
            "expected": file.get("sha256"),
        }
        after = f"{target}\n" if target else ""
        diff = file_diff(file["path"], "".join(f"{text}\n" for text in before), after)
        step.changes.append(Change(operation, diff))
    others = [
        *_plan_fish(is_wanted and environment.wants_fish(user, files), values, described),
        *_plan_link(is_wanted and described["system"] == "linux", values, described, step),
    ]
    for change in others:
        file = files[change.operation["path"]]
        if file.get("folder_writable", True):
            step.changes.append(change)
        else:
            locked.append(file["path"])
    if locked:
        step.warnings.append(_locked_warning(is_wanted, locked, values, user["name"]))
    return step


def _locked_warning(is_wanted: bool, paths: list[str], values: str, user: str) -> str:
    """About files where the user cannot write, as home-manager's links and the homes of service users are."""
    start = f"{user} cannot create or replace {' and '.join(paths)}, so"
    if not is_wanted:
        return f"{start} what reads {values} stays there. It does nothing while that file is missing."
    return (
        f"{start} not everything gets the variables. Have {values} read by whatever makes those files, or declare no "
        "variables (in the role, set codex_export_api_key to false)."
    )


def _plan_fish(is_wanted: bool, values: str, described: HomeAnswer) -> list[Change]:
    file = described["files"][environment.FISH_FILE]
    content = environment.fish_file(values, described["user_info"])
    if is_wanted:
        if described_file.exists(file) and file["sha256"] == hashlib.sha256(content).hexdigest():
            return []
        write = write_operation("home_directory", environment.FISH_FILE, content, file, {"mode": SHELL_FILE_MODE})
        return [Change(write, file_diff(file["path"], "", content.decode()))]
    if file["kind"] == "file" and file["sha256"] == hashlib.sha256(content).hexdigest():
        remove = remove_operation("home_directory", environment.FISH_FILE, file)
        return [Change(remove, file_diff(file["path"], content.decode(), ""))]
    return []


def _plan_link(is_wanted: bool, values: str, described: HomeAnswer, step: Step) -> list[Change]:
    file = described["files"][environment.LINK]
    there, target = file.get("link"), values if is_wanted else None
    if there == target or (not is_wanted and there != values):
        return []
    if there is None and file["kind"] != "absent":
        step.warnings.append(f"{file['path']} is not the link this collection makes, so it was left alone.")
        return []
    operation: Operation = {"operation": "link", "base": "home_directory", "path": environment.LINK, "to": target}
    before, after = (f"link to {path}\n" if path else "" for path in (there, target))
    return [Change(operation, file_diff(file["path"], before, after))]
