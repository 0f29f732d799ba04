# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook force_method: each Codex gets the key that it acts on, and starts with what is left."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import MOCK, binary, provider_overrides
from ansible_collections.fleet.codex.tests.support.hosts import Container, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .journeys import Options, journey, words_of_table

VERSIONS = ("0.20.0", "0.34.0", "0.45.0", "0.171.0")
KEY = "fleet-test-key-of-the-method"
MINE = '# mine\nmodel = "gpt-5" # my model\n'
PREFERRED, FORCED = 'preferred_auth_method = "apikey"\n', 'forced_login_method = "api"\n'


@pytest.fixture(name="codex_host", scope="module")
def _codex_host(docker: None, key: pathlib.Path) -> t.Iterator[Container]:
    """A container in which several versions of Codex lie."""
    mounts = [f"--volume={binary(version)}:/opt/codex/{version}:ro" for version in VERSIONS]
    container = Container("shells", key, *mounts, f"--volume={MOCK}:/opt/codex/mock_api.py:ro")
    yield container
    container.remove()


@pytest.fixture(name="host")
def _host(codex_host: Container) -> Container:
    codex_host.reset()
    return codex_host


def give(host: Container, user: str, version: str, config: str) -> None:
    """A Codex of the user's own, a login with a key, and a config.toml."""
    folder = f"/home/{user}/.local/bin"
    host.run("sh", "-c", f"mkdir -p {folder} && ln -s /opt/codex/{version} {folder}/codex")
    host.write(f"/home/{user}/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), user)
    host.write(f"/home/{user}/.codex/config.toml", config, user)


def config(host: Container, user: str) -> str:
    return host.file(f"/home/{user}/.codex/config.toml").content.decode()


def force(playbook: Playbook, hosts: t.Mapping[str, Options], *arguments: str, **variables: t.Any) -> Run:
    return journey(playbook, "force_method", hosts, *arguments, **variables)


def of_users(host: Container, *users: str) -> dict[str, Options]:
    return {"host": {**host.ssh("deploy"), **become("root"), "codex_homes": [{"user": user} for user in users]}}


def answer(host: Container, user: str, version: str, *arguments: str) -> str:
    """What `codex exec` says, where it reaches a stand-in for the API alone."""
    settings = [word for value in provider_overrides() for word in ("-c", value)]
    return host.run(
        *("python3", "-I", "/opt/codex/mock_api.py", "--record", f"/tmp/{user}-record", "--"),
        *("env", "-i", f"HOME=/home/{user}", "PATH=/usr/bin:/bin", f"/opt/codex/{version}", "exec"),
        *(*arguments, "--skip-git-repo-check", *settings, "Say hello."),
        user=user, check=False,
    )  # fmt: skip


def test_each_version_gets_its_key_and_everything_else_stays(host: Container, other_core: Playbook) -> None:
    """Of four users of one host, each with another Codex. Then the undoing."""
    users = dict(zip(("alice", "bob", "carol", "dora"), VERSIONS, strict=True))
    for user, version in users.items():
        give(host, user, version, MINE + PREFERRED)
    hosts = of_users(host, *users)
    hosts["host"]["codex_homes"].append({"config": {"layer": "system", "settings": {}}})  # nobody's home

    before = {user: host.file(f"/home/{user}/.codex/config.toml") for user in users}
    checked = force(other_core, hosts, "--check", "--diff", codex_method="apikey")
    assert checked.rc == 0, checked.output
    assert before == {user: host.file(f"/home/{user}/.codex/config.toml") for user in users}

    done = force(other_core, hosts, "-vvv", "--diff", codex_method="apikey")
    assert done.rc == 0, done.output
    assert {user: config(host, user) for user in users} == {
        "alice": MINE, "bob": MINE + PREFERRED, "carol": MINE, "dora": MINE + FORCED,
    }  # fmt: skip
    told = words_of_table(done)
    assert [f"Codex {version} has no setting that chooses the method" in told for version in VERSIONS] == [
        True, False, True, False,
    ]  # fmt: skip
    again = force(other_core, hosts, codex_method="apikey")
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output
    assert not host.exists("/root/.codex")
    for user, version in users.items():
        assert "fleet-test-answer" in answer(host, user, version)
    assert "fleet-test-answer" in answer(host, "dora", VERSIONS[-1], "--strict-config")

    undone = force(other_core, hosts, codex_method="none")
    assert undone.rc == 0, undone.output
    assert {config(host, user) for user in users} == {MINE}
    again = force(other_core, hosts, codex_method="none")
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output
    for run in (checked, done, undone):
        assert KEY not in run.output


def test_strict_config_refuses_what_the_playbook_removes(host: Container, playbook: Playbook) -> None:
    """So that the test above shows something."""
    give(host, "dora", VERSIONS[-1], PREFERRED)
    assert "unknown configuration field `preferred_auth_method`" in answer(
        host, "dora", VERSIONS[-1], "--strict-config"
    )


def test_a_method_with_which_codex_would_delete_the_login_is_refused(host: Container, playbook: Playbook) -> None:
    """Of one user. The others are served."""
    give(host, "alice", VERSIONS[-1], MINE)
    give(host, "dora", VERSIONS[-1], MINE)
    host.run("rm", "/home/dora/.codex/auth.json")
    run = force(playbook, of_users(host, "alice", "dora"), codex_method="chatgpt")
    assert run.rc == 2, run.output
    assert (config(host, "alice"), config(host, "dora")) == (MINE, MINE + FORCED.replace('"api"', '"chatgpt"'))
    told = words_of_table(run)
    assert (
        "forced_login_method in /home/alice/.codex/config.toml does not allow an API key, which is what "
        "/home/alice/.codex/auth.json will hold: Codex would delete the login." in told
    )


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "Set codex_method to apikey, chatgpt or none."),
        ({"codex_method": ""}, "Set codex_method to apikey, chatgpt or none."),
        ({"codex_method": "follow"}, "Set codex_method to apikey, chatgpt or none."),
        ({"codex_method": "apikey"}, "the user edna has no codex that runs. Install it first, or set codex_version"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    variables: Options, told: str, host: Container, playbook: Playbook
) -> None:
    host.write("/home/edna/.codex/config.toml", MINE, "edna")
    run = force(playbook, of_users(host, "edna"), **variables)
    assert (run.rc, config(host, "edna")) == (2, MINE), run.output
    assert told in words_of_table(run)


def test_a_host_without_a_codex_yet(host: Container, playbook: Playbook) -> None:
    host.write("/home/edna/.codex/config.toml", MINE, "edna")
    run = force(playbook, of_users(host, "edna"), codex_method="apikey", codex_version="0.171.0", codex_backup=True)
    assert (run.rc, config(host, "edna")) == (0, MINE + FORCED), run.output
    assert len([path for path in host.list("/home/edna/.codex") if path.endswith("~")]) == 1
