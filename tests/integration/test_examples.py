# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every example of the documentation runs as it is printed."""

from __future__ import annotations

import importlib
import json
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .authority import make_authority

ELSEWHERE = {"molecule.md"}  # its scenario is run by test_molecule_docs.py
PAGES = (
    "README.md",
    "roles/codex/README.md",
    *(f"docs/{path.name}" for path in sorted((CHECKOUT / "docs").glob("*.md")) if path.name not in ELSEWHERE),
)


@pytest.fixture(name="codex", scope="session")
def _codex() -> bytes:
    """A real codex, a small one."""
    return binary("0.34.0").read_bytes()


# Where a Debian's Python looks for authorities, and the one of the example; neither is there by itself.
AUTHORITIES = ("/usr/lib/ssl/cert.pem", "/etc/ssl/certs/example.pem")


# In place of npm: a codex of the version that the examples name. test_install.py has a real one.
NPM = """\
#!/bin/sh
printf '#!/bin/sh\\necho codex-cli 0.171.0\\n' >/usr/local/bin/codex
"""


@pytest.fixture(name="api")
def _api(container: Container, tmp_path: pathlib.Path) -> t.Iterator[None]:
    """The API, a gateway to it and a proxy, in the container: names, ports and certificates are right."""
    names = ["api.openai.com", "gateway.example.com", "proxy.example.com"]
    authority = make_authority(tmp_path, names)
    for path in AUTHORITIES:
        container.write(path, authority.trusted.read_bytes(), mode="644")
    for name, path in (("certificate", authority.certificate), ("key", authority.key)):
        container.write(f"/srv/api/{name}.pem", path.read_bytes())
    container.write("/srv/api/responses_api.py", pathlib.Path(__file__).with_name("responses_api.py").read_bytes())
    hosts = container.file("/etc/hosts").content
    container.run("tee", "-a", "/etc/hosts", data=f"127.0.0.1 {' '.join(names)}\n".encode())
    command = ["python3", "/srv/api/responses_api.py", "/srv/api/certificate.pem", "/srv/api/key.pem"]
    with subprocess.Popen(
        [*container.prefix(None), "sh", "-c", 'echo $$; exec "$@"', "sh", *command], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        pid = server.stdout.readline().strip()
        assert server.stdout.readline() == "ready\n"
        yield
        container.run("kill", pid)
    container.run("tee", "/etc/hosts", data=hosts)
    container.run("rm", *AUTHORITIES)


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


def test_the_page_asks_the_api(container: Container, playbook: Playbook, api: None) -> None:
    (block,) = (block for block in BLOCKS.values() if "codex_api_key_info" in block)
    variables = {"vault_openai_api_key": "fleet-test-key-examples"}
    run = playbook.run({"host": container.docker()}, yaml.safe_load(block), variables=variables)
    assert run.changes() == [False, False]


BLOCKS = {
    f"{page}-{number}": block
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", (CHECKOUT / page).read_text(), re.DOTALL))
}


def play_of(block: str) -> list[t.Any] | None:
    """The plays that a block of a page is, or a play of the tasks that it lists; None for anything else."""
    data = yaml.safe_load(block)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return None
    plays = data if "hosts" in data[0] else [{"hosts": "all", "tasks": data}]
    return plays if "tasks" in plays[0] or "roles" in plays[0] else None


def test_the_pages_yaml(playbook: Playbook) -> None:
    """Whole plays pass Ansible's own check, lists of tasks do within a play; anything else is at least YAML."""
    plays = {name.replace("/", "-"): play_of(block) for name, block in BLOCKS.items()}
    names = [f"{name}.yml" for name, data in plays.items() if data]
    for name in names:
        (playbook.folder / name).write_text(json.dumps(plays[name.removesuffix(".yml")]))
    assert len(names) > 10
    run = playbook.run({"host": {}}, [], name=names[0], arguments=[*names[1:], "--syntax-check"], callback="default")
    assert run.rc == 0, run.output
    assert [name for name in names if f"playbook: {name}" not in run.output] == []
