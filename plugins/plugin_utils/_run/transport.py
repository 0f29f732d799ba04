# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One execution on a target: a program and its request go out, its answer comes back.

On POSIX that is one shell command with everything on its standard input, so that nothing of it is
seen in a process list, in a log or at any verbosity. Where a connection or a become method cannot
pipe, the same bytes go into a 0600 file in Ansible's own temporary folder for the moment.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils._run.program import (
    NO_PYTHON,
    PYTHONS,
    command,
    program_code,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    Envelope,
    HomeAnswer,
    HomeRequest,
    HomesRequest,
    ProbeAnswer,
    ProbeRequest,
)


class Transport:
    """The executions of one task on one target."""

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._connection: t.Any = action._connection
        if getattr(self._connection._shell, "_IS_WINDOWS", False):
            raise CodexError("fleet.codex does not support Windows targets yet.")
        self._interpreters = self._find_interpreters(task_vars)
        self._environment: dict[str, t.Any] = {}
        action._compute_environment_string(self._environment)

    def _find_interpreters(self, task_vars: dict[str, t.Any]) -> t.Sequence[str]:
        delegate = self._action._task.delegate_to
        if delegate:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(delegate, task_vars)
        named = self._action._templar.template(task_vars.get("ansible_python_interpreter"))
        words = str(named or C.config.get_config_value("INTERPRETER_PYTHON")).split()
        if "/" not in words[0]:  # auto, auto_silent and the like
            return PYTHONS
        return [words[-1] if words[0].endswith("/env") else " ".join(words)]

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order. Raises CodexError without an answer."""
        request: HomesRequest = {"operation": operation, "homes": list(homes)}
        with_codex = any(home.get("detect_version") or home.get("login_status") for home in homes)
        answers: list[HomeAnswer] = self._exchange(program_code(operation, with_codex), request)["homes"]
        return answers

    def ask_api(self, request: ProbeRequest) -> ProbeAnswer:
        """What the Responses API answers, asked from the target. Raises CodexError without an answer of the target."""
        answer: ProbeAnswer = self._exchange(program_code("ask_api", False), request)["api"]
        return answer

    def _exchange(self, program: bytes, request: HomesRequest | ProbeRequest) -> dict[str, t.Any]:
        """One execution of a program: its whole answer."""
        key = os.urandom(32)
        envelope: Envelope = {
            "protocol": PROTOCOL,
            "key": key.hex(),
            "environment": {str(name): str(value) for name, value in self._environment.items()},
        }
        data = program + json.dumps({**envelope, **request}).encode()
        send = self._send_by_pipe if self._can_pipe() else self._send_by_file
        return self._read_answer(send(data, len(program)), key)

    def _can_pipe(self) -> bool:
        # Ansible's own is_pipelining_enabled() also says no where users keep remote files or did not
        # ask for pipelining, and neither is a reason to put secrets on the target's disk.
        become = self._connection.become
        wants_tty = getattr(self._connection, "_is_tty_requested", None)  # ssh
        return (
            self._connection.has_pipelining
            # ansible-core 2.18 and earlier have no such attribute, and except su by its name.
            and (become is None or getattr(become, "pipelining", become.name != "su"))
            and not (wants_tty is not None and wants_tty())
        )

    def _send_by_pipe(self, data: bytes, size: int) -> dict[str, t.Any]:
        with self._pipelining():
            return self._run(size, data=data)

    def _run(self, size: int, data: bytes | None = None, input_file: str | None = None) -> dict[str, t.Any]:
        outcome: dict[str, t.Any] = self._action._low_level_execute_command(
            command(self._interpreters, size, input_file), in_data=data, sudoable=True
        )
        return outcome

    @contextlib.contextmanager
    def _pipelining(self) -> t.Iterator[None]:
        """Switches the connection's pipelining on; without it `local` with become waits forever."""
        play_context = self._action._play_context
        before = play_context.pipelining
        play_context.pipelining = True
        try:
            option = self._connection.get_option("pipelining")
        except KeyError:
            option = None  # community.docker goes by the play context
        try:
            if option is not None:
                self._connection.set_option("pipelining", True)
            yield
        finally:
            play_context.pipelining = before
            if option is not None:
                self._connection.set_option("pipelining", option)

    def _send_by_file(self, data: bytes, size: int) -> dict[str, t.Any]:
        action = self._action
        folder = action._make_tmp_path()
        try:
            path = self._connection._shell.join_path(folder, "request")
            action._transfer_data(path, data)
            action._remote_chmod([path], "0600")
            action._fixup_perms2([folder, path], execute=False)
            return self._run(size, input_file=path)
        finally:
            action._remove_tmp_path(folder, force=True)

    def _read_answer(self, outcome: dict[str, t.Any], key: bytes) -> dict[str, t.Any]:
        lines = [line for line in outcome["stdout"].splitlines() if line.startswith(MARK)]
        answer = _unmask(lines[-1].removeprefix(MARK), key) if lines else None
        if answer:
            if answer["protocol"] != PROTOCOL:
                raise CodexError(
                    "The target program speaks another protocol than the controller. Reinstall fleet.codex."
                )
            return answer
        if outcome["rc"] == NO_PYTHON:
            if self._interpreters is not PYTHONS:
                raise CodexError(
                    f"ansible_python_interpreter is {self._interpreters[0]}, which is not a Python 3.6 or later on "
                    "this host. Correct it, or leave it out to have one found."
                )
            raise CodexError(
                "This host has no Python 3.6 or later, which fleet.codex needs. Install python3, or set "
                "ansible_python_interpreter to where it is."
            )
        raise CodexError(
            f"The target program of fleet.codex ended without an answer (status {outcome['rc']}"
            f"{_last_words(outcome['stderr'])}). Run the play again; it picks up where this run stopped."
        )


def _unmask(text: str, key: bytes) -> dict[str, t.Any] | None:
    """The answer; None where a connection cut it off."""
    try:
        answer: dict[str, t.Any] = json.loads(mask(base64.b64decode(text, validate=True), key))
    except ValueError:
        return None
    return answer


def _last_words(stderr: str) -> str:
    """The last line of a failed execution; of a Python traceback only the exception's name."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if not lines:
        return ""
    last = lines[-1].partition(":")[0] if any(line.startswith("Traceback") for line in lines) else lines[-1]
    return f"; its last words: {last}"
