# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What only the target program in sh does: with the utilities that a host has, and killed at any moment."""

from __future__ import annotations

import base64
import os
import pwd
import re
import shutil
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.sh_program import sh_command
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
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


def owned(folder: Path, user: pwd.struct_passwd) -> Path:
    """A Codex home of the user's below a folder of root's."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    return home


HOLD = """
import ctypes, os, signal, sys, time
libc, home = ctypes.CDLL(None, use_errno=True), sys.argv[1]
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid != os.getuid() or int(pid) == os.getpid():
                continue
            if os.readlink(f"/proc/{pid}/exe").endswith(("dash", "/sh")):
                os.kill(int(pid), signal.SIGSTOP)
                held = libc.syscall(438, libc.syscall(434, int(pid), 0), 0, 0)  # pidfd_getfd of its standard input
                open(f"{home}/held", "a").write(f"{held}\\n")
                time.sleep(300)
        except OSError:
            pass
"""


@pytest.mark.needs_root
def test_a_user_that_keeps_the_pipe_of_its_process_open_holds_nobody_up(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd, tmp_path: Path
) -> None:
    """In a namespace of its own, where the user's program waits for the process that root makes for it."""
    home = owned(root_folder, user)
    attack = root_folder / "hold.py"
    attack.write_text(HOLD)
    as_user = f"setpriv --reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups"
    script = f'{as_user} /usr/bin/python3 {attack} {home} & sleep 0.3; "$@"'
    wrapper = ["timeout", "60", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
    large = b"# x\n" * 50_000
    request: t.Any = {
        "user": user.pw_name,
        "codex_home": str(home),
        "operations": [write("config.toml", large, None)],
    }
    answer = dash.execute("apply", [request], wrapper=wrapper, limits={"CHILD_TIME_LIMIT": 2})[0]
    assert answer["error"]["reason"] == "too_slow"
    assert (home / "held").read_text().strip().isdigit()  # the attack took place


@pytest.mark.needs_root
def test_quotation_marks_in_a_new_configuration_cost_no_time(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    home = owned(root_folder, user)
    content = b"# " + b"'" * 200_000 + b"\n"
    request: t.Any = {
        "user": user.pw_name,
        "codex_home": str(home),
        "operations": [write("config.toml", content, None)],
        "start_check": base64.b64encode(content).decode(),
    }
    answer = dash.execute("apply", [request], wrapper=["timeout", "30"])[0]
    assert answer["results"] == [{"status": "done", "in_place": False}]
    assert (home / "config.toml").read_bytes() == content


def test_a_nul_in_a_file_of_one_home_is_that_homes_error(dash: ShProgram, tmp_path: Path) -> None:
    requests: list[t.Any] = []
    for name, content in (("one", b"echo \0\n"), ("two", b"echo\n")):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        (folder / "profile").write_bytes(content)
        line = {"operation": "lines", "base": "codex_home", "path": "profile", "line": "x # y", "marker": "# y"}
        operation = {**line, "mode": 0o600, "expected": sha256(content)}
        requests.append({"user": None, "codex_home": str(folder), "operations": [operation]})
    one, two = dash.execute("apply", requests)
    assert one["error"] == {"reason": "nul", "path": "profile"}
    assert two["results"][0]["status"] == "done"


def test_nothing_of_it_gets_into_the_environment_whatever_is_there_before(
    dash: ShProgram, home: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-v", "-s", "100000", "-o", str(trace), "-e", "trace=execve"]
    names = ("content", "before", "said", "key", "boundary", "inner_boundary", "calls", "code", "IFS", "KSH_VERSION")
    env = {**os.environ, **dict.fromkeys(names, "a")}
    result = dash.apply(home, [write("auth.json", NEW, None)], wrapper=wrapper, env=env)
    assert result == [{"status": "done", "in_place": False}]
    text = trace.read_text()
    assert "SECRETMARKER" not in text
    assert not re.search(r'"(content|key|boundary|calls|code)=[^a"]', text)


@pytest.mark.parametrize("options", ["verbose", "xtrace"])
def test_a_shell_that_is_told_to_show_what_it_does_shows_nothing(home: Path, options: str) -> None:
    with reachable_folder() as folder:
        try:
            bash = ShProgram("bash", folder)
        except NoShell as error:
            unavailable(str(error))
        variables = {**os.environ, "SHELLOPTS": options}
        assert sh_command().endswith(" | env SHELLOPTS= /bin/sh")
        bash.apply(home, [write("auth.json", NEW, None)], env=variables, wrapper=["env", "SHELLOPTS="])
        assert "SECRETMARKER" not in bash.stderr.decode()
        assert (home / "auth.json").read_bytes() == NEW


def test_a_file_with_a_nul_is_not_rewritten_in_place(dash: ShProgram, home: Path, tmp_path: Path) -> None:
    """The shell could not put its bytes back."""
    if os.geteuid() != 0:
        unavailable("needs root")
    outside = tmp_path / "outside"
    outside.write_bytes(b"old\0bytes")
    (home / "auth.json").touch()
    mount = f'mount --bind {outside} {home}/auth.json && exec "$@"'
    wrapper = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mount, "sh"]
    result = dash.apply(home, [write("auth.json", NEW, b"old\0bytes")], wrapper=wrapper)[0]
    assert (result["status"], result["code"]) == ("failed", "EINVAL")
    assert outside.read_bytes() == b"old\0bytes"


@pytest.mark.parametrize(("said", "status"), [("cannot fork", "failed"), ("No locks available", "done")])
def test_a_flock_that_fails_has_not_locked(
    poor: t.Callable[..., ShProgram], home: Path, said: str, status: str
) -> None:
    program = poor("flock")
    assert program.utilities
    (program.utilities / "flock").write_text(f'#!/bin/sh\necho "flock: 8: {said}" >&2\nexit 1\n')
    (program.utilities / "flock").chmod(0o755)
    assert program.apply(home, [write("auth.json", NEW, None, locks=LOCKS)])[0]["status"] == status


@pytest.mark.parametrize("utility", ["ls", "cat", "dd", "mv", "readlink", "grep", "sort", "date", "env"])
def test_a_utility_that_everything_needs_is_named(poor: t.Callable[..., ShProgram], home: Path, utility: str) -> None:
    program = poor(utility)
    for operation in ("describe", "apply"):
        request: t.Any = {"user": None, "codex_home": str(home), "files": AUTH, "operations": []}
        del request["operations" if operation == "describe" else "files"]
        (answer,) = program.execute(t.cast(t.Literal["describe", "apply"], operation), [request], wrapper=[])
        assert answer["error"] == {"reason": "missing_utility", "utility": utility}


@pytest.mark.parametrize("utility", ["od", "awk"])
def test_a_utility_without_which_there_is_no_answer_is_named(
    poor: t.Callable[..., ShProgram], home: Path, utility: str
) -> None:
    names = ("awk", "mawk", "gawk", "nawk") if utility == "awk" else (utility,)
    with pytest.raises(CodexError, match=f"has neither Python 3.6 nor {utility}, "):
        poor(*names).describe(home)


@pytest.mark.needs_root
@pytest.mark.parametrize("name", ["root:x", "nobody:x:65534:65534:nobody:/nonexistent:/x\ndaemon"])
def test_a_part_of_the_user_database_is_no_name(dash: ShProgram, name: str) -> None:
    assert dash.describe("/opt/x", user=name)["error"] == {"reason": "unknown_user", "user": name}


def test_a_file_of_many_gigabytes_is_oversized_in_every_shell(home: Path) -> None:
    with (home / "auth.json").open("wb") as file:
        file.truncate((4 << 30) + 10)
    with reachable_folder() as folder:
        try:
            mksh = ShProgram("mksh", folder)
        except NoShell as error:
            unavailable(str(error))
        assert mksh.describe(home, wrapper=["timeout", "20"])["files"]["auth"]["kind"] == "oversized"


def codex_of(folder: Path, script: str) -> dict[str, str]:
    """The task's environment on a host with such a `codex`."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "codex").write_text(f"#!/bin/sh\n{script}\n")
    for path in (folder, folder / "bin", folder / "bin" / "codex"):
        path.chmod(0o755)
    return {"PATH": f"{folder}/bin:{os.environ['PATH']}"}


@pytest.mark.needs_root
def test_nothing_is_done_where_the_process_that_asks_codex_dies(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    home = owned(root_folder, user)
    (root_folder / "tools").mkdir()
    request: t.Any = {
        "user": user.pw_name,
        "codex_home": str(home),
        "operations": [write("config.toml", b"# new\n", None)],
        "start_check": base64.b64encode(b"# new\n").decode(),
    }
    wrapper = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    environment = codex_of(root_folder / "tools", "kill -KILL -1")
    answer = dash.execute("apply", [request], wrapper=wrapper, environment=environment)[0]
    assert answer["error"]["reason"] in ("child_died", "too_slow")
    assert os.listdir(home) == []


@pytest.mark.parametrize("shell", ["dash", "mksh"])
def test_all_that_codex_printed_by_its_end_is_heard_and_nothing_is_waited_for(
    home: Path, tmp_path: Path, shell: t.Literal["dash", "mksh"]
) -> None:
    """Much of it, late, and with something left behind that keeps its output open."""
    script = "yes | head -c 60000; sleep 0.2; (exec setsid sleep 30) & echo codex-cli 0.171.0"
    with reachable_folder() as folder:
        try:
            program = ShProgram(shell, folder)
        except NoShell as error:
            unavailable(str(error))
        request: t.Any = {"user": None, "codex_home": str(home), "files": [], "detect_version": True}
        wrapper = ["timeout", "20"]
        (answer,) = program.execute("describe", [request], wrapper=wrapper, environment=codex_of(tmp_path, script))
    assert answer["codex_version"] == "0.171.0"


@pytest.mark.needs_root
def test_what_a_user_may_not_look_at_behind_a_link_is_unreadable_and_not_missing(
    dash: ShProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    home = owned(root_folder, user)
    (root_folder / "closed").mkdir(mode=0o700)
    (root_folder / "closed" / "auth.json").write_bytes(OLD)
    (home / "auth.json").symlink_to(root_folder / "closed" / "auth.json")
    assert dash.describe(str(home), user=user.pw_name, files=AUTH)["files"]["auth"]["kind"] == "unreadable"


@pytest.mark.needs_root
def test_a_mounted_file_below_a_linked_folder_is_known(dash: ShProgram, home: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(home)
    (home / "auth.json").write_bytes(OLD)
    (tmp_path / "outside").write_bytes(OLD)
    mount = f'mount --bind {tmp_path}/outside {home}/auth.json && exec "$@"'
    wrapper = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mount, "sh"]
    linked = tmp_path / "linked"
    assert dash.describe(linked, files=AUTH, wrapper=wrapper)["files"]["auth"]["mount_point"]
    assert dash.apply(linked, [write("auth.json", NEW, OLD)], wrapper=wrapper)[0]["in_place"]
    assert (tmp_path / "outside").read_bytes() == NEW
