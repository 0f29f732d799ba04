"""The plan for bringing a login to the controller: which file, whether to write, and what is returned."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.plan import FetchPlan, plan_fetch
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import HOME, KEY, NOW, auth_file, chatgpt, describe, desired

PATH, DEST = f"{HOME}/.codex/auth.json", "/controller/alice.json"


def older() -> dict[str, t.Any]:
    return {**chatgpt(marker="older"), "last_refresh": "2026-01-01T00:00:00Z"}


def fetch(
    there: FileFacts | None = None,
    kept: dict[str, t.Any] | None = None,
    encrypt: bool = False,
    is_encrypted: bool = False,
    only_renewable: bool = False,
) -> FetchPlan:
    answer = describe(desired(), **({} if there is None else {"auth": there}))
    credential = None if kept is None else from_document(kept, "")
    return plan_fetch(
        answer,
        credential,
        "fail",
        DEST,
        NOW,
        encrypt=encrypt,
        is_encrypted=is_encrypted,
        only_renewable=only_renewable,
    )


def test_without_a_login_nothing_is_written() -> None:
    plan = fetch()
    assert (plan.writes, plan.login_file, plan.diff) == (False, None, None)
    assert plan.result == {
        "changed": False,
        "dest": DEST,
        "codex_home": f"{HOME}/.codex",
        "reason": "There is no login to fetch.",
        "login": {"method": "none"},
    }


def test_a_first_copy() -> None:
    plan = fetch(auth_file({"content": chatgpt()}))
    assert plan.writes
    assert plan.login_file and plan.login_file["path"] == PATH
    assert (plan.result["changed"], plan.result["path"], plan.result["encrypted"]) == (True, PATH, False)
    assert plan.result["login"]["method"] == "chatgpt"
    assert plan.diff and (plan.diff["before_header"], plan.diff["before"]) == (DEST, "")


def test_a_newer_login_replaces_the_copy_and_an_older_one_does_not() -> None:
    plan = fetch(auth_file({"content": chatgpt()}), kept=older())
    assert plan.writes and plan.login_file
    plan = fetch(auth_file({"content": older()}), kept=chatgpt())
    assert (plan.writes, plan.login_file, plan.diff, plan.result["changed"]) == (False, None, None, False)
    # The result tells what the copy is then, not what the target has.
    assert plan.result["login"]["last_refresh"] == chatgpt()["last_refresh"]


@pytest.mark.parametrize(
    ("encrypt", "is_encrypted", "writes", "encrypted"),
    [(False, False, False, False), (True, False, True, True), (True, True, False, True), (False, True, False, True)],
)
def test_a_plain_copy_is_encrypted_with_its_own_login(
    encrypt: bool, is_encrypted: bool, writes: bool, encrypted: bool
) -> None:
    plan = fetch(auth_file({"content": older()}), kept=chatgpt(), encrypt=encrypt, is_encrypted=is_encrypted)
    assert (plan.writes, plan.login_file) == (writes, None)
    assert (plan.result["changed"], plan.result["encrypted"]) == (writes, encrypted)
    assert (plan.result["reason"] == "The copy on the controller was not encrypted.") is writes


@pytest.mark.parametrize("there", [None, auth_file({"content": chatgpt()}), auth_file({"content": older()})])
@pytest.mark.parametrize("kept", [None, chatgpt()])
def test_a_copy_in_clear_text_is_a_warning_each_time(there: FileFacts | None, kept: dict[str, t.Any] | None) -> None:
    warnings = fetch(there, kept).result.get("warnings", [])
    assert [DEST in warning and "encrypt_vault_id" in warning for warning in warnings] == (
        [True] if there or kept else []
    )
    for encrypt, is_encrypted in ((True, False), (True, True), (False, True)):
        assert "warnings" not in fetch(there, kept, encrypt, is_encrypted).result


def test_a_plain_copy_is_encrypted_where_the_target_has_no_login() -> None:
    plan = fetch(None, chatgpt(), encrypt=True)
    assert (plan.writes, plan.login_file, plan.result["changed"]) == (True, None, True)


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({"api_key": KEY}, "an API key, which Codex does not renew"),
        ({"content": {**chatgpt(), "tokens": {**chatgpt()["tokens"], "refresh_token": ""}}}, "a ChatGPT login, which"),
    ],
)
def test_a_login_that_codex_does_not_renew_is_left_on_request(login: dict[str, t.Any], words: str) -> None:
    assert fetch(auth_file(login)).writes
    plan = fetch(auth_file(login), older(), only_renewable=True)
    assert (plan.writes, plan.login_file, plan.result["changed"]) == (False, None, False)
    assert words in plan.result["reason"]
    assert fetch(auth_file({"content": chatgpt()}), older(), only_renewable=True).writes


def test_a_copy_that_is_replaced_is_encrypted_by_the_way() -> None:
    plan = fetch(auth_file({"content": chatgpt()}), kept=older(), encrypt=True)
    assert plan.login_file
    assert plan.result["reason"] != "The copy on the controller was not encrypted."
    assert plan.result["encrypted"] is True


def test_another_account_is_refused() -> None:
    with pytest.raises(
        CodexError, match=f"^{DEST} holds a ChatGPT login of account-1 .*, and {PATH} on the target an API"
    ):
        fetch(auth_file({"api_key": KEY}), kept=chatgpt())


def test_no_secret_is_shown() -> None:
    there = auth_file({"content": chatgpt(marker="SECRETMARKER")})
    shown = fetch(there, kept={**older(), "tokens": {**older()["tokens"], "refresh_token": "SECRETMARKER-old"}})
    assert shown.diff and "changed" in shown.diff["after"]
    assert "SECRETMARKER" not in repr((shown.result, shown.diff))
    key = plan_fetch(
        describe(desired(), auth=auth_file({"api_key": KEY})),
        from_api_key("fleet-test-SECRETMARKER-2", ""),
        "replace",
        DEST,
        NOW,
        encrypt=False,
        is_encrypted=False,
    )
    assert key.writes
    assert "SECRETMARKER" not in repr((key.result, key.diff))
