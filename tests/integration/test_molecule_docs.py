# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The Molecule scenario of docs/molecule.md works, as it is printed, in a repository of somebody else."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.paths import COLLECTIONS

pytestmark = pytest.mark.xdist_group("molecule")  # the container has a fixed name

RUN = [block for block in blocks("docs/molecule.md") if block.not_run is None]
FILES = {block.file: block.text for block in RUN if block.file}
(COMMANDS,) = ([step.command for step in steps(block)] for block in RUN if block.language == "console")
WITH_CODEX = next(command for command in COMMANDS if "CODEX_BINARY" in command)
ROLE = {
    "defaults/main.yml": "workstation_user: dev\n",
    "meta/main.yml": "galaxy_info: {author: someone, description: Sets a workstation up., license: MIT}\n",
    "README.md": "# workstation\n",
}


class Run(t.NamedTuple):
    """The steps of a command of Molecule, what each one that ran on the container changed, and the output."""

    steps: list[str]
    changes: list[int]
    output: str


@pytest.fixture(name="role")
def _role(tmp_path: pathlib.Path) -> pathlib.Path:
    """The repository of a role that uses fleet.codex."""
    role = tmp_path / "workstation"
    for path, content in {**ROLE, **FILES}.items():
        (role / path).parent.mkdir(parents=True, exist_ok=True)
        (role / path).write_text(content)
    return role


def molecule(role: pathlib.Path, command: str) -> Run:
    """Runs a command of the page in the repository; every step must succeed."""
    home = role.parent / "home"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    if not (home / "bin" / "codex").exists():
        (home / "bin" / "codex").symlink_to(binary("0.171.0"))
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(role.parent / "ephemeral"),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "MOLECULE_IMAGE": "fleet-codex-test:bookworm",
    }
    done = subprocess.run(["sh", "-c", command], cwd=role, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "fleet-test-key-molecule" not in output
    steps_done = re.findall(r"^default > (\w+): Executed: Successful$", output, re.MULTILINE)
    changes = re.findall(r"^molecule-workstation +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
    return Run(steps_done, [int(number) for number in changes], output)


def test_the_page_has_a_role_and_a_whole_scenario() -> None:
    scenario = [f"molecule/default/{name}.yml" for name in ("molecule", "converge", "verify")]
    assert list(FILES) == ["tasks/main.yml", *scenario]
    assert len(FILES) + 1 == len(RUN)


TEST = ["destroy", "syntax", "create", "check", "converge", "idempotence", "check", "verify", "destroy"]
SEEN: dict[str, tuple[list[str], list[int]]] = {
    "molecule test": (TEST, [2, 2, 0, 0, 0]),
    WITH_CODEX: (TEST, [2, 2, 0, 0, 0]),
    "molecule check": (["destroy", "create", "check", "destroy"], [2]),
    "molecule converge": (["create", "converge"], [2]),
    "molecule destroy": (["destroy"], []),
}
"""The steps of each command, and what those that run on the container change."""


def test_every_command_of_the_page_is_known() -> None:
    assert list(SEEN) == COMMANDS


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(["molecule test"], marks=pytest.mark.repeats("what the next one shows, without Codex")),
        [WITH_CODEX],
        ["molecule check"],
        ["molecule converge", "molecule destroy"],
    ],
    ids=lambda commands: commands[0],
)
def test_the_commands_of_the_page(docker: None, role: pathlib.Path, commands: list[str]) -> None:
    """On a host where there is no user yet, which check mode warns of."""
    for command in commands:
        run = molecule(role, command)
        assert (run.steps, run.changes) == SEEN[command], run.output
        assert "skipping: [molecule-workstation]" not in run.output
        assert ("There is no user alice on this host. Check mode goes on" in run.output) is ("check" in run.steps)
