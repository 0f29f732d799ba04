"""Which users of a host may have a Codex home."""

from __future__ import annotations

import pathlib
import pwd
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target import users
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError


def entry(name: str, directory: str) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "", 1000, 1000, "", directory, "/bin/sh"))


def test_a_user_that_cannot_be_looked_at_is_named_and_stops_nobody_else(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own answer says what is wrong. An entry that only getpwall knows is looked at by what it says."""
    for name in ("one", "two"):
        (tmp_path / name / ".codex").mkdir(parents=True)
    (tmp_path / "three").mkdir()
    names = ("one", "broken", "away", "two", "three")
    entries = [entry(name, str(tmp_path / name)) for name in names] + [entry("relative", "here")]
    monkeypatch.setattr(users.pwd, "getpwall", lambda: entries)

    def looked_at(user: dict[str, t.Any], work: t.Callable[[], bool]) -> bool:
        if user["name"] == "broken":
            raise OSError("stale")
        if user["name"] == "away":
            raise TargetError("child_died", user="away")
        return work()

    monkeypatch.setattr(users, "with_effective_user", looked_at)
    assert users.users_with_codex_home() == ["one", "broken", "away", "two"]
