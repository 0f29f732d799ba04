"""The table of a run's accounts: what a person reads at a glance, in lines that a terminal holds."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row, State, fleet_rows
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.table import (
    LEAST,
    LINES,
    NOTE_LIMIT,
    WIDTH,
    counted,
    fleet_table,
    login_name,
    shortened,
)

CHATGPT = {
    "method": "chatgpt",
    "email": "alice@example.com",
    "plan": "pro",
    "expires_at": "2026-12-06T01:32:00Z",
    "renewable": True,
    "refresh_due": False,
}


def row(host: str = "web1", state: State = "ok", user: str | None = "alice", **more: t.Any) -> Row:
    return Row(host, state, user, **{"codex_home": f"/home/{user}/.codex", **more})


def test_a_fleet_of_all_kinds() -> None:
    rows = [
        Row("db1", "unreachable", attention=["Timed out."]),
        row("web1", "failed", "carol", login={"method": "unreadable"}, attention=["There is no user carol."]),
        row(
            "web1",
            "changed",
            login=CHATGPT | {"refresh_due": True},
            attention=["Look.", "See."],
            codex_version="0.171.0",
        ),
        row("web2", user="ci", login={"method": "apikey"}, codex_home="/srv/ci"),
        row("web2", login=CHATGPT | {"renewable": False}, attention=["See."]),
        Row("web3", "ok", login={"method": "none"}),
        Row("web4", "not run"),
    ]
    assert fleet_table(rows) == [
        "5 hosts, 4 accounts: 3 ok, 1 changed, 1 not run, 1 failed, 1 unreachable. 4 need attention.",
        "",
        "HOST  USER   CODEX HOME  RESULT       NOTE    LOGIN    ACCOUNT            PLAN  EXPIRES     RENEW  CODEX",
        "db1                      unreachable  [1]",
        "web1  carol              failed       [2]",
        "web1  alice              changed      [3][4]  ChatGPT  alice@example.com  pro   2026-12-06  due    0.171.0",
        "web2  ci     /srv/ci     ok                   API key",
        "web2  alice              ok           [4]     ChatGPT  alice@example.com  pro   2026-12-06  never",
        "web3                     ok                   none",
        "",
        "[1] db1: Timed out.",
        "[2] web1 carol: There is no user carol.",
        "[3] web1 alice: Look.",
        "[4] web1 alice and web2 alice: See.",
    ]


def test_an_unusual_home_is_whole_where_there_is_place() -> None:
    assert "  /srv/codex/of/ci  ok" in fleet_table([row(codex_home="/srv/codex/of/ci")])[3]


def test_columns_without_a_value_are_left_out() -> None:
    assert fleet_table([row(login={"method": "apikey"})]) == [
        "1 host, 1 account: 1 ok",
        "",
        "HOST  USER   RESULT  LOGIN",
        "web1  alice  ok      API key",
    ]


def test_hosts_on_which_nothing_was_run_are_only_counted() -> None:
    assert fleet_table([Row("a", "not run"), Row("b", "not run")]) == ["2 hosts, 0 accounts: 2 not run"]
    assert fleet_table([]) == ["0 hosts, 0 accounts"]


def test_check_mode_is_told() -> None:
    assert fleet_table([row()], check_mode=True)[0] == "Check mode, nothing was changed: 1 host, 1 account: 1 ok"


@pytest.mark.parametrize(
    ("state", "method", "name"),
    [
        ("ok", "apikey", "API key"),
        ("ok", "chatgpt", "ChatGPT"),
        ("changed", "personal_access_token", "personal access token"),
        ("ok", "none", "none"),
        ("ok", "unreadable", "unreadable"),
        ("failed", "unreadable", None),
        ("failed", "apikey", "API key"),
        ("ok", None, None),
    ],
)
def test_names_of_logins(state: State, method: str | None, name: str | None) -> None:
    assert login_name(row(state=state, login={"method": method})) == name


def test_one_needs_attention() -> None:
    assert fleet_table([row(attention=["Look."])])[0].endswith("1 ok. 1 needs attention.")


def test_a_sentence_that_begins_with_the_names_does_not_repeat_them() -> None:
    sentence = "web1 alice and web2 alice have the same login."
    lines = fleet_table([row(attention=[sentence]), row("web2", attention=[sentence])])
    assert lines[-1] == f"[1] {sentence}"
    lines = fleet_table([row(attention=["web10 has none."]), row("web10", user=None, attention=["web10 has none."])])
    assert lines[-1] == "[1] web1 alice and web10: web10 has none."


def test_the_names_of_many_are_only_counted() -> None:
    lines = fleet_table([row(f"web{n}", attention=["Look."]) for n in range(500)])
    assert len(lines) == 3 + 500 + 1 + 1
    assert lines[-1] == (
        "[1] web0 alice, web1 alice, web2 alice, web3 alice, web4 alice, web5 alice and 494 more: Look."
    )


def test_of_a_large_fleet_the_accounts_that_need_no_attention_are_only_counted() -> None:
    rows = [row(f"web{n}", attention=["Look."] if n < LINES + 50 else []) for n in range(1000)]
    lines = fleet_table(rows)
    assert lines[0] == f"1000 hosts, 1000 accounts: 1000 ok. {LINES + 50} need attention."
    assert lines[3 + LINES + 49].split()[0] == f"web{LINES + 49}"
    assert lines[3 + LINES + 50 : -2] == ["... and 750 more that need no attention. The report has all of them."]
    quiet = fleet_table([row(f"web{n}") for n in range(LINES + 1)])
    assert quiet[-2:] == [
        f"web{LINES - 1}  alice  ok",
        "... and 1 more that need no attention. The report has all of them.",
    ]
    assert len(fleet_table([row(f"web{n}") for n in range(LINES)])) == 3 + LINES


def test_a_sentence_twice_at_one_account_is_one_note() -> None:
    lines = fleet_table([row(attention=["Look.", "Look."])])
    assert lines[3:] == ["web1  alice  ok      [1]", "", "[1] web1 alice: Look."]


def test_long_sentences_are_wrapped_and_end_somewhere() -> None:
    lines = fleet_table([row(attention=["word " * 100, "x" * 10_000])])
    notes = lines[lines.index("", 2) + 1 :]
    assert max(map(len, notes)) <= WIDTH
    hyphened = fleet_table([row(attention=[f"{'word ' * 18}with-hyphens-in-it"])])
    assert hyphened[-1] == "    with-hyphens-in-it"
    first, second = (n for n, line in enumerate(notes) if line.startswith("["))
    assert (first, second) == (0, 5)
    assert all(line.startswith("    ") for n, line in enumerate(notes) if n not in (first, second))
    assert sum(map(len, notes[second:])) < NOTE_LIMIT + 200
    assert notes[-1].endswith("...")


def test_a_line_gives_up_the_ends_of_long_names_to_fit() -> None:
    wide = row(
        "node-0001.frankfurt.example.com",
        user="wilhelmina-of-sales",
        codex_home="/srv/accounts/very/long/path/to/a/home",
        login=CHATGPT | {"email": "wilhelmina.of.sales@research.example.com", "plan": "business"},
        codex_version="0.171.0",
    )
    heads, line = fleet_table([wide])[2:]
    assert heads.split() == ["HOST", "USER", "CODEX", "HOME", "RESULT", "LOGIN", "ACCOUNT", "PLAN", "EXPIRES", "CODEX"]
    assert "node-0001.frankfurt.example.com  wil" in line  # hosts are given up last
    assert "  wilhelmina.of...  " in line
    assert "  ...ath/to/a/home  " in line
    assert len(line) < 150
    short = row("web1", login=CHATGPT | {"email": "wilhelmina.of.sales@research.example.com"}, codex_version="0.171.0")
    assert "wilhelmina.of.sales@research.example.com" in fleet_table([short])[3]


def test_a_line_is_no_longer_than_it_must_be() -> None:
    for size in range(1, 80):
        lines = fleet_table([row("h" * 20, login=CHATGPT | {"email": "m" * size}, codex_version="0.171.0")])
        assert len(lines[3]) <= WIDTH
        is_cut = lines[3].count("m") < size
        assert is_cut == (size > 35)  # with 35, the line is exactly full
        assert len(lines[3]) == WIDTH or size < 35
    assert len(fleet_table([row("h" * 500)])[3].split()[0]) >= LEAST["HOST"]


def test_hostile_values_stay_on_one_line() -> None:
    hostile = "a\nb\x1b[31m\u202e"
    results = {hostile: {"homes": [{"user": hostile, "failed": True, "msg": hostile * 1000, "codex_home": hostile}]}}
    for line in fleet_table(fleet_rows(results)):
        assert line.isprintable() and len(line) < 200


def test_small_words() -> None:
    assert (counted(0, "host"), counted(1, "host"), counted(2, "host")) == ("0 hosts", "1 host", "2 hosts")
    assert (shortened("abcdef", 6), shortened("abcdefg", 6)) == ("abcdef", "abc...")


def test_what_check_mode_would_change_was_not_changed() -> None:
    lines = fleet_table([row(state="changed")], check_mode=True)
    assert lines[0] == "Check mode, nothing was changed: 1 host, 1 account: 1 would change"
    assert "would change" in lines[3]
    assert "would change" not in "".join(fleet_table([row(state="changed")]))
