# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Fixtures: hosts, one set for each process of xdist, and the playbook runner."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Container, Machine
from ansible_collections.fleet.codex.tests.support.paths import ENVIRONMENT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import CORES
from ansible_collections.fleet.codex.tests.support.skips import unavailable

from .containers import WITH_PYTHON, Box, RunBox, docker_host, image_without_shell, remove_image


@pytest.fixture(scope="session", name="docker")
def _docker() -> None:
    for script in ("docker.sh", "images.sh"):
        done = subprocess.run(["sh", str(ENVIRONMENT / script)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            unavailable(done.stderr.strip())


@pytest.fixture(scope="session", name="key")
def _key(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A key for ssh, made for this run."""
    if shutil.which("ssh-keygen") is None:
        unavailable("ssh-keygen and ssh are not installed.")
    path = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="session", name="shells_container")
def _shells_container(docker: None, key: pathlib.Path) -> t.Iterator[Container]:
    container = Container("shells", key)
    yield container
    container.remove()


@pytest.fixture(scope="session", name="nopython_container")
def _nopython_container(docker: None, key: pathlib.Path) -> t.Iterator[Container]:
    container = Container("nopython", key)
    yield container
    container.remove()


@pytest.fixture
def container(shells_container: Container) -> Container:
    """A Debian with users, sudo, sshd and all shells; home directories are as new."""
    shells_container.reset()
    return shells_container


@pytest.fixture
def nopython(nopython_container: Container) -> Container:
    """A Debian without Python."""
    nopython_container.reset()
    return nopython_container


@pytest.fixture
def machine() -> t.Iterator[Machine]:
    """This machine, with a folder that any user may walk through."""
    with tempfile.TemporaryDirectory(prefix="fleet-codex-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        (folder / "remote").mkdir()
        yield Machine(folder)


@pytest.fixture(scope="session", name="control")
def _control() -> t.Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="fc", ignore_cleanup_errors=True) as name:
        yield pathlib.Path(name)


@pytest.fixture
def playbook(tmp_path: pathlib.Path, control: pathlib.Path) -> Playbook:
    """ansible-playbook of the Python that runs the tests."""
    return Playbook(tmp_path, control)


@functools.cache
def program_of(core: str) -> pathlib.Path:
    """The ansible-playbook of another ansible-core."""
    script = ENVIRONMENT / "cores.sh"
    done = subprocess.run(["sh", str(script), core], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        unavailable(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


@pytest.fixture(params=CORES)
def other_core(request: pytest.FixtureRequest, tmp_path: pathlib.Path, control: pathlib.Path) -> Playbook:
    """ansible-playbook of the oldest and of the newest ansible-core that is supported."""
    return Playbook(tmp_path, control, program_of(request.param))


@pytest.fixture
def run_box(docker: None) -> t.Iterator[RunBox]:
    """Runs containers as people do, which end with the test."""
    boxes: list[Box] = []

    def run(image: str, *options: str, **more: t.Any) -> Box:
        boxes.append(Box(image, *options, **more))
        return boxes[-1]

    yield run
    for box in boxes:
        box.remove()


@pytest.fixture(scope="session", name="without_shell")
def _without_shell(docker: None) -> t.Iterator[str]:
    """An image without a shell."""
    name = image_without_shell()
    yield name
    remove_image(name)


@pytest.fixture(scope="session", name="podman")
def _podman(docker: None) -> str:
    """The settings with which podman runs here."""
    script = ["sh", str(ENVIRONMENT / "podman.sh"), WITH_PYTHON]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        unavailable(done.stderr.strip())
    return done.stdout.strip()


@pytest.fixture(scope="session", name="docker_host")
def _docker_host(docker: None, key: pathlib.Path) -> t.Iterator[Container]:
    """A Docker host with users, sudo and sshd."""
    with docker_host("shells", key) as host:
        yield host
