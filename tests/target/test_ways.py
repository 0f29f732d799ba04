"""Root works only where root and the home's user alone can change what a path leads to, and apply looks again."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import Base, FileQuery, HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support import skips
from ansible_collections.fleet.codex.tests.support.target_program import FILES, TargetProgram, write

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.posix_only(
        "owners, groups and sticky folders; who can change a way on Windows is told by its access control lists"
    ),
]
NEW = b"model = 'new'\n"


def query(base: Base, path: str) -> FileQuery:
    return {"name": "file", "base": base, "path": path, "details": "content"}


def both(
    target_program: TargetProgram,
    user: str | None,
    codex_home: Path | None,
    file: FileQuery | None = None,
    **more: t.Any,
) -> tuple[HomeAnswer, HomeAnswer]:
    """The answers of describe and apply, which is asked to write the file, whatever describe said."""
    file = file or query("codex_home", "config.toml")
    home = {"user": user, "codex_home": str(codex_home) if codex_home else None}
    operation = {**write(file["path"], NEW, None), "base": file["base"]}
    asked = t.cast(list[HomeRequest], [{**home, "files": [file]}, {**home, "operations": [operation]}])
    (described,) = target_program.execute("describe", asked[:1], **more)
    (applied,) = target_program.execute("apply", asked[1:], **more)
    return described, applied


def assert_refused(answers: t.Iterable[HomeAnswer], reason: str, path: Path) -> None:
    """Both, with this reason and path."""
    for answer in answers:
        assert (answer["error"]["reason"], answer["error"]["path"]) == (reason, str(path)), answer


def assert_served(answers: tuple[HomeAnswer, HomeAnswer]) -> None:
    """Described, and written."""
    assert "error" not in answers[0]
    assert [result["status"] for result in answers[1]["results"]] == ["done"]


def give(path: Path, user: pwd.struct_passwd) -> Path:
    """The path, which is now the user's."""
    os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return path


def make(path: Path, mode: int = 0o755, user: pwd.struct_passwd | None = None) -> Path:
    """A new folder with this mode, of root's or of the user's."""
    path.mkdir()
    path.chmod(mode)
    return give(path, user) if user else path


def as_home_of(user: pwd.struct_passwd, directory: Path) -> list[str]:
    """A wrapper in which the user database has another home directory for a user."""
    database = directory.parent / f"passwd-{user.pw_name}"
    lines = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith(f"{user.pw_name}:")]
    lines.append(f"{user.pw_name}:x:{user.pw_uid}:{user.pw_gid}::{directory}:/bin/sh")
    database.write_text("\n".join(lines) + "\n")
    database.chmod(0o644)
    return ["unshare", "--mount", "sh", "-c", f'mount --bind {shlex.quote(str(database))} /etc/passwd; exec "$@"', "sh"]


class TestRootItself:
    """Root's own home, at a path that a playbook names."""

    @pytest.mark.parametrize("mode", [0o777, 0o757, 0o775])
    @pytest.mark.parametrize("exists", [True, False])
    def test_below_a_folder_that_others_can_write(
        self, target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd, mode: int, exists: bool
    ) -> None:
        shared = make(root_folder / "shared", mode)
        os.chown(shared, 0, user.pw_gid)
        if exists:
            make(shared / "home", 0o700)
        assert_refused(both(target_program, None, shared / "home"), "writable_by_others", shared)
        assert not exists or os.listdir(shared / "home") == []

    def test_a_home_that_others_can_write(self, target_program: TargetProgram, root_folder: Path) -> None:
        home = make(root_folder / "home", 0o777)
        assert_refused(both(target_program, None, home), "writable_by_others", home)

    def test_in_a_sticky_folder_the_owner_of_the_next_step_decides(
        self, target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd
    ) -> None:
        sticky = make(root_folder / "sticky", 0o1777)
        make(sticky / "own", 0o700)
        assert_served(both(target_program, None, sticky / "own"))
        theirs = make(sticky / "theirs", 0o755, user)
        assert_refused(both(target_program, None, theirs / "home"), "foreign", theirs)
        link = sticky / "link"
        link.symlink_to("own")
        give(link, user)
        assert_refused(both(target_program, None, link), "foreign", link)

    @pytest.mark.parametrize("link", [False, True])
    def test_the_home_directory_of_another_user(
        self, target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd, link: bool
    ) -> None:
        """As become_user does with HOME in the task's environment."""
        theirs = make(root_folder / "theirs", 0o755, user)
        directory = theirs
        if link:
            directory = root_folder / "link"
            directory.symlink_to(theirs)
        environment = {"HOME": str(directory)}
        assert_refused(both(target_program, None, None, environment=environment), "foreign", theirs)
        own = make(root_folder / "own", 0o700)
        shell = query("home_directory", ".profile")
        assert_refused(both(target_program, None, own, shell, environment=environment), "foreign", theirs)
        assert os.listdir(theirs) == []

    def test_a_home_directory_that_is_not_asked_for_may_be_as_it_is(
        self, target_program: TargetProgram, root_folder: Path
    ) -> None:
        directory, own = make(root_folder / "open", 0o777), make(root_folder / "own", 0o700)
        assert_served(both(target_program, None, own, environment={"HOME": str(directory)}))

    @pytest.mark.parametrize("chain", ["folder", "link"])
    def test_a_link_that_leads_where_another_user_chooses(
        self, target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd, chain: str
    ) -> None:
        """In the end, or on the way to a file of root's."""
        home, theirs = make(root_folder / "home", 0o700), make(root_folder / "theirs", 0o755, user)
        if chain == "folder":
            give_file = theirs / "config.toml"
            give_file.write_bytes(b"")
        else:
            secret = make(root_folder / "secret", 0o700) / "config.toml"
            secret.write_bytes(b"")
            give_file = theirs / "config.toml"
            give_file.symlink_to(secret)
        give(give_file, user)
        (home / "config.toml").symlink_to(give_file)
        assert target_program.describe(home)["error"] == {
            "reason": "foreign",
            "path": str(theirs),
            "owner": user.pw_name,
            "user": "root",
        }

    def test_links_of_its_own_are_followed(self, target_program: TargetProgram, root_folder: Path) -> None:
        home, dotfiles = make(root_folder / "home", 0o700), make(root_folder / "dotfiles")
        (dotfiles / "config.toml").write_bytes(b"")
        (root_folder / "middle").symlink_to("dotfiles/config.toml")
        (home / "config.toml").symlink_to(root_folder / "middle")
        assert target_program.describe(home)["files"]["config"]["kind"] == "file"


