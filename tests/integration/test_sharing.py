# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""One ChatGPT refresh token for several homes of one run is refused, on all of them and before anything is written."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

from .playbook import Playbook, Run

MOMENT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
HOSTS = ("one", "two", "three")
Options = dict[str, t.Any]


def login(marker: str, refresh_token: str | None = None) -> dict[str, t.Any]:
    """A ChatGPT login; each marker is another refresh token of the same account."""
    document = chatgpt_document(
        "account-1",
        "a@example.com",
        "plus",
        last_refresh=MOMENT,
        access_expires=MOMENT,
        marker=marker,
        refresh_token=refresh_token,
    )
    return t.cast("dict[str, t.Any]", document)


class Fleet:
    """Inventory hosts that are folders of this machine, each with a home of its own."""

    def __init__(self, playbook: Playbook, names: t.Sequence[str] = HOSTS) -> None:
        self.playbook = playbook
        self.names = names
        self.variables: dict[str, dict[str, t.Any]] = {name: {} for name in names}
        for name in names:
            self.home(name).mkdir(parents=True)

    def home(self, name: str) -> pathlib.Path:
        return self.playbook.folder / "homes" / name

    def source(self, name: str, document: t.Mapping[str, t.Any]) -> None:
        """An auth.json on the controller, for ``src``."""
        path = self.playbook.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def run(
        self, tasks: t.Sequence[dict[str, t.Any]], *arguments: str, variables: Options | None = None, **play: t.Any
    ) -> Run:
        hosts = {
            name: {"ansible_connection": "local", "home": str(self.home(name)), **self.variables[name]}
            for name in self.names
        }
        environment = {"HOME": "{{ home }}"}
        run = self.playbook.run(
            hosts, tasks, play={"environment": environment, **play}, variables=variables, arguments=arguments
        )
        assert list(self.playbook.local_tmp.iterdir()) == []
        return run

    def written(self) -> list[str]:
        """Hosts, or folders below them, that have a login."""
        below = self.playbook.folder / "homes"
        found = [path.parent.relative_to(below) for path in below.rglob("auth.json")]
        return sorted(str(path.parent if path.name == ".codex" else path) for path in found)


@pytest.fixture
def fleet(playbook: Playbook) -> Fleet:
    return Fleet(playbook)


def auth_file(**options: t.Any) -> dict[str, t.Any]:
    return {"name": "login", "fleet.codex.codex_auth_file": options}


def refused(run: Run) -> list[str]:
    """The hosts on which the login was refused as shared, each with both hosts named, what to do, and no token."""
    found = []
    for task in run.tasks:
        # In ansible-core 2.21 the items of a failed loop do not say that they failed.
        results = task.result.get("results", [task.result])
        for message in [str(result["msg"]) for result in results if task.result.get("failed") and "msg" in result]:
            assert message.startswith("One ChatGPT login would go to "), message
            assert "codex login" in message and "allow_shared_refresh_token" in message
            assert f"on {task.host}" in message
            found.append(task.host)
    assert "fleet-test-refresh" not in run.output
    return sorted(set(found))


def accepted(run: Run) -> None:
    assert run.rc == 0, run.output


EVERYWHERE = {
    "linear": ([], {}),
    "one_fork": (["--forks", "1"], {}),
    "two_forks": (["--forks", "2"], {}),
    "serial": ([], {"serial": 1}),
    "serial_two": ([], {"serial": 2, "max_fail_percentage": 100}),
    "free": ([], {"strategy": "free"}),
    "check": (["--check"], {}),
}


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


ROLE = {"codex_auth_content": "{{ source }}"}
INCLUDE = {"ansible.builtin.include_role": {"name": "fleet.codex.codex"}}
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


def test_an_included_role_for_one_host_only(fleet: Fleet) -> None:
    """What another host does not include, it does not get."""
    fleet.source("auth.json", login("shared"))
    include = {**INCLUDE, "vars": {"codex_auth_src": "auth.json"}, "when": "inventory_hostname == 'one'"}
    accepted(fleet.run([include]))
    assert fleet.written() == ["one"]


@pytest.mark.parametrize("play", [{}, {"serial": 1}, {"strategy": "free"}], ids=["linear", "serial", "free"])
def test_a_role_included_for_each_item_of_a_host(fleet: Fleet, play: dict[str, t.Any]) -> None:
    """The items of one host are not those of another."""
    for name in HOSTS:
        fleet.variables[name]["accounts"] = [f"{name}-{n}" for n in range(2)]
        for account in fleet.variables[name]["accounts"]:
            fleet.source(account, login(account))
    include = {
        **INCLUDE,
        "vars": {"codex_home": "{{ home }}/{{ item }}", "codex_auth_src": "{{ item }}"},
        "loop": "{{ accounts }}",
    }
    accepted(fleet.run([include], **play))
    assert len(fleet.written()) == 6
    fleet.variables["three"]["accounts"] = fleet.variables["two"]["accounts"]
    run = fleet.run([include], **play)
    assert refused(run) in (["three"], ["two"])  # whichever came second


