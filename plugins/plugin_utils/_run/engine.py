# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""describe, plan, apply: makes the homes of one target as desired.

One execution where nothing has to change, two where something does. If Codex or a person changed a
file in between, nothing is written to it, and everything is described and planned again.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import restart_report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    OperationResult,
    Process,
)

ROUNDS = 3
"""How often a run plans, when files change meanwhile, before it gives up."""

Reserve = t.Callable[[t.Sequence[HomeAnswer]], None]
"""Is called with the described homes, in their order, before anything is written. Raises CodexError to refuse."""


class Executor(t.Protocol):
    """What carries a request to a target: transport.Transport, or a double in a test."""

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order."""


@dataclass
class Outcome:
    """The results of a task on one target."""

    homes: list[dict[str, t.Any]]
    diffs: list[Diff] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any home was changed, or in check mode would be."""
        return any(home["changed"] for home in self.homes)


@dataclass
class HomeRun:
    """One home on its way: what is desired, the last answer and plan, and what all rounds did."""

    desired: DesiredHome
    answer: HomeAnswer = field(default_factory=HomeAnswer)
    plan: HomePlan = field(init=False)
    changes: list[Change] = field(default_factory=list)
    parts: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    processes: dict[int, Process] | None = None
    """Programs that run with the login that was there before, by pid; None: not looked for."""

    def result(self) -> dict[str, t.Any]:
        """The home's result: of the last plan, but for the parts that a round changed."""
        result = {**self.plan.result, **self.parts}
        result["changed"] = bool(self.changes) or self.plan.result["changed"]
        if self.processes is not None:
            result["auth"] = {**result["auth"], **restart_report(result["user"], self.processes.values())}
        return result


Batch = list[tuple[HomeRun, list[Change]]]
"""What apply is asked in one execution."""


def converge(
    executor: Executor,
    desired: t.Sequence[DesiredHome],
    *,
    check_mode: bool = False,
    verify: bool = False,
    reserve: Reserve | None = None,
) -> Outcome:
    """Makes the target's homes as desired, or in check mode says what that would take.

    Raises CodexError for what is refused, and where files keep changing.
    """
    runs = [HomeRun(home) for home in desired]
    for _round in range(ROUNDS):
        _describe_and_plan(executor, runs, verify)
        if reserve:
            reserve([run.answer for run in runs])
        if check_mode or _apply(executor, runs, verify):
            return _outcome(runs, check_mode, verify)
    raise CodexError(f"A file kept changing, {ROUNDS} times in a row. Stop the Codex that writes it, and run again.")


def _describe_and_plan(executor: Executor, runs: t.Sequence[HomeRun], verify: bool) -> None:
    requests = [describe_request(run.desired) for run in runs]
    for request in requests if verify else ():
        request["login_status"] = True
    if any(run.desired.is_host_wide for run in runs):
        requests.append({**describe_request(DesiredHome()), "every_user": True})
    answers = executor.execute("describe", requests)
    others = answers[len(runs) :]
    plans = plan_homes([run.desired for run in runs], answers[: len(runs)], datetime.now(UTC), others)
    for run, answer, plan in zip(runs, answers, plans, strict=False):
        run.answer, run.plan = answer, plan


def _apply(executor: Executor, runs: t.Sequence[HomeRun], verify: bool) -> bool:
    """Does what the plans say; False where another program wrote before or after it. Raises CodexError."""
    batch = _batch(runs)
    if not batch:
        return True
    requests = [_apply_request(run.desired, changes, verify) for run, changes in batch]
    answers = executor.execute("apply", requests)
    finished = [_record(run, changes, answer) for (run, changes), answer in zip(batch, answers, strict=True)]
    if not all(finished):
        return False
    for (run, _changes), answer in zip(batch, answers, strict=True):
        run.answer = answer
    return True


