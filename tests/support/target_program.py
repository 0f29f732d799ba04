# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Drives a target program as the controller does: one shell command, everything on its standard input.

The tests in tests/target know the protocol only (docs/protocol.md), so that they can run against any
target program.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
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


def sha256(data: bytes) -> str:
    """A digest as the protocol writes it."""
    return hashlib.sha256(data).hexdigest()


class TargetProgram:
    """A target program, started with one Python, as the user of this process or another one.

    limits: what its constants are to be instead, so that a test need not wait for them.
    """

    def __init__(self, interpreter: str, limits: t.Mapping[str, float] | None = None) -> None:
        self.interpreter = interpreter
        self.limits = limits or {}
        self.stdout = b""  # of the last execution, as Ansible would log it

    def code(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest] = ()) -> bytes:
        """The program that is sent for an operation on these homes."""
        code = program.program_code(operation, program.needs_codex(homes))
        for name, limit in self.limits.items():
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
        wrapper: t.Sequence[str] = (),
        **run: t.Any,
    ) -> dict[str, t.Any]:
        """One execution's whole answer. wrapper: what stands before the command line; run: for subprocess.run."""
        key = os.urandom(32)
        request = {"protocol": protocol, "operation": operation, "key": key.hex(), "homes": homes}
        request["environment"] = environment or {}
        code = self.code(operation, homes)
        command = [*wrapper, *self.command(code)]
        data = code + json.dumps(request).encode()
        done = subprocess.run(command, input=data, capture_output=True, check=False, **run)
        assert done.returncode == 0, done.stderr.decode()
        self.stdout = done.stdout
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith(MARK)]
        masked = base64.b64decode(lines[-1].removeprefix(MARK))
        answer: dict[str, t.Any] = json.loads(mask(masked, key))
        return answer

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
