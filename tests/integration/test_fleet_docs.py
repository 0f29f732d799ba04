# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The fleet of docs/fleet.md, with its files and its commands; test_existing_repository.py has the page's last part."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.pages import Step, blocks, steps
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .containers import Box
from .examples import IN_A_REPOSITORY
from .journeys import table

pytestmark = pytest.mark.xdist_group("fleet")  # they share hosts

COMMANDS = (
    *("A fleet", "Every night", "First a pilot, then in batches", "Exchange a key"),
    "Take a key or a login away",
)
"""The headings with commands, which are named below."""
RUN = [
    block
    for block in blocks("docs/fleet.md")
    if block.heading not in IN_A_REPOSITORY
    and (block.file or block.language == "text" or (block.language == "console" and block.heading in COMMANDS))
]
FILES = {block.file: block.text for block in RUN if block.file}
TABLE, TREE = (block.text for block in RUN if block.language == "text")


def steps_below(heading: str) -> list[Step]:
    return [step for block in RUN if block.language == "console" and block.heading == heading for step in steps(block)]


(DEPLOY,) = (step.command for step in steps_below("A fleet"))
(NIGHT,) = (step.command for step in steps_below("Every night"))
PILOT, BATCHES = (step.command for step in steps_below("First a pilot, then in batches"))
EDIT, DEPLOY_IT, MISSING, AGAIN, STATUS, FINGERPRINTS = steps_below("Exchange a key")
(LOG_OUT,) = (step.command for step in steps_below("Take a key or a login away"))

HOSTS = ("server1", "server2", "agent1")
KEYS = {f"vault_openai_api_key{name}": f"fleet-test-key-fleet{name}" for name in ("", "_ci", "_agents")}
EXPIRES = dt.datetime.now(dt.UTC) + dt.timedelta(days=5)


class Fleet:
    """Somebody's folder and three hosts, with the files of the page."""

    def __init__(self, playbook: Playbook, boxes: t.Mapping[str, Box]) -> None:
        self.playbook = playbook
        self.boxes = boxes
        for path, text in FILES.items():
            self.write(path, text)
        self.write("vault-password", "fleet-test-password-of-the-fleet")
        self.write("group_vars/all/vault.yml", yaml.safe_dump(KEYS))
        for name in ("server1", "server2"):
            found = login("bob", marker=name, since=EXPIRES)
            self.write(f"credentials/{name}/bob/auth.json", encode(found))
        self.inventory()
        encrypted = "group_vars/all/vault.yml credentials/*/bob/auth.json"
        assert playbook.shell(f"ansible-vault encrypt {encrypted}").rc == 0

    def write(self, path: str, text: str) -> None:
        file = self.playbook.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def inventory(self, **ids: str) -> None:
        """The file `hosts`; ``ids``: of containers that take the place of a host's own."""
        lines = [
            f"{name} ansible_connection=community.docker.docker ansible_host={ids.get(name, box.id)}"
            for name, box in self.boxes.items()
        ]
        self.write("hosts", "[servers]\n{}\n{}\n[agents]\n{}\n".format(*lines))

    def run(self, command: str, fails: bool = False) -> Run:
        run = self.playbook.shell(command)
        assert (run.rc != 0) is fails, run.output
        assert not [key for key in KEYS.values() if key in run.output]
        return run

    def keys(self) -> dict[str, str]:
        """The keys on the hosts, by host and user."""
        found = {}
        for name, box in self.boxes.items():
            for user, path in {
                "alice": "/home/alice/.codex",
                "ci": "/srv/codex/ci",
                "agent": "/home/ci/.codex",
            }.items():
                if box.exists(f"{path}/auth.json"):
                    found[f"{name} {user}"] = json.loads(box.run("cat", f"{path}/auth.json"))["OPENAI_API_KEY"]
        return found


EVERYBODY = {
    **{f"{name} alice": KEYS["vault_openai_api_key"] for name in ("server1", "server2")},
    **{f"{name} ci": KEYS["vault_openai_api_key_ci"] for name in ("server1", "server2")},
    "agent1 agent": KEYS["vault_openai_api_key_agents"],
}


@pytest.fixture(name="boxes", scope="module")
def _boxes(docker: None) -> t.Iterator[dict[str, Box]]:
    with contextlib.ExitStack() as stack:
        boxes = {}
        for name in HOSTS:
            boxes[name] = box = Box("bookworm")
            stack.callback(box.remove)
            box.run("sh", "-c", "for name in alice bob ci; do useradd -m -s /bin/sh $name; done")
        yield boxes


