"""What a migration finds before it changes anything, and what it leaves to do."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import startup_queries
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.entries import MigrateTo
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.findings import (
    attention,
    check_homes,
    needs_sign_in,
    with_version_asked,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    FORCED_API,
    FORCED_CHATGPT,
    HOME,
    KEY,
    auth_file,
    chatgpt,
    config_file,
    describe,
    desired,
    file,
    host_file,
)

WITH_KEY = auth_file({"api_key": KEY})
WITH_TOKENS = auth_file({"content": chatgpt()})


def home(**options: t.Any) -> DesiredHome:
    return with_version_asked(desired(**options))


def found(version: str | None = "0.171.0", **files: FileFacts) -> HomeAnswer:
    answer = describe(home(), **files)
    for query in startup_queries(is_windows=False):
        answer["files"].setdefault(query["name"], {"path": f"{HOME}/{query['path']}", "kind": "absent"})
    answer["codex_version"] = version
    return answer


def refusal(
    *homes: tuple[DesiredHome, HomeAnswer], migrate_to: MigrateTo = "chatgpt", check_mode: bool = False
) -> str | None:
    try:
        check_homes(homes, migrate_to, "web1", check_mode=check_mode)
    except CodexError as error:
        assert str(error).endswith("Nothing was changed on this host.")
        return str(error)
    return None


GIVEN = home(auth={"content": chatgpt()})


def test_a_host_where_all_can_be_migrated() -> None:
    assert refusal((GIVEN, found(auth=WITH_KEY))) is None
    assert refusal((GIVEN, found("0.20.0"))) is None
    assert refusal((home(auth={"api_key": KEY}), found(auth=WITH_TOKENS)), migrate_to="apikey") is None
    assert refusal() is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (found("0.19.0"), "alice on web1 would run Codex 0.19.0, and this needs 0.20.0 or later. Update Codex first"),
        (found(None), "No codex works for alice on web1, and this needs Codex 0.20.0 or later. Update Codex first"),
        ({"user": "zoe", "error": {"reason": "unknown_user", "user": "zoe"}}, "There is no user zoe on this host."),
    ],
)
def test_one_home_that_cannot_be_migrated_is_reason_enough(answer: HomeAnswer, words: str) -> None:
    message = refusal((GIVEN, found()), (GIVEN, answer))
    assert message
    assert message.startswith(words)


def test_a_declared_version_will_do_where_no_codex_can_be_asked() -> None:
    """In check mode, an earlier task may be going to install it; on Windows, it is that of another user."""
    declared = home(auth={"content": chatgpt()}, codex_version="0.171.0")
    assert refusal((declared, found(None)), check_mode=True) is None
    assert refusal((declared, found(None))) is not None
    assert declared.detect_version
    windows = with_version_asked(DesiredHome(user="alice", codex_version=(0, 171, 0), is_windows=True))
    assert not windows.detect_version
    assert with_version_asked(DesiredHome(user="alice", is_windows=True)).detect_version
    # The one that is there counts.
    assert refusal((declared, found("0.19.0")), check_mode=True) is not None


def test_an_api_key_is_needed_for_each_home() -> None:
    message = refusal((home(auth={"api_key": KEY}), found()), (home(), found()), migrate_to="apikey")
    assert message
    assert message.startswith("No API key is given for alice on web1. Set api_key in each entry of codex_homes,")


def test_somebody_signs_in_where_no_login_is_given_and_none_is_there() -> None:
    assert needs_sign_in(home(), found())
    assert needs_sign_in(home(), found(auth=WITH_KEY))
    assert not needs_sign_in(home(), found(auth=WITH_TOKENS))
    assert not needs_sign_in(GIVEN, found(auth=WITH_KEY))


def test_nobody_is_asked_to_sign_in_where_that_is_forbidden() -> None:
    message = refusal((home(), found(config=config_file(FORCED_API))))
    assert message
    assert message.startswith(f"forced_login_method in {HOME}/.codex/config.toml on web1 allows API keys alone")
    message = refusal((home(), found(managed=host_file(FORCED_API))))
    assert message
    assert "/etc/codex/managed_config.toml" in message
    # A given login is put in place before the setting follows it.
    assert refusal((GIVEN, found(config=config_file(FORCED_API)))) is None
    assert refusal((home(), found(config=config_file(FORCED_CHATGPT)))) is None


def variables(**values: str) -> FileFacts:
    return file(b"x", variables=dict.fromkeys(values, "digest"))


def left(
    migrate_to: MigrateTo = "chatgpt", result: t.Any = None, environment: t.Any = None, **files: t.Any
) -> list[str]:
    return attention(home(environment=environment), found(**files), result or {}, migrate_to)


def test_keys_that_stay_in_the_environment_are_told() -> None:
    own = {"codex__env": variables(OPENAI_API_KEY="x")}
    assert left() == []
    (key,) = left(**own)
    assert key.startswith(f"{HOME}/.codex/codex.env sets OPENAI_API_KEY.")
    assert left(environment={}, **own) == []  # the run removes it
    (outranking,) = left(codex__env=variables(CODEX_API_KEY="x"))
    assert "sets CODEX_API_KEY, and Codex 0.44 and later uses it" in outranking
    assert left("apikey", **own) == []
    assert left(result={"failed": True}, **own) == []


def test_a_copy_of_a_chatgpt_login_that_nobody_revoked_is_told() -> None:
    result = {"auth": {"backup_file": "/copy~"}}
    (sentence,) = left("apikey", result, auth=WITH_TOKENS)
    assert sentence.startswith("Nobody revoked the ChatGPT login that was replaced, so its copy in /copy~ still works.")
    assert left("apikey", result, auth=WITH_KEY) == []
    assert left("apikey", {"auth": {}}, auth=WITH_TOKENS) == []
    assert left("chatgpt", result, auth=WITH_KEY) == []
