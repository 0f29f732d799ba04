"""The keys that choose the method of login: each version of Codex gets those that it acts on."""

from __future__ import annotations

import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    MANAGED,
    auth_file,
    chatgpt,
    config_file,
    data_written,
    describe,
    desired,
    host_file,
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


# ------------------------------------------------------------------------------------------ force_method

PREFERRED, FORCED = 'preferred_auth_method = "{}"\n', 'forced_login_method = "{}"\n'


def config_after(there: str, force: str, version: str | None, auth: dict[str, t.Any] | None = None) -> str:
    """What config.toml holds after force_method; auth: the login that is there and stays."""
    wanted = desired(config={"force_method": force}, codex_version=version)
    files = {"auth": auth_file(auth)} if auth else {}
    made = written(plan(wanted, describe(wanted, config=config_file(there.encode()), **files)), "config.toml")
    return there if made is None else made.decode()


@pytest.mark.parametrize("there", ["", PREFERRED.format("chatgpt"), FORCED.format("chatgpt")])
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.20.0", ""),
        ("0.22.0", ""),
        ("0.23.0", PREFERRED.format("apikey")),
        ("0.34.9", PREFERRED.format("apikey")),
        ("0.35.0", ""),
        ("0.48.0", ""),
        ("0.49.0", FORCED.format("api")),
        ("0.171.0", FORCED.format("api")),
    ],
)
def test_a_forced_method_is_the_one_key_that_the_version_acts_on(there: str, version: str, expected: str) -> None:
    assert config_after(there, "apikey", version) == expected
    assert config_after(expected, "apikey", version) == expected


def test_a_version_without_such_a_key_is_told() -> None:
    wanted = desired(config={"force_method": "chatgpt"}, codex_version="0.40.0")
    made = plan(wanted, describe(wanted))
    (problem,) = made.result["config"]["problems"]
    assert made.warnings == [problem]
    assert problem == (
        "Codex 0.40.0 has no setting that chooses the method of login and goes by auth.json alone, so none was "
        "written. Codex 0.23 to 0.34 act on preferred_auth_method, and 0.49 and later on forced_login_method."
    )
    wanted = desired(config={"force_method": "chatgpt"}, codex_version="0.171.0")
    assert "problems" not in plan(wanted, describe(wanted)).result["config"]


def test_a_method_is_forced_only_where_the_version_is_known() -> None:
    with pytest.raises(CodexError) as refused:
        config_after("", "apikey", None)
    assert str(refused.value) == ("force_method needs the version of Codex. Set codex_version to it, or to detect.")


@pytest.mark.parametrize("version", [None, "0.34.0", "0.171.0"])
def test_nothing_is_forced_any_more(version: str | None) -> None:
    there = f"# mine\n{PREFERRED.format('apikey')}model = 'x'\n{FORCED.format('api')}"
    assert config_after(there, "none", version) == "model = 'x'\n"
    assert config_after("model = 'x'\n", "none", version) == "model = 'x'\n"


@pytest.mark.parametrize(
    ("there", "version", "expected"),
    [
        (FORCED.format("api"), None, FORCED.format("chatgpt")),
        (FORCED.format("api"), "0.34.0", FORCED.format("chatgpt") + PREFERRED.format("chatgpt")),
        (FORCED.format("api"), "0.171.0", FORCED.format("chatgpt")),
        (FORCED.format("chatgpt"), "0.171.0", FORCED.format("chatgpt")),
        ("", "0.171.0", ""),
        ("", "0.34.0", PREFERRED.format("chatgpt")),
        (PREFERRED.format("apikey"), "0.34.0", PREFERRED.format("chatgpt")),
        (PREFERRED.format("apikey"), None, PREFERRED.format("chatgpt")),
        (PREFERRED.format("apikey"), "0.40.0", ""),
        (PREFERRED.format("apikey"), "0.171.0", ""),
        (PREFERRED.format("chatgpt"), "0.171.0", PREFERRED.format("chatgpt")),
    ],
)
def test_the_keys_follow_the_login(there: str, version: str | None, expected: str) -> None:
    """That which is there and that which comes, and not one that goes."""
    assert config_after(there, "follow", version, {"content": chatgpt()}) == expected
    wanted = desired(
        auth={"content": chatgpt(), "on_account_mismatch": "replace"},
        config={"force_method": "follow"},
        codex_version=version,
    )
    answer = describe(wanted, auth=auth_file({"api_key": KEY}), config=config_file(there.encode()))
    made = written(plan(wanted, answer), "config.toml")
    assert (there.encode() if made is None else made) == expected.encode()


def test_a_personal_access_token_counts_as_chatgpt() -> None:
    wanted = desired(auth={"personal_access_token": "at-fleet-test"}, config={"force_method": "follow"})
    there = config_file((FORCED.format("api") + PREFERRED.format("apikey")).encode())
    assert data_written(plan(wanted, describe(wanted, config=there)), "config.toml") == {
        "forced_login_method": "chatgpt",
        "preferred_auth_method": "chatgpt",
    }


def test_without_a_login_there_is_nothing_to_follow() -> None:
    assert config_after(FORCED.format("api"), "follow", "0.171.0") == FORCED.format("api")


@pytest.mark.parametrize(
    ("config", "version", "expected"),
    [
        ({"settings": {"preferred_auth_method": "apikey"}}, "0.34.0", {"preferred_auth_method": "apikey"}),
        ({"settings": {"preferred_auth_method": "apikey"}}, "0.171.0", {"preferred_auth_method": "apikey"}),
        ({"absent": [["preferred_auth_method"]]}, "0.34.0", {}),
        ({"absent": [["preferred_auth_method"]]}, "0.171.0", {}),
        ({"preferred_auth_method": "apikey"}, "0.34.0", {"preferred_auth_method": "apikey"}),
    ],
)
@pytest.mark.parametrize("there", ["", PREFERRED.format("apikey"), PREFERRED.format("chatgpt")])
def test_what_is_declared_outranks_what_follows(
    there: str, config: dict[str, t.Any], version: str, expected: dict[str, str]
) -> None:
    wanted = desired(config={"force_method": "follow", **config}, codex_version=version)
    answer = describe(wanted, auth=auth_file({"content": chatgpt()}), config=config_file(there.encode()))
    made = written(plan(wanted, answer), "config.toml")
    assert tomli.loads(there if made is None else made.decode()) == expected


def test_enforcing_and_following_agree() -> None:
    wanted = desired(
        auth={"content": chatgpt()},
        config={"force_method": "follow", "enforce_login_method": True},
        codex_version="0.171.0",
    )
    there = config_file(FORCED.format("api").encode())
    assert data_written(plan(wanted, describe(wanted, config=there)), "config.toml") == {
        "forced_login_method": "chatgpt"
    }


@pytest.mark.parametrize("force", ["chatgpt", "follow"])
def test_a_method_with_which_codex_would_delete_the_login_is_refused(force: str) -> None:
    wanted = desired(config={"force_method": force}, codex_version="0.171.0")
    files = {"auth": auth_file({"api_key": KEY}), "managed": host_file(FORCED.format("chatgpt").encode())}
    with pytest.raises(CodexError, match="forced_login_method in .* does not allow an API key") as refused:
        plan(wanted, describe(wanted, **files))
    assert MANAGED in str(refused.value)
