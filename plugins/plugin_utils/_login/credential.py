# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A login that is made by a sign-in on the host: its tokens stay there, and the controller knows its summary alone."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup, DesiredAuth, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

API_KEY: t.Final = "OPENAI_API_KEY"


@dataclass(frozen=True, repr=False)
class SignedIn(Credential):
    """The login of a sign-in; the target puts the tokens in when it installs it."""

    facts: AuthSummary

    def render(self) -> bytes:
        """Nothing: what is written, the target has."""
        return b""

    def summary(self) -> AuthSummary:
        """The summary that the target gave of the login."""
        return self.facts


def with_login(home: DesiredHome, facts: AuthSummary, *, allow_mounted_file: bool) -> DesiredHome:
    """The home with the login of a sign-in, which replaces whatever is there, and of which a copy is kept."""
    auth = DesiredAuth(
        credential=SignedIn("chatgpt", {}, facts),
        update="always",
        on_account_mismatch="replace",
        backup=Backup(enabled=True),
        allow_mounted_file=allow_mounted_file,
    )
    return replace(home, auth=auth)


def expected_login(account_id: str) -> AuthSummary:
    """What is known beforehand of a login. account_id: "" where any account will do."""
    return {
        "fields": ["auth_mode", "tokens", "last_refresh"],
        "auth_mode": "chatgpt",
        "last_refresh": "2000-01-01T00:00:00Z",
        "account_id": account_id or None,
        "secrets": {"refresh_token": "expected", "access_token": "expected"},
        "claims": {},
    }


def is_complete(facts: AuthSummary) -> bool:
    """Whether a sign-in has written its whole auth.json: Codex up to 0.166 writes it bit by bit."""
    return method_of(facts) in ("chatgpt", "mixed") and {"access_token", "refresh_token"} <= facts["secrets"].keys()


def has_api_key(facts: AuthSummary) -> bool:
    """Whether the sign-in put an API key beside the tokens.

    Codex 0.22 and later ask for one, and where the server grants it, 0.36 to 0.58 run with the key (measured).
    """
    return API_KEY in facts["secrets"]


def without_api_key(facts: AuthSummary) -> AuthSummary:
    """The summary of the login as it is installed, without an API key."""
    secrets = {name: digest for name, digest in facts["secrets"].items() if name != API_KEY}
    return t.cast(AuthSummary, {**facts, "secrets": secrets})
