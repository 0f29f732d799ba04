"""Which login of a home is brought to the controller, and when it replaces the copy there."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import OnAccountMismatch
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.decision import decide_fetch, deployable, find_login
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, HomeAnswer, UnsavedLogin
from ansible_collections.fleet.codex.tests.support.planning import HOME, describe, desired, file
from ansible_collections.fleet.codex.tests.support.planning import chatgpt as document
from ansible_collections.fleet.codex.tests.support.summaries import (
    TARGETS,
    access_only,
    api_key,
    chatgpt,
    other_person,
    personal_access_token,
)

PATH, DEST = f"{HOME}/.codex/auth.json", "/controller/alice.json"


def home(auth: AuthSummary | None, *unsaved: AuthSummary | None) -> HomeAnswer:
    """A described home with this auth.json and these files of a killed Codex."""
    answer = describe(desired(), **({} if auth is None else {"auth": file(auth=auth)}))
    answer["unsaved_logins"] = [
        t.cast(
            UnsavedLogin,
            {"name": f".auth-{n}", "path": f"{HOME}/.codex/.auth-{n}", "kind": "file"}
            | ({"auth": left} if left else {}),
        )
        for n, left in enumerate(unsaved)
    ]
    return answer


@pytest.mark.parametrize(
    ("described", "found"),
    [
        (home(None), None),
        (home(TARGETS["no login"]), None),
        (home(chatgpt()), "auth.json"),
        (home(api_key()), "auth.json"),
        (home(personal_access_token()), "auth.json"),
        # What a killed Codex left counts where it is newer and of the same account.
        (home(chatgpt(), chatgpt(hours=1)), ".auth-0"),
        (home(chatgpt(), chatgpt(hours=1), chatgpt(hours=2), chatgpt(hours=-1)), ".auth-1"),
        (home(chatgpt(), chatgpt(hours=-1)), "auth.json"),
        (home(chatgpt(), chatgpt("account-2", hours=1)), "auth.json"),
        (home(chatgpt(), other_person(chatgpt())), "auth.json"),
        (home(chatgpt(), {"malformed": True}), "auth.json"),
        (home(chatgpt(), None), "auth.json"),
        # Without another login it is the only one there is.
        (home(None, chatgpt(), chatgpt(hours=1)), ".auth-1"),
        (home(TARGETS["no login"], chatgpt("account-2")), ".auth-0"),
        (home(None, {"malformed": True}, api_key()), None),
        # A key is not renewed, so nothing that was left is a newer one.
        (home(api_key(), chatgpt()), "auth.json"),
    ],
)
def test_the_login_of_a_home_is_the_newest(described: HomeAnswer, found: str | None) -> None:
    login = find_login(described)
    assert (login and login["path"]) == (found and f"{HOME}/.codex/{found}")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("malformed", "is not an auth.json that Codex can read"),
        ("mixed accounts", "mixes two logins"),
        ("other kind", "holds a kind of login that this collection does not deploy"),
    ],
)
def test_what_could_not_be_deployed_again_is_refused(target: str, words: str) -> None:
    for unsaved in ((), (chatgpt(),)):
        with pytest.raises(CodexError, match=f"^{PATH} {words}, so it was not fetched"):
            find_login(home(TARGETS[target], *unsaved))


def test_what_is_not_a_file_is_refused() -> None:
    answer = home(None, chatgpt())
    answer["files"]["auth"]["kind"] = "directory"
    with pytest.raises(CodexError, match=f"^{PATH} is a directory"):
        find_login(answer)


def test_a_key_that_a_login_in_the_browser_left_beside_the_tokens_does_not_count() -> None:
    with_key = {**document(), "OPENAI_API_KEY": "fleet-test-key"}
    credential = deployable(json.dumps(with_key).encode(), PATH)
    assert credential.document == document()
    for mode in (None, "apikey"):
        with pytest.raises(CodexError, match=PATH):
            deployable(json.dumps({**with_key, "auth_mode": mode}).encode(), PATH)
    key = {"auth_mode": "apikey", "OPENAI_API_KEY": "fleet-test-key"}
    assert deployable(json.dumps(key).encode(), PATH).document == key


YES, NO, MISMATCH = "yes", "no", "mismatch"


@pytest.mark.parametrize("on_account_mismatch", t.get_args(OnAccountMismatch))
@pytest.mark.parametrize(
    ("target", "kept", "expected", "words"),
    [
        (chatgpt(), None, YES, "There was no copy"),
        (chatgpt(), chatgpt(), NO, "holds this login already"),
        (chatgpt(), chatgpt(hours=-1), YES, "newer than the copy"),
        (chatgpt(), chatgpt(hours=1), NO, "newer or of the same age"),
        (chatgpt(), chatgpt(marker="other"), NO, "newer or of the same age"),
        (access_only(chatgpt(hours=1)), chatgpt(), NO, "can be renewed and the target's cannot"),
        (access_only(chatgpt(hours=1)), access_only(chatgpt()), YES, "newer than the copy"),
        (chatgpt(), access_only(chatgpt(hours=-1)), YES, "newer than the copy"),
        (chatgpt(), access_only(chatgpt()), YES, "newer than the copy"),
        (
            chatgpt(),
            chatgpt("account-2", hours=-1),
            MISMATCH,
            "holds a ChatGPT login of account-2 (…@example.com), and",
        ),
        (chatgpt(hours=1), other_person(chatgpt()), MISMATCH, f"and {PATH} on the target another one"),
        (chatgpt(), api_key(), MISMATCH, "holds an API key, and"),
        (api_key(), chatgpt(), MISMATCH, f"and {PATH} on the target an API key"),
        (api_key(), api_key(), NO, "holds this login already"),
        (api_key(), api_key("fleet-test-key-2"), MISMATCH, f"holds an API key, and {PATH} on the target another one"),
        (personal_access_token(), api_key(), MISMATCH, "holds an API key, and"),
    ],
)
def test_what_replaces_the_copy(
    target: AuthSummary, kept: AuthSummary | None, expected: str, words: str, on_account_mismatch: OnAccountMismatch
) -> None:
    if expected == MISMATCH and on_account_mismatch == "fail":
        with pytest.raises(CodexError) as refused:
            decide_fetch(target, kept, on_account_mismatch, PATH, DEST)
        assert str(refused.value).startswith(DEST)
        assert words in str(refused.value)
        assert "set on_account_mismatch to replace" in str(refused.value)
        return
    decision = decide_fetch(target, kept, on_account_mismatch, PATH, DEST)
    assert decision.replace is (expected != NO)
    assert words in decision.reason
    assert decision.reason.startswith(("The", DEST)) and decision.reason.endswith(".")


def test_a_key_beside_the_same_tokens_does_not_replace_the_copy() -> None:
    """A login in the browser can leave one there."""
    data = json.dumps({**document(), "OPENAI_API_KEY": "fleet-test-key"}).encode()
    with_key = t.cast(AuthSummary, summarise(data))
    plain = t.cast(AuthSummary, summarise(json.dumps(document()).encode()))
    assert not decide_fetch(with_key, plain, "fail", PATH, DEST).replace
