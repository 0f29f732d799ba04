# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Commands of several pages run as they are printed, with the files that the page shows.

Where a command asks for the password of a vault, a file gives it. The hosts of an inventory are containers.
"""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import api_key_document, encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.pages import Block, blocks, steps
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .journeys import put_codex

KEY = "fleet-test-key-pages"
USER = "4242"  # the number of ci where a container is started


def found(page: str, words: str, language: str | None = None) -> Block:
    """The one block of a page with these words."""
    (block,) = (block for block in blocks(page, language) if words in block.text)
    return block


ROLE = "roles/codex/README.md"
README_PLAY = found("README.md", "fleet.codex.codex", "yaml")
README_RUN = found("README.md", "ansible-playbook", "console")
WINDOWS_PLAY = found("docs/windows.md", "- role: fleet.codex.codex", "yaml")
WINDOWS_RUN = found("docs/windows.md", "ansible-playbook", "console")
WITH_WINDOWS, WITH_WSL = (block for block in blocks("docs/windows.md", "yaml") if block.first_line == "all:")
BY_GROUP = [
    block for page in ("docs/windows.md", ROLE) for block in blocks(page) if "group_vars/" in (block.file or "")
]
LOGIN_FILE = found("docs/chatgpt-logins.md", "codex login", "console")
COLLECT = found("docs/chatgpt-logins.md", "fleet.codex.collect", "console")
CONFIG_PLAY = found("docs/config.md", "# codex.yml")
CONFIG_RUN = found("docs/config.md", "codex.yml --check --diff", "console")
CONFIG_DIFF = found("docs/config.md", "TASK [", "text")
LOOK = found("docs/troubleshooting.md", "fleet.codex.status", "console")
UNIT = found(ROLE, "EnvironmentFile", "ini")
IN_DOCKER = [found(ROLE, "docker run"), *(b for b in blocks("docs/containers.md", "console") if "docker run" in b.text)]
RUN = [
    *(README_PLAY, README_RUN, WINDOWS_PLAY, WINDOWS_RUN, WITH_WINDOWS, WITH_WSL, *BY_GROUP, LOGIN_FILE, COLLECT),
    *(CONFIG_PLAY, CONFIG_RUN, CONFIG_DIFF, LOOK, UNIT, *IN_DOCKER),
]


class Folder:
    """Somebody's folder, from which commands are run."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.path = playbook.folder
        self.write("password", "fleet-test-password")
        # What is there by itself where people keep their own.
        configuration = (self.path / "ansible.cfg").read_text()
        self.write("ansible.cfg", re.sub(r"^inventory = .*\n", "", configuration, flags=re.M))

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def inventory(self, path: str, group: str, **hosts: t.Mapping[str, t.Any]) -> None:
        self.write(path, json.dumps({group: {"hosts": hosts, "vars": {"vault_openai_api_key": KEY}}}))

    def run(self, command: str, callback: str = "ansible.posix.json") -> Run:
        given = command.replace("--ask-vault-pass", "--vault-password-file=password").replace("@prompt", "@password")
        run = self.playbook.shell(given, callback)
        assert run.rc == 0, run.output
        assert KEY not in run.output
        return run

    def run_all(self, block: Block, more: str = "") -> list[list[str]]:
        """For each command of a block, the names of the tasks that changed something."""
        runs = [self.run(f"{step.command} {more}") for step in steps(block)]
        assert all(run.tasks for run in runs)
        return [[task.name for task in run.tasks if task.changed] for run in runs]


@pytest.fixture(name="folder")
def _folder(playbook: Playbook) -> Folder:
    return Folder(playbook)


# ------------------------------------------------------------------------------------------ the first deployment


def test_the_commands_of_the_readme(folder: Folder, container: Container) -> None:
    folder.write("codex.yml", README_PLAY.text)
    folder.inventory("hosts", "servers", server1=container.docker())
    task = ["fleet.codex.codex : Log in to Codex as alice"]
    assert folder.run_all(README_RUN) == [task, task]
    assert folder.run_all(README_RUN) == [[], []]
    assert json.loads(container.file("/home/alice/.codex/auth.json").content)["OPENAI_API_KEY"] == KEY


