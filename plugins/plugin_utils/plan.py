# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is desired and what a target described to the operations that make it so.

No I/O and no Ansible: everything that is decided is decided here or in the modules that this one
imports. auth.json comes first, config.toml second, the environment last; removing goes the other way.
"""

from __future__ import annotations

import base64
import hashlib
import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import environment, obstacles, report, toml_document, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.credentials import decide, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredAuth, DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    FileFacts,
    FileQuery,
    HomeAnswer,
    HomeRequest,
    Operation,
)

FILE_MODE = 0o600
FOLDER_MODE = 0o700
SHELL_FILE_MODE = 0o644

AUTH_QUERY: t.Final[FileQuery] = {"name": "auth", "base": "codex_home", "path": "auth.json", "report": "auth"}
CONFIG_QUERY: t.Final[FileQuery] = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}


@dataclass
class Step:
    """One part of a home's plan: what to do, what to show and what to return."""

    operations: list[Operation] = field(default_factory=list)
    diffs: list[report.Diff] = field(default_factory=list)
    result: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


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
    auth = _plan_auth(desired.auth, found["files"]["auth"], now)
    there = _auth_after(desired.auth, auth, found["files"]["auth"])
    config = _plan_config(desired, found, there)
    exported = _plan_environment(desired, found)
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
            facts: obstacles.ObstacleFacts = {
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
    return Step([operation], [_mode_diff(folder["path"], folder["mode"], tight, "folder, ")])


def _mode_diff(path: str, before: int, after: int, what: str = "") -> report.Diff:
    return report.file_diff(path, f"{what}mode {before:04o}\n", f"{what}mode {after:04o}\n")


def _clean(leftovers: t.Sequence[str], found: HomeAnswer) -> list[Operation]:
    folders = sorted({path.rpartition("/")[0] for path in leftovers})
    # An absolute path replaces what it is relative to.
    return [{"operation": "clean", "base": "home", "path": folder} for folder in folders]


def _usable(file: FileFacts) -> bool:
    """Whether there is a file; refuses whatever else may stand in its place."""
    if file["kind"] in ("file", "absent"):
        return file["kind"] == "file"
    raise CodexError(obstacles.file_sentence(file))


def _repaired_mode(file: FileFacts, wanted: int | None) -> int:
    """The mode a file shall have: what was asked for, else no wider than the default."""
    return wanted if wanted is not None else file.get("mode", FILE_MODE) & FILE_MODE


def _write(
    base: t.Literal["codex_home", "home"], path: str, content: bytes, file: FileFacts, mode: int, backup: bool = False
) -> Operation:
    return {
        "operation": "write",
        "base": base,
        "path": path,
        "content": base64.b64encode(content).decode(),
        "mode": mode,
        "expected": file.get("sha256"),
        "backup": backup,
    }


def _mode_or_nothing(base: t.Literal["codex_home", "home"], path: str, file: FileFacts, mode: int) -> Step:
    if file["mode"] == mode:
        return Step()
    operation: Operation = {"operation": "mode", "base": base, "path": path, "mode": mode}
    return Step([operation], [_mode_diff(file["path"], file["mode"], mode)])


# -------------------------------------------------------------------------------------- auth.json


def _plan_auth(desired: DesiredAuth | None, file: FileFacts, now: datetime) -> Step:
    if desired is None:
        return Step()
    if desired.credential is None:
        return _remove_auth(desired, file)
    present = _usable(file)
    before = file["auth"] if present else None
    after = desired.credential.summary()
    decision = decide(after, before, desired.update, desired.on_account_mismatch, file["path"])
    mode = _repaired_mode(file, desired.mode)
    if decision.replace:
        step = Step(
            [_write("codex_home", "auth.json", desired.credential.render(), file, mode, desired.backup)],
            [report.auth_diff(file["path"], before, after)],
        )
    else:
        step = _mode_or_nothing("codex_home", "auth.json", file, mode)
    step.result = {
        "path": file["path"],
        "reason": decision.reason,
        "auth": report.auth_report(after if decision.replace else before, now),
    }
    return step


def _remove_auth(desired: DesiredAuth, file: FileFacts) -> Step:
    result = {"path": file["path"], "reason": "There was no auth.json.", "auth": {"mode": "none"}}
    if file["kind"] == "absent":
        return Step(result=result)
    if file["kind"] not in ("file", "dangling"):
        raise CodexError(obstacles.file_sentence(file))
    operation: Operation = {
        "operation": "remove",
        "base": "codex_home",
        "path": "auth.json",
        "expected": file.get("sha256"),
        "backup": desired.backup,
    }
    result["reason"] = "The file was removed here; the login itself was not revoked."
    return Step([operation], [report.auth_diff(file["path"], file.get("auth"), None)], result)


def _auth_after(desired: DesiredAuth | None, step: Step, file: FileFacts) -> AuthSummary | None:
    """The auth.json that will be there once the plan is done."""
    if desired is not None and any(operation["operation"] == "remove" for operation in step.operations):
        return None
    if desired is not None and desired.credential and any(o["operation"] == "write" for o in step.operations):
        return desired.credential.summary()
    return file.get("auth")


# ------------------------------------------------------------------------------------ config.toml


def _plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> Step:
    file = found["files"]["config"]
    config = desired.config
    if config is None:
        return _check_untouched_config(desired, file, auth)
    if not config.present:
        return _remove_config(config, file)
    old = base64.b64decode(file["content"]) if _usable(file) else b""
    data = toml_document.parse(toml_document.decode(old, file["path"]), file["path"])
    version = desired.codex_version or _detected(desired, found)
    settings, warnings = login_settings(config, version, auth)
    changes = toml_document.find_changes(data, {**settings, **config.settings}, config.absent, file["path"])
    new = toml_document.edit(old, changes, file["path"]) if changes else old
    after = toml_document.parse(toml_document.decode(new, file["path"]), file["path"]) if changes else data
    check_forced_login_method(after, auth, file["path"])
    mode = _repaired_mode(file, config.mode)
    if changes:
        step = Step(
            [_write("codex_home", "config.toml", new, file, mode, config.backup)],
            [report.config_diff(file["path"], changes)],
        )
    else:
        step = Step() if file["kind"] == "absent" else _mode_or_nothing("codex_home", "config.toml", file, mode)
    if any(change.path == ("preferred_auth_method",) for change in changes) or "preferred_auth_method" not in settings:
        step.warnings += warnings  # of a key that is written: once, when it is written
    step.warnings += _credentials_store_warnings(desired, after, file)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": removed_keys(after, version),
    }
    return step


