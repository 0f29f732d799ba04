"""A Windows user's variables: set in the registry, and removed only where they are ours."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import Change
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import KEY, file, operations, plan
from ansible_collections.fleet.codex.tests.support.windows import describe, desired, on_windows, registry


def values(**variables: str) -> FileFacts:
    """codex.env as an earlier run wrote it."""
    content = "".join(f"{name}={value}\n" for name, value in sorted(variables.items())).encode()
    return on_windows(file(content)) | t.cast(FileFacts, {"variables": registry(**variables)["variables"]})


def changes(variables: dict[str, str], level: str = "user", **files: FileFacts) -> list[Change]:
    home = desired(environment=variables, environment_level=level)
    return plan(home, describe(home, **files)).changes


def test_new_variables_go_to_codex_env_first_and_to_the_registry_then() -> None:
    home = desired(environment={"OPENAI_API_KEY": KEY})
    made = plan(home, describe(home))
    assert operations(made) == ["write codex.env", "variables user"]
    assert made.changes[-1].operation == {
        "operation": "variables",
        "base": "environment",
        "path": "user",
        "set": {"OPENAI_API_KEY": KEY},
        "remove": [],
        "expected": {"OPENAI_API_KEY": None},
    }
    assert KEY not in str([change.diff for change in made.changes])
    assert made.warnings == [
        "Programs and sessions of alice that are open keep the variables that they began with. Start them anew to have "
        "OPENAI_API_KEY seen."
    ]


def test_what_is_there_already_is_left_alone() -> None:
    assert changes({"A": "1"}, codex__env=values(A="1"), user_environment=registry(A="1", B="2")) == []


def test_a_value_that_somebody_changed_is_set_again() -> None:
    (change,) = changes({"A": "1"}, codex__env=values(A="1"), user_environment=registry(A="2"))
    assert change.operation["set"] == {"A": "1"}
    assert change.operation["expected"] == {"A": registry(A="2")["variables"]["A"]}


def test_somebody_elses_value_is_replaced_with_a_warning() -> None:
    def warnings(**there: str) -> list[str]:
        home = desired(environment={"A": "1"})
        found = plan(home, describe(home, codex__env=values(A="0"), user_environment=registry(**there)))
        return [warning for warning in found.warnings if "did not set" in warning]

    assert warnings() == warnings(A="0") == []
    (warning,) = warnings(A="9")
    assert "had A with a value that fleet.codex did not set" in warning


@pytest.mark.parametrize("name", ["PATH", "Path", "TEMP"])
def test_a_variable_that_windows_needs_is_refused(name: str) -> None:
    with pytest.raises(CodexError, match=f"^environment: {name} is a variable that Windows needs"):
        changes({name: "C:/x"})


def test_only_ours_are_removed_and_before_codex_env_forgets_them() -> None:
    there = registry(A="1", B="changed", C="3", OTHERS="4")
    removing, write = changes({"C": "3"}, codex__env=values(A="1", B="2", C="3"), user_environment=there)
    assert removing.operation["remove"] == ["A"]
    assert removing.operation["set"] == {}
    assert write.operation["path"] == "codex.env"
    removing, removed = changes({}, codex__env=values(A="1"), user_environment=registry(A="1"))
    assert (removing.operation["operation"], removed.operation["operation"]) == ("variables", "remove")


def test_the_machine_gets_variables_only_where_the_playbook_says_so() -> None:
    found = changes({"A": "1"}, codex__env=values(A="1"), user_environment=registry(A="1"))
    assert found == []
    removing, setting = changes({"A": "1"}, "machine", codex__env=values(A="1"), user_environment=registry(A="1"))
    assert (removing.operation["path"], removing.operation["remove"]) == ("user", ["A"])
    assert (setting.operation["path"], setting.operation["set"]) == ("machine", {"A": "1"})
    # One of the machine with the same value may be an administrator's own.
    same = registry(A="1")
    assert [change.operation["path"] for change in changes({}, codex__env=values(A="1"), machine_environment=same)] == [
        "codex.env"
    ]


def test_the_machine_needs_an_administrator_also_in_check_mode() -> None:
    home = desired(environment={"A": "1"}, environment_level="machine")
    answer = describe(home)
    answer["is_root"] = False
    with pytest.raises(CodexError, match=r"Writing HKEY.* needs an administrator, and the task runs as alice"):
        plan(home, answer)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("absent", "has no profile on this host yet"), ("unreadable", "Run the task as an administrator")],
)
def test_a_registry_that_cannot_be_read(kind: str, words: str) -> None:
    unreadable = t.cast(FileFacts, {"kind": kind})
    with pytest.raises(CodexError, match=words):
        changes({"A": "1"}, user_environment=unreadable)
    assert changes({}, user_environment=unreadable) == []


def test_case_does_not_count_in_names() -> None:
    there = registry(PROXY="1", OLD="2")
    assert changes({"proxy": "1"}, codex__env=values(proxy="1"), user_environment=registry(PROXY="1")) == []
    removing, _write = changes({"Proxy": "1"}, codex__env=values(proxy="1", old="2"), user_environment=there)
    assert removing.operation["remove"] == ["OLD"]
    _write, setting = changes({"Proxy": "3"}, codex__env=values(proxy="1"), user_environment=registry(PROXY="1"))
    assert setting.operation["set"] == {"Proxy": "3"}
    assert setting.operation["expected"] == {"Proxy": there["variables"]["PROXY"]}


def test_codex_home_is_exported_whatever_characters_it_has() -> None:
    home = desired(environment={}, codex_home="D:\\Codex homes\\alice")
    made = plan(home, describe(home))
    assert made.changes[-1].operation["set"] == {"CODEX_HOME": "D:\\Codex homes\\alice"}
    default = desired(environment={}, codex_home="c:/users/ALICE/.codex")
    assert plan(default, describe(default)).changes == []
