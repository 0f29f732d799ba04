# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The worst moments for a deploy, each brought about and not waited for; test_soak.py has the random ones."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import datetime as dt
import fcntl
import json
import os
import pathlib
import time
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import converge
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import Codex, Execution, scratch
from ansible_collections.fleet.codex.tests.support.mock_api import ANSWER, ASKED, TOKEN, successor
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.refresh_chain import VERSIONS, new_login, read_login
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram

from .deployer import Deployer
from .harness import start

ONE, TWO = "account-one", "account-two"
KEY = "fleet-test-key-forced"
LOCKS = ("auth.lock", "auth.json.lock")

pytestmark = pytest.mark.xdist_group("forced_moments")  # one playbook serves all of them


@pytest.fixture(name="deployer", scope="module")
def _deployer(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Deployer]:
    with Deployer(tmp_path_factory.mktemp("forced"), VERSIONS, 20) as deployer:
        yield deployer


@pytest.fixture(name="threads")
def _threads() -> t.Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor() as threads:
        yield threads


class Home:
    """A HOME with a login that was renewed once, and the Codex that did it."""

    def __init__(self, folder: pathlib.Path, version: str) -> None:
        self.codex_home = folder / ".codex"
        self.codex_home.mkdir(mode=0o700)
        self.auth = self.codex_home / "auth.json"
        self.record = folder / "record.jsonl"
        self.hold = folder / "hold"
        self.hold.mkdir()
        self.codex: Codex = start(version, folder)
        self.seed = new_login(ONE, age=dt.timedelta(days=1))
        self.auth.write_text(credentials.encode(self.seed), encoding="utf-8")
        self.auth.chmod(0o600)
        self.renew()
        self.collected = json.loads(self.auth.read_text(encoding="utf-8"))

    def run(self, *server_options: str) -> Execution:
        """One turn. No access token of before is taken, so Codex has to renew its login."""
        return self.codex.execute(
            record=self.record,
            server_options=["--expired", *server_options],
            # 0.58 counts the turn after a refused token as another attempt.
            overrides=["model_providers.mock.stream_max_retries=1"],
        )

    def renew(self) -> None:
        """A turn that must work, with the login that is there; then nothing of it is lost."""
        token = read_login(self.auth).refresh_token
        execution = self.run()
        assert execution.rc == 0, execution.text
        assert [(r["refresh_token"], r["status"]) for r in execution.requests if r["path"] == TOKEN] == [(token, 200)]
        assert read_login(self.auth).refresh_token == successor(token)

    def await_question(self, running: concurrent.futures.Future[Execution]) -> None:
        """Until the token endpoint was asked; from then on the login on the disk is dead."""
        while not (self.hold / ASKED).exists():
            assert not running.done(), running.result().text
            time.sleep(0.01)

    def desired(self, **auth: t.Any) -> dict[str, t.Any]:
        """What ``codex_homes`` says to give this home a login."""
        return {"codex_home": str(self.codex_home), "auth": {"on_account_mismatch": "replace", **auth}}


@pytest.fixture(name="home")
def _home(request: pytest.FixtureRequest) -> t.Iterator[Home]:
    with scratch() as folder:
        yield Home(folder, getattr(request, "param", VERSIONS[-1]))


each_version = pytest.mark.parametrize(
    "home", kept([VERSIONS[0], VERSIONS[-1]], VERSIONS, reason="another version; test_soak.py has all"), indirect=True
)


