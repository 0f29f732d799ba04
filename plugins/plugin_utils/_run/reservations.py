# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One ChatGPT refresh token for one Codex home, and one file for one login, for the length of a run.

A refresh token is good for one renewal, so the second home that renews the login loses it. The first
home that would get a token in a run reserves it, in any task, loop, batch or strategy.
That home may come again. Any other home is refused before anything is written there. A home is what
describe found it to be, so two names of one home are one. Tokens are compared by their SHA-256 only.
"""

from __future__ import annotations

import functools
import hashlib
import os
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import can_renew
from ansible_collections.fleet.codex.plugins.plugin_utils._run.once_per_run import once_per_run
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer


class Holder(t.NamedTuple):
    """The home that something is reserved for."""

    host: str
    user: str
    codex_home: str
    real_home: str

    def is_same_home(self, other: Holder) -> bool:
        """Whether both are one home, whatever they are called."""
        return (self.host, self.real_home) == (other.host, other.real_home)

    def __str__(self) -> str:
        return f"the user {self.user} on {self.host} ({self.codex_home})"


def holder_of(host: str, described: HomeAnswer) -> Holder:
    """A described home of a host."""
    return Holder(host, described["user_info"]["name"], described["codex_home"], described["real_home"])


def refresh_digest(home: DesiredHome) -> str | None:
    """SHA-256 of the refresh token that Codex will use in the home; None where it will renew nothing."""
    credential = home.auth and home.auth.credential
    if not credential or credential.method != "chatgpt":
        return None
    summary = credential.summary()
    return summary["secrets"]["refresh_token"] if can_renew(summary) else None


def reserve_logins(folder: str, host: str, homes: t.Sequence[DesiredHome], described: t.Sequence[HomeAnswer]) -> None:
    """Reserves the homes' refresh tokens. Raises CodexError where one is another home's and may not be shared.

    Homes of this task that are in each other's way are refused before anything is reserved. folder: the run's own, see
    once_per_run.py.
    """
    own: list[tuple[str, Holder, bool]] = []
    for home, answer in zip(homes, described, strict=True):
        digest = refresh_digest(home)
        if digest and home.auth:
            own.append((digest, holder_of(host, answer), home.auth.allow_shared_refresh_token))
    first_of_task: dict[str, Holder] = {}
    for digest, holder, is_allowed in own:
        _check_shared(first_of_task.setdefault(digest, holder), holder, is_allowed)
    for digest, holder, is_allowed in own:
        _check_shared(_reserve(folder, f"login-{digest}", holder), holder, is_allowed)


def _check_shared(first: Holder, own: Holder, is_allowed: bool) -> None:
    if not is_allowed and not first.is_same_home(own):
        raise CodexError(
            f"One ChatGPT login would go to {first} and to {own}, and the first of them that renews it ends it for the "
            "other. Run `codex login` once for each home, or set allow_shared_refresh_token to true."
        )


def reserve_file(folder: str, path: str, own: Holder) -> None:
    """Reserves a file of the controller for the login of a home. Raises CodexError where it is another home's.

    folder: the run's own, see once_per_run.py.
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
    first = _reserve(folder, f"file-{name}", own)
    if not first.is_same_home(own):
        raise CodexError(
            f"dest: {path} already holds the login of {first.user} on {first.host}. Name a different file for each "
            "home, for example with inventory_hostname in its path."
        )


def _reserve(folder: str, name: str, own: Holder) -> Holder:
    """The home that holds the reservation, which is ``own`` where nobody had it."""
    return Holder(*once_per_run(folder, name, functools.partial(list, own)))