@pytest.mark.parametrize("page", ["docs/windows.md", ROLE])
def test_one_playbook_for_linux_and_windows(page: str, folder: Folder, container: Container) -> None:
    """It runs on the host with Linux; the one with Windows gets the same variables, but for those of its group."""
    linux, windows = (block for block in BY_GROUP if block.page == page)
    for block in (linux, windows):
        folder.write(block.file or "", block.text)
    folder.write("hosts.yml", WITH_WINDOWS.text)
    folder.write("codex.yml", WINDOWS_PLAY.text)
    folder.write("host_vars/linux1.yml", json.dumps({**container.docker(), "vault_openai_api_key": KEY}))
    container.run("useradd", "-m", "ci", check=False)
    changes = folder.run_all(WINDOWS_RUN, "--limit linux1")
    assert [len(names) for names in changes] == [1, 1]
    assert folder.run_all(WINDOWS_RUN, "--limit linux1") == [[], []]
    assert container.exists(f"{yaml.safe_load(linux.text)['codex_home']}/auth.json")
    shown = json.loads(folder.run("ansible-inventory -i hosts.yml --host windows1").stdout)
    of_group = yaml.safe_load(windows.text)
    assert {name: shown.get(name) for name in of_group} == of_group
    assert (shown["ansible_shell_type"], shown["ansible_become"]) == ("powershell", False)


def test_the_inventory_with_wsl(folder: Folder) -> None:
    """WSL is a host of its own, in the same group."""
    folder.write("hosts.yml", WITH_WSL.text)
    shown = json.loads(folder.run("ansible-inventory -i hosts.yml --list").stdout)
    assert shown["workstations"]["children"] == ["windows", "wsl"]
    assert (shown["windows"]["hosts"], shown["wsl"]["hosts"]) == (["windows1"], ["windows1-ubuntu"])
    wsl = shown["_meta"]["hostvars"]["windows1-ubuntu"]
    assert (wsl["ansible_host"], "ansible_shell_type" in wsl, "ansible_become" in wsl) == ("windows1", False, False)


# ------------------------------------------------------------------------------------------ ChatGPT logins

CODEX = """\
#!/bin/sh
# In place of codex: somebody signs in with a browser, or does not.
[ "$*" = login ] && [ -d "$CODEX_HOME" ] && [ ! -e "$CODEX_HOME/auth.json" ] && [ -e signed-in ] || exit 1
cp signed-in "$CODEX_HOME/auth.json"
"""


def test_a_login_is_made_for_a_file(folder: Folder) -> None:
    """It is encrypted before it is in the repository, and nothing is left elsewhere; where nobody signs in, no file."""
    folder.write("bin/codex", CODEX, 0o755)
    folder.playbook.env = {
        "PATH": f"{folder.path}/bin:{folder.playbook.environment('default')['PATH']}",
        "ANSIBLE_VAULT_PASSWORD_FILE": "password",  # of a new file, it asks twice
    }
    command = "\n".join(step.command for step in steps(LOGIN_FILE))
    file = folder.path / "credentials" / "host1" / "alice" / "auth.json"
    assert folder.playbook.shell(command).rc != 0
    assert not file.exists()
    for left in folder.playbook.tmp.glob("tmp.*"):
        left.rmdir()
    folder.write("signed-in", encode(login("alice")))
    folder.run(command)
    assert file.read_text().startswith("$ANSIBLE_VAULT;")
    assert json.loads(folder.run(f"ansible-vault view {file}").stdout) == login("alice")
    assert list(folder.playbook.tmp.glob("tmp.*")) == []


def test_renewed_logins_are_collected(folder: Folder, container: Container) -> None:
    folder.inventory("hosts", "servers", host1={**container.docker(), "codex_user": "alice"})
    container.write("/home/alice/.codex/auth.json", encode(login("alice")), "alice")
    (step,) = steps(COLLECT)
    assert any(task.changed for task in folder.run(step.command).tasks)
    assert not any(task.changed for task in folder.run(step.command).tasks)
    (file,) = (folder.path / "credentials").rglob("auth.json")
    assert file.relative_to(folder.path / "credentials").parts == ("host1", "alice", "auth.json")
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;codex\n")


