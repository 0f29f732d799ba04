"""Paths of both kinds of targets, on a controller of one kind."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths


@pytest.mark.parametrize("path", ["/", "/srv/codex", "C:\\codex", "d:/codex", "\\\\server\\share"])
def test_absolute_paths(path: str) -> None:
    assert paths.is_absolute(path)


@pytest.mark.parametrize("path", ["", "codex", "~/.codex", "C:codex", "C:", "\\codex", "%USERPROFILE%\\.codex"])
def test_other_paths(path: str) -> None:
    """One that begins with a backslash is on whatever drive the program is."""
    assert not paths.is_absolute(path)


def test_parts_of_paths() -> None:
    assert paths.normal("/srv//codex/./x/../") == "/srv/codex"
    assert paths.normal("c:/codex//x/..") == "c:\\codex"
    assert paths.name("/srv/a\\b") == "a\\b"
    assert paths.name("C:\\codex\\auth.json") == "auth.json"
    assert paths.folder("/srv/auth.json") == "/srv"
    assert paths.folder("C:\\codex\\auth.json") == "C:\\codex"
    assert paths.folder("%ProgramData%\\OpenAI\\x") == "%ProgramData%\\OpenAI"
    assert paths.join("/home/alice", ".codex") == "/home/alice/.codex"
    assert paths.join("C:\\Users\\alice", ".codex") == "C:\\Users\\alice\\.codex"
    assert paths.join("/home/alice", "/etc/environment") == "/etc/environment"


def test_case_counts_on_posix_alone() -> None:
    assert paths.is_same("C:\\Codex", "c:/codex")
    assert not paths.is_same("/Codex", "/codex")
