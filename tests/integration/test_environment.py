# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Who sees the exported variables: shells of all kinds, sshd, systemd, containers. And that they go again.

The role puts them there once, for users that differ in their shell and in the files they have.
"""

from __future__ import annotations

import hashlib
import pathlib
import re
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

# All in one process of xdist: they share one deployment.
pytestmark = pytest.mark.xdist_group("environment")

KEY = "fleet-test-key-environment"
# Every character that is allowed in a value.
EXTRA = "aZ09_@%+=:,./-"

SHELLS = {
    "alice": "bash",
    "bob": "zsh",
    "carol": "fish",
    "dora": "dash",
    "erin": "bash",  # .bash_profile, a linked .bashrc, no .profile
    "frank": "bash",  # an empty home
    "gina": "bash",  # uses fish, too
    "hank": "zsh",  # .zshenv is a link
}
USERS = ("alice", "dora", "tess")  # of one test alone
FAR = ("bob", "carol", "erin")  # their Codex homes are elsewhere

_PREPARE = """\
set -e
useradd -m -s /bin/bash erin
cd /home/erin
rm .profile .bashrc
mkdir dotfiles
printf 'case $- in *i*) ;; *) return ;; esac\\nalias ll=ls\\n' >dotfiles/bashrc
ln -s dotfiles/bashrc .bashrc
printf '# mine, no newline at the end\\nexport MINE=1' >.bash_profile
useradd -M -s /bin/bash frank
mkdir -m 700 /home/frank
useradd -m -s /bin/bash gina
mkdir -p /home/gina/.config/fish/conf.d
echo 'set -gx MINE 1' >/home/gina/.config/fish/config.fish
useradd -m -s /usr/bin/zsh hank
mkdir /home/hank/dotfiles
echo 'export MINE=1' >/home/hank/dotfiles/zshenv
ln -s /home/hank/dotfiles/zshenv /home/hank/.zshenv
for user in erin frank gina hank; do chown -R "$user:" "/home/$user"; done
"""


class Deployed(t.NamedTuple):
    """A container after the role ran, and what its homes looked like before."""

    host: Container
    runs: list[Run]
    before: dict[str, str]
    apply: t.Callable[..., Run]


EMPTY = hashlib.sha256(b"").hexdigest()


def picture(host: Container, user: str) -> str:
    """Every path of a home with kind, mode, owner, link and digest."""
    listing = f"cd /home/{user} && find . -mindepth 1 -printf '%p %y %m %u %l\\n' | sort"
    return host.run("sh", "-c", f"{listing}; find . -type f -exec sha256sum {{}} + | sort -k 2")


def declared(**further: t.Any) -> dict[str, t.Any]:
    homes = [
        {"user": user, **({"codex_home": f"/srv/codex/{user}"} if user in FAR else {}), **further} for user in SHELLS
    ]
    return {
        "name": "role",
        "ansible.builtin.include_role": {"name": "fleet.codex.codex"},
        "vars": {"codex_homes": homes},
    }


@pytest.fixture(scope="module", name="deployed")
def _deployed(
    docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory, control: pathlib.Path
) -> t.Iterator[Deployed]:
    host = Container("shells", key)
    try:
        host.run("sh", "-c", _PREPARE)
        before = {user: picture(host, user) for user in SHELLS}

        def apply(**further: t.Any) -> Run:
            playbook = Playbook(tmp_path_factory.mktemp("play"), control)
            return playbook.run({"host": host.docker()}, [declared(**further)])

        exported = {"auth": {"api_key": KEY}, "environment": {"OPENAI_API_KEY": KEY, "EXTRA": EXTRA}}
        yield Deployed(host, [apply(**exported) for _twice in range(2)], before, apply)
    finally:
        host.remove()


def check(text: str, user: str) -> None:
    """The variables among NAME=value lines, exactly as declared."""
    seen = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    expected = {"OPENAI_API_KEY": KEY, "EXTRA": EXTRA}
    if user in FAR:
        expected["CODEX_HOME"] = f"/srv/codex/{user}"
    names = ("OPENAI_API_KEY", "EXTRA", "CODEX_HOME")
    assert {name: seen[name] for name in names if name in seen} == expected, text


def test_role_changes_once(deployed: Deployed) -> None:
    first, second = deployed.runs
    assert first.rc == second.rc == 0, first.output + second.output
    assert any(task.changed for task in first.tasks)
    assert not any(task.changed for task in second.tasks), second.output


def test_links_are_kept(deployed: Deployed) -> None:
    assert deployed.host.run("readlink", "/home/erin/.bashrc") == "dotfiles/bashrc\n"
    assert deployed.host.run("readlink", "/home/hank/.zshenv") == "/home/hank/dotfiles/zshenv\n"
    assert deployed.host.mode("/home/erin/dotfiles/bashrc") == ("erin", "644")


@pytest.mark.parametrize("user", SHELLS)
def test_su_login(user: str, deployed: Deployed) -> None:
    check(deployed.host.run("su", "-", user, "-c", "env"), user)


@pytest.mark.parametrize("user", SHELLS)
def test_ssh_login(user: str, deployed: Deployed) -> None:
    """A login shell of a real sshd, which takes its commands from standard input."""
    options = deployed.host.ssh_options()
    done = subprocess.run(
        ["ssh", "-T", *options, f"{user}@host.test"], input="env\nexit\n", capture_output=True, text=True, check=False
    )
    check(done.stdout, user)


@pytest.mark.parametrize("user", [user for user, shell in SHELLS.items() if shell != "dash"])
def test_ssh_command(user: str, deployed: Deployed) -> None:
    """`ssh host env`: neither a login shell nor an interactive one. dash reads no file at all there."""
    check(deployed.host.ssh_run(user, "env"), user)


def shell(deployed: Deployed, user: str, *command: str) -> str:
    clean = ["env", "-i", f"HOME=/home/{user}", "TERM=dumb", "PATH=/usr/bin:/bin"]
    output = ["runuser", "-u", user, "--", *clean, *command]
    done = subprocess.run(
        [*deployed.host.prefix(None), *output], capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


STARTS = [
    *((user, "bash -l") for user in ("alice", "erin", "frank", "gina")),
    *((user, f"{program} -l") for user in ("alice", "bob", "dora", "frank") for program in ("sh", "dash")),
    *((user, "bash -i") for user in ("alice", "erin", "frank", "gina")),
    *((user, f"zsh {option}") for user in ("bob", "hank") for option in ("-l", "-i", "-li", "")),
    *((user, f"fish {option}") for user in ("carol", "gina") for option in ("-l", "-i", "")),
    ("bob", "bash -l"),
    ("carol", "sh -l"),
    ("carol", "bash -l"),
]


@pytest.mark.parametrize(("user", "start"), STARTS)
def test_shell(user: str, start: str, deployed: Deployed) -> None:
    check(shell(deployed, user, *start.split(), "-c", "env"), user)


@pytest.mark.parametrize("user", SHELLS)
def test_systemd(user: str, deployed: Deployed) -> None:
    """systemd's own reader of environment.d, as a user manager runs it."""
    generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
    check(shell(deployed, user, generator), user)


