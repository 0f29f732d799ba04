# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""One ChatGPT refresh token for several homes of one run is refused, on all of them and before anything is written."""

from __future__ import annotations

import subprocess

import pytest

from .fleet import EVERYWHERE, HOSTS, INCLUDE, ROLE, Fleet, Options, accepted, auth_file, login, refused
from .playbook import Playbook


@pytest.fixture
def fleet(playbook: Playbook) -> Fleet:
    return Fleet(playbook)


@pytest.mark.parametrize("way", EVERYWHERE)
def test_a_shared_file_is_refused_everywhere(fleet: Fleet, way: str) -> None:
    arguments, play = EVERYWHERE[way]
    fleet.source("auth.json", login("shared"))
    run = fleet.run([auth_file(src="auth.json")], *arguments, **play)
    # With serial, Ansible ends the run when a whole batch failed.
    assert refused(run) == (["one"] if way == "serial" else sorted(HOSTS if way != "serial_two" else ["one", "two"]))
    assert fleet.written() == []


@pytest.mark.parametrize("way", EVERYWHERE)
def test_a_login_of_its_own_for_each_host(fleet: Fleet, way: str) -> None:
    arguments, play = EVERYWHERE[way]
    for name in HOSTS:
        fleet.source(f"{name}.json", login(name))
    tasks = [auth_file(src="{{ inventory_hostname }}.json")]
    accepted(fleet.run(tasks, *arguments, **play))
    assert fleet.written() == ([] if way == "check" else sorted(HOSTS))
    accepted(fleet.run(tasks, *arguments, **play))


def test_a_steady_state_costs_one_execution(fleet: Fleet) -> None:
    for name in HOSTS:
        fleet.source(f"{name}.json", login(name))
    tasks = [auth_file(src="{{ inventory_hostname }}.json")]
    accepted(fleet.run(tasks))
    run = fleet.run(tasks, "-vvv")
    assert run.changes() == [False] * len(HOSTS)
    assert run.stdout.count("EXEC") == len(HOSTS)


def test_shared_by_some_through_variables(fleet: Fleet) -> None:
    """Two hosts have the variable of a group, the third one of its own."""
    fleet.variables["three"]["source"] = login("three")
    run = fleet.run([auth_file(content="{{ source }}")], variables=None)
    assert run.rc != 0  # without the group's variable the two have none
    fleet.variables["one"]["source"] = fleet.variables["two"]["source"] = login("shared")
    run = fleet.run([auth_file(content="{{ source }}")])
    assert refused(run) == ["one", "two"]
    assert fleet.written() == ["three"]


