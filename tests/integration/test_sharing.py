# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""One ChatGPT refresh token for several homes: the first home of a run gets it, and every other one is refused.

Which one comes first is up to the run: its strategy, batches and forks, and the order of plays, tasks and items.
"""

from __future__ import annotations

import json
import subprocess

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import CORES, kept
from ansible_collections.fleet.codex.tests.support.role import ROLE

from .fleet import HOSTS, WAYS, Fleet, Options, Way, accepted, auth_file, include_role, refused


@pytest.fixture
def fleet(playbook: Playbook) -> Fleet:
    return Fleet(playbook)


@pytest.fixture
def shared(fleet: Fleet) -> Fleet:
    """The fleet with one login for all hosts, in the file auth.json of the controller."""
    fleet.source("auth.json", login(marker="shared"))
    return fleet


def one_got_it(fleet: Fleet, run: Run, way: Way = WAYS["linear"], below: str = "") -> None:
    """One of the hosts has the login, below its home directory; on the others that came to it nothing was written."""
    messages = refused(run)
    (first,) = set(way.hosts) - set(messages)
    assert fleet.written() == ([] if "--check" in way.arguments else [f"{first}{below}"])
    for host, message in messages.items():
        assert f" on {first} ({fleet.home(first)}/" in message
        assert f" on {host} ({fleet.home(host)}/" in message
        assert list(fleet.home(host).iterdir()) == []


@pytest.mark.parametrize("name", kept(["serial", "free", "check"], WAYS, reason="another strategy"))
def test_a_shared_login_goes_to_one_host_only(shared: Fleet, name: str) -> None:
    way = WAYS[name]
    run = shared.run([auth_file(src="auth.json")], *way.arguments, **way.play)
    one_got_it(shared, run, way)


@pytest.mark.parametrize("name", kept(["free"], WAYS, reason="another strategy"))
def test_a_login_of_its_own_for_each_host(fleet: Fleet, name: str) -> None:
    way = WAYS[name]
    for name in HOSTS:
        fleet.source(f"{name}.json", login(marker=name))
    tasks = [auth_file(src="{{ inventory_hostname }}.json")]
    accepted(fleet.run(tasks, *way.arguments, **way.play))
    assert fleet.written() == ([] if "--check" in way.arguments else [*HOSTS])
    accepted(fleet.run(tasks, *way.arguments, **way.play))


def test_a_steady_state_costs_one_execution(fleet: Fleet) -> None:
    for name in HOSTS:
        fleet.source(f"{name}.json", login(marker=name))
    tasks = [auth_file(src="{{ inventory_hostname }}.json")]
    accepted(fleet.run(tasks))
    run = fleet.run(tasks, "-vvv")
    assert run.changes() == [False] * len(HOSTS)
    assert run.executions() == len(HOSTS)


def test_the_first_host_keeps_its_login_in_later_runs(shared: Fleet) -> None:
    """The run that comes next refuses the others again, and changes nothing."""
    tasks = [auth_file(src="auth.json")]
    for changed in (True, False):
        run = shared.run(tasks, "--forks", "1")
        assert run.of_host("one").changed is changed
        assert list(refused(run)) == ["three", "two"]
        assert shared.written() == ["one"]


# ------------------------------------------------------------------------------------------- where the login is from


def test_a_variable_of_some_hosts(fleet: Fleet) -> None:
    for name in ("one", "two"):
        fleet.variables[name]["source"] = login(marker="shared")
    fleet.variables["three"]["source"] = login(marker="three")
    run = fleet.run([auth_file(content="{{ source }}")], "--forks", "1")
    assert list(refused(run)) == ["two"]
    assert fleet.written() == ["one", "three"]


def test_a_vault_file(shared: Fleet) -> None:
    password = shared.playbook.folder / "password"
    password.write_text("fleet-test-password")
    vault = shared.playbook.program.with_name("ansible-vault")
    source = shared.playbook.folder / "files" / "auth.json"
    subprocess.run([vault, "encrypt", "--vault-password-file", password, source], check=True, capture_output=True)
    one_got_it(shared, shared.run([auth_file(src="auth.json")], "--vault-password-file", str(password)))


def test_options_from_module_defaults(shared: Fleet) -> None:
    defaults = {
        "group/fleet.codex.codex": {"codex_home": "{{ home }}/x"},
        "fleet.codex.codex_auth_file": {"mode": "0400"},
    }
    one_got_it(shared, shared.run([auth_file(src="auth.json")], module_defaults=defaults), below="/x")


def test_a_login_without_a_refresh_token_may_go_to_all(fleet: Fleet) -> None:
    fleet.source("auth.json", login(marker="shared", refresh_token=""))
    accepted(fleet.run([auth_file(src="auth.json")]))
    assert fleet.written() == [*HOSTS]


def test_an_api_key_may_go_to_all(fleet: Fleet) -> None:
    accepted(fleet.run([auth_file(api_key="fleet-test-key")]))
    assert fleet.written() == [*HOSTS]


# ------------------------------------------------------------------------------------------------------- on purpose


def test_allowed(shared: Fleet) -> None:
    accepted(shared.run([auth_file(src="auth.json", allow_shared_refresh_token=True)]))
    assert shared.written() == [*HOSTS]


@pytest.mark.parametrize(
    ("allowing", "refusing"),
    kept([("two", ["three"])], [("one", ["three", "two"]), ("two", ["three"])], reason="another host"),
)
def test_allowed_for_one_host(shared: Fleet, allowing: str, refusing: list[str]) -> None:
    """A host that allows it gets the login, too, and counts as any other where it comes first."""
    shared.variables[allowing]["allowed"] = True
    task = auth_file(src="auth.json", allow_shared_refresh_token="{{ allowed | default(false) }}")
    run = shared.run([task], "--forks", "1")
    assert list(refused(run)) == refusing
    assert shared.written() == [name for name in HOSTS if name not in refusing]


# ------------------------------------------------------------------------------------------------- which hosts count


def test_a_host_that_the_condition_leaves_out_does_not_count(shared: Fleet) -> None:
    task = auth_file(src="auth.json")
    accepted(shared.run([{**task, "when": "inventory_hostname == 'two'"}]))
    assert shared.written() == ["two"]
    run = shared.run([{**task, "when": ["inventory_hostname != 'two'"]}], "--forks", "1")
    assert list(refused(run)) == ["three"]
    assert shared.written() == ["one", "two"]


def test_a_host_of_another_run_does_not_count(shared: Fleet) -> None:
    accepted(shared.run([auth_file(src="auth.json")], "--limit", "two"))
    accepted(shared.run([auth_file(src="auth.json")], hosts="one"))
    assert shared.written() == ["one", "two"]


def test_a_host_that_failed_before_does_not_count(shared: Fleet) -> None:
    fail = {"ansible.builtin.fail": {"msg": "down"}, "when": "inventory_hostname != 'two'"}
    run = shared.run([fail, auth_file(src="auth.json")])
    assert [task.host for task in run.tasks if task.name == "login"] == ["two"]
    assert shared.written() == ["two"]


def test_a_host_that_is_refused_for_another_reason_does_not_count(shared: Fleet) -> None:
    (shared.home("one") / ".codex" / "auth.json").mkdir(parents=True)
    run = shared.run([auth_file(src="auth.json")], "--forks", "1")
    messages = {task.host: task.message for task in run.tasks if task.result.get("failed")}
    assert sorted(messages) == ["one", "three"]
    assert "is a directory" in messages["one"]
    assert " on two (" in messages["three"]
    assert (shared.home("two") / ".codex" / "auth.json").is_file()
    assert not (shared.home("three") / ".codex").exists()


# ------------------------------------------------------------------------------------- homes, tasks, loops and plays


def test_two_homes_of_one_task(fleet: Fleet) -> None:
    homes = [{"codex_home": f"{{{{ home }}}}/{name}", "auth": {"content": login(marker="shared")}} for name in "ab"]
    both = {"name": "both", "fleet.codex.codex_home": {"homes": homes}, "when": "inventory_hostname == 'one'"}
    run = fleet.run([both, auth_file(content=login(marker="shared"))], "--limit", "one,two")
    messages = refused(run)
    assert list(messages) == ["one"]
    assert f"({fleet.home('one')}/a) " in messages["one"] and f"({fleet.home('one')}/b), " in messages["one"]
    assert fleet.written() == ["two"]  # what is refused keeps the login for nobody


def test_two_tasks(shared: Fleet) -> None:
    first, second = ({**auth_file(src="auth.json", codex_home=f"{{{{ home }}}}/{name}"), "name": name} for name in "ab")
    run = shared.run([first, second], "--limit", "one")
    assert list(refused(run)) == ["one"]
    assert shared.written() == ["one/a"]
    assert not (shared.home("one") / "b").exists()
    # The same home may come again, by whatever name.
    again = {**auth_file(src="auth.json"), "environment": {"CODEX_HOME": "{{ home }}/a"}}
    accepted(shared.run([first, again, first], "--limit", "one"))


def test_a_task_for_each_host(shared: Fleet) -> None:
    tasks = [{**auth_file(src="auth.json"), "when": f"inventory_hostname == '{name}'"} for name in ("two", "one")]
    run = shared.run(tasks)
    assert list(refused(run)) == ["one"]
    assert shared.written() == ["two"]


def test_a_loop(shared: Fleet) -> None:
    task = {**auth_file(src="auth.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    assert list(refused(shared.run([task], "--limit", "one"))) == ["one"]
    assert shared.written() == ["one/a"]
    for name in "ab":
        shared.source(f"{name}.json", login(marker=name))
    task = {**auth_file(src="{{ item }}.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    accepted(shared.run([task], "--limit", "two"))
    assert shared.written() == ["one/a", "two/a", "two/b"]


def test_two_plays(shared: Fleet) -> None:
    run = shared.run_plays(*({"hosts": name, "tasks": [auth_file(src="auth.json")]} for name in ("two", "one")))
    assert list(refused(run)) == ["one"]
    assert shared.written() == ["two"]


def test_blocks_and_handlers(shared: Fleet) -> None:
    """A host gets the login in a rescue, and another one is refused in a handler."""
    task = auth_file(src="auth.json")
    fail = {"ansible.builtin.fail": {"msg": "no"}, "when": "inventory_hostname == 'two'"}
    rescued = {"block": [fail], "rescue": [task]}
    accepted(shared.run([rescued]))
    assert shared.written() == ["two"]
    changed = {"when": "inventory_hostname == 'three'", "changed_when": True}
    notify = {"name": "notify", "ansible.builtin.debug": {"msg": "changed"}, "notify": "login", **changed}
    run = shared.run([{**task, "run_once": True, "name": "once"}, notify], handlers=[task])
    assert list(refused(run)) == ["three"]
    assert shared.written() == ["one", "two"]


def test_delegated_tasks(shared: Fleet) -> None:
    """The home is the delegate's, so one home is one home from wherever it is written."""
    task = auth_file(src="auth.json", codex_home=str(shared.home("one") / ".codex"))
    accepted(shared.run([{**task, "delegate_to": "one"}, {**task, "delegate_to": "one", "run_once": True}]))
    assert shared.written() == ["one"]
    run = shared.run([{**auth_file(src="auth.json"), "delegate_to": "two"}, task], "--limit", "one")
    assert " on two (" in refused(run)["one"] and " on one (" in refused(run)["one"]


