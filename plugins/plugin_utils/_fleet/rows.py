# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a whole run, one row each, from what the tasks of its hosts returned."""

from __future__ import annotations

import collections
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import needs_restart
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable

Result = t.Mapping[str, t.Any]
"""What a task returned for a host. Anyone may pass anything here, so no type in it is relied on."""

State = t.Literal["failed", "unreachable", "changed", "ok", "not run"]

MERGED_STATES: t.Final[tuple[State, ...]] = ("failed", "unreachable", "changed", "ok", "not run")
"""The states of a home that several results tell of: the first one counts."""

TEXT_LIMIT: t.Final = 2_000  # characters of a text; messages of other modules can hold whole files
SENTENCE_LIMIT: t.Final = 20  # sentences on one account
NAME_LIMIT: t.Final = 6  # places that a sentence names; it would be quadratic in a fleet with one login everywhere

LOGIN_TEXTS: t.Final = ("method", "fingerprint", "account_id", "email", "plan", "last_refresh", "expires_at")
LOGIN_FLAGS: t.Final = ("expired", "renewable", "refresh_due")
LOGIN_LISTS: t.Final = ("problems", "conflicts")

RUN_KEYS: t.Final = {"homes", "results", "failed", "unreachable"}
"""Keys of a result that tell of a task that was run, also where another one was skipped."""

OTHER_TASK: t.Final = "A task failed there, or the host could not be reached. The output of the run says why."
UNUSABLE: t.Final = {
    "unreadable": "Codex cannot read the auth.json. Deploy the login again.",
    "mixed": "The auth.json holds parts of two logins. Deploy the one that is meant again.",
}
"""What is wrong with a login that was only looked at, by its method."""


@dataclass
class Row:
    """One account of a host, or a host that has told of none.

    login: as ``login`` of codex_info and of codex_auth_file, with values of the types that these have. attention:
    sentences on what a person should look at. shared: a number that all places with the same ChatGPT login have.
    """

    host: str
    state: State
    user: str | None = None
    codex_home: str | None = None
    codex_version: str | None = None
    login: dict[str, t.Any] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)
    shared: int | None = None

    @property
    def method(self) -> str | None:
        """The method of login; None where none is known."""
        return self.text("method")

    @property
    def account(self) -> str | None:
        """Whose ChatGPT account it is: the mail address, or else the id."""
        return self.text("email") or self.text("account_id")

    @property
    def other_home(self) -> str | None:
        """The Codex home where it is another one than ~/.codex, as far as its path tells; else None."""
        home = self.codex_home
        return home if home and not home.replace("\\", "/").endswith("/.codex") else None

    @property
    def name(self) -> str:
        """The host, and whose account there, as sentences name them."""
        home = f"({self.other_home})" if self.other_home else None
        return " ".join(part for part in (self.host, self.user, home) if part)

    @property
    def is_done(self) -> bool:
        """Whether all that was to be done there was done."""
        return self.state in ("ok", "changed")

    def text(self, name: str) -> str | None:
        """A value of the login that is text; None where it is not known."""
        value = self.login.get(name)
        return value if isinstance(value, str) and value else None


def fleet_rows(results: t.Mapping[t.Any, t.Any], failed: t.Collection[t.Any] = ()) -> list[Row]:
    """A row for each account of each host, those that need attention first, and the others in the order of the hosts.

    results: by host, what codex_home, codex_info, codex_remote_login or a loop over one of them returned; {} where none
    of them was run. failed: the hosts on which any task failed.
    """
    told = {**results, **{host: {} for host in failed if host not in results}}
    rows = [row for host, result in told.items() for row in _rows_of(_name(host), result, host in failed)]
    _mark_shared_logins(rows)
    return sorted(rows, key=_rank)


def _rank(row: Row) -> int:
    if row.is_done:
        return 2 if row.attention else 3
    return {"unreachable": 0, "failed": 1}.get(row.state, 4)


def _rows_of(host: str, result: object, is_failed: bool) -> list[Row]:
    if not isinstance(result, dict) or not result or (result.get("skipped") is True and not RUN_KEYS & result.keys()):
        return [Row(host, "failed", attention=[OTHER_TASK])] if is_failed else [Row(host, "not run")]
    rows = _merged(_row(host, home) for part in _parts(result) for home in _dicts(part.get("homes")))
    message = _message(result)
    if result.get("unreachable"):
        return [*rows, Row(host, "unreachable", attention=[message])]  # the others were items of a loop, before
    is_told = any(row.state == "failed" for row in rows)
    if (result.get("failed") or is_failed) and not is_told:
        # The other homes of a loop went on; a task that failed as a whole has none.
        return [*rows, Row(host, "failed", attention=[message if result.get("failed") else OTHER_TASK])]
    if not rows and result.get("homes") == []:  # of all users, none has a Codex home
        return [Row(host, "ok", login={"method": "none"})]
    return rows or [Row(host, "changed" if result.get("changed") else "ok")]


