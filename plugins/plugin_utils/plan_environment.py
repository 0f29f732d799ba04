# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for an account's environment: the file of values, and what reads it."""

from __future__ import annotations

import hashlib

from ansible_collections.fleet.codex.plugins.plugin_utils import environment, obstacles, report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    FILE_MODE,
    Change,
    Step,
    is_file,
    mode_step,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, Operation

SHELL_FILE_MODE = 0o644


def plan_environment(desired: DesiredHome, found: HomeAnswer) -> Step:
    """The step for the account's variables. Raises CodexError where something else stands in a file's place."""
    if desired.environment is None:
        return Step()
    account, files, codex_home = found["account"], found["files"], found["codex_home"]
    variables = dict(desired.environment)
    if desired.export_codex_home and codex_home != account["home"].rstrip("/") + "/.codex":
        variables.setdefault(
            "CODEX_HOME", environment.check_variables({"CODEX_HOME": codex_home}, "codex_home")["CODEX_HOME"]
        )
    values = files[environment.VALUES_FILE]
    step = _plan_values(variables, values)
    step.result = {"path": values["path"], "variables": sorted(variables)}
    if not found["home_exists"]:
        if variables:
            step.warnings.append(
                f"The account {account['name']} has no home folder, so no shell reads {values['path']}; "
                "services and containers can."
            )
        return step
    readers = _plan_readers(bool(variables), values["path"], found)
    # While it is removed, the values are the last to go: a reader skips a file that is not there.
    step.changes = step.changes + readers.changes if variables else readers.changes + step.changes
    step.warnings += readers.warnings
    return step


def _plan_values(variables: dict[str, str], file: FileFacts) -> Step:
    present = is_file(file)
    if not variables:
        if not present:
            return Step()
        remove = remove_operation("codex_home", environment.VALUES_FILE, file)
        return Step([Change(remove, report.file_diff(file["path"], "(variables)\n", ""))])
    content = environment.values_file(variables)
    if present and file["sha256"] == hashlib.sha256(content).hexdigest():
        return mode_step("codex_home", environment.VALUES_FILE, file, FILE_MODE)
    names = "".join(f"{name}={report.HIDDEN}\n" for name in sorted(variables))
    before = "(other variables or values)\n" if present else ""
    write = write_operation("codex_home", environment.VALUES_FILE, content, file, FILE_MODE)
    return Step([Change(write, report.file_diff(file["path"], before, names))])


def _plan_readers(wanted: bool, values: str, found: HomeAnswer) -> Step:
    """The shells' lines, fish's file and environment.d's link: there exactly while there are variables.

    Without variables only what reads this home's values goes: another home of the account may have some.
    """
    account, files, step = found["account"], found["files"], Step()
    line = environment.shell_line(values, account)
    with_line = environment.wanted_shell_files(account, files) if wanted else set()
    for name in environment.SHELL_FILES:
        file = files[name]
        target = line if name in with_line else None
        if file["kind"] not in ("file", "absent"):
            if wanted:
                step.warnings.append(f"{file['path']} was left alone. {obstacles.file_sentence(file)}")
            continue
        before = file.get("lines", [])
        is_right = before == ([target] if target else []) if wanted else line not in before
        if is_right:
            continue
        operation: Operation = {
            "operation": "lines",
            "base": "home",
            "path": name,
            "line": target,
            "marker": environment.MARKER,
            "mode": SHELL_FILE_MODE,
            "expected": file.get("sha256"),
        }
        after = f"{target}\n" if target else ""
        diff = report.file_diff(file["path"], "".join(f"{text}\n" for text in before), after)
        step.changes.append(Change(operation, diff))
    _plan_fish(wanted and environment.wants_fish(account, files), values, found, step)
    _plan_link(wanted and found["system"] == "linux", values, found, step)
    return step


def _plan_fish(wanted: bool, values: str, found: HomeAnswer, step: Step) -> None:
    file = found["files"][environment.FISH_FILE]
    content = environment.fish_file(values, found["account"])
    if wanted:
        if is_file(file) and file["sha256"] == hashlib.sha256(content).hexdigest():
            return
        write = write_operation("home", environment.FISH_FILE, content, file, SHELL_FILE_MODE)
        step.changes.append(Change(write, report.file_diff(file["path"], "", content.decode())))
    elif file["kind"] == "file" and file["sha256"] == hashlib.sha256(content).hexdigest():
        remove = remove_operation("home", environment.FISH_FILE, file)
        step.changes.append(Change(remove, report.file_diff(file["path"], content.decode(), "")))


def _plan_link(wanted: bool, values: str, found: HomeAnswer, step: Step) -> None:
    file = found["files"][environment.LINK]
    there, target = file.get("link"), values if wanted else None
    if there == target or (not wanted and there != values):
        return
    if there is None and file["kind"] != "absent":
        step.warnings.append(f"{file['path']} is not the link this collection makes, so it was left alone.")
        return
    operation: Operation = {"operation": "link", "base": "home", "path": environment.LINK, "to": target}
    before, after = (f"link to {path}\n" if path else "" for path in (there, target))
    step.changes.append(Change(operation, report.file_diff(file["path"], before, after)))
