"""What a target program asks the `codex` of a host: as whom, in which home, for how long, and what it reports."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import signal
import stat
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram

pytestmark = pytest.mark.not_on_wine("the codex of these tests is a shell script; test_codex_exe.py has a real one")
KEY_SHOWN = "fleet-te***KEY01"  # as `codex login status` shows a key
USUAL = ("/usr/local/bin", "/opt/homebrew/bin")


def make_codex(folder: Path, script: str) -> Path:
    """A `codex` in a folder."""
    codex = folder / "codex"
    codex.write_text(f"#!/bin/sh\n{script}\n")
    codex.chmod(0o755)
    return codex


def recording(record: Path, script: str) -> str:
    """A script that first writes to a file, one thing in a line, what `read_record` reads."""
    facts = 'id -u; id -ru; id -g; id -rg; id -G; umask; echo "$HOME"; echo "$CODEX_HOME"; echo "$@"'
    return f"{{ {facts}; }} >{shlex.quote(str(record))}\n{script}"


class Record(t.NamedTuple):
    """What a `codex` wrote about itself."""

    uid: str
    real_uid: str
    gid: str
    real_gid: str
    groups: str
    umask: str
    home: str
    codex_home: str
    arguments: str


def read_record(record: Path) -> Record:
    return Record(*record.read_text().splitlines())


def ask(
    target_program: TargetProgram, codex_home: Path, folder: Path | str, user: str | None = None, **more: t.Any
) -> HomeAnswer:
    """Both questions, with a folder at the start of the request's PATH, HOME, and a CODEX_HOME that does not count."""
    question = {"user": user, "codex_home": str(codex_home), "files": []}
    wanted = more.pop("wanted", ("detect_version", "login_status"))
    parent = codex_home.parent
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(parent), "CODEX_HOME": f"{parent}/other"}
    return target_program.execute(
        "describe", [{**question, **dict.fromkeys(wanted, True)}], environment=environment, **more
    )[0]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for a `codex`."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("codex-cli 0.169.0", "0.169.0"),
        ("codex-cli 0.140.0-alpha.2", "0.140.0-alpha.2"),
        ("codex: not found", None),
        ("codex-cli 1", None),
        ("codex-cli 0." + "1" * 5000 + ".0", None),
        ("", None),
    ],
)
def test_the_version(target_program: TargetProgram, home: Path, programs: Path, text: str, version: str | None) -> None:
    make_codex(programs, f"echo {shlex.quote(text)}")
    assert ask(target_program, home, programs)["codex_version"] == version


@pytest.mark.parametrize(
    ("text", "status", "method"),
    [
        (f"Logged in using an API key - {KEY_SHOWN}", 0, "apikey"),
        (f"API key configured - {KEY_SHOWN}", 0, "apikey"),
        ("Logged in using ChatGPT", 0, "chatgpt"),
        ("Logged in using an access token", 0, "other"),
        ("Not logged in", 1, "none"),
        ("Error checking login status: No such file or directory (os error 2)", 1, "none"),
        (f"Error checking login status: invalid value {KEY_SHOWN}", 1, "unreadable"),
        ("Logged in using ChatGPT", 1, "unreadable"),
    ],
)
def test_the_login_status_is_a_method_and_nothing_of_the_text(
    target_program: TargetProgram, home: Path, programs: Path, text: str, status: int, method: str
) -> None:
    codex = make_codex(programs, f"echo {shlex.quote(text)} >&2; exit {status}")
    answer = ask(target_program, home, programs)
    assert answer["login_status"] == {"codex": str(codex), "method": method}
    assert KEY_SHOWN not in json.dumps(answer)


