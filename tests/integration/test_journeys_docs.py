# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every command of docs/journeys.md works as it is printed, and a second time without a change."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .journeys import put_codex
from .responses_api import ResponsesApi

PAGE = (CHECKOUT / "docs" / "journeys.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = sorted(
    {
        command
        for block in BLOCKS
        for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.M)
        if "fleet.codex." in command
    }
)
KEY = "fleet-test-key-journeys"

ELSEWHERE = {"remote_login": "somebody signs in: test_remote_login.py"}
"""The playbooks whose commands are run by other tests."""


def playbooks_of(command: str) -> list[str]:
    return re.findall(r"fleet\.codex\.(\w+)", command)


def test_the_page_has_every_playbook() -> None:
    there = {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}
    assert set(re.findall(r"^\| \[.*\| `(\w+)` \|$", PAGE, re.M)) == there
    in_commands = {name for command in COMMANDS for name in playbooks_of(command)}
    assert in_commands == there - {"collect", "containers"}  # whose commands are on other pages


@pytest.fixture(name="api")
def _api() -> t.Iterator[ResponsesApi]:
    with ResponsesApi(None) as api:
        yield api


@pytest.mark.parametrize("command", [c for c in COMMANDS if not ELSEWHERE.keys() & set(playbooks_of(c))])
def test_a_command_of_the_page(command: str, container: Container, playbook: Playbook, api: ResponsesApi) -> None:
    """In a folder with an inventory `hosts`, logins in `credentials`, and a login of the user who runs it."""
    put_codex(container, binary("0.171.0"))
    for path in ("home/.codex/auth.json", "credentials/web1/auth.json"):
        file = playbook.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(encode(login("alice", since=dt.datetime.now(dt.UTC))))
    program, *arguments = shlex.split(command.replace("\\\n", ""))
    assert program == "ansible-playbook"
    by_name = "myserver," in arguments
    if not by_name and "copy_credentials" not in command and "deploy" not in command:
        container.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    inventory = {"all": {
        "hosts": {"web1": container.docker()},
        "vars": {
            "codex_user": "alice", "codex_preflight_base_url": f"http://127.0.0.1:{api.port}/v1",
            **({} if "migrate" in command else {"codex_api_key": "{{ vault_openai_api_key }}"}),
            "vault_openai_api_key": KEY,
        },
    }}  # fmt: skip
    (playbook.folder / "hosts").write_text(json.dumps(inventory))
    playbook.env |= {
        "ANSIBLE_REMOTE_USER": "alice" if by_name else "root",
        "ANSIBLE_SSH_COMMON_ARGS": shlex.join(container.ssh_options()),
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), ""),
    }
    # The file has no password here, and what is asked for is given by a file.
    (playbook.folder / "password").write_text("fleet-test-password")
    given = ["--vault-password-file=password" if word == "--ask-vault-pass" else word for word in arguments]
    for number in range(2):
        run = playbook.run({}, [], name=given[0], arguments=given[1:])
        assert run.rc == 0, run.output
        assert run.tasks
        assert number == 0 or not any(task.changed for task in run.tasks), run.output
        assert KEY not in run.output
    reports = [word.partition("=")[2] for word in given if word.startswith("codex_report=")]
    assert [name for name in reports if not (playbook.folder / name).stat().st_size] == []
