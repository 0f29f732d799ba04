"""The page of a run's accounts: what is on it, and that nothing a host says is more than text."""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.page import CELL_LIMIT, SENTENCE_LIMIT, fleet_page
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row, State, fleet_rows
from ansible_collections.fleet.codex.tests.support.page import Page
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

TEMPLATE = (CHECKOUT / "plugins/plugin_utils/_fleet/page.html.j2").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 27, 17, 20, tzinfo=UTC)


def page(rows: t.Sequence[Row], title: str = "Codex logins", check_mode: bool = False) -> Page:
    return Page(fleet_page(TEMPLATE, rows, title, NOW, check_mode))


def row(host: str = "web1", state: State = "ok", user: str | None = "alice", **more: t.Any) -> Row:
    return Row(host, state, user, **{"codex_home": f"/home/{user}/.codex", **more})


def chatgpt(expires: timedelta = timedelta(days=9, hours=1), **more: t.Any) -> dict[str, t.Any]:
    moment = f"{NOW + expires:%Y-%m-%dT%H:%M:%SZ}"
    login = {"method": "chatgpt", "email": "alice@example.com", "plan": "pro", "expires_at": moment, "renewable": True}
    return {**login, **more}


# ------------------------------------------------------------------------------------------------ what is on it


def test_a_fleet_of_all_kinds() -> None:
    rows = [
        Row("db1", "unreachable", attention=["Timed out."]),
        row("web1", login=chatgpt(), attention=["One login.", "Run `codex login` now."], shared=2),
        row("web2", "changed", "ci", codex_home="/srv/ci", login={"method": "apikey"}, codex_version="0.171.0"),
        Row("new1", "not run"),
        Row("new2", "not run"),
    ]
    seen = page(rows)
    assert seen.declarations == ["DOCTYPE html"]
    assert seen.all("title") == seen.all("h1") == ["Codex logins"]
    assert seen.all("p", class_="made") == ["As of 2026-11-27 17:20 UTC"]
    assert seen.all("time", datetime="2026-11-27T17:20:00Z") == ["2026-11-27 17:20 UTC"]
    assert seen.all("p", class_="check") == []
    assert seen.all("p", class_="verdict") == seen.all("p", class_="bad") == ["2 need attention."]
    assert seen.all("ul", class_="counts") == [
        "5 hosts 2 accounts 1 unreachable 1 to look at 1 changed 2 not run"
    ]  # fmt: skip
    counts = {mark: len(seen.all("li", class_=mark)) for mark in ("bad", "look", "plain")}
    assert counts == {"bad": 1, "look": 1, "plain": 4}
    assert seen.all("p", class_="logins") == ["Logins: 1 ChatGPT, 1 API key."]
    assert seen.all("h2") == ["Needs attention (2)", "In order (1)", "Not run (2)"]
    heads = ["Host", "User", "Result", "Login", "Account", "Plan", "Access expires", "Codex"]
    assert seen.all("th", scope="col") == heads * 2
    assert seen.accounts == [
        ["db1", "unreachable"],
        ["web1", "alice", "look at it", "ChatGPT", "alice@example.com same login 2", "pro", "2026-12-06 in 9 days"],
        ["web2", "ci /srv/ci", "changed", "API key", "0.171.0"],
    ]
    assert seen.all("li")[-3:] == ["Timed out.", "One login.", "Run codex login now."]
    assert seen.all("code") == ["codex login"]
    assert seen.all("p", class_="hosts") == ["new1, new2"]


def test_a_page_without_problems() -> None:
    seen = page([row(login={"method": "apikey"}), row("web2", "changed")])
    assert seen.all("p", class_="ok") == ["Nothing needs attention."]
    assert seen.all("h2") == ["In order (2)"]
    assert seen.all("tr", class_="why") == []


def test_what_is_to_be_looked_at_is_no_failure() -> None:
    seen = page([row(attention=["Look."]), row("web2", "changed", attention=["Look."]), row("web3")])
    assert seen.all("p", class_="look") == ["2 need attention."]
    assert seen.all("span", class_="mark") == ["look at it", "changed", "ok"]
    assert len(seen.all("tr", class_="look")) == 2


def test_a_page_of_nothing() -> None:
    assert page([]).all("p", class_="verdict") == ["Nothing was run on any host."]
    seen = page([Row("new1", "not run")])
    assert seen.all("p", class_="plain") == ["Nothing was run on any host."]
    assert seen.all("table") == []


def test_check_mode_is_told() -> None:
    (text,) = page([row()], check_mode=True).all("p", class_="check")
    assert text.startswith("Check mode: nothing was changed.")


def test_columns_without_a_value_are_left_out() -> None:
    assert page([row(login={"method": "apikey"})]).all("th", scope="col") == ["Host", "User", "Result", "Login"]


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(days=2, hours=23), "in 2 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=23), "in 23 hours"),
        (timedelta(minutes=59), "in 59 minutes"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=59), "now"),
        (timedelta(0), "now"),
        (timedelta(seconds=-59), "now"),
        (timedelta(minutes=-61), "1 hour ago"),
        (timedelta(days=-3), "3 days ago"),
    ],
)
def test_when_a_login_expires_is_relative_to_the_time_of_the_page(distance: timedelta, text: str) -> None:
    cells = page([row(login=chatgpt(distance))]).accounts[0]
    assert cells[-1] == f"{NOW + distance:%Y-%m-%d} {text}"


