# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The program that has somebody sign in with the user's `codex`: how it looks after it, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._login.identity import began_at
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram, sha256, write

from .conftest import PYTHONS

NAME = "0123456789abcdef"
OLD, NEW = encode(login("account-0")).encode(), encode(login("account-1")).encode()
PATIENCE = 30.0

CODEX = """\
#!/bin/sh
# Prints what it gets, leaves programs behind, and does what a test puts into the file `go`.
echo "arguments: $*"
env >"$HOME/variables"
sleep 4711 &
setsid sleep 4712 &
until [ -e "$HOME/go" ]; do sleep 0.05; done
case $(cat "$HOME/go") in
    login) cat "$HOME/new.json" >"$CODEX_HOME/auth.json"; sleep 4713 ;;
    login-and-end) cat "$HOME/new.json" >"$CODEX_HOME/auth.json"; echo done ;;
    fail) echo "Error logging in: no"; exit 3 ;;
    flood) yes ;;
esac
"""


class Home:
    """A home directory with a `codex` that does as it is told, and what a program says of a sign-in there."""

    def __init__(self, folder: Path, program: TargetProgram) -> None:
        self.folder, self.program = folder, program
        self.codex_home = folder / ".codex"
        self.codex_home.mkdir(mode=0o700)
        (folder / "bin").mkdir()
        (folder / "bin" / "codex").write_text(CODEX)
        (folder / "bin" / "codex").chmod(0o755)
        (folder / "new.json").write_bytes(NEW)

    def step(self, step: str, limits: dict[str, float] | None = None, **more: t.Any) -> dict[str, t.Any]:
        operations = more.pop("operations", [])
        request: t.Any = {
            "user": None,
            "codex_home": str(self.codex_home),
            "operations": operations,
            "login": {"step": step, "name": NAME, **more},
        }
        environment = {"HOME": str(self.folder), "PATH": f"{self.folder}/bin:/usr/bin:/bin", "SECRET": "of-the-task"}
        (answer,) = self.program.execute(
            t.cast(t.Any, "login"), [request], environment=environment, limits=limits, timeout=4 * PATIENCE
        )
        return t.cast("dict[str, t.Any]", answer)

    def start(self, limits: dict[str, float] | None = None, **more: t.Any) -> dict[str, t.Any]:
        given = {"arguments": ["login"], "environment": {"HTTPS_PROXY": "http://proxy"}, "seconds": 600, **more}
        answer = self.step("start", limits, **given)
        assert "login" in answer, answer
        return t.cast("dict[str, t.Any]", answer["login"])

    def wait_until(self, condition: t.Callable[[dict[str, t.Any]], object]) -> dict[str, t.Any]:
        """What is said of the sign-in as soon as it meets the condition."""
        end, seen = time.monotonic() + PATIENCE, [0, None]
        while True:
            news: dict[str, t.Any] = self.step("wait", seen=seen)["login"]
            if condition(news):
                return news
            assert time.monotonic() < end, news
            seen = [len(news["output"]), news["auth"].get("sha256")]

    def go(self, what: str) -> None:
        (self.folder / "go.new").write_text(what)
        (self.folder / "go.new").rename(self.folder / "go")

    def scratches(self) -> list[str]:
        return [path.name for path in self.codex_home.iterdir() if path.name.startswith(".fleet-codex-login-")]

    def processes(self) -> list[int]:
        """All processes that have this home in their environment or command line, or are what its codex left."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                variables = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"CODEX_HOME={self.codex_home}".encode() in variables:
                found.append(int(entry.name))
        return found

    def await_end(self) -> None:
        end = time.monotonic() + PATIENCE
        while self.scratches() or self.processes():
            assert time.monotonic() < end, (self.scratches(), self.processes())
            time.sleep(0.05)


@pytest.fixture(params=[PYTHONS[0], PYTHONS[-1]], ids=["python-oldest", "python-newest"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Home]:
    made = Home(tmp_path, TargetProgram(request.param))
    (made.codex_home / "auth.json").write_bytes(OLD)
    (made.codex_home / "auth.json").chmod(0o600)
    yield made
    made.step("stop")
    assert made.scratches() == [] and made.processes() == []


def replacing() -> list[t.Any]:
    return [write("auth.json", b"", OLD, backup=True)]


@pytest.mark.parametrize("end", ["login", "login-and-end"])  # the first waits for its last page for ever
def test_a_login_takes_the_place_of_the_old_one_when_it_is_installed(home: Home, end: str) -> None:
    (home.codex_home / "config.toml").write_text("# of the user\n")
    started = home.start()
    assert started["is_alive"] and started["status"] is None
    news = home.wait_until(lambda news: news["output"])
    assert news["output"] == "arguments: login\n"
    scratch = home.codex_home / f".fleet-codex-login-{NAME}"
    assert scratch.stat().st_mode & 0o777 == 0o700
    linked = {path.name for path in (scratch / "home").iterdir() if path.is_symlink()}
    assert linked == {"config.toml"} and (scratch / "home" / "config.toml").read_text() == "# of the user\n"
    home.go(end)
    news = home.wait_until(lambda news: news["auth"].get("sha256") == sha256(NEW))
    assert news["auth"]["auth"]["account_id"] == "account-1"
    assert (home.codex_home / "auth.json").read_bytes() == OLD
    answer = home.step("install", operations=replacing(), sha256=sha256(NEW), drop_api_key=False)
    (result,) = answer["results"]
    assert result["status"] == "done"
    assert (home.codex_home / "auth.json").read_bytes() == NEW
    assert Path(result["backup_file"]).read_bytes() == OLD
    assert home.step("wait", seen=[0, None])["login"]["status"] == (0 if end == "login-and-end" else -signal.SIGKILL)
    home.step("stop")
    assert home.scratches() == [] and home.processes() == []


def test_a_login_that_is_not_the_one_that_was_seen_is_not_installed(home: Home) -> None:
    home.start()
    home.go("login-and-end")
    home.wait_until(lambda news: news["status"] == 0)
    answer = home.step("install", operations=replacing(), sha256=sha256(OLD), drop_api_key=False)
    assert answer["error"]["reason"] == "no_sign_in"
    assert (home.codex_home / "auth.json").read_bytes() == OLD


def test_codex_gets_variables_that_are_made_for_it(home: Home) -> None:
    home.start()
    home.wait_until(lambda news: news["output"])
    lines = (home.folder / "variables").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    assert "SECRET" not in variables
    assert variables["HTTPS_PROXY"] == "http://proxy"
    assert variables["HOME"] == str(home.folder)
    assert variables["CODEX_HOME"] == f"{home.codex_home}/.fleet-codex-login-{NAME}/home"


def test_an_api_key_beside_the_tokens_is_left_out_when_that_is_asked_for(home: Home) -> None:
    document = json.loads(NEW) | {"OPENAI_API_KEY": "fleet-test-key"}
    (home.folder / "new.json").write_text(json.dumps(document))
    home.start()
    home.go("login-and-end")
    digest = sha256(json.dumps(document).encode())
    home.wait_until(lambda news: news["auth"].get("sha256") == digest)
    home.step("install", operations=replacing(), sha256=digest, drop_api_key=True)
    assert json.loads((home.codex_home / "auth.json").read_bytes()) == json.loads(NEW)


def test_a_failure_is_told_with_its_words_as_long_as_somebody_asks(home: Home) -> None:
    home.start()
    home.go("fail")
    news = home.wait_until(lambda news: news["status"] is not None)
    assert (news["status"], news["is_alive"]) == (3, True)
    assert news["output"].endswith("Error logging in: no\n")


def test_without_anybody_who_asks_all_of_it_ends(home: Home) -> None:
    home.start({"LEASE_SECONDS": 1})
    home.await_end()
    assert not home.step("wait", seen=[0, None])["login"]["is_alive"]
    answer = home.step("install", operations=replacing(), sha256=sha256(NEW), drop_api_key=False)
    assert answer["error"]["reason"] == "no_sign_in"
    assert (home.codex_home / "auth.json").read_bytes() == OLD


def test_it_ends_when_its_time_is_over_though_somebody_asks(home: Home) -> None:
    home.start(seconds=1)
    assert not home.wait_until(lambda news: not news["is_alive"])["is_alive"]
    home.await_end()


def test_a_killed_supervisor_takes_codex_with_it_and_the_next_start_removes_the_rest(home: Home) -> None:
    home.start()
    home.wait_until(lambda news: news["output"])
    scratch = home.codex_home / f".fleet-codex-login-{NAME}"
    state = json.loads((scratch / "state").read_text())
    os.kill(state["supervisor"][0], signal.SIGKILL)
    assert not home.wait_until(lambda news: not news["is_alive"])["is_alive"]
    end = time.monotonic() + PATIENCE
    while began_at(state["codex"][0]) is not None:
        assert time.monotonic() < end
        time.sleep(0.01)
    scratch.rename(scratch.with_name(".fleet-codex-login-fedcba9876543210"))
    home.start()
    assert home.scratches() == [scratch.name]


def test_a_second_sign_in_takes_the_place_of_the_first(home: Home) -> None:
    home.start()
    first = json.loads((home.codex_home / f".fleet-codex-login-{NAME}" / "state").read_text())
    home.start()
    second = json.loads((home.codex_home / f".fleet-codex-login-{NAME}" / "state").read_text())
    assert first["supervisor"] != second["supervisor"]
    end = time.monotonic() + PATIENCE
    while began_at(first["supervisor"][0]) is not None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_that_has_the_number_of_an_old_one_is_left_alone(home: Home) -> None:
    scratch = home.codex_home / ".fleet-codex-login-fedcba9876543210"
    scratch.mkdir()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        stale = [other.pid, "1"]
        (scratch / "state").write_text(json.dumps({"supervisor": stale, "codex": stale}))
        home.start()
        assert home.scratches() == [f".fleet-codex-login-{NAME}"]
        assert other.poll() is None
        other.kill()


def test_a_folder_that_a_link_leads_to_is_left_alone(home: Home, tmp_path: Path) -> None:
    (tmp_path / "precious" / "home").mkdir(parents=True)
    (home.codex_home / ".fleet-codex-login-fedcba9876543210").symlink_to(tmp_path / "precious")
    home.start()
    assert (tmp_path / "precious" / "home").is_dir()
    (home.codex_home / ".fleet-codex-login-fedcba9876543210").unlink()


def test_what_codex_prints_is_bounded(home: Home) -> None:
    home.start()
    home.go("flood")
    news = home.wait_until(lambda news: len(news["output"]) > 60000)
    assert len(news["output"]) <= 64 * 1024


def test_what_the_user_writes_in_its_place_is_bounded(home: Home) -> None:
    home.start()
    (home.codex_home / f".fleet-codex-login-{NAME}" / "output").write_bytes(b"y\n" * 1000000)
    news = home.wait_until(lambda news: len(news["output"]) > 60000)
    assert len(news["output"]) == 64 * 1024


@pytest.mark.parametrize("name", ["lease", "stop", "output", "state", "state.new", "finish"])
@pytest.mark.parametrize("has_reader", [False, True])
def test_nothing_waits_for_the_other_end_of_a_fifo(home: Home, name: str, has_reader: bool) -> None:
    home.start()
    path = home.codex_home / f".fleet-codex-login-{NAME}" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if has_reader else None
    try:
        home.step("wait", seen=[0, None])
        home.go("login-and-end")
        answer = home.step("install", operations=replacing(), sha256=sha256(OLD), drop_api_key=False)
        assert "error" in answer
        home.step("stop")
        assert home.scratches() == []
    finally:
        if descriptor is not None:
            os.close(descriptor)


def nest(folder: Path, depth: int) -> None:
    """Makes so many folders in each other, in each of which is a file."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _level in range(depth):
            os.mkdir("x", 0o700)
            Path("file").touch()
            os.chdir("x")
    finally:
        os.chdir(before)
        os.close(before)


