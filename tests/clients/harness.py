# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What all tests with a real Codex begin with: a client, a login, and an auth.json written by hand."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import Codex, Unavailable
from ansible_collections.fleet.codex.tests.support.skips import unavailable

NOW = dt.datetime.now(dt.UTC)

ALL_VERSIONS = os.environ.get("FLEET_CODEX_MATRIX") == "all"
"""Whether the tests use all versions that tests/environment/codex.sh can fetch for them, and not the few of CI."""

VERSIONS = ("0.20.0", "0.34.0", "0.45.0", "0.94.0", "0.171.0")
"""Five versions that differ in what they read, say or write (measured).

0.20 does not know preferred_auth_method and 0.34 does, 0.45 has another text for nobody being logged in, 0.94 reads
auth_mode, and 0.171 has new texts and replaces its files.
"""


def start(version: str, home: pathlib.Path, **options: t.Any) -> Codex:
    """A client; ends the test where that version cannot be had."""
    try:
        return Codex(version, home, **options)
    except Unavailable as reason:
        unavailable(str(reason))


def chatgpt(name: str, *, expires_in: dt.timedelta = dt.timedelta(days=5)) -> credentials.ChatGPTDocument:
    """A login of an account of that name, renewed a day ago."""
    return credentials.chatgpt_document(
        f"account-{name}",
        f"{name}@fleet.test",
        "plus",
        last_refresh=NOW - dt.timedelta(days=1),
        access_expires=NOW + expires_in,
        marker=name,
    )


def write_auth(home: pathlib.Path, document: t.Mapping[str, object]) -> pathlib.Path:
    """The auth.json of a HOME, as Codex writes it."""
    path = home / ".codex" / "auth.json"
    path.write_text(credentials.encode(document), encoding="utf-8")
    path.chmod(0o600)
    return path
