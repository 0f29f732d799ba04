# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Runs ansible-playbook in a folder of its own and reads what its tasks returned."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.skips import unavailable

Task = t.Mapping[str, t.Any]

_CONFIGURATION = f"""\
[defaults]
inventory = inventory.json
gathering = explicit
host_key_checking = false
retry_files_enabled = false
connection_plugins = {CHECKOUT / "tests" / "integration" / "connection_plugins"}
local_tmp = local
"""


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """What one task returned for one host; ``play`` is the number of its play in the run, from 0."""

    name: str
    host: str
    result: dict[str, t.Any]
    play: int

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))


@dataclasses.dataclass(frozen=True)
class Run:
    """How a playbook went. ``tasks`` is empty where the stdout callback was not the JSON one."""

    rc: int
    stdout: str
    stderr: str
    tasks: list[TaskResult]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def one(self, name: str) -> TaskResult:
        """The result of the one task of that name."""
        found = [task for task in self.tasks if task.name == name]
        assert len(found) == 1, f"{len(found)} results for {name!r}:\n{self.output}"
        return found[0]

    def changes(self) -> list[bool]:
        """Whether each task changed something, in order; a failed run has none."""
        assert self.rc == 0, self.output
        return [task.changed for task in self.tasks]

    def of_host(self, host: str) -> TaskResult:
        """The result of the one task that ran for a host."""
        found = [task for task in self.tasks if task.host == host]
        assert len(found) == 1, f"{len(found)} results for {host}:\n{self.output}"
        return found[0]

    def executions(self) -> int:
        """How many commands Ansible ran on the hosts, as it says itself at -vvv."""
        return self.stdout.count("EXEC")

    def failure(self) -> str:
        """The message of the one task that failed."""
        failed = [task for task in self.tasks if task.result.get("failed") or task.result.get("unreachable")]
        assert len(failed) == 1 and self.rc != 0, self.output
        return failed[0].message


class Playbook:
    """ansible-playbook with its own configuration, inventory and temporary folders, all below ``folder``."""

    def __init__(self, folder: pathlib.Path, control: pathlib.Path, program: pathlib.Path | None = None) -> None:
        self.folder = folder
        self.program = program or pathlib.Path(sys.executable).with_name("ansible-playbook")
        self.env: dict[str, str] = {}  # of every run
        # A short path, for sockets.
        self.control = control
        self.local_tmp = folder / "local"
        for name in ("local", "home"):
            (folder / name).mkdir()
        # ansible-core 2.21 keeps a socket in it, and a socket's path has at most 108 characters.
        self.tmp = pathlib.Path(tempfile.mkdtemp(dir=control))
        (folder / "ansible.cfg").write_text(_CONFIGURATION, encoding="utf-8")

    def run(
        self,
        hosts: t.Mapping[str, t.Mapping[str, t.Any]],
        tasks: t.Sequence[Task],
        *,
        play: t.Mapping[str, t.Any] | None = None,
        variables: t.Mapping[str, t.Any] | None = None,
        arguments: t.Sequence[str] = (),
        env: t.Mapping[str, str] | None = None,
        callback: str = "ansible.posix.json",
        name: str = "playbook.yml",
    ) -> Run:
        """One play over ``hosts`` (name: connection variables); ``play`` are further keywords of the play.

        name: of another playbook, such as one of the collection's, to run over these hosts instead.
        """
        inventory = {"all": {"hosts": hosts}}
        plays = [{"hosts": "all", "vars": dict(variables or {}), "tasks": list(tasks), **(play or {})}]
        (self.folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        (self.folder / "playbook.yml").write_text(json.dumps(plays), encoding="utf-8")
        return self._run([str(self.program), name, *arguments], {**self.environment(callback), **(env or {})})

    def shell(self, command: str, callback: str = "ansible.posix.json") -> Run:
        """A command of sh in the folder, as a page of the documentation has it; ``tasks`` is empty if it is no play."""
        return self._run(["sh", "-c", command], self.environment(callback))

    def _run(self, command: t.Sequence[str], environment: t.Mapping[str, str]) -> Run:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
            check=False,
        )
        tasks = _read_results(done.stdout) if environment["ANSIBLE_STDOUT_CALLBACK"] == "ansible.posix.json" else []
        return Run(done.returncode, done.stdout, done.stderr, tasks)

    def environment(self, callback: str) -> dict[str, str]:
        """The variables of a run."""
        # None of the settings of whoever runs the tests; of the environment nothing that Ansible reads.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CODEX_"))}
        return environment | {
            "PATH": f"{self.program.parent}:{environment['PATH']}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.tmp),
            "ANSIBLE_HOME": str(self.folder / "home" / ".ansible"),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get(
                "FLEET_CODEX_COLLECTIONS", str(CHECKOUT / ".venv" / "collections")
            ),
            "ANSIBLE_STDOUT_CALLBACK": callback,
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.control),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
            **self.env,
        }


def mitogen(program: pathlib.Path) -> dict[str, str]:
    """Environment in which the ansible-playbook of a virtual environment uses Mitogen's linear strategy."""
    python = program.with_name("python")
    script = "import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))"
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        unavailable("Mitogen is not installed beside ansible-core (requirements-test.txt).")
    plugins = pathlib.Path(done.stdout.strip()) / "plugins" / "strategy"
    return {"ANSIBLE_STRATEGY_PLUGINS": str(plugins), "ANSIBLE_STRATEGY": "mitogen_linear"}


def _read_results(stdout: str) -> list[TaskResult]:
    """The tasks of the JSON callback's document, which verbose lines may precede."""
    start = 0 if stdout.startswith("{\n") else stdout.find("\n{\n") + 1
    if not stdout.startswith("{", start):
        return []
    try:
        document, _end = json.JSONDecoder().raw_decode(stdout[start:])
    except ValueError:
        return []
    return [
        TaskResult(task["task"]["name"], host, result, number)
        for number, play in enumerate(document.get("plays", []))
        for task in play["tasks"]
        for host, result in task["hosts"].items()
    ]
