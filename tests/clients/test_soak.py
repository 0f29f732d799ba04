# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A fleet is deployed again and again, at any moment, while Codex renews its login: no login is ever lost.

Each round Codex runs once and has to renew, since the API takes no access token of before, and the role
is applied at a random moment before, during or after that, with one of five copies in turn.

FLEET_CODEX_SOAK_ROUNDS: rounds for each version; FLEET_CODEX_SOAK_SEED: of the random moments.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import json
import os
import pathlib
import random
import re
import secrets
import time
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import Codex, Execution, scratch
from ansible_collections.fleet.codex.tests.support.refresh_chain import (
    VERSIONS,
    Login,
    new_login,
    read_login,
    refused,
    spent,
)

from .deployer import Deployer
from .harness import ALL_VERSIONS, start

ROUNDS = int(os.environ.get("FLEET_CODEX_SOAK_ROUNDS", "100" if ALL_VERSIONS else "25"))
SEED = os.environ.get("FLEET_CODEX_SOAK_SEED") or secrets.token_hex(4)
ROUNDS_OF_A_PLAYBOOK = 100  # ansible-playbook reads all of them before it begins

Copy = t.Literal["seed", "older", "equal", "newer login", "other account"]
COPIES: tuple[Copy, ...] = t.get_args(Copy)
ACCOUNTS = ("account-one", "account-two")

# What the four versions say of an auth.json that they cannot read (measured). Not of other files: the runs that
# Codex starts in the background share a models_cache.json without care.
TORN = re.compile(
    r"^(?!.*models_manager).*(EOF while parsing|expected value|failed to deserialize|invalid credential JSON).*", re.M
)

pytestmark = pytest.mark.xdist_group("soak")  # its versions run side by side as it is


