"""What apply does to files: all of it or nothing, and only to what the controller saw."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import stat
import subprocess
import threading
import time
import typing as t
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest, Operation, OperationResult
from ansible_collections.fleet.codex.tests.support.target_program import FILES, TargetProgram, sha256, write

OLD, NEW = b"old content\n", b"new content\n"
MARKER = "# our mark"

NO_LINES = "the login shells' files, of which Windows has none"
STRACE = "strace shows it, or stops it, in a process of its own"
OTHERS = "what other users may do is not told by owners and groups on Windows"
NO_LISTS = "Wine keeps an access control list as a mode, which loses the most of this one"
NO_LINKS = "Wine shows programs no links"
BESIDE_WINE = "a program beside Wine, which no program in it sees"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def operation(**keys: t.Any) -> Operation:
    return t.cast(Operation, {"base": "codex_home", **keys})


def test_a_new_file(target_program: TargetProgram, home: Path) -> None:
    assert target_program.apply(home, [write("auth.json", NEW, None)]) == [{"status": "done", "in_place": False}]
    assert (home / "auth.json").read_bytes() == NEW
    assert target_program.access(home / "auth.json") == "private"
    assert os.listdir(home) == ["auth.json"]


@pytest.mark.posix_only(STRACE)
def test_a_file_is_private_from_its_first_moment(target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
    """Each mode that strace sees a file made or changed to is looked at, whatever the umask."""
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-o", str(trace), "-e", "trace=open,openat,creat,chmod,fchmod,fchmodat,umask"]
    target_program.apply(home, [write("auth.json", NEW, None)], wrapper=wrapper, umask=0)
    made = [line for line in trace.read_text().splitlines() if "O_CREAT" in line and str(home) in line]
    assert made
    before = trace.read_text().partition(made[0])[0]
    mode = "0666|0600" if "umask(077)" in before else "0600"  # a shell asks for 0666, less its umask
    assert all(re.search(rf", ({mode})\)|O_TRUNC", line) for line in made), made
    changed = [line for line in trace.read_text().splitlines() if "chmod" in line]
    assert changed
    assert all("0600" in line for line in changed), changed


def test_replacing_keeps_nothing_of_the_old_inode(target_program: TargetProgram, home: Path) -> None:
    file = home / "config.toml"
    file.write_bytes(OLD)
    before = file.stat().st_ino
    target_program.apply(home, [write("config.toml", NEW, OLD)])
    assert (file.read_bytes(), target_program.access(file)) == (NEW, "private")
    assert file.stat().st_ino != before


@pytest.mark.not_on_wine(NO_LISTS)
def test_a_file_for_all_to_read(target_program: TargetProgram, home: Path) -> None:
    target_program.apply(home, [write("config.toml", NEW, None, mode=0o644)])
    assert target_program.access(home / "config.toml") == "readable_by_all"


@pytest.mark.parametrize("there", [OLD, None])
def test_a_file_that_is_not_what_was_seen_is_left_alone(
    target_program: TargetProgram, home: Path, there: bytes | None
) -> None:
    if there is not None:
        (home / "auth.json").write_bytes(there)
    results = target_program.apply(home, [write("auth.json", NEW, b"seen"), write("config.toml", NEW, None)])
    assert [result["status"] for result in results] == ["conflict"]
    assert sorted(os.listdir(home)) == (["auth.json"] if there else [])
    assert there is None or (home / "auth.json").read_bytes() == there


def test_nothing_is_done_after_an_operation_that_failed(target_program: TargetProgram, home: Path) -> None:
    (home / "a.lock").mkdir()
    fails = write("config.toml", NEW, None, locks=["a.lock"])
    results = target_program.apply(home, [write("first", NEW, None), fails, write("auth.json", NEW, None)])
    assert [result["status"] for result in results] == ["done", "failed"]
    assert sorted(os.listdir(home)) == ["a.lock", "first"]


@pytest.mark.parametrize(
    "asked",
    [
        write("auth.json", NEW, OLD),
        operation(operation="remove", path="auth.json", expected=sha256(OLD)),
        operation(operation="lines", path="auth.json", line="x", marker="x", mode=0o600, expected=sha256(OLD)),
    ],
    ids=lambda asked: asked["operation"],
)
@pytest.mark.posix_only("Windows has no FIFO among its files")
def test_a_fifo_in_place_of_the_file_is_not_waited_for(
    target_program: TargetProgram, home: Path, asked: Operation
) -> None:
    os.mkfifo(home / "auth.json")
    result = target_program.apply(home, [asked], wrapper=["timeout", "20"])[0]
    assert result["status"] in ("conflict", "failed")
    assert (home / "auth.json").is_fifo()


@pytest.mark.not_on_wine(NO_LINKS)
def test_links_are_kept_and_their_target_replaced(target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "config.toml"
    target.parent.mkdir()
    target.write_bytes(OLD)
    (tmp_path / "middle").symlink_to(target)
    (home / "config.toml").symlink_to("../middle")
    target_program.apply(home, [write("config.toml", NEW, OLD)])
    assert os.readlink(home / "config.toml") == "../middle"
    assert target.read_bytes() == NEW
    assert os.listdir(target.parent) == ["config.toml"]


def test_a_backup_is_private_and_beside_the_file(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    (home / "auth.json").chmod(0o644)
    result = target_program.apply(home, [write("auth.json", NEW, OLD, backup=True)])[0]
    backup = Path(result["backup_file"] or "")
    assert backup.parent == home
    assert (backup.read_bytes(), target_program.access(backup)) == (OLD, "private")


def test_a_backup_is_made_of_what_is_removed(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    remove = operation(operation="remove", path="auth.json", expected=sha256(OLD), backup=True)
    result = target_program.apply(home, [remove])[0]
    backup = Path(result["backup_file"] or "")
    assert os.listdir(home) == [backup.name]
    assert (backup.read_bytes(), target_program.access(backup)) == (OLD, "private")


def test_a_mode_alone(target_program: TargetProgram, home: Path) -> None:
    file = home / "auth.json"
    file.write_bytes(OLD)
    file.chmod(0o644)
    before = file.stat().st_ino
    assert target_program.apply(home, [operation(operation="mode", path="auth.json", mode=0o600)]) == [
        {"status": "done"}
    ]
    assert (target_program.access(file), file.stat().st_ino) == ("private", before)


def test_the_folder(target_program: TargetProgram, home: Path) -> None:
    codex_home = home / "a" / "b"
    make = operation(operation="directory", path="", mode=0o700)
    assert target_program.apply(codex_home, [make, write("auth.json", NEW, None)])[1]["status"] == "done"
    assert target_program.access(codex_home) == "private"


@pytest.mark.not_on_wine(NO_LISTS)
def test_a_folder_that_others_may_read(target_program: TargetProgram, home: Path) -> None:
    home.chmod(0o755)
    target_program.apply(home, [operation(operation="directory", path="", mode=0o700)])
    assert target_program.access(home) == "private"


@pytest.mark.posix_only("Windows has no umask")
def test_the_folder_is_private_whatever_the_umask(target_program: TargetProgram, home: Path) -> None:
    target_program.apply(home / "a" / "b", [operation(operation="directory", path="", mode=0o700)], umask=0)
    assert mode_of(home / "a" / "b") == 0o700


def test_remove(target_program: TargetProgram, home: Path) -> None:
    file = home / "auth.json"
    file.write_bytes(OLD)
    remove = operation(operation="remove", path="auth.json", expected=sha256(NEW))
    assert target_program.apply(home, [remove])[0]["status"] == "conflict"
    assert file.read_bytes() == OLD
    remove["expected"] = sha256(OLD)
    assert target_program.apply(home, [remove])[0]["status"] == "done"
    assert os.listdir(home) == []


@pytest.mark.not_on_wine(NO_LINKS)
def test_removing_a_link_leaves_its_target(target_program: TargetProgram, home: Path) -> None:
    (home / "target").write_bytes(OLD)
    (home / "auth.json").symlink_to("target")
    target_program.apply(home, [operation(operation="remove", path="auth.json", expected=sha256(OLD))])
    assert os.listdir(home) == ["target"]


@pytest.mark.parametrize("before", [b"", b"a\n", b"no newline at the end", b"\n\nblank\n", b"caf\xe9 not UTF-8\n"])
@pytest.mark.posix_only(NO_LINES)
def test_a_marked_line_comes_first_and_goes_without_a_trace(
    target_program: TargetProgram, home: Path, before: bytes
) -> None:
    file = home / ".bashrc"
    file.write_bytes(before)
    file.chmod(0o640)
    line = f". codex.env {MARKER}"
    put = operation(operation="lines", path=".bashrc", line=line, marker=MARKER, mode=0o644, expected=sha256(before))
    assert target_program.apply(home, [put])[0]["status"] == "done"
    with_line = file.read_bytes()
    assert with_line == line.encode() + b"\n" + before
    assert mode_of(file) == 0o640
    put.update(line=f". other.env {MARKER}", expected=sha256(with_line))
    target_program.apply(home, [put])
    assert file.read_bytes() == f". other.env {MARKER}\n".encode() + before
    put.update(line=None, expected=sha256(file.read_bytes()))
    target_program.apply(home, [put])
    assert (file.read_bytes() if file.exists() else b"") == before


@pytest.mark.posix_only(NO_LINES)
def test_a_file_made_for_the_line_goes_with_it(target_program: TargetProgram, home: Path) -> None:
    put = operation(operation="lines", path=".profile", line=f"x {MARKER}", marker=MARKER, mode=0o644, expected=None)
    target_program.apply(home, [put])
    assert mode_of(home / ".profile") == 0o644
    put.update(line=None, expected=sha256((home / ".profile").read_bytes()))
    target_program.apply(home, [put])
    assert os.listdir(home) == []


@pytest.mark.posix_only(NO_LINES)
def test_a_linked_file_that_becomes_empty_stays_a_link(target_program: TargetProgram, home: Path) -> None:
    content = f"x {MARKER}\n".encode()
    (home / "dotfile").write_bytes(content)
    (home / ".bashrc").symlink_to("dotfile")
    take = operation(operation="lines", path=".bashrc", line=None, marker=MARKER, mode=0o644, expected=sha256(content))
    assert target_program.apply(home, [take])[0]["status"] == "done"
    assert os.readlink(home / ".bashrc") == "dotfile"
    assert (home / "dotfile").read_bytes() == b""


@pytest.mark.parametrize("line", [None, f"y {MARKER}"])
@pytest.mark.posix_only(NO_LINES)
def test_lines_of_a_file_that_is_not_what_was_seen_are_left_alone(
    target_program: TargetProgram, home: Path, line: str | None
) -> None:
    content = f"x {MARKER}\n".encode()
    (home / ".bashrc").write_bytes(content)
    put = operation(operation="lines", path=".bashrc", line=line, marker=MARKER, mode=0o644, expected=sha256(OLD))
    assert target_program.apply(home, [put])[0]["status"] == "conflict"
    assert (home / ".bashrc").read_bytes() == content


@pytest.mark.posix_only("links of systemd's, of which Windows has none")
def test_a_link_operation_touches_only_links(target_program: TargetProgram, home: Path) -> None:
    link = operation(operation="link", path="a/b.conf", to="/somewhere")
    target_program.apply(home, [link])
    assert os.readlink(home / "a" / "b.conf") == "/somewhere"
    target_program.apply(home, [operation(operation="link", path="a/b.conf", to=None)])
    assert os.listdir(home / "a") == []
    (home / "a" / "b.conf").write_bytes(OLD)
    assert target_program.apply(home, [link])[0]["status"] == "failed"
    assert (home / "a" / "b.conf").read_bytes() == OLD


@pytest.mark.not_on_wine(BESIDE_WINE)
def test_leftovers_of_a_killed_run_are_found_and_cleaned_and_those_of_a_running_one_kept(
    target_program: TargetProgram, home: Path
) -> None:
    dead, alive = home / ".fleet-codex-dead", home / ".fleet-codex-alive"
    dead.write_bytes(OLD)
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert target_program.describe(home)["leftovers"] == [str(dead)]
        target_program.apply(home, [operation(operation="clean", base="home_directory", path=str(home))])
        assert os.listdir(home) == [alive.name]


@pytest.mark.posix_only(STRACE)
def test_a_leftover_that_another_run_cleaned_meanwhile_is_not_a_failure(
    target_program: TargetProgram, home: Path
) -> None:
    (home / ".fleet-codex-one").write_bytes(OLD)
    vanish = ["strace", "-f", "-o", "/dev/null", "-e", "inject=unlink,unlinkat:error=ENOENT"]
    clean = operation(operation="clean", base="home_directory", path=str(home))
    assert target_program.apply(home, [clean], wrapper=vanish) == [{"status": "done"}]


@pytest.mark.not_in_sh("mv is killed there, which the program survives: see test_sh_alone.py")
@pytest.mark.posix_only(STRACE)
def test_a_run_killed_before_the_rename_leaves_the_old_file(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    trace = ["strace", "-f", "-o", "/dev/null", "-e", "inject=rename,renameat,renameat2:signal=SIGKILL:error=EPERM"]
    request = [write("auth.json", NEW, OLD)]
    with pytest.raises(AssertionError):
        target_program.apply(home, request, wrapper=trace)
    assert (home / "auth.json").read_bytes() == OLD
    assert len(target_program.describe(home)["leftovers"]) == 1
    target_program.apply(home, [*request, operation(operation="clean", base="home_directory", path=str(home))])
    assert os.listdir(home) == ["auth.json"]


@pytest.mark.posix_only(STRACE)
def test_a_change_in_the_last_moment_is_kept_and_the_writers_own_file_is_not_a_leftover(
    target_program: TargetProgram, home: Path
) -> None:
    file = home / "auth.json"
    file.write_bytes(OLD)
    slow = ["strace", "-f", "-o", "/dev/null", "-e", "inject=fsync:delay_enter=2000000"]  # microseconds
    results: list[list[OperationResult]] = []
    writer = threading.Thread(
        target=lambda: results.append(target_program.apply(home, [write("auth.json", NEW, OLD)], wrapper=slow))
    )
    writer.start()
    while not any(name.startswith(".fleet-codex-") for name in os.listdir(home)):
        time.sleep(0.01)
    assert target_program.describe(home)["leftovers"] == []
    file.write_bytes(b"Codex wrote this meanwhile")
    writer.join()
    assert results[0][0]["status"] == "conflict"
    assert file.read_bytes() == b"Codex wrote this meanwhile"
    assert os.listdir(home) == ["auth.json"]


LOCKS = ["auth.lock", "auth.json.lock"]


@pytest.mark.posix_only(STRACE)
def test_codexs_locks_are_held_around_the_comparison_and_the_rename_and_stay(
    target_program: TargetProgram, home: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-o", str(trace), "-e", "trace=flock,rename,renameat,renameat2,close,openat"]
    target_program.apply(home, [write("auth.json", NEW, None, locks=LOCKS)], wrapper=wrapper)
    text = trace.read_text()
    taken = [line for line in text.splitlines() if "flock" in line or "rename" in line]
    assert [line.split()[1][:5] for line in taken[-3:]] == ["flock", "flock", "renam"], taken
    assert sorted(os.listdir(home)) == ["auth.json", "auth.json.lock", "auth.lock"]
    assert all(mode_of(home / name) == 0o600 for name in LOCKS)


def wait_until(is_there: t.Callable[[], bool]) -> None:
    """Returns when a writer has made its files and waits for a lock.

    After 3 seconds at the latest: the program for Windows waits already when it reads the file, before it makes any.
    """
    end = time.monotonic() + 3
    while not is_there() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_codex_holds_is_waited_for(target_program: TargetProgram, home: Path, name: str) -> None:
    (home / "auth.json").write_bytes(OLD)
    with target_program.holding(home / name):
        results: list[list[OperationResult]] = []
        writer = threading.Thread(
            target=lambda: results.append(target_program.apply(home, [write("auth.json", NEW, OLD, locks=LOCKS)]))
        )
        writer.start()
        wait_until(lambda: any(entry.startswith(".fleet-codex-") for entry in os.listdir(home)))
        time.sleep(0.3)
        assert writer.is_alive()
        assert (home / "auth.json").read_bytes() == OLD
        # What Codex saves while it holds its lock must win.
        (home / "auth.json").write_bytes(b"renewed by Codex")
    writer.join()
    assert results[0][0]["status"] == "conflict"
    assert (home / "auth.json").read_bytes() == b"renewed by Codex"


@pytest.mark.parametrize("operation_", ["write", "remove"])
def test_a_lock_that_is_never_given_back_is_a_failure_and_nothing_is_done(
    target_program: TargetProgram, home: Path, operation_: str
) -> None:
    (home / "auth.json").write_bytes(OLD)
    change = (
        write("auth.json", NEW, OLD, locks=LOCKS)
        if operation_ == "write"
        else operation(operation="remove", path="auth.json", expected=sha256(OLD), locks=LOCKS)
    )
    with target_program.holding(home / "auth.json.lock"):
        result = target_program.apply(home, [change], limits={"LOCK_TIME_LIMIT": 0.2})[0]
    assert (result["status"], result["code"]) == ("failed", "EAGAIN")
    assert result["path"] == f"{home}/auth.json.lock"
    assert (home / "auth.json").read_bytes() == OLD
    assert sorted(os.listdir(home)) == ["auth.json", "auth.json.lock", "auth.lock"]


def test_fields_that_the_new_content_does_not_have_are_kept_when_asked(
    target_program: TargetProgram, home: Path
) -> None:
    tokens = b'{"id_token": "a", "owner": "x", "later": {"x": 1}}'
    old = b'{"auth_mode": "chatgpt", "mine": 1, "tokens": ' + tokens + b', "last_refresh": "o"}'
    new = b'{"auth_mode": "chatgpt", "OPENAI_API_KEY": null, "tokens": {"id_token": "b"}, "last_refresh": "n"}'
    (home / "auth.json").write_bytes(old)
    target_program.apply(home, [write("auth.json", new, old, preserve_unknown_except=["owner"])])
    text = (home / "auth.json").read_text()
    assert json.loads(text) == {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {"id_token": "b", "later": {"x": 1}},
        "last_refresh": "n",
        "mine": 1,
    }
    assert list(json.loads(text)) == ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh", "mine"]
    assert text == json.dumps(json.loads(text), indent=2)


def test_fields_may_be_called_what_a_language_calls_its_own(target_program: TargetProgram, home: Path) -> None:
    """PowerShell gives the entry `Count` of a dictionary in place of the number of its entries."""
    odd = {"Count": 0, "Keys": ["k"], "Values": {"Count": {}}, "length": 1, "items": {}, "psbase": 2}
    before = {**odd, "tokens": {**odd, "refresh_token": "old"}, "kept": True}
    new = {"auth_mode": "chatgpt", "tokens": {"refresh_token": "new"}}
    old = json.dumps(before).encode()
    (home / "auth.json").write_bytes(old)
    content = json.dumps(new).encode()
    target_program.apply(home, [write("auth.json", content, old, preserve_unknown_except=[])])
    merged = json.loads((home / "auth.json").read_bytes())
    assert merged == {**before, **new, "tokens": {**odd, "refresh_token": "new"}}


def test_fields_are_not_merged_into_a_file_that_is_not_what_was_seen(target_program: TargetProgram, home: Path) -> None:
    for there in (None, b"half writ"):
        if there is not None:
            (home / "auth.json").write_bytes(there)
        result = target_program.apply(home, [write("auth.json", b"{}", b'{"a": 1}', preserve_unknown_except=[])])[0]
        assert result["status"] == "conflict"


def backups(target_program: TargetProgram, home: Path) -> list[Path]:
    end = target_program.BACKUP.rpartition("}")[2]
    return [path for path in home.iterdir() if path.name.startswith("auth.json.") and path.name.endswith(end)]


def test_only_so_many_backups_stay(target_program: TargetProgram, home: Path) -> None:
    def backup(name: str, day: datetime) -> Path:
        return home / target_program.BACKUP.format(name=name, pid=7, time=day)

    # One has been made while the clock was wrong.
    for day, year in ((1, 2020), (2, 2020), (3, 2999)):
        backup("auth.json", datetime(year, 1, day)).write_bytes(b"%d" % day)
    others = [
        home / f"auth.json.mine{target_program.BACKUP.rpartition('}')[2]}",
        backup("config.toml", datetime(2020, 1, 1)),
    ]
    for other in others:
        other.write_bytes(OLD)
    (home / "auth.json").write_bytes(OLD)
    result = target_program.apply(home, [write("auth.json", NEW, OLD, backup=True, backup_keep=2)])[0]
    kept = {str(path): path.read_bytes() for path in backups(target_program, home) if "mine" not in path.name}
    assert sorted(kept.values()) == [b"3", OLD]
    assert kept[str(result["backup_file"])] == OLD
    assert all(other.exists() for other in others)


def test_no_backup_is_left_of_a_change_that_was_not_made(target_program: TargetProgram, home: Path) -> None:
    file = home / "auth.json"
    file.write_bytes(OLD)
    with target_program.holding(home / "auth.lock"):
        results: list[list[OperationResult]] = []
        request = [write("auth.json", NEW, OLD, locks=LOCKS, backup=True)]
        writer = threading.Thread(target=lambda: results.append(target_program.apply(home, request)))
        writer.start()
        wait_until(
            lambda: (
                any(name.startswith(".fleet-codex-") for name in os.listdir(home))
                and bool(backups(target_program, home))
            )
        )
        assert writer.is_alive()
        file.write_bytes(b"renewed by Codex")
    writer.join()
    assert results[0][0]["status"] == "conflict"
    assert backups(target_program, home) == []


class RunningCodex:
    """A program that Linux names codex, as its user; ``after`` a while it may write a file and then ends."""

    def __init__(
        self,
        folder: Path,
        codex_home: Path,
        script: str = "",
        user: str | None = None,
        arguments: t.Sequence[str] = (),
        environment: t.Mapping[str, str] | None = None,
    ) -> None:
        program = folder / "codex"
        if not program.exists():
            program.write_bytes(Path("/bin/sh").resolve().read_bytes())
            program.chmod(0o755)
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
        self.process = subprocess.Popen(
            [*as_user, str(program), "-c", f"{script} read line", *arguments],
            stdin=subprocess.PIPE,
            env={"CODEX_HOME": str(codex_home)} if environment is None else environment,
        )
        while not Path(f"/proc/{self.process.pid}/comm").read_text().startswith("codex"):
            time.sleep(0.01)

    def __enter__(self) -> RunningCodex:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.communicate()


@pytest.mark.not_on_wine(BESIDE_WINE)
def test_a_codex_that_writes_after_the_change_is_reported(
    target_program: TargetProgram, home: Path, tmp_path: Path
) -> None:
    """Up to 0.163 it writes the login it has renewed over whatever is there by then."""
    file = home / "auth.json"
    file.write_bytes(OLD)
    wait = f"until grep -q new {file}; do :; done; echo mixed >{file}; exec sleep 0 &&"
    with RunningCodex(tmp_path, home, wait) as codex:
        result = target_program.apply(home, [write("auth.json", NEW, OLD, watch_seconds=30)])[0]
    assert (result["status"], result["overwritten"]) == ("done", True)
    assert {"pid": codex.process.pid, "name": "codex"} in result["processes"]
    assert file.read_bytes() == b"mixed\n"


@pytest.mark.needs_root
@pytest.mark.not_on_wine(BESIDE_WINE)
def test_a_codex_that_writes_after_the_change_keeps_a_file_of_the_host_as_it_is(
    target_program: TargetProgram, home: Path, root_folder: Path, tmp_path: Path
) -> None:
    """The login is not the one that the host's file is to go with."""
    auth, file = home / "auth.json", root_folder / "config.toml"
    auth.write_bytes(OLD)
    wait = f"until grep -q new {auth}; do :; done; echo mixed >{auth}; exec sleep 0 &&"
    requests: list[HomeRequest] = [
        {"user": None, "codex_home": str(home), "operations": operations}
        for operations in (
            [write("auth.json", NEW, OLD, watch_seconds=30)],
            [write(str(file), NEW, None) | t.cast(Operation, {"base": "host"})],
        )
    ]
    with RunningCodex(tmp_path, home, wait):
        answers = target_program.execute("apply", requests)
    assert [answer["results"][0]["status"] for answer in answers] == ["done", "conflict"]
    assert not file.exists()