_READ_ONLY = """\
set -e
mkdir -m 755 /opt/store
for name in profile bashrc; do
    printf 'export MINE=1\\n' >/opt/store/$name
    chmod 444 /opt/store/$name
    ln -sf /opt/store/$name /home/alice/.$name
done
chmod 444 /home/dora/.profile
useradd -m -s /usr/bin/tcsh tess
rm -f /home/tess/.[a-z]*
"""


def test_shell_files_that_the_user_cannot_write_cost_the_variables_alone(
    docker: None, key: pathlib.Path, playbook: Playbook
) -> None:
    """As home-manager makes them. A read-only file of the user's own can be replaced."""
    host = Container("shells", key)
    try:
        host.run("sh", "-c", _READ_ONLY)
        homes = [{"auth": {"api_key": KEY}, "environment": {"OPENAI_API_KEY": KEY}, "user": user} for user in USERS]
        task = {"name": "homes", "fleet.codex.codex_home": {"homes": homes}}
        runs = [playbook.run({"host": host.docker()}, [task], arguments=more) for more in (["--check"], [], [])]
        for run in runs:
            assert run.rc == 0, run.output
            locked, shell = run.one("homes").result["warnings"]
            assert locked.startswith("alice cannot create or replace /home/alice/.profile and /home/alice/.bashrc, so")
            assert "codex_export_api_key" in locked
            assert shell.startswith("The shell of tess, /usr/bin/tcsh, reads none of the files")
        assert [run.one("homes").changed for run in runs] == [True, True, False]
        for user in USERS:
            assert KEY in host.run("cat", f"/home/{user}/.codex/auth.json", f"/home/{user}/.codex/codex.env")
        assert host.run("cat", "/opt/store/profile", "/opt/store/bashrc") == "export MINE=1\n" * 2
        assert host.mode("/home/dora/.profile") == ("dora", "444")
        assert f"OPENAI_API_KEY={KEY}" in host.run("su", "-", "dora", "-c", "env")
    finally:
        host.remove()


