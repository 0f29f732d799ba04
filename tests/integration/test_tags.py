# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""How --tags reaches the role."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.pages import blocks
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

ROLE = "fleet.codex.codex"
PAGE = [
    task
    for block in blocks("docs/fleet.md", "yaml")
    if "ansible.builtin.include_role" in block.text
    for task in yaml.safe_load(block.text)
]


PLAIN = pytest.mark.repeats("plainer than what the page shows")


@pytest.mark.parametrize(
    ("task", "tag", "is_reached"),
    [
        pytest.param({"ansible.builtin.import_role": {"name": ROLE}}, "codex", True, marks=PLAIN),
        pytest.param({"ansible.builtin.include_role": {"name": ROLE}}, "codex", False, marks=PLAIN),
        (PAGE[0], "codex", True),
        (PAGE[1], "agents", True),
        ({key: value for key, value in PAGE[0].items() if key != "tags"} | {"tags": ["agents"]}, "agents", False),
    ],
)
def test_tags_reach_the_role_as_the_page_says(
    task: dict[str, t.Any], tag: str, is_reached: bool, playbook: Playbook
) -> None:
    home = playbook.folder / "users"
    home.mkdir()
    given = {"codex_api_key": "sk-fleet-test-key-of-the-tags", "codex_export_api_key": False}
    run = playbook.run(
        {"host": {"ansible_connection": "local"}},
        [task],
        variables=given,
        play={"environment": {"HOME": str(home)}},
        arguments=["--tags", tag],
    )
    assert run.rc == 0, run.output
    assert (home / ".codex" / "auth.json").exists() is is_reached
