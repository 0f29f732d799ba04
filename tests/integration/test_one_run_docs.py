# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The commands of docs/config.md with which a real Codex uses another login for one run do what the page says."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import MOCK, Codex, provider_overrides, scratch
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.mock_api import read_record
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.terminal import Terminal

RUN = [
    block
    for block in blocks("docs/config.md", "console")
    if block.heading == "For one run only" and block.not_run is None
]
STEPS = [step for block in RUN for step in steps(block)]
(WITH_KEY,) = (step for step in STEPS if "CODEX_API_KEY" in step.command)
SECOND_HOME = [step.command for step in STEPS if ".codex-work" in step.command]
(FORCED,) = (step for step in STEPS if "forced_login_method" in step.command)
assert len(STEPS) == 2 + len(SECOND_HOME)
KEY = "fleet-test-key-one-run"

_START = """\
printf %s "$1" >"$HOME/.codex/config.toml"
git init --quiet
eval "$2"
"""


@pytest.fixture(name="home")
def _home() -> t.Iterator[pathlib.Path]:
    """A HOME with a ChatGPT login."""
    with scratch() as folder:
        (folder / ".codex").mkdir()
        (folder / ".codex" / "auth.json").write_text(encode(login("alice", hours=24 * 3650)))
        yield folder


def command_line(command: str, folder: pathlib.Path, home: pathlib.Path, version: str = "0.171.0") -> list[str]:
    """The command, cut off with a stand-in for the API, in a repository, and with a codex on PATH."""
    server = [sys.executable, "-I", str(MOCK), "--port", "0", "--record", str(folder / "record.jsonl"), "--"]
    variables = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "TERM": "xterm-256color"}
    words = Codex(version, home).command_line(folder, server, [], variables)
    return [*words[:-1], "sh", "-c", _START, "sh", "\n".join(provider_overrides()), command]


def run(command: str, home: pathlib.Path) -> tuple[int, str, list[str]]:
    """How it ended, what it printed, and the Authorization of each of its requests to the model."""
    with scratch() as folder:
        done = subprocess.run(
            command_line(command, folder, home), cwd=folder / "work", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip
        sent = [
            r["authorization"] or "" for r in read_record(folder / "record.jsonl") if r["path"].endswith("/responses")
        ]
        return done.returncode, done.stdout, sent


def test_a_key_for_one_run(home: pathlib.Path) -> None:
    before = (home / ".codex" / "auth.json").read_bytes()
    rc, output, sent = run(WITH_KEY.command.replace("…", KEY), home)
    assert (rc, sent) == (0, [f"Bearer {KEY}"]), output
    assert (home / ".codex" / "auth.json").read_bytes() == before


def test_another_method_for_one_run_logs_out(home: pathlib.Path) -> None:
    rc, output, sent = run(FORCED.command, home)
    assert (rc, sent) == (1, []), output
    assert FORCED.output.strip() in output
    assert not (home / ".codex" / "auth.json").exists()


def test_a_second_home_asks_for_a_login_of_its_own(home: pathlib.Path) -> None:
    """Of 0.171.0, the program alone, which there is here, does not open its screen."""
    with scratch() as folder:
        command = command_line("\n".join(SECOND_HOME), folder, home, "0.94.0")
        with Terminal(command, folder / "work") as terminal:
            terminal.wait_for("Sign in with ChatGPT")
    assert (home / ".codex" / "auth.json").exists()
