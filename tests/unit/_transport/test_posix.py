"""The answer of a target, read from what a command printed."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL, mask
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
