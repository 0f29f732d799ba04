# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Versions and the changelog agree with each other and with the pages, and which version can be released next."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.environment.release import RefusedError, parts, state, with_version
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT, ENVIRONMENT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
FRAGMENTS = sorted((CHECKOUT / "changelogs" / "fragments").glob("*.y*ml"))

# O(option), M(module) and the like, which antsibull-changelog does not know. It puts a backslash before a parenthesis.
MARKUP = re.compile(r"(?<!\w)(?:[BCEILMOPRUV]|RV)\\?\(")


def read(path: str) -> str:
    return (CHECKOUT / path).read_text(encoding="utf-8")


GALAXY: dict[str, t.Any] = yaml.safe_load(read("galaxy.yml"))
RELEASES: dict[str, t.Any] = yaml.safe_load(read("changelogs/changelog.yaml"))["releases"]

# ------------------------------------------------------------------------------------------------- what can be released


def test_the_first_release() -> None:
    assert state("0.2.0", [], "0.1.0", ["first.yml"]) == "new"


@pytest.mark.parametrize("version", ["0.10.1", "0.11.0", "1.0.0"])
def test_a_later_release(version: str) -> None:
    assert state(version, ["0.9.0", "0.10.0"], "0.10.0", ["change.yml"]) == "new"


def test_a_prepared_release() -> None:
    assert state("0.10.0", ["0.9.0", "0.10.0"], "0.10.0", []) == "prepared"


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0-rc.1", "01.0.0", "1.0.0\n"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(RefusedError, match="no semantic version of three numbers"):
        state(version, [], "0.1.0", ["change.yml"])


REFUSED: dict[str, tuple[str, str, list[str], str]] = {
    "older": ("0.9.9", "0.10.0", ["change.yml"], "VERSION 0.9.9 is older than 0.10.0"),
    "no_changes": ("0.11.0", "0.10.0", [], "nothing to release: changelogs/fragments is empty"),
    "changes_after_it": ("0.10.0", "0.10.0", ["change.yml"], "without what is in changelogs/fragments"),
    "another_in_galaxy": ("0.10.0", "0.9.0", [], "galaxy.yml 0.9.0. Write 0.10.0 into galaxy.yml"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_released_is_refused(name: str) -> None:
    version, in_galaxy, fragments, message = REFUSED[name]
    with pytest.raises(RefusedError, match=message):
        state(version, ["0.9.0", "0.10.0"], in_galaxy, fragments)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 0.2.0\n", "version: 0.3.0\n"),
        ('    version: ">=0.2.0,<1.0.0"\n', '    version: ">=0.3.0,<1.0.0"\n'),
        ('    version: "0.2.0"\n', '    version: "0.3.0"\n'),
        ('    version: "==0.2.0"\n', '    version: "==0.3.0"\n'),
        ('    version: "0.2.01"\n', '    version: "0.2.01"\n'),
        ('    codex_version: "0.2.0"\n', '    codex_version: "0.2.0"\n'),
        ('    version: "10.2.0"\n', '    version: "10.2.0"\n'),
        ("since 0.2.0\n", "since 0.2.0\n"),
        ("install fleet-codex-0.2.0.tar.gz\n", "install fleet-codex-0.3.0.tar.gz\n"),
        ("install git+https://x/fleet.codex.git,0.2.0\n", "install git+https://x/fleet.codex.git,0.3.0\n"),
    ],
)
def test_the_version_is_written_into_examples(before: str, after: str) -> None:
    assert with_version(before, "0.2.0", "0.3.0") == after


# --------------------------------------------------------------------------------------- what the files say of versions


