"""The file of values and what reads it, as text; that real shells agree is tested in tests/integration."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, UserInfo


def user(shell: str = "/bin/bash", home: str = "/home/alice") -> UserInfo:
    return {"name": "alice", "uid": 1000, "gid": 1000, "home_directory": home, "shell": shell}


def files(**kinds: str) -> dict[str, FileFacts]:
    """A home directory in which only these files are; "." as "__"."""
    there = {name.replace("__", "."): kind for name, kind in kinds.items()}
    names = [*environment.SHELL_FILES, environment.FISH_FOLDER]
    return {name: t.cast(FileFacts, {"path": name, "kind": there.get(name, "absent")}) for name in names}


def test_the_file_of_values_is_sorted_and_empty_without_any() -> None:
    assert environment.values_file({"B": "2", "A": "1"}) == b"A=1\nB=2\n"
    assert environment.values_file({}) == b""


@pytest.mark.parametrize(
    ("path", "home", "reference"),
    [
        ("/home/alice/.codex/codex.env", "/home/alice", '"$HOME"/.codex/codex.env'),
        ("/home/alice/.codex/codex.env", "/home/alice/", '"$HOME"/.codex/codex.env'),
        ("/home/alice2/codex.env", "/home/alice", "/home/alice2/codex.env"),
        ("/srv/a b/codex.env", "/home/alice", "'/srv/a b/codex.env'"),
        ("/home/alice/a'b/codex.env", "/home/alice", """"$HOME"'/a'"'"'b/codex.env'"""),
    ],
)
def test_a_line_names_the_file_by_the_home_directory_where_it_is_below_it(path: str, home: str, reference: str) -> None:
    line = environment.shell_line(path, user(home=home))
    assert line == f"if [ -r {reference} ]; then set -a; . {reference}; set +a; fi # fleet.codex"
    assert f"<{reference}\n" in environment.fish_file(path, user(home=home)).decode()


@pytest.mark.parametrize(
    ("shell", "there", "wanted"),
    [
        ("/bin/bash", {}, {".profile", ".bashrc"}),
        ("/bin/sh", {}, {".profile"}),
        ("/bin/zsh", {}, {".profile", ".zshenv"}),
        ("/usr/bin/fish", {}, {".profile"}),
        ("/bin/bash", {"__bash_profile": "file"}, {".profile", ".bashrc", ".bash_profile"}),
        ("/bin/bash", {"__bash_login": "file", "__zshenv": "file"}, {".profile", ".bashrc", ".bash_login", ".zshenv"}),
        ("/usr/sbin/nologin", {}, set()),
        ("/bin/false", {"__bashrc": "dangling"}, {".bashrc"}),
    ],
)
def test_which_shell_files_get_the_line(shell: str, there: dict[str, str], wanted: set[str]) -> None:
    assert environment.wanted_shell_files(user(shell), files(**there)) == wanted


@pytest.mark.parametrize(
    ("shell", "folder", "wanted"),
    [
        ("/usr/bin/fish", "absent", True),
        ("/bin/bash", "directory", True),
        ("/bin/bash", "absent", False),
        ("/bin/bash", "file", False),
        ("/bin/notfish", "absent", False),
    ],
)
def test_who_uses_fish(shell: str, folder: str, wanted: bool) -> None:
    described = files() | {environment.FISH_FOLDER: t.cast(FileFacts, {"kind": folder})}
    assert environment.wants_fish(user(shell), described) is wanted
