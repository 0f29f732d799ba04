# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One execution on a POSIX target: one shell command with everything on its standard input.

So nothing of it is seen in a process list, in a log or at any verbosity. Where a connection or a become method cannot
pipe, the same bytes go into a 0600 file in Ansible's own temporary folder for the moment.
"""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.envelope import Request, unmask
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import (
    BEGUN,
    NO_PYTHON,
    PYTHONS,
    Name,
    command,
    needs_codex,
    program_code,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


class PosixTarget:
    """A POSIX target, as one task reaches it."""

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._connection: t.Any = action._connection
        self._interpreters = self._find_interpreters(task_vars)
        self._needs_terminal = False  # sudo has said so

    def _find_interpreters(self, task_vars: dict[str, t.Any]) -> t.Sequence[str]:
        delegate = self._action._task.delegate_to
        if delegate:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(delegate, task_vars)
        named = self._action._templar.template(task_vars.get("ansible_python_interpreter"))
        words = str(named or C.config.get_config_value("INTERPRETER_PYTHON")).split()
        if "/" not in words[0]:  # auto, auto_silent and the like
            return PYTHONS
        return [words[-1] if words[0].endswith("/env") else " ".join(words)]

    def exchange(self, name: Name, request: Request, key: bytes) -> dict[str, t.Any]:
        """One execution of a program: its whole answer. Raises CodexError without one."""
        program = program_code(name, needs_codex(request.get("homes", [])))
        data = program + json.dumps(request).encode()
        if self._can_pipe():
            outcome = self._send_by_pipe(data, len(program))
            self._needs_terminal = wants_terminal(outcome["stderr"])
        if not self._can_pipe():
            # ssh gets a terminal where nothing is piped, unless ansible_ssh_use_tty is false.
            outcome = self._send_by_file(data, len(program))
        return self._read_answer(outcome, key)

    def _can_pipe(self) -> bool:
        # Ansible's own is_pipelining_enabled() also says no where users keep remote files or did not
        # ask for pipelining, and neither is a reason to put secrets on the target's disk.
        if hasattr(self._connection, "get_chain"):  # Mitogen, which always can and says that it cannot
            return True
        become = self._connection.become
        wants_tty = getattr(self._connection, "_is_tty_requested", None)  # ssh
        return (
            self._connection.has_pipelining
            # ansible-core 2.18 and earlier have no such attribute, and except su by its name.
            and (become is None or getattr(become, "pipelining", become.name != "su"))
            and not (wants_tty is not None and wants_tty())
            and not self._needs_terminal
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
            # Without become: libssh awaits a password prompt even from commands that need none, and removes nothing.
            become = self._connection.become
            self._connection.set_become_plugin(None)
            try:
                action._remove_tmp_path(folder, force=True)
            finally:
                self._connection.set_become_plugin(become)

    def _read_answer(self, outcome: dict[str, t.Any], key: bytes) -> dict[str, t.Any]:
        lines = [line for line in outcome["stdout"].splitlines() if line.startswith(MARK)]
        answer = unmask(lines[-1].removeprefix(MARK), key) if lines else None
        if answer:
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
        raise CodexError(silence(outcome["stdout"], outcome["stderr"], outcome["rc"]))


_PROGRAMS: t.Final = "sudo|su|doas|env|sh|dash|ash|bash|ksh|mksh|zsh|csh|tcsh|fish"


def wants_terminal(said: str) -> bool:
    """Whether sudo refuses to run without a terminal: `requiretty` in sudoers. The message may be translated."""
    return any(re.match(r"sudo: (?!.*askpass).*\btty\b", line, re.I) for line in said.splitlines())


def silence(stdout: str, stderr: str, status: int) -> str:
    """The sentence for an execution without an answer.

    Only programs that start others are quoted, by their names. Anything else may be a banner of sshd, or, in what a
    Python program says, a secret.
    """
    lines = [line.rstrip() for line in (*stdout.splitlines(), *stderr.splitlines())]  # a terminal mixes the two
    said = "\n".join(lines)
    if BEGUN in lines:
        failures = re.findall(r"^Traceback .*\n(?: .*\n)*([\w.]+)", said, re.M)
        if failures:
            return (
                f"The target program of fleet.codex failed with {failures[-1]}, which is a fault of the program. "
                "Report it to those who maintain fleet.codex."
            )
        return (
            f"The target program of fleet.codex was stopped, or its answer was cut off (status {status}). "
            "Run the play again; it picks up where this run stopped."
        )
    if wants_terminal(said):
        return (
            "sudo on this host runs only in a terminal (requiretty in sudoers). Set ansible_ssh_extra_args to -tt, or "
            "take requiretty out of sudoers for this user."
        )
    causes = "".join(f"; {line}" for line in lines if re.match(rf"(?:/\S*/)?(?:{_PROGRAMS}): ", line))
    return (
        f"The host did not start the target program of fleet.codex (status {status}{causes}). Find out with "
        "ansible.builtin.ping and the same variables what keeps this host from working, and correct it."
    )
