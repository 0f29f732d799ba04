# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_home: any number of Codex homes of a host, in one execution."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._run.transport import Transport


class ActionModule(CodexAction):
    """codex_home."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """One result for each home, in the order of ``homes``."""
        homes = [
            desired_home(home, self.read_source, f"homes[{n}]." if len(arguments["homes"]) > 1 else "")
            for n, home in enumerate(arguments["homes"])
        ]
        outcome, result = self.converge(transport, homes, arguments["verify"])
        if any(home.get("auth", {}).get("restart_required") for home in outcome.homes):
            # Ansible reads the task's `notify` after this. A task of its own for it would cost each host more than
            # all of this one does when nothing changes.
            self._task.notify = [*(self._task.notify or []), *arguments["restart_handlers"]]
        return {**result, "homes": outcome.homes}
