"""Files of the whole host: looked at and written by root alone, and after everything else was done."""

from __future__ import annotations

import os
import pwd
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest, Operation
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram, write

pytestmark = pytest.mark.needs_root
NEW = b"model = 'new'\n"
OWNERS = "files of several users, whose access on Windows is not told by owners and modes"


def on_host(operation: Operation) -> Operation:
    return operation | t.cast(Operation, {"base": "host"})


def make_folder(path: Path, mode: int = 0o755) -> Operation:
    return t.cast(Operation, {"operation": "directory", "base": "host", "path": str(path), "mode": mode})


def request(home: Path, operations: list[Operation], user: str | None = None) -> HomeRequest:
    return {"user": user, "codex_home": str(home), "operations": operations}


def statuses(answers: list[t.Any]) -> list[list[str]]:
    return [[result["status"] for result in answer["results"]] for answer in answers]


@pytest.mark.posix_only(OWNERS)
def test_a_file_is_made_with_its_folder_as_root_for_everybody_to_read(
    target_program: TargetProgram, home: Path, root_folder: Path, user: pwd.struct_passwd
) -> None:
    """Beside a user's own files, for whom nothing is made as root."""
    os.chown(home, user.pw_uid, user.pw_gid)
    home.chmod(0o700)
    for folder in (home, *home.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o111)
    file = root_folder / "codex" / "config.toml"
    own = request(home, [write("auth.json", b"1", None)], user.pw_name)
    host = request(home, [on_host(write(str(file), NEW, None, mode=0o644))], user.pw_name)
    assert statuses(target_program.execute("apply", [own, host])) == [["done"]] * 2
    assert (file.read_bytes(), file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (NEW, 0, 0o644)
    assert (file.parent.stat().st_uid, stat.S_IMODE(file.parent.stat().st_mode)) == (0, 0o755)
    assert (home / "auth.json").stat().st_uid == user.pw_uid


@pytest.mark.not_on_wine("Wine keeps an access control list as a mode, which loses the most of this one")
def test_a_folder_gets_its_mode(target_program: TargetProgram, home: Path, root_folder: Path) -> None:
    for before in (None, 0o700):
        folder = root_folder / f"codex-{before}"
        if before:
            folder.mkdir(mode=before)
        assert statuses(target_program.execute("apply", [request(home, [make_folder(folder)])])) == [["done"]]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "others",
    [
        pytest.param("owner", marks=pytest.mark.posix_only(OWNERS)),
        "mode",
        pytest.param("link", marks=pytest.mark.posix_only(OWNERS)),
    ],
)
def test_nothing_is_written_where_others_can_change_what_is_there(
    target_program: TargetProgram, home: Path, root_folder: Path, user: pwd.struct_passwd, others: str
) -> None:
    folder = root_folder / "codex"
    folder.mkdir()
    if others == "owner":
        os.chown(folder, user.pw_uid, user.pw_gid)
    elif others == "mode":
        folder.chmod(0o777)
    else:
        elsewhere = home / "elsewhere.toml"
        elsewhere.write_bytes(b"")
        os.chown(home, user.pw_uid, user.pw_gid)
        (folder / "config.toml").symlink_to(elsewhere)
    path = folder / "config.toml"
    expected = b"" if others == "link" else None
    (answer,) = target_program.execute("apply", [request(home, [on_host(write(str(path), NEW, expected))])])
    assert answer["error"]["reason"] in ("unsafe_parent", "changeable_host")  # the latter on Windows
    assert not path.exists() or path.read_bytes() == b""


@pytest.mark.posix_only(OWNERS)
def test_what_others_left_in_the_folder_is_not_for_root_to_clear_away(
    target_program: TargetProgram, home: Path, root_folder: Path, user: pwd.struct_passwd
) -> None:
    """It would be refused, and with it every run on the host."""
    (root_folder / ".fleet-codex-0123456789abcdef").touch()
    query: t.Any = [{"name": "system", "base": "host", "path": str(root_folder / "config.toml"), "details": "content"}]
    for owner, count in ((0, 1), (user.pw_uid, 0)):
        os.chown(root_folder, owner, 0)
        (answer,) = target_program.execute("describe", [{"user": None, "codex_home": str(home), "files": query}])
        assert len(answer["leftovers"]) == count
        assert answer["files"]["system"]["unsafe_parent"] == (None if owner == 0 else str(root_folder))


