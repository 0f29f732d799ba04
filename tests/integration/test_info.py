# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_info on a host with several accounts."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

from .hosts import Container
from .playbook import Playbook, Run
from .test_idempotence import executions

NOW = dt.datetime.now(dt.UTC)


def login(marker: str, hours: int = 0, **more: t.Any) -> str:
    moment = NOW + dt.timedelta(hours=hours)
    mail = "someone@example.com"
    return json.dumps(
        chatgpt_document("account", mail, "plus", last_refresh=moment, access_expires=moment, marker=marker, **more)
    )


def info(playbook: Playbook, variables: dict[str, t.Any], become: bool = False, **options: t.Any) -> Run:
    task = {"name": "info", "fleet.codex.codex_info": options, "become": become}
    return playbook.run({"host": variables}, [task], arguments=["-vvv"])


def test_every_account_of_a_host_is_found_in_one_execution(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", login("shared", -1), "alice")
    container.write("/home/bob/.codex/auth.json", login("shared", -1), "bob")
    container.write("/home/carol/.codex/auth.json", login("x", 1, refresh_token=""), "carol")
    container.write("/home/deploy/.codex/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "deploy")
    container.run("install", "-d", "-o", "root", "/home/dora/.codex")
    container.write("/home/alice/.codex/.auth-x1Y2z3", login("renewed"), "alice")
    container.write("/home/alice/.codex/codex.env", "CODEX_API_KEY=fleet-test-key\n", "alice")
    container.write("/home/bob/.codex/config.toml", "cli_auth_credentials_store = 'keyring'\n", "bob")
    run = info(playbook, container.docker(), accounts="all", codex_version="0.169.0")
    assert run.changes() == [False]
    assert executions(run) == 1
    homes = {home["user"]: home for home in run.one("info").result["homes"]}
    assert homes.keys() == {"alice", "bob", "carol", "deploy", "dora"}
    modes = {user: home["auth"]["mode"] for user, home in homes.items()}
    assert modes == {
        "alice": "chatgpt", "bob": "chatgpt", "carol": "chatgpt", "deploy": "apikey", "dora": "unreadable"
    }  # fmt: skip
    # One login in two places, and a copy that has no refresh token is none of it.
    prints = {user: home["auth"].get("fingerprint") for user, home in homes.items()}
    assert prints["alice"] == prints["bob"]
    assert len({*prints.values()}) == 4
    assert [homes[user]["auth"]["renewable"] for user in ("alice", "carol")] == [True, False]
    assert [homes[user]["auth"]["refresh_due"] for user in ("alice", "carol")] == [True, False]
    (left,) = homes["alice"]["unsaved_logins"]
    assert (left["path"], left["auth"]["mode"]) == ("/home/alice/.codex/.auth-x1Y2z3", "chatgpt")
    assert left["auth"]["fingerprint"] != prints["alice"]
    (variable,) = homes["alice"]["conflicts"]
    assert "/home/alice/.codex/codex.env sets CODEX_API_KEY" in variable
    (store,) = homes["bob"]["conflicts"]
    assert "keyring" in store
    assert homes["carol"]["conflicts"] == []
    assert "belongs to root and not to dora" in homes["dora"]["obstacle"]
    assert "fleet-test-" not in run.output


def test_accounts_by_name(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", login("a"), "alice")
    homes = info(playbook, container.docker(), accounts=["alice", "nobody-here", "bob"]).one("info").result["homes"]
    assert [(home["user"], home["auth"]["mode"]) for home in homes] == [
        ("alice", "chatgpt"),
        ("nobody-here", "unreadable"),
        ("bob", "none"),
    ]
    assert "There is no account nobody-here" in homes[1]["obstacle"]


def test_refusals(container: Container, playbook: Playbook) -> None:
    assert "Give either" in info(playbook, container.docker(), accounts="all", user="alice").failure()
    message = info(playbook, container.docker("alice"), accounts="all").failure()
    assert message == "Finding every account needs root, and the task runs as alice. Set become to true."
