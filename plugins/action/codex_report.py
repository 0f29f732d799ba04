# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_report: what became of the accounts of a run, as a table and as a file. It asks no host."""

from __future__ import annotations

import pathlib
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.report import report_text
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row, fleet_rows
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.table import fleet_table
from ansible_collections.fleet.codex.plugins.plugin_utils._run import controller_file
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport


class ActionModule(CodexAction):
    """codex_report."""

    _requires_connection = False

    def work(self, arguments: dict[str, t.Any], _transport: Transport) -> dict[str, t.Any]:
        """The table. Raises CodexError where the file cannot be written."""
        rows = fleet_rows(arguments["results"], arguments["failed"])
        result: dict[str, t.Any] = {"changed": False}
        if arguments["dest"]:
            result["dest"] = self._write(rows, arguments["dest"], arguments["title"])
        # As `debug` does: the callback prints the result of a task that has this key.
        return {**result, "msg": fleet_table(rows), "_ansible_verbose_always": True}

    def _write(self, rows: list[Row], dest: str, title: str) -> str:
        """Writes the report: its path. In check mode, too, where it says what would be."""
        path = pathlib.Path(self._loader.path_dwim(dest))
        text = report_text(rows, title, datetime.now(UTC), self._task.check_mode)
        written = False
        while not written:  # else somebody else was writing it
            old = path.read_bytes() if path.exists() else None
            written = controller_file.replace(path, text.encode(), old, keep_mode=True)
        return str(path)
