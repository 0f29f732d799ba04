# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Drives the target program for Windows as TargetProgram drives the one for POSIX hosts, in one long-lived PowerShell.

On Wine the program has a disk of its own, which the tests see as a folder of this machine: paths in requests and
answers are translated. Where the protocol has ``access`` for Windows, tests may go on saying ``mode``.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shlex
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest

from .paths import CHECKOUT, ENVIRONMENT
from .target_program import ACCESS, Program, is_private

Kind = t.Literal["linux", "wine"]
WINE = "/usr/lib/wine/wine64"
MARK = "answer "
# PowerShell and the program start, and a `codex` has 30 seconds.
PATIENCE = 120


# No `codex` that is started here reaches a network.
ALONE = ["unshare", "--net"] if os.geteuid() == 0 else []


class NoPowershell(Exception):
    """There is no PowerShell on this machine; the text says why."""


class PowershellFailed(AssertionError):
    """The program ended with an error, which its tests must never see."""


def folder() -> Path:
    """Where tests/environment/windows.sh put PowerShell."""
    return Path(_windows_sh())


def _windows_sh(*arguments: str) -> str:
    done = subprocess.run(
        ["sh", str(ENVIRONMENT / "windows.sh"), *arguments], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode == 3:
        raise NoPowershell(done.stderr.strip().removeprefix("fleet.codex: "))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class PowershellProgram(Program):
    """The target program in PowerShell, on Linux or on Windows as Wine plays it.

    folder: for Wine, where its disk is put; it is removed by ``close``.
    """

    BACKUP = "{name}.{pid}.{time:%Y%m%d-%H%M%S}.bak"

    def __init__(self, kind: Kind, place: Path) -> None:
        self.kind = kind
        self.place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        if kind == "wine":
            _windows_sh("disk", str(place))
            self._command = [str(place / "bin" / "pwsh-wine")]
        else:
            self._command = [str(folder() / "bin" / "pwsh")]

    @property
    def drive(self) -> Path:
        """The disk C: of Wine."""
        return self.place / "wine" / "drive_c"

    def to_target(self, path: str) -> str:
        """A path of this machine as the program knows it."""
        if self.kind == "linux" or not path.startswith("/"):
            return path
        if path == str(self.drive) or path.startswith(f"{self.drive}/"):
            return "C:" + (path.removeprefix(str(self.drive)) or "/").replace("/", "\\")
        return "Z:" + path.replace("/", "\\")

    def from_target(self, path: str) -> str:
        """A path that the program knows as one of this machine."""
        if self.kind == "linux" or path[1:3] != ":\\":
            return path
        rest = path[2:].replace("\\", "/").rstrip("/")
        return {"C": str(self.drive), "Z": ""}.get(path[0].upper(), path[:2]) + rest

    def _translate(self, value: t.Any) -> t.Any:
        """All paths in an answer."""
        if isinstance(value, dict):
            return {key: self._translate(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self._translate(entry) for entry in value]
        return self.from_target(value) if isinstance(value, str) else value

    def _home(self, home: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """A home of a request, as this program knows it."""
        translated = dict(home)
        if home.get("codex_home"):
            translated["codex_home"] = self.to_target(home["codex_home"])
        for key in ("files", "operations"):
            if key in home:
                translated[key] = [with_access({**entry, "path": self.to_target(entry["path"])}) for entry in home[key]]
        return translated

    def _start(self) -> subprocess.Popen[bytes]:
        host = CHECKOUT / "tests" / "support" / "powershell_host.ps1"
        arguments = ["-NoProfile", "-File", host, "-Plugins", CHECKOUT / "plugins", "-Mark", MARK]
        return subprocess.Popen(
            [*ALONE, *self._command, *(self.to_target(str(argument)) for argument in arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def _exchange(self, line: bytes) -> tuple[str, bytes]:
        """The reply to a line: its status, and all that was printed by its end."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # what it said before it ended is read below
            process.stdin.write(line + b"\n")
            process.stdin.flush()
        printed, end = b"", time.monotonic() + PATIENCE
        while True:
            last = (printed.splitlines() or [b""])[-1]
            if printed.endswith(b"\n") and last.startswith(MARK.encode()):
                status, encoded = last.decode().removeprefix(MARK).split(" ")
                others = printed[: printed.rindex(last)]
                assert not others.strip(), f"printed beside the answer: {others!r}"
                return status, base64.b64decode(encoded)
            if not select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                self.close_process()
                raise PowershellFailed(f"no answer within {PATIENCE} seconds, but {printed!r}")
            read = os.read(process.stdout.fileno(), 1 << 20)
            if not read:
                self.close_process()
                raise PowershellFailed(f"PowerShell ended; it printed {printed!r}")
            printed += read

    def ask(
        self,
        operation: t.Literal["describe", "apply"],
        homes: list[HomeRequest],
        environment: dict[str, str] | None = None,
        protocol: int = PROTOCOL,
        limits: t.Mapping[str, float] | None = None,
    ) -> dict[str, t.Any]:
        key = os.urandom(32)
        request = {
            "protocol": protocol,
            "operation": operation,
            "key": key.hex(),
            "environment": {name: self.to_target(value) for name, value in (environment or {}).items()},
            "homes": [self._home(home) for home in homes],
        }
        with self._lock:
            encoded = base64.b64encode(json.dumps(request).encode())
            status, printed = self._exchange(
                b" ".join([encoded, *(f"{n}={v}".encode() for n, v in (limits or {}).items())])
            )
            self.stdout = printed
        if status != "done":
            raise PowershellFailed(printed.decode())
        result = json.loads(printed)
        assert result.keys() == {"changed", "answer"} and result["changed"] is False, result
        self.masked = base64.b64decode(result["answer"])
        answer: dict[str, t.Any] = self._translate(json.loads(mask(self.masked, key)))
        return answer

    def access(self, path: Path) -> str:
        if self.kind == "linux":
            return super().access(path)
        # Wine keeps an access control list as a mode, and not each one can be kept so.
        files: list[t.Any] = [{"name": "file", "base": "codex_home", "path": str(path), "details": None}]
        facts = self.describe(path.parent, files=files)["files"]["file"]
        if is_private(facts):
            return "private"
        return "readable_by_all" if facts["access"]["everyone"] and not facts["access"]["writers"] else str(facts)

    @contextlib.contextmanager
    def holding(self, path: Path) -> t.Iterator[None]:
        # .NET and Wine lock regions of files, and not whole files as flock does.
        with path.open("r+b" if path.exists() else "w+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            yield

    def windows_program(self, path: Path, *arguments: str, **environment: str) -> list[str]:
        """The command that starts a program on this Windows, beside PowerShell."""
        variables = [f"{name}={self.to_target(value)}" for name, value in environment.items()]
        script = f'. {shlex.quote(str(self.place / "bin" / "wine-env"))}; exec env "$@"'
        return [*ALONE, "sh", "-c", script, "sh", *variables, WINE, str(path), *arguments]

    def close_process(self) -> None:
        """Ends PowerShell; the next question starts a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends PowerShell and, on Wine, all that runs on its disk, and removes the disk."""
        self.close_process()
        if self.kind == "wine":
            _windows_sh("stop", str(self.place))


def with_access(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """An operation that says ``access`` in place of ``mode``; anything else as it is."""
    if entry.get("operation") == "mode":
        entry["operation"] = "access"
    if "mode" in entry:
        entry["access"] = ACCESS[entry.pop("mode")]
    return entry
