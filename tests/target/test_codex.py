"""What a target half asks a `codex` of the host: as whom, in which home, for how long, and what it tells of it."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import signal
import stat
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.tests.target.conftest import needs_root
from ansible_collections.fleet.codex.tests.target.half import Half

KEY_SHOWN = "fleet-te***KEY01"  # as `codex login status` shows a key
USUAL = ("/usr/local/bin", "/opt/homebrew/bin")


def make_codex(folder: Path, script: str) -> Path:
    """A `codex` in a folder."""
    codex = folder / "codex"
    codex.write_text(f"#!/bin/sh\n{script}\n")
    codex.chmod(0o755)
    return codex


def recording(record: Path, script: str) -> str:
    """A script that first tells a file, one thing in a line, what `read_record` reads."""
    told = 'id -u; id -ru; id -g; id -rg; id -G; umask; echo "$HOME"; echo "$CODEX_HOME"; echo "$@"'
    return f"{{ {told}; }} >{shlex.quote(str(record))}\n{script}"


class Record(t.NamedTuple):
    """What a `codex` told of itself."""

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


def ask(half: Half, codex_home: Path, folder: Path | str, user: str | None = None, **more: t.Any) -> HomeAnswer:
    """Both questions, with a folder at the start of the request's PATH, HOME, and a CODEX_HOME that does not count."""
    question = {"user": user, "codex_home": str(codex_home), "files": []}
    wanted = more.pop("wanted", ("detect_version", "login_status"))
    parent = codex_home.parent
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(parent), "CODEX_HOME": f"{parent}/other"}
    return half.execute("describe", [{**question, **dict.fromkeys(wanted, True)}], environment=environment, **more)[0]


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
        ("", None),
    ],
)
def test_the_version(half: Half, home: Path, programs: Path, text: str, version: str | None) -> None:
    make_codex(programs, f"echo {shlex.quote(text)}")
    assert ask(half, home, programs)["codex_version"] == version


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
    half: Half, home: Path, programs: Path, text: str, status: int, method: str
) -> None:
    codex = make_codex(programs, f"echo {shlex.quote(text)} >&2; exit {status}")
    answer = ask(half, home, programs)
    assert answer["login_status"] == {"codex": str(codex), "method": method}
    assert KEY_SHOWN not in json.dumps(answer)


def test_the_version_is_asked_in_a_scratch_home_that_is_removed(half: Half, home: Path, programs: Path) -> None:
    record = programs / "record"
    make_codex(programs, recording(record, 'echo written >"$CODEX_HOME/state"; echo written >"$HOME/state"; echo c 1'))
    answer = ask(half, home, programs, wanted=["detect_version"])
    assert (answer["codex_version"], "login_status" in answer) == ("1", False)
    told = read_record(record)
    assert told.arguments == "--version"
    for scratch in (told.home, told.codex_home):
        assert not Path(scratch).is_relative_to(home.parent)
        assert not os.path.exists(scratch)
    assert os.listdir(home) == []
    assert not (home.parent / "state").exists()


def test_the_login_status_is_asked_in_the_home_itself(half: Half, home: Path, programs: Path) -> None:
    record = programs / "record"
    make_codex(programs, recording(record, "echo Logged in using ChatGPT"))
    answer = ask(half, home, programs, wanted=["login_status"])
    assert (answer["login_status"]["method"], "codex_version" in answer) == ("chatgpt", False)
    told = read_record(record)
    assert (told.home, told.codex_home, told.arguments) == (str(home.parent), str(home), "login status")


def test_codex_gets_the_home_of_the_account_database(half: Half, home: Path, programs: Path) -> None:
    record = programs / "record"
    make_codex(programs, recording(record, "exit 1"))
    asked = {"user": None, "codex_home": str(home), "operations": [], "login_status": True}
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    half.execute("apply", [asked], environment=environment, env={**os.environ, "HOME": str(home)})
    assert read_record(record).home == pwd.getpwuid(os.geteuid()).pw_dir


def test_the_login_status_is_asked_after_the_operations(half: Half, home: Path, programs: Path) -> None:
    make_codex(programs, 'test -d "$CODEX_HOME" && echo Logged in using ChatGPT')
    make = {"operation": "directory", "base": "codex_home", "path": "", "mode": 0o700}
    asked = {"user": None, "codex_home": str(home / "codex"), "operations": [make], "login_status": True}
    answer = half.execute("apply", [asked], environment={"PATH": f"{programs}:/usr/bin:/bin"})[0]
    assert answer["login_status"]["method"] == "chatgpt"


def test_what_codex_writes_is_private_whatever_the_umask(half: Half, home: Path, programs: Path) -> None:
    make_codex(programs, 'echo written >"$CODEX_HOME/state"')
    ask(half, home, programs, wanted=["login_status"], umask=0)
    assert stat.S_IMODE((home / "state").stat().st_mode) == 0o600


def test_in_a_missing_home_nobody_is_logged_in_and_codex_is_not_asked(half: Half, home: Path, programs: Path) -> None:
    record = programs / "record"
    codex = make_codex(programs, recording(record, "exit 1"))
    answer = ask(half, home / "missing", programs, wanted=["login_status"])
    assert answer["login_status"] == {"codex": str(codex), "method": "none"}
    assert not record.exists()


