# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every example of the documentation runs as it is printed."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import pathlib
import re
import subprocess

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils.arguments import MODULES
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

from .hosts import Container
from .playbook import CHECKOUT, Playbook

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
PAGES = ("README.md", "roles/codex/README.md", "docs/guide.md")


def login(name: str) -> str:
    return json.dumps(
        chatgpt_document(name, f"{name}@example.com", "plus", last_refresh=NOW, access_expires=NOW, marker=name)
    )


@pytest.fixture(name="codex", scope="session")
def _codex() -> bytes:
    """A real codex, a small one."""
    script = CHECKOUT / "tests" / "environment" / "codex.sh"
    done = subprocess.run(["sh", str(script), "0.34.0"], capture_output=True, text=True, check=True)
    return pathlib.Path(done.stdout.strip()).read_bytes()


@pytest.mark.parametrize("module", MODULES)
def test_the_modules_examples(module: str, container: Container, playbook: Playbook, codex: bytes) -> None:
    container.run("sh", "-c", "id ci >/dev/null 2>&1 || useradd -r -d /nonexistent -s /usr/sbin/nologin ci")
    container.write("/usr/local/bin/codex", codex, mode="755")
    for name in ("alice", "bob"):
        file = playbook.folder / "credentials" / name / "auth.json"
        file.parent.mkdir(parents=True)
        file.write_text(login(name))
    documentation = importlib.import_module(f"ansible_collections.fleet.codex.plugins.modules.{module}")
    tasks = yaml.safe_load(documentation.EXAMPLES)
    variables = {
        "vault_openai_api_key": "fleet-test-key-examples",
        "vault_codex_access_token": "at-fleet-test-examples",
        "vault_codex_auth_ci": login("ci"),
    }
    if module == "codex_auth_fetch":
        container.write("/home/alice/.codex/auth.json", login("alice"), "alice")
        container.write("/srv/codex/ci/auth.json", login("ci"), "ci")
    (playbook.folder / "password").write_text("fleet-test-password")
    secrets = ["--vault-id", "codex@password"]
    run = playbook.run({"host": container.docker()}, tasks, variables=variables, arguments=secrets)
    assert run.rc == 0, run.output
    assert len(run.tasks) == len(tasks)
    assert any(task.changed for task in run.tasks) is (module != "codex_info")


BLOCKS = {
    f"{page}-{number}": block
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", (CHECKOUT / page).read_text(), re.DOTALL))
}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_pages_yaml(name: str, playbook: Playbook) -> None:
    """Whole plays pass Ansible's own check, lists of tasks do within a play; anything else is at least YAML."""
    data = yaml.safe_load(BLOCKS[name])
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return
    plays = data if "hosts" in data[0] else [{"hosts": "all", "tasks": data}]
    if "tasks" not in plays[0] and "roles" not in plays[0]:
        return
    (playbook.folder / "page.yml").write_text(json.dumps(plays))
    run = playbook.run({"host": {}}, [], arguments=["page.yml", "--syntax-check"], callback="default")
    assert run.rc == 0, run.output
