"""The plan of one home: the order of its parts, its folder, and whether its parts and the host's files agree."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    EVERYTHING,
    FORCED_API,
    FORCED_CHATGPT,
    HOME,
    KEY,
    SYSTEM,
    auth_file,
    chatgpt,
    config_file,
    describe,
    desired,
    diffs,
    everything_there,
    file,
    host_file,
    host_folder,
    layer,
    operation,
    operations,
    plan,
)


def without_folder(answer: HomeAnswer, writable: bool = True, create_as_root: bool = False) -> HomeAnswer:
    answer["folder"] = {
        "path": answer["codex_home"],
        "kind": "absent",
        "below": HOME,
        "writable": writable,
        "create_as_root": create_as_root,
    }
    return answer


def test_the_order_of_a_first_run_is_folder_auth_config_environment() -> None:
    wanted = desired(**EVERYTHING)
    assert operations(plan(wanted, without_folder(describe(wanted)))) == [
        "directory",
        "write auth.json",
        "write config.toml",
        "write codex.env",
        "lines .profile",
        "lines .bashrc",
        "link .config/environment.d/60-fleet-codex.conf",
    ]


def test_nothing_is_done_where_everything_is_there() -> None:
    wanted = desired(**EVERYTHING)
    result = plan(wanted, describe(wanted, **everything_there()))
    assert operations(result) == []
    assert diffs(result) == []
    assert result.warnings == []
    assert result.result["changed"] is False


def test_removing_goes_the_other_way_and_keeps_config_toml() -> None:
    wanted = desired(**EVERYTHING, state="absent")
    result = plan(wanted, describe(wanted, **everything_there()))
    assert operations(result) == [
        "lines .profile",
        "lines .bashrc",
        "link .config/environment.d/60-fleet-codex.conf",
        "remove codex.env",
        "remove auth.json",
    ]
    lines = [change.operation for change in result.changes if change.operation["operation"] == "lines"]
    assert all(operation["line"] is None for operation in lines)
    assert operations(plan(wanted, describe(wanted))) == []


def test_the_result_has_what_is_declared_and_what_of_it_changes() -> None:
    wanted = desired(**EVERYTHING)
    files = everything_there() | {"config": config_file(b"")}
    result = plan(wanted, describe(wanted, **files)).result
    assert (result["user"], result["codex_home"], result["changed"]) == ("alice", f"{HOME}/.codex", True)
    assert {part: result[part]["changed"] for part in EVERYTHING} == {
        "auth": False,
        "config": True,
        "environment": False,
    }
    wanted = desired(auth={"api_key": KEY})
    assert not plan(wanted, describe(wanted)).result.keys() & {"config", "environment"}


def test_each_change_says_to_which_part_it_belongs() -> None:
    wanted = desired(**EVERYTHING)
    answer = without_folder(describe(wanted))
    answer["leftovers"] = [f"{HOME}/.codex/.fleet-codex-1"]
    parts = [change.part for change in plan(wanted, answer).changes]
    assert parts == [None, "auth", "config", *["environment"] * 4, None]


def test_a_wide_folder_is_tightened_first() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = describe(wanted)
    answer["folder"]["mode"] = 0o755
    assert operations(plan(wanted, answer)) == ["directory", "write auth.json"]


@pytest.mark.parametrize(("mode", "expected"), [(0o755, 0o700), (0o710, 0o700), (0o550, 0o500), (0o700, None)])
def test_a_folder_only_loses_the_rights_of_others(mode: int, expected: int | None) -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = describe(wanted, auth=auth_file({"api_key": KEY}))
    answer["folder"]["mode"] = mode
    result = plan(wanted, answer)
    if expected is None:
        assert result.changes == []
    else:
        assert operation(result) == {"operation": "directory", "base": "codex_home", "path": "", "mode": expected}
        assert diffs(result)[0]["before"] == f"folder, mode {mode:04o}\n"


def test_a_folder_that_neither_the_user_nor_root_can_make_is_refused() -> None:
    wanted = desired(auth={"api_key": KEY}, codex_home="/srv/x")
    with pytest.raises(CodexError, match="cannot create /srv/x"):
        plan(wanted, without_folder(describe(wanted), writable=False))


@pytest.mark.parametrize("writable", [True, False])
def test_root_makes_the_folder_only_where_its_user_cannot(writable: bool) -> None:
    wanted = desired(auth={"api_key": KEY}, codex_home="/srv/x")
    answer = without_folder(describe(wanted), writable=writable, create_as_root=True)
    operation, diff, _part = plan(wanted, answer).changes[0]
    assert operation == {"operation": "directory", "base": "codex_home", "path": "", "mode": 0o700} | {
        "create_as_root": not writable
    }
    assert diff == file_diff("/srv/x", "", "folder, mode 0700\n")


def test_a_config_goes_where_the_login_is_removed_too() -> None:
    wanted = desired(auth={"state": "absent"}, config={"settings": {"a": 1}})
    assert operations(plan(wanted, without_folder(describe(wanted)))) == ["directory", "write config.toml"]


def test_no_folder_is_made_for_nothing() -> None:
    wanted = desired(environment={})
    line = environment.shell_line(f"{HOME}/.codex/codex.env", describe(wanted)["user_info"])
    answer = without_folder(describe(wanted, __bashrc=file(lines=[line])), writable=False)
    assert operations(plan(wanted, answer)) == ["lines .bashrc"]


def test_leftovers_are_cleaned_in_the_folders_they_are_in() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = describe(wanted, auth=auth_file({"api_key": KEY}))
    answer["leftovers"] = [
        f"{HOME}/.codex/.fleet-codex-1",
        f"{HOME}/.codex/.fleet-codex-2",
        "/etc/codex/.fleet-codex-3",
    ]
    result = plan(wanted, answer)
    # Those of the host's folder are root's to remove.
    assert [change.operation for change in result.changes] == [
        {"operation": "clean", "base": "host", "path": "/etc/codex"},
        {"operation": "clean", "base": "home_directory", "path": f"{HOME}/.codex"},
    ]
    assert result.result["changed"] is True
    assert diffs(result) == []


def test_what_keeps_codex_from_starting_is_a_warning_about_a_file_that_stays() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, describe(wanted, config=config_file(b'cli_auth_credentials_store = "memory"\n')))
    assert operations(result) == ["write auth.json"]
    assert "cli_auth_credentials_store accepts" in result.warnings[0]


def test_a_file_of_the_host_needs_root() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    with pytest.raises(CodexError, match="Writing /etc/codex/config.toml needs root"):
        plan(wanted, describe(wanted) | t.cast(HomeAnswer, {"is_root": False}))
    answer = describe(wanted, host_folder=host_folder(), system=host_file(b'model = "gpt-5"\n'))
    assert not plan(wanted, answer | t.cast(HomeAnswer, {"is_root": False})).changes  # nothing to write


def test_a_file_of_the_host_is_refused_where_others_can_change_it_before_anything_is_done() -> None:
    """The target refuses it, too; by then the logins would have been written."""
    unsafe = t.cast(FileFacts, {"unsafe_parent": "/etc/codex"})
    wanted = layer("system", settings={"model": "gpt-5"})
    with pytest.raises(CodexError, match="^/etc/codex can be changed by users other than root"):
        plan(wanted, describe(wanted, host_folder=host_folder(), system=unsafe))
    there = host_file(b'model = "gpt-5"\n') | unsafe
    assert not plan(wanted, describe(wanted, host_folder=host_folder(), system=there)).changes


def test_removing_config_toml_may_give_a_file_of_the_host_its_effect() -> None:
    wanted = desired(config={"state": "absent"})
    there = {
        "auth": auth_file({"api_key": KEY}),
        "config": config_file(FORCED_API),
        "system": host_file(FORCED_CHATGPT),
    }
    with pytest.raises(CodexError, match=f"forced_login_method in {SYSTEM}"):
        plan(wanted, describe(wanted, **there))


def test_a_configuration_that_is_not_the_tasks_business_is_not_judged() -> None:
    """Variables alone are declared, and none of them has to do with the login."""
    wanted = desired(environment={"A": "1"})
    there = {"auth": auth_file({"content": chatgpt()}), "config": config_file(FORCED_API)}
    assert plan(wanted, describe(wanted, **there)).warnings == []
