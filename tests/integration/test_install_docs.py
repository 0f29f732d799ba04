# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every command of docs/install.md as it is printed, on a new Debian. test_runner.py has the playbook for AWX.

In place of Galaxy, the archive of this checkout is installed, and git finds a repository of it in place of GitHub's.
"""

from __future__ import annotations

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.awx import check_survey
from ansible_collections.fleet.codex.tests.support.pages import Block, blocks, steps
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

from .newcomer import FOR_APT, PERSON, Newcomer, Reader, build_archive

PAGE = "docs/install.md"
HOME = f"/home/{PERSON}"
RUN = [block for block in blocks(PAGE) if block.not_run is None and (block.heading, block.language) != ("AWX", "yaml")]
SHORTEST = "Install"
NEW = "Without Ansible yet"
FILE = "In requirements.yml"
OFFLINE = "Without internet"
IMAGE = "Execution environments"
UPGRADE = "Upgrade"
REMOVE = "Remove"
AWX = "AWX"
GIT = "https://github.com/fleet-codex/fleet.codex.git"
pytestmark = pytest.mark.xdist_group("install")

WORKS = """fleet.codex.codex_config -a '{"settings": {"model": "gpt-5"}}'"""
"""What changes a config.toml if the packages are there, and fails without them."""


@pytest.fixture(scope="module", name="reader")
def _reader(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Reader]:
    """A new Debian with what the page installs with apt, and with git and pip."""
    newcomer = Newcomer(key, build_archive(tmp_path_factory.mktemp("archive")))
    try:
        with newcomer.shell() as shell:
            reader = Reader(PAGE, newcomer, shell, FOR_APT)
            for package in ("python3-venv", "pipx"):
                reader.type(reader.inline(f"sudo apt install {package}"))
            newcomer.apt_get("install", "--no-install-recommends", "git", "python3-pip")
            _make_repository(newcomer)
            yield reader
    finally:
        newcomer.remove()


def _make_repository(newcomer: Newcomer) -> None:
    """A git repository of the collection with the tag that the page names, which git takes for the one of GitHub."""
    data = io.BytesIO()
    done = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in done.stdout.splitlines():
            if (CHECKOUT / name).is_file() and not name.startswith("tests/"):
                archive.add(CHECKOUT / name, name)
    newcomer.run(
        "sh", "-c", f"mkdir {HOME}/remote && tar -x -C {HOME}/remote && chown -R {PERSON} {HOME}", data=data.getvalue()
    )
    (tag,) = set(re.findall(rf"{re.escape(GIT)},(\S+)", "".join(block.text for block in RUN)))
    script = f"""
    git config --global user.name fleet-test && git config --global user.email fleet-test@example.com
    git config --global url.{HOME}/remote.insteadOf {GIT}
    cd {HOME}/remote && git init -q && git add -A && git commit -q -m "fleet-test" && git tag {tag}
    """
    newcomer.run("su", "-", PERSON, "-c", script)


def under(heading: str) -> list[Block]:
    found = [block for block in RUN if block.heading == heading]
    assert found, f"{PAGE} has no blocks under {heading}"
    return found


def type_all(reader: Reader, *commands: Block) -> str:
    """Types the commands of blocks, and returns what the last one printed."""
    for block in commands:
        for step in steps(block):
            reader.type(step.command)
    return reader.last


def check_works(reader: Reader, folder: str = "") -> None:
    """Fails unless the collection works with the Ansible in a folder, or on PATH."""
    reader.type("rm -rf ~/.codex")
    output = reader.type(f"{folder}ansible localhost -m {WORKS}")
    assert "localhost | CHANGED" in output, output


def new_folder(reader: Reader) -> None:
    """Is in a new folder, without an active environment, without the collection, and without pipx's or uv's Ansible."""
    reader.type("deactivate 2>/dev/null; cd; rm -rf ~/.ansible ~/.local ~/infra; mkdir ~/infra; cd ~/infra")


def with_ansible(reader: Reader) -> None:
    """The same with an active virtual environment at the page's place, without the packages."""
    new_folder(reader)
    reader.type("[ -d ~/ansible ] || { python3 -m venv ~/ansible && ~/ansible/bin/pip install -q ansible-core; }")
    reader.type(". ~/ansible/bin/activate && pip uninstall --yes -q tomledit tomli tomli-w")


def test_all_sections_are_here() -> None:
    assert {block.heading for block in RUN} == {SHORTEST, NEW, FILE, OFFLINE, IMAGE, UPGRADE, REMOVE, AWX}


def test_the_python_of_debian_refuses_pip(reader: Reader) -> None:
    """As the page says of it, by the name of the error."""
    (block,) = under(SHORTEST)
    command = steps(block)[1].command
    output = reader.type(f"! {command}")
    assert "error: externally-managed-environment" in output