class TestUsers:
    """Root works for another user."""

    @pytest.fixture
    def home(self, root_folder: Path, other_user: pwd.struct_passwd) -> Path:
        """A home directory of a user whose group is its own."""
        return make(root_folder / "home", 0o755, other_user)

    @pytest.mark.parametrize("mode", [0o777, 0o757])
    @pytest.mark.parametrize("asked", ["codex_home", "shell"])
    def test_a_home_directory_that_others_can_write(
        self,
        shared_program: TargetProgram,
        root_folder: Path,
        home: Path,
        other_user: pwd.struct_passwd,
        mode: int,
        asked: str,
    ) -> None:
        home.chmod(mode)
        apart = None if asked == "codex_home" else make(root_folder / "apart", 0o700, other_user)
        shell = query("home_directory", ".profile") if apart else None
        answers = both(shared_program, other_user.pw_name, apart, shell, wrapper=as_home_of(other_user, home))
        assert_refused(answers, "writable_by_others", home)
        assert os.listdir(home) == []

    def test_a_folder_above_the_home_directory(
        self, shared_program: TargetProgram, root_folder: Path, home: Path, other_user: pwd.struct_passwd
    ) -> None:
        root_folder.chmod(0o777)
        answers = both(shared_program, other_user.pw_name, None, wrapper=as_home_of(other_user, home))
        assert_refused(answers, "writable_by_others", root_folder)

    def test_a_folder_of_the_users_own_group(
        self, shared_program: TargetProgram, root_folder: Path, home: Path, other_user: pwd.struct_passwd
    ) -> None:
        """Many systems make a group for each user, and a umask that lets it write."""
        home.chmod(0o775)
        make(home / ".codex", 0o770, other_user)
        for folder in (".config", ".config/fish"):
            make(home / folder, 0o775, other_user)
        wrapper = as_home_of(other_user, home)
        fish = query("home_directory", ".config/fish/codex.fish")
        assert_served(both(shared_program, other_user.pw_name, None, fish, wrapper=wrapper))
        assert_served(both(shared_program, other_user.pw_name, None, wrapper=wrapper))
        acl = subprocess.run(["setfacl", "-m", "u:nobody:rwx", str(home / ".config")], capture_output=True, check=False)
        if acl.returncode:
            skips.unavailable("the file system has no access control lists, or there is no setfacl")
        answers = both(shared_program, other_user.pw_name, None, fish, wrapper=wrapper)
        assert_refused(answers, "writable_by_others", home / ".config")

    @pytest.mark.parametrize("path", [".config/fish/codex.fish", ".config/environment.d/codex.conf"])
    def test_a_folder_on_the_way_to_a_file_that_another_group_can_write(
        self,
        shared_program: TargetProgram,
        home: Path,
        user: pwd.struct_passwd,
        other_user: pwd.struct_passwd,
        path: str,
    ) -> None:
        folder = make(home / ".config", 0o775, other_user)
        os.chown(folder, other_user.pw_uid, user.pw_gid)
        file = query("home_directory", path)
        answers = both(shared_program, other_user.pw_name, None, file, wrapper=as_home_of(other_user, home))
        assert_refused(answers, "writable_by_others", folder)
        assert os.listdir(folder) == []

    def test_a_group_that_is_another_users_first_one(
        self, shared_program: TargetProgram, root_folder: Path, home: Path, other_user: pwd.struct_passwd
    ) -> None:
        """The group database does not name such members."""
        home.chmod(0o775)
        wrapper = as_home_of(other_user, home)
        with (root_folder / f"passwd-{other_user.pw_name}").open("a") as database:
            database.write(f"fleet-test-guest:x:4711:{other_user.pw_gid}::/nonexistent:/bin/sh\n")
        assert_refused(both(shared_program, other_user.pw_name, None, wrapper=wrapper), "writable_by_others", home)

    def test_a_group_that_has_other_members(
        self, shared_program: TargetProgram, root_folder: Path, home: Path, other_user: pwd.struct_passwd
    ) -> None:
        home.chmod(0o775)
        database = root_folder / "group"
        database.write_text(f"root:x:0:\n{other_user.pw_name}:x:{other_user.pw_gid}:nobody\n")
        mount = f'mount --bind {database} /etc/group; exec "$@"'
        wrapper = [*as_home_of(other_user, home), "sh", "-c", mount, "sh"]
        assert_refused(both(shared_program, other_user.pw_name, None, wrapper=wrapper), "writable_by_others", home)


def test_a_user_who_works_as_itself_takes_its_home_directory_as_it_is(
    shared_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    """Nobody else is served or hurt, and in a container everything may be open."""
    home = make(root_folder / "home", 0o777, user)
    wrapper = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    answer = shared_program.describe(None, files=FILES, environment={"HOME": str(home)}, wrapper=wrapper)
    assert answer["folder"]["kind"] == "absent"
