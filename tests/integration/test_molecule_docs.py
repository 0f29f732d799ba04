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
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT, COLLECTIONS

pytestmark = pytest.mark.xdist_group("molecule")  # the container has a fixed name

PAGE = (CHECKOUT / "docs" / "molecule.md").read_text()
# A block and the path before it: the last one in the paragraph above.
FILES = dict(re.findall(r"`([\w/.]+)`(?:(?!`)[^\n]|\n(?!\n))*:\n\n```yaml\n(.*?)```", PAGE, re.DOTALL))
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
    """Runs a command of Molecule in the repository; every step must succeed."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(role.parent / "ephemeral"),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "MOLECULE_IMAGE": "fleet-codex-test:bookworm",
        "CODEX_BINARY": str(binary("0.171.0")),
    }
    done = subprocess.run(["molecule", command], cwd=role, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "fleet-test-key-molecule" not in output
    steps = re.findall(r"^default > (\w+): Executed: Successful$", output, re.MULTILINE)
    changes = re.findall(r"^molecule-workstation +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
    return Run(steps, [int(number) for number in changes], output)


def test_the_page_has_a_role_and_a_whole_scenario() -> None:
    scenario = [f"molecule/default/{name}.yml" for name in ("molecule", "converge", "verify")]
    assert list(FILES) == ["tasks/main.yml", *scenario]
    assert PAGE.count("```yaml") == len(FILES)


def test_molecule_test_works_in_the_repository_of_a_role(docker: None, role: pathlib.Path) -> None:
    run = molecule(role, "test")
    assert run.steps == [
        *["destroy", "syntax", "create", "check", "converge", "idempotence", "check", "verify", "destroy"]
    ]
    # Of the five that run on the container.
    assert run.changes == [2, 2, 0, 0, 0]
    assert "skipping: [molecule-workstation]" not in run.output


def test_molecule_check_works_on_a_fresh_container(docker: None, role: pathlib.Path) -> None:
    run = molecule(role, "check")
    assert run.steps == ["destroy", "create", "check", "destroy"]
    assert run.changes == [2]
    assert "There is no user alice on this host. Check mode goes on" in run.output
