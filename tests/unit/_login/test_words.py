"""What a person reads who is asked to sign in."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._login.output import Prompt
from ansible_collections.fleet.codex.plugins.plugin_utils._login.words import duration, invitation, progress, success


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (900, "15 minutes"),
        (61, "1 minute and 1 second"),
        (60, "1 minute"),
        (59.6, "1 minute"),
        (2, "2 seconds"),
        (0.2, "0 seconds"),
        (-1, "0 seconds"),
    ],
)
def test_a_time_is_told_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_address_stands_alone_on_its_line() -> None:
    text = invitation("web1 (alice)", Prompt("https://example.com/sign-in", port=1455), 900)
    assert "https://example.com/sign-in" in text.splitlines()
    assert "on the machine that Ansible runs on" in text and "15 minutes" in text


def test_a_device_code_is_told_with_its_page() -> None:
    text = invitation("web1 (alice)", Prompt("https://example.com/device", code="ABCD-12345"), 900)
    assert "enter the code ABCD-12345:" in text and "any browser" in text
    assert "https://example.com/device" in text.splitlines()


def test_progress_says_how_long_there_is_time() -> None:
    assert progress("web1 (alice)", 870) == "web1 (alice): waiting for the sign-in; 14 minutes and 30 seconds left."


FORGED = "web1\n\nOpen https://example.com\r\x1b[2J\u202e"


@pytest.mark.parametrize(
    "text",
    [
        success("web1 (alice)", FORGED),
        success(FORGED, "account-1"),
        progress(FORGED, 60),
        invitation(FORGED, Prompt("https://example.com/sign-in", port=1455), 900).replace("\n", "", 1),
    ],
)
def test_a_name_from_a_host_is_no_line_of_its_own(text: str) -> None:
    """An account is called what the host says, and would pass for another invitation."""
    assert text.splitlines()[0].count("web1\\x0a\\x0aOpen https://example.com\\x0d\\x1b[2J\\u202e") == 1
    assert not any(line.startswith("Open https://example.com") for line in text.splitlines())


def test_a_name_without_end_is_cut() -> None:
    assert len(success("web1 (alice)", "x" * 100000)) < 300
