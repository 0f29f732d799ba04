# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""In a repository of somebody else, with the collection installed from its archive: what docs/fleet.md shows, as it is.

A block of the page that begins with a path in a comment is that file of the repository; the others are commands, plays
or tasks.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.paths import COLLECTIONS

from .containers import Box
from .examples import IN_A_REPOSITORY
from .newcomer import build_archive

pytestmark = pytest.mark.xdist_group("repository")  # they share hosts

BIN = pathlib.Path(sys.executable).parent
RUN = [block for block in blocks("docs/fleet.md") if block.heading in IN_A_REPOSITORY]
FILES = {block.file: block.text for block in RUN if block.file}
(TREE,) = (block.text for block in RUN if block.language == "text")
STAGING, PRODUCTION, WITH_TAG, *IN_CI = (
    step.command for block in RUN if block.language == "console" for step in steps(block)
)
PLAIN = [yaml.safe_load(block.text) for block in RUN if block.language == "yaml" and not block.file]
PLAYS = [play for data in PLAIN for play in data if "hosts" in play]
TASKS = [task for data in PLAIN for task in data if "hosts" not in task]

PASSWORD = "fleet-test-password-of-the-repository"
KEYS = {environment: f"sk-fleet-test-key-of-{environment}" for environment in ("staging", "production")}
HOSTS = ("build-1", "build-2", "agent")
USERS = ("alice", "bob", "carol", "ci")


