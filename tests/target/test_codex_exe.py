"""A real codex.exe, on Windows as Wine plays it: what it is asked, what it says, and that looking costs it no login."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.paths import ENVIRONMENT
from ansible_collections.fleet.codex.tests.support.powershell_program import PowershellProgram
from ansible_collections.fleet.codex.tests.support.target_program import write

pytestmark = [
    pytest.mark.needs_root,  # for a network namespace
    pytest.mark.parametrize(
        "target_program",
        [pytest.param("powershell-wine", marks=pytest.mark.xdist_group("powershell-wine"))],
        indirect=True,
    ),
]
VERSIONS = ["0.45.0", "0.101.0", "0.134.0", "0.166.0", "0.171.0"]
NEWEST = VERSIONS[-1]
LOCKS = ["auth.lock", "auth.json.lock"]
NOW = datetime.now(UTC)
ALICE = ("account-1", "one@example.com", "plus")
DOCUMENT = chatgpt_document(*ALICE, last_refresh=NOW, access_expires=NOW + timedelta(days=10), marker="codex-exe")
LOGINS = {
    "apikey": from_api_key("fleet-test-key-of-codex-exe", "api_key").render(),
    "chatgpt": from_document(DOCUMENT, "content").render(),
}


def codex_exe(version: str) -> Path:
    """This version of Codex for Windows."""
    command = ["sh", str(ENVIRONMENT / "codex.sh"), "--windows", version]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def ask(
    program: PowershellProgram, operation: t.Literal["describe", "apply"], version: str, **home: t.Any
) -> HomeAnswer:
    """The answer for one home, with this version on PATH."""
    request = t.cast(HomeRequest, {"user": None, **home})
    environment = {"PATH": str(codex_exe(version).parent)}
    return program.execute(operation, [request], environment=environment)[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_logged_in_by_what_is_written(target_program: PowershellProgram, home: Path, version: str) -> None:
    content = None
    for method, login in LOGINS.items():
        operations = [write("auth.json", login, content, locks=LOCKS)]
        answer = ask(target_program, "apply", version, codex_home=str(home), operations=operations, login_status=True)
        assert [result["status"] for result in answer["results"]] == ["done"]
        assert answer["login_status"] == {"codex": str(codex_exe(version)), "method": method}
        content = login


def test_what_it_says_of_itself(target_program: PowershellProgram, home: Path) -> None:
    asked = {"files": [], "detect_version": True, "login_status": True}
    answer = ask(target_program, "describe", NEWEST, codex_home=str(home), **asked)
    assert (answer["codex_version"], answer["login_status"]["method"]) == (NEWEST, "none")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'model = "x"\n', None),
        (b'approval_policy = "untrusted"\n', "approval_policy"),
        (b'model = 7\nmodel_provider = "SECRETMARKER"\n', "config.toml:1"),
        (b'secret = "SECRETMARKER\n', "config.toml:1"),
    ],
)
def test_it_says_why_it_would_not_start(
    target_program: PowershellProgram, home: Path, content: bytes, named: str | None
) -> None:
    answer = ask(
        target_program,
        "apply",
        NEWEST,
        codex_home=str(home),
        operations=[write("config.toml", content, None)],
        start_check=base64.b64encode(content).decode(),
    )
    if named is None:
        assert [result["status"] for result in answer["results"]] == ["done"]
    else:
        assert named in answer["start_problem"]
        assert "SECRETMARKER" not in str(answer)
        assert os.listdir(home) == []


@pytest.mark.parametrize(
    ("version", "operation"), [*((version, "describe") for version in VERSIONS), (NEWEST, "apply")]
)
def test_looking_at_a_login_does_not_keep_codex_from_saving_one(
    target_program: PowershellProgram, home: Path, version: str, operation: str
) -> None:
    """A program that has auth.json open in another way makes Codex fail, and lose what it has just got."""
    exe, looks = codex_exe(version), 0
    (home / "auth.lock").touch()  # as it is from the first login on
    (home / "auth.json").write_bytes(LOGINS["apikey"])
    for number in range(3):
        key = f"fleet-test-key-number-{number}"
        login = subprocess.Popen(
            target_program.windows_program(exe, "login", "--with-api-key", CODEX_HOME=str(home)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert login.stdin is not None and login.stderr is not None
        login.stdin.write(key)
        login.stdin.close()
        while login.poll() is None:
            if operation == "describe":
                assert target_program.describe(home)["files"]["auth"]["kind"] in ("file", "absent")
            else:  # which looks at the file, and leaves it alone since it is another one
                other = write("auth.json", b"new", b"another", locks=LOCKS)
                assert target_program.apply(home, [other])[0]["status"] == "conflict"
            looks += 1
        assert login.returncode == 0, login.stderr.read()
        assert json.loads((home / "auth.json").read_text())["OPENAI_API_KEY"] == key
    assert looks > 3
