"""Codex's lock files in a user's home: which one is at fault, what is reported of them, and which root gives back."""

from __future__ import annotations

import os
import pwd
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, Operation
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram, sha256, write

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.posix_only("an administrator's own rights are enough on Windows, whoever a lock file belongs to"),
]
OLD, NEW = b"old content\n", b"new content\n"
LOCKS = ["auth.lock", "auth.json.lock"]


@pytest.fixture
def theirs(root_folder: Path, user: pwd.struct_passwd) -> Path:
    """A Codex home of a user, with an auth.json."""
    home = root_folder / "theirs"
    home.mkdir(mode=0o700)
    (home / "auth.json").write_bytes(OLD)
    for path in (home, home / "auth.json"):
        os.chown(path, user.pw_uid, user.pw_gid)
    return home


def make_file(path: Path, mode: int = 0o600) -> Path:
    """An empty file of root's."""
    path.touch()
    path.chmod(mode)
    return path


def make_link(path: Path) -> None:
    """A link to a file that does not exist, in a folder where the user may make it."""
    path.symlink_to(path.with_name("elsewhere"))


def changes(locks: list[str]) -> list[Operation]:
    """Both operations that take locks."""
    remove = {"operation": "remove", "base": "codex_home", "path": "auth.json", "expected": sha256(OLD), "locks": locks}
    return [write("auth.json", NEW, OLD, locks=locks), t.cast(Operation, remove)]


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize(
    ("make", "code"),
    [(make_file, "EACCES"), (Path.mkdir, "EISDIR"), (make_link, "ELOOP")],
    ids=["file", "folder", "link"],
)
def test_a_lock_that_cannot_be_had_is_named_and_nothing_is_done(
    target_program: TargetProgram,
    theirs: Path,
    user: pwd.struct_passwd,
    name: str,
    make: t.Callable[[Path], t.Any],
    code: str,
) -> None:
    make(theirs / name)
    for change in changes(LOCKS):
        (result,) = target_program.apply(theirs, [change], user=user.pw_name)
        assert (result["status"], result["path"], result["code"]) == ("failed", str(theirs / name), code)
    assert (theirs / "auth.json").read_bytes() == OLD
    assert not (theirs / "elsewhere").exists()


def test_an_error_of_the_file_itself_names_the_file(
    target_program: TargetProgram, theirs: Path, user: pwd.struct_passwd
) -> None:
    theirs.chmod(0o500)
    for change in changes([]):
        (result,) = target_program.apply(theirs, [change], user=user.pw_name)
        assert (result["path"], result["code"]) == (f"{theirs}/auth.json", "EACCES")


def test_whether_the_user_can_take_a_lock_is_reported_and_nothing_that_is_in_it(
    target_program: TargetProgram, theirs: Path, user: pwd.struct_passwd
) -> None:
    make_file(theirs / "auth.lock")
    (theirs / "auth.json.lock").write_bytes(b"SECRETMARKER")
    os.chown(theirs / "auth.json.lock", user.pw_uid, user.pw_gid)
    queries = [{"name": name, "base": "codex_home", "path": name, "details": "lock"} for name in (*LOCKS, "no.lock")]
    files = target_program.describe(theirs, user=user.pw_name, files=t.cast(list[FileQuery], queries))["files"]
    assert files["auth.lock"] == {
        "path": f"{theirs}/auth.lock",
        "kind": "file",
        "mode": 0o600,
        "owner": "root",
        "writable": False,
    }
    assert (files["auth.json.lock"]["owner"], files["auth.json.lock"]["writable"]) == (user.pw_name, True)
    assert files["auth.json.lock"].keys() == files["auth.lock"].keys()
    assert files["no.lock"]["kind"] == "absent"


def test_whether_the_user_can_write_where_a_link_leads_is_reported(
    target_program: TargetProgram, root_folder: Path, theirs: Path, user: pwd.struct_passwd
) -> None:
    """From 0.167.2 on Codex makes a new file beside the target."""
    for name, owner in (("closed", 0), ("open", user.pw_uid)):
        folder = root_folder / name
        folder.mkdir(mode=0o755)
        (folder / "file").touch()
        for path in (folder, folder / "file"):
            os.chown(path, owner, owner and user.pw_gid)
        (theirs / name).symlink_to(folder / "file")
    queries: list[t.Any] = [
        {"name": name, "base": "codex_home", "path": name, "details": {"lines": "# mark"}}
        for name in ("closed", "open", "auth.json")
    ]
    (root_folder / "open" / "file").chmod(0o400)
    files = target_program.describe(theirs, user=user.pw_name, files=queries)["files"]
    seen = [(files[name]["writable"], files[name].get("folder_writable")) for name in ("closed", "open", "auth.json")]
    assert seen == [(False, False), (False, True), (True, None)]


