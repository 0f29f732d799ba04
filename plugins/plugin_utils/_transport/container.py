# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work inside a container: the command that its Docker host runs for it, and what keeps a container from running any.

The sentences are the same for containers that Ansible itself connects to, since their connection plugins call the same
`docker exec` or `podman exec`.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

_NAME: t.Final = r"[A-Za-z0-9][A-Za-z0-9_.-]*"  # as Docker and Podman have it, and nothing that is an option
_USER: t.Final = r"[A-Za-z0-9_][A-Za-z0-9_.@-]*(:[A-Za-z0-9_][A-Za-z0-9_.@-]*)?"


@dataclass(frozen=True)
class Container:
    """A container of the host that the task runs on."""

    name: str
    engine: str
    user: str | None = None

    def __str__(self) -> str:
        return f"container {self.name}"

    def around(self, command: str, input_file: str | None = None) -> str:
        """The shell command for the Docker host that runs a shell command in the container.

        input_file: of the Docker host, so that its shell opens it. As the command that it gets, it is one line without
        any of $ ` ! \\ and without an assignment.
        """
        user = ["--user", self.user] if self.user else []
        words = [self.engine, "exec", "--interactive", *user, self.name, "/bin/sh", "-c", command]
        return shlex.join(words) + (f" < {shlex.quote(input_file)}" if input_file else "")


CONNECTIONS: t.Final = ("docker", "docker_api", "podman", "kubectl", "oc")
"""The connections that start commands in a container, by their names without their collections."""


def is_in_container(container: Container | None, connection: t.Any) -> bool:
    """Whether a command has the environment of a container's programs, with the HOME and CODEX_HOME of its Codex.

    What become leaves of these is another user's.
    """
    return container is not None or (
        connection.become is None and connection.transport.rpartition(".")[2] in CONNECTIONS
    )


def find_container(options: Arguments | None, is_windows: bool) -> Container | None:
    """The container that the option ``container`` names. Raises CodexError."""
    if options is None:
        return None
    if is_windows:
        raise CodexError("container is not supported on Windows hosts. Leave it out, or name a Linux host.")
    if not re.fullmatch(_NAME, options["name"]):
        raise CodexError("container.name must be the name or the ID of one container.")
    if options["user"] is not None and not re.fullmatch(_USER, options["user"]):
        raise CodexError('container.user must be the name or number of a user, or of a user and a group, as "1000:50".')
    return Container(options["name"], options["engine"], options["user"])


RECIPE: t.Final = "mount the folder of its Codex home from the Docker host and deploy to that folder there"


def why_not(lines: t.Sequence[str], container: Container | None) -> str | None:
    """The sentence for what an engine says that cannot run a command in a container; None where it says nothing of it.

    lines: of all that was printed. container: None where Ansible is connected to the container itself.
    """
    for pattern, sentence in _SENTENCES:
        if any(re.search(pattern, line) for line in lines):
            return sentence(container)
    missing = container and rf"\b{container.engine}\b.*not found|(not found|unknown command).*\b{container.engine}\b"
    if container and missing and any(re.search(missing, line, re.I) for line in lines):
        return (
            f"This host has no command {container.engine}, which the option container needs. Install it, or correct "
            "container.engine."
        )
    return None


def _is_missing(container: Container | None) -> str:
    if container:
        return f"This host has no container {container.name}. Start it, or correct container.name."
    return "There is no such container. Start it, or correct ansible_host."


def _is_stopped(container: Container | None) -> str:
    return f"The {container or 'container'} is not running. Start it, or {RECIPE}."


def _is_paused(container: Container | None) -> str:
    return f"The {container or 'container'} is paused. Unpause it, or {RECIPE}."


def _has_no_shell(container: Container | None) -> str:
    return f"The {container or 'container'} has no /bin/sh, so nothing can run in it. Instead, {RECIPE}."


def _has_no_such_user(container: Container | None) -> str:
    name, option = (f" {container.user}", "container.user") if container else ("", "ansible_user")
    return f"The {container or 'container'} has no such user{name}. Correct {option}, or set it to a number."


def _is_forbidden(container: Container | None) -> str:
    engine = container.engine if container else "the container engine"
    return f"The user that the task runs as may not use {engine}. Set become to true, or give this user the right."


def _does_not_answer(container: Container | None) -> str:
    return "The container engine does not answer. Start it, and run the play again."


_DOCKER: t.Final = r"^(Error response from daemon|Error): "
_NO_SHELL: t.Final = r'exec: "[^"]*": (stat [^ ]+: no such file|executable file not found|permission denied)'

_SENTENCES: t.Final = (
    (rf"{_DOCKER}No such container|^Error: no container with name or ID ", _is_missing),
    # Podman 4 says the same of both. With crun, its messages name no function of Go.
    (rf"{_DOCKER}Container .* is paused", _is_paused),
    (rf"{_DOCKER}Container .* is not running|^Error: can only create exec sessions on running", _is_stopped),
    (rf"^OCI runtime exec failed: .*{_NO_SHELL}|^Error: .*{_NO_SHELL}", _has_no_shell),
    (r"^Error: crun: executable file .* not found|^Error: .*invoke a command that was not found", _has_no_shell),
    (r"unable to find user .*: no matching entries in passwd file", _has_no_such_user),
    (r"permission denied while trying to connect to the .*socket", _is_forbidden),
    (r"^(Error: )?Cannot connect to (the Docker daemon|Podman)", _does_not_answer),
)
"""What Docker 20.10 to 28 and Podman 4 say, measured, and the sentence for it."""
