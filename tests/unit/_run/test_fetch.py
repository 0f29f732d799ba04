"""Bringing a login to the controller: how many executions, and what happens when either file changes in between."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.fleet.codex.plugins.plugin_utils._run.controller_file import encryption
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import ROUNDS
from ansible_collections.fleet.codex.plugins.plugin_utils._run.fetch import Destination, fetch
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support.planning import chatgpt
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram

VAULT = VaultLib([("prod", VaultSecret(b"secret"))])
NEWER, OLDER = chatgpt(), {**chatgpt(marker="older"), "last_refresh": "2026-01-01T00:00:00Z"}


class Counting:
    """A real target program that counts its executions and lets a test act before one."""

    def __init__(self, before: t.Callable[[int], object] = lambda number: None) -> None:
        self.count = 0
        self.before = before

    def execute(self, operation: t.Any, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        self.before(self.count)
        self.count += 1
        return TargetProgram("/usr/bin/python3").execute(operation, list(homes))


class Places(t.NamedTuple):
    """A Codex home and the controller's file."""

    auth: pathlib.Path
    dest: pathlib.Path

    def fetch(
        self,
        executor: Counting,
        encrypt: t.Callable[[bytes], bytes] | None = None,
        check_mode: bool = False,
        reserve: t.Callable[[HomeAnswer], None] = lambda described: None,
        on_account_mismatch: t.Any = "fail",
    ) -> dict[str, t.Any]:
        home = DesiredHome(codex_home=str(self.auth.parent))
        destination = Destination(self.dest, VAULT, encrypt, on_account_mismatch)
        return fetch(executor, home, destination, reserve, check_mode=check_mode).result


@pytest.fixture
def places(tmp_path: pathlib.Path) -> Places:
    (tmp_path / "codex").mkdir(mode=0o700)
    return Places(tmp_path / "codex" / "auth.json", tmp_path / "alice.json")


def put(file: pathlib.Path, document: dict[str, t.Any]) -> None:
    file.write_text(json.dumps(document))


def test_one_execution_where_the_copy_stays_and_two_where_it_is_replaced(places: Places) -> None:
    for before, expected in ((None, 2), (NEWER, 1), (OLDER, 2)):
        put(places.auth, NEWER)
        places.dest.unlink(missing_ok=True)
        if before:
            put(places.dest, before)
        executor = Counting()
        result = places.fetch(executor)
        assert (executor.count, result["changed"]) == (expected, expected == 2)
        assert json.loads(places.dest.read_bytes()) == NEWER


def test_check_mode_writes_nothing(places: Places) -> None:
    put(places.auth, NEWER)
    executor = Counting()
    assert places.fetch(executor, check_mode=True)["changed"] is True
    assert (executor.count, places.dest.exists()) == (1, False)


def test_a_home_without_a_login(places: Places) -> None:
    assert places.fetch(Counting())["login"] == {"method": "none"}
    assert not places.dest.exists()


def test_what_a_killed_codex_left_is_brought_under_its_own_name(places: Places) -> None:
    put(places.auth, OLDER)
    put(places.auth.parent / ".auth-x1Y2z3", NEWER)
    assert places.fetch(Counting())["path"].endswith("/.auth-x1Y2z3")
    assert json.loads(places.dest.read_bytes()) == NEWER


def test_a_login_that_codex_renewed_meanwhile_is_brought(places: Places) -> None:
    put(places.auth, OLDER)
    executor = Counting(lambda number: put(places.auth, NEWER) if number == 1 else None)
    assert places.fetch(executor)["changed"]
    assert executor.count == 4
    assert json.loads(places.dest.read_bytes()) == NEWER


def test_a_copy_that_another_run_wrote_meanwhile_is_looked_at(places: Places) -> None:
    put(places.auth, OLDER)
    executor = Counting(lambda number: put(places.dest, NEWER) if number == 1 else None)
    assert not places.fetch(executor)["changed"]
    assert executor.count == 3
    assert json.loads(places.dest.read_bytes()) == NEWER


def test_a_login_that_keeps_changing_is_given_up(places: Places) -> None:
    put(places.auth, OLDER)
    executor = Counting(lambda number: put(places.auth, chatgpt(marker=str(number))))
    with pytest.raises(CodexError, match="kept changing, 3 times in a row. Nothing was written"):
        places.fetch(executor)
    assert executor.count == 2 * ROUNDS
    assert not places.dest.exists()


def test_a_copy_is_encrypted_where_it_is_new_or_plain_and_stays_so(places: Places) -> None:
    put(places.auth, NEWER)
    encrypt = encryption(VAULT, "prod")
    assert places.fetch(Counting(), encrypt)["encrypted"] is True
    raw = places.dest.read_bytes()
    assert raw.startswith(b"$ANSIBLE_VAULT;")
    assert json.loads(VAULT.decrypt(raw)) == NEWER
    for again in (encrypt, None):
        result = places.fetch(Counting(), again)
        assert (result["changed"], result["encrypted"], places.dest.read_bytes() == raw) == (False, True, True)
    # A newer one is encrypted as the old one was, whether that is asked for or not.
    put(places.auth, {**NEWER, "last_refresh": "2027-01-01T00:00:00Z", "tokens": chatgpt(marker="n")["tokens"]})
    assert places.fetch(Counting())["changed"] is True
    assert places.dest.read_bytes().startswith(b"$ANSIBLE_VAULT;")
    put(places.dest, NEWER)
    put(places.auth, OLDER)
    executor = Counting()
    assert places.fetch(executor, encrypt)["reason"] == "The copy on the controller was not encrypted."
    assert (executor.count, json.loads(VAULT.decrypt(places.dest.read_bytes()))) == (1, NEWER)


def test_a_file_is_reserved_before_anything_is_written(places: Places) -> None:
    put(places.auth, NEWER)

    def refuse(described: HomeAnswer) -> None:
        raise CodexError(f"reserved for {described['codex_home']}")

    for check_mode in (True, False):
        with pytest.raises(CodexError, match=f"^reserved for {places.auth.parent}"):
            places.fetch(Counting(), reserve=refuse, check_mode=check_mode)
    assert not places.dest.exists()


def test_a_copy_that_is_not_a_login_is_refused(places: Places) -> None:
    put(places.auth, NEWER)
    places.dest.write_text("{")
    with pytest.raises(CodexError, match=rf"^dest \({places.dest}\) is not valid JSON"):
        places.fetch(Counting())
    assert places.dest.read_text() == "{"


def test_a_home_that_cannot_be_looked_at_is_one_sentence(places: Places) -> None:
    os.rmdir(places.auth.parent)
    places.auth.parent.write_text("")
    with pytest.raises(CodexError, match="is not a folder, so it cannot hold a Codex home"):
        places.fetch(Counting())
