"""What a replaced file carries beside its bytes and its mode: extended attributes and access control lists."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import Operation
from ansible_collections.fleet.codex.tests.support import skips
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram, sha256, write

pytestmark = [
    pytest.mark.posix_only("attributes and access control lists of Linux"),
    pytest.mark.not_in_sh("no utility of POSIX copies them"),
]
OLD, NEW = b"old content\n", b"new content\n"
ACCESS_LIST = "system.posix_acl_access"


def set_attribute(path: Path, name: str, value: bytes) -> None:
    """Gives a file an attribute, where its file system has any."""
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        skips.unavailable(f"the file system has no attribute {name}: {error}")


def set_list(path: Path, *entries: str) -> None:
    """Gives a file or a folder an access control list."""
    try:
        done = subprocess.run(["setfacl", *entries, str(path)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        skips.unavailable("there is no setfacl")
    if done.returncode:
        skips.unavailable(f"the file system has no access control lists: {done.stderr}")


def replacements(mode: int) -> list[Operation]:
    """Each way to replace a file that is there."""
    lines = {"operation": "lines", "base": "codex_home", "path": "file", "line": "x # mark", "marker": "# mark"}
    return [
        write("file", NEW, OLD, mode=mode),
        t.cast(Operation, {**lines, "mode": 0o600, "expected": sha256(OLD)}),
    ]


@pytest.fixture(params=[0, 1], ids=["write", "lines"])
def way(request: pytest.FixtureRequest) -> int:
    """Which of the replacements."""
    return t.cast(int, request.param)


def test_attributes_are_kept(target_program: TargetProgram, home: Path, way: int) -> None:
    file = home / "file"
    file.write_bytes(OLD)
    set_attribute(file, "user.fleet", b"\0value\xff")
    set_attribute(file, "user.empty", b"")
    before = file.stat().st_ino
    assert target_program.apply(home, [replacements(0o600)[way]])[0]["status"] == "done"
    assert file.stat().st_ino != before
    assert {name: os.getxattr(file, name) for name in os.listxattr(file) if name.startswith("user.")} == {
        "user.fleet": b"\0value\xff",
        "user.empty": b"",
    }


@pytest.mark.needs_root
def test_attributes_that_only_root_may_set_are_kept_by_root_and_stop_nobody_else(
    target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd, way: int
) -> None:
    """As what SELinux goes by, on systems where it is at work."""
    for owner, kept in ((0, True), (user.pw_uid, False)):
        home = root_folder / str(owner)
        home.mkdir(mode=0o700)
        file = home / "file"
        file.write_bytes(OLD)
        for path in (home, file):
            os.chown(path, owner, owner and user.pw_gid)
        set_attribute(file, "security.fleet", b"label")
        operation = replacements(0o600)[way]
        results = target_program.apply(home, [operation], user=user.pw_name if owner else None)
        assert results[0]["status"] == "done"
        assert ("security.fleet" in os.listxattr(file)) is kept


def readers(path: Path) -> str:
    """A file's access control list."""
    return subprocess.run(
        ["getfacl", "--omit-header", "-p", str(path)], capture_output=True, text=True, check=True
    ).stdout


def test_an_access_control_list_stays_as_it_is(target_program: TargetProgram, home: Path, way: int) -> None:
    """Without it the bits of the mode that stand for its mask would let the file's group in."""
    file = home / "file"
    file.write_bytes(OLD)
    file.chmod(0o600)
    set_list(file, "-m", "u:nobody:r,g::-,m::r")
    before = readers(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert target_program.apply(home, [replacements(0o640)[way]])[0]["status"] == "done"
    assert readers(file) == before


def test_a_mode_without_the_group_lets_nobody_of_the_list_in(target_program: TargetProgram, home: Path) -> None:
    file = home / "file"
    file.write_bytes(OLD)
    set_list(file, "-m", "u:nobody:rw,g::r,m::rw")
    assert target_program.apply(home, [replacements(0o600)[0]])[0]["status"] == "done"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "mask::---" in readers(file)


def test_a_list_that_the_folder_gives_to_new_files_does_not_come_with_a_replacement(
    target_program: TargetProgram, home: Path, way: int
) -> None:
    file = home / "file"
    file.write_bytes(OLD)
    file.chmod(0o640)
    set_list(home, "-d", "-m", "u:nobody:rw")
    assert target_program.apply(home, [replacements(0o640)[way]])[0]["status"] == "done"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert ACCESS_LIST not in os.listxattr(file)
