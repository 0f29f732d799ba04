# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program in sh, for POSIX targets without Python, with one request in it."""

from __future__ import annotations

import functools
import os
import re
import shlex
import typing as t

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen, read_answer
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.fields import Boundaries
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.mask import unmask
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.request import home_commands, quoted
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.envelope import Request
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import BEGUN, FOLDER
from ansible_collections.fleet.codex.plugins.plugin_utils.described_file import EMPTY_FILE
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.messages import target_error

Operation = t.Literal["describe", "apply"]

BEGIN: t.Final = "# fleet.codex in sh"
"""The line before the program: everything up to it is for Python."""


def sh_command(input_file: str | None = None) -> str:
    """The shell command that takes the program out of the input and runs it.

    It takes nothing where a Python has read a part of the input before it failed.
    """
    source = f" < {shlex.quote(input_file)}" if input_file else ""
    # By SHELLOPTS, bash can be told to show all that it reads.
    return f'sed "1,/^{BEGIN}/d"{source} | env SHELLOPTS= /bin/sh'


SH_MARK: t.Final = f"{MARK}sh "

SHARED: t.Final = ("_sh_target/wire", "_sh_target/users", "_sh_target/way", "_sh_target/homes", "_sh_target/leftovers")
PARTS: t.Final[dict[Operation, tuple[str, ...]]] = {
    "describe": (*SHARED, "_sh_describe/file_facts", "_sh_describe/describe"),
    "apply": (
        *SHARED,
        "_sh_describe/file_facts",
        "_sh_apply/writing",
        "_sh_apply/locks",
        "_sh_apply/backups",
        "_sh_apply/processes",
        "_sh_apply/operations",
        "_sh_apply/apply",
    ),
}
WITH_CODEX: t.Final = "_sh_target/codex_program"


class ShRequest:
    """One request to the program in sh, and how its answer is read. seen: what the answers of the task hold."""

    def __init__(self, name: Operation, request: Request, key: bytes, with_codex: bool, seen: Seen) -> None:
        self._name = name
        self._request = request
        self._key = key
        self._with_codex = with_codex
        self._seen = seen
        self._boundaries = Boundaries(os.urandom(16).hex().encode(), os.urandom(16).hex().encode())

    def code(self) -> bytes:
        """What is sent, from the line BEGIN on. The shell reads all of it before it does anything."""
        request, run = self._request, os.urandom(8).hex()
        environment: dict[str, str] = request["environment"]
        values: dict[str, str | bytes] = {
            "key": " ".join(map(str, self._key)),
            "boundary": self._boundaries.outer,
            "inner_boundary": self._boundaries.inner,
            "begun": BEGUN,
            "mark": SH_MARK,
            "empty": EMPTY_FILE,
            "task_home": environment.get("HOME", ""),
            "task_codex_home": environment.get("CODEX_HOME", ""),
            "in_container": "yes" if request.get("in_container") else "",
            **{name: environment[name] for name in ("PATH", "TMPDIR") if name in environment},
            "code": program_text(self._name, self._with_codex),
        }
        commands = [home_commands(home, self._seen.contents, run) for home in request["homes"]]
        lines = [
            b"",  # sed looks for BEGIN from the second line on
            BEGIN.encode(),
            b"main() {",
            # An inherited variable stays in the environment of all that is started, with its new value.
            b"set +a; unset IFS content before said users calls code key start_check quoted_start_check",
            b"unset boundary inner_boundary lower problem variables",
            b"LC_ALL=C; export LC_ALL",
            *(name.encode() + b"=" + quoted(value) for name, value in values.items()),
            b'eval "$code"',
            b"request() {",
            *(commands or [b":"]),
            b"}",
            b"serve",
            b"}",
            b"main </dev/null",
        ]
        return b"\n".join(lines) + b"\n"

    def read(self, line: str) -> dict[str, t.Any] | None:
        """The whole answer out of its line; None where a connection cut it off. Raises CodexError."""
        said = line.removeprefix(SH_MARK)
        if said.startswith("missing "):
            raise CodexError(target_error({"reason": "missing_utility", "utility": said.split()[-1]}))
        try:
            data = unmask(bytes.fromhex(said), self._key)
        except ValueError:
            return None
        homes = read_answer(data, self._request["homes"], self._boundaries, self._seen)
        if homes is None:
            return None
        return {"protocol": self._request["protocol"], "program": "sh", "python": None, "homes": homes}


@functools.cache
def program_text(operation: Operation, with_codex: bool) -> str:
    """The functions of the program, without comments."""
    names = (*PARTS[operation][:1], *([WITH_CODEX] if with_codex else []), *PARTS[operation][1:])
    text = "\n".join((FOLDER / f"{name}.sh").read_text(encoding="utf-8") for name in names)
    return re.sub(r"^ *#.*\n|^\n", "", text, flags=re.M)
