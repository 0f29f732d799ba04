# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Proves the client that all tests here use: what it reports of homes that were written by hand."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import MOCK, ClientError, method_of, own_etc, with_etc
from ansible_collections.fleet.codex.tests.support.mock_api import read_record, successor
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.skips import unavailable

from .harness import NOW, VERSIONS, chatgpt, start, write_auth

KEY = "fleet-test-key-harness"
EACH = kept(["0.34.0", "0.171.0"], VERSIONS, reason="another version")


@pytest.mark.parametrize("version", EACH)
def test_api_key(version: str, home: pathlib.Path) -> None:
    write_auth(home, credentials.api_key_document(KEY))
    codex = start(version, home)
    status = codex.login_status()
    assert (status.rc, status.method) == (0, "apikey"), status.text
    execution = codex.execute()
    assert execution.authorization == [f"Bearer {KEY}"], execution
    assert execution.rc == 0, execution
    assert "fleet-test-answer" in execution.text


@pytest.mark.parametrize("version", EACH)
def test_chatgpt(version: str, home: pathlib.Path) -> None:
    document = chatgpt("harness")
    path = write_auth(home, document)
    codex = start(version, home)
    status = codex.login_status()
    assert (status.rc, status.method) == (0, "chatgpt"), status.text
    assert codex.exec_authorization() == [f"Bearer {document['tokens']['access_token']}"]
    assert json.loads(path.read_text(encoding="utf-8")) == document


@pytest.mark.parametrize("version", EACH)
def test_no_login(version: str, home: pathlib.Path) -> None:
    codex = start(version, home)
    status = codex.login_status()
    assert (status.rc, status.method) == (1, "none"), status.text


@pytest.mark.parametrize("version", EACH)
def test_unreadable(version: str, home: pathlib.Path) -> None:
    """A byte order mark makes auth.json unreadable, a bad config.toml everything."""
    path = write_auth(home, credentials.api_key_document(KEY))
    codex = start(version, home)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert codex.login_status().method == "unreadable"
    write_auth(home, credentials.api_key_document(KEY))
    (home / ".codex" / "config.toml").write_text("not toml", encoding="utf-8")
    assert codex.login_status().method == "unreadable"
    execution = codex.execute()
    assert execution.rc != 0
    assert execution.requests == []


@pytest.mark.parametrize("version", EACH)
def test_config_is_read_and_untouched(version: str, home: pathlib.Path) -> None:
    """``codex exec`` asks for the model named in config.toml, and says so."""
    write_auth(home, credentials.api_key_document(KEY))
    config = home / ".codex" / "config.toml"
    config.write_text('model = "fleet-test-model"\n', encoding="utf-8")
    before = config.stat()
    execution = start(version, home).execute()
    assert execution.authorization == [f"Bearer {KEY}"]
    assert "fleet-test-model" in execution.text
    assert [turn["model"] for turn in execution.turns] == ["fleet-test-model"]
    after = config.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("version", EACH)
def test_other_codex_home(version: str, home: pathlib.Path) -> None:
    write_auth(home, chatgpt("harness"))
    other = home / "other"
    other.mkdir()
    (other / "auth.json").write_text(credentials.encode(credentials.api_key_document(KEY)), encoding="utf-8")
    codex = start(version, home)
    assert codex.login_status({"CODEX_HOME": str(other)}).method == "apikey"
    assert codex.exec_authorization(other) == [f"Bearer {KEY}"]


@pytest.mark.parametrize("version", EACH)
def test_etc_of_its_own(version: str, home: pathlib.Path) -> None:
    """Codex finds what is in the folder that stands for /etc, and this machine gets none of it."""
    write_auth(home, credentials.api_key_document(KEY))
    etc, of_the_machine = own_etc(home), pathlib.Path("/etc/codex/config.toml")
    before = of_the_machine.exists() and of_the_machine.read_bytes()
    write = with_etc(pathlib.Path("/bin/sh"), etc, home / "sh")
    script = "mkdir -p /etc/codex && echo 'model = \"fleet-test-model\"' >/etc/codex/config.toml"
    subprocess.run([write, "-c", script], check=True)
    assert (etc / "codex" / "config.toml").exists()
    assert (of_the_machine.exists() and of_the_machine.read_bytes()) == before
    execution = start(version, home, etc=etc).execute()
    assert execution.authorization == [f"Bearer {KEY}"]
    # The system layer: 0.72 has none, 0.80 has (measured).
    asked_for_it = [turn["model"] for turn in execution.turns] == ["fleet-test-model"]
    assert asked_for_it == (version in ("0.94.0", "0.171.0"))


@pytest.mark.parametrize("version", EACH)
def test_profile(version: str, home: pathlib.Path) -> None:
    """Where the settings of a profile are: a table of config.toml to 0.132, a file from 0.134 on (measured)."""
    write_auth(home, credentials.api_key_document(KEY))
    table, file = '[profiles.fleet]\nmodel = "of-the-table"\n', 'model = "of-the-file"\n'
    of_file = version == "0.171.0"
    (home / ".codex" / ("fleet.config.toml" if of_file else "config.toml")).write_text(
        file if of_file else table, encoding="utf-8"
    )
    execution = start(version, home).execute(arguments=["--profile", "fleet"])
    assert execution.authorization == [f"Bearer {KEY}"]
    assert [turn["model"] for turn in execution.turns] == ["of-the-file" if of_file else "of-the-table"]