@pytest.fixture(name="fleet")
def _fleet(boxes: dict[str, Box], playbook: Playbook) -> Fleet:
    """Nobody is logged in."""
    for box in boxes.values():
        box.run("sh", "-c", "rm -rf /home/*/.[a-z]* /srv/codex")
    return Fleet(playbook, boxes)


def test_every_file_of_the_tree_is_there(fleet: Fleet) -> None:
    paths = [line.split()[0] for line in TREE.splitlines()]
    assert [path for path in paths if not (fleet.playbook.folder / path).is_file()] == []
    assert set(FILES) - set(paths) == {"codex.yml"}


def test_the_first_command(fleet: Fleet) -> None:
    fleet.run(DEPLOY)
    assert fleet.keys() == EVERYBODY
    fleet.boxes["server1"].run("rm", "/home/alice/.codex/auth.json")
    expected = re.sub(r"\d{4}-\d\d-\d\d", f"{EXPIRES:%Y-%m-%d}", TABLE)
    assert table(fleet.run(DEPLOY)) == expected.splitlines()
    assert [task.name for task in fleet.run(DEPLOY).tasks if task.changed] == []


def test_the_nightly_command(fleet: Fleet) -> None:
    """It brings a login back that Codex has renewed meanwhile, encrypted, and repairs what was taken away."""
    fleet.run(DEPLOY)
    server = fleet.boxes["server1"]
    renewed = login("bob", hours=24, marker="renewed", since=EXPIRES)
    server.run("tee", "/home/bob/.codex/auth.json", data=encode(renewed).encode())
    server.run("rm", "/home/alice/.codex/auth.json")
    fleet.run(NIGHT)
    assert fleet.keys() == EVERYBODY
    path = "credentials/server1/bob/auth.json"
    assert (fleet.playbook.folder / path).read_text().startswith("$ANSIBLE_VAULT;")
    shown = [fleet.run(f"ansible-vault view {path}").stdout, server.run("cat", "/home/bob/.codex/auth.json")]
    assert [json.loads(text) for text in shown] == [renewed, renewed]
    assert [task.name for task in fleet.run(NIGHT).tasks if task.changed] == []


def test_a_pilot_and_batches(fleet: Fleet) -> None:
    run = fleet.run(PILOT)
    assert {task.host for task in run.tasks} == {"server1"}
    assert fleet.keys() == {}
    run = fleet.run(BATCHES)
    assert fleet.keys() == EVERYBODY
    assert len({task.play for task in run.tasks if task.host in HOSTS}) > 2  # one for each batch
    run = fleet.run("ansible-playbook -i hosts codex.yml")
    assert [task.name for task in run.tasks if task.changed] == []


def test_a_key_is_exchanged(fleet: Fleet) -> None:
    """One host is down meanwhile, so the report names it, and it is done alone."""
    fleet.run(DEPLOY)
    fleet.write("editor", "#!/bin/sh\nsed -i 's/fleet-test-key-fleet_agents/fleet-test-key-renewed/' \"$1\"\n")
    (fleet.playbook.folder / "editor").chmod(0o755)
    fleet.playbook.env["EDITOR"] = str(fleet.playbook.folder / "editor")
    fleet.run(EDIT.command)
    fleet.inventory(agent1="fleet-test-no-such-container")
    fleet.run(DEPLOY_IT.command, fails=True)
    fleet.run(MISSING.command)
    assert (fleet.playbook.folder / "missing").read_text() == "agent1\n"
    fleet.inventory()
    run = fleet.run(AGAIN.command)
    assert {task.host for task in run.tasks if task.changed} == {"agent1"}
    assert fleet.keys() == {**EVERYBODY, "agent1 agent": "fleet-test-key-renewed"}
    fleet.run(STATUS.command)
    lines = fleet.run(FINGERPRINTS.command).stdout.splitlines()
    assert len(lines) == 7
    fingerprints = {f"{host} {user}": fingerprint for fingerprint, host, user in map(str.split, lines)}
    printed = {
        f"{host} {user}": fingerprint for fingerprint, host, user in map(str.split, FINGERPRINTS.output.splitlines())
    }
    for found in (fingerprints, printed):
        assert {len(fingerprint) for fingerprint in found.values()} == {16}
        assert found["server1 alice"] == found["server2 alice"] != found["agent1 ci"]
    assert printed.keys() <= fingerprints.keys()


def test_logins_are_taken_away(fleet: Fleet) -> None:
    fleet.run(DEPLOY)
    fleet.run(LOG_OUT)
    assert fleet.keys() == {name: key for name, key in EVERYBODY.items() if name != "agent1 agent"}
    assert [task.name for task in fleet.run(LOG_OUT).tasks if task.changed] == []
