"""Drives a target half as the controller does: one shell command, everything on its standard input.

The tests beside this file know the protocol only (docs/architecture.md), so that they can run against
any half.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.fleet.codex.plugins.module_utils.wire import MARK, PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils import transport
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    FileQuery,
    HomeAnswer,
    HomeRequest,
    Operation,
    OperationResult,
)

FILES: list[FileQuery] = [
    {"name": "auth", "base": "codex_home", "path": "auth.json", "report": "auth"},
    {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"},
]


def sha256(data: bytes) -> str:
    """A digest as the protocol writes it."""
    return hashlib.sha256(data).hexdigest()


class Half:
    """A target half, started by one interpreter, as this process's account or another one."""

    def __init__(self, interpreter: str) -> None:
        self.interpreter = interpreter
        self.stdout = b""  # of the last execution, as Ansible would log it

    def code(self) -> bytes:
        """What is sent."""
        return transport.program_code("store")

    def command(self) -> list[str]:
        """The shell command line that starts it."""
        return ["/bin/sh", "-c", transport.command([self.interpreter], len(self.code()))]

    def ask(
        self,
        operation: str,
        homes: list[HomeRequest],
        environment: dict[str, str] | None = None,
        protocol: int = PROTOCOL,
        **run: t.Any,
    ) -> dict[str, t.Any]:
        """One execution's whole answer."""
        key = os.urandom(32)
        request = {"protocol": protocol, "operation": operation, "key": key.hex(), "homes": homes}
        request["environment"] = environment or {}
        data = self.code() + json.dumps(request).encode()
        done = subprocess.run(run.pop("command", self.command()), input=data, capture_output=True, check=False, **run)
        assert done.returncode == 0, done.stderr.decode()
        self.stdout = done.stdout
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith(MARK)]
        masked = base64.b64decode(lines[-1].removeprefix(MARK))
        answer: dict[str, t.Any] = json.loads(mask(masked, key))
        return answer

    def execute(self, operation: str, homes: list[HomeRequest], **more: t.Any) -> list[HomeAnswer]:
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
