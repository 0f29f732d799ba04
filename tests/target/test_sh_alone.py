# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What only the target program in sh does: with the utilities that a host has, and killed at any moment."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.tests.support.sh_program import NoShell, ShProgram
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from ansible_collections.fleet.codex.tests.support.target_program import sha256, write

from .conftest import reachable_folder

OLD, NEW = b'{"OPENAI_API_KEY": "old"}', b'{"OPENAI_API_KEY": "SECRETMARKER\'s"}'
AUTH: t.Any = [{"name": "auth", "base": "codex_home", "path": "auth.json", "details": "auth"}]
LOCKS = ["auth.lock", "auth.json.lock"]


@pytest.fixture(scope="module")
def dash() -> t.Iterator[ShProgram]:
    with reachable_folder() as folder:
        try:
            yield ShProgram("dash", folder)
        except NoShell as error:
            unavailable(str(error))


@pytest.fixture
def poor(dash: ShProgram) -> t.Iterator[t.Callable[..., ShProgram]]:
    """Gives the program on a host without some utilities."""
    with reachable_folder() as folder:

        def take_away(*names: str) -> ShProgram:
            for place in ("/usr/bin", "/usr/sbin"):
                for path in Path(place).iterdir():
                    if path.name not in names and not (folder / path.name).is_symlink():
                        (folder / path.name).symlink_to(path)
            dash.utilities = folder
            return dash

        yield take_away
    dash.utilities = None


@pytest.mark.needs_root
@pytest.mark.parametrize("become", ["setpriv", "chroot", "su"])
def test_root_becomes_a_user_with_what_there_is(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd, become: str, tmp_path: Path
) -> None:
    """Each writes a file of the user's, in all groups of the user and in none of root's."""
    home = root_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    stubs = tmp_path / "bin"
    stubs.mkdir()
    for name in ("setpriv", "chroot")[: ("setpriv", "chroot", "su").index(become)]:
        (stubs / name).write_text("#!/bin/sh\nexit 1\n")
        (stubs / name).chmod(0o755)
    tmp_path.chmod(0o755)
    env = {**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}"}
    result = dash.apply(str(home), [write("auth.json", NEW, None)], user=user.pw_name, env=env)
    assert result == [{"status": "done", "in_place": False}]
    status = (home / "auth.json").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (user.pw_uid, user.pw_gid, 0o600)
    described = dash.describe(str(home), user=user.pw_name, files=AUTH, env=env)
    assert described["files"]["auth"]["auth"]["fields"] == ["OPENAI_API_KEY"]


def test_without_flock_nothing_is_locked_and_the_answer_says_so(
    poor: t.Callable[..., ShProgram], dash: ShProgram, home: Path
) -> None:
    assert dash.describe(home)["can_lock"]
    program = poor("flock")
    assert program.describe(home)["can_lock"] is False
    young, old = home / ".fleet-codex-0a", home / ".fleet-codex-0b"
    for file in (young, old):
        file.touch()
    os.utime(old, (0, time.time() - 2 * 86400))
    assert program.describe(home)["leftovers"] == [str(old)]
    with dash.holding(home / "auth.json.lock"):
        assert program.apply(home, [write("auth.json", NEW, None, locks=LOCKS)])[0]["status"] == "done"
    assert (home / "auth.json").read_bytes() == NEW


@pytest.mark.parametrize(
    ("missing", "utility"),
    [
        (["sha256sum", "shasum", "openssl"], "sha256sum"),
        (["timeout"], "timeout"),
        (["head"], "head"),
        (["setpriv", "chroot", "su"], "su"),
    ],
)
@pytest.mark.needs_root
def test_a_utility_that_is_missing_is_named_and_nothing_is_done(
    poor: t.Callable[..., ShProgram], root_folder: Path, user: pwd.struct_passwd, missing: list[str], utility: str
) -> None:
    home = root_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    request: t.Any = {"user": user.pw_name, "codex_home": str(home), "operations": [write("auth.json", NEW, None)]}
    answer = poor(*missing).execute("apply", [request])[0]
    assert answer.get("error") == {"reason": "missing_utility", "utility": utility}
    assert os.listdir(home) == []


@pytest.mark.parametrize("utility", ["shasum", "openssl"])
def test_another_utility_computes_digests(poor: t.Callable[..., ShProgram], home: Path, utility: str) -> None:
    if shutil.which(utility) is None:
        unavailable(f"{utility} is not installed.")
    (home / "auth.json").write_bytes(OLD)
    program = poor(*({"sha256sum", "shasum", "openssl"} - {utility}))
    assert program.apply(home, [write("auth.json", NEW, OLD)]) == [{"status": "done", "in_place": False}]


