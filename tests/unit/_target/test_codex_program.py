"""What is made of the words of a `codex`."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import WORDS_LIMIT, starts, words_of

REFUSAL = """WARNING: proceeding, even though PATH could not be updated
Error loading configuration: config.toml:12:8: invalid type: integer `7`, expected a string
   |
12 | secret = "SECRETMARKER"
   |          ^^^^^^^^^^^^^^

help: see the documentation
"""


def test_what_codex_says_of_a_configuration_comes_without_the_lines_of_the_file() -> None:
    said = words_of(REFUSAL)
    assert said.startswith("Error loading configuration: config.toml:12:8: ")
    assert said.endswith("expected a string help: see the documentation")
    assert words_of("no such word\n\n  here ") == "no such word here"
    assert len(words_of("Error " + "x" * 2 * WORDS_LIMIT)) == WORDS_LIMIT


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (0, "Logged in using an API key", True),
        (1, "Not logged in", True),
        (1, "Error checking login status: No such file or directory (os error 2)", True),
        (1, "Error loading configuration: unknown variant", False),
        (None, "", False),
    ],
)
def test_whether_codex_read_its_configuration(status: int | None, text: str, expected: bool) -> None:
    assert starts((status, text)) is expected
