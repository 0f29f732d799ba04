"""What configuration files mean for a login: whether Codex deletes it, does not read it, or has other values."""

from __future__ import annotations

import json
import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    FORCED_API,
    FORCED_CHATGPT,
    HOME,
    KEY,
    MANAGED,
    NOW,
    REQUIREMENTS,
    SYSTEM,
    auth_file,
    chatgpt,
    config_file,
    describe,
    desired,
    file,
    host_file,
    layer,
    operations,
    other_home,
    plan,
    plan_all,
)

CONFIG = f"{HOME}/.codex/config.toml"
PROFILE = {"path": f"{HOME}/.codex/work.config.toml", **config_file(b"")}
TOKEN = "at-fleet-test"

# A login that the configuration does not allow is deleted by Codex itself: whatever would do that is refused.
# This names another workspace than that of `chatgpt()`.
OTHER_WORKSPACE = b'forced_chatgpt_workspace_id = "account-2"\n'


def test_a_login_that_codex_would_delete_is_refused() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = describe(wanted, config=config_file(FORCED_CHATGPT))
    with pytest.raises(CodexError, match="would delete the login"):
        plan(wanted, answer)
    wanted = desired(config={"settings": {"forced_login_method": "api"}})
    with pytest.raises(CodexError, match="would delete the login"):
        plan(wanted, describe(wanted, auth=auth_file({"content": chatgpt()})))


@pytest.mark.parametrize(
    ("workspaces", "refused"),
    [
        ('"account-1"', False),
        ('"account-12"', True),
        ('"other"', True),
        ('["other", "account-1"]', False),
        ('["other"]', True),
        ('""', False),
    ],
)
def test_a_workspace_that_codex_would_log_out_is_refused(workspaces: str, refused: bool) -> None:
    wanted = desired(auth={"content": chatgpt()})
    answer = describe(wanted, config=config_file(f"forced_chatgpt_workspace_id = {workspaces}\n".encode()))
    if refused:
        with pytest.raises(CodexError, match="forced_chatgpt_workspace_id"):
            plan(wanted, answer)
    else:
        assert operations(plan(wanted, answer)) == ["write auth.json"]


@pytest.mark.parametrize(
    ("login", "files", "words"),
    [
        ("apikey", {"config": FORCED_CHATGPT}, CONFIG),
        ("apikey", {"system": FORCED_CHATGPT}, SYSTEM),
        ("apikey", {"managed": FORCED_CHATGPT}, MANAGED),
        ("apikey", {"managed": FORCED_API, "config": FORCED_CHATGPT}, None),
        ("apikey", {"config": FORCED_API, "system": FORCED_CHATGPT}, None),
        ("apikey", {"managed": FORCED_CHATGPT, "config": FORCED_API}, MANAGED),
        ("apikey", {"requirements": FORCED_CHATGPT}, None),
        ("apikey", {"profiles": FORCED_CHATGPT}, "work.config.toml"),
        ("apikey", {"profiles": FORCED_CHATGPT, "config": FORCED_API}, "work.config.toml"),
        ("apikey", {"profiles": FORCED_CHATGPT, "managed": FORCED_API}, None),
        ("apikey", {"profiles": FORCED_API, "config": FORCED_CHATGPT}, CONFIG),
        ("apikey", {"system": OTHER_WORKSPACE}, None),
        ("chatgpt", {"system": FORCED_API}, SYSTEM),
        ("chatgpt", {"system": FORCED_CHATGPT}, None),
        ("chatgpt", {"system": OTHER_WORKSPACE}, SYSTEM),
        ("chatgpt", {"managed": OTHER_WORKSPACE}, MANAGED),
        ("chatgpt", {"profiles": OTHER_WORKSPACE}, "work.config.toml"),
        ("chatgpt", {"managed": b'forced_chatgpt_workspace_id = "account-1"\n', "system": OTHER_WORKSPACE}, None),
        ("chatgpt", {"managed": b'forced_chatgpt_workspace_id = ""\n', "config": OTHER_WORKSPACE}, None),
        ("token", {"system": FORCED_API}, SYSTEM),
        ("token", {"system": FORCED_CHATGPT}, None),
    ],
)
def test_a_login_survives_every_layer_or_is_not_deployed(
    login: str, files: dict[str, bytes], words: str | None
) -> None:
    auth: dict[str, t.Any] = {
        "apikey": {"api_key": KEY},
        "chatgpt": {"content": chatgpt()},
        "token": {"personal_access_token": TOKEN},
    }[login]
    wanted = desired(auth=auth)
    profiles = [PROFILE | config_file(files["profiles"])] if "profiles" in files else []
    described = {name: config_file(data) for name, data in files.items() if name != "profiles"}
    answer = describe(wanted, **described) | t.cast(HomeAnswer, {"profiles": profiles})
    if words is None:
        assert plan(wanted, answer).changes
    else:
        with pytest.raises(CodexError, match="Codex would delete the login") as caught:
            plan(wanted, answer)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("key", "mode", "account_id", "deleted_by"),
    [
        (KEY, None, "account-1", FORCED_CHATGPT),
        (KEY, "apikey", "account-1", FORCED_CHATGPT),
        (None, "chatgpt", "account-2", FORCED_API),
        (None, None, "account-2", FORCED_API),
    ],
)
def test_a_file_with_two_logins_is_one_that_can_be_lost(
    key: str | None, mode: str | None, account_id: str, deleted_by: bytes
) -> None:
    """Measured on 0.58, 0.94 and 0.169: Codex deletes it with all that is in it."""
    tokens = chatgpt()["tokens"] | {"account_id": account_id}
    data = json.dumps(chatgpt() | {"auth_mode": mode, "OPENAI_API_KEY": key, "tokens": tokens}).encode()
    there = file(data, auth=summarise(data))
    wanted = layer("managed", settings=tomli.loads(deleted_by.decode()))
    with pytest.raises(CodexError, match="Codex would delete the login"):
        plan_all([wanted], [describe(wanted)], NOW, [other_home("bob", there)])
    answer = other_home("bob", there, config=config_file(b"".join({FORCED_API, FORCED_CHATGPT} - {deleted_by})))
    wanted = layer("system", settings={"model": "gpt-5"})
    assert not plan_all([wanted], [describe(wanted)], NOW, [answer])[0].warnings


