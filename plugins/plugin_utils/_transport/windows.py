# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One execution on a Windows target: the module win_codex_store, which Ansible's own wrapper starts.

The wrapper is the only way to `become` there. It gets the request on its standard input, and puts none of it into a
file, a log or a command line.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.envelope import Request, unmask
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import Name
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

MODULE: t.Final = "fleet.codex.win_codex_store"


class Unprintable(str):
    """Text that is not shown where the options of a module are: `_execute_module` prints them under ANSIBLE_DEBUG."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(hidden)'"


class WindowsTarget:
    """A Windows target, as one task reaches it."""

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._task_vars = task_vars

    def exchange(self, name: Name, request: Request, key: bytes) -> dict[str, t.Any]:
        """One execution of a program: its whole answer. Raises CodexError without one."""
        if name == "ask_api":
            raise CodexError(
                "codex_api_key_info does not ask from Windows hosts. Set delegate_to: localhost to ask from the "
                "controller, or name another host there."
            )
        if name == "login":
            raise CodexError(
                "codex_remote_login does not work on Windows hosts. Run `codex login` there, or sign in elsewhere and "
                "copy that login to the host."
            )
        if not self._action._is_pipelining_enabled("new"):
            raise CodexError(
                "Ansible would put the request, which holds secrets, into a file on this host. Switch off "
                "ANSIBLE_KEEP_REMOTE_FILES, or use the connection ssh, winrm or psrp."
            )
        data = base64.b64encode(json.dumps(request).encode()).decode()
        result = self._action._execute_module(
            module_name=MODULE, module_args={"request": Unprintable(data)}, task_vars=self._task_vars
        )
        answer = unmask(str(result.get("answer", "")), key)
        if answer is None:
            raise CodexError(silence(result))
        return answer


def silence(result: t.Mapping[str, t.Any]) -> str:
    """The sentence for an execution without an answer. Nothing is quoted: errors of PowerShell hold what failed."""
    if "fault" in result:
        return (
            f"The target program of fleet.codex failed with {result['fault']}, which is a fault of the program. "
            "Report it to those who maintain fleet.codex."
        )
    if "answer" in result:
        return (
            "The target program of fleet.codex was stopped, or its answer was cut off. "
            "Run the play again; it picks up where this run stopped."
        )
    return (
        "The host did not start the target program of fleet.codex. Find out with ansible.windows.win_ping and the same "
        "variables what keeps this host from working, and correct it."
    )
