# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What a task would get on other hosts is only told where it is certain: no false alarm, and no surprise lookups."""

from __future__ import annotations

import json
import typing as t

import pytest

from .fleet import HOSTS, INCLUDE, Fleet, accepted, auth_file, login, refused
from .playbook import Playbook


@pytest.fixture
def fleet(playbook: Playbook) -> Fleet:
    return Fleet(playbook)


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