def test_a_vault_file(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    password = fleet.playbook.folder / "password"
    password.write_text("fleet-test-password")
    vault = fleet.playbook.program.with_name("ansible-vault")
    source = fleet.playbook.folder / "files" / "auth.json"
    subprocess.run([vault, "encrypt", "--vault-password-file", password, source], check=True, capture_output=True)
    run = fleet.run([auth_file(src="auth.json")], "--vault-password-file", str(password))
    assert refused(run) == sorted(HOSTS)
    assert fleet.written() == []


def test_access_only_copies_are_no_conflict(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared", refresh_token=""))
    accepted(fleet.run([auth_file(src="auth.json")]))
    assert fleet.written() == sorted(HOSTS)


def test_api_keys_are_no_conflict(fleet: Fleet) -> None:
    accepted(fleet.run([auth_file(api_key="fleet-test-key")]))
    assert fleet.written() == sorted(HOSTS)


def test_allowed(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    accepted(fleet.run([auth_file(src="auth.json", allow_shared_refresh_token=True)]))
    assert fleet.written() == sorted(HOSTS)


def test_allowed_by_some(fleet: Fleet) -> None:
    """Only those that allow it get it, whether or not they come first."""
    fleet.source("auth.json", login("shared"))
    fleet.variables["two"]["allowed"] = True
    run = fleet.run([auth_file(src="auth.json", allow_shared_refresh_token="{{ allowed | default(false) }}")])
    assert refused(run) == ["one", "three"]
    assert fleet.written() == ["two"]


def test_the_condition_of_another_host_counts(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    task = auth_file(src="auth.json")
    accepted(fleet.run([{**task, "when": "inventory_hostname == 'two'"}]))
    assert fleet.written() == ["two"]
    run = fleet.run([{**task, "when": ["inventory_hostname != 'two'"]}])
    assert refused(run) == ["one", "three"]


def test_only_hosts_of_this_run_count(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    accepted(fleet.run([auth_file(src="auth.json")], "--limit", "two"))
    accepted(fleet.run([auth_file(src="auth.json")], hosts="one"))
    assert fleet.written() == ["one", "two"]


def test_a_host_that_failed_before_does_not_count(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    fail = {"ansible.builtin.fail": {"msg": "down"}, "when": "inventory_hostname != 'two'"}
    run = fleet.run([fail, auth_file(src="auth.json")])
    assert [task.host for task in run.tasks if task.name == "login"] == ["two"]
    assert fleet.written() == ["two"]


def test_two_homes_of_one_host_in_one_task(fleet: Fleet) -> None:
    homes = [{"codex_home": f"{{{{ home }}}}/{name}", "auth": {"content": login("shared")}} for name in "ab"]
    task = {"name": "login", "fleet.codex.codex_home": {"homes": homes}}
    run = fleet.run([task], "--limit", "one")
    assert refused(run) == ["one"]
    assert "/one/a" in run.failure() and "/one/b" in run.failure()
    assert fleet.written() == []


def test_two_tasks(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    first, second = ({**auth_file(src="auth.json", codex_home=f"{{{{ home }}}}/{name}"), "name": name} for name in "ab")
    run = fleet.run([first, second], "--limit", "one")
    assert refused(run) == ["one"]
    assert not (fleet.home("one") / "b").exists()
    # The same home again is fine, by whatever name.
    again = {**auth_file(src="auth.json"), "environment": {"CODEX_HOME": "{{ home }}/a"}}
    accepted(fleet.run([first, again, first], "--limit", "one"))


def test_tasks_for_two_hosts(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    tasks = [{**auth_file(src="auth.json"), "when": f"inventory_hostname == '{name}'"} for name in HOSTS]
    run = fleet.run(tasks)
    assert refused(run) == ["three", "two"]
    assert fleet.written() == ["one"]


def test_a_loop(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    task = {**auth_file(src="auth.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    assert refused(fleet.run([task], "--limit", "one")) == ["one"]
    assert fleet.written() == []
    for name in "ab":
        fleet.source(f"{name}.json", login(name))
    task = {**auth_file(src="{{ item }}.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    accepted(fleet.run([task], "--limit", "one"))
    assert fleet.written() == ["one/a", "one/b"]


ROLES: dict[str, tuple[list[Options], Options]] = {
    "roles": ([], {"roles": [{"role": "fleet.codex.codex", "vars": ROLE}]}),
    "import": ([{"ansible.builtin.import_role": {"name": "fleet.codex.codex"}, "vars": ROLE}], {}),
    "include": ([{**INCLUDE, "vars": ROLE}], {}),
    "include_when": ([{**INCLUDE, "vars": ROLE, "when": "source is defined"}], {}),
    "include_serial": ([{**INCLUDE, "vars": ROLE}], {"serial": 2}),
}


@pytest.mark.parametrize("way", ROLES)
def test_the_role(fleet: Fleet, way: str) -> None:
    tasks, play = ROLES[way]
    for name in HOSTS:
        fleet.variables[name]["source"] = login(name)
    accepted(fleet.run(tasks, **play))
    assert fleet.written() == sorted(HOSTS)
    for name in HOSTS:
        fleet.variables[name]["source"] = login("shared")
        (fleet.home(name) / ".codex" / "auth.json").unlink()
    run = fleet.run(tasks, **play)
    assert refused(run) == (["one", "two"] if way == "include_serial" else sorted(HOSTS))
    assert fleet.written() == []
    accepted(fleet.run(tasks, variables={"codex_allow_shared_refresh_token": True}, **play))
    assert fleet.written() == sorted(HOSTS)


@pytest.mark.parametrize("way", ["linear", "serial_two", "free", "one_fork"])
def test_other_versions_of_ansible_core(other_core: Playbook, way: str) -> None:
    arguments, play = EVERYWHERE[way]
    fleet = Fleet(other_core)
    fleet.source("auth.json", login("shared"))
    hosts = ["one", "two"] if way == "serial_two" else sorted(HOSTS)
    assert refused(fleet.run([auth_file(src="auth.json")], *arguments, **play)) == hosts
    task = {**auth_file(src="auth.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    assert refused(fleet.run([task], *arguments, **play)) == hosts
    for name in HOSTS:
        fleet.variables[name]["source"] = login("shared")
    run = fleet.run([{**INCLUDE, "vars": ROLE, "when": "source is defined"}], *arguments, **play)
    assert refused(run) == hosts
    assert fleet.written() == []
    for name in HOSTS:
        fleet.variables[name]["source"] = login(name)
    accepted(fleet.run([{**INCLUDE, "vars": ROLE}], *arguments, **play))
    assert fleet.written() == sorted(HOSTS)
