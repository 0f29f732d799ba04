# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Made-up Codex credentials for tests: nothing in here opens any door.

Shapes as the real binaries write and accept them (measured on 0.20.0 to
0.171.0). Standard library only, no sibling imports: unit tests use it too.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import typing as t

AUTH_CLAIM = "https://api.openai.com/auth"
PROFILE_CLAIM = "https://api.openai.com/profile"
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


class Tokens(t.TypedDict):
    """``tokens`` of an auth.json; all but account_id are required to parse."""

    id_token: str
    access_token: str
    refresh_token: str
    account_id: str


class ChatGPTDocument(t.TypedDict, total=False):
    """auth.json of a ChatGPT login, in the order Codex writes it."""

    auth_mode: str
    OPENAI_API_KEY: str | None
    tokens: Tokens
    last_refresh: str


class ApiKeyDocument(t.TypedDict, total=False):
    """auth.json of an API key login."""

    auth_mode: str
    OPENAI_API_KEY: str


def _segment(value: t.Mapping[str, object]) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(claims: t.Mapping[str, object]) -> str:
    """An unsigned JWT. Codex wants three parts and JSON inside, and never
    checks the signature of what it finds in auth.json (measured)."""
    return ".".join((_segment({"alg": "none", "typ": "JWT"}), _segment(claims), "unsigned"))


def jwt_claims(token: str) -> dict[str, object]:
    """What `jwt` put into a token."""
    payload = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def timestamp(moment: dt.datetime) -> str:
    """``last_refresh`` as Codex writes it: UTC, nine fractional digits, Z (measured)."""
    utc = moment.astimezone(dt.UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}000Z"


def chatgpt_document(
    account_id: str,
    email: str,
    plan: str,
    *,
    last_refresh: dt.datetime,
    access_expires: dt.datetime,
    marker: str,
    user_id: str = "user-fleet-test",
    auth_mode: str | None = "chatgpt",
    refresh_token: str | None = None,
) -> ChatGPTDocument:
    """A ChatGPT login. ``marker`` goes into all three tokens, so that copies differ.

    Codex up to 0.92 neither writes nor reads ``auth_mode``: give None for a
    file of theirs. All moments must carry their time zone.
    """
    issued = int(last_refresh.timestamp())
    auth = {
        "chatgpt_account_id": account_id,
        "chatgpt_plan_type": plan,
        "chatgpt_user_id": user_id,
        "user_id": user_id,
    }
    id_token = jwt(
        {
            "sub": user_id,
            "email": email,
            "iat": issued,
            "exp": issued + 3600,
            "jti": f"fleet-test-id-{marker}",
            AUTH_CLAIM: auth,
        }
    )
    access_token = jwt(
        {
            "sub": user_id,
            "iat": issued,
            "exp": int(access_expires.timestamp()),
            "jti": f"fleet-test-access-{marker}",
            AUTH_CLAIM: auth,
            PROFILE_CLAIM: {"email": email},
        }
    )
    document: ChatGPTDocument = {}
    if auth_mode is not None:
        document["auth_mode"] = auth_mode
    document["OPENAI_API_KEY"] = None
    document["tokens"] = {
        "id_token": id_token,
        "access_token": access_token,
        "refresh_token": f"fleet-test-refresh-{marker}" if refresh_token is None else refresh_token,
        "account_id": account_id,
    }
    document["last_refresh"] = timestamp(last_refresh)
    return document


def login(
    account: str = "account-1",
    hours: int = 0,
    *,
    marker: str | None = None,
    since: dt.datetime = NOON,
    refresh_token: str | None = None,
) -> dict[str, t.Any]:
    """A ChatGPT login that was renewed, and whose access token expires, ``hours`` after ``since``.

    Without a ``marker``, each account and each hour has tokens of its own.
    """
    moment = since + dt.timedelta(hours=hours)
    document = chatgpt_document(
        account,
        f"{account}@example.com",
        "plus",
        last_refresh=moment,
        access_expires=moment,
        marker=marker or f"{account}-{hours}",
        refresh_token=refresh_token,
    )
    return t.cast("dict[str, t.Any]", document)


def api_key_document(key: str, *, auth_mode: str | None = "apikey") -> ApiKeyDocument:
    """An API key login. Codex up to 0.92 writes the key alone: give None for that."""
    document: ApiKeyDocument = {}
    if auth_mode is not None:
        document["auth_mode"] = auth_mode
    document["OPENAI_API_KEY"] = key
    return document


def encode(document: t.Mapping[str, object]) -> str:
    """The text Codex writes: two spaces, no newline at the end (measured)."""
    return json.dumps(document, indent=2, ensure_ascii=False)