# ------------------------------------------------------------------------------------------ settings

OLD = """\
mcp_servers.old.command = "old-server"
projects."/srv/gone".trust_level = "trusted"
model = "gpt-5-mini"
"""


def test_the_diff_of_settings(folder: Folder, container: Container) -> None:
    container.write("/home/alice/.codex/config.toml", OLD, "alice")
    folder.inventory("hosts", "servers", server1=container.docker())
    folder.write("codex.yml", CONFIG_PLAY.text)
    (step,) = steps(CONFIG_RUN)
    shown = folder.run(step.command, callback="default").stdout
    assert CONFIG_DIFF.text in shown
    assert container.file("/home/alice/.codex/config.toml").content == OLD.encode()


def test_the_first_look_at_trouble(folder: Folder, container: Container) -> None:
    put_codex(container, binary("0.34.0"))
    container.write("/home/alice/.codex/auth.json", "{", "alice")
    folder.inventory("hosts", "servers", server1=container.docker())
    (step,) = steps(LOOK)
    shown = folder.run(step.command, callback="default").stdout
    assert "/home/alice/.codex/auth.json is not an auth.json that Codex can read" in shown


# ------------------------------------------------------------------------------------------ services and containers


def test_a_service_reads_the_file_that_the_role_makes(folder: Folder, container: Container) -> None:
    """The role's task for ci makes it where the unit looks; test_environment.py has systemd's parser."""
    user, file = (re.search(rf"^{name}=(\S+)$", UNIT.text, re.M) for name in ("User", "EnvironmentFile"))
    assert user and file
    container.run("useradd", "-m", user[1], check=False)
    home = str(pathlib.PurePosixPath(file[1]).parent)
    variables = {"codex_user": user[1], "codex_home": home, "codex_api_key": KEY}
    play = [{"hosts": "all", "roles": [{"role": "fleet.codex.codex", "vars": variables}]}]
    folder.inventory("hosts", "agents", agent1=container.docker())
    folder.write("codex.yml", json.dumps(play))
    folder.run("ansible-playbook -i hosts codex.yml")
    written = container.file(file[1])
    assert (written.owner, f"OPENAI_API_KEY={KEY}\n".encode() in written.content) == ("ci", True)


@pytest.mark.parametrize("block", IN_DOCKER, ids=lambda block: block.first_line)
def test_a_container_uses_a_folder_of_its_host(docker: None, block: Block, folder: Folder) -> None:
    """The folder and the image are the test's own, and the real codex in it says that it is logged in."""
    home = folder.path / "ci"
    folder.write("ci/auth.json", encode(api_key_document(KEY)), 0o600)
    folder.write("ci/codex.env", f"CODEX_HOME=/codex\nOPENAI_API_KEY={KEY}\n", 0o600)
    folder.write("bin/id", f'#!/bin/sh\n[ "$*" = "-u ci" ] && echo {USER}\n', 0o755)
    folder.playbook.env = {"PATH": f"{folder.path}/bin:{folder.playbook.environment('default')['PATH']}"}
    owner = int(USER) if "id -u ci" in block.text else 0
    for path in (home, *home.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)
    as_root = "docker run --rm --network none fleet-codex-test:bookworm".replace(" f", f" --volume {home}:/ci f")
    folder.run(f"{as_root} chown -R {owner} /ci")
    (step,) = steps(block)
    assert step.command.endswith("…") and "/srv/codex/ci" in step.command
    volume = f"--volume {binary('0.34.0')}:/usr/local/bin/codex:ro"
    more = f"--volume {home}:/codex" if "env-file" in step.command else ""
    more += " --env HOME=/home/ci" if "/home/ci" in step.command else ""
    command = f"--rm --network none {volume} {more} fleet-codex-test:bookworm codex login status"
    command = step.command.replace("/srv/codex/ci", str(home)).replace("…", command)
    run = folder.playbook.shell(command)
    assert (run.rc, "Logged in using an API key" in run.output) == (0, True), run.output
