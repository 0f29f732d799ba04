# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""ChatGPT logins whose refresh tokens can be followed: which login a file holds, and whether it lives.

A login is a chain: NAME, NAME.1, NAME.2 and so on, each spent to get the next (mock_api.py). The newest
of a chain is the only one that the token endpoint still takes.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.mock_api import REFRESH_TOKEN, TOKEN, read_record

VERSIONS = ("0.58.0", "0.94.0", "0.166.0", "0.171.0")
"""Of those that can be redirected to the stand-in, one for each way to save a renewed login: without a look at the
file, the same with auth_mode, under auth.lock, under both locks and by a rename (measured)."""

_COUNT = itertools.count(1)


def new_login(account: str, *, age: dt.timedelta = dt.timedelta(), due: bool = False) -> credentials.ChatGPTDocument:
    """auth.json of a login made ``age`` ago, the start of a chain of its own.

    ``due``: the access token has expired. Codex 0.58 and 0.94 do not look at that, but at an age of 8 days.
    """
    now = dt.datetime.now(dt.UTC)
    return credentials.chatgpt_document(
        account,
        f"{account}@fleet.test",
        "plus",
        last_refresh=now - age,
        access_expires=now + dt.timedelta(hours=-1 if due else 1),
        marker=f"{account}-{next(_COUNT)}",
        refresh_token=REFRESH_TOKEN.format(account=account, marker=next(_COUNT)),
    )


class Login(t.NamedTuple):
    """The login that an auth.json holds."""

    account: str
    refresh_token: str

    @property
    def chain(self) -> str:
        """What all refresh tokens of one login share."""
        return self.refresh_token.partition(".")[0]


def read_login(path: pathlib.Path) -> Login:
    """The one login of a file; AssertionError where it holds none, or parts of two."""
    document = json.loads(path.read_text(encoding="utf-8"))
    assert not document.get("OPENAI_API_KEY"), "a key beside tokens"
    assert document.get("auth_mode") in (None, "chatgpt"), document["auth_mode"]  # Codex 0.58 to 0.80 drop it
    tokens = document["tokens"]
    claims: list[t.Any] = [
        credentials.jwt_claims(tokens[name])[credentials.AUTH_CLAIM] for name in ("id_token", "access_token")
    ]
    accounts = {claim["chatgpt_account_id"] for claim in claims} | {tokens["account_id"]}
    accounts.add(tokens["refresh_token"].removeprefix(REFRESH_TOKEN.partition("{")[0]).partition("~")[0])
    assert len(accounts) == 1, f"parts of two logins: {sorted(accounts)}"
    return Login(accounts.pop(), tokens["refresh_token"])


def spent(record: pathlib.Path) -> list[str]:
    """The refresh tokens that the endpoint took, in order."""
    return [str(r["refresh_token"]) for r in read_record(record) if r["path"] == TOKEN and r["status"] == 200]


def refused(record: pathlib.Path) -> list[str]:
    """Those that it did not take, since they were spent before."""
    return [str(r["refresh_token"]) for r in read_record(record) if r["path"] == TOKEN and r["status"] != 200]