def test_folders_in_each_other_without_end_are_removed(home: Home) -> None:
    other = home.codex_home / ".fleet-codex-login-fedcba9876543210"
    try:
        home.start()
        nest(home.codex_home / f".fleet-codex-login-{NAME}" / "home", 3000)
        home.step("stop")
        assert home.scratches() == []
        other.mkdir()
        nest(other, 3000)
        home.start()
        assert home.scratches() == [f".fleet-codex-login-{NAME}"]
    finally:
        for left in home.scratches():  # pytest itself could not remove folders of that depth
            if left != f".fleet-codex-login-{NAME}" or sys.exc_info()[0]:
                subprocess.run(["rm", "-rf", str(home.codex_home / left)], check=False)


def test_a_link_in_the_folder_is_removed_and_not_what_it_leads_to(home: Home, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir(mode=0o750)
    (tmp_path / "precious" / "file").touch()
    home.start()
    for folder in ("", "home"):
        (home.codex_home / f".fleet-codex-login-{NAME}" / folder / "link").symlink_to(tmp_path / "precious")
    home.step("stop")
    assert home.scratches() == []
    assert (tmp_path / "precious" / "file").exists()
    assert (tmp_path / "precious").stat().st_mode & 0o777 == 0o750


def test_a_step_ends_in_time_also_without_root(home: Home) -> None:
    """The file system of a user's folder may hang."""
    home.start()
    seen = [len(home.wait_until(lambda news: news["output"])["output"]), None]
    answer = home.step("wait", {"CHILD_TIME_LIMIT": 1, "WAIT_SECONDS": 3600}, seen=seen)
    assert answer["error"]["reason"] == "too_slow"


def test_without_a_codex_nothing_is_made(home: Home) -> None:
    (home.folder / "bin" / "codex").unlink()
    answer = home.step("start", arguments=["login"], environment={}, seconds=60)
    assert answer["error"] == {"reason": "no_codex", "user": answer["error"]["user"]}
    assert sorted(path.name for path in home.codex_home.iterdir()) == ["auth.json"]


@pytest.mark.parametrize("name", ["../../etc", "", NAME + "0"])
def test_only_a_name_of_a_sign_in_is_taken(home: Home, name: str) -> None:
    assert home.step("stop", name=name)["error"]["reason"] == "no_sign_in"
