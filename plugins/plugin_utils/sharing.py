# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One ChatGPT refresh token for more than one Codex home: who shares, and the refusal.

A refresh token is good for one renewal, so the second home that renews the login loses it. Tokens
are only compared by their SHA-256, and no message holds one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import can_renew
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


class Place(t.NamedTuple):
    """A Codex home as a playbook names it; None: the account of the task, and its usual home."""

    host: str
    user: str | None = None
    codex_home: str | None = None


class Binding(t.NamedTuple):
    """A refresh token, by its digest, that is bound for a Codex home."""

    digest: str
    place: Place
    allowed: bool


Shared = dict[str, list[Place]]
"""Digests that are bound for several Codex homes, and for which."""


def refresh_digest(home: DesiredHome) -> str | None:
    """SHA-256 of the refresh token that Codex will use in the home; None where it will renew nothing."""
    credential = home.auth and home.auth.credential
    if not credential or credential.method != "chatgpt" or not can_renew(credential.summary()):
        return None
    return credential.summary()["secrets"]["refresh_token"]


def bindings(host: str, homes: t.Sequence[DesiredHome]) -> list[Binding]:
    """The refresh tokens that a task brings to a host."""
    found = []
    for home in homes:
        digest = refresh_digest(home)
        if digest and home.auth:
            place = Place(host, home.user, home.codex_home)
            found.append(Binding(digest, place, home.auth.allow_shared_refresh_token))
    return found


def surely_differ(one: Place, other: Place) -> bool:
    """Whether two places are two Codex homes, as far as their names tell.

    On one host a name can be another name of the same home: the account that the task runs as may be
    the one that another entry names. Which it is, a claim tells later (claims.py).
    """
    if one.host != other.host:
        return True
    if one.codex_home and other.codex_home:
        return one.codex_home != other.codex_home
    return bool(one.user and other.user and one.user != other.user)


def shared(found: t.Iterable[Binding]) -> Shared:
    """The digests that are bound for homes that surely differ, with all places of each."""
    places: dict[str, dict[Place, None]] = {}
    for digest, place, _allowed in found:
        places.setdefault(digest, {})[place] = None
    return {
        digest: list(those)
        for digest, those in places.items()
        if any(surely_differ(one, other) for one in those for other in those)
    }


def refuse_shared(own: t.Iterable[Binding], known: Shared) -> None:
    """Refuses a token of this task that ``known`` has for another home, too.

    Only where ``known`` has the task's own home as well: what is foreseen for other hosts counts as far
    as the same foresight was right about this one.
    """
    for digest, place, allowed in own:
        places = known.get(digest, [])
        others = [other for other in places if surely_differ(place, other)]
        if others and place in places and not allowed:
            raise refusal(place, others)


def refusal(own: Place, others: t.Sequence[Place]) -> CodexError:
    """The refusal of a login that the home ``own`` would share with ``others``."""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return CodexError(
        f"One ChatGPT login would go to {_name(own)} and to {_name(others[0])}{more}, and the first of them that "
        "renews it ends it for the others. Run `codex login` once for each home, or set allow_shared_refresh_token "
        "to true."
    )


def _name(place: Place) -> str:
    account = f"the account {place.user}" if place.user else "the task's account"
    return f"{account} on {place.host}{f' ({place.codex_home})' if place.codex_home else ''}"
