# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Drives a target program as the controller does: one shell command, everything on its standard input.

The tests in tests/target know the protocol only (docs/protocol.md), so that they can run against any
target program.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import program
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    FileQuery,
    HomeAnswer,
    HomeRequest,
    Operation,
    OperationResult,
)

FILES: list[FileQuery] = [
    {"name": "auth", "base": "codex_home", "path": "auth.json", "details": "auth"},
    {"name": "config", "base": "codex_home", "path": "config.toml", "details": "content"},
]


ACCESS = {0o600: "private", 0o700: "private", 0o644: "readable_by_all", 0o755: "readable_by_all"}
"""What the modes mean that the collection gives to files and folders. Windows has the words and not the modes."""


def sha256(data: bytes) -> str:
    """A digest as the protocol writes it."""
    return hashlib.sha256(data).hexdigest()


def is_private(facts: t.Mapping[str, t.Any]) -> bool:
    """Whether facts of a file or a folder say that it is its user's alone; the administrators of Windows aside."""
    if "mode" in facts:
        return facts["mode"] in (0o600, 0o700)
    access = facts["access"]
    others = access["readers"] or access["writers"] or access["everyone"]
    return access["owner_is_user"] and access["user"] and not others


class Program:
    """A target program, as the tests know it: what it is asked and what it answers."""

    BACKUP = "{name}.{pid}.{time:%Y-%m-%d@%H:%M:%S}~"
    """How it names backups."""
    MARK_OF_CODEX = ""
    """The variable by which it finds what a `codex` of the user left running, where it needs one."""
    stdout = b""  # of the last execution, as Ansible would log it
    masked = b""  # its answer, as it travels

    def ask(
        self, operation: t.Literal["describe", "apply"], homes: list[HomeRequest], **more: t.Any
    ) -> dict[str, t.Any]:
        """One execution's whole answer.

        Each program takes ``environment`` and ``protocol`` of the request, and ``limits``: what constants of the
        program are to be instead, so that a test need not wait for them.
        """
        raise NotImplementedError

    def access(self, path: Path) -> str:
        """Who has access to a file or a folder that this program made: ``private``, ``readable_by_all``, or others."""
        mode = stat.S_IMODE(path.stat().st_mode)
        return ACCESS.get(mode, oct(mode))

    def holding(self, path: Path) -> contextlib.AbstractContextManager[None]:
        """Holds a lock file, which is made if it is not there, as a Codex of the program's system does."""
        raise NotImplementedError

    def execute(
        self, operation: t.Literal["describe", "apply"], homes: list[HomeRequest], **more: t.Any
    ) -> list[HomeAnswer]:
        """One execution's answers for its homes."""
        answers: list[HomeAnswer] = self.ask(operation, homes, **more)["homes"]
        return answers

    def describe(
        self,
        codex_home: Path | str | None,
        user: str | None = None,
        files: list[FileQuery] | None = None,
        **more: t.Any,
    ) -> HomeAnswer:
        """What describe says of one home."""
        home: HomeRequest = {
            "user": user,
            "codex_home": str(codex_home) if codex_home else None,
            "files": FILES if files is None else files,
        }
        return self.execute("describe", [home], **more)[0]

    def apply(
        self, codex_home: Path | str | None, operations: list[Operation], user: str | None = None, **more: t.Any
    ) -> list[OperationResult]:
        """How the operations of one home went."""
        home: HomeRequest = {
            "user": user,
            "codex_home": str(codex_home) if codex_home else None,
            "operations": operations,
        }
        answer = self.execute("apply", [home], **more)[0]
        assert "results" in answer, answer
        return answer["results"]


class TargetProgram(Program):
    """A target program, started with one Python, as the user of this process or another one."""

    def __init__(self, interpreter: str) -> None:
        self.interpreter = interpreter

    def code(
        self,
        operation: t.Literal["describe", "apply"],
        homes: t.Sequence[HomeRequest] = (),
        limits: t.Mapping[str, float] | None = None,
    ) -> bytes:
        """The program that is sent for an operation on these homes."""
        code = program.program_code(operation, program.needs_codex(homes))
        for name, limit in (limits or {}).items():
            code, count = re.subn(rf"(?<![A-Z_]){name} = \d+".encode(), f"{name} = {limit}".encode(), code)
            assert count == 1, f"{name} is not in the program"
        return code

    def command(self, code: bytes) -> list[str]:
        """The command line that starts the program."""
        return ["/bin/sh", "-c", program.command([self.interpreter], len(code))]

    def ask(
        self,
        operation: t.Literal["describe", "apply"],
        homes: list[HomeRequest],
        environment: dict[str, str] | None = None,
        protocol: int = PROTOCOL,
        limits: t.Mapping[str, float] | None = None,
        wrapper: t.Sequence[str] = (),
        **run: t.Any,
    ) -> dict[str, t.Any]:
        """Also takes ``wrapper``, what stands before the command line, and what subprocess.run takes."""
        key = os.urandom(32)
        request = {"protocol": protocol, "operation": operation, "key": key.hex(), "homes": homes}
        request["environment"] = environment or {}
        code = self.code(operation, homes, limits)
        command = [*wrapper, *self.command(code)]
        data = code + json.dumps(request).encode()
        done = subprocess.run(command, input=data, capture_output=True, check=False, **run)
        assert done.returncode == 0, done.stderr.decode()
        self.stdout = done.stdout
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith(MARK)]
        self.masked = base64.b64decode(lines[-1].removeprefix(MARK))
        answer: dict[str, t.Any] = json.loads(mask(self.masked, key))
        return answer

    @contextlib.contextmanager
    def holding(self, path: Path) -> t.Iterator[None]:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def write(path: str, content: bytes, expected: bytes | None, mode: int = 0o600, **more: t.Any) -> Operation:
    """A write operation below the Codex home; ``expected`` is the content that must still be there."""
    return t.cast(
        Operation,
        {
            "operation": "write",
            "base": "codex_home",
            "path": path,
            "content": base64.b64encode(content).decode(),
            "mode": mode,
            "expected": None if expected is None else sha256(expected),
            **more,
        },
    )
