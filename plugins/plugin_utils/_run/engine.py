# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""describe, plan, apply: makes the homes of one target as desired.

One execution where nothing has to change, two where something does. If Codex or a person changed a
file in between, nothing is written to it, and everything is described and planned again. A home that
fails stops no other one.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import WAITING, plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import (
    describe_request,
    described_as_new,
    is_missing_user,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import Outcome, failed, needs_restart
from ansible_collections.fleet.codex.plugins.plugin_utils._run.home_run import HomeRun
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest

ROUNDS = 3
"""How often a run plans, when files change meanwhile, before it gives up."""

Reserve = t.Callable[[t.Sequence[DesiredHome], t.Sequence[HomeAnswer]], None]
"""Is called with the homes that will be served, as desired and as described, before anything is written.

Raises CodexError to refuse them all.
"""


class Executor(t.Protocol):
    """What carries a request to a target: transport.Transport, or a double in a test."""

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order."""


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

    A home that is refused or fails is not in the way of the others; its result says why. Raises CodexError for what
    makes the whole task wrong.
    """
    runs = [HomeRun(home) for home in desired]
    left = runs
    for _round in range(ROUNDS):
        try:
            left = _round_of(executor, left, check_mode, verify, reserve)
        except CodexError as error:
            if not any(run.changes for run in runs):
                raise
            for run in left:
                run.failure = str(error)
            left = []
        if not left:
            break
    for run in left:
        run.failure = (
            f"A file kept changing, {ROUNDS} times in a row. Stop the Codex that writes it, and run the play again."
        )
    return _outcome(runs, check_mode, verify)


def _round_of(
    executor: Executor, runs: t.Sequence[HomeRun], check_mode: bool, verify: bool, reserve: Reserve | None
) -> list[HomeRun]:
    """Describes, plans and applies; returns the homes where another program wrote meanwhile. Raises CodexError."""
    _describe_and_plan(executor, runs, check_mode, verify)
    left = [run for run in runs if run.failure is None]
    if reserve:
        reserve([run.desired for run in left], [run.answer for run in left])
    return _apply(executor, left, check_mode, verify)


def _describe_and_plan(executor: Executor, runs: t.Sequence[HomeRun], check_mode: bool, verify: bool) -> None:
    """Gives each home its answer, and its plan or its failure. Raises CodexError for what makes the task wrong."""
    requests = [describe_request(run.desired) for run in runs]
    for request in requests if verify else ():
        request["login_status"] = True
    if any(run.desired.is_host_wide for run in runs):
        everyone = DesiredHome(is_windows=runs[0].desired.is_windows)
        requests.append(describe_request(everyone, every_user=True))
    answers = executor.execute("describe", requests)
    others = answers[len(runs) :]
    for run, answer in zip(runs, answers, strict=False):
        run.answer = answer
        if check_mode and is_missing_user(answer):
            run.is_imagined, run.desired = True, replace(run.desired, detect_version=False)
            run.answer = described_as_new(run.desired)
            run.warnings.append(
                f"There is no user {run.desired.user} on this host. Check mode goes on as if an earlier task created "
                "the user; without check mode, this fails."
            )
    planned = plan_homes([run.desired for run in runs], [run.answer for run in runs], datetime.now(UTC), others)
    for run, plan in zip(runs, planned, strict=True):
        if isinstance(plan, CodexError):
            run.failure = str(plan)
        else:
            run.plan = plan


def _apply(executor: Executor, runs: t.Sequence[HomeRun], check_mode: bool, verify: bool) -> list[HomeRun]:
    """Does what the plans say, and returns the homes where another program wrote before or after it.

    In check mode only asks the host's codex, where it is asked, whether it starts with the new configuration.
    """
    batch = _batch(runs)
    requests = [_apply_request(run, changes, verify) for run, changes in batch]
    if check_mode:
        asked = [
            (run, request)
            for (run, _changes), request in zip(batch, requests, strict=True)
            if "start_check" in request and not run.is_imagined
        ]
        batch = [(run, []) for run, _request in asked]
        requests = [{**request, "operations": [], "login_status": False} for _run, request in asked]
    if not batch:
        return []
    answers = executor.execute("apply", requests)
    unfinished: list[HomeRun] = []
    for (run, changes), answer in zip(batch, answers, strict=True):
        if not run.record(changes, answer) and run not in unfinished:
            unfinished.append(run)
        if not check_mode and "login_status" in answer:
            run.answer["login_status"] = answer["login_status"]
    if any(run.failure for run, _changes in batch):
        for run in [run for run in unfinished if run.desired.is_host_wide and run.failure is None]:
            run.failure = WAITING
    return [run for run in unfinished if run.failure is None]


def _batch(runs: t.Sequence[HomeRun]) -> Batch:
    """The changes of the homes, and after them those of the whole host's files.

    Every login has to be there before a file of the host that may allow no other one.
    """
    return [
        (run, changes)
        for on_host in (False, True)
        for run in runs
        if run.plan
        if (changes := [change for change in run.plan.changes if (change.operation["base"] == "host") == on_host])
    ]


def _apply_request(run: HomeRun, changes: t.Sequence[Change], verify: bool) -> HomeRequest:
    desired = run.desired
    request: HomeRequest = {
        "user": desired.user,
        "codex_home": desired.codex_home,
        "operations": [change.operation for change in changes],
        "login_status": verify,
    }
    for change in changes if desired.detect_version or verify else ():
        operation = change.operation
        # Other layers mean nothing by themselves: what they name may be in the user's file.
        if (change.part, operation["base"], operation["path"]) == ("config", "codex_home", "config.toml"):
            request["start_check"] = operation.get("content", "")
    return request


def _outcome(runs: t.Sequence[HomeRun], check_mode: bool, verify: bool) -> Outcome:
    outcome = Outcome([run.result() for run in runs])
    for run, result in zip(runs, outcome.homes, strict=True):
        if run.plan is None or run.failure is not None:
            outcome.diffs += [change.diff for change in run.changes if change.diff]
            outcome.warnings += run.warnings + _restart_warnings(run, result)
            continue
        # codex can say nothing of changes that were not made, and nothing of a user that is yet to be made
        if verify and "login_status" in run.answer and not (check_mode and run.plan.changes):
            problem = _verify(run, result)
            if problem:
                result.update(failed(problem))
        changes = run.plan.changes if check_mode else run.changes
        outcome.diffs += [change.diff for change in changes if change.diff]
        outcome.warnings += run.plan.warnings + run.warnings + _restart_warnings(run, result)
    outcome.warnings = list(dict.fromkeys(outcome.warnings))
    return outcome


def _restart_warnings(run: HomeRun, result: dict[str, t.Any]) -> list[str]:
    parts = [result[part] for part in run.processes]
    return [f"{part['restart_reason']} Restart them." for part in parts if needs_restart(part)]


def _verify(run: HomeRun, result: dict[str, t.Any]) -> str | None:
    """How what the host's own codex says differs from what is declared; None where it does not."""
    status = run.answer["login_status"]
    result["login_status"] = status
    user, path = result["user"], result["codex_home"]
    if status["codex"] is None:
        return f"The user {user} has no codex to verify the login with. Install it, or set verify to false."
    if run.desired.auth is None:
        return None
    expected = "none" if run.desired.auth.credential is None else result["auth"]["login"]["method"]
    if status["method"] == expected:
        return None
    return (
        f"`codex login status` says {status['method']} for {path}, and {expected} was declared. "
        f"Run it there to see why, with CODEX_HOME={path}."
    )
