# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One home on its way through a run: what is desired of it, what was planned, and what came of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config import redaction
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import restart_report
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import failed
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, OperationResult, Process


@dataclass
class HomeRun:
    """One home on its way: what is desired, the last answer and plan, and what all rounds did.

    failure: why nothing more is done to it; the other homes go on.
    is_imagined: whether its user is missing, and check mode goes on all the same.
    """

    desired: DesiredHome
    answer: HomeAnswer = field(default_factory=HomeAnswer)
    plan: HomePlan | None = None
    failure: str | None = None
    is_imagined: bool = False
    changes: list[Change] = field(default_factory=list)
    parts: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    processes: dict[str, dict[int, Process]] = field(default_factory=dict)
    """By the part that was changed: programs that run with what was there before, by pid."""

    def result(self) -> dict[str, t.Any]:
        """The home's result: of the last plan, but for the parts that a round changed."""
        if self.plan is None or self.failure is not None:
            result = {**self._place(), **self.parts, "changed": bool(self.changes), **failed(self.failure or "")}
        else:
            result = {**self.plan.result, **self.parts}
            result["changed"] = bool(self.changes) or self.plan.result["changed"]
        for part, processes in self.processes.items():
            result[part] = {**result[part], **restart_report(result["user"], part, processes.values())}
        return result

    def record(self, changes: t.Sequence[Change], answer: HomeAnswer) -> bool:
        """Takes down what apply did, or why it failed; returns False where another program wrote before or after it."""
        plan = t.cast(HomePlan, self.plan)
        if "error" in answer:
            self.failure = messages.target_error(answer["error"])
            return True
        if answer.get("start_problem"):
            self.failure = _start_failure(plan, answer["start_problem"])
            return True
        results = answer["results"]
        is_unchanged = True
        for change, result in zip(changes, results, strict=False):
            if result["status"] == "conflict":
                return False
            if result["status"] == "failed":
                self.failure = _failure(result)
                return True
            self.changes.append(change)
            if change.part:
                backup = {"backup_file": result["backup_file"]} if result.get("backup_file") else {}
                self.parts[change.part] = {**self.parts.get(change.part, {}), **plan.result[change.part], **backup}
                if "processes" in result:
                    running = {process["pid"]: process for process in result["processes"]}
                    self.processes[change.part] = {**self.processes.get(change.part, {}), **running}
                    is_unchanged = is_unchanged and not result["overwritten"]
            if result.get("in_place"):
                self.warnings.append(_in_place_warning(change, plan.result["codex_home"]))
        if len(results) != len(changes):
            self.failure = (
                f"The work on {plan.result['codex_home']} was cut off. Run the play again; it picks up where this run "
                "stopped."
            )
        return is_unchanged

    def _place(self) -> dict[str, t.Any]:
        """Whose home it is and where, as far as that is known."""
        user = self.answer.get("user_info", {}).get("name") or self.desired.user
        return {"user": user, "codex_home": self.answer.get("codex_home") or self.desired.codex_home}


def _start_failure(plan: HomePlan, words: str) -> str:
    """The sentence for a configuration with which the host's codex says that it does not start."""
    config, path = t.cast(DesiredConfig, plan.desired.config), plan.config.result["path"]
    said = redaction.without_secrets(words, plan.config.after.get(path, {}), config.redaction)
    return (
        f"{plan.result['user']}'s codex does not start with the new content of {path}, so the file was not changed. "
        f"Correct the settings, or what the file already holds. It says: {said}"
    )


def _in_place_warning(change: Change, codex_home: str) -> str:
    folder = {"codex_home": f"{codex_home}/", "home_directory": "~/", "host": ""}[change.operation["base"]]
    what = "emptied" if change.operation["operation"] == "remove" else "rewritten in place"
    sentence = f"{folder}{change.operation['path']} is a mount point of its own and was {what}."
    if change.part != "auth":
        return f"{sentence} Mount its folder instead."
    return f"{sentence} Codex 0.167.2 and later cannot renew a ChatGPT login in such a file: mount its folder instead."


def _failure(result: OperationResult) -> str:
    return messages.target_error(
        {
            "reason": "system",
            "code": result.get("code", ""),
            "cause": result.get("cause", ""),
            "path": result.get("path", ""),
        }
    )