def collections_in_examples() -> list[tuple[str, dict[str, t.Any]]]:
    """Page and entry of each requirement of this collection, as `collections` in a YAML block of README or docs."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```ya?ml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
            if "collections:" not in block:
                continue
            document = yaml.safe_load(block)
            lists = document if isinstance(document, dict) else {}
            entries = lists.get("collections") or lists.get("dependencies", {}).get("galaxy", {}).get("collections", [])
            found += [
                (page.name, entry)
                for entry in entries
                if isinstance(entry, dict) and re.search(r"fleet[.-]codex", entry["name"])
            ]
    return found


def test_the_newest_release_is_the_version_of_the_collection() -> None:
    assert max(RELEASES, key=parts) == GALAXY["version"]
    assert f'<a id="v{GALAXY["version"].replace(".", "-")}"></a>' in read("CHANGELOG.md")


def test_the_examples_name_the_version_of_the_collection() -> None:
    entries = collections_in_examples()
    stated = [(page, entry["version"].lstrip(">=").split(",")[0]) for page, entry in entries if "version" in entry]
    assert len(stated) >= 2
    for page in PAGES:
        commands = re.findall(
            r"/fleet\.codex\.git,([\d.]*\d)|\bfleet-codex-([\d.]*\d)", page.read_text(encoding="utf-8")
        )
        stated += [(page.name, in_git or in_archive) for in_git, in_archive in commands]
    assert [(page, version) for page, version in stated if version != GALAXY["version"]] == []


def test_nothing_says_that_it_was_added_in_a_version_that_never_was() -> None:
    """A version_added is that of a release, or of one to come."""
    wrong = []
    for folder in ("plugins", "roles"):
        for path in (CHECKOUT / folder).rglob("*"):
            if path.suffix not in (".py", ".yml"):
                continue
            for version in re.findall(r'version_added: "?([\d.]+)', path.read_text(encoding="utf-8")):
                if version not in RELEASES and parts(version) < parts(GALAXY["version"]):
                    wrong.append((path.name, version))
    assert wrong == []


def test_the_changelog_names_every_playbook() -> None:
    """antsibull-changelog finds new modules, filters and roles by itself, and playbooks in fragments alone."""
    named = {entry["name"] for release in RELEASES.values() for entry in release.get("objects", {}).get("playbook", [])}
    for fragment in FRAGMENTS:
        added = yaml.safe_load(fragment.read_text(encoding="utf-8")).get("add object.playbook", [])
        named |= {entry["name"] for entry in added}
    assert {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")} - named == set()


def test_the_changelog_has_no_markup_of_plugin_documentation() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in [CHECKOUT / "CHANGELOG.md", *FRAGMENTS]}
    assert [(name, found) for name, text in texts.items() for found in MARKUP.findall(text)] == []


# ------------------------------------------------------------------------------------------------------- ansible-core


def known_cores() -> dict[str, set[str]]:
    """The versions of ansible-core that cores.sh knows, each with the versions of Python for it."""
    script = (ENVIRONMENT / "cores.sh").read_text(encoding="utf-8")
    rows = re.findall(r"^ +(?:\w+ \| )?([\d.]+)\) core=\1\.\d+ pythons='([\d. ]+)' ;;$", script, re.M)
    return {core: set(pythons.split()) for core, pythons in rows}


def test_the_workflow_has_every_core_with_a_python_for_it() -> None:
    jobs = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    matrix = jobs["cores"]["strategy"]["matrix"]["include"]
    known = known_cores()
    assert len(known) == 5
    assert [row["core"] for row in matrix] == list(known)
    assert [row for row in matrix if row["python"] not in known[row["core"]]] == []


def test_the_files_name_the_oldest_core_and_the_newest() -> None:
    cores = list(known_cores())
    oldest, newest = cores[0], cores[-1]
    assert yaml.safe_load(read("meta/runtime.yml"))["requires_ansible"] == f">={oldest}.0"
    assert f"set -- {' '.join(cores)}\n" in (ENVIRONMENT / "every_core.sh").read_text(encoding="utf-8")
    readme = re.search(r"^\| ansible-core \| ([\d.]+) .*$", read("README.md"), re.M)
    assert readme and readme[1] == oldest
    assert f"ansible-core from {oldest} to {newest}" in read("CONTRIBUTING.md")
