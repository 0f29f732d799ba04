"""The answer of a target, read from what a command printed."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import MARK, PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils._run.program import NO_PYTHON, PYTHONS
from ansible_collections.fleet.codex.plugins.plugin_utils._run.transport import Transport, _last_words
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

KEY = b"k" * 32


def line(answer: dict[str, t.Any]) -> str:
    return MARK + base64.b64encode(mask(json.dumps(answer).encode(), KEY)).decode()


def read(stdout: str = "", rc: int = 0, stderr: str = "", interpreters: t.Sequence[str] = PYTHONS) -> dict[str, t.Any]:
    transport = object.__new__(Transport)
    transport._interpreters = interpreters
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


@pytest.mark.parametrize("stdout", ["", line(ANSWER)[:-3], f"{MARK}%%%", f"{MARK}{base64.b64encode(b'x').decode()}"])
def test_an_answer_that_was_cut_off_does_not_count(stdout: str) -> None:
    with pytest.raises(CodexError, match=r"ended without an answer \(status 1; its last words: broken pipe\)"):
        read(stdout, 1, "warning\nbroken pipe\n")


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


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("", ""),
        ("\n \n", ""),
        ("sudo: a password is required\n", "; its last words: sudo: a password is required"),
        ('Traceback (most recent call last):\n  File "x"\nValueError: SECRETMARKER\n', "; its last words: ValueError"),
    ],
)
def test_the_last_words_quote_no_exception(stderr: str, words: str) -> None:
    assert _last_words(stderr) == words