@pytest.mark.skipif(any(os.path.exists(f"{folder}/codex") for folder in USUAL), reason="this host has a codex")
class TestFinding:
    """Where a `codex` is looked for."""

    def test_no_codex(self, half: Half, home: Path, programs: Path) -> None:
        (programs / "codex").write_text("#!/bin/sh\necho c 1\n")  # which is no program without its mode
        answer = ask(half, home, programs)
        assert answer["codex_version"] is None
        assert answer["login_status"] == {"codex": None, "method": "unknown"}

    @pytest.mark.parametrize("folder", [".local/bin", ".npm-global/bin", "bin"])
    def test_where_users_put_it(self, half: Half, home: Path, programs: Path, folder: str) -> None:
        (home.parent / folder).mkdir(parents=True)
        codex = make_codex(home.parent / folder, "echo c 1")
        assert ask(half, home, programs)["login_status"]["codex"] == str(codex)

    def test_a_relative_folder_of_path_does_not_count(self, half: Half, home: Path, programs: Path) -> None:
        make_codex(programs, "echo c 1")
        for relative in (".", "", "../programs"):
            assert ask(half, home, relative, cwd=programs)["login_status"]["codex"] is None

    def test_a_codex_that_cannot_be_started(self, half: Half, home: Path, programs: Path) -> None:
        codex = make_codex(programs, "")
        codex.write_text("#!/no/such/interpreter\n")
        answer = ask(half, home, programs)
        assert (answer["codex_version"], answer["login_status"]["method"]) == (None, "unreadable")


class Impatient(Half):
    """A half that gives a `codex` one second."""

    def code(self) -> bytes:
        code, count = re.subn(rb"CODEX_TIME_LIMIT = \d+", b"CODEX_TIME_LIMIT = 1", super().code())
        assert count == 1
        return code


def is_running(pid: int) -> bool:
    """Whether a process is there that is not dead already and only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("ending", ["wait", "exit 0"], ids=["both-hang", "grandchild-hangs"])
def test_a_codex_that_hangs_is_ended_with_its_children(half: Half, home: Path, programs: Path, ending: str) -> None:
    record = programs / "pids"
    make_codex(programs, f"sleep 60 & echo $$ $! >>{shlex.quote(str(record))}; {ending}")
    impatient = Impatient(half.interpreter)
    started = time.monotonic()
    try:
        answer = ask(impatient, home, programs, command=["timeout", "20", *impatient.command()])
        assert time.monotonic() - started < 15
        assert (answer["codex_version"], answer["login_status"]["method"]) == (None, "unreadable")
        time.sleep(0.1)  # they were sent the signal
        assert len(record.read_text().splitlines()) == 2
        assert [pid for pid in record.read_text().split() if is_running(int(pid))] == []
    finally:
        for pid in record.read_text().split():
            if is_running(int(pid)):
                os.kill(int(pid), signal.SIGKILL)


@needs_root
class TestAccounts:
    """Root has a `codex` run by the account."""

    def ask(self, half: Half, root_folder: Path, account, script: str, **more: t.Any) -> tuple[HomeAnswer, Path]:
        """The answer for a home of the account, and the record."""
        for name in ("home", "records"):
            (root_folder / name).mkdir(mode=0o700)
            os.chown(root_folder / name, account.pw_uid, account.pw_gid)
        record = root_folder / "records" / "record"
        make_codex(root_folder, recording(record, script))
        answer = ask(half, root_folder / "home", root_folder, user=account.pw_name, **more)
        return answer, record

    @pytest.mark.parametrize("wanted", ["detect_version", "login_status"])
    def test_codex_runs_as_the_account_for_good(self, half: Half, root_folder: Path, account, wanted: str) -> None:
        answer, record = self.ask(half, root_folder, account, "echo c 1", wanted=[wanted], extra_groups=[0, 54321])
        assert "obstacle" not in answer
        told = read_record(record)
        assert {told.uid, told.real_uid} == {str(account.pw_uid)}
        assert {told.gid, told.real_gid} == {str(account.pw_gid)}
        assert {*map(int, told.groups.split())} == {*os.getgrouplist(account.pw_name, account.pw_gid)}

    def test_an_accounts_version_is_asked_in_a_scratch_home(self, half: Half, root_folder: Path, account) -> None:
        script = 'echo written >"$CODEX_HOME/state" && echo written >"$HOME/state" && echo c 1'
        answer, record = self.ask(half, root_folder, account, script, wanted=["detect_version"])
        assert answer.get("codex_version") == "1"
        told = read_record(record)
        for scratch in (told.home, told.codex_home):
            assert not os.path.exists(scratch)
            assert scratch not in (account.pw_dir, str(root_folder / "home"))
        assert os.listdir(root_folder / "home") == []

    def test_an_accounts_login_status_is_asked_in_its_home(self, half: Half, root_folder: Path, account) -> None:
        answer, record = self.ask(half, root_folder, account, "echo Logged in using ChatGPT", wanted=["login_status"])
        assert answer.get("login_status") == {"codex": str(root_folder / "codex"), "method": "chatgpt"}
        told = read_record(record)
        assert (told.home, told.codex_home) == (account.pw_dir, str(root_folder / "home"))
