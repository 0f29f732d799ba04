# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a run's accounts, for a terminal: plain text in ASCII, as results of tasks are printed."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import NAMES
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import ORDER, Row

WIDTH: t.Final = 40  # characters that a cell may have
COLUMNS: t.Final[dict[str, t.Callable[[Row], str | None]]] = {
    "HOST": lambda row: row.host,
    "USER": lambda row: row.user,
    "CODEX HOME": lambda row: row.codex_home if is_unusual(row.codex_home) else None,
    "RESULT": lambda row: row.state,
    "LOGIN": lambda row: login_name(row),
    "ACCOUNT": lambda row: row.account,
    "PLAN": lambda row: _text(row.login.get("plan")),
    "EXPIRES": lambda row: minute(row.login.get("expires_at")),
    "RENEWAL": lambda row: "due" if row.login.get("refresh_due") is True else None,
    "CODEX": lambda row: row.codex_version,
    "": lambda row: "<- see below" if row.attention else None,
}
"""The columns and what is in them. One without any value is left out."""


def fleet_table(rows: t.Sequence[Row]) -> list[str]:
    """The lines of the table: a summary, the accounts, and then what needs attention.

    A sentence that is the same for several accounts is there once. Hosts on which nothing was run are only counted.
    """
    shown = [row for row in rows if row.state != "not run"]
    if not shown:
        return [summary(rows)]
    cells = [[_cell(column(row)) for column in COLUMNS.values()] for row in shown]
    table = [[*COLUMNS], *cells]
    used = [n for n in range(len(COLUMNS)) if any(line[n] for line in cells)]
    widths = [max(len(line[n]) for line in table) for n in used]
    lines = ["  ".join(line[n].ljust(width) for n, width in zip(used, widths, strict=True)).rstrip() for line in table]
    return [summary(rows), "", *lines, *_notes(shown)]


def summary(rows: t.Sequence[Row]) -> str:
    """How many hosts and accounts there are and what became of them, in one line."""
    hosts = len({row.host for row in rows})
    accounts = sum(row.user is not None for row in rows)
    counts = collections.Counter(row.state for row in rows)
    parts = [f"{counts[state]} {state}" for state in reversed(ORDER) if counts[state]]
    attention = sum(bool(row.attention) and row.state in ("ok", "changed") for row in rows)
    if attention:
        parts.append(f"{attention} to look at")
    return f"{_number(hosts, 'host')}, {_number(accounts, 'account')}: {', '.join(parts)}"


def login_name(row: Row) -> str | None:
    """The method of a row's login as people call it; None where it is not known."""
    return NAMES.get(row.method, row.method) if row.method else None


def is_unusual(codex_home: str | None) -> bool:
    """Whether a Codex home is another one than ~/.codex, as far as its path tells."""
    return codex_home is not None and not codex_home.replace("\\", "/").endswith("/.codex")


def minute(time: object) -> str | None:
    """A time such as 2026-11-28T17:11:08Z as 2026-11-28 17:11Z; None for what is none."""
    text = _text(time)
    return f"{text[:10]} {text[11:16]}Z" if text and len(text) >= 16 else text


def _notes(rows: t.Iterable[Row]) -> t.Iterator[str]:
    names = collections.defaultdict(list)
    for row in rows:
        for sentence in row.attention:
            names[sentence].append(row.name)
    for sentence, places in names.items():
        yield ""
        yield f"{', '.join(places)}:"
        yield f"  {sentence}"


def _cell(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