def test_a_virtual_environment(reader: Reader) -> None:
    new_folder(reader)
    environment = under(NEW)[0]
    type_all(reader, environment)
    reader.type(reader.inline(". ~/ansible/bin/activate"))
    check_works(reader)


def test_an_environment_that_has_ansible(reader: Reader) -> None:
    """The shortest way, upgrading, and removing."""
    with_ansible(reader)
    type_all(reader, *under(SHORTEST))
    check_works(reader)
    type_all(reader, *under(UPGRADE))
    check_works(reader)
    listed, *_rest = [step.command for step in steps(under(REMOVE)[0])]
    assert "fleet.codex" in reader.type(listed)
    type_all(reader, *under(REMOVE))
    assert reader.type("find ~/.ansible -path '*/fleet/codex/*'") == ""


def test_pipx(reader: Reader) -> None:
    """The command of the table is the one of the block. Without it, the first task names it."""
    new_folder(reader)
    install, inject, on_path = [step.command for step in steps(under(NEW)[1])]
    reader.type(install)
    reader.type(on_path)
    reader.type("export PATH=~/.local/bin:$PATH")  # as in a new terminal
    reader.type("ansible-galaxy collection install fleet.codex")
    assert "pipx inject" in reader.type(f"ansible localhost -m {WORKS} || true")
    assert reader.inline("pipx inject ansible-core ") == inject
    reader.type(inject)
    check_works(reader)


def test_uv(reader: Reader) -> None:
    """The command of the table is the one of the block, but for the version of Python."""
    with_ansible(reader)
    reader.type(
        "pip install -q uv && ln -s $(which uv) ~/infra/uv && deactivate && export PATH=~/infra:~/.local/bin:$PATH"
    )
    type_all(reader, under(NEW)[2])
    assert reader.inline("uv tool install ansible-core ") == reader.typed[-1].replace("--python 3.13 ", "")
    reader.type("ansible-galaxy collection install fleet.codex")
    check_works(reader)
    reader.type("uv venv -q && uv pip install -q --python .venv/bin/python ansible-core")
    reader.type(reader.inline("uv pip install --python "))
    check_works(reader, ".venv/bin/")


def test_from_a_file_and_from_git(reader: Reader) -> None:
    with_ansible(reader)
    galaxy, install, git, at_once = under(FILE)
    reader.type(steps(under(SHORTEST)[0])[1].command)
    for block in (galaxy, git):
        assert block.file
        text = re.sub(r"name: fleet\.codex\n.*", f"name: {reader.archive}", block.text)
        reader.write(f"{HOME}/infra/{block.file}", text)
        reader.type("rm -rf ~/.ansible/collections")
        type_all(reader, install)
        assert "fleet.codex" in reader.type("ansible-galaxy collection list")
    reader.type("rm -rf ~/.ansible/collections")
    type_all(reader, at_once)
    check_works(reader)


def test_without_internet(reader: Reader) -> None:
    with_ansible(reader)
    download, install = under(OFFLINE)
    type_all(reader, download)
    for step in steps(install):
        reader.type(re.sub(r"fleet-codex-[\d.]+\.tar\.gz", pathlib.Path(reader.archive).name, step.command))
    check_works(reader)


def test_an_execution_environment(tmp_path: pathlib.Path) -> None:
    """On this machine. ansible-builder writes what it would build, and finds the packages in the collection itself."""
    file, create = under(IMAGE)
    assert file.file
    archive = build_archive(tmp_path)
    (tmp_path / file.file).write_text(re.sub(r"name: fleet\.codex\n.*", f"name: {archive}", file.text))
    for step in steps(create):
        in_folder(step.command, tmp_path)
    context = tmp_path / "context"
    (made,) = context.glob("*file")  # Containerfile for podman, Dockerfile for docker
    assert 'ANSIBLE_INSTALL_REFS="ansible-core ansible-runner"' in made.read_text()
    assert (context / "_build" / "bindep.txt").read_text().split() == ["openssh-clients", "sshpass"]
    assert f"name: {archive}\n" in (context / "_build" / "requirements.yml").read_text()
    in_folder(f"ansible-galaxy collection install --offline -p there {archive}", tmp_path)
    found = in_folder("ansible-builder introspect there", tmp_path)
    for line in (CHECKOUT / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert re.search(rf"{re.escape(line)} .*# from collection fleet\.codex", found), f"{line} in\n{found}"


def in_folder(command: str, folder: pathlib.Path) -> str:
    """What a command of the tests' own environment prints."""
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"PATH": path, "HOME": str(folder), "ANSIBLE_COLLECTIONS_PATH": str(folder / "there")}
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_survey_for_awx(reader: Reader) -> None:
    with_ansible(reader)
    reader.type("ansible-galaxy collection install fleet.codex")
    type_all(reader, *under(AWX))
    check_survey(json.loads(reader.type("cat survey.json")))
