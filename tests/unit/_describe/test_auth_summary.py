"""The one summary of an auth.json: what it says without its secrets, and what Codex cannot read."""

from __future__ import annotations

import hashlib
import json
import math
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import (
    AUTH_CLAIMS,
    TEXT_LIMIT,
    check_json,
    is_id_token,
    read_claims,
    read_payload,
    summarise,
)
from ansible_collections.fleet.codex.tests.support.credentials import AUTH_CLAIM, jwt
from ansible_collections.fleet.codex.tests.support.planning import chatgpt


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def summary(document: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", summarise(json.dumps(document).encode()))


def with_id_token(id_token: t.Any) -> bytes:
    return json.dumps({"tokens": {"id_token": id_token, "access_token": "a", "refresh_token": "r"}}).encode()


def test_a_chatgpt_login() -> None:
    document = chatgpt()
    found = summary({**document, "later": 1, "agent_identity": None})
    assert found["fields"] == ["auth_mode", "last_refresh", "later", "tokens"]
    assert (found["auth_mode"], found["last_refresh"]) == ("chatgpt", document["last_refresh"])
    assert found["account_id"] == "account-1"
    names = ("id_token", "access_token", "refresh_token")
    assert found["secrets"] == {name: digest(document["tokens"][name]) for name in names}
    assert found["claims"]["id_token"]["email"] == "a@example.com"
    assert found["claims"]["access_token"].keys() >= {"iat", "exp", "chatgpt_account_id"}
    assert "refresh_token" not in found["claims"]


def test_a_key_and_a_personal_access_token() -> None:
    found = summary({"auth_mode": "apikey", "OPENAI_API_KEY": "fleet-test-key", "personal_access_token": "at-x"})
    assert found["secrets"] == {"OPENAI_API_KEY": digest("fleet-test-key"), "personal_access_token": digest("at-x")}
    assert (found["account_id"], found["last_refresh"], found["claims"]) == (None, None, {})


def test_an_empty_key_is_not_a_secret() -> None:
    assert summary({"OPENAI_API_KEY": "", "personal_access_token": None})["secrets"] == {}


def test_no_secret_and_no_other_claim_is_in_it() -> None:
    document = chatgpt(marker="SECRETMARKER")
    found = summary({**document, "OPENAI_API_KEY": "SECRETMARKER-key", "unknown": "SECRETMARKER"})
    assert "SECRETMARKER" not in json.dumps(found)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\xff",
        b'{"OPENAI_API_KEY": 1}',
        b'{"personal_access_token": ["x"]}',
        b'{"tokens": []}',
        b'{"tokens": "x"}',
        b'{"tokens": {"id_token": "a"}}',
        b'{"tokens": {}}',
        with_id_token(5),
        with_id_token(None),
        with_id_token("not a JWT"),
        with_id_token(jwt({}).rpartition(".")[0]),
        with_id_token(jwt({}) + ".fourth"),
        with_id_token("e30.no JSON.unsigned"),
        with_id_token("e30.W10.unsigned"),  # whose payload is a list
        b'{"auth_mode": 5}',
        b'{"last_refresh": 1700000000}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[" * 100_000,
        b'{"OPENAI_API_KEY": "x"} trailing',
        b'{"x": ' + b"9" * 5000 + b"}",
        b'{"x": 18446744073709551616}',
        b'{"x": [NaN]}',
        b'{"x": -Infinity}',
        b'{"x": 1e999}',
        rb'{"x": ["\ud800"]}',
        rb'{"\udfff": 1}',
        rb'{"OPENAI_API_KEY": "\ud800"}',
        b'{"x": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"x": ' + b"[" * 100_000,
        b'{"auth_mode": "' + b"x" * 5000 + b'"}',
        b'{"last_refresh": "2026-01-31T12:00:00.' + b"1" * 5000 + b'Z"}',
        b'{"' + b"x" * 5000 + b'": 1}',
        json.dumps({str(n): n for n in range(1000)}).encode(),
        *(with_id_token(jwt({"email": value})) for value in (5, ["a@example.com"], {}, True, "x" * 5000, "\ud800")),
        *(with_id_token(jwt({AUTH_CLAIM: value})) for value in ("odd", ["x"], 5)),
        *(with_id_token(jwt({AUTH_CLAIM: {name: ["x"]}})) for name in AUTH_CLAIMS),
    ],
)
def test_what_codex_cannot_read(data: bytes) -> None:
    assert summarise(data) == {"malformed": True}


