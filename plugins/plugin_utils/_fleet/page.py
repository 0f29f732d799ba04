# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a run as one HTML page: for people, without network and script. page.html.j2 is what it looks like.

Whatever a host says is text on it: Jinja2 escapes all values, and the page's own policy allows no script, no image and
no style but the one that the page comes with.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import typing as t
from datetime import datetime

import jinja2
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.table import counted, login_name, needing, shortened
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable

CELL_LIMIT: t.Final = 120  # characters of a value
SENTENCE_LIMIT: t.Final = 1_000  # characters of a sentence
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds

COLUMNS: t.Final[dict[str, str]] = {
    "host": "Host",
    "user": "User",
    "state": "Result",
    "login": "Login",
    "account": "Account",
    "plan": "Plan",
    "expires": "Access expires",
    "version": "Codex",
}
"""The columns of the page, by the name that the template has for each. One without any value is left out."""


def fleet_page(template: str, rows: t.Sequence[Row], title: str, now: datetime, check_mode: bool) -> str:
    """The page. template: page.html.j2. now: in UTC, what times on the page are relative to."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["csp_hash"] = _csp_hash
    accounts = [_account(row, now) for row in rows if row.state != "not run"]
    shown = {name for account in accounts for name, value in account.items() if value}
    shown |= {"account"} if "shared" in shown else set()  # where the mark is
    attention = [account for account in accounts if account["attention"]]
    marks = {"ok" if account["mark"] == "changed" else account["mark"] for account in accounts}
    return environment.from_string(template).render(
        title=_cell(printable(title)),
        made=now.strftime("%Y-%m-%d %H:%M"),
        made_at=_iso(now),
        check_mode=check_mode,
        verdict=_verdict(rows),
        verdict_mark=next((mark for mark in ("bad", "look", "ok") if mark in marks), "plain"),
        counts=_counts(rows),
        logins=_logins(rows),
        columns=[(name, COLUMNS[name]) for name in COLUMNS if name in shown],
        parts=[
            ("attention", "Needs attention", attention),
            ("others", "In order", [account for account in accounts if not account["attention"]]),
        ],
        not_run=[shortened(row.host, CELL_LIMIT) for row in rows if row.state == "not run"],
    )


def _verdict(rows: t.Sequence[Row]) -> str:
    """What to know first, in a few words."""
    done = [row for row in rows if row.state != "not run"]
    attention = sum(bool(row.attention) for row in done)
    if not done:
        return "Nothing was run on any host."
    return f"{needing(attention)}." if attention else "Nothing needs attention."


def _counts(rows: t.Sequence[Row]) -> list[tuple[str, int, str]]:
    """The figures at the top, each with what is counted and how it is marked."""
    states = collections.Counter(row.state for row in rows)
    hosts, accounts = len({row.host for row in rows}), sum(row.user is not None for row in rows)
    figures = [
        ("host" if hosts == 1 else "hosts", hosts, "plain"),
        ("account" if accounts == 1 else "accounts", accounts, "plain"),
        ("unreachable", states["unreachable"], "bad"),
        ("failed", states["failed"], "bad"),
        ("to look at", sum(row.is_done and bool(row.attention) for row in rows), "look"),
        ("changed", states["changed"], "plain"),
        ("renewal due", sum(row.login.get("refresh_due") is True for row in rows), "plain"),
        ("not run", states["not run"], "plain"),
    ]
    return [figure for figure in figures if figure[1] or figure in figures[:2]]


def _logins(rows: t.Sequence[Row]) -> str:
    """How many accounts have which login, as a line."""
    names = collections.Counter(filter(None, (login_name(row) for row in rows if row.user is not None)))
    return ", ".join(f"{count} {_cell(name)}" for name, count in names.most_common())


def _account(row: Row, now: datetime) -> dict[str, t.Any]:
    """What the template shows of a row; what there is nothing to say of is empty."""
    needs_look = row.is_done and bool(row.attention)
    return {
        "host": _cell(row.host),
        "user": _cell(row.user),
        "home": _cell(row.other_home),
        "state": "look at it" if needs_look and row.state == "ok" else row.state,
        "mark": "bad" if not row.is_done else "look" if needs_look else row.state,
        "login": _cell(login_name(row)),
        "account": _cell(row.account),
        "shared": row.shared,
        "plan": _cell(row.text("plan")),
        "expires": _expires(row, now),
        "version": _cell(row.codex_version),
        # What is between backticks is to be typed: every second part.
        "attention": [shortened(sentence, SENTENCE_LIMIT).split("`") for sentence in dict.fromkeys(row.attention)],
    }


def _expires(row: Row, now: datetime) -> dict[str, str] | None:
    """When the access token expires: the date, the time as a machine reads it, the distance, and what becomes of it."""
    text = row.text("expires_at")
    if text is None:
        return None
    moment = parse_time(text)
    hint = ""
    if row.login.get("renewable") is False:
        hint = "cannot be renewed"
    elif row.login.get("refresh_due") is True:
        hint = "renewal due"
    elif row.login.get("expired") is True:
        hint = "Codex renews it"
    if moment is None:
        return {"date": _cell(text), "iso": "", "distance": "", "hint": hint}
    return {"date": text[:10], "iso": text, "distance": _distance(float(moment) - now.timestamp()), "hint": hint}


def _distance(seconds: float) -> str:
    """Such as "in 9 days" and "3 hours ago"."""
    size = abs(seconds)
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if size >= unit:
            text = counted(int(size // unit), name)
            return f"in {text}" if seconds > 0 else f"{text} ago"
    return "now"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(text: str | None) -> str:
    return shortened(text or "", CELL_LIMIT)


def _csp_hash(text: str) -> str:
    """The source of a Content Security Policy that allows exactly this style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