def values(deployed: Deployed, user: str) -> bytes:
    folder = f"/srv/codex/{user}" if user in FAR else f"/home/{user}/.codex"
    file = deployed.host.file(f"{folder}/codex.env")
    assert (file.owner, file.mode) == (user, "600")
    return file.content


@pytest.mark.parametrize("user", ["alice", "erin"])
def test_environment_file(user: str, deployed: Deployed) -> None:
    """EnvironmentFile= needs a running systemd, which a container without privileges has not.

    Its parser is the one of environment.d, which reads the same file in test_systemd, but for what
    it expands. So no line may hold anything that is read in two ways: quotes, blanks, $, \\, # or ;.
    """
    lines = values(deployed, user).decode().split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert re.fullmatch(r"[A-Z_]+=[A-Za-z0-9_@%+=:,./-]+", line), line
    link = f"/home/{user}/.config/environment.d/60-fleet-codex.conf"
    assert deployed.host.file(link).content == "\n".join([*lines, ""]).encode()


@pytest.mark.parametrize("user", ["alice", "erin"])
def test_docker_env_file(user: str, deployed: Deployed, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "codex.env"
    file.write_bytes(values(deployed, user))
    command = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--env-file",
        str(file),
        "fleet-codex-test:bookworm",
        "env",
    ]
    check(subprocess.run(command, capture_output=True, text=True, check=True).stdout, user)


def test_zz_absent(deployed: Deployed) -> None:
    """Comes last. The users' own files are as they were, and none of ours is left."""
    for changes in (True, False):
        run = deployed.apply(state="absent")
        assert run.rc == 0, run.output
        assert any(task.changed for task in run.tasks) is changes
    # Folders, which may hold files of others by now. fish makes some for itself when it runs. Codex's empty lock files
    # stay: taking one away would split a lock that somebody holds.
    folders = r"\./\.(codex|config(/environment\.d|/fish(/conf\.d)?)?) d [0-7]+ \w+ \n|\./\.local.*\n"
    ours = re.compile(folders + rf"|({EMPTY}  )?\./\.codex/auth(\.json)?\.lock( f 600 .*)?\n")
    for user, before in deployed.before.items():
        left = [line for line in picture(deployed.host, user).splitlines(True) if line not in before.splitlines(True)]
        assert [line for line in left if not ours.fullmatch(line)] == [], user
        assert [line for line in before.splitlines(True) if line not in picture(deployed.host, user)] == [], user
        assert "OPENAI_API_KEY" not in deployed.host.run("su", "-", user, "-c", "env")
    assert deployed.host.run("find", "/srv/codex", "-type", "f", "-size", "+0") == ""
