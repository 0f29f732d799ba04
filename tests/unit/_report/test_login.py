"""What results show of a login, and of who still uses another one."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report, restart_report
from ansible_collections.fleet.codex.tests.support.summaries import (
    EMPTY,
    NOON,
    TARGETS,
    access_only,
    api_key,
    chatgpt,
    key_beside,
    mixed_accounts,
    personal_access_token,
)


def test_a_chatgpt_login() -> None:
    assert login_report(chatgpt(), NOON) == {
        "method": "chatgpt",
        "fingerprint": chatgpt()["secrets"]["refresh_token"][:16],
        "account_id": "account-1",
        "email": "account-1@example.com",
        "plan": "plus",
        "last_refresh": "2026-01-31T12:00:00.000000000Z",
        "expires_at": "2026-02-10T12:00:00Z",
        "expired": False,
        "renewable": True,
    }
    assert login_report(chatgpt(), NOON + timedelta(days=10))["expired"] is True


def test_a_fingerprint_is_of_the_secret_by_which_logins_differ() -> None:
    """Of tokens that nobody renews that is the access token: their refresh tokens are all alike, or empty."""
    for summary, name in (
        (api_key(), "OPENAI_API_KEY"),
        (personal_access_token(), "personal_access_token"),
        (chatgpt(), "refresh_token"),
        (access_only(chatgpt()), "access_token"),
        ({**chatgpt(), "auth_mode": "chatgptAuthTokens"}, "access_token"),
        (key_beside(chatgpt(), "chatgpt"), "refresh_token"),
    ):
        report = login_report(summary, NOON)
        assert report["fingerprint"] == summary["secrets"][name][:16]
    assert not login_report(access_only(chatgpt()), NOON)["renewable"]


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (None, {"method": "none"}),
        (EMPTY, {"method": "none"}),
        ({"malformed": True}, {"method": "unreadable"}),
        (TARGETS["bad last_refresh"], {"method": "unreadable"}),
        (TARGETS["other kind"], {"method": "other"}),
    ],
)
def test_what_is_not_a_login_has_a_method_alone(summary: t.Any, expected: dict[str, str]) -> None:
    assert login_report(summary, NOON) == expected


def test_a_mixture_shows_its_account() -> None:
    report = login_report(mixed_accounts(), NOON)
    assert (report["method"], report["account_id"]) == ("mixed", "account-2")


@pytest.mark.parametrize("expires", [None, "soon", float("inf"), float("nan"), 10**400, -(10**30)])
def test_odd_times_in_tokens_are_not_a_time(expires: object) -> None:
    summary = {**chatgpt(), "claims": {"access_token": {"exp": expires}}}
    assert login_report(t.cast(t.Any, summary), NOON)["expires_at"] is None


def test_no_secret_is_shown() -> None:
    for summary in (chatgpt(), api_key(), personal_access_token()):
        assert not set(summary["secrets"].values()) & set(login_report(summary, NOON).values())


def test_running_programs_are_named_in_the_order_of_their_numbers() -> None:
    assert restart_report("alice", "auth", []) == {"restart_required": False}
    assert "keep the variables that they started with" in str(
        restart_report("alice", "environment", [{"pid": 3, "name": "codex"}])
    )
    report = restart_report("alice", "auth", [{"pid": 20, "name": "codex-tui"}, {"pid": 3, "name": "codex"}])
    assert report["restart_required"] is True
    assert report["restart_reason"].endswith(
        "of alice are running and keep the login that they started with: codex (3), codex-tui (20)."
    )
    assert [process["pid"] for process in report["processes"]] == [3, 20]