class InFlight:
    """Deploys with the role while Codex waits for the answer to the renewal that it asked for."""

    def __init__(self, deployer: Deployer, threads: concurrent.futures.ThreadPoolExecutor) -> None:
        self._deployer = deployer
        self._threads = threads

    def deploy(self, home: Home, desired: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The role's result; by then the answer has come and Codex has ended.

        The answer comes once the file has changed, or the role has ended without a change: the role may
        wait for Codex when it changed the account.
        """
        before = home.auth.read_bytes()
        running = self._threads.submit(home.run, "--hold", str(home.hold))
        home.await_question(running)
        deploying = self._threads.submit(self._deployer.apply, home.codex.version, desired)
        while not deploying.done() and home.auth.exists() and home.auth.read_bytes() == before:
            time.sleep(0.01)
        (home.hold / ANSWER).touch()
        running.result()
        result = deploying.result()
        assert not result.get("failed"), result["msg"]
        return result


@pytest.fixture(name="in_flight")
def _in_flight(deployer: Deployer, threads: concurrent.futures.ThreadPoolExecutor) -> InFlight:
    return InFlight(deployer, threads)


@each_version
def test_newer_login_of_the_account_while_codex_renews(home: Home, in_flight: InFlight) -> None:
    """Whichever of the two is there in the end lives: to 0.166 that is Codex's own."""
    login = new_login(ONE)
    result = in_flight.deploy(home, home.desired(content=login))
    assert result["changed"]
    assert read_login(home.auth).account == ONE
    home.renew()


@each_version
def test_other_account_while_codex_renews(home: Home, in_flight: InFlight) -> None:
    login = new_login(TWO)
    in_flight.deploy(home, home.desired(content=login))
    assert read_login(home.auth).refresh_token == login["tokens"]["refresh_token"]
    home.renew()


@each_version
def test_api_key_while_codex_renews(home: Home, in_flight: InFlight) -> None:
    in_flight.deploy(home, home.desired(api_key=KEY))
    assert json.loads(home.auth.read_text(encoding="utf-8")) == credentials.api_key_document(KEY)
    assert home.codex.exec_authorization() == [f"Bearer {KEY}"]


@each_version
@pytest.mark.parametrize("copy", ["seed", "collected"])
def test_older_or_equal_copy_while_codex_renews(home: Home, in_flight: InFlight, copy: str) -> None:
    """Neither is written: 0.167.2 and later would let it stay, and what it got for the login would be lost."""
    result = in_flight.deploy(home, home.desired(content=getattr(home, copy)))
    assert not result["changed"]
    home.renew()


@each_version
def test_absent_while_codex_renews(home: Home, in_flight: InFlight) -> None:
    result = in_flight.deploy(home, {"codex_home": str(home.codex_home), "state": "absent"})
    assert result["changed"]
    assert not home.auth.exists()
    assert home.codex.login_status().method == "none"


class RenewedInBetween:
    """A real target program, with a run of Codex between the first describe and its apply."""

    def __init__(self, home: Home) -> None:
        self.operations: list[str] = []
        self._program = TargetProgram("/usr/bin/python3")
        self._home = home

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        if operation == "apply" and operation not in self.operations:
            self._home.renew()
        self.operations.append(operation)
        return self._program.execute(operation, list(homes))


@each_version
def test_login_renewed_between_describe_and_apply_wins(home: Home) -> None:
    """The copy given is newer than what describe saw, and older than what Codex has by then."""
    given = new_login(ONE)
    executor = RenewedInBetween(home)
    declared = desired_home(with_defaults(home.desired(content=given), HOME), lambda name: b"")
    outcome = converge(executor, [declared])
    assert executor.operations == ["describe", "apply", "describe"]
    assert not outcome.changed
    reason = "The target's tokens of this account are newer or of the same age, so they stay."
    assert outcome.homes[0]["auth"]["reason"] == reason
    assert read_login(home.auth).chain == home.seed["tokens"]["refresh_token"]
    home.renew()


def test_file_that_is_empty_for_a_moment_is_looked_at_again(
    home: Home, deployer: Deployer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    """Codex to 0.166 empties auth.json and then writes it; here it writes once somebody has seen it empty."""
    content = home.auth.read_bytes()
    with home.auth.open("wb", buffering=0) as file, _reads_of(home.auth) as await_read:
        deploying = threads.submit(deployer.apply, home.codex.version, home.desired(content=home.seed))
        await_read()
        file.write(content)
        result = deploying.result()
    assert not result.get("failed"), result["msg"]
    assert not result["changed"]
    assert home.auth.read_bytes() == content


@contextlib.contextmanager
def _reads_of(path: pathlib.Path) -> t.Iterator[t.Callable[[], None]]:
    """Waits until somebody has read a file and closed it."""
    close_nowrite = 0x10
    libc = ctypes.CDLL(None)
    descriptor = libc.inotify_init()
    assert libc.inotify_add_watch(descriptor, os.fsencode(path), close_nowrite) >= 0
    try:
        yield lambda: t.cast(None, os.read(descriptor, 4096))
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _held(path: pathlib.Path) -> t.Iterator[None]:
    """Codex's lock file, held as Codex holds it while it writes."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _until_it_waits(path: pathlib.Path, deploying: concurrent.futures.Future[dict[str, t.Any]]) -> None:
    """Until another process has opened a lock file, and a while more, in which it could go on if nothing held it."""
    while _holders(path) < 2:
        assert not deploying.done(), deploying.result()
    time.sleep(0.5)


def _holders(path: pathlib.Path) -> int:
    """How many file descriptors of all processes lead to a file; of those that end meanwhile none counts."""
    found = 0
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    found += os.readlink(f"/proc/{process}/fd/{name}") == str(path)
    return found


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("codex_saves", [False, True])
def test_held_lock_is_waited_for(
    home: Home, deployer: Deployer, threads: concurrent.futures.ThreadPoolExecutor, lock: str, codex_saves: bool
) -> None:
    """What whoever holds it saved meanwhile wins, as it is newer."""
    before = home.auth.read_bytes()
    given = new_login(ONE)
    saved = credentials.encode(new_login(ONE, age=-dt.timedelta(seconds=30))).encode() if codex_saves else before
    with _held(home.codex_home / lock):
        deploying = threads.submit(deployer.apply, home.codex.version, home.desired(content=given))
        _until_it_waits(home.codex_home / lock, deploying)
        assert home.auth.read_bytes() == before
        home.auth.write_bytes(saved)
    result = deploying.result()
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is not codex_saves
    assert home.auth.read_bytes() == (saved if codex_saves else credentials.encode(given).encode())
    home.renew()


@pytest.mark.repeats("takes 20 seconds; tests/target/test_apply.py has the same with a shorter limit")
def test_lock_held_for_too_long_changes_nothing(
    deployer: Deployer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    """Both locks in two homes at once, since the role waits for 20 seconds."""
    with contextlib.ExitStack() as stack:
        homes, deploying = [], []
        for lock, version in zip(LOCKS, VERSIONS, strict=False):
            home = Home(stack.enter_context(scratch()), version)
            stack.enter_context(_held(home.codex_home / lock))
            homes.append((home, home.codex_home / lock, home.auth.read_bytes()))
            deploying.append(threads.submit(deployer.apply, version, home.desired(content=new_login(ONE))))
        for (home, path, before), result in zip(homes, [future.result() for future in deploying], strict=True):
            assert result["msg"] == (
                f"Codex, or another program, held a lock for too long at {path}: nothing was changed there. "
                "Run the play again when it has ended."
            )
            assert home.auth.read_bytes() == before
            assert sorted(home.codex_home.glob(".fleet-codex-*")) == []
