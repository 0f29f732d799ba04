# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every play and every list of tasks of the pages runs as it is printed, and a second time without a change."""

from __future__ import annotations

import json
import pathlib
import re
import textwrap
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.pages import PAGES, Block, blocks
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .examples import IN_A_REPOSITORY, NPM, serve_api

pytestmark = pytest.mark.xdist_group("pages")  # they share hosts

ELSEWHERE = ("docs/install.md", "docs/molecule.md", "docs/quickstart.md")
"""Pages whose blocks make a whole: tests of their own run them."""


def is_elsewhere(block: Block) -> bool:
    """Whether another test runs a block."""
    # In test_existing_repository.py and test_fleet_docs.py, and in test_container_playbook.py.
    of_a_fleet = block.page == "docs/fleet.md" and (block.file or block.heading in IN_A_REPOSITORY)
    of_a_container = "    container:\n" in block.text
    return block.page in ELSEWHERE or bool(of_a_fleet) or of_a_container


# One of these has something to read or to remove.
LOGGED_IN_BEFORE = ("codex_info:", "codex_auth_fetch:", "codex_state: absent", "state: absent", "drop_removed_keys")

USERS = ("alice", "bob", "carol", "ci")
KEY = "fleet-test-key-pages"
VARIABLES: dict[str, t.Any] = {
    "vault_openai_api_key": KEY,
    "vault_openai_api_key_ci": f"{KEY}-ci",
    "vault_codex_access_token": "at-fleet-test-pages",
    "codex_keys": {name: f"{KEY}-{name}" for name in USERS},
}

# The state that each block finds: nobody is logged in, or alice is.
FRESH = """\
rm -rf /home/*/.codex /home/*/.config /root/.codex /srv/codex /etc/codex /data
rm -f /usr/local/bin/codex && ln -s /opt/codex /usr/local/bin/codex
"""
LOGGED_IN = f"{FRESH}cp -a /opt/alice /home/alice/.codex\n"


def plays_of(block: Block) -> list[dict[str, t.Any]] | None:
    """The plays that a block is, or the play that its tasks make; None for anything else."""
    data = yaml.safe_load(block.text) if block.language == "yaml" else None
    if not isinstance(data, list):
        return None
    return data if "hosts" in data[0] else [{"hosts": "all", "tasks": data}]


def playbook_of(block: Block) -> str:
    """Plays as they are printed, and tasks as they are printed in a play."""
    if "hosts" in yaml.safe_load(block.text)[0]:
        return block.text
    return f"- hosts: all\n  tasks:\n{textwrap.indent(block.text, '    ')}"


def writes(block: Block) -> bool:
    """Whether a module or a role of the block changes anything on a host where nobody is logged in."""
    return any(not name.endswith("_info") for name in re.findall(r"fleet\.codex\.(\w+)", block.text))


def without_names(block: Block) -> str:
    """What a block does: the same for blocks that only call it otherwise."""
    return json.dumps(
        [
            {key: value for key, value in play.items() if key != "name"}
            | {
                "tasks": [
                    {key: value for key, value in task.items() if key != "name"} for task in play.get("tasks", [])
                ]
            }
            for play in plays_of(block) or []
        ]
    )


RUN = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.not_run is None and not is_elsewhere(block) and plays_of(block)
]
EXAMPLES = [*{without_names(block): block for block in reversed(RUN)}.values()]


@pytest.fixture(name="host", scope="module")
def _host(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Container]:
    """A host with users, a real codex, a stand-in for npm, and the API."""
    host = Container("shells", key, "--volume", f"{binary('0.171.0')}:/opt/codex:ro")
    try:
        host.run("useradd", "-m", "-s", "/usr/sbin/nologin", "ci")
        host.write("/usr/local/bin/npm", NPM, mode="755")
        host.write("/opt/alice/auth.json", encode(login("alice", hours=1)), owner="alice")
        host.write("/opt/alice/config.toml", 'model = "gpt-5"\npreferred_auth_method = "apikey"\n', owner="alice")
        with serve_api(host, tmp_path_factory.mktemp("authority")):
            yield host
    finally:
        host.remove()


@pytest.mark.parametrize("page", sorted({block.page for block in EXAMPLES}))
def test_the_examples_of_a_page(page: str, host: Container, playbook: Playbook) -> None:
    """One run of ansible-playbook for all of them, each one twice."""
    examples = [block for block in EXAMPLES if block.page == page]
    for user in USERS:
        file = playbook.folder / "credentials" / "host1" / user / "auth.json"
        file.parent.mkdir(parents=True)
        file.write_text(encode(login(user)))
    (playbook.folder / "password").write_text("fleet-test-password")
    groups = {play["hosts"] for block in examples for play in plays_of(block) or []} - {"all"}
    inventory = {"all": {
        "vars": VARIABLES, "hosts": {"host1": host.docker()},
        "children": {name: {"hosts": {"host1": {}}} for name in groups},
    }}  # fmt: skip
    (playbook.folder / "hosts.json").write_text(json.dumps(inventory))
    for state, script in (("fresh", FRESH), ("logged-in", LOGGED_IN)):
        play = {"hosts": "all", "tasks": [{"ansible.builtin.raw": script, "changed_when": False}]}
        (playbook.folder / f"{state}.yml").write_text(json.dumps([play]))
    names = []
    for number, block in enumerate(examples):
        (playbook.folder / f"{number}.yml").write_text(playbook_of(block))
        before = any(words in block.text for words in LOGGED_IN_BEFORE)
        names += ["logged-in.yml" if before else "fresh.yml", f"{number}.yml", f"{number}.yml"]
    (playbook.folder / "all.yml").write_text(json.dumps([{"ansible.builtin.import_playbook": name} for name in names]))
    run = playbook.run({}, [], name="all.yml", arguments=["-i", "hosts.json", "--vault-id", "codex@password"])
    failed = [(task.name, task.message) for task in run.tasks if task.result.get("failed")]
    assert not failed, failed
    assert run.rc == 0, run.stderr
    position = 0
    for block in examples:
        plays = plays_of(block) or []
        first, second = (
            [task for task in run.tasks if start <= task.play < start + len(plays)]
            for start in (position + 1, position + 1 + len(plays))
        )
        position += 1 + 2 * len(plays)
        assert any(task.changed for task in first) is writes(block), block
        assert [task.name for task in second if task.changed] == [], block
        ran = {task.name for task in first if not task.result.get("skipped")}
        assert {task["name"] for play in plays for task in play.get("tasks", [])} <= ran, block
    assert KEY not in run.output


def test_plays_that_no_test_runs_pass_ansibles_own_check(playbook: Playbook) -> None:
    """Those of the pages that have a mark."""
    marked = [block for page in PAGES for block in blocks(page) if block.not_run is not None and plays_of(block)]
    names = [f"{number}.yml" for number in range(len(marked))]
    for name, block in zip(names, marked, strict=True):
        (playbook.folder / name).write_text(playbook_of(block))
    assert names
    run = playbook.run({"host": {}}, [], name=names[0], arguments=[*names[1:], "--syntax-check"], callback="default")
    assert run.rc == 0, run.output
    assert [name for name in names if f"playbook: {name}" not in run.output] == []
