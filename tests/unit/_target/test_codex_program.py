"""What is made of the words of a `codex`, and which processes it left."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.codex_words import WORDS_LIMIT, words_of
from ansible_collections.fleet.codex.tests.support.skips import unavailable

BEGIN = "Error loading configuration: "
REFUSAL = f"""WARNING: proceeding, even though PATH could not be updated
{BEGIN}config.toml:12:8: invalid type: integer `7`, expected a string
   |
12 | secret = "SECRETMARKER"
   |          ^^^^^^^^^^^^^^

help: see the documentation
"""


def test_what_codex_says_of_a_configuration_comes_without_the_lines_of_the_file() -> None:
    said = str(words_of(REFUSAL))
    assert said.startswith(f"{BEGIN}config.toml:12:8: ")
    assert said.endswith("integer (hidden), expected a string help: see the documentation")
    assert len(str(words_of(BEGIN + "x" * 2 * WORDS_LIMIT))) == WORDS_LIMIT


@pytest.mark.parametrize(
    "value",
    [
        r'string "SECRETMARKER"',
        r'string "a\"SECRETMARKER\\"',
        r'string "\n\u{200b}SECRETMARKER"',
        'string "' + "x" * 2 * WORDS_LIMIT + 'SECRETMARKER"',
        'string "SECRETMARKER',
        "integer `123SECRETMARKER`",
        "floating point `1.5SECRETMARKER`",
        "unknown variant `SECRETMARKER`",
        "string `SECRETMARKER`",
    ],
)
def test_no_value_of_the_file_is_in_them(value: str) -> None:
    said = str(words_of(f"{BEGIN}invalid type: {value}, expected a map in `mcp_servers.a.env`"))
    assert "SECRETMARKER" not in said
    assert "(hidden)" in said
    assert said.endswith("`mcp_servers.a.env`") or value.endswith("MARKER")


@pytest.mark.parametrize(
    "text",
    [
        "Not logged in",
        "Error checking login status: No such file or directory (os error 2)",
        "Error checking login status: failed to load CLI auth from keyring",
        f"{BEGIN}Model provider `acme` not found",
        "",
    ],
)
def test_what_says_nothing_about_the_file_is_no_refusal(text: str) -> None:
    assert words_of(text) is None


LIST = """
import subprocess, sys
from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import list_children
child = subprocess.Popen(["sleep", "300"])
print(list_children() == [child.pid], list_children())
child.kill()
"""


def test_children_are_found_but_not_in_the_processes_of_another_namespace() -> None:
    """There, as in some containers, a number in /proc is that of a process that this run did not start."""
    if os.geteuid() != 0:
        unavailable("needs root")
    for wrapper, expected in (([], "True ["), (["unshare", "--pid", "--fork"], "False []")):
        command = [*wrapper, sys.executable, "-c", LIST]
        run = subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
        )
        assert run.stdout.startswith(expected)