def _detected(desired: DesiredHome, found: HomeAnswer) -> versions.Version | None:
    if not desired.detect_version:
        return None
    text = found.get("codex_version")
    if not text:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    return versions.parse_version(text)


def login_settings(
    config: DesiredConfig, version: versions.Version | None, auth: AuthSummary | None
) -> tuple[toml_document.Table, list[str]]:
    """The keys that choose the login method, as this version of Codex reads them, and what to say about it."""
    settings: toml_document.Table = {}
    warnings: list[str] = []
    preferred = config.preferred_auth_method
    key = versions.KEYS["preferred_auth_method"]
    if preferred and (version is None or key.works_in(version)):
        settings["preferred_auth_method"] = preferred
    if preferred and version is None:
        warnings.append(
            "preferred_auth_method was written, and only Codex 0.23 to 0.34 act on it; later ones go by auth.json alone. "
            "Give codex_version (or detect) to have each version get what it understands."
        )
    elif preferred and not key.works_in(t.cast(versions.Version, version)):
        warnings.append(
            f"preferred_auth_method was left out: Codex {'.'.join(map(str, version or ()))} does not act on it and "
            "goes by auth.json alone. enforce_login_method writes its successor from 0.49 on."
        )
    if config.enforce_login_method:
        method = preferred or (method_of(auth) if auth else None)
        if method not in versions.FORCED_LOGIN_METHOD:
            raise CodexError(
                "enforce_login_method needs a login to enforce: there will be no auth.json with an API key or ChatGPT "
                "tokens. Deploy one in the same task, or give preferred_auth_method."
            )
        if version is None or versions.KEYS["forced_login_method"].works_in(version):
            settings["forced_login_method"] = versions.FORCED_LOGIN_METHOD[method]
    return settings, warnings


def check_forced_login_method(data: toml_document.Table, auth: AuthSummary | None, path: str) -> None:
    """Refuses a config.toml with which Codex (0.49 and later) deletes the auth.json that will be there."""
    forced = data.get("forced_login_method")
    method = method_of(auth) if auth is not None else "none"
    if forced is None or method not in versions.FORCED_LOGIN_METHOD:
        return
    if versions.FORCED_LOGIN_METHOD[method] != forced:
        what = "an API key" if method == "apikey" else "ChatGPT tokens"
        raise CodexError(
            f"forced_login_method in {path} would not be the method of the auth.json beside it, which holds {what}: "
            "Codex would delete the login. Make the two agree; nothing was changed."
        )


def removed_keys(data: toml_document.Table, version: versions.Version | None) -> list[str]:
    """The keys of the file that this version of Codex does not act on."""
    if version is None:
        return []
    return [name for name, key in versions.KEYS.items() if name in data and not key.works_in(version)]


