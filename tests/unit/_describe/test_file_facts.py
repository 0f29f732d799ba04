"""What is read out of a file's bytes."""

from __future__ import annotations

import re

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.file_facts import variable_names
from ansible_collections.fleet.codex.plugins.module_utils.describe import is_profile
from hypothesis import example, given
from hypothesis import strategies as st


@given(st.lists(st.text("aA_1= \t\"'#é\r") | st.sampled_from(["export ", "export\t", "A=b"]), max_size=4).map("".join))
@example("export A=b")
@example(" export\tA='b'")
@example("exportA=b")
@example("export export A=b")
@example("A =b")
@example("A=''")
@example('A="')
@example("A= b")
def test_a_variable_is_named_where_its_value_is_not_empty(line: str) -> None:
    """By the rule of docs/protocol.md, as one pattern."""
    pattern = r"[ \t]*(?:export[ \t]+)?(\w+)=[\"']?[^\s\"']"
    expected = re.match(pattern, line)
    assert list(variable_names(f"B=\n{line}\n#C=d")) == ([expected[1]] if expected else [])


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("work.config.toml", True),
        ("My-work_2.config.toml", True),
        ("config.toml", False),
        (".config.toml", False),
        ("two words.config.toml", False),
        ("é.config.toml", False),
        ("work.config.toml~", False),
        ("work.config.toml\n", False),
    ],
)
def test_codex_takes_these_names_for_profiles(name: str, profile: bool) -> None:
    assert is_profile(name) is profile