def test_files_included_by_host(fleet: Fleet) -> None:
    """Each host includes its own file; only one has the login, and the free strategy mixes nothing up."""
    fleet.source("auth.json", login("shared"))
    (fleet.playbook.folder / "one.yml").write_text(json.dumps([auth_file(src="auth.json")]))
    for name in HOSTS[1:]:
        (fleet.playbook.folder / f"{name}.yml").write_text("[]")
    accepted(fleet.run([{"ansible.builtin.include_tasks": "{{ inventory_hostname }}.yml"}]))
    assert fleet.written() == ["one"]


@pytest.mark.parametrize("play", [{}, {"serial": 1}, {"strategy": "free"}], ids=["linear", "serial", "free"])
def test_values_that_the_run_sets(fleet: Fleet, play: dict[str, t.Any]) -> None:
    """A default that every host replaces before it is used is no conflict, also where a host is ahead."""
    fleet.source("default.json", login("default"))
    for name in HOSTS:
        fleet.source(f"{name}.json", login(name))
    tasks = [
        {"ansible.builtin.set_fact": {"source": "{{ inventory_hostname }}.json"}},
        {"ansible.builtin.debug": {"msg": "{{ source }}"}, "register": "told"},
        auth_file(src="{{ told.msg | default('default.json') }}"),
    ]
    accepted(fleet.run(tasks, **play))
    assert fleet.written() == sorted(HOSTS)


@pytest.mark.parametrize("play", [{}, {"serial": 1}, {"strategy": "free"}], ids=["linear", "serial", "free"])
def test_values_that_the_run_sets_for_other_hosts(fleet: Fleet, play: dict[str, t.Any]) -> None:
    """One host has the default, and all others will have something else when they come to the task."""
    fleet.source("default.json", login("default"))
    for name in HOSTS[1:]:
        fleet.source(f"{name}.json", login(name))
    own = {"ansible.builtin.set_fact": {"source": "{{ inventory_hostname }}.json"}}
    tasks = [{**own, "when": "inventory_hostname != 'one'"}, auth_file(src="{{ source }}")]
    accepted(fleet.run(tasks, variables={"source": "default.json"}, **play))
    assert fleet.written() == sorted(HOSTS)


def test_values_that_the_run_has_set_are_foreseen(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    tasks = [{"ansible.builtin.set_fact": {"source": "auth.json"}}, auth_file(src="{{ source }}")]
    assert refused(fleet.run(tasks, "--forks", "1")) == sorted(HOSTS)
    assert fleet.written() == []


def test_a_slow_lookup_is_not_made_for_other_hosts(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    count = fleet.playbook.folder / "count"
    command = f"echo x >>{count}; cat {fleet.playbook.folder}/files/auth.json"
    run = fleet.run([auth_file(content=f"{{{{ lookup('ansible.builtin.pipe', {command!r}) }}}}")], "--forks", "1")
    assert refused(run) == ["three", "two"]
    assert fleet.written() == ["one"]
    assert len(count.read_text().split()) == len(HOSTS)


def test_tasks_that_not_every_host_comes_to(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    task = auth_file(src="auth.json")
    accepted(fleet.run([{**task, "run_once": True}]))
    assert fleet.written() == ["one"]
    fail = {"ansible.builtin.fail": {"msg": "no"}, "when": "inventory_hostname == 'two'"}
    run = fleet.run([{"block": [fail], "rescue": [task]}])
    assert run.rc == 0, run.output
    assert fleet.written() == ["one", "two"]
    when = {"when": "inventory_hostname == 'three'", "changed_when": True}
    notify = {"ansible.builtin.debug": {"msg": "changed"}, "notify": "login", **when}
    accepted(fleet.run([notify], handlers=[task]))
    assert fleet.written() == sorted(HOSTS)


def test_delegated_tasks(fleet: Fleet) -> None:
    """The home is the delegate's, so one home is one home from wherever it is written."""
    fleet.source("auth.json", login("shared"))
    home = str(fleet.home("one") / ".codex")
    task = {**auth_file(src="auth.json", codex_home=home), "delegate_to": "one"}
    accepted(fleet.run([task, {**task, "run_once": True}]))
    assert fleet.written() == ["one"]


def test_options_from_module_defaults(fleet: Fleet) -> None:
    fleet.source("auth.json", login("shared"))
    defaults = {
        "group/fleet.codex.codex": {"codex_home": "{{ home }}/x"},
        "fleet.codex.codex_auth_file": {"mode": "0400"},
    }
    run = fleet.run([auth_file(src="auth.json")], module_defaults=defaults)
    assert refused(run) == sorted(HOSTS)
    assert fleet.written() == []


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
