# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Root deploys for three users in one task, and one of them is hostile: it hurts itself alone, and is named."""

from __future__ import annotations

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Machine
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.skips import unavailable

HOSTILE, OTHERS = "nobody", ("daemon", "games")
KEY = "fleet-test-key-SECRETMARKER"

Prepare = t.Callable[[pathlib.Path], object]


def _broken_auth(home: pathlib.Path) -> None:
    (home / "auth.json").write_text('{"OPENAI_API_KEY": ' + "9" * 5000 + "}")


def _odd_config(home: pathlib.Path) -> None:
    (home / "config.toml").write_text("number = " + "9" * 5000 + "\n")


CASES: dict[str, tuple[Prepare, str]] = {
    "fifo": (lambda home: os.mkfifo(home / "auth.json"), "auth.json is a fifo"),
    "folder": (lambda home: (home / "auth.json").mkdir(), "auth.json is a directory"),
    "odd_auth": (_broken_auth, "is not an auth.json that Codex can read"),
    "odd_config": (_odd_config, "config.toml"),
    "lock": (lambda home: (home / "auth.lock").mkdir(), "auth.lock"),
    "writable": (lambda home: home.chmod(0o777), "can be changed by users other than root and nobody"),
    "link": (
        lambda home: (shutil.rmtree(home), home.symlink_to(home.with_name(OTHERS[0]))),
        "belongs to daemon and not",
    ),
    "way": (lambda home: (home.rmdir(), home.write_text("x")), "is not a folder"),
}


class Host:
    """This machine with a Codex home for each of the three users."""

    def __init__(self, machine: Machine, playbook: Playbook) -> None:
        self.machine, self.playbook = machine, playbook
        for user in (HOSTILE, *OTHERS):
            home = self.home(user)
            home.mkdir(mode=0o700)
            self.give(user)

    def home(self, user: str) -> pathlib.Path:
        """A user's Codex home."""
        return self.machine.folder / user

    def give(self, user: str) -> None:
        """Makes the user the owner of all that is in its home."""
        entry = pwd.getpwnam(user)
        for path in [self.home(user), *self.home(user).rglob("*")]:
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def run(self, *arguments: str, environment: dict[str, str] | None = None, **options: t.Any) -> Run:
        """codex_home for the three users, the hostile one in the middle."""
        users = (OTHERS[0], HOSTILE, OTHERS[1])
        part = {"auth": {"api_key": KEY}, "config": {"settings": {"model": "gpt-5"}}, **options}
        homes = [{"user": user, "codex_home": str(self.home(user)), **part} for user in users]
        task = {"name": "homes", "fleet.codex.codex_home": {"homes": homes}, "environment": environment or {}}
        return self.playbook.run({"host": {"ansible_connection": "local"}}, [task], arguments=arguments)

    def served(self) -> list[str]:
        """The users that have the login."""
        found = [
            f.parent.name for f in self.machine.folder.glob("*/auth.json") if f.is_file() and not f.parent.is_symlink()
        ]
        return sorted(user for user in found if KEY in (self.home(user) / "auth.json").read_text())


@pytest.fixture
def host(machine: Machine, playbook: Playbook) -> Host:
    if os.geteuid() != 0:
        unavailable("needs root")
    return Host(machine, playbook)


@pytest.mark.parametrize(
    ("case", "check_mode"),
    kept([("lock", True), *((case, False) for case in CASES)], CASES, (True, False), reason="the same before a change"),
)
def test_a_hostile_home_fails_alone(host: Host, case: str, check_mode: bool) -> None:
    prepare, words = CASES[case]
    prepare(host.home(HOSTILE))
    host.give(HOSTILE)
    run = host.run(*(["--check"] if check_mode else []))
    is_seen_late = check_mode and case == "lock"  # locks are taken for a change only
    result = run.tasks[0].result
    assert [home.get("failed", False) for home in result["homes"]] == [False, not is_seen_late, False]
    assert [home["changed"] for home in result["homes"]] == [True, is_seen_late, True]
    assert host.served() == ([] if check_mode else sorted(OTHERS))
    if not is_seen_late:
        assert run.rc != 0
        assert words in result["homes"][1]["msg"]
        assert f"{HOSTILE} ({host.home(HOSTILE)}): " in result["msg"]
    assert "SECRETMARKER" not in run.output


def test_a_codex_that_leaves_something_running_is_not_waited_for(host: Host) -> None:
    """As a wrapper with an updater in the background does; with the environment of the task it would have secrets."""
    programs = host.machine.folder / "bin"
    programs.mkdir(mode=0o755)
    codex = programs / "codex"
    seen = host.home(HOSTILE) / "seen"
    codex.write_text(
        f"#!/bin/sh\n[ $(id -un) != {HOSTILE} ] || env >{seen}\nsetsid sleep 987 &\necho codex-cli 0.150.0\n"
    )
    codex.chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HTTPS_PROXY": "http://u:SECRETMARKER@proxy.example:1"}
    run = host.run(environment=environment, codex_version="detect")
    assert run.rc == 0, run.output
    assert host.served() == sorted([HOSTILE, *OTHERS])
    assert subprocess.run(["pgrep", "-f", "^sleep 987"], check=False, stdout=subprocess.DEVNULL).returncode == 1
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"HOME", "USER", "LOGNAME", "PATH", "LANG", "CODEX_HOME"}


def test_files_of_the_whole_host_wait_for_every_login(host: Host) -> None:
    """In check mode, so that nothing is written to this machine's own /etc."""
    os.mkfifo(host.home(HOSTILE) / "auth.json")
    home = {"user": HOSTILE, "codex_home": str(host.home(HOSTILE)), "auth": {"api_key": KEY}}
    system = {"config": {"layer": "system", "settings": {"model": "gpt-5"}}}
    task = {"name": "homes", "fleet.codex.codex_home": {"homes": [home, system]}}
    run = host.playbook.run({"host": {"ansible_connection": "local"}}, [task], arguments=["--check"])
    first, second = run.tasks[0].result["homes"]
    assert "is a fifo" in first["msg"]
    assert second["msg"].startswith("Nothing was written for the whole host, since another home of this task failed")
    assert json.dumps(run.tasks[0].result["homes"]).count("failed") >= 2
