# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_info on a host with several users."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

import pytest
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


def test_several_homes_in_one_execution(container: Container, playbook: Playbook) -> None:
    """Each in its place, whoever else it belongs to; one that cannot be looked at fails the task after the others."""
    container.write("/home/alice/.codex/auth.json", renewed("a"), "alice")
    container.write("/srv/ci/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "bob")
    homes = [{"user": "bob", "codex_home": "/srv/ci"}, {"user": "nobody-here"}, {"user": "alice"}, {"user": "bob"}]
    run = info(playbook, container.docker(), homes=homes)
    assert run.failure() == "There is no user nobody-here on this host. Create the user first, or correct the name."
    assert run.executions() == 1
    found = run.one("info").result["homes"]
    assert [(home["user"], home.get("codex_home"), home["login"]["method"]) for home in found] == [
        ("bob", "/srv/ci", "apikey"),
        ("nobody-here", None, "unreadable"),
        ("alice", "/home/alice/.codex", "chatgpt"),
        ("bob", "/home/bob/.codex", "none"),
    ]
    assert [home.get("failed", False) for home in found] == [False, True, False, False]
    assert "There is no user nobody-here" in found[1]["msg"]
    assert "fleet-test-" not in run.output


def test_no_homes_and_the_own_one(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", renewed("a"), "alice")
    assert info(playbook, container.docker(), homes=[]).one("info").result["homes"] == []
    (home,) = info(playbook, container.docker("alice"), homes=[{}]).one("info").result["homes"]
    assert (home["user"], home["login"]["method"]) == ("alice", "chatgpt")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"homes": [{"user": "a"}], "users": ["b"]},
            "users and homes both say what to look at. Leave out one of them.",
        ),
        ({"homes": [{"user": "a"}], "user": "b"}, "homes replaces user and codex_home. Leave out either homes, or"),
        (
            {"homes": [{"user": "a"}], "codex_home": "/b"},
            "homes replaces user and codex_home. Leave out either homes, or",
        ),
        ({"homes": [{"user": "a"}, {"user": ""}]}, "homes[1].user is empty. Name the user"),
        ({"homes": [{"user": "a"}, {"codex_home": "b"}]}, "homes[1].codex_home"),
        ({"homes": None}, "homes is empty. List the homes, or write [] for none."),
        ({"homes": [{"user": "a", "auth": {}}]}, "auth"),
    ],
)
def test_refusals_of_homes(container: Container, playbook: Playbook, options: dict[str, t.Any], words: str) -> None:
    assert words in info(playbook, container.docker(), **options).failure()


def test_defaults_of_the_group_reach_the_homes(container: Container, playbook: Playbook) -> None:
    """Only those that the homes of this module have, though those of codex_home have more."""
    container.write("/srv/ci/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "bob")
    defaults = {"group/fleet.codex.codex": {"backup": False, "codex_version": "0.171.0"}}
    task = {"name": "info", "fleet.codex.codex_info": {"homes": [{"user": "bob", "codex_home": "/srv/ci"}]}}
    run = playbook.run({"host": container.docker()}, [task], play={"module_defaults": defaults})
    (home,) = run.one("info").result["homes"]
    assert (home["login"]["method"], home["codex_version"]) == ("apikey", "0.171.0")


@pytest.mark.parametrize("with_python", [True, False])
def test_keys_that_were_set_by_hand(
    with_python: bool, container: Container, nopython: Container, playbook: Playbook
) -> None:
    """Still in one execution, and only if they are asked for; no value is told."""
    host = container if with_python else nopython
    host.write("/home/alice/.codex/auth.json", renewed("a"), "alice")
    host.write("/home/alice/.bashrc", "# OPENAI_API_KEY=x\n  export OPENAI_API_KEY='fleet-test-key'\n", "alice")
    host.write("/home/alice/.zshrc", "export OPENAI_API_KEY=\nCODEX_API_KEY=fleet-test-key\n", "alice")
    run = info(playbook, host.docker(), user="alice", startup_files=True)
    codex, openai = run.one("info").result["homes"][0]["login"]["conflicts"]
    assert codex.startswith("/home/alice/.zshrc sets CODEX_API_KEY, and Codex 0.44 and later uses it instead")
    assert openai.startswith("/home/alice/.bashrc sets OPENAI_API_KEY. Codex does not use it while")
    assert run.executions() == info(playbook, host.docker(), user="alice").executions()
    assert "fleet-test-key" not in run.output
    assert info(playbook, host.docker(), user="alice").one("info").result["homes"][0]["login"]["conflicts"] == []
