# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a run's accounts, for a terminal: plain text, with nothing of its own beyond ASCII.

Ansible prints it as a list, each line indented and in quotes, so that a line of `WIDTH` fits into 120 columns.
"""

from __future__ import annotations

import collections
import textwrap
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row, State, listed

WIDTH: t.Final = 108  # characters of a line
LINES: t.Final = 200  # accounts that are shown; of more, only those that need attention
NOTE_LIMIT: t.Final = 1_000  # characters of a sentence

LOGINS: t.Final = {"apikey": "API key", "chatgpt": "ChatGPT", "personal_access_token": "personal access token"}
"""The methods of login as a column headed "login" calls them."""


def login_name(row: Row) -> str | None:
    """The method of a row's login as people call it; None where it is not known."""
    if row.method is None or (row.state == "failed" and row.method == "unreadable"):  # the reason says more
        return None
    return LOGINS.get(row.method, row.method)


def renewal(row: Row) -> str | None:
    """What there is to say of the renewal of a ChatGPT login by Codex; None for nothing."""
    if row.login.get("renewable") is False:
        return "never"
    return "due" if row.login.get("refresh_due") is True else None


COLUMNS: t.Final[dict[str, t.Callable[[Row], str | None]]] = {
    "HOST": lambda row: row.host,
    "USER": lambda row: row.user,
    "CODEX HOME": lambda row: row.other_home,
    "RESULT": lambda row: row.state,  # in check mode in other words, see state_name
    "NOTE": lambda row: None,  # numbered once all notes are known
    "LOGIN": login_name,
    "ACCOUNT": lambda row: row.account,
    "PLAN": lambda row: row.text("plan"),
    "EXPIRES": lambda row: (row.text("expires_at") or "")[:10],  # a login lasts for days
    "RENEW": renewal,
    "CODEX": lambda row: row.codex_version,
}
"""The columns and what is in them. One without any value is left out."""

LEAST: t.Final = {"ACCOUNT": 16, "CODEX HOME": 16, "USER": 12, "PLAN": 10, "CODEX": 10, "LOGIN": 12, "HOST": 32}
"""The columns that are cut where a line would be too long, in this order, and the characters that each keeps.

Hosts come last: who cannot tell them apart cannot use the table.
"""

STATES: t.Final[tuple[State, ...]] = ("ok", "changed", "not run", "failed", "unreachable")


def fleet_table(rows: t.Sequence[Row], check_mode: bool = False) -> list[str]:
    """The lines of the table: a summary, the accounts, and then what needs attention.

    A column has the numbers of the sentences below. One that is the same for several accounts is there once. Hosts on
    which nothing was run are only counted, and so are accounts beyond LINES that need no attention.
    """
    lines = [f"{'Check mode, nothing was changed: ' if check_mode else ''}{summary(rows, check_mode)}"]
    run = [row for row in rows if row.state != "not run"]
    shown = [row for n, row in enumerate(run) if n < LINES or row.attention]
    if not shown:
        return lines
    notes = _notes(shown)
    numbers = {sentence: f"[{number}]" for number, sentence in enumerate(notes, 1)}
    columns = {name: [column(row) or "" for row in shown] for name, column in COLUMNS.items()}
    columns["RESULT"] = [state_name(row.state, check_mode) for row in shown]
    columns["NOTE"] = ["".join(numbers[sentence] for sentence in dict.fromkeys(row.attention)) for row in shown]
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    widths = _widths(columns)
    lines += ["", "  ".join(name.ljust(widths[name]) for name in columns).rstrip()]
    for n in range(len(shown)):
        cells = [_cell(columns[name][n], name, widths[name]).ljust(widths[name]) for name in columns]
        lines.append("  ".join(cells).rstrip())
    if len(shown) < len(run):
        lines.append(f"... and {len(run) - len(shown)} more that need no attention. The report has all of them.")
    if notes:
        lines.append("")
    for sentence, names in notes.items():
        number, who = numbers[sentence], listed(names)
        text = shortened(sentence if sentence.startswith(f"{who} ") else f"{who}: {sentence}", NOTE_LIMIT)
        indent = " " * (len(number) + 1)
        lines += textwrap.wrap(f"{number} {text}", WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return lines


def state_name(state: State, check_mode: bool) -> str:
    """What became of an account, or in check mode would."""
    return "would change" if check_mode and state == "changed" else state


def summary(rows: t.Sequence[Row], check_mode: bool = False) -> str:
    """How many hosts and accounts there are and what became of them, or in check mode would, in one line."""
    hosts = len({row.host for row in rows})
    accounts = sum(row.user is not None for row in rows)
    counts = collections.Counter(row.state for row in rows)
    states = ", ".join(f"{counts[state]} {state_name(state, check_mode)}" for state in STATES if counts[state])
    line = f"{counted(hosts, 'host')}, {counted(accounts, 'account')}{': ' if states else ''}{states}"
    attention = sum(bool(row.attention) for row in rows)
    return f"{line}. {needing(attention)}." if attention else line


def counted(count: int, what: str) -> str:
    """Such as "1 host" and "2 hosts"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def needing(count: int) -> str:
    """Such as "2 need attention"."""
    return f"{count} need{'s' if count == 1 else ''} attention"


def shortened(text: str, width: int) -> str:
    """A text of at most this many characters."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _cell(text: str, column: str, width: int) -> str:
    """A value in its column. Of a path the end is kept, of names the beginning."""
    if column == "CODEX HOME" and len(text) > width:
        return f"...{text[len(text) - width + 3 :]}"
    return shortened(text, width)


def _widths(columns: t.Mapping[str, t.Sequence[str]]) -> dict[str, int]:
    """How wide each column is, so that a line has no more than WIDTH characters if that can be."""
    widths = {name: max(map(len, [name, *cells])) for name, cells in columns.items()}
    for name, least in LEAST.items():
        surplus = sum(widths.values()) + 2 * (len(widths) - 1) - WIDTH
        if surplus > 0 and name in widths:
            widths[name] = max(widths[name] - surplus, min(widths[name], least))
    return widths


def _notes(rows: t.Iterable[Row]) -> dict[str, list[str]]:
    """The sentences on what needs attention, each with the names of the accounts."""
    names: dict[str, list[str]] = {}
    for row in rows:
        for sentence in dict.fromkeys(row.attention):
            names.setdefault(sentence, []).append(row.name)
    return names
