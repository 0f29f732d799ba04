"""The step for a configuration file: which keys it writes, what is refused, and what replaces a file that is broken."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    SYSTEM,
    config_file,
    data_written,
    describe,
    desired,
    diffs,
    file,
    host_file,
    host_folder,
    layer,
    operation,
    operations,
    plan,
    written,
)

CONFIG = f"{HOME}/.codex/config.toml"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"preferred_auth_method": "apikey"}, "preferred_auth_method"),
        ({"enforce_login_method": True}, "forced_login_method"),
    ],
)
def test_a_key_that_an_option_writes_cannot_be_absent_too(options: dict[str, t.Any], key: str) -> None:
    wanted = desired(auth={"api_key": KEY}, config={**options, "absent": [[key]]})
    with pytest.raises(CodexError, match=f"{key} is in both"):
        plan(wanted, describe(wanted))


def test_settings_are_written_with_the_keys_of_the_options() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey", "settings": {"model": "gpt-5"}}, codex_version="0.30.0")
    assert data_written(plan(wanted, describe(wanted)), "config.toml") == {
        "preferred_auth_method": "apikey",
        "model": "gpt-5",
    }


def test_what_the_version_dropped_goes_in_the_same_edit() -> None:
    old = config_file(b'preferred_auth_method = "apikey"\nprofile = "a"\nmodel = "old"\n[profiles.a]\nmodel = "m"\n')
    for drop in (False, True):
        wanted = desired(config={"settings": {"model": "new"}, "drop_removed_keys": drop}, codex_version="0.134.0")
        result = plan(wanted, describe(wanted, config=old))
        dropped = ["preferred_auth_method", "profile", "profiles"]
        assert operations(result) == ["write config.toml"]
        assert result.result["config"]["removed_keys"] == ([] if drop else dropped)
        assert [change["key"] for change in result.result["config"]["changes"]] == dropped * drop + ["model"]
        assert (b"profile" in (written(result, "config.toml") or b"")) is not drop
        assert [f"{CONFIG}: profile keeps" in warning for warning in result.warnings] == [True] * (not drop)


def test_settings_with_which_the_version_does_not_start_are_refused() -> None:
    wanted = desired(config={"settings": {"cli_auth_credentials_store": "ephemeral"}}, codex_version="0.92.0")
    with pytest.raises(CodexError, match=f"settings for {CONFIG}: cli_auth_credentials_store accepts"):
        plan(wanted, describe(wanted))
    wanted = desired(config={"settings": {"preferred_auth_method": "apikey"}}, codex_version="0.169.0")
    result = plan(wanted, describe(wanted))
    assert operations(result) == ["write config.toml"]
    assert ["does not act on it" in warning for warning in result.warnings] == [True]
    assert plan(wanted, describe(wanted, config=config_file(b'preferred_auth_method = "apikey"\n'))).warnings == []


def test_a_requirement_with_which_codex_does_not_start_is_refused() -> None:
    """The one key that it shares with config.toml (measured on 0.155 and 0.169); the others are of another kind."""
    wanted = layer("requirements", settings={"cli_auth_credentials_store": "elsewhere"})
    with pytest.raises(CodexError, match="cli_auth_credentials_store accepts file, keyring"):
        plan(wanted, describe(wanted))
    wanted = layer("requirements", settings={"cli_auth_credentials_store": "file", "profile": 1})
    assert plan(wanted, describe(wanted)).changes


def test_detecting_a_version_where_there_is_no_codex() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey"}, codex_version="detect")
    with pytest.raises(CodexError, match="the user alice has no codex that runs"):
        plan(wanted, describe(wanted))


BROKEN = [b"a = \n", b"\xff", b"\0" * 9]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_config_is_refused_and_force_replaces_it(content: bytes) -> None:
    settings = {"model": "gpt-5", "notify": ["C:\\x"]}
    answer = describe(desired(config={}), config=config_file(content))
    with pytest.raises(CodexError, match="To replace it by a new file with the settings alone, set force and backup"):
        plan(desired(config={"settings": settings}), answer)
    config = {"settings": settings, "absent": [["old"]], "force": True, "backup": True}
    result = plan(desired(config=config), answer)
    assert written(result, "config.toml") == b"model = \"gpt-5\"\nnotify = ['C:\\x']\n"
    assert operation(result)["backup"] is True
    assert operation(result)["expected"] == answer["files"]["config"]["sha256"]
    assert [warning.partition("could not be read as TOML")[0] for warning in result.warnings] == [f"{CONFIG} "]
    assert result.result["config"]["changes"] == [
        {"key": "model", "action": "added"},
        {"key": "notify", "action": "added"},
    ]
    # Without settings it is an empty file, with which Codex starts.
    result = plan(desired(config={"force": True, "backup": True}), answer)
    assert operations(result) == ["write config.toml"]
    assert written(result, "config.toml") == b""


def test_force_leaves_a_config_that_can_be_read_to_the_editor() -> None:
    wanted = desired(config={"settings": {"a": 2}, "force": True, "backup": True})
    result = plan(wanted, describe(wanted, config=config_file(b"# mine\na = 1\n")))
    assert operations(result) == ["write config.toml"]
    assert written(result, "config.toml") == b"# mine\na = 2\n"


def test_force_replaces_no_file_to_remove_something_from_it() -> None:
    """The table of a profile, which an older Codex has in a config.toml that is broken."""
    config = {"layer": "profile:p", "state": "absent", "force": True, "backup": True}
    wanted = desired(config=config, codex_version="0.130.0")
    with pytest.raises(CodexError, match="is not valid TOML"):
        plan(wanted, describe(wanted, config=config_file(b"a = \n")))


def test_a_list_is_added_to_and_the_second_time_nothing_is_to_do() -> None:
    config = {"settings": {"args": [2]}, "lists": [{"path": ["args"], "append": True}]}
    wanted = desired(config=config)
    result = plan(wanted, describe(wanted, config=config_file(b"args = [1]\n")))
    assert written(result, "config.toml") == b"args = [1, 2]\n"
    assert result.result["config"]["changes"] == [{"key": "args[1]", "action": "added"}]
    assert plan(wanted, describe(wanted, config=config_file(b"args = [1, 2]\n"))).changes == []
    # A profile of an older Codex is a table of config.toml, and the list is in it.
    wanted = desired(config={**config, "layer": "profile:p"}, codex_version="0.130.0")
    result = plan(wanted, describe(wanted, config=config_file(b"[profiles.p]\nargs = [1]\n")))
    assert written(result, "config.toml") == b"[profiles.p]\nargs = [1, 2]\n"


def test_a_profile_is_removed_where_it_is() -> None:
    wanted = layer("profile:work", "0.58.0", state="absent")
    there = config_file(b'model = "a"\n\n[profiles.work]\nmodel = "b"\n\n[profiles.play]\nmodel = "c"\n')
    made = plan(wanted, describe(wanted, config=there))
    assert data_written(made, "config.toml") == {"model": "a", "profiles": {"play": {"model": "c"}}}
    wanted = layer("profile:work", "0.169.0", state="absent")
    made = plan(wanted, describe(wanted, config=there, profile=config_file(b"")))
    assert operations(made) == ["remove work.config.toml"]
    assert not plan(wanted, describe(wanted, config=there)).changes


def test_a_file_is_removed_whole() -> None:
    wanted = desired(config={"state": "absent", "backup": True})
    there = config_file(b"a = \n")  # whether it can be read or not
    result = plan(wanted, describe(wanted, config=there))
    assert operations(result) == ["remove config.toml"]
    assert (operation(result)["expected"], operation(result)["backup"]) == (there["sha256"], True)
    assert diffs(result) == [file_diff(CONFIG, "(a config.toml)\n", "")]
    emptied = t.cast(FileFacts, {**config_file(b""), "mount_point": True})
    for files in ({}, {"config": emptied}):
        assert plan(wanted, describe(wanted, **files)).changes == []


def test_a_file_of_the_host_that_is_not_roots_becomes_so() -> None:
    wanted = layer("system", settings={"model": "a"})
    foreign = host_file(b'model = "a"\n', owner="bob")
    there = {"host_folder": host_folder(), "system": foreign | t.cast(FileFacts, {"mount_point": False})}
    made = plan(wanted, describe(wanted, **there))
    assert (operations(made), data_written(made, SYSTEM)) == ([f"write {SYSTEM}"], {"model": "a"})
    assert diffs(made) == [file_diff(SYSTEM, "owner bob\n", "owner root\n")]


def test_a_mounted_file_of_the_host_keeps_its_owner_which_is_a_warning_and_no_change() -> None:
    wanted = layer("system", settings={"model": "a"})
    foreign = host_file(b'model = "a"\n', owner="bob") | t.cast(FileFacts, {"mount_point": True})
    made = plan(wanted, describe(wanted, host_folder=host_folder(), system=foreign))
    assert not made.changes
    assert made.warnings == [
        f"{SYSTEM} belongs to bob, who can change it for every user, and is a mount point of its own, which keeps its "
        "owner. Make root the owner where it is mounted from."
    ]


def test_an_empty_file_is_one_without_keys() -> None:
    wanted = desired(config={"settings": {"model": "a"}})
    empty = t.cast(FileFacts, {**file(content=""), "mount_point": True})
    assert written(plan(wanted, describe(wanted, config=empty)), "config.toml") == b'model = "a"\n'
