# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every command of docs/journeys.md works as it is printed, and a second time without a change.

Those with which somebody signs in are run by test_remote_login.py.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import fleet_rows
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.table import fleet_table
from ansible_collections.fleet.codex.plugins.plugin_utils.messages import TARGET_ERRORS
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps, text_of
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .journeys import put_codex, table
from .responses_api import ResponsesApi

PAGE = "docs/journeys.md"
RUN = [
    block
    for block in blocks(PAGE)
    if block.not_run is None
    and (block.language in ("console", "text") or block.file)
    and "fleet.codex.remote_login" not in block.text
]
(DECLARED,) = (block for block in RUN if block.file)
DEPLOYED, STATUS, CRON = (block for block in RUN if block.language == "text")
STEPS = [step.command for block in RUN if block.language == "console" for step in steps(block)]
COMMANDS = sorted({command for command in STEPS if command.startswith("ansible-playbook ")})
QUERIES = [command for command in STEPS if command not in COMMANDS]
KEY = "fleet-test-key-journeys"


def playbooks_of(command: str) -> list[str]:
    return re.findall(r"fleet\.codex\.(\w+)", command)


def command_of(name: str) -> str:
    """The first command with a playbook."""
    return next(command for command in COMMANDS if name in command)


def test_the_page_has_every_playbook() -> None:
    there = {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}
    assert set(re.findall(r"^\| \[.*\| `(\w+)` \|$", text_of(PAGE), re.M)) == there
    in_commands = {name for command in COMMANDS for name in playbooks_of(command)}
    elsewhere = {"collect", "containers"}  # whose commands are on other pages
    assert in_commands == there - elsewhere - {"remote_login"}


@pytest.fixture(name="api")
def _api() -> t.Iterator[ResponsesApi]:
    with ResponsesApi(None) as api:
        yield api


class Folder:
    """Somebody's folder, with an inventory `hosts` and logins in `credentials`; ``more`` are hosts beside web1."""

    def __init__(self, playbook: Playbook, container: Container, api: ResponsesApi, **more: t.Any) -> None:
        self.playbook = playbook
        for path in ("home/.codex/auth.json", "credentials/web1/auth.json"):
            self.write(path, encode(login("alice", since=dt.datetime.now(dt.UTC))))
        variables = {
            "codex_user": "alice",
            "codex_preflight_base_url": f"http://127.0.0.1:{api.port}/v1",
            "vault_openai_api_key": KEY,
        }
        workstations = {"hosts": {"web1": container.docker(), **more}, "vars": variables}
        self.write("hosts", json.dumps({"workstations": workstations}))
        self.write("password", "fleet-test-password")  # in place of what is asked for
        playbook.env |= {
            "ANSIBLE_SSH_COMMON_ARGS": shlex.join(container.ssh_options()),
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), ""),
        }

    def write(self, path: str, text: str) -> None:
        file = self.playbook.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def declare_key(self) -> None:
        assert DECLARED.file
        self.write(DECLARED.file, DECLARED.text)

    def run(self, command: str, *more: str) -> Run:
        # What is asked for is given by a file.
        given = command.replace("--ask-vault-pass", "--vault-password-file=password")
        run = self.playbook.shell(f"{given} {shlex.join(more)}")
        assert run.rc == 0, run.output
        assert run.tasks
        assert KEY not in run.output
        return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page(command: str, container: Container, playbook: Playbook, api: ResponsesApi) -> None:
    put_codex(container, binary("0.171.0"))
    folder = Folder(playbook, container, api)
    if "migrate" not in command:
        folder.declare_key()
    by_name = "myserver," in command
    playbook.env["ANSIBLE_REMOTE_USER"] = "alice" if by_name else "root"
    if not by_name and "copy_credentials" not in command and "deploy" not in command:
        container.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    folder.run(command)
    assert [task.name for task in folder.run(command).tasks if task.changed] == []
    for name in re.findall(r"codex_report=(\S+)", command):
        assert (playbook.folder / name).stat().st_size


