# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of a task's homes together: whether it changed anything, and whether and why it failed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff


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

    @property
    def failure(self) -> str | None:
        """Why the task failed: the reason of each home that did; None where none did."""
        failed = [home for home in self.homes if home.get("failed")]
        if not failed:
            return None
        sentences = [f"{_name(home)}: {home['msg']}" for home in failed]
        if len(self.homes) == 1:
            sentences = [failed[0]["msg"]]
        else:
            others = "; the others did not" if len(failed) < len(self.homes) else ""
            sentences.insert(0, f"{len(failed)} of {len(self.homes)} homes failed{others}.")
        running = [home["user"] for home in self.homes if any(map(needs_restart, home.values()))]
        if running:
            sentences.append(f"A failed task notifies no handler: restart the programs of {', '.join(running)}.")
        return " ".join(sentences)


def needs_restart(part: object) -> bool:
    """Whether a part of a home's result says that programs have to be restarted."""
    return isinstance(part, dict) and bool(part.get("restart_required"))


def _name(home: dict[str, t.Any]) -> str:
    return f"{home['user']} ({home['codex_home']})" if home["codex_home"] else str(home["user"])


def failed(reason: str) -> dict[str, t.Any]:
    """What the result of a home has that was refused or failed."""
    return {"failed": True, "msg": reason}
