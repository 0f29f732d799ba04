# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Containers as people run them: of an image with or without Python, with a user, a home and mounts of their own."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import LABEL, Container, Host
from ansible_collections.fleet.codex.tests.support.skips import unavailable

WITH_PYTHON = "bookworm"
IMAGES = (WITH_PYTHON, "nopython", "busybox")
"""Of Debian with Python and without, and with nothing but busybox."""


class Facts(t.NamedTuple):
    """A file as it lies in a container. Its user may have no name there."""

    uid: int
    mode: str
    inode: int
    content: bytes


class Box(Host):
    """A running container without a network, as its image is; ``remove`` ends it, with its unnamed volumes.

    options: of docker run; command: in place of the image's.
    """

    def __init__(
        self,
        image: str,
        *options: str,
        command: t.Sequence[str] = (),
        engine: str = "docker",
        settings: str | None = None,
    ) -> None:
        self.engine = engine
        self._env = os.environ | ({"CONTAINERS_CONF": settings} if settings else {})
        known = f"fleet-codex-test:{image}" if image.isalpha() else image
        started = self.call("run", "--detach", "--network", "none", "--label", LABEL, *options, known, *command)
        self.id = started.strip()
        self.name = self.call("inspect", "--format", "{{.Name}}", self.id).strip().removeprefix("/")

    def call(self, *arguments: str) -> str:
        """What the engine says to a command."""
        done = subprocess.run([self.engine, *arguments], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def remove(self) -> None:
        command = [self.engine, "rm", "--force", "--volumes", self.id]
        subprocess.run(command, env=self._env, capture_output=True, check=False)

    def prefix(self, user: str | None) -> list[str]:
        settings = [f"CONTAINERS_CONF={self._env['CONTAINERS_CONF']}"] if "CONTAINERS_CONF" in self._env else []
        return ["env", *settings, self.engine, "exec", "--interactive", *(["--user", user] if user else []), self.id]

    def connection(self, plugin: str, user: str | None = None) -> dict[str, t.Any]:
        """Variables for a connection to the container itself."""
        variables = {"ansible_connection": plugin, "ansible_host": self.id}
        return variables | ({"ansible_user": user} if user else {})

    def facts(self, path: str) -> Facts:
        """A file, as a program in the container finds it."""
        uid, mode, inode = self.run("stat", "-L", "-c", "%u %a %i", path, user="0").split()
        done = subprocess.run([*self.prefix("0"), "cat", path], capture_output=True, check=True)
        return Facts(int(uid), mode, int(inode), done.stdout)

    def stop(self) -> None:
        """Stops it at once."""
        self.call("kill", self.id)


RunBox = t.Callable[..., Box]
"""Runs a Box and removes it after the test."""


def image_without_shell() -> str:
    """An image with one program and nothing else; the caller removes it. It is busybox, which knows no other here."""
    made = subprocess.run(["docker", "create", "fleet-codex-test:busybox"], capture_output=True, text=True, check=True)
    box = made.stdout.strip()
    try:
        copied = subprocess.run(["docker", "cp", f"{box}:/bin/busybox", "-"], capture_output=True, check=True)
    finally:
        subprocess.run(["docker", "rm", box], capture_output=True, check=True)
    root = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as source, tarfile.open(fileobj=root, mode="w") as target:
        (member,) = source.getmembers()
        content = source.extractfile(member)
        member.name = "sleep"  # by which busybox knows what it is to do
        target.addfile(member, content)
    command = ["docker", "import", "--change", 'CMD ["/sleep", "100000"]', "-"]
    done = subprocess.run(command, input=root.getvalue(), capture_output=True, check=True)
    return done.stdout.decode().strip()


def derived_image(image: str, script: str, *changes: str) -> str:
    """An image in which root has run a script, with further lines of a Dockerfile; the caller removes it."""
    box = Box(image)
    try:
        box.run("sh", "-c", script)
        return box.call("commit", *(word for line in changes for word in ("--change", line)), box.id).strip()
    finally:
        box.remove()


def remove_image(image: str) -> None:
    """Removes what one of the two functions above made."""
    subprocess.run(["docker", "rmi", "--force", image], capture_output=True, check=False)


@contextlib.contextmanager
def docker_host(image: str, key: pathlib.Path) -> t.Iterator[Container]:
    """A Docker host that can be reached by ssh: a container with the command docker and the engine of this machine."""
    command = pathlib.Path(shutil.which("docker") or "").resolve()
    volumes = ["/var/run/docker.sock:/var/run/docker.sock", f"{command}:/usr/local/bin/docker:ro"]
    host = Container(image, key, *(word for volume in volumes for word in ("--volume", volume)))
    try:
        if "Server" not in host.run("docker", "version", check=False):
            unavailable("The docker command of this machine does not run in a Debian container.")
        yield host
    finally:
        host.remove()


KUBECTL = """\
#!/bin/sh
# In the place of kubectl, which would ask a cluster: the pod is a container of this machine.
[ "$1 $2" = "exec -i" ] && [ "$4" = -- ] || exit 64
pod=$3
shift 4
exec docker exec --interactive "$pod" "$@"
"""


def with_kubectl(folder: pathlib.Path) -> dict[str, str]:
    """Environment in which kubectl is the one above."""
    path = folder / "bin" / "kubectl"
    path.parent.mkdir()
    path.write_text(KUBECTL)
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:{os.environ['PATH']}"}
