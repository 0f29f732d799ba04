# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Codex writes to config.toml after codex_config has read it and before it writes: nothing of either is lost.

A target's Python is a script here that keeps a count, and that waits for the test before the second execution of a
task, which is apply. Everything else is real: ansible-playbook, the module, the target programs and Codex.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import pathlib
import sys
import time
import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.tests.support.codex_client import scratch
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .harness import start
from .untouched import added_lines

OLD, NEW = "0.94.0", "0.171.0"

_PYTHON = """\
#!/bin/sh
# Stands for the target's Python. Each execution is a line in the file executions.
folder=$(dirname "$0")
echo >>"$folder/executions"
if [ "$(wc -l <"$folder/executions")" -eq 2 ]; then
    touch "$folder/reached"
    until [ -e "$folder/go" ]; do sleep 0.05; done
fi
exec {python} "$@"
"""

CONFIG = """\
# By hand.
model = "gpt-5" # for now

[mcp_servers.docs]
command = "docs-server"

[mcp_servers.old]
command = "old-server"

# The end.
"""
TRUSTED = {"trust_level": "trusted"}


@dataclasses.dataclass(frozen=True)
class Case:
    """What the task wants, what is written in between and by which Codex, and what that makes of the data."""

    task: dict[str, t.Any]
    write: t.Callable[[pathlib.Path, str], None]
    version: str
    written: dict[str, t.Any]


def add_server(home: pathlib.Path, version: str) -> None:
    rc, text = start(version, home).command("mcp", "add", "between", "--", "between-server", "--stdio")
    assert rc == 0, text


def trust_project(home: pathlib.Path, _version: str) -> None:
    """As the interactive program of any version does it: a new file is renamed onto the old one (measured)."""
    path = home / ".codex" / "config.toml"
    temporary = path.with_name(".tmpaB3xYz")
    temporary.write_text(path.read_text() + '\n[projects."/srv/between"]\ntrust_level = "trusted"\n')
    temporary.chmod(0o600)
    temporary.rename(path)


SET_MODEL = {"settings": {"model": "fleet-test-model", "projects": {"/srv/ours": TRUSTED}}}
REMOVE_SERVER = {"absent": [["mcp_servers", "old"]]}
SERVER = {"mcp_servers": {"between": {"command": "between-server", "args": ["--stdio"]}}}
CASES = {
    "server_added_0.94": Case(SET_MODEL, add_server, OLD, SERVER),
    "server_added_0.171": Case(SET_MODEL, add_server, NEW, SERVER),
    "project_trusted": Case(SET_MODEL, trust_project, NEW, {"projects": {"/srv/between": TRUSTED}}),
    "server_added_and_other_removed_0.94": Case(REMOVE_SERVER, add_server, OLD, SERVER),
    "server_added_and_other_removed_0.171": Case(REMOVE_SERVER, add_server, NEW, SERVER),
}

pytestmark = pytest.mark.xdist_group("config_writers")  # two runs of one playbook serve all of them


class Written(t.NamedTuple):
    """What became of a home: the file as Codex left it and as the task left it, and what both runs returned."""

    home: pathlib.Path
    between: bytes
    after: bytes
    results: list[dict[str, t.Any]]
    executions: list[int]
    unchanged: bool


@pytest.fixture(name="all_written", scope="module")
def _all_written(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Written]]:
    with scratch() as folder, concurrent.futures.ThreadPoolExecutor() as threads:
        hosts, homes = {}, {}
        for name, case in CASES.items():
            homes[name] = _home(folder / name)
            hosts[name] = {
                "ansible_connection": "local",
                "ansible_python_interpreter": str(homes[name] / "python"),
                "home": str(homes[name] / ".codex"),
                "options": case.task,
            }
        playbook = Playbook(tmp_path_factory.mktemp("playbook"), folder)
        arguments = {
            "codex_home": "{{ home }}",
            "settings": "{{ options.settings | default({}) }}",
            "absent": "{{ options.absent | default([]) }}",
        }
        task = {"name": "configure", "fleet.codex.codex_config": arguments}
        running = threads.submit(playbook.run, hosts, [task], arguments=["--forks", str(len(hosts))])
        between = {}
        try:
            for name, case in CASES.items():
                _await(homes[name] / "reached", running)
                case.write(homes[name], case.version)
                between[name] = (homes[name] / ".codex" / "config.toml").read_bytes()
                (homes[name] / "go").touch()
        finally:
            for home in homes.values():
                (home / "go").touch()
        first = running.result()
        executions = {name: [_executions(home)] for name, home in homes.items()}
        after = {name: _state(home) for name, home in homes.items()}
        second = playbook.run(hosts, [task])
        yield {
            name: Written(
                home,
                between[name],
                after[name][0],
                [run.of_host(name).result for run in (first, second)],
                [*executions[name], _executions(home)],
                after[name] == _state(home),
            )
            for name, home in homes.items()
        }


def _home(folder: pathlib.Path) -> pathlib.Path:
    (folder / ".codex").mkdir(parents=True, mode=0o700)
    (folder / ".codex" / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "python").write_text(_PYTHON.format(python=sys.executable), encoding="utf-8")
    (folder / "python").chmod(0o755)
    return folder


def _await(path: pathlib.Path, running: concurrent.futures.Future[Run]) -> None:
    while not path.exists():
        assert not running.done(), running.result().output
        time.sleep(0.02)


def _executions(home: pathlib.Path) -> int:
    return len((home / "executions").read_text().splitlines())


def _state(home: pathlib.Path) -> tuple[bytes, int, int]:
    path = home / ".codex" / "config.toml"
    return path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns


@pytest.fixture(name="written", params=CASES)
def _written(all_written: dict[str, Written], request: pytest.FixtureRequest) -> tuple[Case, Written]:
    return CASES[request.param], all_written[request.param]


def wanted(case: Case) -> dict[str, t.Any]:
    """The data with Codex's change and the task's."""
    data = tomli.loads(CONFIG)
    for change in (case.written, case.task.get("settings", {})):
        for key, value in change.items():
            data[key] = {**data.get(key, {}), **value} if isinstance(value, dict) else value
    for above, key in case.task.get("absent", []):
        del data[above][key]
    return data


def test_both_changes_are_kept(written: tuple[Case, Written]) -> None:
    case, found = written
    assert found.results[0].get("changed"), found.results[0]
    assert tomli.loads(found.after.decode()) == wanted(case)
    # Describe, apply (which found another file), and the same again.
    assert found.executions[0] == 4


def test_no_line_of_codex_is_touched(written: tuple[Case, Written]) -> None:
    case, found = written
    removes = "absent" in case.task
    added = added_lines(
        found.between,
        found.after,
        ['[mcp_servers.old]\ncommand = "old-server"'] if removes else [],
        {} if removes else {'model = "gpt-5" # for now': 'model = "fleet-test-model" # for now'},
    )
    assert [line for line in added if line] == (
        [] if removes else ['[projects."/srv/ours"]', 'trust_level = "trusted"']
    )


def test_the_second_run_changes_nothing(written: tuple[Case, Written]) -> None:
    _case, found = written
    assert found.results[1].get("changed") is False, found.results[1]
    assert found.unchanged
    assert found.executions[1] == found.executions[0] + 1


@pytest.mark.parametrize("version", [OLD, NEW])
def test_codex_reads_both_changes(version: str, written: tuple[Case, Written]) -> None:
    case, found = written
    assert start(version, found.home).configuration() == wanted(case)