def test_the_version_is_asked_in_a_scratch_home_that_is_removed(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    record = programs / "record"
    make_codex(
        programs, recording(record, 'echo written >"$CODEX_HOME/state"; echo written >"$HOME/state"; echo c 1.2.3')
    )
    answer = ask(target_program, home, programs, wanted=["detect_version"])
    assert (answer["codex_version"], "login_status" in answer) == ("1.2.3", False)
    seen = read_record(record)
    assert seen.arguments == "--version"
    for scratch in (seen.home, seen.codex_home):
        assert not Path(scratch).is_relative_to(home.parent)
        assert not os.path.exists(scratch)
    assert os.listdir(home) == []
    assert not (home.parent / "state").exists()


def test_the_login_status_is_asked_in_the_home_itself(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    record = programs / "record"
    make_codex(programs, recording(record, "echo Logged in using ChatGPT"))
    answer = ask(target_program, home, programs, wanted=["login_status"])
    assert (answer["login_status"]["method"], "codex_version" in answer) == ("chatgpt", False)
    seen = read_record(record)
    assert (seen.home, seen.codex_home, seen.arguments) == (str(home.parent), str(home), "login status")


@pytest.mark.posix_only("HOME does not count on Windows, for Codex either")
def test_codex_gets_the_home_directory_of_the_user_database(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    record = programs / "record"
    make_codex(programs, recording(record, "exit 1"))
    asked = {"user": None, "codex_home": str(home), "operations": [], "login_status": True}
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    target_program.execute("apply", [asked], environment=environment, env={**os.environ, "HOME": str(home)})
    assert read_record(record).home == pwd.getpwuid(os.geteuid()).pw_dir


def test_the_login_status_is_asked_after_the_operations(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    make_codex(programs, 'test -d "$CODEX_HOME" && echo Logged in using ChatGPT')
    make = {"operation": "directory", "base": "codex_home", "path": "", "mode": 0o700}
    asked = {"user": None, "codex_home": str(home / "codex"), "operations": [make], "login_status": True}
    answer = target_program.execute("apply", [asked], environment={"PATH": f"{programs}:/usr/bin:/bin"})[0]
    assert answer["login_status"]["method"] == "chatgpt"


@pytest.mark.posix_only("Windows has no umask")
def test_what_codex_writes_is_private_whatever_the_umask(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    make_codex(programs, 'echo written >"$CODEX_HOME/state"')
    ask(target_program, home, programs, wanted=["login_status"], umask=0)
    assert stat.S_IMODE((home / "state").stat().st_mode) == 0o600


def test_in_a_missing_home_nobody_is_logged_in_and_codex_is_not_asked(
    target_program: TargetProgram, home: Path, programs: Path
) -> None:
    record = programs / "record"
    codex = make_codex(programs, recording(record, "exit 1"))
    answer = ask(target_program, home / "missing", programs, wanted=["login_status"])
    assert answer["login_status"] == {"codex": str(codex), "method": "none"}
    assert not record.exists()


@pytest.mark.skipif(any(os.path.exists(f"{folder}/codex") for folder in USUAL), reason="this host has a codex")
class TestFinding:
    """Where a `codex` is looked for."""

    def test_no_codex(self, target_program: TargetProgram, home: Path, programs: Path) -> None:
        answer = ask(target_program, home, programs)
        assert answer["codex_version"] is None
        assert answer["login_status"] == {"codex": None, "method": "unknown"}

    @pytest.mark.posix_only("every file of that name can be a program on Windows")
    def test_a_file_that_is_no_program(self, target_program: TargetProgram, home: Path, programs: Path) -> None:
        (programs / "codex").write_text("#!/bin/sh\necho c 1.2.3\n")
        assert ask(target_program, home, programs)["login_status"] == {"codex": None, "method": "unknown"}

    @pytest.mark.parametrize("folder", [".local/bin", ".npm-global/bin", "bin"])
    def test_where_users_put_it(self, target_program: TargetProgram, home: Path, programs: Path, folder: str) -> None:
        (home.parent / folder).mkdir(parents=True)
        codex = make_codex(home.parent / folder, "echo c 1.2.3")
        assert ask(target_program, home, programs)["login_status"]["codex"] == str(codex)

    @pytest.mark.posix_only("the one PowerShell of all tests starts in one folder")
    def test_a_relative_folder_of_path_does_not_count(
        self, target_program: TargetProgram, home: Path, programs: Path
    ) -> None:
        make_codex(programs, "echo c 1.2.3")
        for relative in (".", "", "../programs"):
            assert ask(target_program, home, relative, cwd=programs)["login_status"]["codex"] is None

    def test_a_codex_that_cannot_be_started(self, target_program: TargetProgram, home: Path, programs: Path) -> None:
        codex = make_codex(programs, "")
        codex.write_text("#!/no/such/interpreter\n")
        answer = ask(target_program, home, programs)
        assert (answer["codex_version"], answer["login_status"]["method"]) == (None, "unreadable")


def is_running(pid: int) -> bool:
    """Whether a process is there that is not dead already and only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    "child",
    [
        pytest.param("sleep 60", id="child", marks=pytest.mark.repeats("easier to end than one in another session")),
        pytest.param("setsid sleep 60", id="another-session"),
    ],
)
@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("wait", (None, "unreadable")),
        pytest.param(
            "echo Logged in using ChatGPT and 0.171.0",
            ("0.171.0", "chatgpt"),
            marks=pytest.mark.posix_only("what the child of an ended process is a child of is not known on Windows"),
        ),
        ("echo Logged in using ChatGPT and 0.171.0; exec >&- 2>&-; wait", (None, "unreadable")),
    ],
    ids=["never-ends", "ends-before-its-child", "closes-its-output"],
)
def test_a_codex_is_waited_for_until_it_ends_or_its_time_is_over_and_then_ended_with_all_that_it_started(
    target_program: TargetProgram,
    home: Path,
    programs: Path,
    child: str,
    ending: str,
    expected: tuple[str | None, str],
) -> None:
    """What it printed by its end is its answer: a child may hold the output open for ever."""
    record = programs / "pids"
    make_codex(programs, f"{child} & echo $$ $! >>{shlex.quote(str(record))}; {ending}")
    try:
        answer = ask(target_program, home, programs, limits={"CODEX_TIME_LIMIT": 2})
        assert (answer["codex_version"], answer["login_status"]["method"]) == expected
        assert len(record.read_text().splitlines()) == 2
        end = time.monotonic() + 10  # the kernel may take its time on a busy machine
        while any(is_running(int(pid)) for pid in record.read_text().split()) and time.monotonic() < end:
            time.sleep(0.05)
        assert [pid for pid in record.read_text().split() if is_running(int(pid))] == []
    finally:
        for pid in record.read_text().split():
            if is_running(int(pid)):
                os.kill(int(pid), signal.SIGKILL)


@pytest.mark.needs_root
@pytest.mark.posix_only("nobody is become on Windows, and the codex of another user is never run")
class TestUsers:
    """Root has a `codex` run by the user."""

    def ask(
        self, target_program: TargetProgram, root_folder: Path, user, script: str, **more: t.Any
    ) -> tuple[HomeAnswer, Path]:
        """The answer for a home of the user, and the record."""
        for name in ("home", "records"):
            (root_folder / name).mkdir(mode=0o700)
            os.chown(root_folder / name, user.pw_uid, user.pw_gid)
        record = root_folder / "records" / "record"
        make_codex(root_folder, recording(record, script))
        answer = ask(target_program, root_folder / "home", root_folder, user=user.pw_name, **more)
        return answer, record

    @pytest.mark.parametrize("wanted", ["detect_version", "login_status"])
    def test_codex_runs_as_the_user_for_good(
        self, target_program: TargetProgram, root_folder: Path, user, wanted: str
    ) -> None:
        answer, record = self.ask(
            target_program, root_folder, user, "echo c 1.2.3", wanted=[wanted], extra_groups=[0, 54321]
        )
        assert "error" not in answer
        seen = read_record(record)
        assert {seen.uid, seen.real_uid} == {str(user.pw_uid)}
        assert {seen.gid, seen.real_gid} == {str(user.pw_gid)}
        assert {*map(int, seen.groups.split())} == {*os.getgrouplist(user.pw_name, user.pw_gid)}

    def test_a_users_version_is_asked_in_a_scratch_home(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        script = 'echo written >"$CODEX_HOME/state" && echo written >"$HOME/state" && echo c 1.2.3'
        answer, record = self.ask(target_program, root_folder, user, script, wanted=["detect_version"])
        assert answer.get("codex_version") == "1.2.3"
        seen = read_record(record)
        for scratch in (seen.home, seen.codex_home):
            assert not os.path.exists(scratch)
            assert scratch not in (user.pw_dir, str(root_folder / "home"))
        assert os.listdir(root_folder / "home") == []

    def test_a_users_login_status_is_asked_in_its_home(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        answer, record = self.ask(
            target_program, root_folder, user, "echo Logged in using ChatGPT", wanted=["login_status"]
        )
        assert answer.get("login_status") == {"codex": str(root_folder / "codex"), "method": "chatgpt"}
        seen = read_record(record)
        assert (seen.home, seen.codex_home) == (user.pw_dir, str(root_folder / "home"))
