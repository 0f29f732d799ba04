"""Who holds a refresh token or a file for the length of a run, and who is refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import stat
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME
from ansible_collections.fleet.codex.plugins.plugin_utils._run.reservations import (
    Holder,
    holder_of,
    refresh_digest,
    reserve_file,
    reserve_logins,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.options import with_defaults

MOMENT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def desired(**arguments: t.Any) -> DesiredHome:
    return desired_home(with_defaults(arguments, HOME), lambda name: b"")


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
    return desired(auth={"content": document, "allow_shared_refresh_token": allowed}, **names)


def described(user: str, codex_home: str, real_home: str | None = None) -> HomeAnswer:
    return {
        "user_info": {"name": user, "uid": 1, "gid": 1, "home_directory": f"/home/{user}", "shell": "/bin/sh"},
        "codex_home": codex_home,
        "real_home": real_home or codex_home,
    }


ALICE = described("alice", "/home/alice/.codex")


def test_what_has_no_refresh_token_reserves_nothing(tmp_path: pathlib.Path) -> None:
    outside = chatgpt_document("a", "a@example.com", "plus", last_refresh=MOMENT, access_expires=MOMENT, marker="a")
    homes = [
        desired(auth={"api_key": "fleet-test-key"}),
        desired(auth={"personal_access_token": "at-fleet-test"}),
        desired(auth={"state": "absent"}),
        desired(auth={"content": {**outside, "auth_mode": "chatgptAuthTokens"}}),
        DesiredHome(),
        home(refresh_token=""),
    ]
    assert [refresh_digest(each) for each in homes] == [None] * len(homes)
    for host in ("web1", "web2"):
        reserve_logins(str(tmp_path), host, homes, [ALICE] * len(homes))
    assert list(tmp_path.rglob("*")) == []


def test_a_refresh_token_is_known_by_its_digest_alone() -> None:
    digest = refresh_digest(home())
    assert digest and digest == refresh_digest(home(user="other")) != refresh_digest(home("b"))
    assert "fleet-test" not in digest


@pytest.mark.parametrize(
    ("host", "user", "codex_home", "real_home", "same"),
    [
        ("web1", "alice", "/home/alice/.codex", "/home/alice/.codex", True),
        # Another name of the same home, or another user's name for it.
        ("web1", "alice", "/srv/link", "/home/alice/.codex", True),
        ("web1", "root", "/home/alice/.codex", "/home/alice/.codex", True),
        ("web2", "alice", "/home/alice/.codex", "/home/alice/.codex", False),
        ("web1", "alice", "/home/alice/.codex", "/srv/elsewhere", False),
        ("web1", "bob", "/home/bob/.codex", "/home/bob/.codex", False),
    ],
)
def test_a_home_is_what_describe_found_it_to_be(
    host: str, user: str, codex_home: str, real_home: str, same: bool
) -> None:
    one, other = holder_of("web1", ALICE), holder_of(host, described(user, codex_home, real_home))
    assert one.is_same_home(other) is other.is_same_home(one) is same


def test_the_first_home_has_the_reservation(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path)
    for _again in range(2):
        reserve_logins(folder, "web1", [home()], [ALICE])
    # Another name of the same home.
    reserve_logins(folder, "web1", [home()], [described("alice", "/srv/link", "/home/alice/.codex")])
    others = [("web2", "/home/alice/.codex"), ("web1", "/srv/other")]
    for host, path in others:
        with pytest.raises(CodexError, match=r"on web1 \(/home/alice/.codex\)"):
            reserve_logins(folder, host, [home()], [described("alice", path)])
        reserve_logins(folder, host, [home(allowed=True)], [described("alice", path)])
        reserve_logins(folder, host, [home("b", refresh_token="")], [described("alice", path)])
    # What was allowed for others has not become theirs.
    reserve_logins(folder, "web1", [home()], [ALICE])
    with pytest.raises(CodexError):
        reserve_logins(folder, "web1", [home("c")] * 2, [described("alice", "/a"), described("bob", "/b")])


def test_a_home_that_may_share_reserves_for_those_that_may_not(tmp_path: pathlib.Path) -> None:
    reserve_logins(str(tmp_path), "web1", [home(allowed=True)], [ALICE])
    with pytest.raises(CodexError, match="on web1"):
        reserve_logins(str(tmp_path), "web2", [home()], [ALICE])


def test_a_refusal_names_both_and_no_secret(tmp_path: pathlib.Path) -> None:
    reserve_logins(str(tmp_path), "web1", [home()], [described("alice", "/srv/a")])
    with pytest.raises(CodexError) as refused:
        reserve_logins(str(tmp_path), "web2", [home()], [described("bob", "/srv/b")])
    message = str(refused.value)
    assert "would go to the user alice on web1 (/srv/a) and to the user bob on web2 (/srv/b)" in message
    assert "codex login" in message and "allow_shared_refresh_token" in message
    assert "fleet-test" not in message and str(refresh_digest(home())) not in message


def test_reservations_are_private_and_hold_no_token(tmp_path: pathlib.Path) -> None:
    reserve_logins(str(tmp_path), "web1", [home()], [ALICE])
    paths = sorted(tmp_path.rglob("*"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o600]
    assert all("fleet-test" not in str(path) + (path.read_text() if path.is_file() else "") for path in paths)
    assert json.loads(paths[-1].read_text()) == ["web1", "alice", "/home/alice/.codex", "/home/alice/.codex"]


def test_a_file_of_the_controller_is_for_the_login_of_one_home(tmp_path: pathlib.Path) -> None:
    folder, file = str(tmp_path / "run"), tmp_path / "login.json"
    alice = holder_of("web1", ALICE)
    os.symlink("login.json", tmp_path / "link.json")
    for _again in range(2):
        reserve_file(folder, str(file), alice)
    for other in (Holder("web2", *alice[1:]), holder_of("web1", described("bob", "/home/bob/.codex"))):
        for path in (file, tmp_path / "link.json", tmp_path / "x" / ".." / "login.json"):
            with pytest.raises(CodexError, match="already holds the login of alice on web1") as refused:
                reserve_file(folder, str(path), other)
            assert str(refused.value).startswith(f"dest: {path} ")
        reserve_file(folder, str(tmp_path / f"{other.host}-{other.user}.json"), other)
    assert not file.exists()


def test_a_file_and_a_login_are_reserved_apart(tmp_path: pathlib.Path) -> None:
    digest = str(refresh_digest(home()))
    reserve_logins(str(tmp_path), "web1", [home()], [ALICE])
    reserve_file(str(tmp_path), digest, holder_of("web2", ALICE))


def test_homes_of_one_task_that_are_in_each_others_way_reserve_nothing(tmp_path: pathlib.Path) -> None:
    """So a later task with one of them alone is served."""
    bob = described("bob", "/home/bob/.codex")
    with pytest.raises(CodexError):
        reserve_logins(str(tmp_path), "web1", [home(), home()], [ALICE, bob])
    assert list(tmp_path.rglob("*")) == []
    reserve_logins(str(tmp_path), "web1", [home()], [bob])
