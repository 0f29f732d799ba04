# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_report: what became of the accounts of a run, as a table and as a file. It asks no host."""

from __future__ import annotations

import pathlib
import stat
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._fleet import page as page_file
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.page import fleet_page
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.report import report_text
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row, fleet_rows
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.table import fleet_table
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable
from ansible_collections.fleet.codex.plugins.plugin_utils._run import controller_file
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

TEMPLATE: t.Final = pathlib.Path(page_file.__file__).with_name("page.html.j2")
PAGES: t.Final = (".html", ".htm")  # the ends of names that ask for a page


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
        return {**result, "msg": fleet_table(rows, self._task.check_mode), "_ansible_verbose_always": True}

    def _write(self, rows: list[Row], dest: str, title: str) -> str:
        """Writes the report: its path. In check mode, too, where it says what would be. Raises CodexError."""
        path = pathlib.Path(self._loader.path_dwim(dest))
        now, check_mode = datetime.now(UTC), self._task.check_mode
        if dest.lower().endswith(PAGES):
            text = fleet_page(TEMPLATE.read_text(encoding="utf-8"), rows, title, now, check_mode)
        else:
            text = report_text(rows, title, now, check_mode)
        written = False
        while not written:  # else somebody else was writing it
            written = controller_file.replace(path, text.encode(), _what_is_there(path), keep_mode=True)
        return str(path)


def _what_is_there(path: pathlib.Path) -> bytes | None:
    """What the file holds; None where there is none. Raises CodexError for what cannot be a report."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe would be waited for
            what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise CodexError(f"dest: {path} is {what}. Name a file for the report.")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # the latter for a zero byte
        raise CodexError(
            f"dest: {printable(str(path))} cannot be written on the controller "
            f"({getattr(error, 'strerror', error)}). Choose a place where the user that runs Ansible can write."
        ) from None
