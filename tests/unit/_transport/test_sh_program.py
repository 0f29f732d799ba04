"""The program for hosts without Python, as it is put together from its files, and the command that starts it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import sh_program
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import BEGUN, PYTHONS, command
from ansible_collections.fleet.codex.tests.support.skips import unavailable

NAMES: tuple[sh_program.Operation, ...] = ("describe", "apply")


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_program_has_no_fault_that_shellcheck_finds(name: sh_program.Operation) -> None:
    """The single files use functions and variables of each other. What they leave out here is a matter of style."""
    if shutil.which("shellcheck") is None:
        unavailable("shellcheck is not installed.")
    text = sh_program.program_text(name, with_codex=True)
    given = ("begun", "boundary", "code", "empty", "in_container", "inner_boundary", "key", "mark", "task_codex_home")
    lines = ["#!/bin/sh", *(f"{variable}=x" for variable in (*given, "task_home", "calls")), "request() { :; }", text]
    lines += ["query a b c d", "operation a b c d", "serve_home a b", "serve_every_user", "serve"]
    # In order: `a=` before another assignment; `a && b || c`; what only some requests use; word splitting; each child
    # has its own variables; a function that others call by a variable.
    style = "SC1007,SC2015,SC2034,SC2086,SC2030,SC2031,SC2317,SC2329,SC2046,SC2154"
    done = subprocess.run(
        ["shellcheck", "--shell=sh", f"--exclude={style}", "-"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_file_is_a_part_of_a_program() -> None:
    parts = {*itertools.chain.from_iterable(sh_program.PARTS.values()), sh_program.WITH_CODEX}
    assert {f"{path.parent.name}/{path.stem}" for path in sh_program.FOLDER.glob("_sh_*/*.sh")} == parts


def code() -> bytes:
    request: dict[str, t.Any] = {"protocol": PROTOCOL, "environment": {}, "homes": []}
    return sh_program.ShRequest("describe", request, bytes(32), False, Seen()).code()


def start(line: str, data: bytes, folder: Path, **more: t.Any) -> str:
    done = subprocess.run(["/bin/sh", "-c", line], input=data, cwd=folder, capture_output=True, check=False, **more)
    return done.stdout.decode()


def test_a_host_without_python_gets_it_behind_what_is_for_python(tmp_path: Path) -> None:
    python = b"print('never')\n"
    line = command(["/no/such/python", "no-such-python"], len(python), otherwise=sh_program.sh_command())
    printed = start(line, python + b'{"homes": []}' + code(), tmp_path)
    assert BEGUN in printed and "never" not in printed


@pytest.mark.parametrize("name", ["request", "a ' file"])
def test_the_input_may_be_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(code())
    assert BEGUN in start(sh_program.sh_command(name), b"", tmp_path)


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_program_that_is_cut_off_does_nothing(tmp_path: Path, part: float) -> None:
    whole = code()
    assert BEGUN in start(sh_program.sh_command(), whole, tmp_path)
    assert start(sh_program.sh_command(), whole[: int(len(whole) * part)], tmp_path) == ""


def test_what_a_python_left_of_the_input_is_not_run(tmp_path: Path) -> None:
    whole = code()
    assert start(sh_program.sh_command(), whole[len(whole) // 2 :], tmp_path) == ""


@pytest.mark.parametrize("forbidden", "$`!\\\n")
def test_the_command_means_the_same_to_every_login_shell(forbidden: str) -> None:
    assert forbidden not in command(PYTHONS, 1, "/tmp/a file", sh_program.sh_command("/tmp/a file"))
