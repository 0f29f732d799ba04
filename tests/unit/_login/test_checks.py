"""What is refused before anybody signs in, what needs no sign-in, and which account may be signed in to."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._login.checks import (
    WantedSignIn,
    arguments_of_codex,
    needs_sign_in,
    plan_start,
    why_not_this_account,
    why_unusable,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._login.credential import (
    has_api_key,
    is_complete,
    without_api_key,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    NOW,
    auth_file,
    chatgpt,
    config_file,
    describe,
    host_file,
    operations,
)

HOME = DesiredHome(user="alice", detect_version=True)
WANTED = WantedSignIn(HOME, "browser", 900)


def described(version: str | None = "0.171.0", **files: FileFacts) -> HomeAnswer:
    return {**describe(HOME, **files), "codex_version": version}


def refusal(wanted: WantedSignIn = WANTED, answer: HomeAnswer | None = None) -> str:
    with pytest.raises(CodexError) as caught:
        plan_start(wanted, answer or described(), NOW)
    return str(caught.value)


def summary(document: dict[str, t.Any]) -> AuthSummary:
    return from_document(document, "").summary()


@pytest.mark.parametrize(
    ("version", "method", "arguments"),
    [
        ((0, 34, 0), "browser", ["login"]),
        ((0, 45, 0), "device_code", ["login", "--experimental_use-device-code"]),
        ((0, 47, 0), "device_code", ["login", "--device-auth"]),
        (None, "device_code", ["login", "--device-auth"]),
    ],
)
def test_each_version_is_asked_in_its_own_way(version: t.Any, method: t.Any, arguments: list[str]) -> None:
    assert arguments_of_codex(method, version) == arguments


def test_a_login_over_an_api_key_writes_one_file_with_a_backup() -> None:
    plan = plan_start(WANTED, described(auth=auth_file({"api_key": KEY})), NOW)
    assert operations(plan) == ["write auth.json"]
    assert plan.changes[0].operation["backup"] is True
    assert plan.changes[0].operation["locks"] == ["auth.lock", "auth.json.lock"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config": config_file(b'forced_login_method = "api"\n')}, "forced_login_method in /home/alice/.codex/config"),
        ({"system": host_file(b'forced_login_method = "api"\n')}, "forced_login_method in /etc/codex/config.toml"),
        ({"config": config_file(b'cli_auth_credentials_store = "keyring"\n')}, "cli_auth_credentials_store"),
        ({"requirements": host_file(b'cli_auth_credentials_store = "auto"\n')}, "/etc/codex/requirements.toml"),
        ({"config": config_file(b"a =\n")}, "/home/alice/.codex/config.toml"),
        ({"managed": host_file(b"a =\n")}, "/etc/codex/managed_config.toml"),
    ],
)
def test_a_configuration_that_does_not_allow_the_login_is_refused(files: dict[str, FileFacts], words: str) -> None:
    sentence = refusal(answer=described(**files))
    assert words in sentence and sentence.endswith("Nothing was started.")


def test_without_a_codex_nobody_is_asked() -> None:
    assert "no codex on this host" in refusal(answer=described(None))
    assert "0.20 is the oldest" in refusal(answer=described("0.19.0"))


def test_an_old_codex_has_no_device_code() -> None:
    wanted = replace(WANTED, method="device_code")
    assert "only 0.45 and later" in refusal(wanted, described("0.44.0"))
    plan_start(wanted, described("0.45.0"), NOW)


def test_a_mounted_file_is_refused_unless_it_is_allowed() -> None:
    file = auth_file({"api_key": KEY}) | t.cast(FileFacts, {"mount_point": True})
    assert "mount point of its own" in refusal(answer=described(auth=file))
    plan = plan_start(replace(WANTED, allow_mounted_file=True), described(auth=file), NOW)
    assert "mount point of its own" in plan.warnings[0]


def test_an_expected_account_that_is_not_allowed_is_refused() -> None:
    configuration = config_file(b'forced_chatgpt_workspace_id = "account-2"\n')
    plan_start(WANTED, described(config=configuration), NOW)
    sentence = refusal(replace(WANTED, account_id="account-1"), described(config=configuration))
    assert "forced_chatgpt_workspace_id" in sentence


def test_what_the_target_refuses_is_a_sentence() -> None:
    answer: HomeAnswer = {"user": "alice", "error": {"reason": "unknown_user", "user": "alice"}}
    assert refusal(answer=answer).startswith("There is no user alice")


# ------------------------------------------------------------------------------------------ whether


@pytest.mark.parametrize(
    ("document", "more", "is_needed"),
    [
        (chatgpt(), {}, False),
        (chatgpt(), {"replace": True}, True),
        (chatgpt(), {"account_id": "account-1"}, False),
        (chatgpt(), {"account_id": "account-2"}, True),
        (chatgpt(refresh_token=""), {}, True),
        (login(hours=-9999), {}, False),  # Codex renews it
    ],
)
def test_a_login_that_codex_can_renew_needs_no_sign_in(
    document: dict[str, t.Any], more: dict[str, t.Any], is_needed: bool
) -> None:
    answer = described(auth=auth_file({"content": document}))
    assert needs_sign_in(replace(WANTED, **more), answer, NOW) is is_needed


def test_no_login_and_an_api_key_need_one() -> None:
    assert needs_sign_in(WANTED, described(), NOW)
    assert needs_sign_in(WANTED, described(auth=auth_file({"api_key": KEY})), NOW)


def test_a_login_of_a_workspace_that_is_not_allowed_needs_one() -> None:
    configuration = config_file(b'forced_chatgpt_workspace_id = ["account-2", "account-3"]\n')
    assert needs_sign_in(WANTED, described(auth=auth_file({"content": chatgpt()}), config=configuration), NOW)


# ------------------------------------------------------------------------------------------ which account


def test_the_account_that_was_signed_in_to_is_compared() -> None:
    facts = summary(login("account-1"))
    assert why_not_this_account(WANTED, described(), facts) is None
    assert why_not_this_account(replace(WANTED, account_id="account-1"), described(), facts) is None
    sentence = str(why_not_this_account(replace(WANTED, account_id="account-2"), described(), facts))
    assert "account-1 (…@example.com)" in sentence and "account_id is account-2" in sentence


@pytest.mark.parametrize(
    ("value", "is_allowed"), [('"account-1"', True), ('"account-2"', False), ('["account-2", "account-1"]', True)]
)
def test_the_workspaces_of_the_configuration_are_compared(value: str, is_allowed: bool) -> None:
    configuration = config_file(f"forced_chatgpt_workspace_id = {value}\n".encode())
    sentence = why_not_this_account(WANTED, described(config=configuration), summary(login("account-1")))
    assert (sentence is None) is is_allowed
    assert is_allowed or "Sign in to account-2, or correct the setting." in str(sentence)


@pytest.mark.parametrize(
    "more",
    [
        {"auth_mode": "apikey"},
        {"last_refresh": None},
        {"last_refresh": "yesterday"},
        {"secrets": {}},
        {"auth_mode": None, "secrets": {"access_token": "x", "refresh_token": "x", "OPENAI_API_KEY": "x"}},
    ],
)
def test_a_login_whose_parts_do_not_match_is_not_installed(more: dict[str, t.Any]) -> None:
    facts = summary(login())
    assert why_unusable(facts) is None
    sentence = str(why_unusable(t.cast(AuthSummary, {**facts, **more})))
    assert "parts do not match" in sentence and "It was not installed" in sentence


def test_only_whole_tokens_make_a_login() -> None:
    facts = summary(login())
    assert is_complete(facts)
    assert not is_complete({"malformed": True})
    assert not is_complete({**facts, "secrets": {"refresh_token": "x"}})


def test_an_api_key_beside_the_tokens_is_seen_and_left_out() -> None:
    facts = summary(login())
    with_key: AuthSummary = {**facts, "secrets": {**facts["secrets"], "OPENAI_API_KEY": "x"}, "auth_mode": None}
    assert has_api_key(with_key) and not has_api_key(facts)
    assert is_complete(with_key)
    assert without_api_key(with_key)["secrets"] == facts["secrets"]
