"""The step for a user's environment: the file of values, what reads it, and in which order."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    describe,
    desired,
    diffs,
    everything_there,
    file,
    operations,
    plan,
    written,
)

VALUES = f"{HOME}/.codex/codex.env"
FISH, LINK = (path.replace(".", "__") for path in (environment.FISH_FILE, environment.LINK))


def test_removing_one_home_leaves_what_reads_another() -> None:
    readers = {name: facts for name, facts in everything_there().items() if name not in ("auth", "codex__env")}
    wanted = desired(codex_home="/srv/other", state="absent")
    assert operations(plan(wanted, describe(wanted, **readers))) == []


def test_codex_home_is_exported_when_it_is_not_the_default() -> None:
    wanted = desired(codex_home="/srv/codex/alice", environment={})
    assert written(plan(wanted, describe(wanted)), "codex.env") == b"CODEX_HOME=/srv/codex/alice\n"
    wanted = desired(environment={})
    assert operations(plan(wanted, describe(wanted))) == []
    wanted = desired(codex_home="/srv/codex/alice", environment={"CODEX_HOME": "/srv/link"})
    assert written(plan(wanted, describe(wanted)), "codex.env") == b"CODEX_HOME=/srv/link\n"


def test_a_codex_home_that_readers_would_disagree_about_is_refused() -> None:
    wanted = desired(codex_home="/srv/two words", environment={})
    with pytest.raises(CodexError, match="^codex_home: CODEX_HOME has a character"):
        plan(wanted, describe(wanted))


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        ("/bin/bash", [".profile", ".bashrc"]),
        ("/bin/dash", [".profile"]),
        ("/usr/bin/zsh", [".profile", ".zshenv"]),
        ("/usr/bin/fish", [".profile", ".config/fish/conf.d/fleet-codex.fish"]),
        ("/usr/sbin/nologin", []),
    ],
)
def test_what_reads_the_values_goes_by_the_login_shell(shell: str, files: list[str]) -> None:
    wanted = desired(environment={"A": "1"})
    paths = [change.operation["path"] for change in plan(wanted, describe(wanted, shell=shell)).changes]
    assert paths == ["codex.env", *files, ".config/environment.d/60-fleet-codex.conf"]


def test_bash_files_that_hide_profile_get_the_line_too() -> None:
    wanted = desired(environment={"A": "1"})
    answer = describe(wanted, __bash_profile=file(b"x", lines=[]))
    assert "lines .bash_profile" in operations(plan(wanted, answer))


def test_a_users_shell_file_that_is_not_a_file_is_left_alone_with_a_warning() -> None:
    wanted = desired(environment={"A": "1"})
    result = plan(wanted, describe(wanted, __bashrc=t.cast(FileFacts, {"kind": "dangling"})))
    assert "lines .bashrc" not in operations(result)
    assert "left alone" in result.warnings[0]
    removed = desired(environment={})
    assert plan(removed, describe(removed, __bashrc=t.cast(FileFacts, {"kind": "dangling"}))).warnings == []


@pytest.mark.parametrize("lines", [["old line # fleet.codex"], ["RIGHT", "RIGHT"], ["other # fleet.codex", "RIGHT"]])
def test_exactly_one_line_reads_the_values(lines: list[str]) -> None:
    wanted = desired(environment={"OPENAI_API_KEY": KEY})
    answer = describe(wanted, **{k: v for k, v in everything_there().items() if k not in ("auth", "config")})
    right = environment.shell_line(VALUES, answer["user_info"])
    assert operations(plan(wanted, answer)) == []
    answer["files"][".bashrc"]["lines"] = [right if line == "RIGHT" else line for line in lines]
    (change,) = plan(wanted, answer).changes
    assert (change.operation["operation"], change.operation["line"]) == ("lines", right)


def test_values_that_are_right_get_their_mode_and_others_are_written() -> None:
    content = f"OPENAI_API_KEY={KEY}\n".encode()
    wanted = desired(environment={"OPENAI_API_KEY": KEY})
    files = {name: facts for name, facts in everything_there().items() if name not in ("auth", "config")}
    for there, expected in (
        (file(content, 0o644), ["mode codex.env"]),
        (file(b"OPENAI_API_KEY=other\n"), ["write codex.env"]),
        (t.cast(FileFacts, {}), ["write codex.env"]),
    ):
        answer = describe(wanted, **(files | {"codex__env": there}))
        assert operations(plan(wanted, answer)) == expected


def test_a_user_without_a_home_directory_gets_the_values_alone() -> None:
    wanted = desired(codex_home="/srv/codex", environment={"A": "1"})
    answer = describe(wanted) | t.cast(HomeAnswer, {"home_directory_exists": False})
    result = plan(wanted, answer)
    assert operations(result) == ["write codex.env"]
    assert result.warnings[0].startswith("The user alice has no home directory, so no shell reads /srv/codex/codex.env")


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_only_linux_has_environment_d(system: str) -> None:
    wanted = desired(environment={"A": "1"})
    made = plan(wanted, describe(wanted) | t.cast(HomeAnswer, {"system": system}))
    assert (f"link {environment.LINK}" in operations(made)) is (system == "linux")


def test_what_is_not_the_link_of_this_collection_is_left_alone_with_a_warning() -> None:
    wanted = desired(environment={"A": "1"})
    name = environment.LINK.replace(".", "__")
    result = plan(wanted, describe(wanted, **{name: file(b"mine")}))
    assert not any(word.startswith("link") for word in operations(result))
    assert result.warnings == [
        f"{HOME}/{environment.LINK} is not the link this collection makes, so it was left alone."
    ]
    # A link of another home of the user is replaced, and stays where this home's variables go.
    elsewhere = {name: t.cast(FileFacts, {"kind": "file", "link": "/srv/other/codex.env"})}
    made = plan(wanted, describe(wanted, **elsewhere))
    assert operations(made)[-1] == f"link {environment.LINK}"
    assert made.changes[-1].operation["to"] == VALUES
    assert (diffs(made)[-1]["before"], diffs(made)[-1]["after"]) == (
        "link to /srv/other/codex.env\n",
        f"link to {VALUES}\n",
    )
    new = plan(wanted, describe(wanted))
    assert diffs(new)[-1]["before"] == ""
    removed = desired(environment={})
    assert operations(plan(removed, describe(removed, **elsewhere))) == []


def test_fishs_file_is_removed_only_where_it_reads_these_values() -> None:
    wanted = desired(environment={})
    user = describe(wanted)["user_info"]
    name = environment.FISH_FILE.replace(".", "__")
    for content, expected in (
        (environment.fish_file(VALUES, user), [f"remove {environment.FISH_FILE}"]),
        (environment.fish_file("/srv/other/codex.env", user), []),
    ):
        assert operations(plan(wanted, describe(wanted, **{name: file(content)}))) == expected


@pytest.mark.parametrize("declared", [{"A": "1"}, {}])
def test_shell_files_that_lead_to_where_the_user_cannot_write_are_left_alone(declared: dict[str, str]) -> None:
    wanted = desired(environment=declared)
    line = environment.shell_line(VALUES, describe(wanted)["user_info"])
    locked = [] if declared else [line]
    facts = file(b"x", 0o444, lines=locked, link="/nix/store/profile", folder_writable=False)
    result = plan(wanted, describe(wanted, __profile=facts, __bashrc=facts))
    assert [name for name in operations(result) if name.startswith("lines")] == []
    (warning,) = result.warnings
    assert warning.startswith(f"alice cannot create or replace {HOME}/.profile and {HOME}/.bashrc, so ")
    assert ("codex_export_api_key" in warning) == bool(declared)
    done = file(b"x", 0o444, lines=[] if locked else [line], link="/nix/store/profile", folder_writable=False)
    assert plan(wanted, describe(wanted, __profile=done, __bashrc=done)).warnings == []


def test_a_home_directory_where_the_user_cannot_write_gets_the_values_alone() -> None:
    """As service users have it: root's, with a ~/.codex that is the user's."""
    wanted = desired(environment={"A": "1"})
    answer = describe(wanted)
    for name in (*environment.SHELL_FILES, environment.FISH_FILE, environment.LINK):
        answer["files"][name]["folder_writable"] = False
    result = plan(wanted, answer)
    assert [change.operation["path"] for change in result.changes] == [environment.VALUES_FILE]
    (warning,) = result.warnings
    assert f"{HOME}/.profile and {HOME}/.bashrc and {HOME}/{environment.LINK}, so not everything" in warning


def test_a_read_only_file_of_the_users_own_is_replaced() -> None:
    wanted = desired(environment={"A": "1"})
    result = plan(wanted, describe(wanted, __profile=file(b"x", 0o444, lines=[], writable=False)))
    assert "lines .profile" in operations(result)
    assert result.warnings == []


@pytest.mark.parametrize("shell", ["/usr/bin/tcsh", "/bin/csh", "/usr/bin/nu"])
def test_a_shell_that_reads_none_of_the_files_is_told(shell: str) -> None:
    wanted, none = desired(environment={"A": "1"}), desired(environment={})
    (warning,) = plan(wanted, describe(wanted, shell=shell)).warnings
    assert warning.startswith(f"The shell of alice, {shell}, reads none of the files that set these variables.")
    assert plan(none, describe(none, shell=shell)).warnings == []


def test_values_are_shown_by_the_rules_for_settings_and_where_they_are_no_known_secret() -> None:
    declared = {"B_KEY": "x1", "A": "x1", "LOGIN": KEY, "V": Vaulted("v1"), "URL": "https://u:x2@h", "MINE": "shown"}
    wanted = desired(codex_home="/srv/codex/alice", auth={"api_key": KEY}, environment=declared)
    result = plan(wanted, describe(wanted, codex__env=file(b"A=1\n")))
    (diff,) = [diff for diff in diffs(result) if diff["after_header"].endswith("codex.env") and diff["before"]]
    assert (diff["before"], diff["after"]) == (
        "(other variables or values)\n",
        "A=********\nB_KEY=********\nCODEX_HOME=/srv/codex/alice\nLOGIN=********\nMINE=shown\nURL=********\n"
        "V=********\n",
    )
    assert KEY not in repr((diffs(result), result.result, result.warnings))
    assert result.result["environment"]["variables"] == ["A", "B_KEY", "CODEX_HOME", "LOGIN", "MINE", "URL", "V"]


def test_what_new_variables_write_and_show() -> None:
    wanted = desired(environment={"A_KEY": KEY})
    answer = describe(wanted, shell="/usr/bin/fish")
    made = plan(wanted, answer)
    line = environment.shell_line(VALUES, answer["user_info"])
    fish = environment.fish_file(VALUES, answer["user_info"])
    new: t.Any = {"expected": None, "backup": False}
    at_home = {"base": "home_directory", "mode": 0o644}
    assert [change.operation for change in made.changes] == [
        {"operation": "write", "base": "codex_home", "path": "codex.env", "mode": 0o600, **new}
        | {"content": base64.b64encode(f"A_KEY={KEY}\n".encode()).decode()},
        {
            "operation": "lines",
            "path": ".profile",
            **at_home,
            "line": line,
            "marker": "# fleet.codex",
            "expected": None,
        },
        {"operation": "write", "path": environment.FISH_FILE, **at_home, **new}
        | {"content": base64.b64encode(fish).decode()},
        {"operation": "link", "base": "home_directory", "path": environment.LINK, "to": VALUES},
    ]
    assert diffs(made) == [
        file_diff(VALUES, "", "A_KEY=********\n"),
        file_diff(f"{HOME}/.profile", "", f"{line}\n"),
        file_diff(f"{HOME}/{environment.FISH_FILE}", "", fish.decode()),
        file_diff(f"{HOME}/{environment.LINK}", "", f"link to {VALUES}\n"),
    ]


def test_what_removing_them_removes_and_shows() -> None:
    wanted = desired(environment={})
    user = describe(wanted)["user_info"]
    line, fish = environment.shell_line(VALUES, user), environment.fish_file(VALUES, user)
    profile, there = file(b"p", 0o640, lines=[line]), everything_there()
    values = there["codex__env"]
    made = plan(wanted, describe(wanted, codex__env=values, __profile=profile, **{FISH: file(fish), LINK: there[LINK]}))
    assert [change.operation for change in made.changes] == [
        {"operation": "lines", "base": "home_directory", "path": ".profile", "line": None, "marker": "# fleet.codex"}
        | {"mode": 0o644, "expected": profile["sha256"]},
        {"operation": "remove", "base": "home_directory", "path": environment.FISH_FILE, "backup": False}
        | {"expected": file(fish)["sha256"]},
        {"operation": "link", "base": "home_directory", "path": environment.LINK, "to": None},
        {"operation": "remove", "base": "codex_home", "path": "codex.env", "backup": False}
        | {"expected": values["sha256"]},
    ]
    assert diffs(made) == [
        file_diff(f"{HOME}/.profile", f"{line}\n", ""),
        file_diff(f"{HOME}/{environment.FISH_FILE}", fish.decode(), ""),
        file_diff(f"{HOME}/{environment.LINK}", f"link to {VALUES}\n", ""),
        file_diff(VALUES, "(variables)\n", ""),
    ]


def test_values_that_others_can_read_become_their_users_alone() -> None:
    wanted = desired(environment={"OPENAI_API_KEY": KEY})
    files = {name: facts for name, facts in everything_there().items() if name not in ("auth", "config")}
    files["codex__env"] = files["codex__env"] | {"mode": 0o644}
    made = plan(wanted, describe(wanted, **files))
    (change,) = made.changes
    assert change.operation == {"operation": "mode", "base": "codex_home", "path": "codex.env", "mode": 0o600}
    assert diffs(made) == [file_diff(VALUES, "mode 0644\n", "mode 0600\n")]
