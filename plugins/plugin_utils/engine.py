# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""describe, plan, apply: brings the desired homes of one target about.

One execution where nothing has to change, two where something does. If Codex or a person changed a
file in between, nothing is written to it and everything is described and planned anew.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles, report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import (
    HomePlan,
    PlannedChange,
    describe_request,
    is_host_wide,
    plan_homes,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    ObstacleFacts,
    OperationResult,
    Process,
)

ROUNDS = 3
"""How often a run plans anew because files changed under it, before it gives up."""


class Executor(t.Protocol):
    """What carries a request to a target: transport.Transport, or a test's stand-in."""

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order."""


@dataclass
class Outcome:
    """What a task on one target came to."""

    homes: list[dict[str, t.Any]]
    diffs: list[report.Diff] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any home was, or in check mode would be, changed."""
        return any(home["changed"] for home in self.homes)


@dataclass
class Progress:
    """What the rounds so far did in one home."""

    changes: list[PlannedChange] = field(default_factory=list)
    parts: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    processes: dict[int, Process] | None = None
    """Who runs with the login that was there before, by number; None: nobody looked."""

    def result(self, plan: HomePlan) -> dict[str, t.Any]:
        """The home's result: of the last plan, but for the parts that an earlier round did."""
        result = {**plan.result, **self.parts, "changed": bool(self.changes) or plan.result["changed"]}
        if self.processes is not None:
            result["auth"] = {**result["auth"], **report.restart_report(result["user"], self.processes.values())}
        return result


def bring_about(
    executor: Executor,
    desired: t.Sequence[DesiredHome],
    *,
    check_mode: bool = False,
    verify: bool = False,
    claim: t.Callable[[t.Sequence[HomeAnswer]], None] | None = None,
) -> Outcome:
    """Makes the target's homes as desired, or in check mode says what that would take.

    ``claim`` is asked about the described homes before anything is written; it raises CodexError to refuse.
    """
    progress = [Progress() for _home in desired]
    for _round in range(ROUNDS):
        requests = [describe_request(home) for home in desired]
        for request in requests if verify else ():
            request["login_status"] = True
        if any(map(is_host_wide, desired)):
            requests.append({**describe_request(DesiredHome()), "every_account": True})
        answers = executor.execute("describe", requests)
        answers, others = answers[: len(desired)], answers[len(desired) :]
        plans = plan_homes(desired, answers, datetime.now(UTC), others)
        if claim:
            claim(answers)
        turns = _turns(plans)
        if turns and not check_mode:
            requests = [_apply_request(desired[n], changes, verify) for n, changes in turns]
            applied = list(zip(turns, executor.execute("apply", requests), strict=True))
            finished = [_note(progress[n], plans[n], changes, answer) for (n, changes), answer in applied]
            if not all(finished):
                continue
            for (n, _changes), answer in applied:
                answers[n] = answer
        results = [done.result(plan) for done, plan in zip(progress, plans, strict=True)]
        if verify:
            _verify(desired, plans, results, answers, check_mode)
        outcome = Outcome(results)
        for plan, done, result in zip(plans, progress, results, strict=True):
            outcome.diffs += plan.diffs if check_mode else [change.diff for change in done.changes if change.diff]
            outcome.warnings += plan.warnings + done.warnings
            if result.get("auth", {}).get("restart_required"):
                outcome.warnings.append(f"{result['auth']['restart_reason']} Restart them.")
        outcome.warnings = list(dict.fromkeys(outcome.warnings))
        return outcome
    raise CodexError(
        f"A file kept changing while it was worked on, {ROUNDS} times in a row. Stop Codex there and run again."
    )


def _turns(plans: t.Sequence[HomePlan]) -> list[tuple[int, list[PlannedChange]]]:
    """What apply is to do, by the places of the plans: the homes, and then the files of the whole host.

    Every login has to be there before a file of the host that may allow no other one.
    """
    return [
        (n, changes)
        for on_host in (False, True)
        for n, plan in enumerate(plans)
        if (changes := [change for change in plan.changes if (change.operation["base"] == "host") == on_host])
    ]


def _apply_request(desired: DesiredHome, changes: t.Sequence[PlannedChange], verify: bool) -> HomeRequest:
    return {
        "user": desired.user,
        "codex_home": desired.codex_home,
        "operations": [change.operation for change in changes],
        "login_status": verify,
    }


def _note(progress: Progress, plan: HomePlan, changes: t.Sequence[PlannedChange], answer: HomeAnswer) -> bool:
    """Notes what apply did; whether that is all, False where somebody else wrote before or after it."""
    if "obstacle" in answer:
        raise CodexError(obstacles.sentence(answer["obstacle"]))
    results = answer["results"]
    settled = True
    for change, result in zip(changes, results, strict=False):
        if result["status"] == "conflict":
            return False
        if result["status"] == "failed":
            raise CodexError(obstacles.sentence(_obstacle(result)))
        progress.changes.append(change)
        if change.part:
            backup = {"backup_file": result["backup_file"]} if result.get("backup_file") else {}
            progress.parts[change.part] = {**progress.parts.get(change.part, {}), **plan.result[change.part], **backup}
        if "processes" in result:
            found = {process["pid"]: process for process in result["processes"]}
            progress.processes = {**(progress.processes or {}), **found}
            settled = settled and not result["rewritten"]
        if result.get("in_place"):
            progress.warnings.append(_in_place_warning(change, plan.result["codex_home"]))
    if len(results) != len(changes):
        raise CodexError(
            f"The work on {plan.result['codex_home']} ended half-way. Run again: what was done is seen then."
        )
    return settled


def _in_place_warning(change: PlannedChange, codex_home: str) -> str:
    below = {"codex_home": f"{codex_home}/", "home": "~/", "host": ""}[change.operation["base"]]
    what = "emptied" if change.operation["operation"] == "remove" else "rewritten in place"
    told = f"{below}{change.operation['path']} is a mount point of its own and was {what}."
    if change.part != "auth":
        return f"{told} Mount its folder instead."
    return f"{told} Codex 0.169 cannot renew a ChatGPT login in such a file: mount its folder instead."


def _obstacle(result: OperationResult) -> ObstacleFacts:
    return {
        "reason": "system",
        "code": result.get("code", ""),
        "cause": result.get("cause", ""),
        "path": result.get("path", ""),
    }


def _verify(
    desired: t.Sequence[DesiredHome],
    plans: t.Sequence[HomePlan],
    results: t.Sequence[dict[str, t.Any]],
    answers: t.Sequence[HomeAnswer],
    check_mode: bool,
) -> None:
    """Holds what the host's own codex says against what was declared; says nothing of changes not made."""
    for home, plan, result, answer in zip(desired, plans, results, answers, strict=True):
        if check_mode and plan.changes:
            continue
        status = answer["login_status"]
        result["login_status"] = status
        name, path = result["user"], result["codex_home"]
        if status["codex"] is None:
            raise CodexError(f"The account {name} has no codex to verify the login with. Install it, or do not verify.")
        if home.auth is None:
            continue
        expected = "none" if home.auth.credential is None else result["auth"]["auth"]["mode"]
        if status["method"] != expected:
            raise CodexError(
                f"`codex login status` says {status['method']} for {path}, and {expected} was declared. "
                f"Run it there to see why, with CODEX_HOME={path}."
            )
