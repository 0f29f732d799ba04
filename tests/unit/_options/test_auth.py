"""The options of an auth.json: which give the login, and what they become."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.auth import desired_auth
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import AUTH
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup, DesiredAuth
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import KEY, chatgpt

FILES = {"login.json": json.dumps(chatgpt()).encode(), "broken.json": b"{"}


def auth(where: str = "", **arguments: t.Any) -> DesiredAuth:
    return desired_auth(with_defaults(arguments, AUTH), FILES.__getitem__, where)


@pytest.mark.parametrize(
    ("arguments", "method"),
    [
        ({"api_key": KEY}, "apikey"),
        ({"personal_access_token": "at-fleet-test"}, "personal_access_token"),
        ({"content": chatgpt()}, "chatgpt"),
        ({"content": json.dumps(chatgpt())}, "chatgpt"),
        ({"src": "login.json"}, "chatgpt"),
    ],
)
def test_each_option_gives_a_login(arguments: dict[str, t.Any], method: str) -> None:
    credential = auth(**arguments).credential
    assert credential is not None
    assert credential.method == method


def test_a_file_of_the_controller_is_the_same_login_as_its_content() -> None:
    assert auth(src="login.json") == auth(content=chatgpt())


@pytest.mark.parametrize(
    ("arguments", "where", "words"),
    [
        ({}, "auth.", "One of auth.api_key, auth.personal_access_token, auth.content and auth.src must be given."),
        ({}, "", "One of api_key, personal_access_token, content and src must be given."),
        ({"api_key": KEY, "content": "x"}, "auth.", "Only one of auth.api_key, auth.content must be given."),
        ({"api_key": KEY, "src": "x"}, "", "Only one of api_key, src must be given."),
        ({"api_key": "", "personal_access_token": "x"}, "", "Only one of api_key, personal_access_token"),
        ({"src": "broken.json"}, "auth.", "auth.src (broken.json) is not valid JSON"),
        ({"src": json.dumps(chatgpt())}, "", "src holds the text of a file. Give the path"),
        ({"src": "$ANSIBLE_VAULT;1.1;AES256"}, "auth.", "auth.src holds the text of a file."),
        ({"src": "login\nx"}, "", "src holds the text of a file."),
        ({"src": "sk-fleet-test"}, "", "src holds a key or a token. Give the path"),
        ({"src": "at-fleet-test"}, "", "src holds a key or a token."),
        ({"personal_access_token": KEY}, "", "personal_access_token is not a personal access token"),
        ({"api_key": KEY, "mode": "0644"}, "auth.", "auth.mode must be an octal mode"),
        ({"api_key": KEY, "backup_keep": 1}, "auth.", "auth.backup_keep limits the copies"),
    ],
)
def test_options_that_are_refused(arguments: dict[str, t.Any], where: str, words: str) -> None:
    with pytest.raises(CodexError) as refused:
        auth(where, **arguments)
    assert str(refused.value).startswith(words)
    assert "SECRETMARKER" not in str(refused.value)


def test_defaults_and_what_is_given() -> None:
    assert auth(state="absent") == DesiredAuth(None, "if_newer", "fail", False, None, Backup(False, None))
    given = auth(
        state="absent",
        update="always",
        on_account_mismatch="replace",
        allow_shared_refresh_token=True,
        mode="0400",
        backup=True,
        backup_keep=3,
        allow_mounted_file=True,
    )
    assert given == DesiredAuth(None, "always", "replace", True, 0o400, Backup(True, 3), True)


@pytest.mark.parametrize("arguments", [{"content": chatgpt()}, {"src": "login.json"}])
def test_a_login_without_its_refresh_token(arguments: dict[str, t.Any]) -> None:
    """auth_mode keeps Codex from trying to renew it. What nobody renews is as it was given."""
    whole, copy = auth(**arguments).credential, auth(**arguments, without_refresh_token=True).credential
    assert whole
    assert copy
    tokens = {**whole.document["tokens"], "refresh_token": ""}
    assert copy.document == {**whole.document, "auth_mode": "chatgptAuthTokens", "tokens": tokens}
    key = {"api_key": KEY}
    assert auth(**key, without_refresh_token=True).credential == auth(**key).credential


def test_an_absent_login_is_not_read() -> None:
    """Its file on the controller may be gone by then."""
    assert auth(state="absent", src="no such file").credential is None
