"""Who shares a refresh token, whose claim it is, and what is refused."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import pathlib
import stat
import time
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.claims import claim
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.plugins.plugin_utils.run_notes import noted
from ansible_collections.fleet.codex.plugins.plugin_utils.sharing import (
    Binding,
    Place,
    bindings,
    refresh_digest,
    refuse_shared,
    shared,
    surely_differ,
)
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

MOMENT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def home(marker: str = "a", refresh_token: str | None = None, allowed: bool = False, **names: str) -> DesiredHome:
    document = chatgpt_document(
        "account-1",
        "a@example.com",
        "plus",
        last_refresh=MOMENT,
        access_expires=MOMENT,
        marker=marker,
        refresh_token=refresh_token,
    )
    auth = {"content": document, "allow_shared_refresh_token": allowed}
    return desired_home({"auth": auth, **names}, lambda name: b"")


def described(user: str, codex_home: str, real_home: str | None = None) -> HomeAnswer:
    return {
        "account": {"name": user, "uid": 1, "gid": 1, "home": f"/home/{user}", "shell": "/bin/sh"},
        "codex_home": codex_home,
        "real_home": real_home or codex_home,
    }


def test_what_has_no_refresh_token_is_bound_to_nothing() -> None:
    key = desired_home({"auth": {"api_key": "fleet-test-key"}}, lambda name: b"")
    nothing = desired_home({"auth": {"state": "absent"}}, lambda name: b"")
    assert [refresh_digest(each) for each in (key, nothing, DesiredHome(), home(refresh_token=""))] == [None] * 4
    assert bindings("host", [key, nothing, DesiredHome(), home(refresh_token="")]) == []
    digest = refresh_digest(home())
    assert digest and digest == refresh_digest(home(user="other")) != refresh_digest(home("b"))
    assert "fleet-test" not in digest


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (Place("a"), Place("b"), True),
        (Place("a", "alice", "/x"), Place("b", "alice", "/x"), True),
        (Place("a"), Place("a"), False),
        (Place("a", "alice"), Place("a", "bob"), True),
        # The task may run as alice, and /home/alice/.codex be her usual home.
        (Place("a", "alice"), Place("a"), False),
        (Place("a", "alice"), Place("a", "alice", "/home/alice/.codex"), False),
        (Place("a", None, "/x"), Place("a", "alice"), False),
        (Place("a", None, "/x"), Place("a", None, "/y"), True),
        (Place("a", None, "/x"), Place("a", "alice", "/x"), False),
    ],
)
def test_places_that_surely_differ(one: Place, other: Place, differ: bool) -> None:
    pair = (one, other)
    assert surely_differ(*pair) is surely_differ(*reversed(pair)) is differ


def test_shared_digests_with_all_their_places() -> None:
    a, b, maybe_a = Place("a", "alice"), Place("b"), Place("a")
    found = [Binding("1", place, False) for place in (a, b, maybe_a, a)]
    assert shared([*found, Binding("2", a, False), Binding("2", maybe_a, False)]) == {"1": [a, b, maybe_a]}


def test_a_refusal_names_both_and_no_secret() -> None:
    own = bindings("web1", [home(user="alice", codex_home="/srv/a")])
    other = bindings("web2", [home()])
    with pytest.raises(CodexError) as refused:
        refuse_shared(own, shared([*own, *other, *bindings("web3", [home()])]))
    message = str(refused.value)
    assert "the account alice on web1 (/srv/a) and to the task's account on web2 and 1 more" in message
    assert "codex login" in message and "allow_shared_refresh_token" in message
    assert "fleet-test" not in message and str(refresh_digest(home())) not in message


def test_nothing_is_refused_that_is_allowed_or_foreseen_wrongly() -> None:
    other = bindings("web2", [home()])
    allowed = bindings("web1", [home(allowed=True)])
    refuse_shared(allowed, shared([*allowed, *other]))
    with pytest.raises(CodexError):
        refuse_shared(other, shared([*allowed, *other]))
    # Foreseen for two others, and not for this home: then what was foreseen is not what happens.
    refuse_shared(bindings("web1", [home()]), shared([*other, *bindings("web3", [home()])]))


def test_the_first_home_has_the_claim(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path)
    for _again in range(2):
        claim(folder, "web1", [home()], [described("alice", "/home/alice/.codex")])
    # Another name of the same home.
    claim(folder, "web1", [home()], [described("alice", "/srv/link", "/home/alice/.codex")])
    others = [("web2", "/home/alice/.codex"), ("web1", "/srv/other")]
    for host, path in others:
        with pytest.raises(CodexError, match=r"on web1 \(/home/alice/.codex\)"):
            claim(folder, host, [home()], [described("alice", path)])
        claim(folder, host, [home(allowed=True)], [described("alice", path)])
        claim(folder, host, [home("b", refresh_token="")], [described("alice", path)])
    with pytest.raises(CodexError):
        claim(folder, "web1", [home("c")] * 2, [described("alice", "/a"), described("bob", "/b")])


def test_notes_are_private_and_hold_no_token(tmp_path: pathlib.Path) -> None:
    claim(str(tmp_path), "web1", [home()], [described("alice", "/home/alice/.codex")])
    paths = sorted(tmp_path.rglob("*"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o600]
    assert all("fleet-test" not in str(path) + (path.read_text() if path.is_file() else "") for path in paths)


def _note(folder: str, n: int) -> tuple[int, int]:
    def make() -> int:
        time.sleep(0.05)
        return n

    return n, noted(folder, "note", make)


def test_one_process_makes_a_note_and_all_read_it(tmp_path: pathlib.Path) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        notes = pool.starmap(_note, [(str(tmp_path), n) for n in range(8)])
    assert len({note for _n, note in notes}) == 1


def test_a_note_that_was_cut_off_is_made_anew(tmp_path: pathlib.Path) -> None:
    noted(str(tmp_path), "note", lambda: {"a": 1})
    path = next(path for path in tmp_path.rglob("note"))
    path.write_text('{"a": ')
    made: dict[str, t.Any] = noted(str(tmp_path), "note", lambda: {"a": 2})
    assert made == {"a": 2} == noted(str(tmp_path), "note", dict)


def test_a_folder_that_cannot_be_used(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CodexError, match="local_tmp"):
        noted(str(tmp_path / "file"), "note", dict)
