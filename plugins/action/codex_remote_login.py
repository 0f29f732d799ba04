# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_remote_login: has somebody sign in on the host, through a tunnel or with a device code."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import types
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.fleet.codex.plugins.plugin_utils._login.checks import WantedSignIn
from ansible_collections.fleet.codex.plugins.plugin_utils._login.forwarding import (
    PASSWORD,
    PRIVATE_KEY,
    SshSettings,
    why_no_tunnel,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import CONTROL
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._run.remote_login import remote_login
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.tunnel import Tunnel
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

TIMEOUT_LIMIT: t.Final = 24 * 60 * 60  # seconds

display = Display()


class ActionModule(CodexAction):
    """codex_remote_login."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one home, in the shape of codex_home."""
        if transport.is_windows:
            raise CodexError(
                "codex_remote_login does not work on Windows hosts. Run `codex login` there, or sign in elsewhere and "
                "copy that login to the host."
            )
        if not 1 <= arguments["timeout"] <= TIMEOUT_LIMIT:
            raise CodexError(
                f"timeout (codex_login_timeout in the playbook) must be from 1 to {TIMEOUT_LIMIT}, in seconds."
            )
        place = desired_place(arguments)
        if place["codex_version"] is None:
            place["detect_version"] = True
        wanted = WantedSignIn(
            DesiredHome(**place),
            arguments["method"],
            arguments["timeout"],
            arguments["replace"],
            arguments["account_id"],
            arguments["allow_mounted_file"],
        )
        person = _Person(self, has_container=transport.container is not None)
        if wanted.method == "browser":
            person.check_way()
        with _interruptible():
            outcome = remote_login(transport, wanted, person, self.place(transport), check_mode=self._task.check_mode)
        return {**self.result_of(outcome), "homes": outcome.homes}


class _Person:
    """Whoever looks at the output of ansible-playbook, and a tunnel from there to the host."""

    def __init__(self, action: ActionBase, *, has_container: bool) -> None:
        self._connection: t.Any = action._connection
        self._address = action._play_context.remote_addr
        self._play_password = action._play_context.password
        self._transport = str(self._connection.transport).rpartition(".")[2]
        self._has_container = has_container
        self._tunnel: Tunnel | None = None

    def check_way(self) -> None:
        """Raises CodexError for a connection through which the browser's answer cannot come to the host."""
        reason = why_no_tunnel(self._transport, self._has_container)
        if reason:
            raise CodexError(reason)
        if self._transport == "ssh":
            self._settings()

    def tell(self, text: str) -> None:
        """Shows a text on the screen alone: the address and the code are for one person."""
        shown = "\n".join(CONTROL.sub("?", line) for line in text.split("\n"))
        display.display(shown, screen_only=True)

    def open_tunnel(self, port: int, meanwhile: t.Callable[[], None]) -> t.Callable[[], None]:
        """Forwards the port, but for hosts that are this machine; returns what looks whether it still is forwarded."""
        if self._transport == "local":
            return lambda: None
        self._tunnel = Tunnel(self._settings(), port, meanwhile)
        return self._tunnel.check

    def close_tunnel(self) -> None:
        """Ends the tunnel, if there is one."""
        if self._tunnel:
            self._tunnel.close()
            self._tunnel = None

    def _settings(self) -> SshSettings:
        """The options of the connection. Raises CodexError for those that a tunnel cannot have."""
        option = functools.partial(_option, self._connection)
        if option("password") or self._play_password:
            raise CodexError(PASSWORD)
        if option("private_key"):
            raise CodexError(PRIVATE_KEY)
        return SshSettings(
            host=option("host") or self._address,
            ssh_executable=option("ssh_executable") or "ssh",
            ssh_args=option("ssh_args"),
            ssh_common_args=option("ssh_common_args"),
            ssh_extra_args=option("ssh_extra_args"),
            host_key_checking=option("host_key_checking") is not False,
            port=option("port"),
            remote_user=option("remote_user"),
            private_key_file=option("private_key_file"),
            timeout=int(option("timeout") or 10),
        )


def _option(connection: t.Any, name: str) -> t.Any:
    """An option of the connection plugin; None where it has none of that name."""
    try:
        return connection.get_option(name)
    except KeyError:
        return None


class _Interrupted(BaseException):
    """A signal asked this process to end."""


@contextlib.contextmanager
def _interruptible() -> t.Iterator[None]:
    """Has SIGINT and SIGTERM end the work by an exception, so that what was started on the host is ended first.

    ansible-core 2.21 ends the process of a host at once.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: types.FrameType | None) -> None:
        if not received:  # the second one must not stop what the first one has ended
            received.append(number)
            raise _Interrupted

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in received:
            os.kill(os.getpid(), number)
