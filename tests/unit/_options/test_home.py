"""The options of a Codex home as a whole: where it is, which Codex reads it, and what state: absent means."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import (
    check_version,
    desired_home,
    desired_place,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME, PLACE, VERSION
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import EVERYTHING, KEY, chatgpt, desired


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"codex_home": "codex"}, "codex_home must be an absolute path"),
        ({"codex_home": "~/.codex"}, "codex_home must be an absolute path"),
        ({"codex_home": "/srv/a\nb"}, "codex_home must be one line"),
        ({"codex_home": "/srv/a\0b"}, "codex_home must be one line"),
        ({"codex_version": "latest"}, "codex_version must be a version"),
    ],
)
def test_options_that_are_refused(arguments: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words):
        desired(**arguments)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("/srv/codex", "/srv/codex"),
        ("/srv//codex/", "/srv/codex"),
        ("/srv/./a/../codex", "/srv/codex"),
    ],
)
def test_a_codex_home_is_a_path_without_superfluous_slashes(given: str | None, kept: str | None) -> None:
    assert desired(codex_home=given).codex_home == kept


def test_without_a_user_it_is_the_one_that_the_task_runs_as() -> None:
    assert [desired(user=name).user for name in (None, "bob")] == [None, "bob"]


@pytest.mark.parametrize("option", [0.130, "0.13.0", 0.2, "0.5"])
def test_a_version_before_all_that_are_supported_is_refused(option: object) -> None:
    """As YAML makes it of one that is not in quotes."""
    with pytest.raises(CodexError, match="is older than 0.20"):
        check_version(option)
    with pytest.raises(CodexError, match=r"^homes\[1\]\.codex_version "):
        check_version(option, "homes[1].")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, (None, False)),
        ("detect", (None, True)),
        ("0.20.0", ((0, 20, 0), False)),
        ("0.169.0", ((0, 169, 0), False)),
    ],
)
def test_versions_that_are_accepted(option: str | None, expected: object) -> None:
    assert check_version(option) == expected


def test_a_place_is_the_same_for_every_module_whether_it_has_a_version_or_not() -> None:
    arguments = {"user": "alice", "codex_home": "/srv/codex/"}
    place = {"user": "alice", "codex_home": "/srv/codex", "codex_version": None, "detect_version": False}
    place["is_windows"] = False
    assert desired_place(with_defaults(arguments, PLACE)) == place
    detect = with_defaults({**arguments, "codex_version": "detect"}, {**PLACE, **VERSION})
    assert desired_place(detect) == place | {"detect_version": True}


def test_a_message_names_the_entry_and_the_part_that_it_is_about() -> None:
    for arguments, words in (
        ({"codex_home": "x"}, "^homes.3..codex_home must"),
        ({"auth": {"api_key": "two words"}}, "^homes.3..auth.api_key contains"),
        ({"config": {"force": True}}, "^homes.3..config.force replaces"),
        ({"environment": {"A": ""}}, "^homes.3..environment: A is empty"),
    ):
        with pytest.raises(CodexError, match=words):
            desired("homes[3].", **arguments)


def test_the_file_of_a_login_is_read() -> None:
    options = with_defaults({"auth": {"src": "login.json"}}, HOME)
    home = desired_home(options, {"login.json": json.dumps(chatgpt()).encode()}.__getitem__)
    assert home.auth == desired(auth={"content": chatgpt()}).auth


def test_a_part_that_is_not_declared_stays_as_it_is() -> None:
    home = desired()
    assert (home.auth, home.config, home.environment) == (None, None, None)


@pytest.mark.parametrize("options", [EVERYTHING, {}])
def test_an_absent_home_has_neither_login_nor_variables_and_keeps_its_config(options: dict[str, t.Any]) -> None:
    home = desired(**options, state="absent")
    assert home.auth is not None
    assert home.auth.credential is None
    assert home.config is None
    assert (home.environment, home.export_codex_home) == ({}, False)


def test_an_absent_home_keeps_what_auth_says_of_backups() -> None:
    home = desired(auth={"api_key": KEY, "backup": True, "backup_keep": 2}, state="absent")
    assert home.auth is not None
    assert (home.auth.credential, home.auth.backup.enabled, home.auth.backup.keep) == (None, True, 2)


def test_what_is_host_wide_and_what_is_about_the_home() -> None:
    system = {"layer": "system", "settings": {"model": "gpt-5"}}
    for options, expected in (
        ({}, (False, True)),
        ({"config": {"settings": {"model": "gpt-5"}}}, (False, True)),
        ({"config": system}, (True, False)),
        ({"config": system, "auth": {"content": chatgpt()}}, (True, True)),
        ({"config": system, "environment": {}}, (True, True)),
    ):
        home = desired(**options)
        assert (home.is_host_wide, home.is_about_the_home) == expected
