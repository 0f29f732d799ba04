# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A host with a real Codex and a made-up sign-in server, and a run of ansible-playbook that somebody signs in during.

The run has a network namespace of its own, in which there is nothing but a loopback, since the port to which a browser
comes back is one for each machine. ssh gets out of it, because it reaches the host through `docker exec`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import typing as t

from ansible_collections.fleet.codex.tests.support import sign_in_server
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .authority import make_authority

NAMES = ("auth.openai.com", "chatgpt.com", "api.openai.com")
FOLDER = "/opt/sign-in"
AUTHORITY = f"{FOLDER}/authority.pem"
SERVER = pathlib.Path(sign_in_server.__file__)
PATIENCE = 60.0  # seconds for what is sure to come

_WRAPPER = """\
#!/bin/sh
echo $$ >{folder}/pid
exec setsid unshare --net sh {folder}/inside {program} "$@" >{folder}/live 2>&1
"""

_INSIDE = """\
ip link set lo up
readlink /proc/self/ns/net >{folder}/namespace
{before}
exec "$@"
"""


def await_true(condition: t.Callable[[], t.Any], what: str, seconds: float = PATIENCE) -> t.Any:
    """What a condition returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(0.05)
    return found


class SignInHost(Container):
    """A container whose Codex finds the sign-in server of the test under OpenAI's names."""

    def __init__(self, key: pathlib.Path, folder: pathlib.Path) -> None:
        cache = binary("0.171.0").parents[1]
        hosts = [word for name in NAMES for word in ("--add-host", f"{name}:127.0.0.1")]
        super().__init__("shells", key, "--volume", f"{cache}:/opt/codex:ro", *hosts)
        for path in make_authority(folder, NAMES):
            self.write(f"{FOLDER}/{path.name}", path.read_bytes(), mode="644")
        self.write(f"{FOLDER}/server.py", SERVER.read_bytes(), mode="755")
        self.run("sh", "-c", f"chmod 755 {FOLDER}; mkdir {FOLDER}/data")
        files = [f"{FOLDER}/certificate.pem", f"{FOLDER}/key.pem"]
        command = [*self.prefix(None), "python3", f"{FOLDER}/server.py", "serve", f"{FOLDER}/data", "443", *files]
        self._server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await_true(lambda: self.exists(f"{FOLDER}/data/ready"), "the sign-in server")

    def remove(self) -> None:
        super().remove()
        if hasattr(self, "_server"):
            self._server.wait()

    def reset(self) -> None:
        super().reset()
        self.run("sh", "-c", f"rm -f {FOLDER}/data/requests {FOLDER}/data/settings.json /usr/local/bin/codex")

    def install(self, version: str) -> None:
        """Puts a version of Codex where everybody finds it."""
        binary(version)
        self.run("ln", "-sf", f"/opt/codex/{version}/codex", "/usr/local/bin/codex")

    def set(self, **settings: t.Any) -> None:
        """How the sign-in server answers from now on."""
        self.write(f"{FOLDER}/data/settings.json", json.dumps(settings), mode="644")

    def requests(self) -> list[str]:
        """What the sign-in server was asked, each as METHOD PATH."""
        lines = self.run("sh", "-c", f"cat {FOLDER}/data/requests 2>/dev/null || true").splitlines()
        return [f"{line['method']} {line['path']}" for line in map(json.loads, lines)]

    def processes(self) -> list[str]:
        """The command lines of everything that a sign-in starts and that runs here now."""
        lines = self.run("ps", "-eo", "stat=,args=").splitlines()  # zombies stay, since init is `sleep`
        return [line for line in lines if re.search(r"codex|python3 -I", line) and not re.match(r"Z|.* ps ", line)]

    def left_behind(self) -> list[str]:
        """Folders of sign-ins below the homes."""
        found = self.run("find", "/home", "/root", "/srv", "-name", ".fleet-codex-login-*", check=False)
        return found.splitlines()


class SignIn:
    """A run of ansible-playbook in which somebody is asked to sign in; ``arguments`` are those of `Playbook.run`.

    before: a command of sh that runs first in its network namespace.
    """

    def __init__(self, playbook: Playbook, *arguments: t.Any, before: str = "", **more: t.Any) -> None:
        self.folder = playbook.folder / "sign-in"
        self.folder.mkdir(exist_ok=True)
        for name in ("pid", "live", "namespace"):
            (self.folder / name).unlink(missing_ok=True)
        wrapper = self.folder / "ansible-playbook"
        wrapper.write_text(_WRAPPER.format(folder=self.folder, program=playbook.program))
        (self.folder / "inside").write_text(_INSIDE.format(folder=self.folder, before=before))
        wrapper.chmod(0o755)
        program, playbook.program = playbook.program, wrapper
        more.setdefault("callback", "default")
        self._runs: list[Run] = []
        self._thread = threading.Thread(target=lambda: self._runs.append(playbook.run(*arguments, **more)), daemon=True)
        self._thread.start()
        namespace = self.folder / "namespace"
        await_true(lambda: namespace.exists() and namespace.read_text().endswith("\n"), "the run")
        self._namespace = namespace.read_text().strip()
        playbook.program = program
        self.pid = int((self.folder / "pid").read_text())

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self.folder / "live").read_text(encoding="utf-8", errors="replace")

    def address(self) -> str:
        """The address that it shows."""
        pattern = r"^(https://\S+)$"
        found = await_true(lambda: re.search(pattern, self.output, re.M) or not self._thread.is_alive(), "the address")
        assert found is not True, self.output
        address: str = found[1]
        return address

    def visit(self, error: str | None = None) -> list[str]:
        """The statuses of the pages that a browser beside Ansible sees at the end of the sign-in."""
        command = ["nsenter", f"--net=/proc/{self.pid}/ns/net", sys.executable, str(SERVER), "visit", self.address()]
        done = subprocess.run(
            [*command, *([error] if error else [])], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return done.stdout.split() or [done.stderr]

    def tunnels(self) -> list[int]:
        """The processes of ssh that forward a port in the run's network namespace."""
        return self.members("-L 127.0.0.1:")

    def members(self, words: str) -> list[int]:
        """The processes in the run's network namespace with these words in their command line."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                arguments = pathlib.Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if words in arguments and os.readlink(f"/proc/{name}/ns/net") == self._namespace:
                    found.append(int(name))
        return found

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to its process group, as a terminal does."""
        os.killpg(self.pid, number)

    def end(self, seconds: float = 2 * PATIENCE) -> Run:
        """How it ended, with all that it printed."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), self.output
        run = self._runs[0]
        return Run(run.rc, self.output, "", [])
