"""What an answer of the Responses API says about a key, and which options are refused before it is asked."""

from __future__ import annotations

import base64
import inspect
import json
import re
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils import api_key as program
from ansible_collections.fleet.codex.plugins.plugin_utils.api_key import (
    REFUSALS,
    TROUBLES,
    Verdict,
    check_base_url,
    judge,
    key_question,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import KeyAnswer

KEY = "fleet-test-key.0123456789"
OPTIONS = {
    "api_key": KEY,
    "base_url": "https://api.openai.com/v1",
    "proxy": None,
    "ca_file": None,
    "timeout": 30,
    "retries": 3,
}
LACKS = "You have insufficient permissions for this operation."


def error(message: str = "", code: object = None) -> dict[str, t.Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


def asked(status: int, body: object, attempts: int = 1, retry_after: float | None = None) -> Verdict:
    """The verdict on an answer with this body, which is text as it is or else JSON."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    answer: KeyAnswer = {
        "status": status,
        "body": base64.b64encode(data).decode(),
        "attempts": attempts,
        "retry_after": retry_after,
    }
    return judge(answer, key_question(OPTIONS))


INVALID = "invalid_api_key"
WRITE = "api.responses.write"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error("Missing required parameter: 'model'.", "missing_required_parameter"), (True, True, [])),
        (400, error("Something else is wrong.", "x"), (True, True, [])),
        (400, error("", INVALID), (False, False, [])),
        (401, error(f"Incorrect API key provided: {KEY}", INVALID), (False, False, [])),
        (401, error(f"Incorrect API key provided: {KEY}"), (False, False, [])),
        (401, error(f"{LACKS} Missing scopes: {WRITE}. Check your role."), (True, False, [WRITE])),
        (403, error(f"{LACKS} Missing scopes: {WRITE}. Check your role."), (True, False, [WRITE])),
        (403, error(f"{LACKS} Missing scopes: {WRITE}, model.request"), (True, False, [WRITE, "model.request"])),
        (401, error(f"{LACKS} Missing scopes: {KEY}, a.b"), (True, False, ["a.b"])),
        (401, error(f"{LACKS} Missing scopes: {KEY[4:]}"), (True, False, [])),
        (401, error(f"{LACKS} Missing scopes: Bearer; rm"), (True, False, [])),
        (403, error(LACKS), (True, False, [])),
        (401, error("The account is deactivated.", "account_deactivated"), (False, False, [])),
        (401, error("Not from there.", "ip_not_authorized"), (None, False, [])),
        (403, error("Not there.", "unsupported_country_region_territory"), (None, False, [])),
        (401, error("You must be a member of an organization to use the API."), (None, False, [])),
        (401, error("", ["no", "text"]), (None, False, [])),
        (401, {"error": {}}, (None, False, [])),
        (429, error("No credit.", "insufficient_quota"), (True, None, [])),
    ],
)
def test_results(status: int, body: object, expected: tuple[object, ...]) -> None:
    verdict = asked(status, body)
    assert (verdict["valid"], verdict["responses_write"], verdict["missing_scopes"]) == expected
    assert verdict["status"] == status
    assert verdict["message"].endswith(".") and "\n" not in verdict["message"]
    assert KEY[:8] not in str(verdict) and KEY[-8:] not in str(verdict)


STRANGE = [
    "<html>400 Bad Request</html>",
    "",
    "{",
    "[" * 100_000,
    "null",
    "[]",
    {"error": None},
    {"error": "unauthorized"},
    {"detail": "Method Not Allowed"},
    b"\xff".decode("latin-1"),
]


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", STRANGE, ids=lambda body: str(body)[:12])
def test_what_is_not_the_apis_is_refused(status: int, body: object) -> None:
    with pytest.raises(CodexError, match=rf"^api\.openai\.com does not answer as .*HTTP {status}"):
        asked(status, body)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"id": "resp"}), "HTTP 200"),
        ((405, error("Method not allowed")), "HTTP 405"),
        ((422, error("model: field required")), "HTTP 422"),
        ((301, ""), "not followed"),
        ((307, ""), "not followed"),
        ((404, error("Not found")), "without /responses"),
        ((429, error("Too many.", "rate_limit_exceeded"), 4), "HTTP 429"),
        ((429, "<html>", 4, 7.0), "7 seconds"),
        ((500, "<html>", 1), "HTTP 500, once"),
        ((503, error("Overloaded."), 4), "HTTP 503, 4 times"),
    ],
)
def test_no_answer_to_the_question_is_refused(answer: tuple[t.Any, ...], words: str) -> None:
    with pytest.raises(CodexError) as caught:
        asked(*answer)
    assert words in str(caught.value)
    assert str(caught.value).startswith("api.openai.com")


def test_every_trouble_of_the_program_has_a_sentence() -> None:
    code = inspect.getsource(program)
    pattern = r'Trouble\("(\w+)"|"trouble": "(\w+)"|\("(\w+)", "(\w+)"\)|reason = "(\w+)" if .* else "(\w+)"'
    assert {reason for found in re.findall(pattern, code) for reason in found if reason} == set(TROUBLES)
    for reason in TROUBLES:
        with pytest.raises(CodexError, match=r"api\.openai\.com"):
            judge({"trouble": reason, "cause": "cause"}, key_question(OPTIONS))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1"),
        ("https://gateway.example.com:8443", "https://gateway.example.com:8443"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("HTTPS://api.openai.com/v1", "HTTPS://api.openai.com/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
    ],
)
def test_base_urls(given: str, kept: str) -> None:
    assert check_base_url(given) == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "must be a URL"),
        ("api.openai.com/v1", "must be a URL"),
        ("https:///v1", "must be a URL"),
        ("https://host:port/v1", "must be a URL"),
        ("https://host:99999/v1", "must be a URL"),
        ("https://host:0/v1", "must be a URL"),
        ("https://[::1/v1", "must be a URL"),
        ("https://host/v1 ", "must be a URL"),
        ("https://host/v1\r\nX: y", "must be a URL"),
        ("https://höst/v1", "must be a URL"),
        ("https://user:SECRETMARKER@host/v1", "user or a password"),
        ("https://host/v1?api-version=SECRETMARKER", "without a query"),
        ("https://host/v1#SECRETMARKER", "without a query"),
        ("http://api.openai.com/v1", "must begin with https://"),
        ("http://127.0.0.1.example.com/v1", "must begin with https://"),
        ("http://localhost.example.com/v1", "must begin with https://"),
        ("http://10.0.0.1/v1", "must begin with https://"),
        ("ftp://127.0.0.1/v1", "must begin with https://"),
        ("file://localhost/v1", "must begin with https://"),
    ],
)
def test_base_urls_that_are_refused(given: str, words: str) -> None:
    with pytest.raises(CodexError, match=words) as caught:
        check_base_url(given)
    assert str(caught.value).startswith("base_url") and "SECRETMARKER" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": f"{KEY} "}, "api_key contains blanks"),
        ({"api_key": f"{KEY}\n{KEY}"}, "api_key has more than one line"),
        ({"ca_file": "ca.pem"}, "ca_file must be an absolute path"),
        ({"ca_file": "~/ca.pem"}, "ca_file must be an absolute path"),
        ({"ca_file": "/ca\0.pem"}, "ca_file must be an absolute path"),
        ({"timeout": 0}, "timeout must be a number from 1 to 300"),
        ({"timeout": 301}, "timeout must be a number from 1 to 300"),
        ({"retries": -1}, "retries must be a number from 0 to 10"),
        ({"retries": 11}, "retries must be a number from 0 to 10"),
    ],
)
def test_options_that_are_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words) as caught:
        key_question({**OPTIONS, **options})
    assert KEY not in str(caught.value)


def test_a_line_end_after_the_key_is_dropped() -> None:
    assert key_question({**OPTIONS, "api_key": f"{KEY}\n", "ca_file": ""}) == OPTIONS


def test_known_reasons_are_sentences() -> None:
    assert all(sentence.endswith(".") for _valid, sentence in REFUSALS.values())
