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
    run = info(playbook, container.docker(), users="all", codex_version="0.171.0")
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


def test_what_keeps_codex_from_using_or_saving_a_login(container: Container, playbook: Playbook) -> None:
    for user in ("alice", "bob", "carol", "deploy"):
        document = json.loads(renewed(user))
        if user == "carol":
            document["last_refresh"] = ""
        elif user == "deploy":
            del document["last_refresh"]
        container.write(f"/home/{user}/.codex/auth.json", json.dumps(document), user)
    container.run("install", "-m", "0644", "/dev/null", "/home/alice/.codex/auth.lock")
    container.run("install", "-m", "0600", "/dev/null", "/home/alice/.codex/auth.json.lock")
    container.run("install", "-d", "-m", "0755", "/srv/logins")
    container.run("mv", "/home/bob/.codex/auth.json", "/srv/logins/bob.json")
    container.run("ln", "-s", "/srv/logins/bob.json", "/home/bob/.codex/auth.json")
    container.write("/home/deploy/.codex/config.toml", 'model_provider = "ollama"\n', "deploy")
    users = ["alice", "bob", "carol", "deploy"]
    run = info(playbook, container.docker(), users=users, codex_version="0.171.0")
    logins = {home["user"]: home["login"] for home in run.one("info").result["homes"]}
    expected = {
        "alice": [
            "/home/alice/.codex/auth.lock belongs to root, so alice's Codex 0.166 and later cannot lock it",
            "/home/alice/.codex/auth.json.lock belongs to root, so alice's Codex 0.167.2 and later cannot lock it",
        ],
        "bob": ["/home/bob/.codex/auth.json is a link to a file in a folder where bob cannot write"],
        "carol": ["last_refresh in /home/carol/.codex/auth.json is not a time"],
        "deploy": ["/home/deploy/.codex/auth.json has no last_refresh"],
    }
    for user, words in expected.items():
        problems = logins[user]["problems"]
        assert len(problems) == len(words), problems
        assert all(problem.startswith(start) for problem, start in zip(problems, words, strict=True)), problems
    assert [logins[user]["method"] for user in users] == ["chatgpt", "chatgpt", "unreadable", "chatgpt"]
    (conflict,) = logins["deploy"]["conflicts"]
    assert "sets model_provider to ollama" in conflict
    assert "fleet-test-" not in run.output