def _merged(rows: t.Iterable[Row]) -> list[Row]:
    """The rows of a host, one for each home: several tasks may have worked on it one after the other."""
    merged: dict[tuple[str | None, str | None, int], Row] = {}
    for n, row in enumerate(rows):
        earlier = merged.setdefault((row.user, row.codex_home, -1 if row.codex_home else n), row)
        if earlier is not row:
            earlier.state = min(earlier.state, row.state, key=MERGED_STATES.index)
            earlier.login = row.login or earlier.login
            earlier.codex_version = row.codex_version or earlier.codex_version
            earlier.attention = [*dict.fromkeys([*earlier.attention, *row.attention])][:SENTENCE_LIMIT]
    return [*merged.values()]


def _parts(result: Result) -> list[Result]:
    """The results of a loop's items, or the one of a task without a loop."""
    parts: list[Result] = [*_dicts(result.get("results"))]
    return parts or [result]


def _message(result: Result) -> str:
    """Why a task failed: in a loop, the reasons of the items that did."""
    messages = [_text(part.get("msg")) for part in _parts(result) if part.get("failed") or part.get("unreachable")]
    message = _cut(" ".join(dict.fromkeys(filter(None, messages)))) or _text(result.get("msg"))
    if message and "undefined variable" in message:  # up to 2.18, the whole value of a variable may follow
        found = re.search(r"'[\w. ]+' is undefined", message)
        message = (
            f"A variable cannot be evaluated: {found[0] if found else 'something in it is undefined'}. Correct it."
        )
    return (message or OTHER_TASK).removeprefix("Task failed: ").removeprefix("Action failed: ")  # 2.19 and later


def _row(host: str, home: Result) -> Row:
    """The row of one home, as codex_home or codex_info tells of it."""
    auth = home.get("auth")
    login = _login(home["login"] if "login" in home else auth.get("login") if isinstance(auth, dict) else None)
    state: State = "failed" if home.get("failed") else "changed" if home.get("changed") else "ok"
    row = Row(
        host, state, _text(home.get("user")), _text(home.get("codex_home")), _text(home.get("codex_version")), login
    )
    if state == "failed":
        row.attention.append(_text(home.get("msg")) or OTHER_TASK)
    row.attention += dict.fromkeys(_problems(home, row))
    if len(row.attention) > SENTENCE_LIMIT:
        row.attention[SENTENCE_LIMIT:] = [f"There are {len(row.attention) - SENTENCE_LIMIT} more of them."]
    return row


def _login(value: object) -> dict[str, t.Any]:
    """What a result says of a login, as far as it has the types that it should have."""
    given = value if isinstance(value, dict) else {}
    login: dict[str, t.Any] = {}
    for names, convert in ((LOGIN_TEXTS, _text), (LOGIN_FLAGS, _flag), (LOGIN_LISTS, _texts)):
        for name in names:
            if name in given:
                login[name] = convert(given[name])
    return login


def _problems(home: Result, row: Row) -> t.Iterator[str]:
    """What is wrong with a home, or has to be done there, one sentence each."""
    config, login = home.get("config"), row.login
    problems = config.get("problems") if isinstance(config, dict) else None
    for found in (login.get("problems"), login.get("conflicts"), problems, home.get("attention")):
        yield from _texts(found)
    # What a task has made, such as no login at all, was asked for.
    if row.state == "ok" and "login" in home and row.method in UNUSABLE and not login.get("problems"):
        yield UNUSABLE[row.method]
    if login.get("expired") is True and login.get("renewable") is False:
        yield f"The access token expired at {row.text('expires_at')}, and Codex cannot renew it. Deploy a new login."
    for file in _dicts(home.get("unsaved_logins")):
        path = _text(file.get("path"))
        yield f"{path} may hold a renewed login that was never saved. codex_auth_fetch brings it back."
    for part in home.values():
        if isinstance(part, dict) and needs_restart(part):
            yield f"{_text(part.get('restart_reason')) or 'Programs keep the old login.'} Restart them."


def _mark_shared_logins(rows: t.Iterable[Row]) -> None:
    """Says so where one ChatGPT login that Codex renews is in several places: only one of them can keep it."""
    places: dict[str, dict[tuple[str, str | None], Row]] = collections.defaultdict(dict)
    for row in rows:
        fingerprint = row.text("fingerprint")
        if row.method == "chatgpt" and row.login.get("renewable") is True and fingerprint:
            places[fingerprint].setdefault((row.host, row.codex_home or row.user), row)
    number = 0
    for shared in places.values():
        if len(shared) > 1:
            number += 1
            sentence = (
                f"{listed([row.name for row in shared.values()])} have the same ChatGPT login. The first of them that "
                "renews it ends it for the others. Run `codex login` for each."
            )
            for row in shared.values():
                row.shared = number
                row.attention.append(sentence)


def listed(names: t.Sequence[str]) -> str:
    """Names as a sentence lists them; of many, only the first ones and how many there are."""
    if len(names) > NAME_LIMIT:
        return f"{', '.join(names[:NAME_LIMIT])} and {len(names) - NAME_LIMIT} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def _dicts(value: object) -> list[dict[str, t.Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _name(value: object) -> str:
    """A host's name, which YAML may have made a number."""
    return _text(str(value)) or "?"


def _text(value: object) -> str | None:
    """A value that is text, as one line that can be printed; None for anything else."""
    return _cut(printable(" ".join(value[: 4 * TEXT_LIMIT].split()))) if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [*filter(None, map(_text, value))] if isinstance(value, list) else []


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 3]}..."
