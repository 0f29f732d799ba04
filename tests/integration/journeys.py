# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The collection's playbooks by their names, and the table at their end."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

Options = dict[str, t.Any]

TABLE = "Show what became of the hosts"

NOBODY_LISTENS = re.compile(
    r"127\.0\.0\.1 port \d+: Connection refused|Data could not be sent to remote host .127\.0\.0\.1\b"
)
"""What Ansible says of a host where nobody listens. On a busy machine it is the second: ssh has ended, and Ansible has
not seen that yet."""


def journey(playbook: Playbook, name: str, hosts: t.Mapping[str, Options], *arguments: str, **variables: t.Any) -> Run:
    """The playbook fleet.codex.NAME over these hosts; ``variables`` are given with -e."""
    given = ["-e", json.dumps(variables)] if variables else []
    return playbook.run(hosts, [], name=f"fleet.codex.{name}", arguments=[*arguments, *given])


def table(run: Run) -> list[str]:
    """The lines of the table."""
    lines: list[str] = run.one(TABLE).result["msg"]
    return lines


def words_of_table(run: Run) -> str:
    """The words of the table in one line, since where its lines break depends on the length of a folder's path."""
    return " ".join(" ".join(table(run)).split())


def cells(run: Run) -> dict[str, list[str]]:
    """The cells of the table's lines, by their hosts, or by host and user where a host has several lines."""
    lines = table(run)
    start = next(n for n, line in enumerate(lines) if line.startswith("HOST "))
    found: dict[str, list[str]] = {}
    for line in lines[start + 1 :]:
        if not line:
            break
        host, *rest = re.split(r"\s{2,}", line.strip())
        found[f"{host} {rest[0]}" if host in found else host] = rest
    return found


def put_codex(container: Container, program: pathlib.Path) -> None:
    """A codex for all users of a container."""
    container.write("/usr/local/bin/codex", program.read_bytes(), mode="755")


def login_status(container: Container, user: str, codex_home: str | None = None) -> str:
    """What the codex of a container says of a user's login."""
    home = codex_home or f"/home/{user}/.codex"
    return container.run("env", f"CODEX_HOME={home}", "codex", "login", "status", user=user, check=False)
