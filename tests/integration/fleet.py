# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Several inventory hosts that are folders of this machine, and the ways to run over all of them."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run, Task
from ansible_collections.fleet.codex.tests.support.role import ROLE

HOSTS = ("one", "three", "two")
Options = dict[str, t.Any]


class Way(t.NamedTuple):
    """A way to run a task that only one host does not fail: arguments, keywords of the play, and who comes to it."""

    arguments: t.Sequence[str] = ()
    play: t.Mapping[str, t.Any] = types.MappingProxyType({})
    hosts: t.Sequence[str] = HOSTS


WAYS = {
    "linear": Way(),
    "one_fork": Way(["--forks", "1"]),
    "two_forks": Way(["--forks", "2"]),
    "serial": Way(play={"serial": 1}, hosts=["one", "two"]),  # a batch that failed as a whole ends the run
    "serial_two": Way(play={"serial": 2}),
    "free": Way(play={"strategy": "free"}),
    "check": Way(["--check"]),
}


class Fleet:
    """Inventory hosts that are folders of this machine, each with a home directory of its own."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.variables: dict[str, Options] = {name: {} for name in HOSTS}
        for name in HOSTS:
            self.home(name).mkdir(parents=True)

    def home(self, name: str) -> pathlib.Path:
        """The home directory on a host."""
        return self.playbook.folder / "homes" / name

    def source(self, name: str, document: t.Mapping[str, t.Any]) -> None:
        """An auth.json on the controller, for ``src``."""
        path = self.playbook.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def run(self, tasks: t.Sequence[Task], *arguments: str, variables: Options | None = None, **play: t.Any) -> Run:
        """One play over all hosts; ``play`` are further keywords of it."""
        return self._run(tasks, arguments, variables=variables, play={"environment": _ENVIRONMENT, **play})

    def run_plays(self, *plays: Options) -> Run:
        """A playbook of several plays, each with its keywords."""
        common = {"gather_facts": False, "environment": _ENVIRONMENT}
        (self.playbook.folder / "plays.yml").write_text(json.dumps([{**common, **play} for play in plays]))
        return self._run([], [], name="plays.yml")

    def _run(self, tasks: t.Sequence[Task], arguments: t.Sequence[str], **more: t.Any) -> Run:
        hosts = {
            name: {"ansible_connection": "local", "home": str(self.home(name)), **self.variables[name]}
            for name in ("one", "two", "three")
        }
        run = self.playbook.run(hosts, tasks, arguments=arguments, **more)
        assert list(self.playbook.local_tmp.iterdir()) == []
        return run

    def written(self) -> list[str]:
        """The hosts, or folders below their home directories, that have a login."""
        below = self.playbook.folder / "homes"
        found = [path.parent.relative_to(below) for path in below.rglob("auth.json")]
        return sorted(str(path.parent if path.name == ".codex" else path) for path in found)


_ENVIRONMENT = {"HOME": "{{ home }}"}


def auth_file(**options: t.Any) -> dict[str, t.Any]:
    """A task with these options of codex_auth_file."""
    return {"name": "login", "fleet.codex.codex_auth_file": options}


def include_role(**variables: t.Any) -> dict[str, t.Any]:
    """A task that includes the role with these variables."""
    return {"name": "role", "ansible.builtin.include_role": {"name": ROLE}, "vars": variables}


def refused(run: Run) -> dict[str, str]:
    """By host, why its login was refused as shared: a message with both homes and what to do, and without a token."""
    found = {}
    for task in run.tasks:
        # In ansible-core 2.21 the items of a failed loop do not say that they failed.
        results = task.result.get("results", [task.result])
        for message in [str(result["msg"]) for result in results if task.result.get("failed") and "msg" in result]:
            assert message.startswith("One ChatGPT login would go to the user "), message
            assert "Run `codex login` once for each home, or set allow_shared_refresh_token to true." in message
            found[task.host] = message
    assert "fleet-test-refresh" not in run.output
    return dict(sorted(found.items()))


def accepted(run: Run) -> None:
    """Fails where anything was refused."""
    assert run.rc == 0, run.output
