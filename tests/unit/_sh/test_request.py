"""Requests as commands of sh: whatever their values hold is a value there, too, in every shell."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.request import (
    Unquotable,
    home_commands,
    operation,
    quoted,
    words,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest, Operation
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from hypothesis import example, given, settings
from hypothesis import strategies as st

SHELLS = ["dash", "busybox sh", "mksh", "bash --posix"]
HOSTILE = [
    "",
    " ",
    "'",
    "'; touch /tmp/fleet-codex-pwned; '",
    "\\'",
    '"',
    "$HOME `id` $(id) ${x:=y}",
    "\n",
    "a\nb\n\n",
    "\\",
    "\\n\\0\\c",
    "-n",
    "--",
    "*",
    "~",
    "!!",
    "#",
    "é\udcff",
    "\x01\x7f\x81\x88",
    "%s%d",
    "# fleet.codex in sh",
]


def heard(shell: str, values: t.Sequence[str | bytes]) -> list[bytes]:
    """The arguments that a command gets in a shell, each ended by a NUL."""
    if shutil.which(shell.split()[0]) is None:
        unavailable(f"{shell} is not installed.")
    script = b"LC_ALL=C; export LC_ALL; " + words("/usr/bin/env", "printf", "%s\\0", *values)
    done = subprocess.run(shell.split(), input=script, capture_output=True, check=True)
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_values_arrive_as_they_are(shell: str) -> None:
    assert heard(shell, HOSTILE) == [value.encode("utf-8", "surrogateescape") for value in HOSTILE]
    every_byte = bytes(range(1, 256))
    assert heard(shell, [every_byte]) == [every_byte]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=50).map(lambda data: data.replace(b"\0", b"")), min_size=1, max_size=5))
@example([b"'" * 50])
def test_any_bytes_arrive_as_they_are(values: list[bytes]) -> None:
    assert heard("dash", values) == values


def test_a_nul_refuses_the_home_that_it_is_in_alone() -> None:
    with pytest.raises(Unquotable):
        quoted(b"a\0b")
    link: t.Any = {"operation": "link", "base": "home_directory", "path": ".profile", "to": "\0"}
    home: HomeRequest = {"user": "alice", "codex_home": None, "operations": [link]}
    assert home_commands(home, {}, "00") == b"refuse_home 'alice' '.profile'"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_home_of_hostile_values_calls_the_program_with_them(shell: str) -> None:
    text = "'; exit 7; '\n\\"
    home: HomeRequest = {
        "user": text,
        "codex_home": text,
        "files": [{"name": text, "base": "codex_home", "path": text, "details": {"lines": text}}],
        "operations": [{"operation": "link", "base": "home_directory", "path": text, "to": text}],
        "start_check": base64.b64encode(text.encode()).decode(),
    }
    # As _sh_target/homes.sh does it.
    functions = (
        b'serve_home() { eval "calls() {\n$calls\n}"; env printf "%s\\0" home "$@" "$start_check"; calls; }\n'
        b'query() { env printf "%s\\0" query "$@"; }\noperation() { env printf "%s\\0" operation "$@"; }\n'
    )
    script = functions + home_commands(home, {}, "00")
    if shutil.which(shell.split()[0]) is None:
        unavailable(f"{shell} is not installed.")
    done = subprocess.run(shell.split(), input=script, capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [
        *("home", text, text, text),
        *("query", text, "codex_home", text, "lines"),
        *("operation", "link", "home_directory", text, text),
    ]


OLD, MARKER = b"mine\nx # mark\n", "# mark"
SEEN = {hashlib.sha256(OLD).hexdigest(): OLD}


def lines_of(expected: str | None, line: str | None = "new # mark") -> list[str]:
    item: t.Any = {
        "operation": "lines",
        "base": "home_directory",
        "path": ".profile",
        "line": line,
        "marker": MARKER,
        "mode": 0o644,
        "expected": expected,
    }
    command = operation(t.cast(Operation, item), SEEN, "ab00")
    done = subprocess.run(
        ["/bin/sh"], input=b'operation() { env printf "%s\\0" "$@"; }\n' + command, capture_output=True, check=True
    )
    return done.stdout.decode().split("\0")[:-1]


def test_lines_are_changed_on_the_controller() -> None:
    expected = hashlib.sha256(OLD).hexdigest()
    new = "new # mark\nmine\n"
    digest = hashlib.sha256(new.encode()).hexdigest()
    assert lines_of(expected)[3:] == ["kept 644", expected, digest, "ab00", new]
    assert lines_of(None)[3:5] == ["644", ""]
    assert lines_of(None)[-1] == "new # mark\n"
    assert lines_of(expected, None)[-1] == "mine\n"


def test_a_part_of_a_file_that_was_not_seen_is_never_changed() -> None:
    assert lines_of("0" * 64)[:3] == ["unseen", "home_directory", ".profile"]
    item: t.Any = {
        "operation": "write",
        "base": "codex_home",
        "path": "auth.json",
        "content": "",
        "mode": 0o600,
        "expected": "0" * 64,
        "preserve_unknown_except": [],
    }
    assert operation(t.cast(Operation, item), SEEN, "00").startswith(b"operation 'unseen'")
