# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Summaries of auth.json files of every kind: logins, what is not one, and mixtures of two."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import (
    from_api_key,
    from_document,
    from_personal_access_token,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from hypothesis import strategies as st

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chatgpt(account: str = "account-1", hours: float = 0, marker: str = "") -> AuthSummary:
    """A ChatGPT login that was renewed so many hours after NOON."""
    moment = NOON + timedelta(hours=hours)
    document = chatgpt_document(
        account,
        f"{account}@example.com",
        "plus",
        last_refresh=moment,
        access_expires=moment + timedelta(days=10),
        marker=marker or f"{account}-{hours}",
        user_id=f"user-of-{account}",
    )
    return from_document(document, "content").summary()


def api_key(key: str = "fleet-test-key-1") -> AuthSummary:
    """A login with an API key."""
    return from_api_key(key, "api_key").summary()


def personal_access_token(token: str = "at-fleet-test-1") -> AuthSummary:
    """A login with a personal access token."""
    return from_personal_access_token(token, "personal_access_token").summary()


def access_only(summary: AuthSummary) -> AuthSummary:
    """A copy without its refresh token."""
    return {**summary, "secrets": {**summary["secrets"], "refresh_token": hashlib.sha256(b"").hexdigest()}}


def other_person(summary: AuthSummary) -> AuthSummary:
    """Another member of the same workspace."""
    claims = {
        name: {**claims, "chatgpt_user_id": "user-2", "sub": "user-2"} for name, claims in summary["claims"].items()
    }
    return {**chatgpt(marker="other-person"), "claims": claims}


def two_accounts(summary: AuthSummary) -> AuthSummary:
    """An access token of one account beside an id token of another, as where the endpoint sends no id token."""
    return {
        **summary,
        "claims": {**summary["claims"], "access_token": chatgpt("account-2", 9)["claims"]["access_token"]},
    }


def mixed_accounts() -> AuthSummary:
    """Tokens of one account under the id of another, newer than all others here."""
    return {**chatgpt("account-2", hours=9), "account_id": "account-1"}


def key_beside(summary: AuthSummary, auth_mode: str | None) -> AuthSummary:
    """The same login with an API key beside its tokens."""
    return {**summary, "auth_mode": auth_mode, "secrets": {**summary["secrets"], **api_key()["secrets"]}}


EMPTY: AuthSummary = {
    "fields": [],
    "auth_mode": None,
    "last_refresh": None,
    "account_id": None,
    "secrets": {},
    "claims": {},
}
TARGETS: dict[str, AuthSummary | None] = {
    "absent": None,
    "same": chatgpt(),
    "older": chatgpt(hours=-1),
    "newer": chatgpt(hours=1),
    "as old, other tokens": chatgpt(marker="other"),
    "other account": chatgpt("account-2"),
    "other account, newer": chatgpt("account-2", hours=1),
    "other person of the account": other_person(chatgpt()),
    "key": api_key("fleet-test-key-2"),
    "personal access token": personal_access_token("at-fleet-test-2"),
    "malformed": {"malformed": True},
    "no login": EMPTY,
    "mixed accounts": mixed_accounts(),
    "mixed accounts, older": {**chatgpt("account-1", hours=-9), "account_id": "account-2"},
    "mixed accounts, newer": {**chatgpt("account-1", hours=9), "account_id": "account-2"},
    "tokens of two accounts": two_accounts(chatgpt("account-1", hours=-9)),
    "key and newer tokens": key_beside(chatgpt(hours=9), None),
    "key and older tokens": key_beside(chatgpt(hours=-9), "apikey"),
    "key and other tokens": key_beside(chatgpt("account-2", hours=9), None),
    "browser login with key, newer": key_beside(chatgpt(hours=9), "chatgpt"),
    "browser login with key, older": key_beside(chatgpt(hours=-9), "chatgpt"),
    "browser login with key, other": key_beside(chatgpt("account-2"), "chatgpt"),
    "bad last_refresh": {**chatgpt(), "last_refresh": "yesterday"},
    "access only, as old": access_only(chatgpt(marker="access")),
    "access only, newer": access_only(chatgpt(hours=1)),
    "other kind": {**EMPTY, "auth_mode": "agentIdentity", "fields": ["agent_identity"]},
    "unknown mode": {**chatgpt(hours=-1), "auth_mode": "headers"},
    "token beside a key": {**api_key(), "secrets": {**api_key()["secrets"], **personal_access_token()["secrets"]}},
}

copies = st.builds(
    chatgpt,
    account=st.just("account-1"),
    hours=st.floats(-1000, 1000, allow_nan=False).map(lambda hours: round(hours, 3)),
    marker=st.text("abc", min_size=1, max_size=4),
)
"""ChatGPT logins of one account."""
