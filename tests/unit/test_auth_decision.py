"""When the auth.json of a target is replaced: the whole table, and what no case may ever do."""

from __future__ import annotations

import itertools
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_decision import OnAccountMismatch, Update, decide
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import freshness, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document
from hypothesis import given
from hypothesis import strategies as st

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PATH = "/home/alice/.codex/auth.json"


def chatgpt(account: str = "account-1", hours: float = 0, marker: str = "") -> AuthSummary:
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
    return from_api_key(key, "api_key").summary()


def mixed_accounts() -> AuthSummary:
    """Tokens of one account under the id of another, fresher than all others here."""
    return {**chatgpt("account-2", hours=9), "account_id": "account-1"}


def key_beside(summary: AuthSummary, auth_mode: str | None) -> AuthSummary:
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
    "key": api_key("fleet-test-key-2"),
    "malformed": {"malformed": True},
    "no login": EMPTY,
    "mixed accounts": mixed_accounts(),
    "mixed accounts, older": {**chatgpt("account-1", hours=-9), "account_id": "account-2"},
    "mixed accounts, newer": {**chatgpt("account-1", hours=9), "account_id": "account-2"},
    "key and newer tokens": key_beside(chatgpt(hours=9), None),
    "key and older tokens": key_beside(chatgpt(hours=-9), "apikey"),
    "key and other tokens": key_beside(chatgpt("account-2", hours=9), None),
    "browser login with key, newer": key_beside(chatgpt(hours=9), "chatgpt"),
    "browser login with key, older": key_beside(chatgpt(hours=-9), "chatgpt"),
    "browser login with key, other": key_beside(chatgpt("account-2"), "chatgpt"),
    "bad last_refresh": {**chatgpt(), "last_refresh": "yesterday"},
    "other kind": {**EMPTY, "auth_mode": "agentIdentity", "fields": ["agent_identity"]},
}
YES, NO, REFUSED, MISMATCH = "yes", "no", "refused", "mismatch"
FOR_CHATGPT = {
    "absent": YES,
    "same": NO,
    "older": YES,
    "newer": NO,
    "as old, other tokens": NO,
    "other account": MISMATCH,
    "other account, newer": MISMATCH,
    "key": MISMATCH,
    "malformed": REFUSED,
    "no login": YES,
    "mixed accounts": YES,
    "mixed accounts, older": YES,
    "mixed accounts, newer": REFUSED,
    "key and newer tokens": REFUSED,
    "key and older tokens": YES,
    "key and other tokens": YES,
    "browser login with key, newer": NO,
    "browser login with key, older": YES,
    "browser login with key, other": MISMATCH,
    "bad last_refresh": REFUSED,
    "other kind": REFUSED,
}
"""What if_newer says to a ChatGPT login; mismatch is refused or yes by on_account_mismatch."""


@pytest.mark.parametrize("on_account_mismatch", t.get_args(OnAccountMismatch))
@pytest.mark.parametrize("target", TARGETS)
def test_a_chatgpt_login_if_newer(target: str, on_account_mismatch: OnAccountMismatch) -> None:
    expected = FOR_CHATGPT[target]
    if expected == MISMATCH:
        expected = YES if on_account_mismatch == "replace" else REFUSED
    if expected == REFUSED:
        with pytest.raises(CodexError, match=PATH):
            decide(chatgpt(), TARGETS[target], "if_newer", on_account_mismatch, PATH)
    else:
        decision = decide(chatgpt(), TARGETS[target], "if_newer", on_account_mismatch, PATH)
        assert decision.replace is (expected == YES)
        assert decision.reason.endswith(".")


@pytest.mark.parametrize(
    ("target", "update", "replaces"),
    [(name, "always", name != "same") for name in TARGETS]
    + [(name, "on_create", name == "absent") for name in TARGETS],
)
def test_always_and_on_create(target: str, update: Update, replaces: bool) -> None:
    assert decide(chatgpt(), TARGETS[target], update, "fail", PATH).replace is replaces


