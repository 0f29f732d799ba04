"""The homes of a request: where each is, and what a failed one keeps from being done."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError
from ansible_collections.fleet.codex.plugins.module_utils._target.homes import find_codex_home, held_back_by

USER = {"name": "alice", "uid": 1000, "gid": 1000, "home_directory": "/home/alice", "shell": "/bin/sh"}


@pytest.mark.parametrize(
    ("home", "environment", "path"),
    [
        ({"user": "alice", "codex_home": None}, {}, "/home/alice/.codex"),
        ({"user": None, "codex_home": None}, {}, "/home/alice/.codex"),
        ({"user": None, "codex_home": None}, {"CODEX_HOME": "/srv//codex/"}, "/srv/codex"),
        ({"user": None, "codex_home": None}, {"CODEX_HOME": ""}, "/home/alice/.codex"),
        ({"user": None, "codex_home": "/srv/x/../y"}, {"CODEX_HOME": "/srv/codex"}, "/srv/y"),
        # The variable is of the user that the task runs as, not of one that it names.
        ({"user": "alice", "codex_home": None}, {"CODEX_HOME": "/srv/codex"}, "/home/alice/.codex"),
    ],
)
def test_where_a_home_is(home: dict[str, t.Any], environment: dict[str, str], path: str) -> None:
    assert find_codex_home(home, USER, environment) == path


@pytest.mark.parametrize(
    ("home", "environment"),
    [({"user": None, "codex_home": None}, {"CODEX_HOME": "codex"}), ({"user": None, "codex_home": "codex"}, {})],
)
def test_a_relative_path_is_an_error(home: dict[str, t.Any], environment: dict[str, str]) -> None:
    with pytest.raises(TargetError) as caught:
        find_codex_home(home, USER, environment)
    assert caught.value.facts == {"reason": "relative", "path": "codex"}


DONE = {"status": "done"}
ON_HOST, IN_HOME = ({"base": base, "path": "/etc/codex/config.toml"} for base in ("host", "codex_home"))


@pytest.mark.parametrize(
    ("answers", "is_held_back"),
    [
        ([], False),
        ([{"results": [DONE, DONE]}, {"results": []}], False),
        ([{"results": [DONE, {"status": "conflict"}]}], True),
        ([{"results": [DONE]}, {"results": [{"status": "failed"}]}], True),
        ([{"results": [{"status": "done", "overwritten": True}]}], True),
        ([{"results": [{"status": "done", "overwritten": False}]}], False),
        ([{"error": {"reason": "unknown_user"}}], True),
        ([{"start_problem": "Error loading configuration: x", "results": []}], True),
    ],
)
def test_a_file_of_the_host_waits_for_everything_before_it(answers: list[t.Any], is_held_back: bool) -> None:
    conflict = {"results": [{"status": "conflict", "path": "/etc/codex/config.toml"}]}
    assert held_back_by(answers, {"operations": [ON_HOST]}) == (conflict if is_held_back else None)
    assert held_back_by(answers, {"operations": [IN_HOME]}) is None
    assert held_back_by(answers, {}) is None
