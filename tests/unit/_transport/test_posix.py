"""The answer of a target, read from what a command printed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.posix import PosixTarget, silence, wants_terminal
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import BEGUN, NO_PYTHON, PYTHONS
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

KEY = b"k" * 32


def line(answer: dict[str, t.Any]) -> str:
    return MARK + base64.b64encode(mask(json.dumps(answer).encode(), KEY)).decode()


def read(stdout: str = "", rc: int = 0, stderr: str = "", interpreters: t.Sequence[str] = PYTHONS) -> dict[str, t.Any]:
    transport = object.__new__(PosixTarget)
    transport._interpreters = interpreters
    transport._container = None
    return transport._read_answer({"stdout": stdout, "rc": rc, "stderr": stderr}, KEY)


ANSWER = {"protocol": PROTOCOL, "homes": []}


@pytest.mark.parametrize(
    "stdout",
    [
        line(ANSWER),
        f"\n{line(ANSWER)}\n",
        f"Welcome to the host!\n{line(ANSWER)}\nGoodbye.\n",
        f"{MARK}not this one\n{line(ANSWER)}",
    ],
)
def test_an_answer_is_found_among_what_a_login_shell_prints(stdout: str) -> None:
    assert read(stdout) == ANSWER


def test_another_protocol_is_refused() -> None:
    with pytest.raises(CodexError, match="another protocol"):
        read(line({"protocol": PROTOCOL + 1}))


@pytest.mark.parametrize("rest", ["", line(ANSWER)[:-3], f"{MARK}%%%", f"{MARK}{base64.b64encode(b'x').decode()}"])
def test_an_answer_that_was_cut_off_does_not_count(rest: str) -> None:
    with pytest.raises(CodexError, match=r"cut off \(status 1\)\. Run the play again"):
        read(f"{BEGUN}\n{rest}", 1, "warning\nbroken pipe\n")


@pytest.mark.parametrize(
    ("interpreters", "words"),
    [
        (PYTHONS, "This host has no Python 3.6 or later"),
        (["/opt/python"], "ansible_python_interpreter is /opt/python, which is not a Python 3.6 or later"),
    ],
)
def test_a_host_without_a_python(interpreters: t.Sequence[str], words: str) -> None:
    with pytest.raises(CodexError, match=words):
        read("", NO_PYTHON, "", interpreters)


BANNER = "Authorized use only.\nWarning: you are watched.\nbash is not for you"
TRACE = 'Traceback (most recent call last):\n  File "x"\nValueError: SECRETMARKER\nOSError: SECRETMARKER\n'


@pytest.mark.parametrize(
    ("stdout", "stderr", "begins"),
    [
        ("", "", "The host did not start the target program of fleet.codex (status 1). Find out"),
        ("", BANNER, "The host did not start the target program of fleet.codex (status 1). Find out"),
        (
            "",
            f"sudo: unknown user x\n{BANNER}",
            "The host did not start the target program of fleet.codex (status 1; sudo: un",
        ),
        (
            "",
            f"{BANNER}\r\n/bin/sh: 1: Bad\r\n",
            "The host did not start the target program of fleet.codex (status 1; /bin/sh: ",
        ),
        # Without the program's beginning it is another program's.
        ("", TRACE, "The host did not start the target program of fleet.codex (status 1). Find out"),
        (
            f"hello\n{BEGUN}\n",
            BANNER,
            "The target program of fleet.codex was stopped, or its answer was cut off (status 1).",
        ),
        (f"{BEGUN}\n", f"{BANNER}\n{TRACE}", "The target program of fleet.codex failed with ValueError, "),
        (f"{BEGUN}\r\n{TRACE}".replace("\n", "\r\n"), "", "The target program of fleet.codex failed with ValueError, "),
        (
            f"{BEGUN}\n",
            TRACE + "\nDuring\n\n" + TRACE.replace("Value", "Key"),
            "The target program of fleet.codex failed with KeyE",
        ),
        (
            "",
            f"{BANNER}\nsudo: sorry, you must have a tty to run sudo",
            "sudo on this host runs only in a terminal (requiretty",
        ),
    ],
)
def test_a_silence_has_one_sentence_that_quotes_neither_a_banner_nor_an_exception(
    stdout: str, stderr: str, begins: str
) -> None:
    sentence = silence(stdout, stderr, 1)
    assert sentence.startswith(begins)
    assert "SECRETMARKER" not in sentence
    assert "Warning" not in sentence and "bash is" not in sentence
    # Running again helps where the program had begun and did not fail by itself, and nowhere else.
    assert ("Run the play again" in sentence) == ("cut off" in begins)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("sudo: sorry, you must have a tty to run sudo\n", True),
        ("sudo: Entschuldigung, Sie müssen ein TTY haben, um sudo ausführen zu können\r\n", True),
        ("sudo: no tty present and no askpass program specified\n", False),
        ("sudo: a password is required\n", False),
        ("you must have a tty\n", False),
        ("", False),
    ],
)
def test_a_sudo_that_wants_a_terminal_is_recognized(said: str, wanted: bool) -> None:
    assert wants_terminal(said) is wanted


class Local:
    """A connection and an action that run commands here; ``lines`` are the commands, ``sizes`` how much each got."""

    has_pipelining = True
    become = None

    def __init__(self, folder: Path) -> None:
        self.path = f"{folder}:/usr/bin:/bin"
        self.lines: list[str] = []
        self.sizes: list[int] = []

    def get_option(self, _name: str) -> None:
        raise KeyError

    def _low_level_execute_command(self, line: str, in_data: bytes, sudoable: bool) -> dict[str, t.Any]:
        self.lines.append(line)
        self.sizes.append(len(in_data))
        environment = {"PATH": self.path, "HOME": "/nonexistent"}
        done = subprocess.run(["/bin/sh", "-c", line], input=in_data, capture_output=True, check=False, env=environment)
        return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


def target(local: Local, interpreters: t.Sequence[str]) -> PosixTarget:
    made = object.__new__(PosixTarget)
    made._action = types.SimpleNamespace(  # type: ignore[assignment]  # as much of an action as is used
        _low_level_execute_command=local._low_level_execute_command,
        _play_context=types.SimpleNamespace(pipelining=False),
    )
    made._connection, made._interpreters, made._container = local, interpreters, None
    made._needs_terminal, made._program, made._seen = False, None, Seen()
    return made


@pytest.mark.parametrize("has_python", [True, False])
def test_the_first_answer_tells_which_program_is_sent_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_python: bool
) -> None:
    local = Local(tmp_path)
    pythons = ("/no/such/python", sys.executable if has_python else "no-such-python")
    monkeypatch.setattr("ansible_collections.fleet.codex.plugins.plugin_utils._transport.posix.PYTHONS", pythons)
    host = target(local, pythons)
    request: t.Any = {"protocol": PROTOCOL, "operation": "describe", "key": KEY.hex(), "environment": {}, "homes": []}
    first, second = (host.exchange("describe", request, KEY) for _n in range(2))
    assert first["program"] == second["program"] == ("python" if has_python else "sh")
    assert ("sed" in local.lines[0], "no-such-python" in local.lines[0]) == (True, not has_python)
    assert ("sed" in local.lines[1], " -I -S " in local.lines[1]) == (not has_python, has_python)
    assert local.sizes[1] < local.sizes[0]


def test_an_interpreter_that_is_named_is_never_replaced_by_sh(tmp_path: Path) -> None:
    local = Local(tmp_path)
    request: t.Any = {"protocol": PROTOCOL, "operation": "describe", "key": KEY.hex(), "environment": {}, "homes": []}
    with pytest.raises(CodexError, match="ansible_python_interpreter is /no/such/python"):
        target(local, ["/no/such/python"]).exchange("describe", request, KEY)
    assert "sed" not in local.lines[0]
