# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How `ssh` is asked to forward one port of the controller to a host: with the host's own settings."""

from __future__ import annotations

import os.path
import re
import shlex
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._login.output import COMPLAINT_LIMIT

DEVICE_CODE: t.Final = "set method to device_code (codex_login_method in the playbook), which needs no tunnel."


@dataclass(frozen=True)
class SshSettings:
    """The options of the connection plugin ssh for a host, under their names there."""

    host: str
    ssh_executable: str = "ssh"
    ssh_args: str | None = None
    ssh_common_args: str | None = None
    ssh_extra_args: str | None = None
    host_key_checking: bool = True
    port: int | None = None
    remote_user: str | None = None
    private_key_file: str | None = None
    timeout: int = 10


def forwarding_command(settings: SshSettings, port: int) -> list[str]:
    """The command that forwards 127.0.0.1:PORT here to 127.0.0.1:PORT on the host, and does nothing else.

    Of an option that is given twice ssh takes the first: so this connection asks for nothing and is nobody else's. It
    does not end when a port cannot be forwarded, since the user's own settings may name others, which Ansible's
    connection to the host has by then. Raises ValueError for arguments that are not quoted as a shell wants them.
    """
    words = [settings.ssh_executable, "-N"]
    for option in (
        "ExitOnForwardFailure=no",
        "ControlMaster=no",
        "ControlPath=none",
        "BatchMode=yes",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
        "GatewayPorts=no",
        "ClearAllForwardings=no",
    ):
        words += ["-o", option]
    words += ["-L", f"127.0.0.1:{port}:127.0.0.1:{port}"]
    words += shlex.split(settings.ssh_args or "")
    if not settings.host_key_checking:
        words += ["-o", "StrictHostKeyChecking=no"]
    if settings.port is not None:
        words += ["-o", f"Port={settings.port}"]
    if settings.private_key_file:
        words += ["-o", f'IdentityFile="{os.path.expanduser(settings.private_key_file)}"']
    if settings.remote_user:
        words += ["-o", f'User="{settings.remote_user}"']
    words += ["-o", f"ConnectTimeout={settings.timeout}"]
    words += shlex.split(settings.ssh_common_args or "") + shlex.split(settings.ssh_extra_args or "")
    return [*words, "--", settings.host]


def why_no_tunnel(transport: str, has_container: bool) -> str | None:
    """The sentence for a connection through which no port can be forwarded. transport: its name without a collection.

    None for ssh, and for `local`, where the browser is on the same machine.
    """
    if has_container or transport not in ("ssh", "local"):
        what = "the container" if has_container else f"the connection {transport}"
        return f"A browser's answer cannot be sent through {what}: only ssh forwards a port. Instead, {DEVICE_CODE}"
    return None


PASSWORD: t.Final = (
    "The tunnel for the browser's answer cannot log in with a password. Give the host an SSH key "
    f"(ansible_ssh_private_key_file, or an agent), or {DEVICE_CODE}"
)
PRIVATE_KEY: t.Final = (
    "The tunnel for the browser's answer cannot use a key that is given as the text ansible_private_key. Name its file "
    f"with ansible_ssh_private_key_file, or {DEVICE_CODE}"
)
REFUSED: t.Final = (
    "The host does not forward the port for the browser's answer. Nothing was changed. Allow it in "
    f"sshd_config there (AllowTcpForwarding), or {DEVICE_CODE}"
)


def tunnel_failure(port: int, said: str) -> str:
    """The sentence for a tunnel that could not be made, or that ended. said: what ssh printed."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not re.match(r"\*\* |Warning: ", line)]
    words = lines[-1][:COMPLAINT_LIMIT] if lines else "nothing"
    return f"The tunnel for port {port} ended, and the sign-in with it. Nothing was changed. ssh says: {words}"


def busy_port(port: int, holder: str | None) -> str:
    """The sentence for a port that a program of the controller has."""
    return (
        f"Port {port} on the machine that Ansible runs on is used by {holder or 'a program of another user'}, and the "
        "browser's answer has to come there. The sign-in was ended; end that program, and run the play again."
    )
