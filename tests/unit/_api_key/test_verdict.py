"""What an answer of the Responses API says about a key."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._api_key.verdict import REFUSALS, Verdict, judge
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import ProbeAnswer, ProbeRequest

KEY = "fleet-test-key.0123456789"
REQUEST: ProbeRequest = {
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
    answer: ProbeAnswer = {
        "status": status,
        "body": base64.b64encode(data).decode(),
        "attempts": attempts,
        "retry_after": retry_after,
    }
    return judge(answer, REQUEST)


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
        (401, error(f"{LACKS} Missing scopes: ast-key.0x"), (True, False, [])),  # eight characters of the key
        (401, error(f"{LACKS} Missing scopes: at-key.0x"), (True, False, ["at-key.0x"])),
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


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, error(), "The key is valid and may write Responses."),
        (
            403,
            error(f"{LACKS} Missing scopes: {WRITE}, model.request"),
            f"The key is valid and lacks {WRITE}, model.request: give it this permission, or make another key.",
        ),
        (
            403,
            error(LACKS),
            "The key is valid and may not write Responses: give it the permission, or make another key.",
        ),
        (401, error(), "The API refuses the key and gives a reason that is not known here: look at its project."),
        (
            429,
            error("No credit.", "insufficient_quota"),
            "The key is valid, and its organization or project has no credit left, so the API says nothing more.",
        ),
    ],
)
def test_what_is_said_about_a_key(status: int, body: object, message: str) -> None:
    assert asked(status, body)["message"] == message


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
def test_what_is_not_an_answer_of_the_api_is_refused(status: int, body: object) -> None:
    with pytest.raises(CodexError) as caught:
        asked(status, body)
    assert str(caught.value) == (
        f"api.openai.com does not answer as the Responses API does (HTTP {status}): a proxy, a login page or another "
        "service may answer there. Correct base_url, or set proxy to one that leads to the API."
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"id": "resp"}), "HTTP 200"),
        ((405, error("Method not allowed")), "HTTP 405"),
        ((422, error("model: field required")), "HTTP 422"),
        (
            (301, ""),
            "api.openai.com redirects to another address (HTTP 301), which was not followed: the key would go there. "
            "Set base_url to that address if it is the right one.",
        ),
        ((300, ""), "not followed"),
        ((307, ""), "not followed"),
        ((404, error("Not found")), "has no Responses API below base_url"),
        (
            (429, error("Too many.", "rate_limit_exceeded"), 4),
            "api.openai.com is asked too often (HTTP 429). Run again later, or raise retries.",
        ),
        ((429, "<html>", 4, 7.0), "7 seconds"),
        ((500, "<html>", 1), "HTTP 500, once"),
        ((503, error("Overloaded."), 4), "HTTP 503, 4 times"),
    ],
)
def test_an_answer_that_says_nothing_about_the_key_is_refused(answer: tuple[t.Any, ...], words: str) -> None:
    with pytest.raises(CodexError) as caught:
        asked(*answer)
    assert words in str(caught.value)
    assert str(caught.value).startswith("api.openai.com")


def test_known_reasons_are_sentences() -> None:
    assert all(sentence.endswith(".") for _valid, sentence in REFUSALS.values())


def test_what_kept_the_target_from_an_answer_is_one_sentence_about_the_host() -> None:
    with pytest.raises(CodexError) as caught:
        judge({"error": "connect", "cause": "Connection refused"}, REQUEST)
    assert str(caught.value).startswith("api.openai.com cannot be reached from this host (Connection refused).")


def test_the_port_of_the_host_is_named_too() -> None:
    with pytest.raises(CodexError, match=r"^127\.0\.0\.1:8080 did not answer in time"):
        judge({"error": "timeout", "cause": ""}, {**REQUEST, "base_url": "http://127.0.0.1:8080/v1"})