class Repository:
    """Somebody's repository, with two hosts in the group build and one in agents, in each environment."""

    def __init__(self, folder: pathlib.Path, archive: pathlib.Path, boxes: t.Sequence[Box]) -> None:
        self.folder = folder
        self.boxes = dict(zip(HOSTS, boxes, strict=True))
        for path, text in FILES.items():
            self.write(path, text)
        self.write("vault-password", PASSWORD)
        self.write(
            "ansible.cfg",
            "[defaults]\ncollections_path = collections\ninventory = inventories/staging\n"
            "vault_password_file = vault-password\n",
        )
        self.write("requirements.yml", f"collections:\n  - name: {archive}\n    type: file\n")
        self.write(
            "roles/agent/tasks/main.yml", "- ansible.builtin.raw: test -s ~ci/.codex/auth.json\n  changed_when: false\n"
        )
        hosts = [{name: box.connection("community.docker.docker")} for name, box in self.boxes.items()]
        groups = {"build": {"hosts": hosts[0] | hosts[1]}, "agents": {"hosts": hosts[2]}}
        for environment, key in KEYS.items():
            self.write(f"inventories/{environment}/hosts.yml", json.dumps(groups))
            secrets = {
                "vault_openai_api_key": key,
                "vault_openai_api_key_carol": f"{key}-carol",
                "vault_openai_api_keys": {name: f"{key}-{name}" for name in USERS},
            }
            vault = f"inventories/{environment}/group_vars/all/vault.yml"
            self.write(vault, yaml.safe_dump(secrets))
            self.command(f"ansible-vault encrypt {vault}")
        self.command(IN_CI[0])
        # Of the other collections, the one with the connection.
        (folder / "collections" / "ansible_collections" / "community").symlink_to(
            COLLECTIONS / "ansible_collections" / "community"
        )

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def command(self, command: str) -> str:
        """What a command of the page printed in the repository, with its settings alone."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CODEX_"))}
        environment |= {"HOME": str(self.folder / "home"), "PATH": f"{BIN}:{os.environ['PATH']}"}
        environment |= {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "fleet-test-key" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def play(self, environment: str, name: str, *arguments: str) -> str:
        """What a run of a playbook printed."""
        return self.command(shlex.join(["ansible-playbook", "-i", f"inventories/{environment}", name, *arguments]))

    def play_twice(self, environment: str, name: str) -> str:
        """What a second run printed, which changes nothing."""
        self.play(environment, name, "--diff")
        second = self.play(environment, name, "-vvv")
        assert set(re.findall(r"changed=(\d+)", second)) == {"0"}, second
        return second

    def log_out(self) -> None:
        for box in self.boxes.values():
            box.run("sh", "-c", "rm -rf /home/*/.[a-z]* /srv/codex")

    def logins(self, host: str) -> dict[str, str]:
        """The key with which each user of a host is logged in; ci has another Codex home, too."""
        paths = {user: f"/home/{user}/.codex/auth.json" for user in USERS} | {"/srv": "/srv/codex/ci/auth.json"}
        box = self.boxes[host]
        found = {name: path for name, path in paths.items() if box.exists(path)}
        return {name: json.loads(box.run("cat", path))["OPENAI_API_KEY"] for name, path in found.items()}


@pytest.fixture(name="prepared", scope="module")
def _prepared(docker: None, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Repository]:
    """With the collection as it is published, and hosts with these users."""
    archive = build_archive(tmp_path_factory.mktemp("archive"))
    with contextlib.ExitStack() as stack:
        boxes = []
        for _host in HOSTS:
            boxes.append(box := Box("bookworm"))
            stack.callback(box.remove)
            box.run("sh", "-c", f"for name in {' '.join(USERS)}; do useradd -m -s /bin/sh $name; done")
        yield Repository(tmp_path_factory.mktemp("repository"), archive, boxes)


@pytest.fixture(name="repository")
def _repository(prepared: Repository) -> Repository:
    """Nobody is logged in."""
    prepared.log_out()
    return prepared


def test_each_environment_has_its_keys_and_one_host_an_account_more(repository: Repository) -> None:
    for environment, key in KEYS.items():
        repository.log_out()
        repository.command({"staging": STAGING, "production": PRODUCTION}[environment])
        used = repository.play_twice(environment, "site.yml")
        everybody = {"alice": key, "bob": key}
        assert repository.logins("build-1") == everybody
        besides = {"carol": f"{key}-carol"} if environment == "production" else {}
        assert repository.logins("build-2") == everybody | besides
        assert repository.logins("agent") == {}
        assert f"{repository.folder}/collections/ansible_collections/fleet/codex/roles/codex/tasks/main.yml" in used


def test_every_file_of_the_tree_is_there(repository: Repository) -> None:
    paths = [line.split()[0] for line in TREE.splitlines()]
    assert [path for path in paths if not (repository.folder / path).is_file()] == []
    assert set(FILES) - set(paths) == {"roles/agent/meta/main.yml"}


def test_the_tag_and_the_commands_for_ci(repository: Repository) -> None:
    for command in IN_CI:
        done = repository.command(command)
    assert "changed=1" in done
    assert repository.logins("build-1") == {}
    repository.command(WITH_TAG)
    assert repository.logins("build-1") == dict.fromkeys(("alice", "bob"), KEYS["staging"])
    assert set(re.findall(r"changed=(\d+)", repository.command(IN_CI[-1]))) == {"0"}


def test_the_plays_and_tasks_of_the_page(repository: Repository) -> None:
    """The tag codex reaches the role where it is imported, and an include with the tag; agents reaches the others."""
    for_one = [task for task in TASKS if "codex_user" in task.get("vars", {})]
    for_all = [task for task in TASKS if task not in for_one]
    assert (len(PLAYS), len(for_one), len(for_all)) == (1, 2, 2)
    plays = [
        {"hosts": "build", "become": True, "tasks": for_all},
        {"hosts": "agents", "become": True, "tasks": for_one},
    ]
    repository.write("more.yml", json.dumps([*plays, *PLAYS]))
    key = KEYS["staging"]
    everybody = {"alice": key, "bob": key}
    in_loop = {"alice": f"{key}-alice", "bob": f"{key}-bob"}
    for tags, of_agent in ((["--tags", "agents"], in_loop), (["--tags", "codex"], {"ci": key})):
        repository.log_out()
        repository.play("staging", "more.yml", *tags)
        assert repository.logins("build-1") == everybody
        assert repository.logins("agent") == of_agent
    repository.play_twice("staging", "more.yml")
    assert repository.logins("agent") == in_loop | {"ci": key, "/srv": key}


def test_a_role_that_depends_on_it(repository: Repository) -> None:
    repository.write("agents.yml", json.dumps([{"hosts": "agents", "become": True, "roles": ["agent"]}]))
    repository.play_twice("production", "agents.yml")
    assert repository.logins("agent") == {"ci": KEYS["production"]}
