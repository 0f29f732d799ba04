# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Files of the whole host and of profiles, on a real host with several users."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .tasks import run_config

SYSTEM, MANAGED = "/etc/codex/config.toml", "/etc/codex/managed_config.toml"
API = 'forced_login_method = "api"\n'


@pytest.mark.parametrize("how", kept(["sudo"], ("root", "sudo"), reason="the same without becoming root"))
def test_a_file_of_the_host_in_four_steps(container: Container, playbook: Playbook, how: str) -> None:
    host = container.docker() if how == "root" else container.ssh("deploy")
    for options, text in [
        ({"settings": {"model": "gpt-5"}}, b'model = "gpt-5"\n'),
        ({"settings": {"model": "gpt-6"}, "backup": True}, b'model = "gpt-6"\n'),
        ({"state": "absent"}, None),
    ]:
        task = {"fleet.codex.codex_config": {"layer": "system", **options}, "become": how == "sudo"}
        check = {**task, "check_mode": True}
        for tasks, changed, executed in [([check], True, 1), ([task], True, 2), ([check, task], False, 2)]:
            before = container.list("/etc/codex")
            run = playbook.run({"host": host}, tasks, arguments=["--diff", "-vvv"])
            assert run.changes() == [changed] * len(tasks), run.output
            assert run.executions() == executed
            assert tasks == [task] or container.list("/etc/codex") == before
        if text is None:
            assert not container.exists(SYSTEM)
        else:
            file = container.file(SYSTEM)
            assert (file.content, file.owner, file.mode) == (text, "root", "644")
        assert container.mode("/etc/codex") == ("root", "755")
    # What was kept of the second step is for root alone.
    (backup,) = container.list("/etc/codex")
    assert container.mode(backup) == ("root", "600")
    assert not container.exists("/root/.codex")


def test_a_user_other_than_root_cannot_write_a_file_of_the_host(container: Container, playbook: Playbook) -> None:
    failure = run_config(playbook, container.docker("alice"), layer="managed", settings={"model": "x"}).failure()
    assert failure == f"Writing {MANAGED} needs root, and the task runs as alice. Set become to true."
    assert not container.exists("/etc/codex")


def test_a_folder_that_others_can_change_is_refused(container: Container, playbook: Playbook) -> None:
    """In check mode, too; the login of the same task needs no file of the host, and is there afterwards."""
    container.run("install", "-d", "-o", "alice", "/etc/codex")
    host = {"layer": "system", "settings": {"model": "x"}}
    homes = [{"user": "alice", "auth": {"api_key": "fleet-test-key"}}, {"config": host}]
    task = {"name": "homes", "fleet.codex.codex_home": {"homes": homes}}
    for arguments in (["--check"], []):
        failure = playbook.run({"host": container.docker()}, [task], arguments=arguments).failure()
        assert failure.startswith(
            "1 of 2 homes failed; the others did not. root (/root/.codex): /etc/codex can be changed"
        )
        assert container.exists("/home/alice/.codex/auth.json") is ("--check" not in arguments)
    assert container.list("/etc/codex") == []


