"""Target programs on the oldest and newest Python there is, in sh and in PowerShell, users, and places of root's alone.

A test that takes `target_program` runs with all of them, with two of the shells in `make clients` alone. What cannot
hold for one is marked with the reason: `posix_only` with PowerShell, `not_on_wine` with PowerShell on Windows as Wine
plays it, `not_in_sh` without Python.
"""

from __future__ import annotations

import contextlib
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
from ansible_collections.fleet.codex.tests.support import powershell_program, sh_program
from ansible_collections.fleet.codex.tests.support.skips import unavailable, without_powershell
from ansible_collections.fleet.codex.tests.support.target_program import Program, TargetProgram

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


POWERSHELLS = {"powershell-linux": "linux", "powershell-wine": "wine"}
SHELLS = {f"sh-{shell}": shell for shell in sh_program.SHELLS}
# One PowerShell of a kind is started, and not one in each process of xdist.
PROGRAMS = [
    pytest.param(PYTHONS[0], id="python-oldest"),
    pytest.param(PYTHONS[-1], id="python-newest"),
    *(pytest.param(name, id=name) for name in ("sh-dash", "sh-busybox")),
    *(pytest.param(name, id=name, marks=pytest.mark.repeats("another shell")) for name in ("sh-mksh", "sh-bash")),
    *(pytest.param(name, id=name, marks=pytest.mark.xdist_group(name)) for name in POWERSHELLS),
]


@pytest.fixture(scope="session", params=PROGRAMS)
def target_program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Program]:
    """A target program; each test runs with each Python, each shell and each PowerShell."""
    if request.param in SHELLS:
        with reachable_folder() as folder:
            try:
                yield sh_program.ShProgram(SHELLS[request.param], folder)
            except sh_program.NoShell as error:
                unavailable(str(error))
        return
    kind = POWERSHELLS.get(request.param)
    if kind is None:
        yield TargetProgram(request.param)
        return
    try:
        program = powershell_program.PowershellProgram(kind, tmp_path_factory.mktemp(kind))
    except powershell_program.NoPowershell as error:
        without_powershell(str(error))
    yield program
    program.close()


@contextlib.contextmanager
def reachable_folder() -> t.Iterator[Path]:
    """A folder that every user may walk through."""
    with tempfile.TemporaryDirectory(prefix="fleet-codex-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session", params=PYTHONS, ids=lambda path: path)
def every_python(request: pytest.FixtureRequest) -> TargetProgram:
    """A target program; each test runs with each version of Python that is installed."""
    return TargetProgram(request.param)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Path]:
    """A folder of the test's own. For a program on Wine, it is on the disk that the program has."""
    program = request.getfixturevalue("target_program") if "target_program" in request.fixturenames else None
    if not isinstance(program, powershell_program.PowershellProgram) or program.kind != "wine":
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=program.drive) as name:
        yield Path(name)


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
    """Ends tests that cannot hold for this target program, and tests that need root where there is none."""
    program = (
        item.callspec.params.get("target_program")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )
    markers = (("posix_only", POWERSHELLS), ("not_on_wine", ["powershell-wine"]), ("not_in_sh", SHELLS))
    for name, programs in markers:
        marker = item.get_closest_marker(name)
        if marker is not None and program in programs:
            pytest.skip(*marker.args)
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