def test_a_dd_and_a_sync_that_know_no_options(poor: t.Callable[..., ShProgram], home: Path) -> None:
    program = poor("dd", "sync", "getent", "setsid")
    folder = program.utilities
    assert folder
    for name, refused in (("dd", "conv="), ("sync", "/")):
        script = (
            f'case "$*" in *{refused}*) echo "{name}: invalid option" >&2; exit 1 ;; esac; exec /usr/bin/{name} "$@"'
        )
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    assert program.apply(home, [write("auth.json", NEW, None)]) == [{"status": "done", "in_place": False}]
    assert (home / "auth.json").read_bytes() == NEW


def test_arguments_and_environments_of_processes_have_no_secret(dash: ShProgram, home: Path, tmp_path: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-v", "-s", "100000", "-o", str(trace), "-e", "trace=execve"]
    dash.apply(home, [write("auth.json", NEW, OLD, backup=True, backup_keep=1, locks=LOCKS)], wrapper=wrapper)
    (home / "config.toml").write_bytes(b"# SECRETMARKER\n")
    dash.describe(home, wrapper=["strace", "-A", *wrapper[1:]])
    text = trace.read_text()
    assert "/mv" in text and "/cat" in text
    assert "SECRETMARKER" not in text
    assert (home / "auth.json").read_bytes() == NEW


def test_a_killed_mv_is_a_failure_that_leaves_the_old_file_and_nothing_else(dash: ShProgram, home: Path) -> None:
    (home / "auth.json").write_bytes(OLD)
    trace = ["strace", "-f", "-o", "/dev/null", "-e", "inject=rename,renameat,renameat2:signal=SIGKILL:error=EPERM"]
    result = dash.apply(home, [write("auth.json", NEW, OLD)], wrapper=trace)[0]
    assert result["status"] == "failed"
    assert os.listdir(home) == ["auth.json"]
    assert (home / "auth.json").read_bytes() == OLD


@pytest.mark.parametrize("kind", ["write", "remove"])
def test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one(dash: ShProgram, home: Path, kind: str) -> None:
    """All of its processes at once, every three milliseconds later; the next run does the work and cleans up."""
    file = home / "auth.json"
    change: t.Any = write("auth.json", NEW, OLD, locks=LOCKS, backup=True)
    if kind == "remove":
        change = {"operation": "remove", "base": "codex_home", "path": "auth.json", "expected": sha256(OLD)}
    seen = set()
    for n in range(400):
        file.write_bytes(OLD)
        file.chmod(0o600)
        begin = 'exec 3<&0; setsid --wait "$@" <&3 & until kill -0 -$!; do :; done'
        script = f"{begin}; sleep {n * 0.003:.3f}; kill -KILL -$!; wait"
        try:
            dash.apply(home, [change], wrapper=["/bin/sh", "-c", script, "sh"])
            is_done = True
        except (AssertionError, IndexError):
            is_done = False
        content = file.read_bytes() if file.exists() else None
        assert content in (OLD, NEW if kind == "write" else None)
        seen.add(content)
        time.sleep(0.005)
        clean: t.Any = {"operation": "clean", "base": "home_directory", "path": str(home)}
        for name in os.listdir(home):
            assert re.fullmatch(r"auth\.json(\.\d+\..*~)?|auth\.lock|auth\.json\.lock|\.fleet-codex-[0-9a-f]+b?", name)
            assert (home / name).stat().st_mode & 0o77 == 0
        if is_done:
            break
        if n % 20 == 0:
            dash.apply(home, [clean])
            assert not [name for name in os.listdir(home) if name.startswith(".fleet")]
    assert is_done
    assert OLD in seen


@pytest.mark.parametrize("link", ["nowhere/auth.json", "/nowhere/at/all", "loop"])
def test_a_link_that_leads_to_no_folder_is_not_written_anywhere(dash: ShProgram, home: Path, link: str) -> None:
    (home / "loop").symlink_to("loop")
    (home / "auth.json").symlink_to(link)
    before = sorted(os.listdir("/"))
    result = dash.apply(home, [write("auth.json", NEW, None)])[0]
    assert result["status"] == "failed"
    assert result["code"] in ("ENOENT", "ELOOP")
    assert sorted(os.listdir("/")) == before
    assert sorted(os.listdir(home)) == ["auth.json", "loop"]


@pytest.mark.needs_root
def test_a_mounted_file_of_somebody_else_is_rewritten_where_its_mode_is_right(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    home, outside = root_folder / "home", root_folder / "outside.json"
    home.mkdir(mode=0o700)
    (home / "auth.json").touch()
    outside.write_bytes(OLD)
    outside.chmod(0o666)
    for path in (home, home / "auth.json"):
        os.chown(path, user.pw_uid, user.pw_gid)
    mount = f'mount --bind {outside} {home}/auth.json && exec "$@"'
    wrapper = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mount, "sh"]
    result = dash.apply(str(home), [write("auth.json", NEW, OLD, mode=0o666)], user=user.pw_name, wrapper=wrapper)
    assert result == [{"status": "done", "in_place": True}]
    assert outside.read_bytes() == NEW
