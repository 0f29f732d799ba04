# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbooks deploy and logout_local: a fleet is logged in, and logged out again without revoking anything."""

from __future__ import annotations

import json

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .journeys import NOBODY_LISTENS, Options, cells, journey, login_status, put_codex, table, words_of_table
from .leaks import Secrets

UNREACHABLE: Options = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
"""Nothing listens there."""


USERS = {"one": "alice", "two": "bob", "three": "carol", "wrong": "dora"}


def account(container: Container, name: str) -> Options:
    """A host that is a user of a container."""
    return container.docker(USERS[name])


def is_in(container: Container, name: str) -> bool:
    """Whether the user of that host is logged in."""
    return container.exists(f"/home/{USERS[name]}/.codex/auth.json")


def test_a_fleet_is_logged_in_and_logged_out(container: Container, other_core: Playbook) -> None:
    """Over ssh and into a container, with the codex that is there; each second run changes nothing."""
    secrets = Secrets()
    put_codex(container, binary("0.171.0"))
    hosts = {
        "ssh": {**container.ssh("deploy"), **become("root"), "codex_user": "alice"},
        "container": {**container.docker(), "codex_homes": [
            {"user": name, "auth": {"api_key": secrets.make(name)}, "environment": {"PROXY": "x"}}
            for name in ("bob", "carol")
        ]},
    }  # fmt: skip
    given = {"codex_api_key": secrets.make("key")}
    hosts["ssh"] |= given
    report = other_core.folder / "report.json"
    outputs = []

    checked = journey(other_core, "deploy", hosts, "--check", "--diff", "-vvv")
    assert (checked.rc, container.exists("/home/alice/.codex")) == (0, False), checked.output
    first = journey(other_core, "deploy", hosts, "--diff", "-vvv", codex_report="report.json")
    assert first.rc == 0, first.output
    assert table(first)[0].startswith("2 hosts, 3 accounts: 3 changed")
    assert {row[0]: row[1:] for row in cells(first).values()} == {
        user: ["changed", "API key"] for user in ("alice", "bob", "carol")
    }
    for user in ("alice", "bob", "carol"):
        assert "API key configured" in login_status(container, user)
    accounts = json.loads(report.read_text())["accounts"]
    assert {(account["host"], account["user"], account["state"]) for account in accounts} == {
        ("ssh", "alice", "changed"), ("container", "bob", "changed"), ("container", "carol", "changed"),
    }  # fmt: skip
    again = journey(other_core, "deploy", hosts)
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output
    outputs += [checked, first, again]

    out = journey(other_core, "logout_local", hosts, "--diff", "-vvv")
    assert out.rc == 0, out.output
    assert [row[1:] for row in cells(out).values()] == [["changed", "none"]] * 3
    for user in ("alice", "bob", "carol"):
        assert "Not logged in" in login_status(container, user)
        assert "codex.env" not in container.run("cat", f"/home/{user}/.profile", user=user, check=False)
    again = journey(other_core, "logout_local", hosts)
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output
    outputs += [out, again]
    for run in outputs:
        assert secrets.find(run.output.encode(), "output") == []
    assert secrets.find(report.read_bytes(), "report") == []


def test_hosts_that_fail_stop_no_other_one(container: Container, other_core: Playbook) -> None:
    """The table says which; the run fails."""
    playbook = other_core
    hosts = {
        "one": account(container, "one"),
        "away": UNREACHABLE,
        "nobody": {"ansible_connection": "local", "codex_user": "nobody-here"},
        "wrong": {**account(container, "wrong"), "codex_settings": 3},
        "two": account(container, "two"),
    }
    run = journey(playbook, "deploy", hosts, codex_api_key="fleet-test-key", codex_export_api_key=False)
    assert run.rc not in (0, 1), run.output
    found = cells(run)
    assert found["away"][0] == "unreachable"
    assert "failed" in found["nobody"]
    assert "failed" in found["wrong"]
    assert [is_in(container, name) for name in ("one", "two", "wrong")] == [True, True, False]
    text = words_of_table(run)
    assert "There is no user nobody-here on this host." in text
    assert NOBODY_LISTENS.search(text)


def test_a_batch_that_fails_as_a_whole_stops_the_next(container: Container, playbook: Playbook) -> None:
    hosts = {name: account(container, name) for name in ("one", "two", "three")}
    hosts["one"]["codex_user"] = "nobody-here"
    given = {"codex_api_key": "fleet-test-key", "codex_export_api_key": False}
    run = journey(playbook, "deploy", hosts, codex_serial=1, **given)
    assert run.rc == 2, run.output
    assert not is_in(container, "two")
    assert table(run)[0].startswith("3 hosts, 1 account: 2 not run, 1 failed")
    whole = journey(playbook, "deploy", hosts, codex_serial=2, **given)
    assert (whole.rc, is_in(container, "two"), is_in(container, "three")) == (2, True, True), whole.output


