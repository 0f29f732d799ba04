"""What is read out of a file's bytes."""

from __future__ import annotations

import hashlib
import re

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.content import (
    LINE_LIMIT,
    LINES_LIMIT,
    VARIABLE_LIMIT,
    describe_content,
    variables,
)
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
@example("\r1=1")
def test_a_variable_is_told_where_its_value_is_not_empty(line: str) -> None:
    """By the rule of docs/protocol.md, as one pattern."""
    pattern = r"[ \t]*(?:export[ \t]+)?(\w+)=(?=[\"']?[^\s\"'])(.*)"
    found = re.match(pattern, line, re.DOTALL)
    expected = [(found[1], hashlib.sha256(found[2].encode()).hexdigest())] if found else []
    assert list(variables(f"B=\n{line}\n#C=d")) == expected


def test_of_a_value_its_digest_alone_is_told() -> None:
    assert "SECRETMARKER" not in str(list(variables("A=SECRETMARKER\nB='SECRETMARKER'")))


def test_what_a_user_fills_a_file_with_is_told_up_to_a_limit() -> None:
    many = "".join(f"NAME{number}=x\n" for number in range(VARIABLE_LIMIT + 1)).encode()
    assert len(describe_content(many, "variables")["variables"]) == VARIABLE_LIMIT
    (name,) = describe_content(b"N" * 1_000_000 + b"=x", "variables")["variables"]
    assert len(name) == LINE_LIMIT
    lines = describe_content((b"x" * 1_000_000 + b" # mark\n") * (LINES_LIMIT + 1), {"lines": "# mark"})["lines"]
    assert [len(line) for line in lines] == [LINE_LIMIT] * LINES_LIMIT


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
