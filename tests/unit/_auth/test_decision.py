"""When the auth.json of a target is replaced: the whole table, and what no case may ever do."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import OnAccountMismatch, Update, decide
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import can_renew, freshness, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.summaries import (
    NOON,
    TARGETS,
    access_only,
    api_key,
    chatgpt,
    copies,
    personal_access_token,
)
from hypothesis import given

PATH = "/home/alice/.codex/auth.json"
YES, NO, REFUSED, MISMATCH = "yes", "no", "refused", "mismatch"

# What if_newer says to each source on each target, and words of the reason or of the refusal. What is another login
# is replaced or refused as on_account_mismatch says.
NOTHING = (YES, "There was no auth.json with a login.")
NO_LOGIN = (YES, "The auth.json that was there held no login.")
UNREADABLE = (REFUSED, "not an auth.json that Codex can read")
OTHER_KIND = (REFUSED, "does not deploy")
MIXTURE = (YES, "The auth.json that was there mixed two logins, as some versions of Codex leave it.")
THERE = (NO, "The home has this login already.")
NEWER = (YES, "The playbook's tokens are newer than the target's.")
NOT_NEWER = (NO, "The target's tokens of this account are newer or of the same age, so they stay.")

FOR_CHATGPT = {
    "absent": NOTHING,
    "same": THERE,
    "older": NEWER,
    "newer": NOT_NEWER,
    "as old, other tokens": NOT_NEWER,
    "other account": (MISMATCH, "account-2 (…@example.com)"),
    "other account, newer": (MISMATCH, "account-2 (…@example.com)"),
    "other person of the account": (MISMATCH, "is logged in to account-1"),
    "key": (MISMATCH, "holds an API key"),
    "personal access token": (MISMATCH, "holds a personal access token"),
    "malformed": UNREADABLE,
    "no login": NO_LOGIN,
    "mixed accounts": MIXTURE,
    "mixed accounts, older": MIXTURE,
    "mixed accounts, newer": (REFUSED, "of the same account and not older"),
    "tokens of two accounts": MIXTURE,
    "key and newer tokens": (REFUSED, "of the same account and not older"),
    "key and older tokens": MIXTURE,
    "key and other tokens": MIXTURE,
    "browser login with key, newer": NOT_NEWER,
    "browser login with key, older": NEWER,
    "browser login with key, other": (MISMATCH, "account-2 (…@example.com)"),
    "access only, as old": NEWER,
    "access only, newer": NOT_NEWER,
    "bad last_refresh": UNREADABLE,
    "other kind": OTHER_KIND,
    "unknown mode": OTHER_KIND,
    "token beside a key": OTHER_KIND,
}
ANOTHER_CHATGPT = (MISMATCH, "holds a ChatGPT login of account-")
FOR_KEY = {
    **dict.fromkeys(FOR_CHATGPT, ANOTHER_CHATGPT),
    "absent": NOTHING,
    "key": (YES, "The API key differs"),
    "personal access token": (MISMATCH, "holds a personal access token"),
    "malformed": UNREADABLE,
    "no login": NO_LOGIN,
    **dict.fromkeys([name for name in FOR_CHATGPT if "mixed" in name or "tokens of two" in name], MIXTURE),
    **dict.fromkeys(["key and newer tokens", "key and older tokens", "key and other tokens"], MIXTURE),
    "bad last_refresh": UNREADABLE,
    "other kind": OTHER_KIND,
    "unknown mode": OTHER_KIND,
    "token beside a key": OTHER_KIND,
}
FOR_TOKEN = {
    **FOR_KEY,
    "key": (MISMATCH, "holds an API key"),
    "personal access token": (YES, "The personal access token differs"),
}
SOURCES = {
    "chatgpt": (chatgpt(), FOR_CHATGPT),
    "key": (api_key(), FOR_KEY),
    "personal access token": (personal_access_token(), FOR_TOKEN),
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_tables_are_complete(source: str) -> None:
    assert SOURCES[source][1].keys() == TARGETS.keys()


@pytest.mark.parametrize("on_account_mismatch", t.get_args(OnAccountMismatch))
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES)
def test_if_newer(source: str, target: str, on_account_mismatch: OnAccountMismatch) -> None:
    given, table = SOURCES[source]
    expected, words = table[target]
    if expected == MISMATCH:
        expected = YES if on_account_mismatch == "replace" else REFUSED
    if expected == REFUSED:
        with pytest.raises(CodexError, match=PATH) as refused:
            decide(given, TARGETS[target], "if_newer", on_account_mismatch, PATH)
        assert words in str(refused.value)
        assert ("on_account_mismatch" in str(refused.value)) is (table[target][0] == MISMATCH)
    else:
        decision = decide(given, TARGETS[target], "if_newer", on_account_mismatch, PATH)
        assert decision.replace is (expected == YES)
        assert words in decision.reason
        assert decision.reason.endswith(".")


@pytest.mark.parametrize("on_account_mismatch", t.get_args(OnAccountMismatch))
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES)
def test_always_and_on_create(source: str, target: str, on_account_mismatch: OnAccountMismatch) -> None:
    given, table = SOURCES[source]
    for update, replaces, words in (
        ("always", table[target] != THERE, "update is always"),
        ("on_create", target == "absent", "update is on_create"),
    ):
        decision = decide(given, TARGETS[target], t.cast(Update, update), on_account_mismatch, PATH)
        assert decision.replace is replaces
        known = {NOTHING, THERE} & {table[target]}
        assert (known.pop()[1] if known else words) in decision.reason


def test_tokens_that_another_program_renews() -> None:
    """With that auth_mode Codex never asks for new tokens: it is worth changing the file for it alone."""
    outside = chatgpt()
    outside["auth_mode"] = "chatgptAuthTokens"
    assert method_of(outside) == "chatgpt"
    assert not can_renew(outside)
    decision = decide(outside, chatgpt(), "if_newer", "fail", PATH)
    assert decision.replace
    assert decision.reason == "The same tokens were there, as a login that Codex would try to renew."
    assert not decide(outside, chatgpt(), "on_create", "fail", PATH).replace
    assert not decide(outside, outside, "if_newer", "fail", PATH).replace


def test_a_copy_that_cannot_be_renewed_never_replaces_one_that_can() -> None:
    newer = access_only(chatgpt(hours=5))
    decision = decide(newer, chatgpt(), "if_newer", "fail", PATH)
    assert not decision.replace
    assert decision.reason == (
        "The target's login of this account can be renewed, and the playbook's copy cannot, so the target's stays."
    )
    assert decide(newer, access_only(chatgpt()), "if_newer", "fail", PATH).replace
    assert decide(newer, chatgpt(), "always", "fail", PATH).replace


def test_a_person_is_recognised_by_what_both_copies_name() -> None:
    """Older tokens may lack the user id; then the subject counts, and then the mail address."""
    for names in (("chatgpt_user_id",), ("chatgpt_user_id", "sub")):
        target = chatgpt(hours=-1)
        target["claims"] = {
            token: {name: value for name, value in claims.items() if name not in names}
            for token, claims in target["claims"].items()
        }
        assert decide(chatgpt(), target, "if_newer", "fail", PATH).replace
        target["claims"]["id_token"]["sub" if "sub" not in names else "email"] = "somebody else"
        with pytest.raises(CodexError, match="is logged in to account-1"):
            decide(chatgpt(), target, "if_newer", "fail", PATH)


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


def test_the_same_tokens_without_last_refresh_are_not_a_usable_login() -> None:
    decision = decide(chatgpt(), {**chatgpt(), "last_refresh": None}, "if_newer", "fail", PATH)
    assert decision.replace
    assert decision.reason == "The login was there without last_refresh, and Codex does not use such a login."


@given(copies, copies)
def test_an_older_copy_never_takes_the_place_of_a_newer_one(source: AuthSummary, target: AuthSummary) -> None:
    decision = decide(source, target, "if_newer", "replace", PATH)
    assert decision.replace is (freshness(source) > freshness(target))


def test_odd_times_in_tokens_do_not_end_the_run() -> None:
    for odd in (float("inf"), float("nan"), "soon", None, True, 10**400):
        target = chatgpt()
        target["claims"] = {**target["claims"], "access_token": {"iat": odd, "exp": odd}}
        decide(chatgpt(hours=1), target, "if_newer", "fail", PATH)


def test_no_reason_or_refusal_shows_a_secret() -> None:
    marked = from_document(
        chatgpt_document("a", "a@b.example", "plus", last_refresh=NOON, access_expires=NOON, marker="SECRETMARKER"), ""
    ).summary()
    assert "SECRETMARKER" not in json.dumps(marked)