@pytest.mark.not_on_wine(BESIDE_WINE)
def test_a_codex_that_goes_on_without_writing_is_not_waited_for_for_ever(
    target_program: TargetProgram, home: Path, tmp_path: Path
) -> None:
    (home / "auth.json").write_bytes(OLD)
    remove = operation(operation="remove", path="auth.json", expected=sha256(NEW), watch_seconds=0)
    with RunningCodex(tmp_path, home) as codex:
        results = target_program.apply(home, [write("auth.json", NEW, OLD, watch_seconds=0.3), remove])
    for result in results:
        assert (result["status"], result["overwritten"]) == ("done", False)
        assert {"pid": codex.process.pid, "name": "codex"} in result["processes"]
    assert not (home / "auth.json").exists()


@pytest.mark.needs_root
@pytest.mark.posix_only(OTHERS)
def test_the_codex_of_another_user_does_not_count(target_program: TargetProgram, home: Path, root_folder: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    with RunningCodex(root_folder, home, user="nobody") as codex:
        result = target_program.apply(home, [write("auth.json", NEW, OLD, watch_seconds=0)])[0]
    assert codex.process.pid not in [process["pid"] for process in result["processes"]]


@pytest.mark.needs_root
@pytest.mark.posix_only("the environment of another process is not to be had on Windows")
class TestHomesOfPrograms:
    """Of the user's running Codex programs those count that run with this home, which root can see."""

    def counts(
        self, program: TargetProgram, home: Path, folder: Path, user: str | None = None, **running: t.Any
    ) -> bool:
        """Whether a Codex counts that runs so."""
        (home / "auth.json").write_bytes(OLD)
        with RunningCodex(folder, home, user=user, **running) as codex:
            result = program.apply(home, [write("auth.json", NEW, OLD, watch_seconds=0)], user=user)[0]
        return codex.process.pid in [process["pid"] for process in result["processes"]]

    def test_by_the_variable_or_the_home_directory(
        self, target_program: TargetProgram, root_folder: Path, tmp_path: Path
    ) -> None:
        (home := root_folder / ".codex").mkdir(mode=0o700)
        (root_folder / "link").symlink_to(".codex")
        for environment, expected in (
            ({"CODEX_HOME": str(home)}, True),
            ({"CODEX_HOME": f"{root_folder}/link/"}, True),
            ({"CODEX_HOME": str(tmp_path)}, False),
            ({"HOME": str(root_folder)}, True),
            ({"HOME": str(root_folder), "CODEX_HOME": ""}, True),
            ({"HOME": str(tmp_path)}, False),
            ({"CODEX_HOME": f"{home}{'/' * 4096}"}, False),  # no system takes such a path; resolving it takes long
            ({"OTHER": "x"}, False),  # then it is the home directory of the user database
            ({}, True),  # it may have hidden it
        ):
            assert self.counts(target_program, home, tmp_path, environment=environment) is expected, environment

    def test_a_program_below_the_home_is_one_of_the_home(
        self, target_program: TargetProgram, root_folder: Path
    ) -> None:
        """The daemon that Codex installs there."""
        (home := root_folder / "home").mkdir(mode=0o700)
        assert self.counts(target_program, home, home, environment={"HOME": "/nonexistent"})

    def test_what_only_looks_for_updates_of_the_daemon_does_not_count(
        self, target_program: TargetProgram, home: Path, tmp_path: Path
    ) -> None:
        arguments = ["app-server", "daemon", "pid-update-loop"]
        assert not self.counts(target_program, home, tmp_path, arguments=arguments)

    def test_of_another_user(self, target_program: TargetProgram, root_folder: Path, user) -> None:
        homes = [root_folder / name for name in ("one", "two")]
        for home in homes:
            home.mkdir(mode=0o700)
            os.chown(home, user.pw_uid, user.pw_gid)
        for codex_home, expected in zip(homes, (True, False), strict=True):
            environment = {"CODEX_HOME": str(codex_home)}
            (homes[0] / "auth.json").touch()
            os.chown(homes[0] / "auth.json", user.pw_uid, user.pw_gid)
            assert self.counts(target_program, homes[0], root_folder, user.pw_name, environment=environment) is expected


def test_no_process_is_looked_for_unless_asked(target_program: TargetProgram, home: Path) -> None:
    assert "processes" not in target_program.apply(home, [write("auth.json", NEW, None)])[0]


@pytest.mark.posix_only(STRACE)
def test_the_bytes_reach_the_disk_before_the_rename(target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-o", str(trace), "-e", "trace=fsync,rename,renameat,renameat2"]
    target_program.apply(home, [write("auth.json", NEW, None)], wrapper=wrapper)
    calls = [line.split()[1].partition("(")[0] for line in trace.read_text().splitlines() if "(" in line]
    assert [call[:6] for call in calls] == ["fsync", "rename", "fsync"]


@pytest.mark.needs_root
@pytest.mark.posix_only("mount namespaces of Linux")
class TestMounts:
    """What only a mount namespace can show; each test has its own."""

    def in_namespace(self, setup: str) -> list[str]:
        return ["unshare", "--mount", "/bin/sh", "-c", f'{setup}; exec "$@"', "sh"]

    def test_a_mounted_file_is_rewritten_in_place(
        self, target_program: TargetProgram, home: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(OLD * 100)
        (home / "auth.json").touch()
        wrapper = self.in_namespace(f"mount --bind {outside} {home}/auth.json")
        result = target_program.apply(home, [write("auth.json", NEW, OLD * 100)], wrapper=wrapper)[0]
        assert result == {"status": "done", "in_place": True}
        assert outside.read_bytes() == NEW
        assert os.listdir(home) == ["auth.json"]

    def test_a_mounted_file_is_emptied_where_it_is_to_be_removed(
        self, target_program: TargetProgram, home: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(OLD)
        (home / "auth.json").touch()
        wrapper = self.in_namespace(f"mount --bind {outside} {home}/auth.json")
        remove = operation(operation="remove", path="auth.json", expected=sha256(OLD), backup=True)
        result = target_program.apply(home, [remove], wrapper=wrapper)[0]
        assert (result["status"], result["in_place"]) == ("done", True)
        assert outside.read_bytes() == b""
        assert Path(str(result["backup_file"])).read_bytes() == OLD

    def test_a_mounted_file_gets_its_mode(self, target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(OLD)
        outside.chmod(0o644)
        (home / "auth.json").touch()
        wrapper = self.in_namespace(f"mount --bind {outside} {home}/auth.json")
        assert target_program.apply(home, [write("auth.json", NEW, OLD)], wrapper=wrapper)[0]["in_place"]
        assert mode_of(outside) == 0o600

    def test_a_full_disk(self, target_program: TargetProgram, home: Path) -> None:
        (home / "disk").mkdir()
        setup = f"mount -t tmpfs -o size=64k tmpfs {home}/disk; printf 'old content\\n' >{home}/disk/auth.json"
        check = f"mkdir -p {home}/kept; "
        wrapper = [
            *("unshare", "--mount", "/bin/sh", "-c"),
            f'{setup}; "$@"; status=$?; {check} cp -a {home}/disk/. {home}/kept; exit $status',
            "sh",
        ]
        result = target_program.apply(home / "disk", [write("auth.json", b"x" * 200_000, OLD)], wrapper=wrapper)[0]
        assert (result["status"], result["code"]) == ("failed", "ENOSPC")
        assert os.listdir(home / "kept") == ["auth.json"]
        assert (home / "kept" / "auth.json").read_bytes() == OLD

    @pytest.mark.parametrize("size", [6_000, 200_000])
    def test_a_full_disk_behind_a_mounted_file(self, target_program: TargetProgram, home: Path, size: int) -> None:
        """In place there is no second file: the old bytes are put back."""
        (home / "disk").mkdir()
        (home / "auth.json").touch()
        setup = (
            f"mount -t tmpfs -o size=4k tmpfs {home}/disk; printf 'old content\\n' >{home}/disk/auth.json; "
            f"mount --bind {home}/disk/auth.json {home}/auth.json"
        )
        wrapper = [
            *("unshare", "--mount", "/bin/sh", "-c"),
            f'{setup}; "$@"; status=$?; cp {home}/auth.json {home}/kept; exit $status',
            "sh",
        ]
        result = target_program.apply(home, [write("auth.json", b"x" * size, OLD)], wrapper=wrapper)[0]
        assert (result["status"], result["code"]) == ("failed", "ENOSPC")
        assert (home / "kept").read_bytes() == OLD

    def test_a_read_only_file_system(self, target_program: TargetProgram, home: Path) -> None:
        (home / "auth.json").write_bytes(OLD)
        wrapper = self.in_namespace(f"mount --bind {home} {home}; mount -o remount,ro,bind {home}")
        result = target_program.apply(home, [write("auth.json", NEW, OLD)], wrapper=wrapper)[0]
        assert (result["status"], result["code"]) == ("failed", "EROFS")
        assert (home / "auth.json").read_bytes() == OLD


@pytest.mark.needs_root
@pytest.mark.posix_only(OTHERS)
class TestUsers:
    """Root works for a user by becoming it."""

    def test_files_belong_to_the_user(self, target_program: TargetProgram, root_folder: Path, user) -> None:
        codex_home = root_folder / "codex" / "home"
        make = operation(operation="directory", path="", mode=0o700, create_as_root=True)
        target_program.apply(codex_home, [make, write("auth.json", NEW, None)], user=user.pw_name)
        for path in (codex_home, codex_home / "auth.json"):
            assert (path.stat().st_uid, path.stat().st_gid) == (user.pw_uid, user.pw_gid)
        assert (codex_home.parent.stat().st_uid, mode_of(codex_home.parent)) == (0, 0o755)

    def test_a_hostile_link_leads_no_further_than_the_user_can_go(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        codex_home = root_folder / "home"
        codex_home.mkdir(mode=0o700)
        os.chown(codex_home, user.pw_uid, user.pw_gid)
        victim = root_folder / "victim"
        victim.write_bytes(OLD)
        victim.chmod(0o644)
        (codex_home / "auth.json").symlink_to(victim)
        result = target_program.apply(codex_home, [write("auth.json", NEW, OLD)], user=user.pw_name)[0]
        assert (result["status"], result["code"]) == ("failed", "EACCES")
        assert victim.read_bytes() == OLD

    def test_groups_are_dropped(self, target_program: TargetProgram, root_folder: Path, user) -> None:
        secret = root_folder / "secret"
        secret.write_bytes(OLD)
        secret.chmod(0o640)  # root's group may read it
        codex_home = root_folder / "home"
        codex_home.mkdir(mode=0o700)
        os.chown(codex_home, user.pw_uid, user.pw_gid)
        (codex_home / "config.toml").symlink_to(secret)
        answer = target_program.describe(codex_home, user=user.pw_name, extra_groups=[0])
        assert answer["files"]["config"]["kind"] == "unreadable"
        line = operation(operation="lines", path="config.toml", line="x", marker="x", mode=0o600, expected=None)
        result = target_program.apply(codex_home, [line], user=user.pw_name, extra_groups=[0])[0]
        assert (result["status"], result["code"]) == ("failed", "EACCES")

    def test_root_is_itself_again_after_it_looked_as_a_user(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        theirs, own = root_folder / "theirs", root_folder / "own"
        for folder in (theirs, own):
            folder.mkdir(mode=0o700)
            (folder / "config.toml").write_bytes(OLD)
        os.chown(theirs, user.pw_uid, user.pw_gid)
        homes = [
            {"user": user.pw_name, "codex_home": str(theirs), "files": FILES},
            {"user": None, "codex_home": str(own), "files": FILES},
            {"user": user.pw_name, "codex_home": str(own), "files": FILES},
        ]
        kinds = [
            home.get("files", {}).get("config", {}).get("kind") for home in target_program.execute("describe", homes)
        ]
        assert kinds == ["file", "file", None]

    def test_several_users_in_one_execution(
        self, target_program: TargetProgram, root_folder: Path, user, other_user
    ) -> None:
        homes = []
        for entry in (user, other_user):
            make = operation(operation="directory", path="", mode=0o700, create_as_root=True)
            home = {"user": entry.pw_name, "codex_home": str(root_folder / entry.pw_name)}
            homes.append({**home, "operations": [make, write("auth.json", entry.pw_name.encode(), None)]})
        target_program.execute("apply", homes)
        for entry in (user, other_user):
            file = root_folder / entry.pw_name / "auth.json"
            assert (file.read_bytes(), file.stat().st_uid) == (entry.pw_name.encode(), entry.pw_uid)


def test_the_answer_shows_nothing_of_what_lies_on_the_target(target_program: TargetProgram, home: Path) -> None:
    (home / "config.toml").write_bytes(b'secret = "SECRETMARKER"\n')
    content = target_program.describe(home)["files"]["config"]["content"]
    assert b"SECRETMARKER" in base64.b64decode(content)
    assert b"SECRETMARKER" not in target_program.stdout + target_program.masked
    assert content.encode() not in target_program.stdout + target_program.masked
