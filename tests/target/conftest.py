"""Target programs on the oldest and the newest Python there is, users, and places where root alone writes."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram

OLDEST, NEWEST = (3, 6), (3, 13)


def interpreters() -> list[str]:
    """The Pythons that are installed here, one of each version that targets may have, the oldest first."""
    found: dict[tuple[int, int], str] = {}
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for path in [sys.executable, "/usr/bin/python3", *glob.glob(f"{pyenv}/versions/3.*/bin/python3")]:
        version = subprocess.run(
            [path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if version.returncode == 0:
            major, minor = map(int, version.stdout.split())
            found.setdefault((major, minor), path)
    return [found[version] for version in sorted(found) if version >= OLDEST]


PYTHONS = interpreters()


@pytest.fixture(scope="session", params=[PYTHONS[0], PYTHONS[-1]], ids=lambda path: path)
def target_program(request: pytest.FixtureRequest) -> TargetProgram:
    """A target program; each test runs with each Python."""
    return TargetProgram(request.param)


@pytest.fixture(scope="session", params=PYTHONS, ids=lambda path: path)
def every_python(request: pytest.FixtureRequest) -> TargetProgram:
    """A target program; each test runs with each version of Python that is installed."""
    return TargetProgram(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Codex home of this process's user."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def shared_program() -> TargetProgram:
    """A target program with a Python that every user can start."""
    return TargetProgram("/usr/bin/python3")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Ends tests that need root where there is none."""
    if os.geteuid() != 0 and item.get_closest_marker("needs_root"):
        unavailable("needs root")


@pytest.fixture
def root_folder() -> t.Iterator[Path]:
    """A folder below folders that root alone can write."""
    folder = Path(tempfile.mkdtemp(prefix="fleet-codex-test-", dir="/opt"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def user() -> pwd.struct_passwd:
    """A user of this host that is not root."""
    return pwd.getpwnam("nobody")


@pytest.fixture(scope="session")
def other_user() -> pwd.struct_passwd:
    """Another one."""
    return pwd.getpwnam("daemon")