def test_an_api_key_is_replaced_by_another_one_and_a_login_only_on_request() -> None:
    assert not decide(api_key(), api_key(), "if_newer", "fail", PATH).replace
    assert decide(api_key("fleet-test-key-2"), api_key(), "if_newer", "fail", PATH).replace
    with pytest.raises(CodexError, match="on_account_mismatch"):
        decide(api_key(), chatgpt(), "if_newer", "fail", PATH)
    assert decide(api_key(), chatgpt(), "if_newer", "replace", PATH).replace


def test_a_mismatch_names_both_accounts_by_id_and_domain_only() -> None:
    with pytest.raises(CodexError) as refused:
        decide(chatgpt("account-1"), chatgpt("account-2"), "if_newer", "fail", PATH)
    text = str(refused.value)
    assert "account-1 (…@example.com)" in text
    assert "account-2 (…@example.com)" in text
    assert "account-1@" not in text


def test_a_file_that_codex_wrote_without_auth_mode_is_the_same_login() -> None:
    """0.58 to 0.80 drop auth_mode when they renew tokens; putting it back would change the file every night."""
    assert not decide(chatgpt(), {**chatgpt(), "auth_mode": None}, "if_newer", "fail", PATH).replace
    assert not decide(api_key(), {**api_key(), "auth_mode": None}, "if_newer", "fail", PATH).replace


def test_the_same_tokens_without_last_refresh_are_no_usable_login() -> None:
    assert decide(chatgpt(), {**chatgpt(), "last_refresh": None}, "if_newer", "fail", PATH).replace


def test_kinds_of_login() -> None:
    assert {name: method_of(summary) for name, summary in TARGETS.items() if summary} == {
        "same": "chatgpt",
        "older": "chatgpt",
        "newer": "chatgpt",
        "as old, other tokens": "chatgpt",
        "other account": "chatgpt",
        "other account, newer": "chatgpt",
        "key": "apikey",
        "malformed": "unreadable",
        "no login": "none",
        "mixed accounts": "mixed",
        "mixed accounts, older": "mixed",
        "mixed accounts, newer": "mixed",
        "key and newer tokens": "mixed",
        "key and older tokens": "mixed",
        "key and other tokens": "mixed",
        "browser login with key, newer": "chatgpt",
        "browser login with key, older": "chatgpt",
        "browser login with key, other": "chatgpt",
        "bad last_refresh": "unreadable",
        "other kind": "other",
    }


copies = st.builds(
    chatgpt,
    account=st.just("account-1"),
    hours=st.floats(-1000, 1000, allow_nan=False).map(lambda hours: round(hours, 3)),
    marker=st.text("abc", min_size=1, max_size=4),
)


@given(copies, copies)
def test_an_older_copy_never_takes_the_place_of_a_newer_one(source: AuthSummary, target: AuthSummary) -> None:
    decision = decide(source, target, "if_newer", "replace", PATH)
    assert decision.replace is (freshness(source) > freshness(target))


@given(st.lists(copies, min_size=3, max_size=3))
def test_freshness_is_an_order(three: list[AuthSummary]) -> None:
    for a, b, c in itertools.permutations(map(freshness, three)):
        assert (a < b) + (a == b) + (a > b) == 1
        assert not (a <= b and b <= c) or a <= c


def test_odd_times_in_tokens_are_no_crash() -> None:
    for odd in (float("inf"), float("nan"), "soon", None, True, 10**400):
        target = chatgpt()
        target["claims"] = {**target["claims"], "access_token": {"iat": odd, "exp": odd}}
        decide(chatgpt(hours=1), target, "if_newer", "fail", PATH)


def test_no_reason_or_refusal_shows_a_secret() -> None:
    marked = from_document(
        chatgpt_document("a", "a@b.example", "plus", last_refresh=NOON, access_expires=NOON, marker="SECRETMARKER"), ""
    ).summary()
    assert "SECRETMARKER" not in json.dumps(marked)