# --------------------------------------------------------------------------------------------- roles and other files


PLAYS: dict[str, Options] = {"linear": {}, "serial": {"serial": 1}, "free": {"strategy": "free"}}
ROLE_VARIABLES = {"codex_auth_content": "{{ source }}"}
ROLES: dict[str, tuple[list[Options], Options]] = {
    "roles": ([], {"roles": [{"role": ROLE, "vars": ROLE_VARIABLES}]}),
    "import": ([{"ansible.builtin.import_role": {"name": ROLE}, "vars": ROLE_VARIABLES}], {}),
    "include": ([include_role(**ROLE_VARIABLES)], {}),
    "include_when": ([{**include_role(**ROLE_VARIABLES), "when": "source is defined"}], {}),
    "include_serial": ([include_role(**ROLE_VARIABLES)], {"serial": 2}),
    "include_free": ([include_role(**ROLE_VARIABLES)], {"strategy": "free"}),
}


@pytest.mark.parametrize("way", kept(["include_free"], ROLES, reason="another way to a role"))
def test_the_role(fleet: Fleet, way: str) -> None:
    tasks, play = ROLES[way]
    for name in HOSTS:
        fleet.variables[name]["source"] = login(marker="shared")
    one_got_it(fleet, fleet.run(tasks, **play))
    accepted(fleet.run(tasks, variables={"codex_allow_shared_refresh_token": True}, **play))
    assert fleet.written() == [*HOSTS]
    for name in HOSTS:
        fleet.variables[name]["source"] = login(hours=1, marker=name)
    run = fleet.run(tasks, **play)
    accepted(run)
    assert any(run.changes())


