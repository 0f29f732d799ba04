"""What one user of a host does hurts its own home at worst, and only for a time: the others are served.

Root works for three users in each request. The one in the middle is hostile: all that it owns may be as it likes.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import socket
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support.sh_program import ShProgram
from ansible_collections.fleet.codex.tests.support.target_program import FILES, TargetProgram, write

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.posix_only("on Windows the program never becomes another user, and never runs another's codex"),
]

LOCKS = ["auth.lock", "auth.json.lock"]
LOGIN = b'{"OPENAI_API_KEY": "fleet-test-of-hostile-users"}'
ENDS = ["timeout", "--signal=KILL", "60"]  # an answer comes long before
QUERIES: list[FileQuery] = [
    *FILES,
    {"name": "values", "base": "codex_home", "path": "codex.env", "details": "variables"},
    {"name": "shell", "base": "codex_home", "path": ".profile", "details": {"lines": "# mark"}},
    *[t.cast(FileQuery, {"name": name, "base": "codex_home", "path": name, "details": "lock"}) for name in LOCKS],
]
SLEEP = f"sleep 300.{os.getpid()}"  # told from those of a test that runs at the same time
HONEST = """case "$1" in --version) echo codex-cli 0.171.0 ;; *) echo Logged in using ChatGPT ;; esac"""


class Host:
    """The homes of three users below a folder of root's, and the answers for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users = [pwd.getpwnam(name) for name in ("daemon", "nobody", "bin")]
        self.homes = [folder / user.pw_name for user in self.users]
        self.hostile, self.home = self.users[1], self.homes[1]
        for home in self.homes:
            home.mkdir(mode=0o700)
        self.give_homes()
        (folder / "programs").mkdir()
        self.set_codex(HONEST)

    def give_homes(self) -> None:
        """Gives each user all that is in its home."""
        for user, home in zip(self.users, self.homes, strict=True):
            for path in (home, *home.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def set_codex(self, script: str) -> None:
        """Makes the `codex` of the host, which does this for the hostile user, and is an honest one for the others."""
        codex = self.folder / "programs" / "codex"
        codex.write_text(f'#!/bin/sh\nif [ "$(id -u)" = {self.hostile.pw_uid} ]; then\n{script}\nelse\n{HONEST}\nfi\n')
        codex.chmod(0o755)

    def requests(self, **keys: t.Any) -> list[HomeRequest]:
        """A request for each home."""
        return [
            t.cast(HomeRequest, {"user": user.pw_name, "codex_home": str(home), **keys})
            for user, home in zip(self.users, self.homes, strict=True)
        ]

    def execute(self, program: TargetProgram, operation: str, requests: list[HomeRequest], **more: t.Any) -> t.Any:
        """One execution's answers."""
        more.setdefault("wrapper", ENDS)
        environment = {"PATH": f"{self.folder}/programs:/usr/bin:/bin", **more.pop("environment", {})}
        return program.execute(t.cast(t.Any, operation), requests, environment=environment, **more)

    def describe(self, program: TargetProgram, **more: t.Any) -> HomeAnswer:
        """The answer for the hostile user's home, after a look at the others'."""
        requests = self.requests(files=QUERIES, detect_version=True, login_status=True)
        answers = self.execute(program, "describe", requests, **more)
        for answer in (answers[0], answers[2]):
            assert {facts["kind"] for facts in answer["files"].values()} == {"absent"}
            assert (answer["codex_version"], answer["login_status"]["method"]) == ("0.171.0", "chatgpt")
        assert len(program.stdout) < 1_000_000
        return t.cast(HomeAnswer, answers[1])

    def apply(self, program: TargetProgram, **more: t.Any) -> HomeAnswer:
        """The answer for the hostile user's home, after the others got their logins."""
        requests = self.requests(operations=[write("auth.json", LOGIN, None, locks=LOCKS, watch_seconds=1)])
        answers = self.execute(program, "apply", requests, **more)
        for answer, home in ((answers[0], self.homes[0]), (answers[2], self.homes[2])):
            assert [result["status"] for result in answer["results"]] == ["done"]
            assert (home / "auth.json").read_bytes() == LOGIN
        return t.cast(HomeAnswer, answers[1])


@pytest.fixture
def host(root_folder: Path) -> Host:
    """A host with three users."""
    return Host(root_folder)


def is_running(pid: int) -> bool:
    """Whether a process is there that is not dead already."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class TestCodex:
    """The `codex` of the hostile user."""

    @pytest.mark.parametrize(
        "child",
        [
            pytest.param(SLEEP, id="same-session", marks=pytest.mark.repeats("easier to end than one in another")),
            pytest.param(f"setsid {SLEEP}", id="other-session"),
            pytest.param(f"(trap '' HUP TERM; setsid {SLEEP})", id="deaf"),
        ],
    )
    def test_a_child_that_holds_its_output(self, target_program: TargetProgram, host: Host, child: str) -> None:
        """As a wrapper does that looks for updates in the background."""
        started = f"echo started >>{host.home}/started"
        host.set_codex(f"{child} & {started}; echo codex-cli 0.150.0")
        assert host.describe(target_program).get("codex_version") == "0.150.0"
        assert (host.home / "started").read_text() == "started\n" * 2
        assert sleeping() == set()

    def test_a_home_that_it_replaces_by_a_link_to_another_users(
        self, target_program: TargetProgram, host: Host
    ) -> None:
        """While it is asked for its version: the other user's home must not look like one that is declared twice."""
        inside = host.home / "codex"
        inside.mkdir(mode=0o700)
        host.give_homes()
        host.set_codex(f"mv {inside} {host.home}/away; ln -s {host.homes[0]} {inside}; {HONEST}")
        requests = host.requests(files=QUERIES, detect_version=True)
        requests[1]["codex_home"] = str(inside)
        answers = host.execute(target_program, "describe", requests)
        assert inside.is_symlink()
        assert [answer["real_home"] for answer in answers] == [str(host.homes[0]), str(inside), str(host.homes[2])]

    def test_output_without_end(self, target_program: TargetProgram, host: Host) -> None:
        host.set_codex("exec yes")
        answer = host.describe(target_program, wrapper=[*ENDS, "prlimit", "--as=600000000"])
        assert (answer["codex_version"], answer["login_status"]["method"]) == (None, "unreadable")

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param(
                f"setsid {SLEEP}", id="child", marks=pytest.mark.repeats("test_codex.py has it without users")
            ),
            pytest.param("kill -STOP $$", id="stopped"),
            pytest.param(f"exec >&- 2>&-; setsid {SLEEP}", id="closed"),
        ],
    )
    def test_no_end(self, target_program: TargetProgram, host: Host, script: str) -> None:
        host.set_codex(script)
        answer = host.describe(target_program, limits={"CODEX_TIME_LIMIT": 1})
        assert (answer["codex_version"], answer["login_status"]["method"]) == (None, "unreadable")
        assert sleeping() == set()

    def test_it_sees_nothing_of_roots_environment(self, target_program: TargetProgram, host: Host) -> None:
        """Neither what the task sets, such as a proxy with its password, nor what root's process had before."""
        host.set_codex(f'{{ env; cat /proc/$PPID/environ; }} >>"{host.home}/record" 2>&1; exit 1')
        environment = {"HTTPS_PROXY": "http://proxy:SECRETMARKER@127.0.0.1:1"}
        host.describe(target_program, environment=environment, env={**os.environ, "OF_ROOT": "SECRETMARKER"})
        record = (host.home / "record").read_text()
        assert "SECRETMARKER" not in record
        of_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
        names = set(re.findall(r"^(\w+)=", record, re.MULTILINE)) - of_shell
        assert names - {target_program.MARK_OF_CODEX} == {"HOME", "USER", "LOGNAME", "PATH", "LANG", "CODEX_HOME"}
        assert f"USER={host.hostile.pw_name}\n" in record