@pytest.mark.parametrize(
    ("login", "hint"),
    [
        ({"renewable": False, "refresh_due": True, "expired": True}, "cannot be renewed"),
        ({"refresh_due": True, "expired": True}, "renewal due"),
        ({"refresh_due": False, "expired": True}, "Codex renews it"),
        ({"refresh_due": False, "expired": False}, ""),
        ({"refresh_due": None, "expired": None}, ""),
    ],
)
def test_what_becomes_of_the_login_then(login: dict[str, t.Any], hint: str) -> None:
    seen = page([row(login=chatgpt(timedelta(days=-2), **login))])
    assert seen.all("span", class_="sub") == list(filter(None, ["2 days ago", hint]))
    assert seen.all("time", datetime="2026-11-25T17:20:00Z") == ["2026-11-25"]
    counted = "1 renewal due" in seen.all("ul", class_="counts")[0]
    assert counted is (login.get("refresh_due") is True)


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    seen = page([row(login=chatgpt(expires_at="soon"))])
    assert seen.accounts[0][-1] == "soon"
    assert seen.all("time") == ["2026-11-27 17:20 UTC"]


def test_the_same_login_is_marked_at_each_place() -> None:
    shared = {"method": "chatgpt", "renewable": True, "fingerprint": "f"}
    results = {name: {"homes": [{"user": "a", "login": shared}]} for name in ("web1", "web2")}
    seen = page(fleet_rows(results))
    assert seen.all("span", class_="shared") == ["same login 1"] * 2  # though neither says whose it is
    assert len([text for text in seen.all("li") if "have the same ChatGPT login" in text]) == 2


# ------------------------------------------------------------------------------------- harmless and self-contained


def test_nothing_is_loaded_and_nothing_runs() -> None:
    seen = page([row(login=chatgpt(), attention=["See https://example.com/."], shared=1), Row("b", "not run")])
    tags = {name for name, _attributes in seen.elements}
    assert not tags & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
        "base",
        "svg",
        "input",
        "audio",
    }
    names = {attribute for _name, attributes in seen.elements for attribute in attributes}
    assert not names & {"src", "href", "srcset", "style", "action", "data", "background"}
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in seen.source and "@import" not in seen.source
    assert seen.source.count("http") == 2  # the policy's http-equiv, and the sentence's text


def test_the_policy_allows_the_style_of_the_page_alone() -> None:
    seen = page([row()])
    (policy,) = (given["content"] for _name, given in seen.elements if "http-equiv" in given)
    (style,) = re.findall(r"<style>(.*?)</style>", seen.source, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert seen.source.index("Content-Security-Policy") < seen.source.index("<style>")


HOSTILE = "<script>alert(1)</script>\"'><!--</style></td>{{ 7*7 }}{% x %}`&amp;\u202e\x1b[31m"


def test_hostile_values_are_text() -> None:
    login = dict.fromkeys(("method", "email", "plan", "expires_at"), HOSTILE)
    homes = [
        {
            "user": HOSTILE,
            "codex_home": HOSTILE,
            "codex_version": HOSTILE,
            "login": login,
            "failed": True,
            "msg": HOSTILE,
        }
    ]
    rows = [*fleet_rows({HOSTILE: {"homes": homes}}), *fleet_rows({f"new{HOSTILE}": {}})]
    seen, plain = page(rows, title=HOSTILE), page([row(login=chatgpt(), attention=["x"]), Row("x", "not run")])
    assert {name for name, _attributes in seen.elements} <= {name for name, _given in plain.elements} | {"code"}
    assert {key for _name, given in seen.elements for key in given} <= {
        key for _name, given in plain.elements for key in given
    }
    assert not set(seen.source) & {"\u202e", "\x1b"}
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b")
    assert seen.all("h1") == seen.all("title") == [shown]
    cells = seen.accounts[0]
    assert cells == [shown, f"{shown} {shown}", "failed", *[shown] * 5]
    assert seen.all("li")[-1] == shown.replace("`", "")


def test_lengths_are_bounded() -> None:
    long = "x" * 10_000
    rows = [
        row(long, user=long, login=chatgpt(email=long, plan=long, method=long), attention=[long], codex_version=long)
    ]
    seen = page([*rows, Row(long, "not run")], title=long)
    assert {len(cell) for cell in seen.accounts[0]} <= {CELL_LIMIT, len("look at it"), len("2026-12-06 in 9 days")}
    assert len(seen.all("li")[-1]) == SENTENCE_LIMIT
    assert len(seen.all("h1")[0]) == CELL_LIMIT
    assert seen.source.count("x") < 12 * CELL_LIMIT + SENTENCE_LIMIT + 200


def test_a_large_fleet_makes_a_page_that_can_be_sent() -> None:
    rows = [row(f"node-{n:04d}.example.com", login=chatgpt(), codex_version="0.171.0") for n in range(2000)]
    assert len(fleet_page(TEMPLATE, rows, "x", NOW, False)) < 2_000_000


def test_every_colour_of_text_can_be_read() -> None:
    """A contrast of 4.5 at least, in the light, the dark and the printed page."""
    palettes = [
        dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", TEMPLATE, re.S)
    ]
    assert len(palettes) == 3
    pairs = [(text, paper) for text in ("ink", "quiet") for paper in ("paper", "card", "bad-paper", "look-paper")]
    pairs += [(text, paper) for text in ("bad", "look", "good") for paper in ("paper", "card", f"{text}-paper")]
    pairs += [("plain", "plain-paper")]
    for palette in palettes:
        for text, paper in pairs:
            lights = sorted((_luminance(palette[text]), _luminance(palette[paper])))
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, (text, paper)


def _luminance(colour: str) -> float:
    """How light a colour is, from 0 to 1 (WCAG 2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
