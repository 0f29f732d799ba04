# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every example of the modules' documentation runs as it is printed."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .examples import NPM, serve_api


@pytest.fixture(name="codex", scope="session")
def _codex() -> bytes:
    """A real codex, a small one."""
    return binary("0.34.0").read_bytes()


@pytest.fixture(name="api")
def _api(container: Container, tmp_path: pathlib.Path) -> t.Iterator[None]:
    with serve_api(container, tmp_path):
        yield


SIGN_IN = "codex_remote_login"
"""Somebody has to sign in for its examples: test_remote_login.py runs tasks like them."""


@pytest.mark.parametrize("module", [name for name in MODULES if name != SIGN_IN])
def test_the_modules_examples(module: str, container: Container, playbook: Playbook, codex: bytes, api: None) -> None:
    container.run("sh", "-c", "id ci >/dev/null 2>&1 || useradd -r -d /nonexistent -s /usr/sbin/nologin ci")
    container.write("/usr/local/bin/codex", codex, mode="755")
    for name in ("alice", "bob"):
        file = playbook.folder / "credentials" / "host" / name / "auth.json"
        file.parent.mkdir(parents=True)
        file.write_text(encode(login(name)))
    documentation = importlib.import_module(f"ansible_collections.fleet.codex.plugins.modules.{module}")
    tasks = yaml.safe_load(documentation.EXAMPLES)
    variables = {
        "vault_openai_api_key": "fleet-test-key-examples",
        "vault_codex_access_token": "at-fleet-test-examples",
        "vault_codex_auth_ci": encode(login("ci")),
    }
    if module == "codex_auth_fetch":
        container.write("/home/alice/.codex/auth.json", encode(login("alice")), "alice")
        container.write("/srv/codex/ci/auth.json", encode(login("ci")), "ci")
    if module == "codex_program":
        container.write("/usr/local/bin/npm", NPM, mode="755")
    (playbook.folder / "password").write_text("fleet-test-password")
    secrets = ["--vault-id", "codex@password"]
    # What is delegated to the controller goes to the container, too.
    hosts = {"host": container.docker(), "localhost": container.docker()}
    run = playbook.run(hosts, tasks, variables=variables, play={"hosts": "host"}, arguments=secrets)
    container.run("rm", "-f", "/usr/local/bin/npm", "/usr/local/bin/codex")
    assert run.rc == 0, run.output
    assert len(run.tasks) == len(tasks)
    assert any(task.changed for task in run.tasks) is not module.endswith(("_info", "_report"))


def test_the_examples_of_a_sign_in_are_tasks(playbook: Playbook) -> None:
    documentation = importlib.import_module(f"ansible_collections.fleet.codex.plugins.modules.{SIGN_IN}")
    tasks = yaml.safe_load(documentation.EXAMPLES)
    run = playbook.run({"host": {}}, tasks, arguments=["--syntax-check"], callback="default")
    assert (run.rc, {f"fleet.codex.{SIGN_IN}"} <= {key for task in tasks for key in task}) == (0, True), run.output
