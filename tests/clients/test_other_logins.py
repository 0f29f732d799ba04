# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Logins that are seldom used, as the modules write them, in a real Codex: what the documentation says of them."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import (
    from_document,
    from_personal_access_token,
)
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import Execution
from ansible_collections.fleet.codex.tests.support.mock_api import TOKEN
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import start, write_auth

NOW = dt.datetime.now(dt.UTC)


def deploy(folder: pathlib.Path, document: t.Mapping[str, t.Any]) -> pathlib.Path:
    """auth.json with the very bytes that the modules write."""
    path = write_auth(folder, document)
    path.write_bytes(from_document(dict(document), "content").render())
    return path


@pytest.mark.parametrize("version", ["0.139.0", "0.171.0"])
def test_a_personal_access_token_is_sent(version: str, home: pathlib.Path) -> None:
    path = write_auth(home, {})
    path.write_bytes(from_personal_access_token("at-fleet-test-token", "").render())
    before = path.read_bytes()
    execution = start(version, home).execute(env={"CODEX_AUTHAPI_BASE_URL": "http://127.0.0.1:{port}"})
    assert (execution.rc, execution.authorization) == (0, ["Bearer at-fleet-test-token"]), execution
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["0.94.0", "0.137.0"])
def test_a_personal_access_token_is_nothing_to_an_older_codex(version: str, home: pathlib.Path) -> None:
    path = write_auth(home, {})
    path.write_bytes(from_personal_access_token("at-fleet-test-token", "").render())
    status = start(version, home).login_status()
    assert (status.rc, status.method) == (1, "unreadable"), status.text


def access_only(auth_mode: str) -> dict[str, t.Any]:
    """A copy without a refresh token whose access token has expired."""
    document = credentials.chatgpt_document(
        "account-access",
        "access@fleet.test",
        "plus",
        last_refresh=NOW - dt.timedelta(days=1),
        access_expires=NOW - dt.timedelta(hours=1),
        marker=auth_mode,
        auth_mode=auth_mode,
        refresh_token="",
    )
    return t.cast("dict[str, t.Any]", document)


def renewals(execution: Execution) -> int:
    return sum(request["path"] == TOKEN for request in execution.requests)


@pytest.mark.parametrize(
    "version", kept(["0.94.0", "0.171.0"], ["0.94.0", "0.166.0", "0.171.0"], reason="another version")
)
@pytest.mark.parametrize("auth_mode", ["chatgpt", "chatgptAuthTokens"])
def test_a_copy_without_a_refresh_token_that_has_expired(
    version: str,
    auth_mode: str,
    home: pathlib.Path,
) -> None:
    document = access_only(auth_mode)
    path = deploy(home, document)
    before = path.read_bytes()
    execution = start(version, home).execute()
    assert set(execution.authorization) == {f"Bearer {document['tokens']['access_token']}"}, execution
    assert (renewals(execution) > 0) is (auth_mode == "chatgpt" and version != "0.94.0"), execution.requests
    assert path.read_bytes() == before
    assert json.loads(before)["auth_mode"] == auth_mode
