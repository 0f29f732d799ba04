"""JSON by CPython's accelerator is what the module json makes of it."""

from __future__ import annotations

import json
import math
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target import json_text
from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import dumps, loads
from hypothesis import given
from hypothesis import strategies as st

VALUES: st.SearchStrategy[t.Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
BLANKS = st.text(" \t\r\n", max_size=3)


@given(VALUES)
def test_a_value_is_written_as_json_writes_it(value: t.Any) -> None:
    assert dumps(value) == json.dumps(value)


@given(VALUES, BLANKS, BLANKS, st.booleans())
def test_a_text_is_read_as_json_reads_it(value: t.Any, before: str, after: str, ascii_only: bool) -> None:
    text = before + json.dumps(value, ensure_ascii=ascii_only) + after
    assert loads(text) == json.loads(text) == value


def outcome(read: t.Callable[..., t.Any], text: str) -> t.Any:
    try:
        return repr(read(text))
    except (ValueError, RecursionError) as error:
        return ValueError if isinstance(error, ValueError) else RecursionError


@given(st.text('{}[]":,\\ud0ab-+.eEntrfals \n\t\u00a0\ufeff') | st.text())
def test_what_json_refuses_is_refused(text: str) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ufeff{}", "{} {}", "{},", "\u00a01", "1\u00a0", "[1,]", '{"a" 1}', '"\t"', '"\\x"', '"', "nul", "01"],
)
def test_what_is_not_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity, -Infinity]", '"\\ud800"', "1e999", "-0.0", "1" * 100])
def test_odd_values_are_those_of_json(text: str) -> None:
    assert repr(loads(text)) == repr(json.loads(text))


def test_pairs_are_handed_over_with_their_duplicates() -> None:
    text = '{"a": {"b": 1, "b": 2}, "a": 3}'
    assert loads(text, object_pairs_hook=list) == json.loads(text, object_pairs_hook=list)


@pytest.mark.parametrize("text", ["9" * 401, "-" + "9" * 5000, f'{{"a": [{"1" * 4_000_000}]}}'])
def test_an_integer_without_end_is_a_value_error(text: str) -> None:
    """On every Python: those before 3.11 have no limit, and would take minutes."""
    with pytest.raises(ValueError, match="too many digits"):
        loads(text)


def test_what_is_nested_without_end_is_a_recursion_error() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000):
        assert outcome(loads, text) == outcome(json.loads, text)


def test_numbers_that_json_cannot_say_are_written_as_python_does() -> None:
    for value in (math.inf, -math.inf, math.nan, {2: 2, None: 3, True: 4}):
        assert dumps(value) == json.dumps(value)


def test_what_json_cannot_hold_is_a_type_error() -> None:
    for value in (b"x", {1}, [object()], {"a": (1, {2})}):
        with pytest.raises(TypeError):
            dumps(value)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="has no accelerator")
def test_here_it_is_the_accelerator() -> None:
    assert json_text.loads is not json.loads
    assert json_text.dumps is not json.dumps