def sleeping() -> set[int]:
    """The processes that SLEEP of this test process left."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == SLEEP.replace(" ", "\0").encode() + b"\0" and is_running(int(path.parts[2])):
                found.add(int(path.parts[2]))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("operation", ["describe", "apply"])
def test_a_user_that_stops_all_processes_of_its_own(target_program: TargetProgram, host: Host, operation: str) -> None:
    """Also those that root made for it. In a namespace of its own, since users of the machine are not only this test's.

    Their `codex` never ends and their lock is never free, so that the process is there to be stopped.
    """
    host.set_codex("sleep 300")
    lock = shlex.quote(f"{host.home}/auth.lock")
    attack = f"exec 9>>{lock}; flock 9; echo ready >{host.home}/ready; while :; do kill -STOP -1; done"
    as_user = f"setpriv --reuid={host.hostile.pw_uid} --regid={host.hostile.pw_gid} --clear-groups"
    setup = f'{as_user} sh -c {shlex.quote(attack)} & until test -e {host.home}/ready; do :; done; "$@"'
    wrapper = [*ENDS, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", setup, "sh"]
    limits = {"CHILD_TIME_LIMIT": 2, **({"CODEX_TIME_LIMIT": 1} if operation == "describe" else {})}
    if operation == "apply":
        error = host.apply(target_program, wrapper=wrapper, limits=limits).get("error")
        seconds = ["2"]
    else:
        requests = host.requests(files=[], login_status=True)
        answers = host.execute(target_program, "describe", requests, wrapper=wrapper, limits=limits)
        assert [answers[n]["login_status"]["method"] for n in (0, 2)] == ["chatgpt"] * 2
        error = answers[1].get("error")
        # Those of the child, and with those of codex where the child was stopped only while it asked that.
        seconds = ["2", "3"] if isinstance(target_program, ShProgram) else ["3"]
    assert error in [{"reason": "too_slow", "user": host.hostile.pw_name, "seconds": limit} for limit in seconds]


def test_unsaved_logins_in_any_number(target_program: TargetProgram, host: Host) -> None:
    for number in range(500):
        (host.home / f".auth-{number}").write_bytes(b"{")
    host.give_homes()
    answer = host.describe(target_program)
    assert (len(answer["unsaved_logins"]), answer["all_unsaved_logins"]) == (20, False)
    assert answer["all_profiles"]


@pytest.mark.not_in_sh("a pattern of the shell goes through all names")
def test_names_in_any_number(target_program: TargetProgram, host: Host) -> None:
    for number in range(20_000):
        (host.home / f"name-{number}").touch()
    for number in range(500):
        (host.home / f".fleet-codex-{number}").touch()
    host.give_homes()
    answer = host.describe(target_program)
    assert (answer["all_profiles"], answer["all_unsaved_logins"]) == (False, False)
    assert len(answer["leftovers"]) == 100


def make_fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_device(path: Path) -> None:
    """A user cannot make one, but may have got one, as in a container."""
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 7))


@pytest.mark.parametrize(
    ("make", "kind"), [(make_fifo, "fifo"), (make_socket, "socket"), (Path.mkdir, "directory"), (make_device, "device")]
)
def test_anything_but_a_file(
    target_program: TargetProgram, host: Host, make: t.Callable[[Path], None], kind: str
) -> None:
    for name in ("auth.json", "config.toml", "codex.env", ".profile", ".auth-x", "x.config.toml", *LOCKS):
        make(host.home / name)
    host.give_homes()
    answer = host.describe(target_program)
    assert {facts["kind"] for facts in answer["files"].values()} == {kind}
    assert [facts["kind"] for facts in answer["unsaved_logins"]] == [kind]
    answer = host.apply(target_program)
    assert [result["status"] for result in answer["results"]] != ["done"]


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize(("make", "codes"), [(make_socket, {"ENXIO"}), (Path.mkdir, {"EISDIR"})])
def test_anything_but_a_lock_file(
    target_program: TargetProgram, host: Host, name: str, make: t.Callable[[Path], None], codes: set[str]
) -> None:
    make(host.home / name)
    host.give_homes()
    (result,) = host.apply(target_program)["results"]
    assert (result["status"], result["path"]) == ("failed", str(host.home / name))
    assert result["code"] in codes
    assert not (host.home / "auth.json").exists()


@pytest.mark.not_in_sh("contents travel, so the answer is as large as the files")
def test_digits_without_end(target_program: TargetProgram, host: Host) -> None:
    """Where they are not too many to be read, one number of them would take some Pythons minutes, and the answer be
    as large as the file."""
    few, many = b"1" * 3_500_000, b"1" * 60_000_000
    (host.home / "auth.json").write_bytes(many)
    (host.home / "config.toml").write_bytes(many)
    (host.home / ".auth-x").write_bytes(b'{"x": ' + few + b"}")
    (host.home / "codex.env").write_bytes(b"N" + few + b"=x\n")
    (host.home / ".profile").write_bytes(few + b" # mark\n")
    host.give_homes()
    answer = host.describe(target_program)
    assert [answer["files"][name]["kind"] for name in ("auth", "config")] == ["oversized"] * 2
    assert answer["unsaved_logins"][0]["auth"] == {"malformed": True}
    assert len(answer["files"]["values"]["variables"]) == len(answer["files"]["shell"]["lines"]) == 1
