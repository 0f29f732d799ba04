"""What a result shows has no character that controls a terminal, and everything else stays as it is."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import CONTROL, printable_result
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\0\x07\x08\x0c\r\x7f", r"\x00\x07\x08\x0c\x0d\x7f"),
        ("\x80\x9b\x9f", r"\x80\x9b\x9f"),
        ("\u200e\u200f\u202a\u202e\u2066\u2069", r"\u200e\u200f\u202a\u202e\u2066\u2069"),
        ("a\nok: [host]\tb\u2028c", r"a\x0aok: [host]\x09b\u2028c"),
        ("\udcff", r"\udcff"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    result = {"msg": text, "homes": [{"path": text, "deep": {text: (text, 1)}}], "warnings": [text]}
    assert printable_result(result) == {
        "msg": shown,
        "homes": [{"path": shown, "deep": {shown: [shown, 1]}}],
        "warnings": [shown],
    }


@given(st.text(st.characters(codec="utf-8")).filter(lambda text: not CONTROL.search(text)))
def test_ordinary_text_is_not_changed(text: str) -> None:
    result = {"path": f"/home/{text}/.codex", "n": [1, 2.5, None, True], "diff": [{"before": text, "after": text}]}
    assert printable_result(result) == result


def test_backslashes_blanks_and_other_scripts_stay() -> None:
    result = {"path": "C:\\Users\\x /\u00e9\u4e2d\u05d0\U0001f600\u00a0\u200d\ufeff"}
    assert printable_result(result) == result


def test_a_diff_keeps_its_lines_and_its_headers_have_one() -> None:
    diff = {"before": "a\n\tb\x1b\r\n", "after": "\u202e", "before_header": "/x\ny", "after_header": "\t"}
    assert printable_result({"diff": [diff]}) == {
        "diff": [
            {"before": "a\n\tb\\x1b\\x0d\n", "after": "\\u202e", "before_header": "/x\\x0ay", "after_header": "\\x09"}
        ]
    }
