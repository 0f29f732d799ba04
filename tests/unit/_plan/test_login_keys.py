"""The keys that choose the method of login: each version of Codex gets those that it acts on."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    auth_file,
    chatgpt,
    config_file,
    data_written,
    describe,
    desired,
    plan,
    written,
)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, b'preferred_auth_method = "apikey"\nforced_login_method = "api"\n'),
        ("0.22.0", b""),
        ("0.23.0", b'preferred_auth_method = "apikey"\n'),
        ("0.34.5", b'preferred_auth_method = "apikey"\n'),
        ("0.36.0", b""),
        ("0.49.0", b'forced_login_method = "api"\n'),
        ("0.169.0", b'forced_login_method = "api"\n'),
    ],
)
def test_each_version_gets_what_it_understands(version: str | None, expected: bytes) -> None:
    config = {"preferred_auth_method": "apikey", "enforce_login_method": True}
    wanted = desired(config=config, auth={"api_key": KEY}, codex_version=version)
    result = plan(wanted, describe(wanted))
    assert written(result, "config.toml") == (expected or None)
    assert bool(result.warnings) is (version in (None, "0.22.0", "0.36.0"))


def test_both_keys_are_written_where_the_version_is_not_known() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey"})
    assert plan(wanted, describe(wanted)).warnings == [
        "preferred_auth_method was written, and only Codex 0.23 to 0.34 act on it; later ones go by auth.json. Set "
        "codex_version to the version, or to detect, and each version gets what it understands."
    ]


def test_the_warning_about_a_key_comes_when_it_is_written() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey", "settings": {"model": "b"}})
    for there, expected in ((b'preferred_auth_method = "chatgpt"\n', 1), (b'preferred_auth_method = "apikey"\n', 0)):
        result = plan(wanted, describe(wanted, config=config_file(there)))
        assert len(result.changes) == 1
        assert len(result.warnings) == expected


def test_a_preferred_method_alone_is_a_warning_about_its_successor() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey"}, codex_version="0.169.0")
    result = plan(wanted, describe(wanted))
    assert written(result, "config.toml") is None
    assert result.warnings == [
        "preferred_auth_method was left out: Codex 0.169.0 does not act on it and goes by auth.json alone. Codex 0.49 "
        "and later act on forced_login_method, which enforce_login_method writes."
    ]


def test_without_a_version_the_warning_comes_when_the_key_is_written_and_not_again() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey", "settings": {"model": "gpt-5"}})
    for there, warned in (
        (b"", True),
        (b'preferred_auth_method = "chatgpt"\n', True),
        (b'preferred_auth_method = "apikey"\n', False),
        (b'preferred_auth_method = "apikey"\nmodel = "gpt-5"\n', False),
    ):
        warnings = plan(wanted, describe(wanted, config=config_file(there))).warnings
        assert [
            warning.startswith("preferred_auth_method was written, and only Codex 0.23 to 0.34") for warning in warnings
        ] == ([True] if warned else [])
        assert all(warning.endswith("and each version gets what it understands.") for warning in warnings)


def test_enforcing_needs_a_method() -> None:
    wanted = desired(config={"enforce_login_method": True})
    with pytest.raises(CodexError) as caught:
        plan(wanted, describe(wanted))
    assert str(caught.value) == (
        "enforce_login_method needs a method to enforce, and there will be no auth.json with a login. Deploy one in "
        "the same task, or set preferred_auth_method."
    )
    assert data_written(plan(wanted, describe(wanted, auth=auth_file({"api_key": KEY}))), "config.toml") == {
        "forced_login_method": "api"
    }


@pytest.mark.parametrize(
    ("auth", "forced"),
    [
        ({"api_key": KEY}, "api"),
        ({"content": chatgpt()}, "chatgpt"),
        ({"personal_access_token": "at-fleet-test"}, "chatgpt"),
    ],
)
def test_the_method_of_the_login_is_enforced(auth: dict[str, object], forced: str) -> None:
    wanted = desired(auth=auth, config={"enforce_login_method": True})
    assert data_written(plan(wanted, describe(wanted)), "config.toml") == {"forced_login_method": forced}
