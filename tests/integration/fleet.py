# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Several inventory hosts that are folders of this machine, and the ways to run over all of them."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

from .playbook import Playbook, Run

MOMENT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
HOSTS = ("one", "two", "three")
Options = dict[str, t.Any]


def login(marker: str, refresh_token: str | None = None) -> dict[str, t.Any]:
    """A ChatGPT login; each marker is another refresh token of the same account."""
    document = chatgpt_document(
        "account-1",
        "a@example.com",
        "plus",
        last_refresh=MOMENT,
        access_expires=MOMENT,
        marker=marker,
        refresh_token=refresh_token,
    )
    return t.cast("dict[str, t.Any]", document)


class Fleet:
    """Inventory hosts that are folders of this machine, each with a home of its own."""

    def __init__(self, playbook: Playbook, names: t.Sequence[str] = HOSTS) -> None:
        self.playbook = playbook
        self.names = names
        self.variables: dict[str, dict[str, t.Any]] = {name: {} for name in names}
        for name in names:
            self.home(name).mkdir(parents=True)

    def home(self, name: str) -> pathlib.Path:
        return self.playbook.folder / "homes" / name

    def source(self, name: str, document: t.Mapping[str, t.Any]) -> None:
        """An auth.json on the controller, for ``src``."""
        path = self.playbook.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def run(
        self, tasks: t.Sequence[dict[str, t.Any]], *arguments: str, variables: Options | None = None, **play: t.Any
    ) -> Run:
        hosts = {
            name: {"ansible_connection": "local", "home": str(self.home(name)), **self.variables[name]}
            for name in self.names
        }
        environment = {"HOME": "{{ home }}"}
        run = self.playbook.run(
            hosts, tasks, play={"environment": environment, **play}, variables=variables, arguments=arguments
        )
        assert list(self.playbook.local_tmp.iterdir()) == []
        return run

    def written(self) -> list[str]:
        """Hosts, or folders below them, that have a login."""
        below = self.playbook.folder / "homes"
        found = [path.parent.relative_to(below) for path in below.rglob("auth.json")]
        return sorted(str(path.parent if path.name == ".codex" else path) for path in found)


def auth_file(**options: t.Any) -> dict[str, t.Any]:
    return {"name": "login", "fleet.codex.codex_auth_file": options}


def refused(run: Run) -> list[str]:
    """The hosts on which the login was refused as shared, each with both hosts named, what to do, and no token."""
    found = []
    for task in run.tasks:
        # In ansible-core 2.21 the items of a failed loop do not say that they failed.
        results = task.result.get("results", [task.result])
        for message in [str(result["msg"]) for result in results if task.result.get("failed") and "msg" in result]:
            assert message.startswith("One ChatGPT login would go to "), message
            assert "codex login" in message and "allow_shared_refresh_token" in message
            assert f"on {task.host}" in message
            found.append(task.host)
    assert "fleet-test-refresh" not in run.output
    return sorted(set(found))


def accepted(run: Run) -> None:
    assert run.rc == 0, run.output


EVERYWHERE = {
    "linear": ([], {}),
    "one_fork": (["--forks", "1"], {}),
    "two_forks": (["--forks", "2"], {}),
    "serial": ([], {"serial": 1}),
    "serial_two": ([], {"serial": 2, "max_fail_percentage": 100}),
    "free": ([], {"strategy": "free"}),
    "check": (["--check"], {}),
}

ROLE = {"codex_auth_content": "{{ source }}"}
INCLUDE = {"ansible.builtin.include_role": {"name": "fleet.codex.codex"}}