def _batch(runs: t.Sequence[HomeRun]) -> Batch:
    """The changes of the homes, and after them those of the whole host's files.

    Every login has to be there before a file of the host that may allow no other one.
    """
    return [
        (run, changes)
        for on_host in (False, True)
        for run in runs
        if (changes := [change for change in run.plan.changes if (change.operation["base"] == "host") == on_host])
    ]


def _apply_request(desired: DesiredHome, changes: t.Sequence[Change], verify: bool) -> HomeRequest:
    return {
        "user": desired.user,
        "codex_home": desired.codex_home,
        "operations": [change.operation for change in changes],
        "login_status": verify,
    }


def _record(run: HomeRun, changes: t.Sequence[Change], answer: HomeAnswer) -> bool:
    """Records what apply did; returns False where another program wrote before or after it. Raises CodexError."""
    if "error" in answer:
        raise CodexError(messages.target_error(answer["error"]))
    results = answer["results"]
    is_unchanged = True
    for change, result in zip(changes, results, strict=False):
        if result["status"] == "conflict":
            return False
        if result["status"] == "failed":
            raise CodexError(_failure(result))
        run.changes.append(change)
        if change.part:
            backup = {"backup_file": result["backup_file"]} if result.get("backup_file") else {}
            run.parts[change.part] = {**run.parts.get(change.part, {}), **run.plan.result[change.part], **backup}
        if "processes" in result:
            running = {process["pid"]: process for process in result["processes"]}
            run.processes = {**(run.processes or {}), **running}
            is_unchanged = is_unchanged and not result["overwritten"]
        if result.get("in_place"):
            run.warnings.append(_in_place_warning(change, run.plan.result["codex_home"]))
    if len(results) != len(changes):
        raise CodexError(
            f"The work on {run.plan.result['codex_home']} was cut off. Run the play again; it picks up where this run "
            "stopped."
        )
    return is_unchanged


def _in_place_warning(change: Change, codex_home: str) -> str:
    folder = {"codex_home": f"{codex_home}/", "home_directory": "~/", "host": ""}[change.operation["base"]]
    what = "emptied" if change.operation["operation"] == "remove" else "rewritten in place"
    sentence = f"{folder}{change.operation['path']} is a mount point of its own and was {what}."
    if change.part != "auth":
        return f"{sentence} Mount its folder instead."
    return f"{sentence} Codex 0.169 cannot renew a ChatGPT login in such a file: mount its folder instead."


def _failure(result: OperationResult) -> str:
    return messages.target_error(
        {
            "reason": "system",
            "code": result.get("code", ""),
            "cause": result.get("cause", ""),
            "path": result.get("path", ""),
        }
    )


def _outcome(runs: t.Sequence[HomeRun], check_mode: bool, verify: bool) -> Outcome:
    outcome = Outcome([run.result() for run in runs])
    for run, result in zip(runs, outcome.homes, strict=True):
        if verify and not (check_mode and run.plan.changes):  # codex can say nothing of changes that were not made
            _verify(run, result)
        changes = run.plan.changes if check_mode else run.changes
        outcome.diffs += [change.diff for change in changes if change.diff]
        outcome.warnings += run.plan.warnings + run.warnings
        if result.get("auth", {}).get("restart_required"):
            outcome.warnings.append(f"{result['auth']['restart_reason']} Restart them.")
    outcome.warnings = list(dict.fromkeys(outcome.warnings))
    return outcome


def _verify(run: HomeRun, result: dict[str, t.Any]) -> None:
    """Compares what the host's own codex says with what is declared. Raises CodexError where they differ."""
    status = run.answer["login_status"]
    result["login_status"] = status
    user, path = result["user"], result["codex_home"]
    if status["codex"] is None:
        raise CodexError(f"The user {user} has no codex to verify the login with. Install it, or set verify to false.")
    if run.desired.auth is None:
        return
    expected = "none" if run.desired.auth.credential is None else result["auth"]["login"]["method"]
    if status["method"] != expected:
        raise CodexError(
            f"`codex login status` says {status['method']} for {path}, and {expected} was declared. "
            f"Run it there to see why, with CODEX_HOME={path}."
        )
