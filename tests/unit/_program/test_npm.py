"""npm: its arguments, and what a person reads of what it says."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._program.npm import (
    WORDS_LIMIT,
    npm_command,
    npm_failure,
    npm_words,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import OF_ROLE, Place, WantedProgram

WANTED = WantedProgram("npm", "0.171.0", "", "", Place("web"), OF_ROLE)
ENDED: dict[str, t.Any] = {"cmd": ["npm"], "failed": True, "msg": "non-zero return code", "rc": 1}


def test_the_command() -> None:
    options = ["--global", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    assert npm_command(WANTED) == ["npm", "install", *options, "@openai/codex@0.171.0"]
    mirror = WantedProgram("npm", "0.171.0", "/srv/my codex.tgz", "https://npm.example.com/", Place("web"))
    assert npm_command(mirror)[-2:] == ["--registry=https://npm.example.com/", "/srv/my codex.tgz"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"cmd": ["npm"], "rc": 0, "stderr": "npm warn x"}, None),
        ({"failed": True, "rc": 127, "module_stdout": "", "msg": "x"}, "codex_install: npm needs Python on web, and"),
        ({"failed": True, "msg": "x"}, "codex_install: npm needs Python on web, and"),
        ({**ENDED, "rc": 2, "msg": "[Errno 2] No such file"}, "npm could not be started on web. Install Node.js"),
        ({**ENDED, "stderr": "npm error 404 Not Found"}, "It ended with 1 and said: 404 Not Found"),
        ({**ENDED, "stderr": "", "stdout": "no room"}, "It ended with 1 and said: no room"),
        ({**ENDED, "rc": 243}, "npm could not install Codex 0.171.0 on web. It ended with 243 and said: nothing"),
        ({**ENDED, "rc": 0}, "It ended with 0 and said: nothing"),
    ],
)
def test_failures(result: dict[str, t.Any], words: str | None) -> None:
    failure = npm_failure(result, WANTED)
    assert failure is None if words is None else failure is not None and words in failure


def test_words_that_are_not_about_npm_itself() -> None:
    said = """\
npm error code E404
npm ERR! errno -2
npm error

npm error 404 Not Found - GET https://npm.example.com/codex
npm error 404 The package is not there.
npm error 404 A third line.
npm error A complete log of this run is in /root/.npm/_logs/x.log
"""
    assert npm_words(said) == "404 Not Found - GET https://npm.example.com/codex 404 The package is not there."
    assert npm_words("npm error code E1\n\n") == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("GET http://ci:fleet-test-pw@x/codex.tgz", "GET http://…@x/codex.tgz"),
        ("GET http://ci:fleet@test@x/codex.tgz", "GET http://…@x/codex.tgz"),
        ("GET https://x/@openai/codex?token=fleet-test now", "GET https://x/@openai/codex?… now"),
    ],
)
def test_secrets_in_addresses_are_masked(said: str, words: str) -> None:
    assert npm_words(said) == words


def test_what_a_terminal_understands_is_left_out() -> None:
    assert npm_words("npm error \033[31mred\a\u202eend\x85next") == "[31mred end next"


@pytest.mark.parametrize("length", [WORDS_LIMIT, WORDS_LIMIT + 1, 10**6])
def test_words_end(length: int) -> None:
    words = npm_words("x" * length)
    assert len(words) == WORDS_LIMIT
    assert words.endswith("…") is (length > WORDS_LIMIT)