@pytest.mark.parametrize("version", VERSIONS[-2:])
def test_refresh_is_single_use(version: str, home: pathlib.Path) -> None:
    """A copy of a login whose refresh token was spent elsewhere gets a 401."""
    document = chatgpt("rotating", expires_in=-dt.timedelta(days=1))
    # 0.94 goes by last_refresh, 0.171 by the token's exp (measured).
    document["last_refresh"] = credentials.timestamp(NOW - dt.timedelta(days=20))
    path = write_auth(home, document)
    codex = start(version, home)
    record = home / "record.jsonl"
    first = codex.execute(record=record)
    spent = document["tokens"]["refresh_token"]
    tokens = json.loads(path.read_text(encoding="utf-8"))["tokens"]
    assert tokens["refresh_token"] == successor(spent), first
    assert tokens["id_token"] == document["tokens"]["id_token"]
    assert first.authorization == [f"Bearer {tokens['access_token']}"]

    write_auth(home, document)
    second = codex.execute(record=record)
    refused = [r["status"] for r in second.requests if r["refresh_token"] == spent]
    assert refused
    assert set(refused) == {401}
    assert json.loads(path.read_text(encoding="utf-8")) == document


@pytest.mark.parametrize("version", EACH)
def test_other_user(version: str, home: pathlib.Path) -> None:
    if os.geteuid() != 0:
        unavailable("only root can run Codex as somebody else")
    nobody = 65534
    path = write_auth(home, credentials.api_key_document(KEY))
    os.chown(home / ".codex", nobody, -1)
    codex = start(version, home, user="nobody")
    assert codex.login_status().method == "unreadable"
    os.chown(path, nobody, -1)
    assert codex.login_status().method == "apikey"
    assert codex.exec_authorization() == [f"Bearer {KEY}"]


def test_time_out_leaves_nothing(home: pathlib.Path) -> None:
    """An auth.json that never ends holds Codex until it is killed."""
    os.mkfifo(home / ".codex" / "auth.json")
    codex = start(VERSIONS[1], home, timeout=1)
    with pytest.raises(ClientError, match="No end after 1 s"):
        codex.login_status()
    deadline = time.monotonic() + 5
    while (left := _processes_with(str(home))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _processes_with(word: str) -> list[pathlib.Path]:
    """Processes that have a word among their arguments or variables."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word.encode() in (path / "cmdline").read_bytes() + (path / "environ").read_bytes():
                found.append(path)
    return found


def test_mock_runs_alone(tmp_path: pathlib.Path) -> None:
    """As a program: the first line is the port, the record has the header."""
    record = tmp_path / "record.jsonl"
    command = [sys.executable, str(MOCK), "--port", "0", "--record", str(record)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            answers = []
            for _attempt in range(2):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                body = json.dumps({"grant_type": "refresh_token", "refresh_token": "fleet-test-refresh-a"})
                connection.request("POST", "/oauth/token", body, {"Authorization": "Bearer fleet-test-key-a"})
                response = connection.getresponse()
                answers.append((response.status, json.loads(response.read())))
                connection.close()
        finally:
            server.kill()
    assert answers[0][1]["refresh_token"] == "fleet-test-refresh-a.1"
    assert answers[1][0] == 401
    assert answers[1][1]["error"]["code"] == "refresh_token_reused"
    assert [r["authorization"] for r in read_record(record)] == ["Bearer fleet-test-key-a"] * 2


@pytest.mark.parametrize(
    ("rc", "text", "method"),
    [
        (0, "WARNING: proceeding, even though we could not update PATH: x\nLogged in using ChatGPT\n", "chatgpt"),
        (0, "API key configured - ***\nAuthentication is checked when you send a request.\n", "apikey"),
        (1, "Error checking login status: No such file or directory (os error 2)\n", "none"),
        (1, "Error loading configuration: No such file or directory (os error 2)\n", "unreadable"),
        (1, "Error checking login status: expected value at line 1 column 1\n", "unreadable"),
    ],
)
def test_method_of(rc: int, text: str, method: str) -> None:
    assert method_of(rc, text) == method


def test_method_of_unknown_text() -> None:
    with pytest.raises(ClientError, match="unknown so far"):
        method_of(0, "Logged in using carrier pigeons")


def test_documents() -> None:
    document = chatgpt("shape")
    assert list(document) == ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"]
    assert document["OPENAI_API_KEY"] is None
    assert credentials.jwt_claims(document["tokens"]["access_token"])["jti"] == "fleet-test-access-shape"
    assert credentials.encode(credentials.api_key_document("k", auth_mode=None)) == '{\n  "OPENAI_API_KEY": "k"\n}'
