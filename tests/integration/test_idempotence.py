# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Each writing module in four steps, for create, change and remove: check, run, check, run."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.snapshots import snapshot

HAND_EDITED = b"# mine\nmodel = 'old'  # why\n\n[tui]\ntheme = 'x'\n"


class Case(t.NamedTuple):
    """A module's options step by step, and the files each step leaves (None: absent)."""

    module: str
    steps: list[tuple[dict[str, t.Any], dict[str, bytes | None]]]


def key_file(key: str) -> bytes:
    return f'{{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "{key}"\n}}'.encode()


CASES = {
    "auth_file_key": Case(
        "codex_auth_file",
        [
            ({"api_key": "fleet-test-key-1"}, {"auth.json": key_file("fleet-test-key-1")}),
            ({"api_key": "fleet-test-key-2"}, {"auth.json": key_file("fleet-test-key-2")}),
            ({"state": "absent"}, {"auth.json": None}),
        ],
    ),
    "auth_file_chatgpt": Case(
        "codex_auth_file",
        [
            ({"content": login(hours=0)}, {"auth.json": json.dumps(login(hours=0), indent=2).encode()}),
            ({"content": login(hours=1)}, {"auth.json": json.dumps(login(hours=1), indent=2).encode()}),
            ({"state": "absent"}, {"auth.json": None}),
        ],
    ),
    "config": Case(
        "codex_config",
        [
            ({"settings": {"model": "a"}}, {"config.toml": b"# mine\nmodel = \"a\"  # why\n\n[tui]\ntheme = 'x'\n"}),
            (
                {"preferred_auth_method": "apikey", "settings": {"model": "b"}, "absent": [["tui"]]},
                {"config.toml": b'# mine\nmodel = "b"  # why\npreferred_auth_method = "apikey"\n'},
            ),
            ({"state": "absent"}, {"config.toml": None}),
        ],
    ),
    "home": Case(
        "codex_home",
        [
            (
                {
                    "auth": {"api_key": "fleet-test-key-1"},
                    "config": {"settings": {"model": "a"}},
                    "environment": {"OPENAI_API_KEY": "fleet-test-key-1"},
                },
                {"auth.json": key_file("fleet-test-key-1"), "codex.env": b"OPENAI_API_KEY=fleet-test-key-1\n"},
            ),
            (
                {"auth": {"api_key": "fleet-test-key-2"}, "environment": {"OPENAI_API_KEY": "fleet-test-key-2"}},
                {"auth.json": key_file("fleet-test-key-2"), "codex.env": b"OPENAI_API_KEY=fleet-test-key-2\n"},
            ),
            ({"state": "absent"}, {"auth.json": None, "codex.env": None}),
        ],
    ),
}


@pytest.mark.parametrize(
    "name", kept(["auth_file_chatgpt", "config", "home"], CASES, reason="a login that the home has, too")
)
def test_four_steps(name: str, playbook: Playbook, tmp_path: pathlib.Path) -> None:
    case = CASES[name]
    home = tmp_path / "home"
    codex_home = home / ".codex"
    codex_home.mkdir(parents=True, mode=0o700)
    (codex_home / "config.toml").write_bytes(HAND_EDITED)
    (codex_home / "config.toml").chmod(0o600)
    (home / ".profile").write_text("# the user's own\n")

    def run(options: dict[str, t.Any], *check_modes: bool) -> Run:
        """The task, once for each of them."""
        arguments = {"homes": [options]} if case.module == "codex_home" else options
        task = {"name": "task", f"fleet.codex.{case.module}": arguments}
        return playbook.run(
            {"host": {"ansible_connection": "local"}},
            [{**task, "check_mode": check_mode} for check_mode in check_modes],
            play={"environment": {"HOME": str(home)}},
            arguments=["--diff", "-vvv"],
        )

    original = snapshot(home)
    for options, files in case.steps:
        before = snapshot(home)
        check = run(options, True)
        assert check.changes() == [True]
        assert snapshot(home) == before

        done = run(options, False)
        assert done.changes() == [True]
        assert done.one("task").result["diff"] == check.one("task").result["diff"]
        after = snapshot(home)
        for path, content in files.items():
            there = after.get(f".codex/{path}")
            assert (there and there.content) == content
            assert there is None or there.mode == 0o600
        assert done.executions() == 2

        again = run(options, True, False)
        assert again.changes() == [False, False]
        assert [task.result["diff"] for task in again.tasks] == [[], []]
        assert again.executions() == 2
        assert snapshot(home) == after
    left = snapshot(home)
    # Codex's lock files are never removed: that would split a lock that somebody holds.
    assert left.keys() - {".codex/auth.lock", ".codex/auth.json.lock"} <= original.keys()
    assert left[".profile"].content == original[".profile"].content
