# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of what differs between Codex versions, and the questions asked of it.

Source: measured on real binaries from 0.20.0 to 0.169.0; docs/codex-versions.md tells it to users.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

Version = tuple[int, ...]


@dataclass(frozen=True)
class Key:
    """A config.toml key, auth.json field or variable: the first and the last version (inclusive) that act on it."""

    first: Version
    last: Version | None

    def works_in(self, version: Version) -> bool:
        """Whether this version of Codex acts on the key."""
        return self.first <= version and (self.last is None or version[:2] <= self.last)

    def range(self) -> str:
        """The versions as messages name them."""
        first, last = (".".join(map(str, version)) for version in (self.first, self.last or ()))
        return f"{first} to {last}" if last else f"{first} and later"


KEYS: t.Final = {
    "preferred_auth_method": Key((0, 23), (0, 34)),
    "forced_login_method": Key((0, 49), None),
}

CREDENTIALS_STORE: t.Final = Key((0, 53), None)
"""cli_auth_credentials_store, with which Codex may keep logins elsewhere than in auth.json."""

PERSONAL_ACCESS_TOKEN: t.Final = Key((0, 139), None)
"""The auth.json field of this name; older versions cannot read such a file at all."""

OUTRANKING_VARIABLES: t.Final = {"CODEX_API_KEY": Key((0, 44), None), "CODEX_ACCESS_TOKEN": Key((0, 130), None)}
"""Environment variables that Codex uses instead of auth.json; the first one in `codex exec` only."""

FORCED_BY_VARIABLE: t.Final = {"CODEX_API_KEY": "api", "CODEX_ACCESS_TOKEN": "chatgpt"}
"""What forced_login_method must be where an account has such a variable; else Codex deletes auth.json (measured)."""

FORCED_LOGIN_METHOD: t.Final = {"apikey": "api", "chatgpt": "chatgpt", "personal_access_token": "chatgpt"}
"""What forced_login_method calls each kind of login; a personal access token counts as ChatGPT (0.139 to 0.169)."""


def parse_version(text: str) -> Version:
    """A Codex version such as 0.169.0 as numbers; a suffix such as -alpha.1 is left out."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?", text.strip())
    if not match:
        raise CodexError("codex_version must be a version such as 0.169.0, or detect.")
    return tuple(int(number or 0) for number in match.groups())


def refresh_due(version: Version, last_refresh: Fraction | None, expires: object, now: float) -> bool | None:
    """Whether this version of Codex renews a ChatGPT login before its next request; None where that is not known.

    last_refresh, expires and now are seconds since 1970; expires is the access token's ``exp``.
    """
    age = None if last_refresh is None else now - last_refresh
    exp = expires if isinstance(expires, (int, float)) else None
    if version >= (0, 120) and exp is not None:
        return exp <= now + (300 if version >= (0, 137) else 0)
    days = 28 if version < (0, 53) else 8
    return None if age is None else age > days * 86400
