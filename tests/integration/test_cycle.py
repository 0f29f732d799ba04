# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The life of a fleet's logins, with a real Codex on three hosts and nothing asked from a person."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import MOCK, binary, provider_overrides
from ansible_collections.fleet.codex.tests.support.credentials import encode
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.refresh_chain import new_login

HOSTS = ("one", "two", "three")
AUTH = "/home/alice/.codex/auth.json"
VERSION = "0.171.0"


class Fleet:
    """Three containers, and the controller's repository with a vault file for each."""

    def __init__(self, containers: dict[str, Container], playbook: Playbook) -> None:
        self.containers, self.playbook = containers, playbook
        (playbook.folder / "password").write_text("fleet-test-vault-password")
        self.inventory = {host: container.docker() for host, container in containers.items()}
        self.secrets = ["--vault-id", "codex@password"]

    def copy_of(self, host: str) -> pathlib.Path:
        return self.playbook.folder / "credentials" / host / "alice" / "auth.json"

    def vault(self, action: str, host: str) -> str:
        command = [str(self.playbook.program.with_name("ansible-vault")), action, *self.secrets]
        command += ["--encrypt-vault-id", "codex"] if action == "encrypt" else []
        done = subprocess.run(
            [*command, str(self.copy_of(host))], capture_output=True, text=True, check=True, cwd=self.playbook.folder
        )
        return done.stdout

    def deploy(self) -> dict[str, bool]:
        """Which hosts the role changed."""
        source = "credentials/{{ inventory_hostname }}/alice/auth.json"
        role = {"role": "fleet.codex.codex", "vars": {"codex_user": "alice", "codex_auth_src": source}}
        run = self.playbook.run(self.inventory, [], play={"roles": [role]}, arguments=self.secrets)
        assert run.rc == 0, run.output
        return {host: any(task.changed for task in run.tasks if task.host == host) for host in HOSTS}

    def collect(self) -> Run:
        return self.playbook.run(
            self.inventory,
            [],
            arguments=self.secrets,
            name="fleet.codex.collect",
        )

    def renew(self) -> dict[str, str]:
        """The refresh token of each host after its Codex had to renew; a spent one makes it fail."""
        with concurrent.futures.ThreadPoolExecutor() as threads:
            list(threads.map(self._run_codex, HOSTS))
        return {host: self.token(host) for host in HOSTS}

    def _run_codex(self, host: str) -> None:
        url = "http://127.0.0.1:{port}/oauth/token"
        settings = [word for value in provider_overrides() for word in ("-c", value)]
        # What the endpoint has seen is kept where no deployment goes: it remembers which tokens are spent.
        server = ["python3", "-I", "/opt/test/mock_api.py", "--record", "/var/lib/alice/record", "--expired", "--"]
        text = self.containers[host].run(
            *server,
            *("env", "-i", "HOME=/home/alice", "PATH=/usr/bin:/bin", f"CODEX_REFRESH_TOKEN_URL_OVERRIDE={url}"),
            *("/opt/test/codex", "exec", "--skip-git-repo-check", *settings, "Say hello."),
            user="alice",
        )
        assert "fleet-test-answer" in text, text

    def token(self, host: str) -> str:
        return str(json.loads(self.containers[host].file(AUTH).content)["tokens"]["refresh_token"])


@pytest.fixture
def fleet(docker: None, key: pathlib.Path, playbook: Playbook) -> t.Iterator[Fleet]:
    names = ("chatgpt.com", "ab.chatgpt.com", "api.openai.com", "auth.openai.com", "github.com", "api.github.com")
    options = [f"--add-host={name}:127.0.0.1" for name in names]  # refused at once, instead of looked for
    options += [f"--volume={binary(VERSION)}:/opt/test/codex:ro", f"--volume={MOCK}:/opt/test/mock_api.py:ro"]
    containers: dict[str, Container] = {}
    try:
        for host in HOSTS:
            containers[host] = Container("shells", key, *options)
            containers[host].run("install", "-d", "-o", "alice", "/var/lib/alice")
        yield Fleet(containers, playbook)
    finally:
        for container in containers.values():
            container.remove()


def test_seed_renew_collect_wipe_deploy_renew(fleet: Fleet) -> None:
    seeds = {}
    for host in HOSTS:
        login = new_login(f"account-{host}")
        seeds[host] = login["tokens"]["refresh_token"]
        fleet.copy_of(host).parent.mkdir(parents=True)
        fleet.copy_of(host).write_text(encode(login))
        fleet.vault("encrypt", host)
    assert fleet.deploy() == dict.fromkeys(HOSTS, True)
    assert fleet.renew() == {host: f"{seed}.1" for host, seed in seeds.items()}
    # The old copies of the repository are of no use any more, and do no harm.
    assert fleet.deploy() == dict.fromkeys(HOSTS, False)
    assert any(fleet.collect().changes())
    assert not any(fleet.collect().changes())
    for host in HOSTS:
        assert fleet.copy_of(host).read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;codex\n")
        assert json.loads(fleet.vault("view", host))["tokens"]["refresh_token"] == f"{seeds[host]}.1"
    fleet.containers["two"].run("rm", "-rf", "/home/alice/.codex")
    assert fleet.deploy() == {"one": False, "two": True, "three": False}
    assert fleet.renew() == {host: f"{seed}.2" for host, seed in seeds.items()}
