# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Drives the target program in sh as TargetProgram drives the one in Python, with one shell and its utilities."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.envelope import Request
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import needs_codex
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.sh_program import ShRequest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeRequest

from .target_program import TargetProgram

Shell = t.Literal["dash", "busybox", "mksh", "bash"]
SHELLS: t.Final[tuple[Shell, ...]] = ("dash", "busybox", "mksh", "bash")


class NoShell(Exception):
    """This shell is not installed; the text says so."""


class ShProgram(TargetProgram):
    """The target program in sh. Busybox comes with its own utilities, the other shells use those of this machine.

    folder: for links to the shell, and to the utilities of busybox; every user must be able to reach it.
    """

    MARK_OF_CODEX = "FLEET_CODEX_RUN"
    stderr = b""  # of the last execution
    utilities: Path | None = None
    """A folder with all utilities that the host is to have, where it is not to have those of this machine."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        program = shutil.which(shell)
        if program is None:
            raise NoShell(f"{shell} is not installed.")
        super().__init__(str(folder / "sh"))
        self.path = f"{folder}:{os.environ['PATH']}" if shell == "busybox" else os.environ["PATH"]
        (folder / "sh").symlink_to(program)  # under that name, bash keeps to POSIX
        if shell == "busybox":
            names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
            for name in set(names) - {"sh", "busybox"}:
                (folder / name).symlink_to(program)

    def ask(
        self,
        operation: t.Literal["describe", "apply"],
        homes: list[HomeRequest],
        environment: dict[str, str] | None = None,
        protocol: int = PROTOCOL,
        limits: t.Mapping[str, float] | None = None,
        wrapper: t.Sequence[str] = (),
        env: t.Mapping[str, str] | None = None,
        **run: t.Any,
    ) -> dict[str, t.Any]:
        """Before files are changed in part, they are described, as the controller always does."""
        key, seen = os.urandom(32), Seen()
        more = {"environment": environment or {}, "wrapper": wrapper, "env": env}
        for home in homes if operation == "apply" else ():
            self._look(home, seen, **more, **run)
        request = {"protocol": protocol, "operation": operation, "key": key.hex(), "homes": homes}
        return self._exchange({**request, "environment": environment or {}}, key, seen, limits, wrapper, env, **run)

    def _exchange(
        self,
        request: Request,
        key: bytes,
        seen: Seen,
        limits: t.Mapping[str, float] | None,
        wrapper: t.Sequence[str],
        env: t.Mapping[str, str] | None,
        **run: t.Any,
    ) -> dict[str, t.Any]:
        exchange = ShRequest(request["operation"], request, key, needs_codex(request["homes"]), seen)
        code = exchange.code().replace(b" /bin/sh", f" {self.interpreter}".encode())
        if self.utilities is not None:
            code = re.sub(rb"usual_folders=\S+", b"usual_folders=", code)
        for name, limit in (limits or {}).items():
            code, count = re.subn(rf"\b{name.lower()}=\d+".encode(), f"{name.lower()}={limit:.0f}".encode(), code)
            assert count == 1, f"{name} is not in the program"
        if "PATH" not in (env or {}):
            path = self.path if self.utilities is None else str(self.utilities)
            wrapper = [*wrapper, "/usr/bin/env", f"PATH={path}"]
        done = subprocess.run(
            [*wrapper, self.interpreter],
            input=code,
            capture_output=True,
            check=False,
            env=env,
            **run,
        )
        assert done.returncode == 0, done.stderr.decode()
        self.stdout, self.stderr = done.stdout, done.stderr
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith(MARK)]
        answer = exchange.read(lines[-1])
        assert answer is not None, done.stdout
        self.masked = bytes.fromhex(lines[-1].rpartition(" ")[2])
        return answer

    def _look(self, home: HomeRequest, seen: Seen, environment: dict[str, str], **run: t.Any) -> None:
        files: list[FileQuery] = [
            {"name": str(n), "base": item["base"], "path": item["path"], "details": "content"}
            for n, item in enumerate(home["operations"])
            if item["operation"] == "lines" or "preserve_unknown_except" in item
        ]
        if files:
            place: HomeRequest = {"user": home["user"], "codex_home": home["codex_home"], "files": files}
            request = {"protocol": PROTOCOL, "operation": "describe", "key": "00", "homes": [place]}
            self._exchange({**request, "environment": environment}, bytes(32), seen, None, **run)