def test_without_root_nothing_is_written(
    shared_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    file = root_folder / "config.toml"
    wrapper = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    operations = [on_host(write(str(file), NEW, None))]
    answer = shared_program.ask("apply", [request(Path("/nonexistent"), operations)], wrapper=wrapper)["homes"][0]
    assert answer["error"] == {"reason": "host_needs_root", "path": str(file), "running": user.pw_name}
    assert not file.exists()


def test_a_conflict_before_it_keeps_a_file_of_the_host_as_it_is(
    target_program: TargetProgram, home: Path, root_folder: Path
) -> None:
    """An earlier operation, of whatever home: the host's file would not go with the login."""
    (home / "auth.json").write_bytes(b"changed meanwhile")
    file = root_folder / "config.toml"
    late = write("auth.json", b"1", b"what the controller saw")
    host = on_host(write(str(file), NEW, None))
    assert (
        statuses(target_program.execute("apply", [request(home, [late]), request(home, [host])])) == [["conflict"]] * 2
    )
    unknown = request(home, [write("x", b"1", None)], "no-such-user")
    answers = target_program.execute("apply", [unknown, request(home, [host])])
    assert (answers[0]["error"]["reason"], statuses(answers[1:])) == ("unknown_user", [["conflict"]])
    assert not file.exists()


@pytest.mark.posix_only(OWNERS)
def test_root_looks_at_files_that_a_user_cannot_read(
    target_program: TargetProgram, home: Path, root_folder: Path, user: pwd.struct_passwd
) -> None:
    os.chown(home, user.pw_uid, user.pw_gid)
    file = root_folder / "config.toml"
    file.write_bytes(NEW)
    file.chmod(0o600)
    query: t.Any = [{"name": "system", "base": "host", "path": str(file), "details": "content"}]
    described: HomeRequest = {"user": user.pw_name, "codex_home": str(home), "files": query}
    (answer,) = target_program.execute("describe", [described])
    assert answer.get("is_root") is True, answer
    assert answer["files"]["system"]["kind"] == "file"


def test_files_of_profiles_are_described_and_nothing_else_is(target_program: TargetProgram, home: Path) -> None:
    for name in ("work.config.toml", "config.toml", ".config.toml.bak", "work.config.toml~"):
        (home / name).write_bytes(NEW)
    # Names that Codex takes for no profile, so that nothing of them counts.
    for odd in (b"a b", b"a.b", b"\xc3\xa9", b"\xff", b"a\nb", b"a\x1b[2J", b""):
        (home / os.fsdecode(odd + b".config.toml")).write_bytes(b"x = ")
    (home / "folder.config.toml").mkdir()
    (answer,) = target_program.execute("describe", [{"user": None, "codex_home": str(home), "files": []}])
    assert [file["path"] for file in answer["profiles"]] == [str(home / "work.config.toml")]
    assert answer["all_profiles"] is True


@pytest.mark.parametrize("large", [True, False])
def test_a_user_cannot_have_any_amount_of_profiles_read(target_program: TargetProgram, home: Path, large: bool) -> None:
    """By links, which take no room: what is read is held in memory, here and by the controller."""
    (home / "0.config.toml").write_bytes(b"#" * (3 * 1024 * 1024) if large else NEW)
    for n in range(1, 3 if large else 1500):
        (home / f"{n}.config.toml").symlink_to("0.config.toml")
    (answer,) = target_program.execute("describe", [{"user": None, "codex_home": str(home), "files": []}])
    assert (len(answer["profiles"]), answer["all_profiles"]) == (1 if large else 1024, False)


def test_a_profile_that_is_too_large_is_not_read_which_is_reported(target_program: TargetProgram, home: Path) -> None:
    (home / "a.config.toml").write_bytes(b"#" * (5 * 1024 * 1024))
    (answer,) = target_program.execute("describe", [{"user": None, "codex_home": str(home), "files": []}])
    assert (answer["profiles"], answer["all_profiles"]) == ([], False)


@pytest.mark.parametrize("mounted", [False, True])
@pytest.mark.posix_only("mount namespaces of Linux")
def test_a_file_that_is_not_roots_is_reported_with_whether_it_is_mounted(
    target_program: TargetProgram, home: Path, root_folder: Path, user: pwd.struct_passwd, mounted: bool
) -> None:
    file = root_folder / "config.toml"
    file.write_bytes(NEW)
    os.chown(file, user.pw_uid, user.pw_gid)
    query: t.Any = [{"name": "system", "base": "host", "path": str(file), "details": "content"}]
    described: HomeRequest = {"user": None, "codex_home": str(home), "files": query}
    script = f"mount --bind {file} {file}; " if mounted else ""
    wrapper = ["unshare", "--mount", "sh", "-c", f'{script}exec "$@"', "sh"]
    (answer,) = target_program.execute("describe", [described], wrapper=wrapper)
    facts = answer["files"]["system"]
    assert (facts["owner"], facts["mount_point"]) == (user.pw_name, mounted)
