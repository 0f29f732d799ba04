"""The statements that a document is read as: where each begins and ends, and which key it is about."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import ValuePath
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.lines import (
    attached,
    blanks_at_end,
    ended,
    line_end_of,
    scan,
)


@pytest.mark.parametrize(
    ("text", "kind", "path", "value"),
    [
        ("a = 1\n", "key", ("a",), "1"),
        ("\ta  =  'x' # c\n", "key", ("a",), "'x'"),
        ("X = 1\n", "key", ("X",), "1"),
        ("X.Y = 1\n", "key", ("X", "Y"), "1"),
        ("a . 'b.c' . \"\\u0064\" = 1\n", "key", ("a", "b.c", "d"), "1"),
        ("a = [1, 2] # ]\n", "key", ("a",), "[1, 2]"),
        ("a = [ # ]\n  [1], {b = ']'}, # [\n]\n", "key", ("a",), "[ # ]\n  [1], {b = ']'}, # [\n]"),
        ("a = {b = [1], c = {}}\r\n", "key", ("a",), "{b = [1], c = {}}"),
        ('a = """x\n# y\n"""\n', "key", ("a",), '"""x\n# y\n"""'),
        ("a = 1979-05-27 07:32:00\n", "key", ("a",), "1979-05-27 07:32:00"),
        ("[X.Y]\n", "table", ("X", "Y"), ""),
        (" [ a . 'b' ] # c\n", "table", ("a", "b"), ""),
        ("[[a]]\n", "array", ("a", 0), ""),
    ],
)
def test_a_statement(text: str, kind: str, path: ValuePath, value: str) -> None:
    (one,) = scan(text).statements
    begin, end = one.value
    assert (one.kind, one.path, one.text[begin:end], one.text) == (kind, path, value, text)


def test_the_way_to_a_key_goes_by_the_headers_above_it() -> None:
    text = "k = 1\n[t]\nk = 1\na.b = 1\n[[l]]\nk = 1\n[l.u]\nk = 1\n[[l.v]]\n[[l]]\n[[l.v]]\n[[l.v]]\nk = 1\n"
    statements = scan(text).statements
    assert [one.path for one in statements] == [
        ("k",),
        ("t",),
        ("t", "k"),
        ("t", "a", "b"),
        ("l", 0),
        ("l", 0, "k"),
        ("l", 0, "u"),
        ("l", 0, "u", "k"),
        ("l", 0, "v", 0),
        ("l", 1),
        ("l", 1, "v", 0),
        ("l", 1, "v", 1),
        ("l", 1, "v", 1, "k"),
    ]
    assert [one.table for one in statements if one.kind == "key"] == [
        (),
        ("t",),
        ("t",),
        ("l", 0),
        ("l", 0, "u"),
        ("l", 1, "v", 1),
    ]


def test_blank_lines_and_comments_are_above_a_statement_or_below_the_last() -> None:
    lines = scan("\n# of a\na = 1\n \n\t# of t\n[t] # c\n# end\n\n")
    assert [one.above for one in lines.statements] == ["\n# of a\n", " \n\t# of t\n"]
    assert lines.below == "# end\n\n"
    assert scan("").below == ""


@pytest.mark.parametrize(
    ("above", "own", "blanks"),
    [
        ("", "", ""),
        ("# c\n", "# c\n", ""),
        ("# banner\n\n# c\n \t# d\n", "# c\n \t# d\n", ""),
        ("# banner\n \n\r\n", "", " \n\r\n"),
    ],
)
def test_a_statements_own_comments_and_the_blank_lines_above_it(above: str, own: str, blanks: str) -> None:
    assert attached(above) == (above.removesuffix(own), own)
    assert blanks_at_end(above) == (above.removesuffix(blanks), blanks)


@pytest.mark.parametrize(
    ("text", "line_end", "whole"),
    [
        ("", "\n", ""),
        ("a = 1", "\n", "a = 1\n"),
        ("a = 1\n", "\n", "a = 1\n"),
        ("a = 1\r\nb = 1", "\r\n", "a = 1\r\nb = 1\r\n"),
        ("a = 1\r\nb = 1\n", "\n", "a = 1\r\nb = 1\n"),
    ],
)
def test_line_ends(text: str, line_end: str, whole: str) -> None:
    assert line_end_of(text) == line_end
    assert ended(text, line_end) == whole
