"""What a summary says: the method of login, the account and the age."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import (
    account_of,
    can_renew,
    describe_account,
    freshness,
    method_of,
    same_account,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.tests.support.summaries import (
    EMPTY,
    TARGETS,
    access_only,
    api_key,
    chatgpt,
    copies,
    other_person,
)
from hypothesis import given
from hypothesis import strategies as st


def test_methods_of_login() -> None:
    assert {name: method_of(summary) for name, summary in TARGETS.items() if summary} == {
        "same": "chatgpt",
        "older": "chatgpt",
        "newer": "chatgpt",
        "as old, other tokens": "chatgpt",
        "other account": "chatgpt",
        "other account, newer": "chatgpt",
        "other person of the account": "chatgpt",
        "key": "apikey",
        "personal access token": "personal_access_token",
        "malformed": "unreadable",
        "no login": "none",
        "mixed accounts": "mixed",
        "mixed accounts, older": "mixed",
        "mixed accounts, newer": "mixed",
        "tokens of two accounts": "mixed",
        "key and newer tokens": "mixed",
        "key and older tokens": "mixed",
        "key and other tokens": "mixed",
        "browser login with key, newer": "chatgpt",
        "browser login with key, older": "chatgpt",
        "browser login with key, other": "chatgpt",
        "bad last_refresh": "unreadable",
        "access only, as old": "chatgpt",
        "access only, newer": "chatgpt",
        "other kind": "other",
        "unknown mode": "other",
        "token beside a key": "other",
    }


@given(st.lists(copies, min_size=3, max_size=3))
def test_freshness_is_an_order(three: list[AuthSummary]) -> None:
    for a, b, c in itertools.permutations(map(freshness, three)):
        assert (a < b) + (a == b) + (a > b) == 1
        assert not (a <= b and b <= c) or a <= c


def test_who_can_renew() -> None:
    assert can_renew(chatgpt())
    assert not can_renew(access_only(chatgpt()))
    assert not can_renew({**chatgpt(), "auth_mode": "chatgptAuthTokens"})
    assert not can_renew(api_key())
    assert not can_renew(EMPTY)


def test_the_account_of_the_id_token_counts_before_that_of_the_file() -> None:
    assert account_of({**chatgpt(), "account_id": "other"}) == "account-1"
    assert account_of({**chatgpt(), "claims": {}, "account_id": "other"}) == "other"
    assert account_of(EMPTY) == ""


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (chatgpt(hours=5), True),
        (chatgpt("account-2"), False),
        (other_person(chatgpt()), False),
        ({**chatgpt(), "claims": {}, "account_id": None}, True),  # it does not say
        ({**chatgpt(), "claims": {}, "account_id": "account-2"}, False),
    ],
)
def test_the_same_account_is_one_person_in_one_account(other: AuthSummary, same: bool) -> None:
    assert same_account(chatgpt(), other) is same_account(other, chatgpt()) is same


def test_mail_addresses_are_compared_without_case() -> None:
    def with_mail(mail: str) -> AuthSummary:
        return {**EMPTY, "claims": {"id_token": {"email": mail}}}

    assert same_account(with_mail("A@example.com"), with_mail("a@example.COM"))
    assert not same_account(with_mail("a@example.com"), with_mail("b@example.com"))


def test_an_account_is_described_by_id_and_domain_alone() -> None:
    assert describe_account(chatgpt()) == "account-1 (…@example.com)"
    assert describe_account({**chatgpt(), "claims": {}}) == "account-1"
    assert describe_account(EMPTY) == "without an id"
    odd: AuthSummary = {**EMPTY, "account_id": "a", "claims": {"id_token": {"email": '"a@b"@example.com'}}}
    assert describe_account(odd) == "a (…@example.com)"


def test_freshness_goes_by_last_refresh_then_by_the_access_token_then_by_renewal() -> None:
    def copy(last_refresh: str | None, iat: int, exp: int) -> AuthSummary:
        return {**chatgpt(), "last_refresh": last_refresh, "claims": {"access_token": {"iat": iat, "exp": exp}}}

    in_order = [
        copy(None, 9, 9),
        copy("2026-01-01T00:00:00Z", 9, 9),
        access_only(copy("2026-01-01T00:00:00.000000001Z", 1, 1)),
        copy("2026-01-01T00:00:00.000000001Z", 1, 1),
        copy("2026-01-01T00:00:00.000000001Z", 1, 2),
        copy("2026-01-01T00:00:00.000000001Z", 2, 1),
    ]
    shuffled = [in_order[n] for n in (3, 0, 5, 1, 4, 2)]
    assert sorted(shuffled, key=freshness) == in_order


def test_odd_times_in_tokens_count_as_the_oldest() -> None:
    for odd in (float("inf"), float("nan"), "soon", None):
        summary = {**chatgpt(), "claims": {"access_token": {"iat": odd, "exp": odd}}}
        assert freshness(summary)[1:3] == (0, 0)
    summary = {**chatgpt(), "claims": {"access_token": {"iat": 10**400, "exp": 1.9}}}
    assert freshness(summary)[1:3] == (10**400, 1)