def test_files_of_a_home_directory_that_is_not_the_users_own_are_reported(
    shared_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    """As service users have it; the task's HOME makes the folder the home directory of whoever runs this."""
    queries: list[t.Any] = [
        {"name": name, "base": "home_directory", "path": name, "details": None} for name in (".profile", ".config/x/y")
    ]
    for owner, writable in ((user.pw_uid, None), (0, False)):
        folder = root_folder / str(owner)
        (folder / ".codex").mkdir(mode=0o700, parents=True)
        for path in (folder / ".codex", folder):
            path.chmod(0o755)
        os.chown(folder / ".codex", user.pw_uid, user.pw_gid)
        os.chown(folder, owner, -1)
        wrapper = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        files = shared_program.describe(None, files=queries, environment={"HOME": str(folder)}, wrapper=wrapper)[
            "files"
        ]
        assert [file.get("folder_writable") for file in files.values()] == [writable, writable]


GIVE = t.cast(Operation, {"operation": "give", "base": "codex_home", "path": "auth.lock"})


@pytest.mark.not_in_sh("sh cannot give away exactly the file that it looked at")
def test_an_empty_lock_of_roots_is_given_to_the_user_who_then_takes_it(
    target_program: TargetProgram, theirs: Path, user: pwd.struct_passwd
) -> None:
    lock = make_file(theirs / "auth.lock")
    results = target_program.apply(theirs, [GIVE, write("auth.json", NEW, OLD, locks=LOCKS)], user=user.pw_name)
    assert [result["status"] for result in results] == ["done", "done"]
    assert (lock.stat().st_uid, lock.stat().st_gid) == (user.pw_uid, user.pw_gid)
    assert (theirs / "auth.json").read_bytes() == NEW


def make_full(path: Path, _root_folder: Path) -> Path:
    path.write_bytes(OLD)
    return path


def make_second_name(path: Path, root_folder: Path) -> Path:
    os.link(make_file(root_folder / "first"), path)
    return path


def make_link_to(path: Path, root_folder: Path) -> Path:
    path.symlink_to(make_file(root_folder / "first"))
    return root_folder / "first"


def make_fifo(path: Path, _root_folder: Path) -> Path:
    os.mkfifo(path)
    return path


def make_socket(path: Path, _root_folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return path


def make_folder(path: Path, _root_folder: Path) -> Path:
    path.mkdir()
    return path


def make_of_another(path: Path, _root_folder: Path) -> Path:
    os.chown(make_file(path), pwd.getpwnam("daemon").pw_uid, 0)
    return path


@pytest.mark.parametrize(
    "make",
    [make_full, make_second_name, make_link_to, make_fifo, make_socket, make_folder, make_of_another],
    ids=lambda make: make.__name__.removeprefix("make_"),
)
def test_nothing_else_is_given(
    target_program: TargetProgram,
    root_folder: Path,
    theirs: Path,
    user: pwd.struct_passwd,
    make: t.Callable[[Path, Path], Path],
) -> None:
    made = make(theirs / "auth.lock", root_folder)
    before = made.stat().st_uid
    results = target_program.apply(theirs, [GIVE], user=user.pw_name, wrapper=["timeout", "20"])
    assert [result["status"] for result in results] == ["done"]
    assert made.stat().st_uid == before


def test_a_home_that_meanwhile_leads_elsewhere_gets_nothing_of_there(
    target_program: TargetProgram, root_folder: Path, theirs: Path, user: pwd.struct_passwd
) -> None:
    of_root = root_folder / "root"
    of_root.mkdir(mode=0o700)
    lock = make_file(of_root / "auth.lock")
    link = theirs / "codex"
    link.symlink_to(of_root)
    os.chown(link, user.pw_uid, user.pw_gid, follow_symlinks=False)
    (answer,) = target_program.execute("apply", [{"user": user.pw_name, "codex_home": str(link), "operations": [GIVE]}])
    assert "error" in answer
    assert lock.stat().st_uid == 0