@pytest.mark.parametrize(
    ("login", "variable", "forced", "refused"),
    [
        ("chatgpt", "CODEX_API_KEY", FORCED_CHATGPT, True),
        ("apikey", "CODEX_API_KEY", FORCED_API, False),
        ("apikey", "CODEX_ACCESS_TOKEN", FORCED_API, True),
        ("chatgpt", "CODEX_ACCESS_TOKEN", FORCED_CHATGPT, False),
        ("chatgpt", "OPENAI_API_KEY", FORCED_CHATGPT, False),
    ],
)
@pytest.mark.parametrize("place", ["declared", "codex.env"])
def test_a_variable_that_makes_codex_delete_a_right_login_is_refused(
    login: str, variable: str, forced: bytes, refused: bool, place: str
) -> None:
    auth = auth_file({"api_key": KEY} if login == "apikey" else {"content": chatgpt()})
    more: dict[str, FileFacts] = {"auth": auth, "config": config_file(forced)}
    if place == "declared":
        wanted = desired(environment={variable: "x"})
    else:
        wanted = desired(auth={"api_key": KEY} if login == "apikey" else {"content": chatgpt()})
        more["codex__env"] = file(variables={variable: "digest"}, lines=[])
    if refused:
        with pytest.raises(CodexError, match=f"sets {variable}, which forced_login_method in .* does not allow"):
            plan(wanted, describe(wanted, **more))
    else:
        plan(wanted, describe(wanted, **more))


@pytest.mark.parametrize(
    ("login", "files", "paths"),
    [
        ({"personal_access_token": TOKEN}, {"config": OTHER_WORKSPACE}, [CONFIG]),
        ({"personal_access_token": TOKEN}, {"config": OTHER_WORKSPACE, "managed": OTHER_WORKSPACE}, [MANAGED]),
        ({"personal_access_token": TOKEN}, {"config": FORCED_CHATGPT}, []),
        ({"api_key": KEY}, {"config": OTHER_WORKSPACE}, []),
    ],
)
def test_a_workspace_is_a_warning_where_that_of_the_login_is_not_known(
    login: dict[str, str], files: dict[str, bytes], paths: list[str]
) -> None:
    wanted = desired(auth=login)
    warnings = plan(wanted, describe(wanted, **{name: config_file(data) for name, data in files.items()})).warnings
    assert [warning.partition(" sets forced_chatgpt_workspace_id")[0] for warning in warnings] == paths


