# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_program: whether each user has Codex, and npm where it is to install it."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import entry
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._options.role import ROLE
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._program.found import (
    Found,
    could_not_look,
    found_programs,
    needs_npm,
    problem,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._program.npm import npm_command, npm_failure
from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import (
    OF_MODULE,
    OF_ROLE,
    Place,
    WantedProgram,
    wanted_program,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest


class ActionModule(CodexAction):
    """codex_program."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """What each of the homes' users has, after npm has installed it where it has to."""
        container = arguments["container"]
        place = Place(self.host, container and container["name"], transport.is_windows)
        is_of_role = self._variables.get("ansible_role_name") == ROLE
        wanted = wanted_program(arguments, place, OF_ROLE if is_of_role else OF_MODULE)
        requests = _requests(arguments["homes"], transport.is_windows)
        found = _look(transport, requests, wanted)
        if not needs_npm(found, wanted):
            return _result(found, wanted, changed=False)
        if self._task.check_mode:
            said = f"npm would install Codex {wanted.version}."
            # As `debug` does: the callback prints the result of a task that has this key.
            return {"changed": True, "homes": found, "msg": said, "_ansible_verbose_always": True}
        failure = npm_failure(self._run_npm(wanted), wanted)
        if failure:
            raise CodexError(failure)
        try:
            return _result(_look(transport, requests, wanted), wanted, changed=True)
        except CodexError as error:
            return {"failed": True, "changed": True, "msg": str(error)}

    def _run_npm(self, wanted: WantedProgram) -> dict[str, t.Any]:
        """What ansible.builtin.command returns, which a host needs Python for."""
        arguments = {"argv": npm_command(wanted), "expand_argument_vars": False}
        result: dict[str, t.Any] = self._execute_module(
            module_name="ansible.builtin.command", module_args=arguments, task_vars=self._variables
        )
        return result


def _requests(homes: t.Sequence[t.Any], is_windows: bool) -> list[HomeRequest]:
    """What describe is asked about the homes, about each once. Raises CodexError."""
    places = [desired_place(home, entry(homes, n), is_windows) for n, home in enumerate(homes)]
    return [
        describe_request(home)
        for home in dict.fromkeys(DesiredHome(**{**place, "detect_version": True}) for place in places)
    ]


def _look(transport: Transport, requests: list[HomeRequest], wanted: WantedProgram) -> list[Found]:
    """What each user has, in one execution. Raises CodexError."""
    if not requests:
        return []
    try:
        answers = transport.execute("describe", requests)
    except CodexError as error:
        raise could_not_look(wanted, str(error)) from None
    return found_programs([request["user"] for request in requests], answers, wanted)


def _result(found: list[Found], wanted: WantedProgram, *, changed: bool) -> dict[str, t.Any]:
    result = {"changed": changed, "homes": found}
    reason = problem(found, wanted)
    return {**result, "failed": True, "msg": reason} if reason else result