def test_the_role_included_for_one_host_only(shared: Fleet) -> None:
    accepted(shared.run([{**include_role(codex_auth_src="auth.json"), "when": "inventory_hostname == 'two'"}]))
    assert shared.written() == ["two"]


@pytest.mark.parametrize("name", kept(["free"], PLAYS, reason="another strategy"))
def test_the_role_included_for_each_item_of_a_host(fleet: Fleet, name: str) -> None:
    play = PLAYS[name]
    for name in HOSTS:
        fleet.variables[name]["names"] = [f"{name}-{n}" for n in range(2)]
        for item in fleet.variables[name]["names"]:
            fleet.source(item, login(marker=item))
    include = include_role(codex_home="{{ home }}/{{ item }}", codex_auth_src="{{ item }}")
    tasks = [{**include, "loop": "{{ names }}"}]
    accepted(fleet.run(tasks, **play))
    assert len(fleet.written()) == 2 * len(HOSTS)
    fleet.variables["three"]["names"] = fleet.variables["two"]["names"]
    (refusing,) = refused(fleet.run(tasks, **play))
    assert refusing in ("two", "three")


def test_a_file_of_tasks_for_each_host(shared: Fleet) -> None:
    (shared.playbook.folder / "one.yml").write_text(json.dumps([auth_file(src="auth.json")]))
    for name in HOSTS[1:]:
        (shared.playbook.folder / f"{name}.yml").write_text("[]")
    accepted(shared.run([{"ansible.builtin.include_tasks": "{{ inventory_hostname }}.yml"}]))
    assert shared.written() == ["one"]