def _check_untouched_config(desired: DesiredHome, file: FileFacts, auth: AuthSummary | None) -> Step:
    """Looks at a config.toml that is not to be changed, for what would make the deployed login useless."""
    if desired.auth is None or desired.auth.credential is None or file["kind"] != "file":
        return Step()
    try:
        old = toml_document.decode(base64.b64decode(file["content"]), file["path"])
        data = toml_document.parse(old, file["path"])
    except CodexError as error:
        return Step(warnings=[str(error)])
    check_forced_login_method(data, auth, file["path"])
    return Step(warnings=_credentials_store_warnings(desired, data, file))


def _credentials_store_warnings(desired: DesiredHome, data: toml_document.Table, file: FileFacts) -> list[str]:
    store = data.get("cli_auth_credentials_store", "file")
    if desired.auth is None or desired.auth.credential is None or store == "file":
        return []
    return [
        f"{file['path']} sets cli_auth_credentials_store to a store other than file, so Codex 0.53 and later may not "
        "read auth.json. Put cli_auth_credentials_store: file into the settings."
    ]


def _remove_config(config: DesiredConfig, file: FileFacts) -> Step:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if file["kind"] == "absent":
        return Step(result=result)
    if file["kind"] not in ("file", "dangling"):
        raise CodexError(obstacles.file_sentence(file))
    operation: Operation = {
        "operation": "remove",
        "base": "codex_home",
        "path": "config.toml",
        "expected": file.get("sha256"),
        "backup": config.backup,
    }
    return Step([operation], [report.file_diff(file["path"], "(a config.toml)\n", "")], result)


# ------------------------------------------------------------------------------------ environment


def _plan_environment(desired: DesiredHome, found: HomeAnswer) -> Step:
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
    step.operations = step.operations + readers.operations if variables else readers.operations + step.operations
    step.diffs += readers.diffs
    step.warnings += readers.warnings
    return step


def _plan_values(variables: dict[str, str], file: FileFacts) -> Step:
    present = _usable(file)
    if not variables:
        if not present:
            return Step()
        remove: Operation = {
            "operation": "remove",
            "base": "codex_home",
            "path": environment.VALUES_FILE,
            "expected": file["sha256"],
        }
        return Step([remove], [report.file_diff(file["path"], "(variables)\n", "")])
    content = environment.values_file(variables)
    if present and file["sha256"] == hashlib.sha256(content).hexdigest():
        return _mode_or_nothing("codex_home", environment.VALUES_FILE, file, FILE_MODE)
    names = "".join(f"{name}={report.HIDDEN}\n" for name in sorted(variables))
    before = "(other variables or values)\n" if present else ""
    return Step(
        [_write("codex_home", environment.VALUES_FILE, content, file, FILE_MODE)],
        [report.file_diff(file["path"], before, names)],
    )


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
        step.operations.append(operation)
        after = f"{target}\n" if target else ""
        step.diffs.append(report.file_diff(file["path"], "".join(f"{text}\n" for text in before), after))
    _plan_fish(wanted and environment.wants_fish(account, files), values, found, step)
    _plan_link(wanted and found["system"] == "linux", values, found, step)
    return step


def _plan_fish(wanted: bool, values: str, found: HomeAnswer, step: Step) -> None:
    file = found["files"][environment.FISH_FILE]
    content = environment.fish_file(values, found["account"])
    if wanted:
        if _usable(file) and file["sha256"] == hashlib.sha256(content).hexdigest():
            return
        step.operations.append(_write("home", environment.FISH_FILE, content, file, SHELL_FILE_MODE))
        step.diffs.append(report.file_diff(file["path"], "", content.decode()))
    elif file["kind"] == "file" and file["sha256"] == hashlib.sha256(content).hexdigest():
        step.operations.append(
            {"operation": "remove", "base": "home", "path": environment.FISH_FILE, "expected": file["sha256"]}
        )
        step.diffs.append(report.file_diff(file["path"], content.decode(), ""))


def _plan_link(wanted: bool, values: str, found: HomeAnswer, step: Step) -> None:
    file = found["files"][environment.LINK]
    there, target = file.get("link"), values if wanted else None
    if there == target or not wanted and there != values:
        return
    if there is None and file["kind"] != "absent":
        step.warnings.append(f"{file['path']} is not the link this collection makes, so it was left alone.")
        return
    step.operations.append({"operation": "link", "base": "home", "path": environment.LINK, "to": target})
    before, after = (f"link to {path}\n" if path else "" for path in (there, target))
    step.diffs.append(report.file_diff(file["path"], before, after))
