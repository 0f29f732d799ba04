# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A login that changes under running programs: what results say, what is corrected, which handlers are notified."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import typing as t

from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import on_core
from ansible_collections.fleet.codex.tests.support.role import ROLE, log_in

AUTH = "/home/alice/.codex/auth.json"


@contextlib.contextmanager
def running(container: Container, user: str, script: str = "") -> t.Iterator[int]:
    """A program that Linux names codex, with its number; it runs ``script`` and then waits for its input to end."""
    program = "/opt/running/codex"
    container.run("sh", "-c", f"[ -x {program} ] || {{ mkdir -p /opt/running && cp /bin/sh {program}; }}")
    command = [*container.prefix(user), program, "-c", f"echo $$; {script} read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


def apply_role(playbook: Playbook, container: Container, *arguments: str, **variables: t.Any) -> Run:
    return apply_roles(playbook, container, variables, arguments=arguments)[0]


def apply_roles(
    playbook: Playbook, container: Container, *steps: dict[str, t.Any], arguments: t.Sequence[str] = ()
) -> list[Run]:
    """The role in one play, once with each step's variables, and then the handlers: what came of each step."""
    handlers = [
        {"name": "Restart the agent", "ansible.builtin.debug": {"msg": "restarted"}},
        {"name": "Somebody else", "ansible.builtin.debug": {"msg": "not me"}},
    ]
    tasks: list[dict[str, t.Any]] = []
    for variables in steps:
        given = {"codex_user": "alice", "codex_restart_handlers": ["Restart the agent"], **variables}
        tasks.append({"name": "step", "ansible.builtin.debug": {"msg": "step"}})
        tasks.append({"name": "role", "ansible.builtin.include_role": {"name": ROLE}, "vars": given})
        tasks.append({"ansible.builtin.meta": "flush_handlers"})
    run = playbook.run({"host": container.docker()}, tasks, play={"handlers": handlers}, arguments=arguments)
    assert run.rc == 0, run.output
    begins = [number for number, task in enumerate(run.tasks) if task.name == "step"]
    assert len(begins) == len(steps)
    ends = [*begins[1:], len(run.tasks)]
    return [dataclasses.replace(run, tasks=run.tasks[b:e]) for b, e in zip(begins, ends, strict=True)]


def handled(run: Run) -> list[str]:
    assert run.rc == 0, run.output
    return [task.name for task in run.tasks if task.result.get("msg") in ("restarted", "not me")]


RESULT = f"{ROLE} : {log_in('alice')}"


def test_handlers_are_notified_where_a_program_keeps_the_old_login(container: Container, playbook: Playbook) -> None:
    mismatch = {"codex_on_account_mismatch": "replace"}
    with running(container, "alice") as pid, running(container, "bob"):
        logins = ({"codex_auth_content": login("one", hours)} for hours in (0, 1))
        first, newer = apply_roles(playbook, container, *logins)
        planned = apply_role(playbook, container, "--check", codex_auth_content=login("two"), **mismatch)
        for run in (first, newer, planned):
            assert handled(run) == []
        with_key = {"codex_api_key": "fleet-test-key-1", **mismatch}
        other, key, again, removed = apply_roles(
            playbook,
            container,
            {"codex_auth_content": login("two"), **mismatch},
            with_key,
            with_key,
            {"codex_state": "absent"},
        )
        for run in (other, key, removed):
            assert handled(run) == ["Restart the agent"]
            auth = run.one(RESULT).result["homes"][0]["auth"]
            assert auth["restart_required"] is True
            assert auth["processes"] == [{"pid": pid, "name": "codex"}]
            assert f"codex ({pid})" in auth["restart_reason"]
            assert any("Restart them" in warning for warning in run.one(RESULT).result["warnings"])
        assert handled(again) == []
        assert again.one(RESULT).result["homes"][0]["auth"]["restart_required"] is False
        assert planned.one(RESULT).result["homes"][0]["auth"]["restart_required"] is None
    quiet, last = apply_roles(
        playbook,
        container,
        {"codex_auth_content": login("one")},
        {"codex_auth_content": login("two"), **mismatch},
    )
    assert handled(quiet) == []
    assert (handled(last), last.one(RESULT).result["homes"][0]["auth"]["restart_required"]) == ([], False)


def test_a_key_in_the_environment_is_a_login_too(container: Container, playbook: Playbook) -> None:
    """Where a provider takes its key from a variable, a running program keeps the old one."""
    provider = {"name": "gw", "base_url": "https://gw.example/v1", "env_key": "GATEWAY_KEY"}
    settings = {"model_provider": "gw", "model_providers": {"gw": provider}}

    def rotated(key: str, other: str) -> dict[str, t.Any]:
        return {"codex_environment": {"GATEWAY_KEY": key, "OTHER": other}, "codex_settings": settings}

    with running(container, "alice") as pid, running(container, "bob"):
        steps = [rotated("fleet-test-1", "a"), rotated("fleet-test-1", "b"), rotated("fleet-test-2", "b")]
        runs = apply_roles(playbook, container, *steps)
        assert [handled(run) for run in runs] == [["Restart the agent"], [], ["Restart the agent"]]
        result = runs[2].one(RESULT).result
        assert result["homes"][0]["environment"]["processes"] == [{"pid": pid, "name": "codex"}]
        assert any("keep the variables that they started with" in warning for warning in result["warnings"])
        assert "fleet-test-2" not in runs[2].output


@on_core("newest")
def test_other_core(container: Container, other_core: Playbook) -> None:
    """What the task notifies itself stays, and no task is added for it."""
    play = {
        "handlers": [
            {"name": name, "ansible.builtin.debug": {"msg": "restarted"}} for name in ("the agent", "always", "nobody")
        ]
    }

    def log_in(name: str) -> list[str]:
        homes = [{"user": "alice", "auth": {"api_key": name, "update": "always", "on_account_mismatch": "replace"}}]
        options = {"homes": homes, "restart_handlers": ["the agent"]}
        task = {"name": "log in", "fleet.codex.codex_home": options, "notify": "always"}
        run = other_core.run({"host": container.docker()}, [task], play=play)
        assert run.rc == 0, run.output
        return [task.name for task in run.tasks]

    assert log_in("fleet-test-key-1") == ["log in", "always"]
    with running(container, "alice"):
        assert log_in("fleet-test-key-1") == ["log in"]
        assert log_in("fleet-test-key-2") == ["log in", "the agent", "always"]


def test_what_an_old_codex_mixes_afterwards_is_corrected(container: Container, playbook: Playbook) -> None:
    """Up to 0.163 it writes the tokens that it got for the old account under the id of the new one."""
    container.write(AUTH, json.dumps(login("one")), "alice")
    mixed = login("one", 5)
    mixed["tokens"]["account_id"] = "two"
    container.write("/home/alice/mixed", json.dumps(mixed), "alice")
    script = f"until grep -q two {AUTH}; do sleep 0.05; done; cp /home/alice/mixed {AUTH};"
    with running(container, "alice", script):
        run = apply_role(playbook, container, codex_auth_content=login("two"), codex_on_account_mismatch="replace")
    assert run.rc == 0, run.output
    assert json.loads(container.file(AUTH).content) == login("two")
    assert run.one(RESULT).result["homes"][0]["auth"]["restart_required"] is True


def test_what_a_new_codex_renews_afterwards_is_kept(container: Container, playbook: Playbook) -> None:
    """One that was started with the new login may renew it at once."""
    container.write(AUTH, json.dumps(login("one")), "alice")
    container.write("/home/alice/renewed", json.dumps(login("two", 5)), "alice")
    script = f"until grep -q two {AUTH}; do sleep 0.05; done; cp /home/alice/renewed {AUTH};"
    with running(container, "alice", script):
        run = apply_role(playbook, container, codex_auth_content=login("two"), codex_on_account_mismatch="replace")
    assert run.rc == 0, run.output
    assert json.loads(container.file(AUTH).content) == login("two", 5)