def test_a_file_of_the_host_never_costs_a_user_their_login(container: Container, playbook: Playbook) -> None:
    """Refused while one user has the other kind of login, and done together with the change of that login."""
    container.write("/home/alice/.codex/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "alice")
    container.write("/home/bob/.codex/auth.json", encode(login("bob")), "bob")
    forced = {"layer": "system", "preferred_auth_method": "apikey", "enforce_login_method": True}
    failure = run_config(playbook, container.docker(), **forced).failure()
    refusal = f"forced_login_method in {SYSTEM} does not allow a ChatGPT login, which is what"
    assert failure.startswith(f"{refusal} /home/bob/.codex/auth.json will hold")
    assert not container.exists(SYSTEM)

    homes = [
        {"config": forced},
        {"user": "bob", "auth": {"api_key": "fleet-test-key", "on_account_mismatch": "replace"}},
    ]
    task = {"name": "homes", "fleet.codex.codex_home": {"homes": homes}}
    run = playbook.run({"host": container.docker()}, [task], arguments=["-vvv"])
    assert run.changes() == [True]
    assert run.executions() == 2
    assert container.file(SYSTEM).content == API.encode()
    assert b"tokens" not in container.file("/home/bob/.codex/auth.json").content
    assert playbook.run({"host": container.docker()}, [task]).changes() == [False]

    # From now on nobody gets the other kind of login.
    task = {"name": "login", "fleet.codex.codex_auth_file": {"user": "carol", "content": login("carol")}}
    failure = playbook.run({"host": container.docker()}, [task]).failure()
    assert failure.startswith(f"{refusal} /home/carol/.codex/auth.json will hold")
    assert not container.exists("/home/carol/.codex")


def test_no_file_of_the_host_is_written_before_the_last_login_is_there(
    container: Container, playbook: Playbook
) -> None:
    """Two entries with a login and a file of the host each: the first one's file would cost the second its login."""
    before = encode(login("bob"))
    container.write("/home/bob/.codex/auth.json", before, "bob")
    container.run("chmod", "500", "/home/bob/.codex")
    forced = {"layer": "managed", "preferred_auth_method": "apikey", "enforce_login_method": True}
    auth = {"api_key": "fleet-test-key", "on_account_mismatch": "replace"}
    homes = [
        {"user": "alice", "auth": auth, "config": forced},
        {"user": "bob", "auth": auth, "config": {"layer": "system", "settings": {"model": "gpt-5"}}},
    ]
    task = {"name": "homes", "fleet.codex.codex_home": {"homes": homes}}
    failure = playbook.run({"host": container.docker()}, [task]).failure()
    assert "alice (/home/alice/.codex): Nothing was written for the whole host, since" in failure
    assert "bob (/home/bob/.codex): Permission was denied at /home/bob/.codex/auth.json" in failure
    assert container.file("/home/bob/.codex/auth.json").content == before.encode()
    assert not container.exists("/etc/codex")

    container.run("chmod", "700", "/home/bob/.codex")
    for changed, executed in ((True, 2), (False, 1)):
        run = playbook.run({"host": container.docker()}, [task], arguments=["-vvv"])
        assert (run.changes(), run.executions()) == ([changed], executed)
    assert container.file(MANAGED).content == API.encode()


def test_a_value_that_the_host_overrules_is_a_warning(container: Container, playbook: Playbook) -> None:
    container.write(MANAGED, 'model = "gpt-4"\n', mode="644")
    container.run("chmod", "755", "/etc/codex")
    task = {"fleet.codex.codex_config": {"settings": {"model": "gpt-5"}}}
    run = playbook.run({"host": container.docker("alice")}, [task, task])
    assert run.changes() == [True, False]
    warning = f"{MANAGED} has other values for model, and Codex uses those."
    assert [task.result["warnings"] for task in run.tasks] == [[warning], [warning]]


def test_a_profile_has_its_own_file_from_0_134_on(container: Container, playbook: Playbook) -> None:
    options: dict[str, t.Any] = {"layer": "profile:work", "settings": {"model": "gpt-5"}}
    task = {"fleet.codex.codex_config": {"codex_version": "0.134.0", **options}}
    assert playbook.run({"host": container.docker("alice")}, [task, task]).changes() == [True, False]
    file = container.file("/home/alice/.codex/work.config.toml")
    assert (file.content, file.owner, file.mode) == (b'model = "gpt-5"\n', "alice", "600")
    assert not container.exists("/home/alice/.codex/config.toml")
    assert run_config(playbook, container.docker("alice"), codex_version="0.133.0", **options).changes() == [True]
    assert container.file("/home/alice/.codex/config.toml").content == b'[profiles.work]\nmodel = "gpt-5"\n'
