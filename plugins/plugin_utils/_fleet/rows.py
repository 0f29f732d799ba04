# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a whole run, one row each, from what the tasks of its hosts returned."""

from __future__ import annotations

import collections
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import needs_restart
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable, printable_result

Result = t.Mapping[str, t.Any]
"""What a task returned for a host. Anyone may pass anything here, so no type in it is relied on."""

State = t.Literal["failed", "unreachable", "changed", "ok", "not run"]
ORDER: t.Final[tuple[State, ...]] = ("unreachable", "failed", "not run", "changed", "ok")
"""The states, the ones that need attention first."""


OTHER_TASK: t.Final = "A task failed there. Its message is above."


@dataclass
class Row:
    """One account of a host, or a host that has told of none.

    login: as ``login`` of codex_info and of codex_auth_file. attention: sentences on what a person should look at.
    """

    host: str
    state: State
    user: str | None = None
    codex_home: str | None = None
    codex_version: str | None = None
    login: dict[str, t.Any] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)

    @property
    def method(self) -> str | None:
        """The method of login; None where none is known."""
        return _text(self.login.get("method"))

    @property
    def account(self) -> str | None:
        """Whose ChatGPT account it is: the mail address, or else the id."""
        return _text(self.login.get("email")) or _text(self.login.get("account_id"))

    @property
    def name(self) -> str:
        """The host, and whose account there, as sentences name them."""
        return f"{self.host} {self.user}" if self.user else self.host


def fleet_rows(results: t.Mapping[str, t.Any], failed: t.Collection[str] = ()) -> list[Row]:
    """A row for each account of each host, those that need attention first.

    results: by host, what codex_home, codex_info, codex_remote_login or a loop over one of them returned; {} where none
    of them was run. failed: the hosts on which any task failed.
    """
    rows = [row for host, result in results.items() for row in _rows_of(host, result, host in failed)]
    _mark_shared_logins(rows)
    return sorted(rows, key=lambda row: (ORDER.index(row.state) if row.state != "changed" else 4, not row.attention))


def _rows_of(host: str, result: object, is_failed: bool) -> list[Row]:
    if not isinstance(result, dict) or not result or result.get("skipped") is True:
        return [Row(host, "failed", attention=[OTHER_TASK])] if is_failed else [Row(host, "not run")]
    rows = [_row(host, home) for part in _parts(result) for home in _dicts(part.get("homes"))]
    message = _message(result)
    if result.get("unreachable"):
        return [Row(host, "unreachable", attention=[message])]
    is_told = any(row.state == "failed" for row in rows)
    if (result.get("failed") or is_failed) and not is_told:
        # The other homes of a loop went on; a task that failed as a whole has none.
        return [*rows, Row(host, "failed", attention=[message if result.get("failed") else OTHER_TASK])]
    return rows or [Row(host, "changed" if result.get("changed") else "ok")]


def _parts(result: Result) -> list[Result]:
    """The results of a loop's items, or the one of a task without a loop."""
    parts: list[Result] = [*_dicts(result.get("results"))]
    return parts or [result]


def _message(result: Result) -> str:
    """Why a task failed: in a loop, the reasons of the items that did."""
    messages = [_text(part.get("msg")) for part in _parts(result) if part.get("failed") or part.get("unreachable")]
    message = " ".join(dict.fromkeys(filter(None, messages))) or _text(result.get("msg"))
    return (message or OTHER_TASK).removeprefix("Task failed: ").removeprefix("Action failed: ")  # 2.19 and later


def _row(host: str, home: Result) -> Row:
    """The row of one home, as codex_home or codex_info tells of it."""
    auth = home.get("auth")
    login = home.get("login", auth.get("login") if isinstance(auth, dict) else None)
    is_failed = bool(home.get("failed"))
    row = Row(
        host,
        "failed" if is_failed else "changed" if home.get("changed") else "ok",
        _text(home.get("user")),
        _text(home.get("codex_home")),
        _text(home.get("codex_version")),
        printable_result(login) if isinstance(login, dict) else {},
    )
    if is_failed:
        row.attention.append(_text(home.get("msg")) or OTHER_TASK)
    row.attention += _problems(home, row.login)
    return row


def _problems(home: Result, login: Result) -> t.Iterator[str]:
    """What is wrong with a home, or has to be done there, one sentence each."""
    config = home.get("config")
    for found in (login.get("problems"), login.get("conflicts"), isinstance(config, dict) and config.get("problems")):
        if isinstance(found, list):
            yield from filter(None, map(_text, found))
    if login.get("expired") is True and login.get("renewable") is False:
        yield f"The access token expired at {login.get('expires_at')}, and Codex cannot renew it. Deploy a new login."
    for file in _dicts(home.get("unsaved_logins")):
        yield f"{file.get('path')} may hold a renewed login that was never saved. codex_auth_fetch brings it back."
    for part in home.values():
        if isinstance(part, dict) and needs_restart(part):
            yield f"{part.get('restart_reason') or 'Programs keep the old login.'} Restart them."


def _mark_shared_logins(rows: t.Iterable[Row]) -> None:
    """Says so where one ChatGPT login that Codex renews is in several places: only one of them can keep it."""
    places = collections.defaultdict(list)
    for row in rows:
        fingerprint = row.login.get("fingerprint")
        if row.login.get("renewable") is True and isinstance(fingerprint, str):
            places[fingerprint].append(row)
    for shared in places.values():
        for row in shared if len(shared) > 1 else ():
            others = ", ".join(other.name for other in shared if other is not row)
            row.attention.append(
                f"The same ChatGPT login is on {others}, and the first of them that renews it ends it for the others. "
                "Run `codex login` for each."
            )


def _dicts(value: object) -> list[dict[str, t.Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    """A value that is text, as one line that can be printed."""
    return printable(" ".join(value.split())) if isinstance(value, str) else None
