"""The rows of a run: one for each account, whatever the tasks of its hosts returned."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import (
    NAME_LIMIT,
    OTHER_TASK,
    SENTENCE_LIMIT,
    TEXT_LIMIT,
    UNUSABLE,
    Row,
    fleet_rows,
    listed,
)

Data = dict[str, t.Any]


def home(user: str, method: str = "apikey", path: str | None = None, **login: t.Any) -> Data:
    """A home as codex_info tells of it."""
    return {
        "user": user,
        "codex_home": path or f"/home/{user}/.codex",
        "codex_version": "0.171.0",
        "login": {"method": method, **login},
    }


def chatgpt(user: str, fingerprint: str, **login: t.Any) -> Data:
    return home(user, "chatgpt", fingerprint=fingerprint, **{"renewable": True, **login})


def looked(*homes: Data) -> Data:
    return {"changed": False, "homes": [*homes]}


def one(result: t.Any, failed: t.Collection[t.Any] = ()) -> Row:
    """The only row of a host with this result."""
    (row,) = fleet_rows({"web1": result}, failed)
    return row


# ---------------------------------------------------------------------------------------- what results hold


def test_a_home_that_was_looked_at() -> None:
    login = {"method": "chatgpt", "email": "a@example.com", "plan": "pro", "account_id": "id", "expired": None}
    row = one(looked({**home("alice"), "login": login}))
    assert row == Row("web1", "ok", "alice", "/home/alice/.codex", "0.171.0", login)
    assert (row.method, row.account, row.name, row.text("plan")) == ("chatgpt", "a@example.com", "web1 alice", "pro")
    assert one(looked(home("alice", "chatgpt", account_id="id", email=None))).account == "id"


def test_homes_that_were_written_have_their_login_in_auth() -> None:
    written = {"user": "alice", "codex_home": "/h/.codex", "changed": True, "auth": {"login": {"method": "apikey"}}}
    unchanged = {**written, "user": "bob", "changed": False}
    rows = fleet_rows({"web1": {"changed": True, "homes": [written, unchanged]}})
    assert [(row.user, row.state, row.method) for row in rows] == [
        ("alice", "changed", "apikey"),
        ("bob", "ok", "apikey"),
    ]
    without_auth = {"user": "alice", "codex_home": "/h/.codex", "changed": True, "config": {"problems": []}}
    assert one({"changed": True, "homes": [without_auth]}).login == {}


def test_a_loop_is_taken_apart_into_the_homes_of_its_items() -> None:
    skipped = {"skipped": True, "changed": False}
    loop = {"changed": True, "results": [looked(home("alice")), skipped, looked(home("bob"), home("carol"))]}
    assert [row.user for row in fleet_rows({"web1": loop})] == ["alice", "bob", "carol"]


def test_a_variable_that_is_undefined_is_named_without_what_is_around_it() -> None:
    """Up to 2.18, Ansible quotes the whole value of the variable, in which a key may stand."""
    words = "The task includes an option with an undefined variable.. [{'api_key': 'KEY'}]: 'nope' is undefined"
    (sentence,) = one({"failed": True, "msg": words}).attention
    assert sentence == "A variable cannot be evaluated: 'nope' is undefined. Correct it."
    (sentence,) = one({"failed": True, "msg": "... undefined variable ... KEY"}).attention
    assert sentence == "A variable cannot be evaluated: something in it is undefined. Correct it."


def test_a_task_that_was_skipped_before_another_one_is_not_what_counts() -> None:
    assert one({"skipped": True, **looked(home("alice"))}).user == "alice"
    assert one({"skipped": True, "unreachable": True, "msg": "No."}).state == "unreachable"
    assert one({"skipped": True, "skip_reason": "x"}).state == "not run"


def test_a_home_that_several_tasks_worked_on_is_one_account() -> None:
    """What any of them changed counts, and the login that the last one tells of."""
    signed_in = {**looked(home("alice", "none")), "changed": True}
    signed_in["homes"][0] |= {"changed": True, "attention": ["One."]}
    after = looked(
        {**home("alice", "chatgpt"), "attention": ["Two.", "One."]}, home("bob"), {"user": "x"}, {"user": "x"}
    )
    rows = fleet_rows({"web1": {"changed": True, "results": [signed_in, after]}})
    assert sorted((row.user, row.state, row.method) for row in rows if row.user != "x") == [
        ("alice", "changed", "chatgpt"),
        ("bob", "ok", "apikey"),
    ]
    assert next(row.attention for row in rows if row.user == "alice") == ["One.", "Two."]
    assert len(rows) == 4  # two of which it is not known whether they are one
    failed = {"failed": True, "homes": [{**home("alice"), "failed": True, "msg": "No."}]}
    assert one({"results": [signed_in, failed]}).state == "failed"


def test_a_loop_of_which_items_failed_says_why_once() -> None:
    failing = {"failed": True, "msg": "Task failed: No route."}
    loop = {"failed": True, "msg": "One or more items failed", "results": [looked(home("alice")), failing, failing]}
    failed, fine = fleet_rows({"web1": loop}, ["web1"])
    assert (fine.user, fine.state) == ("alice", "ok")
    assert (failed.user, failed.state, failed.attention) == (None, "failed", ["No route."])


def test_a_loop_in_which_the_host_was_lost_says_so() -> None:
    lost = {"unreachable": True, "msg": "Timed out."}
    loop = {"unreachable": True, "msg": "Some items are unreachable.", "results": [looked(home("alice")), lost]}
    lost_host, account = fleet_rows({"web1": loop}, ["web1"])
    assert (lost_host.state, lost_host.user, lost_host.attention) == ("unreachable", None, ["Timed out."])
    assert (account.state, account.user) == ("ok", "alice")


@pytest.mark.parametrize(
    ("result", "failed", "state", "attention"),
    [
        ({}, False, "not run", []),
        ({"skipped": True, "changed": False}, False, "not run", []),
        ({}, True, "failed", [OTHER_TASK]),
        ({"skipped": True}, True, "failed", [OTHER_TASK]),
        ({"unreachable": True, "msg": "Timed out."}, True, "unreachable", ["Timed out."]),
        ({"failed": True, "msg": "Task failed: Action failed: No."}, True, "failed", ["No."]),
        ({"failed": True}, True, "failed", [OTHER_TASK]),
        ({"changed": True}, False, "changed", []),
        ({"changed": False}, False, "ok", []),
    ],
)
def test_a_host_that_tells_of_no_account(result: Data, failed: bool, state: str, attention: list[str]) -> None:
    row = one(result, ["web1"] if failed else [])
    assert (row.state, row.user, row.attention) == (state, None, attention)
    assert row.name == "web1"


def test_a_host_without_any_codex_home_has_no_login_and_needs_no_attention() -> None:
    row = one(looked())
    assert (row.state, row.method, row.attention) == ("ok", "none", [])


def test_a_host_that_failed_later_has_its_accounts_too() -> None:
    failed, account = fleet_rows({"web1": looked(home("alice"))}, ["web1"])
    assert (failed.state, failed.attention) == ("failed", [OTHER_TASK])
    assert (account.user, account.state) == ("alice", "ok")


def test_a_failed_home_says_why_and_its_host_does_not_repeat_it() -> None:
    broken = {"user": "bob", "failed": True, "msg": "There is no user bob.", "login": {"method": "unreadable"}}
    result = {"failed": True, "msg": "2 homes failed.", "homes": [home("alice"), broken]}
    failed, fine = fleet_rows({"web1": result}, ["web1"])
    assert (failed.user, failed.state, failed.attention) == ("bob", "failed", ["There is no user bob."])
    assert (fine.user, fine.state) == ("alice", "ok")


def test_a_failed_host_without_a_result_is_not_forgotten() -> None:
    assert [(row.host, row.state) for row in fleet_rows({}, ["web2"])] == [("web2", "failed")]


# ------------------------------------------------------------------------------------------ what needs attention


@pytest.mark.parametrize("method", UNUSABLE)
def test_a_login_that_cannot_be_used_needs_attention_where_it_was_only_looked_at(method: str) -> None:
    assert one(looked(home("alice", method))).attention == [UNUSABLE[method]]
    known = home("alice", method, problems=["last_refresh is not a time."])
    assert one(looked(known)).attention == ["last_refresh is not a time."]  # which says it better
    asked_for = {"user": "alice", "changed": False, "auth": {"login": {"method": method}}}
    assert one({"homes": [asked_for]}).attention == []


@pytest.mark.parametrize("method", ["apikey", "chatgpt", "personal_access_token", "other"])
def test_a_login_that_can_be_used_needs_none(method: str) -> None:
    assert one(looked(home("alice", method))).attention == []


def test_an_expired_token_needs_attention_only_where_codex_cannot_renew_it() -> None:
    times = {"expired": True, "expires_at": "2026-11-26T12:00:00Z"}
    assert one(looked(chatgpt("alice", "a", refresh_due=True, **times))).attention == []
    (sentence,) = one(looked(chatgpt("alice", "a", **times, renewable=False))).attention
    assert sentence.startswith("The access token expired at 2026-11-26T12:00:00Z, and Codex cannot renew it.")
    assert one(looked(chatgpt("alice", "a", expired=False, renewable=False))).attention == []


def test_everything_that_is_wrong_is_there_once_and_in_order() -> None:
    alice = home("alice", problems=["One."], conflicts=["Two.", "One."])
    alice |= {
        "config": {"problems": ["Three."]},
        "unsaved_logins": [{"path": "/h/.auth-1", "login": {}}],
        "auth": {"restart_required": True, "restart_reason": "Codex (7) runs."},
        "environment": {"restart_required": True},
        "other": {"restart_required": False},
    }
    assert one(looked(alice)).attention == [
        "One.",
        "Two.",
        "Three.",
        "/h/.auth-1 may hold a renewed login that was never saved. codex_auth_fetch brings it back.",
        "Codex (7) runs. Restart them.",
        "Programs keep the old login. Restart them.",
    ]


def test_one_chatgpt_login_in_several_places_is_marked_in_each() -> None:
    results = {
        "web1": looked(chatgpt("alice", "one"), chatgpt("bob", "two")),
        "web2": looked(chatgpt("carol", "one"), chatgpt("bob", "two"), chatgpt("dora", "three")),
    }
    rows = {row.name: row for row in fleet_rows(results)}
    assert {name: row.shared for name, row in rows.items()} == {
        "web1 alice": 1, "web2 carol": 1, "web1 bob": 2, "web2 bob": 2, "web2 dora": None
    }  # fmt: skip
    (sentence,) = rows["web1 alice"].attention
    assert rows["web2 carol"].attention == [sentence]
    assert sentence.startswith(
        "web1 alice and web2 carol have the same ChatGPT login. The first of them that renews it"
    )
    assert rows["web2 dora"].attention == []


def test_what_is_no_shared_login() -> None:
    """API keys, copies that Codex does not renew, one home that is told twice, and fingerprints that are none."""
    key = home("alice", fingerprint="k")
    copy = chatgpt("bob", "c", renewable=False)
    odd = chatgpt("dora", "")
    results = {"web1": looked(key, copy, odd, chatgpt("eve", "e"), chatgpt("eve", "e")), "web2": looked(key, copy, odd)}
    assert [row.shared for row in fleet_rows(results)] == [None] * 7


def test_two_homes_of_one_user_are_two_places_with_names_of_their_own() -> None:
    other = {**chatgpt("ci", "x"), "codex_home": "/srv/ci"}
    rows = fleet_rows({"web1": looked(chatgpt("ci", "x"), other)})
    assert [row.name for row in rows] == ["web1 ci", "web1 ci (/srv/ci)"]
    assert "web1 ci and web1 ci (/srv/ci) have" in rows[0].attention[0]


def test_names_are_listed_as_people_do() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    assert [listed(names[:n]) for n in (0, 1, 2, 3)] == ["", "a", "a and b", "a, b and c"]
    assert listed(names[:6]) == "a, b, c, d, e and f"
    assert listed(names) == "a, b, c, d, e, f and 2 more"


def test_a_login_that_is_everywhere_makes_no_quadratic_report() -> None:
    rows = fleet_rows({f"web{n}": looked(chatgpt("alice", "one")) for n in range(1000)})
    (sentence,) = {sentence for row in rows for sentence in row.attention}
    assert f"web{NAME_LIMIT - 1} alice and {1000 - NAME_LIMIT} more have the same ChatGPT login" in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/home/a/.codex", None),
        (r"C:\Users\a\.codex", None),
        ("/srv/ci", "/srv/ci"),
        ("/x.codex", "/x.codex"),
        ("", None),
    ],
)
def test_an_unusual_home_is_told(path: str, other: str | None) -> None:
    assert Row("web1", "ok", "a", path).other_home == other


# -------------------------------------------------------------------------------------------------- order


def test_what_needs_attention_comes_first_and_all_else_stays_in_order() -> None:
    changed = {"user": "x", "codex_home": "/x/.codex", "changed": True, "auth": {"login": {"method": "apikey"}}}
    results: Data = {
        "new": {},
        "a": looked(home("x")),
        "b": {"homes": [changed]},
        "c": looked(home("x", conflicts=["Look."])),
        "d": {"failed": True, "msg": "No."},
        "e": looked(home("x")),
        "f": {"unreachable": True, "msg": "No."},
        "g": looked(home("x", "unreadable")),
        "h": {"failed": True, "msg": "No."},
    }
    assert [row.host for row in fleet_rows(results)] == ["f", "d", "h", "c", "g", "a", "b", "e", "new"]
    assert [row.host for row in fleet_rows(dict(reversed(results.items())))] == [*"fhdgceba", "new"]


# ------------------------------------------------------------------------------------------------ hostile input

ODD: tuple[t.Any, ...] = (None, 5, 0.5, True, "text", b"bytes", [], ["x", 5], {}, {"a": {"b": []}}, {5: 6}, object())


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_values_of_any_type_are_taken_for_nothing(odd: t.Any) -> None:
    names = ["user", "codex_home", "codex_version", "login", "auth", "config", "unsaved_logins", "msg", "changed"]
    logins = ["method", "fingerprint", "account_id", "email", "plan", "last_refresh", "expires_at", "expired"]
    logins += ["renewable", "refresh_due", "problems", "conflicts"]
    results = [
        odd,
        {"homes": odd},
        {"homes": [odd]},
        {"results": odd},
        {"results": [odd]},
        {"msg": odd, "failed": True},
    ]
    results += [{"homes": [dict.fromkeys(names, odd)]}, {"unreachable": odd}, {"failed": odd}, {"skipped": odd}]
    results += [{"homes": [{**home("alice"), name: odd}]} for name in names]
    results += [{"homes": [home("alice") | {"login": {**home("alice")["login"], name: odd}}]} for name in logins]
    for row in fleet_rows(dict(enumerate(results))):
        assert all(isinstance(text, str) for text in (row.host, *row.attention))
        assert all(isinstance(text, str | None) for text in (row.user, row.codex_home, row.codex_version, row.account))
        for name, value in row.login.items():
            kinds = list if name in ("problems", "conflicts") else (str, bool, type(None))
            assert isinstance(value, kinds) and (not isinstance(value, list) or all(isinstance(v, str) for v in value))


def test_a_nested_login_is_not_followed() -> None:
    deep: t.Any = []
    for _level in range(10_000):
        deep = [deep]
    assert one(looked(home("alice", plan=deep, deep=deep))).login == {"method": "apikey", "plan": None}


@pytest.mark.parametrize("where", ["host", "user", "codex_home", "codex_version", "msg", "email", "problems", "path"])
def test_characters_that_control_a_terminal_are_escaped(where: str) -> None:
    hostile = "a\x1b[31m\u202eb\ud800\nc"
    alice = home("alice", email=hostile if where == "email" else "", problems=[hostile] if where == "problems" else [])
    alice |= {where: hostile} if where in ("user", "codex_home", "codex_version") else {}
    if where == "msg":
        alice |= {"failed": True, "msg": hostile}
    if where == "path":
        alice["unsaved_logins"] = [{"path": hostile}]
    ((row),) = fleet_rows({hostile if where == "host" else "web1": looked(alice)})
    seen = repr((row, row.name, row.account))
    assert "a\\\\x1b[31m\\\\u202eb\\\\ud800 c" in seen
    assert not set("\x1b\u202e\ud800\n") & set("".join([row.name, *row.attention, str(row.codex_version)]))


def test_lengths_are_bounded() -> None:
    long = "x" * 100_000
    row = one(looked(home(long, email=long, problems=[long, *map(str, range(100))])))
    assert row.user == "x" * (TEXT_LIMIT - 3) + "..."
    assert row.account == row.user
    assert len(row.attention) == SENTENCE_LIMIT + 1
    assert row.attention[0] == row.user
    assert row.attention[-1] == f"There are {101 - SENTENCE_LIMIT} more of them."
    assert len(one(looked(home("alice", problems=[*map(str, range(SENTENCE_LIMIT))]))).attention) == SENTENCE_LIMIT
    failing = {"failed": True, "results": [{"failed": True, "msg": f"{n}{long}"} for n in range(50)]}
    assert len(one(failing).attention[0]) == TEXT_LIMIT
    short = one(looked(home("x" * TEXT_LIMIT)))
    assert short.user == "x" * TEXT_LIMIT


def test_a_number_as_a_host_is_its_name() -> None:
    (row,) = fleet_rows({7: looked(home("alice"))}, [8])[1:]
    assert row.host == "7"