@pytest.mark.parametrize("access_token", ["a", "e30.no JSON.unsigned", "e30.W10.unsigned", "a.b"])
def test_an_access_token_need_not_be_a_jwt(access_token: str) -> None:
    tokens = {"id_token": jwt({}), "access_token": access_token, "refresh_token": ""}
    assert summary({"tokens": tokens})["claims"]["access_token"] == {}


def test_payloads() -> None:
    for claims in ({}, {"a": "é"}, {"a": "?" * 7}):
        assert read_payload(jwt(claims)) == claims
        assert is_id_token(jwt(claims))
    assert read_payload("no dots") is None
    assert read_payload("a." + "W1" * 50_000 + ".c") is None
    assert not is_id_token("a.b")


def test_claims_are_those_that_tell_accounts_and_ages_apart() -> None:
    claims = {"email": "a@example.com", "sub": "s", "iat": 1, "exp": 2, "jti": "x", "name": "Alice"}
    auth = {"chatgpt_account_id": "a", "chatgpt_plan_type": "plus", "chatgpt_user_id": "u", "other": 1}
    kept = {"email": "a@example.com", "sub": "s", "iat": 1, "exp": 2}
    assert read_claims(jwt(claims)) == kept
    assert read_claims(jwt({**claims, AUTH_CLAIM: auth})) == {
        **kept,
        "chatgpt_account_id": "a",
        "chatgpt_plan_type": "plus",
        "chatgpt_user_id": "u",
    }
    assert read_claims(jwt({AUTH_CLAIM: "odd"})) == {}


@pytest.mark.parametrize(
    "odd", [[1], {"a": 1}, True, None, "x" * (TEXT_LIMIT + 1), "\ud800", 2**64, math.nan, math.inf]
)
def test_a_claim_that_is_not_what_it_should_be_is_left_out(odd: t.Any) -> None:
    claims = dict.fromkeys(("email", "sub", "iat", "exp"), odd)
    assert read_claims(jwt({**claims, AUTH_CLAIM: dict.fromkeys(AUTH_CLAIMS, odd)})) == {}
    tokens = {"id_token": jwt({"sub": odd, "exp": odd}), "access_token": jwt(claims), "refresh_token": ""}
    assert summary({"tokens": tokens})["claims"] == {"id_token": {}, "access_token": {}}


def test_times_are_numbers_and_the_other_claims_are_text() -> None:
    assert read_claims(jwt({"iat": "1", "exp": 1.5, "sub": 5, "email": ""})) == {"exp": 1.5, "email": ""}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({1: "x"}, "a key that is not text"),
        ([{"a": {None: 1}}], "a key that is not text"),
        ({"\ud800": 1}, "a character that is not Unicode text"),
        (["\udfff"], "a character that is not Unicode text"),
        ([2**64], "a number that is too large"),
        ([-(10**5000)], "a number that is too large"),
        ({"a": math.nan}, "a number that is too large, or is none"),
        (b"x", "a value of the type bytes"),
        ({"a": (1,)}, "a value of the type tuple"),
        (json.loads("[" * 101 + "]" * 101), "values that are nested too deeply"),
    ],
)
def test_what_cannot_be_written_as_json_for_every_reader(value: t.Any, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{what}"):
        check_json(value)


@pytest.mark.parametrize("value", [None, "x", 1e300, 2**64 - 1, -(2**63), {"a": [True, {}, []]}, "\x1b\U0001f600"])
def test_what_can_be_written_as_json_for_every_reader(value: t.Any) -> None:
    check_json(value)
    check_json(json.loads("[" * 98 + "]" * 98))