def test_hosts_are_chosen_and_paths_start_in_the_current_folder(container: Container, playbook: Playbook) -> None:
    hosts = {name: account(container, name) for name in ("one", "two")}
    source = playbook.folder / "credentials" / "auth.json"
    source.parent.mkdir()
    source.write_text(encode(login("alice")))
    run = journey(
        playbook, "deploy", hosts, "--tags", "codex",
        codex_hosts="two", codex_auth_src="credentials/auth.json", codex_report="logins.json",
    )  # fmt: skip
    assert run.rc == 0, run.output
    assert [is_in(container, name) for name in ("one", "two")] == [False, True]
    assert [account["host"] for account in json.loads((playbook.folder / "logins.json").read_text())["accounts"]] == [
        "two"
    ]


@pytest.mark.parametrize("users", [["alice", "bob"], "all"])
def test_users_are_logged_out_by_name_or_all(container: Container, playbook: Playbook, users: str | list[str]) -> None:
    for name in ("alice", "bob"):
        container.write(f"/home/{name}/.codex/auth.json", encode(login(name)), name)
        container.write(f"/home/{name}/.codex/config.toml", "model = 'x'\n", name)
    hosts = {"host": {**container.ssh("deploy"), **become("root")}}
    run = journey(playbook, "logout_local", hosts, codex_users=users, codex_backup=True)
    assert run.rc == 0, run.output
    left = container.list("/home/alice/.codex", "/home/bob/.codex")
    assert not any(path.endswith("auth.json") for path in left)
    assert sum(path.endswith("config.toml") for path in left) == 2
    assert sum("auth.json." in path and path.endswith("~") for path in left) == 2


TWO_HOMES: Options = {"codex_homes": [{"user": "alice"}, {"user": "bob"}]}


def logged_in(container: Container) -> list[str]:
    """The users that have a login, of those whom the tests below give one."""
    return [name for name in ("alice", "bob") if container.exists(f"/home/{name}/.codex/auth.json")]


def test_one_user_of_those_that_are_declared(container: Container, other_core: Playbook) -> None:
    """codex_user means this user alone, declared or not."""
    for name in ("alice", "bob"):
        container.write(f"/home/{name}/.codex/auth.json", encode(login(name)), name)
    hosts = {"host": {**container.ssh("deploy"), **become("root"), **TWO_HOMES}}
    run = journey(other_core, "logout_local", hosts, codex_user="alice")
    assert (run.rc, logged_in(container)) == (0, ["bob"]), run.output
    hosts["host"] |= {"codex_homes": [{"user": "alice"}]}
    run = journey(other_core, "logout_local", hosts, codex_user="bob")
    assert (run.rc, logged_in(container)) == (0, []), run.output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"codex_usres": "alice"}, "codex_usres is no variable of this playbook. Did you mean codex_users?"),
        ({"codex_host": "web1"}, "codex_host is no variable of this playbook. Did you mean codex_hosts?"),
        ({"codex_user": "{{ nobody_set_it }}"}, "codex_user cannot be evaluated: 'nobody_set_it' is undefined."),
        ({"codex_users": "{{ nobody_set_it }}"}, "codex_users cannot be evaluated: 'nobody_set_it' is undefined."),
        (
            {"codex_homes": [{"user": "bob", "auth": {"api_key": "{{ nobody_set_it }}"}}]},
            "codex_homes cannot be evaluated: 'nobody_set_it' is undefined.",
        ),
        ({"codex_container": "{{ nobody_set_it }}"}, "codex_container cannot be evaluated: "),
    ],
)
def test_a_variable_that_is_not_what_is_meant_widens_no_run(
    container: Container, other_core: Playbook, variables: Options, words: str
) -> None:
    """It counts as a failure, and not as one that is not set."""
    for name in ("alice", "bob"):
        container.write(f"/home/{name}/.codex/auth.json", encode(login(name)), name)
    host = {**container.ssh("deploy"), **become("root"), **TWO_HOMES, **variables}
    run = journey(other_core, "logout_local", {"host": host})
    assert (run.rc, logged_in(container)) == (2, ["alice", "bob"]), run.output
    assert words in words_of_table(run)


def test_users_have_no_effect_where_there_is_one(container: Container, playbook: Playbook) -> None:
    run = journey(
        playbook, "deploy", {"one": account(container, "one")}, codex_users="all", codex_api_key="fleet-test-key"
    )
    assert (run.rc, is_in(container, "one")) == (2, False), run.output
    assert "codex_users has no effect in this playbook. Name the user in codex_user." in "\n".join(table(run))
