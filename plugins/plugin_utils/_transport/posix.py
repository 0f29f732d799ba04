# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One execution on a POSIX target: one shell command with everything on its standard input.

So nothing of it is seen in a process list, in a log or at any verbosity. Where a connection or a become method cannot
pipe, the same bytes go into a 0600 file in Ansible's own temporary folder for the moment.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.container import Container, why_not
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
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.sh_program import (
    SH_MARK,
    Operation,
    ShRequest,
    sh_command,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

_NEEDS: t.Final[dict[Name, str]] = {
    "ask_api": (
        "This host has no Python 3.6 or later, which asking the API needs. Set delegate_to: localhost to ask from the "
        "controller, or install python3."
    ),
    "login": (
        "This host has no Python 3.6 or later, which signing in on it needs. Install python3, or sign in elsewhere and "
        "copy that login to the host."
    ),
}
"""The programs for which there is none in sh, and the sentence for a host without Python."""


class PosixTarget:
    """A POSIX target, as one task reaches it; container: one of its containers instead."""

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any], container: Container | None = None) -> None:
        self._action = action
        self._connection: t.Any = action._connection
        self._container = container
        # ansible_python_interpreter is a path on the Docker host.
        self._interpreters = PYTHONS if container else self._find_interpreters(task_vars)
        self._needs_terminal = False  # sudo has said so
        self._program: str | None = None  # the one that answered last
        self._seen = Seen()

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
        """One execution of a program: its whole answer. Raises CodexError without one.

        Until an answer tells whether the host has Python, the program in sh is sent, too, behind the one in Python.
        """
        with_codex = needs_codex(request.get("homes", []))
        in_sh = self._request_in_sh(name, request, key, with_codex)
        program, data = b"", b""
        if self._program != "sh" or in_sh is None:
            program = program_code(name, with_codex)
            data = program + json.dumps(request).encode()
        if in_sh:
            data += in_sh.code()
        line = functools.partial(self._line, len(program), in_sh is not None)
        if self._can_pipe():
            outcome = self._send_by_pipe(data, line)
            self._needs_terminal = wants_terminal(outcome["stderr"])
        if not self._can_pipe():
            # ssh gets a terminal where nothing is piped, unless ansible_ssh_use_tty is false.
            outcome = self._send_by_file(data, line)
        answer = self._read_answer(outcome, key, in_sh, _NEEDS.get(name, ""))
        self._program = answer["program"]
        return answer

    def _request_in_sh(self, name: Name, request: Request, key: bytes, with_codex: bool) -> ShRequest | None:
        """The request for a host without Python; None where that is not to be served."""
        if name in _NEEDS or self._interpreters is not PYTHONS or self._program == "python":
            return None
        return ShRequest(t.cast(Operation, name), request, key, with_codex, self._seen)

    def check_python(self) -> None:
        """Raises CodexError for a host that answered without Python."""
        if self._program == "sh":
            raise CodexError(_NEEDS["login"])

    def _line(self, size: int, is_in_sh: bool, input_file: str | None = None) -> str:
        """The shell command that starts a program. size: of the program in Python; 0 where there is none."""
        source = None if self._container else input_file
        if not is_in_sh:
            line = command(self._interpreters, size, source)
        elif size:
            line = command(self._interpreters, size, source, sh_command(source))
        else:
            line = sh_command(source)
        return self._container.around(line, input_file) if self._container else line

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

    def _send_by_pipe(self, data: bytes, line: t.Callable[[], str]) -> dict[str, t.Any]:
        with self._pipelining():
            return self._run(line(), data)

    def _run(self, line: str, data: bytes | None = None) -> dict[str, t.Any]:
        outcome: dict[str, t.Any] = self._action._low_level_execute_command(line, in_data=data, sudoable=True)
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

    def _send_by_file(self, data: bytes, line: t.Callable[[str], str]) -> dict[str, t.Any]:
        action = self._action
        folder = action._make_tmp_path()
        try:
            path = self._connection._shell.join_path(folder, "request")
            action._transfer_data(path, data)
            action._remote_chmod([path], "0600")
            action._fixup_perms2([folder, path], execute=False)
            return self._run(line(path))
        finally:
            # Without become: libssh awaits a password prompt even from commands that need none, and removes nothing.
            become = self._connection.become
            self._connection.set_become_plugin(None)
            try:
                action._remove_tmp_path(folder, force=True)
            finally:
                self._connection.set_become_plugin(become)

    def _read_answer(
        self, outcome: dict[str, t.Any], key: bytes, in_sh: ShRequest | None = None, needs_python: str = ""
    ) -> dict[str, t.Any]:
        lines = [line for line in outcome["stdout"].splitlines() if line.startswith(MARK)]
        answer = None
        if lines and in_sh and lines[-1].startswith(SH_MARK):
            answer = in_sh.read(lines[-1])
        elif lines:
            answer = unmask(lines[-1].removeprefix(MARK), key)
        if answer:
            return answer
        if outcome["rc"] == NO_PYTHON:
            if self._interpreters is not PYTHONS:
                raise CodexError(
                    f"ansible_python_interpreter is {self._interpreters[0]}, which is not a Python 3.6 or later on "
                    "this host. Correct it, or leave it out to have one found."
                )
            raise CodexError(needs_python or _NEEDS["ask_api"])
        raise CodexError(silence(outcome["stdout"], outcome["stderr"], outcome["rc"], self._container))


_PROGRAMS: t.Final = "sudo|su|doas|env|sh|dash|ash|bash|ksh|mksh|zsh|csh|tcsh|fish"


def wants_terminal(said: str) -> bool:
    """Whether sudo refuses to run without a terminal: `requiretty` in sudoers. The message may be translated."""
    return any(re.match(r"sudo: (?!.*askpass).*\btty\b", line, re.I) for line in said.splitlines())


def silence(stdout: str, stderr: str, status: int, container: Container | None = None) -> str:
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
    sentence = why_not(lines, container)
    if sentence:
        return sentence
    causes = "".join(f"; {line}" for line in lines if re.match(rf"(?:/\S*/)?(?:{_PROGRAMS}): ", line))
    return (
        f"The host did not start the target program of fleet.codex (status {status}{causes}). Find out with "
        "ansible.builtin.ping and the same variables what keeps this host from working, and correct it."
    )