@pytest.mark.parametrize("name", kept(["serial"], PLAYS, reason="another strategy"))
def test_values_that_the_run_sets(fleet: Fleet, name: str) -> None:
    """A default that every host replaces before it is used goes to nobody."""
    play = PLAYS[name]
    fleet.source("default.json", login(marker="default"))
    for name in HOSTS:
        fleet.source(f"{name}.json", login(marker=name))
    tasks = [
        {"ansible.builtin.set_fact": {"source": "{{ inventory_hostname }}.json"}},
        {"ansible.builtin.debug": {"msg": "{{ source }}"}, "register": "shown"},
        auth_file(src="{{ shown.msg | default('default.json') }}"),
    ]
    accepted(fleet.run(tasks, variables={"source": "default.json"}, **play))
    assert fleet.written() == [*HOSTS]


# ---------------------------------------------------------------------------------------- other ansible-core versions


OTHER_WAYS = ("linear", "serial_two", "free", "one_fork", "check")


@pytest.mark.parametrize(
    ("other_core", "name"),
    kept([("oldest", "free"), ("newest", "serial_two")], CORES, OTHER_WAYS, reason="another strategy and core"),
    indirect=["other_core"],
)
def test_other_core(other_core: Playbook, name: str) -> None:
    way, fleet = WAYS[name], Fleet(other_core)
    fleet.source("auth.json", login(marker="shared"))
    one_got_it(fleet, fleet.run([auth_file(src="auth.json")], *way.arguments, **way.play), way)
    task = {**auth_file(src="auth.json", codex_home="{{ home }}/{{ item }}"), "loop": ["a", "b"]}
    refusing = ["one", "two"] if name == "serial_two" else [*HOSTS]  # all fail, so the first batch ends the run
    assert list(refused(fleet.run([task], *way.arguments, **way.play))) == refusing
    for host in HOSTS:
        fleet.variables[host]["source"] = login(marker=host)
    accepted(fleet.run([include_role(**ROLE_VARIABLES)], *way.arguments, **way.play))
    assert set(HOSTS) <= set(fleet.written()) or "--check" in way.arguments