class Home:
    """One version's home, the copies of its login that the playbook's owner has, and what went wrong."""

    def __init__(self, version: str, folder: pathlib.Path, deployer_of: t.Callable[[], Deployer]) -> None:
        self.version = version
        self.random = random.Random(f"{SEED} {version}")
        self.codex_home = folder / ".codex"
        self.codex_home.mkdir(mode=0o700)
        self.auth = self.codex_home / "auth.json"
        self.record = folder / "record.jsonl"
        self.codex = start(version, folder)
        self.failures: list[str] = []
        self.outcomes: dict[str, int] = {}
        self.seconds = {"codex": 0.5, "deploy": 0.2}  # what the last one took
        self._deployer_of = deployer_of
        self._runs = concurrent.futures.ThreadPoolExecutor(1)
        # Older than any limit of Codex: all versions renew it when they start.
        self.restart(new_login(ACCOUNTS[0], age=dt.timedelta(days=40), due=True))

    def restart(self, login: credentials.ChatGPTDocument) -> None:
        """A first login, put there by hand."""
        self.copies = [login]
        self.auth.write_text(credentials.encode(login), encoding="utf-8")
        self.auth.chmod(0o600)

    def soak(self, rounds: int) -> None:
        """Rounds of which each stands for itself: after a failure a new login is put there."""
        for n in range(rounds):
            copy = COPIES[n % len(COPIES)]
            try:
                self.round(copy)
            except AssertionError as failure:
                self.failures.append(f"{copy}: {failure}")
                self.restart(new_login(ACCOUNTS[0]))

    def round(self, copy: Copy) -> None:
        before = read_login(self.auth)
        refused_before = len(refused(self.record))
        given = self._copy(copy, before)
        # From well before Codex starts to when it should have ended, as long as these take on this machine now.
        moment = self.random.uniform(-1.5 * self.seconds["deploy"], self.seconds["codex"])
        run = self._runs.submit(self._run_codex, max(-moment, 0), self.random.uniform(0, 0.3))
        time.sleep(max(moment, 0))
        auth = {"content": given, "on_account_mismatch": "replace"}
        with self._measured("deploy"):
            result = self._deployer_of().apply(self.version, {"codex_home": str(self.codex_home), "auth": auth})
        execution = run.result()
        demand(not result.get("failed"), f"the role: {result.get('msg')}")
        torn = TORN.search(execution.text)
        demand(torn is None, f"Codex could not read auth.json: {torn and torn[0]}")
        after = read_login(self.auth)
        self._judge(copy, before, after, given, execution)
        # Of the login that was replaced it may: what 0.167.2 and later got for it in that moment is on no disk.
        dead = [token for token in refused(self.record)[refused_before:] if token.partition(".")[0] == after.chain]
        demand(not dead, f"Codex sent {dead}, which was spent")
        self.copies.append(json.loads(self.auth.read_text(encoding="utf-8")))

    def _copy(self, copy: Copy, before: Login) -> credentials.ChatGPTDocument:
        """The copy that is deployed; a login that starts anew makes the copies of before worthless."""
        if copy == "seed":
            return self.copies[0]
        if copy == "older":
            return self.random.choice(self.copies)
        if copy == "equal":
            return t.cast(credentials.ChatGPTDocument, json.loads(self.auth.read_text(encoding="utf-8")))
        due = self.random.random() < 0.5
        if copy == "newer login":
            return new_login(before.account, due=due)
        self.copies = [new_login(next(name for name in ACCOUNTS if name != before.account), due=due)]
        return self.copies[0]

    def _run_codex(self, start_after: float, answer_after: float) -> Execution:
        """One turn; both waits are in seconds, the second one is the token endpoint's."""
        time.sleep(start_after)
        with self._measured("codex"):
            return self.codex.execute(
                record=self.record,
                server_options=["--expired", "--delay", f"{answer_after:.3f}"],
                # 0.58 counts the turn after a refused token as another attempt.
                overrides=["model_providers.mock.stream_max_retries=1"],
            )

    @contextlib.contextmanager
    def _measured(self, what: str) -> t.Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[what] = min(time.monotonic() - begun, 1)  # the first deploy waits for Ansible's start

    def _judge(
        self,
        copy: Copy,
        before: Login,
        after: Login,
        given: credentials.ChatGPTDocument,
        execution: Execution,
    ) -> None:
        deployed = given["tokens"]["refresh_token"].partition(".")[0]
        chains = {"other account": {deployed}, "newer login": {before.chain, deployed}}.get(copy, {before.chain})
        demand(after.chain in chains, f"{after.refresh_token} is of another login than {sorted(chains)}")
        demand(
            after.refresh_token not in spent(self.record), f"{after.refresh_token} is spent: what came of it is lost"
        )
        renewed = any(r["refresh_token"] and r["status"] == 200 for r in execution.requests)
        if copy != "other account":  # which some versions end with "Account credentials changed during refresh."
            demand(renewed and execution.rc == 0, f"Codex did not work with its login: {execution.text[-300:]}")
        outcome = f"{copy}, {'the login given' if after.chain == deployed else 'the login of before'} lives"
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def demand(condition: bool, otherwise: str) -> None:
    """An assertion whose message is only what it says: pytest's own would show whole runs of Codex."""
    if not condition:
        raise AssertionError(otherwise)


@pytest.fixture(name="homes", scope="module")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Home]]:
    """All versions side by side, one host of one playbook each."""
    deployers: list[Deployer] = []
    with scratch() as folder, concurrent.futures.ThreadPoolExecutor(len(VERSIONS)) as threads:
        for version in VERSIONS:
            (folder / version).mkdir()
        homes = {version: Home(version, folder / version, lambda: deployers[-1]) for version in VERSIONS}
        for begin in range(0, ROUNDS, ROUNDS_OF_A_PLAYBOOK):
            rounds = min(ROUNDS - begin, ROUNDS_OF_A_PLAYBOOK)
            with Deployer(tmp_path_factory.mktemp("soak"), VERSIONS, rounds) as deployer:
                deployers.append(deployer)
                for soaked in [threads.submit(home.soak, rounds) for home in homes.values()]:
                    soaked.result()
        yield homes


@pytest.mark.parametrize("version", VERSIONS)
def test_no_login_is_lost(homes: dict[str, Home], version: str) -> None:
    home = homes[version]
    print(f"Codex {version}, {ROUNDS} rounds, FLEET_CODEX_SOAK_SEED={SEED}", *sorted(home.outcomes.items()), sep="\n")
    failures = "\n".join(home.failures[:10])
    demand(not failures, f"FLEET_CODEX_SOAK_SEED={SEED}, {len(home.failures)} of {ROUNDS} rounds:\n{failures}")
    last = Codex(version, home.codex_home.parent).execute(record=home.record, server_options=["--expired"])
    assert last.rc == 0 or version == "0.58.0", last.text  # which has no attempt left after a refused token
    assert read_login(home.auth).refresh_token not in spent(home.record)
