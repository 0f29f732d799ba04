# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_info on a host with several users."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

NOW = dt.datetime.now(dt.UTC)


def renewed(marker: str, hours: int = 0, **more: t.Any) -> str:
    """auth.json of a login that was renewed so many hours from now."""
    return json.dumps(login(hours=hours, marker=marker, since=NOW, **more))


def info(playbook: Playbook, variables: dict[str, t.Any], become: bool = False, **options: t.Any) -> Run:
    task = {"name": "info", "fleet.codex.codex_info": options, "become": become}
    return playbook.run({"host": variables}, [task], arguments=["-vvv"])


def test_every_user_of_a_host_is_found_in_one_execution(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", renewed("shared", -1), "alice")
    container.write("/home/bob/.codex/auth.json", renewed("shared", -1), "bob")
    container.write("/home/carol/.codex/auth.json", renewed("x", 1, refresh_token=""), "carol")
    container.write("/home/deploy/.codex/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "deploy")
    container.run("install", "-d", "-o", "root", "/home/dora/.codex")
    container.write("/home/alice/.codex/.auth-x1Y2z3", renewed("renewed"), "alice")
    container.write("/home/alice/.codex/codex.env", "CODEX_API_KEY=fleet-test-key\n", "alice")
    container.write("/home/bob/.codex/config.toml", "cli_auth_credentials_store = 'keyring'\n", "bob")
    run = info(playbook, container.docker(), users="all", codex_version="0.169.0")
    assert run.changes() == [False]
    assert run.executions() == 1
    homes = {home["user"]: home for home in run.one("info").result["homes"]}
    assert homes.keys() == {"alice", "bob", "carol", "deploy", "dora"}
    methods = {user: home["login"]["method"] for user, home in homes.items()}
    assert methods == {
        "alice": "chatgpt", "bob": "chatgpt", "carol": "chatgpt", "deploy": "apikey", "dora": "unreadable"
    }  # fmt: skip
    # One login in two places; a copy without a refresh token is not among them.
    prints = {user: home["login"].get("fingerprint") for user, home in homes.items()}
    assert prints["alice"] == prints["bob"]
    assert len({*prints.values()}) == 4
    assert [homes[user]["login"]["renewable"] for user in ("alice", "carol")] == [True, False]
    assert [homes[user]["login"]["refresh_due"] for user in ("alice", "carol")] == [True, False]
    (left,) = homes["alice"]["unsaved_logins"]
    assert (left["path"], left["login"]["method"]) == ("/home/alice/.codex/.auth-x1Y2z3", "chatgpt")
    assert left["login"]["fingerprint"] != prints["alice"]
    (variable,) = homes["alice"]["login"]["conflicts"]
    assert "/home/alice/.codex/codex.env sets CODEX_API_KEY" in variable
    (store,) = homes["bob"]["login"]["conflicts"]
    assert "keyring" in store
    assert homes["carol"]["login"]["conflicts"] == []
    assert homes["dora"]["failed"] is True
    assert "belongs to root and not to dora" in homes["dora"]["msg"]
    assert "fleet-test-" not in run.output


def test_users_by_name(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", renewed("a"), "alice")
    homes = info(playbook, container.docker(), users=["alice", "nobody-here", "bob"]).one("info").result["homes"]
    assert [(home["user"], home["login"]["method"]) for home in homes] == [
        ("alice", "chatgpt"),
        ("nobody-here", "unreadable"),
        ("bob", "none"),
    ]
    assert homes[1]["failed"] is True
    assert "There is no user nobody-here" in homes[1]["msg"]


def test_refusals(container: Container, playbook: Playbook) -> None:
    message = info(playbook, container.docker(), users="all", user="alice").failure()
    assert "users replaces user and codex_home" in message
    message = info(playbook, container.docker("alice"), users="all").failure()
    assert message == "Finding every user needs root, and the task runs as alice. Set become to true."
