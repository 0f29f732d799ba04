# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_home: any number of Codex homes of a host, in one execution."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.entries import migrated_entry
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import entry
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.role import ROLE, check_role_variables, check_types
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import needs_restart
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._run.migration import Migration
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport


class ActionModule(CodexAction):
    """codex_home."""

    def check_variables(self) -> None:
        """Those of the role, of which wrong ones are passed on as they are."""
        if self._is_of_role:
            check_types(self._task.args.get("homes"), self._variables)

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """One result for each home, in the order of ``homes``."""
        warnings = check_role_variables(self._variables, self._value) if self._is_of_role else []
        entries: list[t.Any] = arguments["homes"]
        names = [entry(entries, n) for n in range(len(entries))]
        migrate_to = arguments["migrate_to"]
        if migrate_to:
            entries = [migrated_entry(home, migrate_to, backup=arguments["migrate_backup"]) for home in entries]
        homes = [
            desired_home(home, self.read_source, name, transport.is_windows)
            for home, name in zip(entries, names, strict=True)
            if home is not None
        ]
        migration = None
        if migrate_to:
            where = self.place(transport)
            migration = Migration(transport, homes, migrate_to, where, check_mode=self._task.check_mode)
            if migration.sign_in:
                return {"changed": False, "homes": [], "sign_in": migration.sign_in}
            homes = migration.homes
        outcome, result = self.converge(transport, homes, arguments["verify"])
        if migration:
            migration.complete(outcome.homes)
        if warnings:
            result["warnings"] = [*warnings, *result.get("warnings", [])]
        if any(needs_restart(part) for home in outcome.homes for part in home.values()):
            # Ansible reads the task's `notify` after this. A task of its own for it would cost each host more than
            # all of this one does when nothing changes.
            self._task.notify = [*(self._task.notify or []), *arguments["restart_handlers"]]
        return {**result, "homes": outcome.homes}

    @property
    def _is_of_role(self) -> bool:
        return bool(self._variables.get("ansible_role_name") == ROLE)

    def _value(self, name: str) -> t.Any:
        """The value of a variable of the host; None for `omit`."""
        # In a dictionary, since ansible-core 2.19 and later take `omit` out of one and refuse it elsewhere.
        value = self._templar.template({name: self._variables[name]}).get(name)
        return None if value == self._variables.get("omit") else value
