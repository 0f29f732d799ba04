"""The plan of a home on a Windows host, where it is another one than on POSIX."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support import planning
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    auth_file,
    chatgpt,
    config_file,
    diffs,
    operations,
    plan,
)
from ansible_collections.fleet.codex.tests.support.windows import (
    CODEX_HOME,
    acl,
    describe,
    desired,
    on_windows,
    registry,
)

HOST_FOLDER = "C:\\ProgramData\\OpenAI\\Codex"


def test_a_new_home() -> None:
    home = desired(auth={"api_key": KEY}, config={"preferred_auth_method": "apikey"})
    answer = describe(home)
    answer["folder"] = {"path": CODEX_HOME, "kind": "absent", "below": "C:\\Users\\alice", "writable": True}
    made = plan(home, answer)
    assert operations(made) == ["directory", "write auth.json", "write config.toml"]
    assert [change.operation.get("access") for change in made.changes] == ["private"] * 3
    assert not any("mode" in change.operation for change in made.changes)
    assert diffs(made)[0]["after"] == "folder, access: alice, SYSTEM and Administrators\n"


def test_a_home_that_is_as_declared() -> None:
    home = desired(auth={"api_key": KEY, "mode": "0400"}, config={"settings": {"a": 1}})
    there = {"auth": on_windows(auth_file({"api_key": KEY})), "config": on_windows(config_file(b"a = 1\r\n"))}
    assert plan(home, describe(home, **there)).changes == []


def test_what_others_may_read_becomes_private_and_is_said() -> None:
    home = desired(auth={"api_key": KEY})
    wide = on_windows(auth_file({"api_key": KEY}), readers=["BUILTIN\\Users"], everyone=True)
    answer = describe(home, auth=wide)
    answer["folder"]["access"] = acl(writers=["bob"])
    made = plan(home, answer)
    assert operations(made) == ["directory", "access auth.json"]
    assert diffs(made)[1]["before"] == "access: BUILTIN\\Users may read it\n"
    assert "open to bob" in str(made.warnings) and "open to BUILTIN" in str(made.warnings)


def test_every_file_that_was_open_to_others_is_named_once() -> None:
    home = desired(auth={"api_key": KEY}, config={"settings": {"a": 1}}, environment={"A": "1"})
    wide = {"readers": ["BUILTIN\\Users"]}
    answer = describe(
        home,
        auth=on_windows(auth_file({"api_key": KEY}), **wide),
        config=on_windows(config_file(b"a = 1\n"), **wide),
        codex__env=on_windows(planning.file(b"A=1\n"), **wide),
        user_environment=registry(A="1"),
    )
    made = plan(home, answer)
    assert operations(made) == ["access auth.json", "access config.toml", "access codex.env"]
    named = [warning.partition(" is open to")[0] for warning in made.warnings]
    assert named == [f"{CODEX_HOME}\\{name}" for name in ("auth.json", "config.toml", "codex.env")]


def test_files_of_the_host_are_readable_by_all() -> None:
    home = desired(config={"layer": "system", "settings": {"model": "x"}}, codex_version="0.171.0")
    answer = describe(home)
    made = plan(home, answer)
    assert operations(made) == [f"directory {HOST_FOLDER}", f"write {HOST_FOLDER}\\config.toml"]
    assert {change.operation["access"] for change in made.changes} == {"readable_by_all"}
    answer["is_root"] = False
    with pytest.raises(CodexError, match="needs an administrator"):
        plan(home, answer)
    answer["is_root"] = True
    answer["files"]["system"] |= {"unsafe_parent": HOST_FOLDER, "unsafe_who": "bob"}
    with pytest.raises(CodexError, match="can be changed by bob, so it is not a safe place for a file"):
        plan(home, answer)


def test_the_managed_file_is_in_the_home_and_of_old_versions_alone() -> None:
    def managed(version: str) -> list[str]:
        home = desired(config={"layer": "managed", "settings": {"model": "x"}}, codex_version=version)
        assert not home.is_host_wide
        made = plan(home, describe(home))
        assert made.changes[0].operation["access"] == "private"
        return operations(made)

    assert managed("0.80.0") == managed("0.148.0") == ["write managed_config.toml"]
    unknown = desired(config={"layer": "managed", "settings": {"model": "x"}})
    with pytest.raises(CodexError, match="^layer: on Windows, Codex 0.149 and later"):
        plan(unknown, describe(unknown))
    with pytest.raises(CodexError, match=r"does not read C:.*managed_config\.toml"):
        managed("0.149.1")


@pytest.mark.parametrize("layer", ["system", "requirements"])
def test_old_versions_read_no_file_of_the_host(layer: str) -> None:
    home = desired(config={"layer": layer, "settings": {"model": "x"}}, codex_version="0.80.0")
    with pytest.raises(CodexError, match=r"Codex 0\.80\.0 does not read C:"):
        plan(home, describe(home))


def test_what_keeps_codex_from_saving_a_renewed_login() -> None:
    home = desired(auth={"content": chatgpt()})
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"user": False}, "does not let alice change it"),
        ({"read_only": True}, "is read-only"),
    ]
    for found, words in cases:
        answer = describe(home, auth=on_windows(auth_file({"content": chatgpt()}), **found))
        (problem,) = renewal_problems(answer, mode=None, replaced=False)
        assert words in problem
        made = plan(home, answer)
        assert operations(made) == ["access auth.json"]
        assert not [warning for warning in made.warnings if "loses the login" in warning]
    answer = describe(home, auth=on_windows(auth_file({"content": chatgpt()})))
    assert renewal_problems(answer, mode=None, replaced=False) == []
    answer["folder"]["access"] = acl(user=False)
    assert "Give alice full control" in renewal_problems(answer, mode=None, replaced=False)[0]


def test_variables_of_the_registry_that_outrank_the_login() -> None:
    home = desired(auth={"api_key": KEY}, environment={})
    machine = registry(CODEX_ACCESS_TOKEN="x")
    (warning,) = plan(home, describe(home, machine_environment=machine)).warnings
    assert "machine sets CODEX_ACCESS_TOKEN, and Codex 0.130 and later uses it" in warning
    # What this run takes away outranks nothing.
    ours = on_windows(planning.file(b"CODEX_ACCESS_TOKEN=x\n")) | t.cast(FileFacts, {"variables": machine["variables"]})
    found = plan(home, describe(home, codex__env=ours, user_environment=machine))
    assert not [warning for warning in found.warnings if "outrank" in warning or "instead of auth.json" in warning]


def test_the_report_of_a_home() -> None:
    home = desired()
    answer = describe(home, auth=on_windows(auth_file({"content": chatgpt()}), read_only=True))
    report = home_report(answer, None, datetime.now(UTC))
    assert report["codex_home"] == CODEX_HOME
    assert "read-only" in report["login"]["problems"][0]


def test_files_that_killed_runs_left_are_removed_where_they_are() -> None:
    home = desired(auth={"api_key": KEY})
    answer = describe(home, auth=on_windows(auth_file({"api_key": KEY})))
    answer["leftovers"] = [f"{CODEX_HOME}\\.fleet-codex-1", f"{HOST_FOLDER}\\.fleet-codex-2"]
    cleaning = [(change.operation["base"], change.operation["path"]) for change in plan(home, answer).changes]
    assert cleaning == [("host", HOST_FOLDER), ("home_directory", CODEX_HOME)]


def test_machine_variables_are_for_windows_alone() -> None:
    with pytest.raises(CodexError, match="^environment_level: machine is for Windows hosts only"):
        planning.desired(environment={}, environment_level="machine")
