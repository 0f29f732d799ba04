# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""`make release` in a copy of this checkout, with what is not committed yet: what it tries, refuses, writes and leaves.

The test of the whole run is also the one that builds the archive, installs it and has Galaxy's importer check it.
"""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.fleet.codex.tests.environment.release import parts
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT, ENVIRONMENT
from ansible_collections.fleet.codex.tests.support.skips import unavailable

CHANGELOG = yaml.safe_load((CHECKOUT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))
NEWEST = max(CHANGELOG["releases"], key=parts)
NEXT = f"{parts(NEWEST)[0]}.{parts(NEWEST)[1] + 1}.0"
STEPS = ["changelog", "archive", "importer", "environment", "role-2.17", "role-2.21", "site"]
FRAGMENT = "---\nminor_changes:\n  - codex_home - a change for a test.\n"
IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]


class Checkout:
    """A git repository with what is in this checkout, all of it committed, and with a fragment if there was none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(folder)], check=True)
        subprocess.run(["git", "rm", "-r", "--quiet", "--ignore-unmatch", "."], cwd=folder, check=True)
        copy = (
            "git ls-files -z --cached --others --exclude-standard"
            " | tar --create --null --files-from - --ignore-failed-read 2>/dev/null"
            ' | tar --extract --directory "$1"'
        )
        subprocess.run(["sh", "-c", copy, "sh", str(folder)], cwd=CHECKOUT, check=True)
        self.fragments = folder / "changelogs" / "fragments"
        self.fragments.mkdir(exist_ok=True)
        self.commit()

    def git(self, *arguments: str) -> str:
        command = ["git", *IDENTITY, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A state for a test")

    def add_fragment(self, text: str = FRAGMENT) -> None:
        (self.fragments / "test.yml").write_text(text, encoding="utf-8")
        self.commit()

    def state(self) -> tuple[str, ...]:
        """What a release must leave alone: the files, the commits, the tags and the branches."""
        return self.git("status", "--porcelain"), self.git("log", "-1"), self.git("tag"), self.git("branch", "--all")

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs release.sh of this checkout on the copy: an own one would install all packages once more."""
        command = ["sh", str(ENVIRONMENT / "release.sh"), *arguments, str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_the_whole_run_shows_each_step_and_leaves_the_checkout_alone(checkout: Checkout) -> None:
    known = subprocess.run(["sh", str(ENVIRONMENT / "cores.sh"), "2.21"], capture_output=True, text=True, check=False)
    if known.returncode == 3:
        unavailable(known.stderr)
    checkout.add_fragment()
    before = checkout.state()
    done = checkout.release(NEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    _title, *steps = done.stdout.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in steps] == STEPS
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert commands[-3:] == [
        f"git tag --annotate {NEXT} --message 'fleet.codex {NEXT}'",
        f"git push origin HEAD {NEXT}",
        f"ansible-galaxy collection publish fleet-codex-{NEXT}.tar.gz",
    ]
    assert checkout.state() == before


def test_what_is_written_is_the_version_and_the_changelog(checkout: Checkout) -> None:
    checkout.add_fragment()
    others = len(list(checkout.fragments.iterdir()))
    _status, *before = checkout.state()
    done = checkout.release("--write", NEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    _status, *after = checkout.state()
    assert after == before  # no commit, no tag
    changed = [line.split() for line in checkout.git("status", "--porcelain").splitlines()]
    pages = {path for kind, path in changed if kind == "M" and path.startswith("docs/")}
    assert {path for kind, path in changed if kind != "D"} - pages == {
        "CHANGELOG.md",
        "changelogs/changelog.yaml",
        "galaxy.yml",
    }
    assert sum(kind == "D" and path.startswith("changelogs/fragments/") for kind, path in changed) == others
    assert yaml.safe_load((checkout.folder / "galaxy.yml").read_text(encoding="utf-8"))["version"] == NEXT
    assert "a change for a test" in (checkout.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f'version: "{NEXT}"' in (checkout.folder / "docs" / "install.md").read_text(encoding="utf-8")

    checkout.commit()
    done = checkout.release("--write", NEXT)
    assert (done.returncode, "prepared" in done.stdout) == (1, True), done.stdout
    assert f"The changelog has {NEXT} already. There is nothing to write." in done.stderr
    assert checkout.git("status", "--porcelain") == ""


def broken_fragment(checkout: Checkout) -> str:
    checkout.add_fragment("---\nminor_changes: not a list\n")
    return NEXT


def edited_changelog(checkout: Checkout) -> str:
    """Somebody wrote into CHANGELOG.md of a prepared release what is not in changelog.yaml."""
    for fragment in checkout.fragments.iterdir():
        fragment.unlink()
    with (checkout.folder / "CHANGELOG.md").open("a", encoding="utf-8") as file:
        file.write("* one more\n")
    checkout.commit()
    return NEWEST


@pytest.mark.parametrize("broken", [broken_fragment, edited_changelog])
def test_a_step_that_fails_is_named_and_nothing_is_changed(
    checkout: Checkout, broken: t.Callable[[Checkout], str]
) -> None:
    version = broken(checkout)
    before = checkout.state()
    for write in ([], ["--write"]):
        done = checkout.release(*write, version)
        assert done.returncode == 1
        _title, line, *_end = done.stdout.splitlines()
        assert (line.split()[0], line.split()[-1]) == ("changelog", "FAILED")
        assert "The step changelog failed, and the checkout is as it was." in done.stderr
        assert {broken_fragment: "minor_changes", edited_changelog: "-* one more"}[broken] in done.stdout
        assert checkout.state() == before


def test_uncommitted_changes_are_refused(checkout: Checkout) -> None:
    (checkout.folder / "new.txt").touch()
    done = checkout.release(NEXT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fleet.codex: There are uncommitted changes.")


@pytest.mark.parametrize(
    ("version", "message"),
    [("", "VERSION is missing"), ("next", "VERSION next is no semantic version"), ("0.0.1", "VERSION 0.0.1 is older")],
)
def test_a_wrong_version_is_refused(checkout: Checkout, version: str, message: str) -> None:
    done = checkout.release(version)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"fleet.codex: {message}")
    assert len(done.stderr.splitlines()) == 1
