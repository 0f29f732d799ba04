"""Where `codex login` says to sign in, and what it says of a failure: as it printed them, 0.20.0 to 0.171.0."""

from __future__ import annotations

import signal
import urllib.parse

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._login.output import (
    COMPLAINT_LIMIT,
    OUTPUT_LIMIT,
    Prompt,
    browser_prompt,
    complaint,
    device_prompt,
)
from ansible_collections.fleet.codex.tests.support.credentials import jwt

PAGE = "https://auth.openai.com/oauth/authorize"


def address(back: str = "http://localhost:1455/auth/callback", **more: str) -> str:
    return f"{PAGE}?" + urllib.parse.urlencode({"response_type": "code", **more, "redirect_uri": back, "state": "x"})


def printed(line: str, end: str = "\n") -> str:
    return (
        "Starting local login server on http://localhost:1455.\n"
        f"If your browser did not open, navigate to this URL to authenticate:\n\n{line}{end}"
    )


@pytest.mark.parametrize(
    ("back", "port"),
    [
        ("http://localhost:1455/auth/callback", 1455),
        ("http://127.0.0.1:1455/auth/callback", 1455),
        ("http://127.0.0.1:1457/auth/callback", 1457),
    ],
)
def test_the_port_is_that_of_the_redirect_and_not_of_the_text(back: str, port: int) -> None:
    assert browser_prompt(printed(address(back))) == Prompt(address(back), port=port)
    assert browser_prompt(printed(address(back), "\r\n")) == Prompt(address(back), port=port)


def test_an_address_counts_when_its_line_is_whole() -> None:
    assert browser_prompt(printed(address(), "")) is None
    assert browser_prompt("") is None


@pytest.mark.parametrize(
    "line",
    [
        address("http://localhost:22/"),
        address("http://localhost:22/auth/callback"),
        address("http://localhost:1455/elsewhere"),
        address("http://localhost:1455@example.com/auth/callback"),
        address() + "&redirect_uri=http%3A%2F%2Fexample.com",
        address("http://example.com:1455/"),
        address("https://localhost:1455/"),
        address("http://localhost:999999/"),
        address("http://[localhost:1455/"),
        address().replace("https:", "http:"),
        address(padding="x" * 5000),
        f"{PAGE}?state=x",
        address().replace("auth.openai.com", "auth.openai.com.example.com"),
        address().replace("auth.openai.com", "example.com@notopenai.com"),
        address().replace("auth.openai.com", "openai.com@example.com"),
        address().replace("auth.openai.com", "example.com\\@auth.openai.com"),
        address().replace("auth.openai.com", "example.com\\.openai.com"),
        address().replace("auth.openai.com", "example.com%2f@auth.openai.com"),
        address().replace("auth.openai.com", "example.com%2fauth.openai.com"),
        address().replace("auth.openai.com", "user@auth.openai.com"),
        address().replace("auth.openai.com", "auth.openai.com:8443"),
        address().replace("auth.openai.com", "AUTH.openai.com"),
        address().replace("auth.openai.com", "community.openai.com"),
        address().replace("/oauth/authorize", "/anything"),
        address().replace("/oauth/authorize", "/oauth/authorize/../../logout"),
        address().replace("/oauth/authorize", "/\\example.com/oauth/authorize"),
        address() + "\\",
        "https://[",
    ],
)
def test_another_address_is_none(line: str) -> None:
    """No other port of the controller is opened because of what a host prints."""
    assert browser_prompt(printed(line)) is None


OLD_DEVICE = (
    "\nTo authenticate:\n  1. Open in your browser: \x1b[94mhttps://auth.openai.com/codex/device\x1b[0m\n"
    "  2. Enter the one-time code below within 15 minutes:\n\n     \x1b[94mABCD-12345\x1b[0m\n"
)
NEW_DEVICE = (
    "\nWelcome to Codex [v\x1b[90m0.171.0\x1b[0m]\n\x1b[90mOpenAI's command-line coding agent\x1b[0m\n\n"
    "Follow these steps to sign in with ChatGPT using device code authorization:\n\n1. Open this link in your browser\n"
    "   \x1b[94mhttps://auth.openai.com/codex/device\x1b[0m\n\n"
    "2. Enter this one-time code \x1b[90m(expires in 15 minutes)\x1b[0m\n   \x1b[94mABCD-12345\x1b[0m\n\n"
    "\x1b[90mDevice codes are a common phishing target. Never share this code.\x1b[0m\n\n"
)


@pytest.mark.parametrize("said", [OLD_DEVICE, NEW_DEVICE], ids=["0.45", "0.171"])
def test_a_device_code_is_found_with_its_page(said: str) -> None:
    assert device_prompt(said) == Prompt("https://auth.openai.com/codex/device", code="ABCD-12345")
    assert device_prompt(said[: said.index("ABCD")]) is None
    assert device_prompt(said[: said.index("12345") + 3]) is None


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "auth.openai.com.example.com",
        "notopenai.com",
        "community.openai.com",
        "example.com\\@auth.openai.com",
        "user@auth.openai.com",
        "example.com%2fauth.openai.com",
    ],
)
def test_a_code_for_a_page_of_anybody_else_is_not_shown(host: str) -> None:
    assert device_prompt(NEW_DEVICE.replace("auth.openai.com", host)) is None


@pytest.mark.parametrize("more", ["?next=https://example.com", "/../../logout", "\\@example.com", "x"])
def test_a_code_for_another_page_of_the_same_host_is_not_shown(more: str) -> None:
    assert device_prompt(NEW_DEVICE.replace("/codex/device", f"/codex/device{more}")) is None


def test_blank_lines_without_end_do_not_take_the_time_of_all_others() -> None:
    """Where the time grew with the square of the lines, this took a minute of the processor's time."""
    blank = "https://auth.openai.com/codex/device\n" + " \n" * (OUTPUT_LIMIT // 2)

    def give_up(*_arguments: object) -> None:
        raise AssertionError("It takes far too long.")

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, 10)
    try:
        assert device_prompt(blank) is None
        assert device_prompt(blank + "ABCD-12345\n") is not None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_a_complaint_has_no_device_code() -> None:
    """It goes into the result and into logs, and whoever has the code takes the login."""
    assert (
        complaint(NEW_DEVICE + "Error logging in: ABCD-12345 has expired\n") == "Error logging in: (hidden) has expired"
    )
    assert "ABCD" not in complaint(OLD_DEVICE)


def test_a_complaint_leaves_an_address_readable() -> None:
    said = "Error logging in: error sending request for url (https://auth.openai.com/oauth/token)"
    assert complaint(said) == said


def test_the_complaint_is_the_last_error_in_one_line() -> None:
    said = printed(address()) + "Error logging in: Sign-in failed: access_denied\nbye\n"
    assert complaint(said) == "Error logging in: Sign-in failed: access_denied"
    assert complaint("one\ntwo\n\n") == "two"
    assert complaint("") == ""
    assert len(complaint("Error " + "word " * 200)) == COMPLAINT_LIMIT


@pytest.mark.parametrize(
    "secret",
    [
        jwt({"sub": "fleet-test"}),
        "sk-fleet-test",
        "0123456789abcdef0123456789abcdef",
        "rt-fleet-test-12345678",
        "id_token=" + jwt({"sub": "fleet-test"}),
    ],
)
def test_a_complaint_has_nothing_that_may_be_a_secret(secret: str) -> None:
    said = complaint(f"Error logging in: Token exchange failed: {secret} was refused\n")
    assert secret.rpartition("=")[2] not in said
    assert "(hidden)" in said and said.endswith("was refused")