@pytest.mark.parametrize(
    ("managed", "settings", "keys"),
    [
        (b'model = "a"\n', {"model": "b"}, "model"),
        (b'model = "b"\n', {"model": "b"}, None),
        (b"[tui]\nnotifications = true\n", {"tui": {"notifications": False, "theme": "x"}}, "tui.notifications"),
        (b"tui = 1\n", {"tui": {"notifications": False}}, "tui"),
        (b'[other]\nmodel = "a"\n', {"model": "b"}, None),
    ],
)
def test_values_that_codex_will_not_use_are_a_warning(
    managed: bytes, settings: dict[str, t.Any], keys: str | None
) -> None:
    wanted = desired(config={"settings": settings})
    warnings = plan(wanted, describe(wanted, managed=host_file(managed))).warnings
    found = [warning for warning in warnings if "and Codex uses those" in warning]
    assert found == ([f"{MANAGED} has other values for {keys}, and Codex uses those."] if keys else [])
    older = desired(config={"settings": settings}, codex_version="0.44.0")
    assert not plan(older, describe(older, managed=host_file(managed))).warnings


def test_a_value_in_a_profile_table_is_not_compared_with_that_of_the_top() -> None:
    wanted = layer("profile:work", "0.58.0", settings={"model": "b"})
    assert not plan(wanted, describe(wanted, managed=host_file(b'model = "a"\n'))).warnings


def test_requirements_that_codex_ignores_are_a_warning() -> None:
    wanted = layer("requirements", settings={"model": "b", "allowed_approval_policies": ["never"]})
    assert plan(wanted, describe(wanted)).warnings == [f"Codex ignores model in {REQUIREMENTS}."]


def test_a_store_that_hides_the_file_is_a_warning() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, describe(wanted, config=config_file(b'cli_auth_credentials_store = "keyring"\n')))
    assert "cli_auth_credentials_store" in result.warnings[0]


@pytest.mark.parametrize(
    ("files", "version", "path"),
    [
        ({"system": b'cli_auth_credentials_store = "keyring"\n'}, None, SYSTEM),
        (
            {"system": b'cli_auth_credentials_store = "keyring"\n', "config": b'cli_auth_credentials_store = "file"\n'},
            None,
            "",
        ),
        (
            {"managed": b'cli_auth_credentials_store = "auto"\n', "config": b'cli_auth_credentials_store = "file"\n'},
            None,
            MANAGED,
        ),
        ({"requirements": b'cli_auth_credentials_store = "keyring"\n'}, "0.155.0", REQUIREMENTS),
        ({"requirements": b'cli_auth_credentials_store = "keyring"\n'}, "0.140.0", ""),
    ],
)
def test_a_store_of_any_layer_that_hides_the_file_is_a_warning(
    files: dict[str, bytes], version: str | None, path: str
) -> None:
    wanted = desired(auth={"api_key": KEY}, codex_version=version)
    warnings = plan(wanted, describe(wanted, **{name: config_file(data) for name, data in files.items()})).warnings
    assert [warning.partition(" ")[0] for warning in warnings] == ([path] if path else [])


def test_a_store_that_hides_the_login_is_a_warning_when_the_configuration_alone_is_declared() -> None:
    wanted = desired(config={"settings": {"cli_auth_credentials_store": "keyring"}})
    key = auth_file({"api_key": KEY})
    assert [w for w in plan(wanted, describe(wanted, auth=key)).warnings if "may not read auth.json" in w]
    assert not plan(wanted, describe(wanted)).warnings


def test_a_store_is_not_quoted_where_it_is_none_that_codex_knows() -> None:
    wanted = desired(auth={"api_key": KEY})
    config = config_file(b'cli_auth_credentials_store = "SECRETMARKER"\n')
    warnings = plan(wanted, describe(wanted, config=config)).warnings
    assert any("to another store, so Codex" in warning for warning in warnings)
    assert "SECRETMARKER" not in repr(warnings)


def test_both_files_that_do_not_agree_are_named() -> None:
    wanted = desired(auth={"content": chatgpt()})
    with pytest.raises(CodexError) as caught:
        plan(wanted, describe(wanted, config=config_file(OTHER_WORKSPACE)))
    assert str(caught.value) == (
        f"forced_chatgpt_workspace_id in {CONFIG} does not name the account of {HOME}/.codex/auth.json, account-1 "
        "(…@example.com): Codex would delete the login. Make the two agree; nothing was changed."
    )