def test_the_table_at_the_end_of_a_deployment(
    container: Container, nopython: Container, playbook: Playbook, api: ResponsesApi
) -> None:
    """On one host the user is logged in already."""
    folder = Folder(playbook, container, api, web2=nopython.docker())
    folder.declare_key()
    command = command_of("fleet.codex.deploy")
    folder.run(command, "--limit", "web1")
    assert table(folder.run(command)) == DEPLOYED.text.splitlines()


def test_the_table_of_a_fleet() -> None:
    """Of hosts as the page has them."""
    shown = {"method": "chatgpt", "email": "alice@example.com", "plan": "pro", "expires_at": "2026-12-06T01:32:00Z",
             "renewable": True, "refresh_due": False, "fingerprint": "0123456789abcdef"}  # fmt: skip
    alice, bob, ci = (
        {"user": name, "codex_home": f"/home/{name}/.codex", "codex_version": "0.171.0", "login": found}
        for name, found in {
            "alice": shown,
            "bob": {**shown, "email": "bob@example.com", "plan": "plus", "expires_at": "2026-11-24T09:15:00Z",
                    "refresh_due": True, "fingerprint": "fedcba9876543210"},
            "ci": {"method": "apikey"},
        }.items()
    )  # fmt: skip
    dora = {"user": "dora", "codex_home": "/home/dora/.codex", "failed": True}
    dora["msg"] = TARGET_ERRORS["foreign"].format(path="/home/dora/.codex", owner="root", user="dora")
    timeout = "Failed to connect to the host via ssh: ssh: connect to host db1 port 22: Connection timed out"
    results = {
        "web1": {"homes": [alice, bob]},
        "web2": {"homes": [alice, ci]},
        "db1": {"unreachable": True, "msg": timeout},
        "ops": {"homes": [dora]},
    }
    assert fleet_table(fleet_rows(results)) == STATUS.text.splitlines()


def test_the_report_is_queried(container: Container, playbook: Playbook, api: ResponsesApi) -> None:
    """By a program, for what needs attention, and for logins that end within two days."""
    folder = Folder(playbook, container, api)
    soon = login("alice", hours=24, since=dt.datetime.now(dt.UTC), refresh_token="")
    container.write("/home/alice/.codex/auth.json", encode(soon), "alice")
    container.write("/home/bob/.codex/auth.json", "{", "bob")
    folder.run(next(command for command in COMMANDS if "fleet.json" in command))
    found = []
    for query in QUERIES:
        done = playbook.shell(query)
        assert (done.rc, done.stderr) == (0, ""), query
        found.append(done.stdout.splitlines())
    attention, ending = found
    assert [line.partition(": /")[0] for line in attention] == ["web1: bob"], attention
    assert ending == ["web1"]


@pytest.mark.parametrize("reached", [True, False])
def test_the_line_for_cron(reached: bool, container: Container, playbook: Playbook, api: ResponsesApi) -> None:
    """It writes the page, and sends a mail where a host was not reached. Folders and the mail are the test's own."""
    gone = {"ansible_connection": "ssh", "ansible_ssh_common_args": "-o ProxyCommand=false"}
    folder = Folder(playbook, container, api, **({} if reached else {"gone": gone}))
    folder.write("www/mail", "#!/bin/sh\ncat >mail\n")
    (playbook.folder / "www" / "mail").chmod(0o755)
    command = CRON.text.split(maxsplit=5)[5]
    for words, own in (("/srv/infra", "."), ("/srv/www", "www"), ("mail -s", "www/mail -s")):
        assert words in command
        command = command.replace(words, own)
    done = playbook.shell(command, callback="default")
    assert (done.rc, done.output) == (0, "")
    assert "<html" in (playbook.folder / "www" / "fleet.html").read_text()
    assert (playbook.folder / "mail").exists() is not reached
    assert reached or "unreachable" in (playbook.folder / "mail").read_text()
