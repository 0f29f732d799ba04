# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Hosts that Ansible takes for Windows, over ssh: PowerShell on Linux, and on Windows as Wine plays it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import ENVIRONMENT
from ansible_collections.fleet.codex.tests.support.skips import unavailable, without_powershell

KINDS = ("win-linux", "win-wine")


@dataclasses.dataclass(frozen=True)
class WindowsHost:
    """One of the hosts, and what lies on it, looked at behind Ansible's back.

    disk: where the host's files are on this machine. root: how the host itself calls that folder.
    """

    name: str
    variables: dict[str, t.Any]
    disk: pathlib.Path
    root: str

    def path(self, *names: str) -> str:
        """A path as the host has it."""
        return self.separator.join([self.root, *names])

    @property
    def separator(self) -> str:
        return "\\" if self.name == "win-wine" else "/"

    def local(self, path: str) -> pathlib.Path:
        """Where a path of the host is on this machine."""
        return self.disk.joinpath(*path.removeprefix(self.root).strip(self.separator).split(self.separator))

    def files(self, path: str) -> dict[str, bytes]:
        """The files below a folder of the host, by the paths below it."""
        return contents(self.local(path))


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    """The files below a folder of this machine, by the paths below it."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class WindowsHosts:
    """Both hosts, for one process of xdist."""

    def __init__(self) -> None:
        done = subprocess.run(
            ["sh", str(ENVIRONMENT / "windows.sh"), "hosts"], capture_output=True, text=True, check=False
        )
        if done.returncode == 3:
            without_powershell(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        self.inventory = pathlib.Path(done.stdout.strip().splitlines()[-1])
        self.run = self.inventory.parent.parent
        hosts = _read_inventory(self.inventory)
        self.hosts: dict[str, WindowsHost] = {}
        for name in KINDS:
            if name not in hosts:
                without_powershell(f"there is no host {name}")
            disk = self.run / "wine" / "drive_c" / "fleet" if name == "win-wine" else self.run / "linux-disk"
            disk.mkdir(parents=True)
            root = "C:\\fleet" if name == "win-wine" else str(disk)
            self.hosts[name] = WindowsHost(name, hosts[name], disk, root)

    @property
    def drive(self) -> pathlib.Path:
        """Where drive C: of Wine's host is on this machine."""
        return self.run / "wine" / "drive_c"

    @property
    def user(self) -> str:
        """The one user of Wine's host."""
        (name,) = {path.name for path in (self.drive / "users").iterdir()} - {"Public"}
        return name

    def reset(self) -> None:
        """Removes what tests left on the hosts."""
        for host in self.hosts.values():
            shutil.rmtree(host.disk, ignore_errors=True)
            host.disk.mkdir()
        profile = next((self.drive / "users").glob(os.environ.get("USER", "root")), self.drive / "users" / "root")
        shutil.rmtree(profile / ".codex", ignore_errors=True)
        shutil.rmtree(self.drive / "ProgramData" / "OpenAI", ignore_errors=True)

    def wine(self, *command: str, env: t.Mapping[str, str] | None = None, check: bool = True) -> str:
        """What a program of the Wine host's printed, without a network."""
        script = f'. "{self.run}/bin/wine-env"; exec /usr/lib/wine/wine64 "$@"'
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", script, "sh", *command],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **(env or {})},
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout + done.stderr

    def stop(self) -> None:
        subprocess.run(["sh", str(ENVIRONMENT / "windows.sh"), "stop", str(self.inventory)], check=False)


def _read_inventory(path: pathlib.Path) -> dict[str, dict[str, t.Any]]:
    """The hosts of the inventory with all of their variables."""
    program = _newest_core().with_name("ansible-inventory")
    done = subprocess.run(
        [str(program), "-i", str(path), "--list", "--export"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    shared = found["windows"].get("vars", {})
    return {name: {**shared, **found["_meta"]["hostvars"].get(name, {})} for name in found["windows"]["hosts"]}


@functools.cache
def _newest_core() -> pathlib.Path:
    done = subprocess.run(["sh", str(ENVIRONMENT / "cores.sh"), "newest"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        unavailable(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


@functools.cache
def windows_core() -> pathlib.Path:
    """The ansible-playbook whose wrapper runs on these hosts: that of ansible-core 2.21 or later."""
    program = _newest_core()
    text = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    version = text.partition("core ")[2].partition("]")[0]
    if tuple(map(int, version.split(".")[:2])) < (2, 21):
        without_powershell(f"PowerShell for tests needs ansible-core 2.21, and this machine has {version}")
    return program
