"""What --diff shows: what changes, and never a secret."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import auth_diff, auth_lines, config_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    auth_file,
    chatgpt,
    config_file,
    describe,
    desired,
    diffs,
    plan,
)
from ansible_collections.fleet.codex.tests.support.summaries import EMPTY, api_key, personal_access_token
from ansible_collections.fleet.codex.tests.support.summaries import chatgpt as chatgpt_summary

PATH = "config.toml"


def test_no_diff_result_or_warning_shows_a_secret() -> None:
    wanted = desired(
        auth={"api_key": KEY, "on_account_mismatch": "replace"},
        environment={"OPENAI_API_KEY": KEY, "OTHER": KEY},
        config={
            "settings": {
                "model_providers": {"x": {"experimental_bearer_token": KEY, "http_headers": {"X": KEY}}},
                "mcp_servers": {"y": {"env": {"Z": KEY}, "args": [KEY], "command": "y"}},
            }
        },
    )
    before = b'[mcp_servers.y]\nenv = {Z = "old-SECRETMARKER"}\nargs = ["old-SECRETMARKER"]\n'
    answer = describe(wanted, auth=auth_file({"content": chatgpt()}), config=config_file(before))
    result = plan(wanted, answer)
    assert "SECRETMARKER" not in repr((diffs(result), result.result, result.warnings))
    assert "changed" in repr(diffs(result))


def test_a_diff_says_that_the_replaced_file_was_not_toml_and_shows_nothing_of_it() -> None:
    wanted = desired(config={"settings": {"model": "a"}, "force": True, "backup": True})
    (diff,) = diffs(plan(wanted, describe(wanted, config=config_file(f"a = {KEY}\n".encode()))))
    assert (diff["before"], diff["after"]) == ("(not readable as TOML)\n", 'model = "a"\n')


@pytest.mark.parametrize(
    ("old", "settings", "absent", "before", "after"),
    [
        ({}, {"model": "a"}, [], "", 'model = "a"\n'),
        ({"model": "a", "other": 1}, {"model": "b"}, [], 'model = "a"\n', 'model = "b"\n'),
        ({"model": "a"}, {}, [("model",)], 'model = "a"\n', ""),
        ({"a": 1, "b": 1, "c": 1}, {"a": 2}, [("b",), ("c",)], "b = 1\nc = 1\na = 1\n", "a = 2\n"),
        ({}, {"t": {"x": 1, "u": {"y": [1, 2]}}}, [], "", "t.x = 1\nt.u.y = [\n    1,\n    2,\n]\n"),
        ({}, {"t": {}}, [], "", "t = {}\n"),
        ({}, {"hooks": [{"a": 1}, {"b": 2}]}, [], "", "hooks[0].a = 1\nhooks[1].b = 2\n"),
        ({"token": "x"}, {"token": "y"}, [], "token = ********\n", "token = ******** - changed\n"),
        ({}, {"token": "y"}, [], "", "token = ********\n"),
    ],
)
def test_a_configuration_as_its_keys_that_change(
    old: Table, settings: Table, absent: list[tuple[str, ...]], before: str, after: str
) -> None:
    diff = config_diff(PATH, find_changes(old, settings, absent, PATH))
    assert (diff["before_header"], diff["before"], diff["after"]) == (PATH, before, after)


def test_a_login_as_its_account_and_age() -> None:
    assert auth_lines(None) == ""
    assert auth_lines({"malformed": True}) == "(not readable as an auth.json)\n"
    assert auth_lines(EMPTY) == "auth_mode: (not set)\n"
    assert auth_lines(api_key()) == "auth_mode: apikey\nOPENAI_API_KEY: ********\n"
    assert auth_lines(personal_access_token()) == "auth_mode: personalAccessToken\npersonal_access_token: ********\n"
    assert auth_lines(chatgpt_summary()) == (
        "auth_mode: chatgpt\n"
        "account: account-1 (…@example.com)\n"
        "last_refresh: 2026-01-31T12:00:00.000000000Z\n"
        "access_token: ********\n"
        "id_token: ********\n"
        "refresh_token: ********\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (api_key(), api_key(), 0),
        (api_key(), api_key("fleet-test-key-2"), 1),
        (None, api_key(), 0),
        (chatgpt_summary(), chatgpt_summary(), 0),
        (chatgpt_summary(), chatgpt_summary(hours=1), 3),
        (api_key(), chatgpt_summary(), 3),
        (api_key(), None, 0),
    ],
)
def test_secrets_that_differ_are_marked(before: t.Any, after: t.Any, changed: int) -> None:
    diff = auth_diff("auth.json", before, after)
    assert diff["after"].count(" - changed\n") == changed
    assert "changed" not in diff["before"]
