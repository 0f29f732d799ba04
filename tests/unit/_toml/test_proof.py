"""The proof of an edit refuses results that an editor with a mistake would make."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import ValuePath, parse
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.lines import scan
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.proof import holds, only_these_lines_differ

OLD = """\
# banner

# of a
a = 1 # one

# of b
b = [
  1, # first
]

[t]
x = 1
# of y
y = 1

# of u
[u.v]
z = 1
"""


def added(*path: str | int, value: t.Any = 2) -> KeyChange:
    return KeyChange(path, "added", None, value)


def changed(*path: str, value: t.Any = 2) -> KeyChange:
    return KeyChange(path, "changed", 1, value)


def removed(*path: str) -> KeyChange:
    return KeyChange(path, "removed", 1, None)


def lines_are_right(new: str, *changes: KeyChange) -> bool:
    return only_these_lines_differ(scan(OLD), scan(new), changes)


RIGHT: dict[str, tuple[str, str, KeyChange]] = {
    "a value": ("a = 1", "a = 2", changed("a")),
    "a value in several lines": ("a = 1", 'a = """\n2\n"""', changed("a", value="2\n")),
    "a key goes with its comment": ("# of a\na = 1 # one\n\n", "", removed("a")),
    "an item more": ("  1, # first\n", "  1, # first\n  2,\n", added("b", 1)),
    "a key more": ("x = 1\n", "x = 1\nn = 2\n", added("t", "n")),
    "a table more": ("\n# of u", "\n[t.n]\nk = 2\n\n# of u", added("t", "n", value={"k": 2})),
    "a header for a table that was implied": ("# of u\n", "[u]\nn = 2\n\n# of u\n", added("u", "n")),
    "a table goes": ("# of u\n[u.v]\nz = 1\n", "", removed("u", "v")),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right(name: str) -> None:
    before, after, change = RIGHT[name]
    assert OLD.count(before) == 1
    assert lines_are_right(OLD.replace(before, after), change)


WRONG: dict[str, tuple[str, str, KeyChange]] = {
    "another value": ("x = 1", "x = 2", changed("a")),
    "the same value, written otherwise": ("x = 1", "x = 0x1", changed("a")),
    "other blanks": ("x = 1", "x =  1", changed("a")),
    "another line end": ("x = 1\n", "x = 1\r\n", changed("a")),
    "the comment behind the value": (" # one", "", changed("a")),
    "the blanks before that comment": (" # one", "  # one", changed("a")),
    "the comment above a value": ("# of a\n", "", changed("a")),
    "the comment above another key": ("# of y\n", "", removed("a")),
    "the comment above another header": ("# of u\n", "", removed("a")),
    "the banner": ("# banner\n\n# of a\na = 1 # one\n\n", "", removed("a")),
    "a comment in another value": (" # first", "", changed("a")),
    "a blank line elsewhere": ("y = 1\n\n", "y = 1\n", changed("a")),
    "one blank line more elsewhere": ("y = 1\n\n", "y = 1\n\n\n", changed("a")),
    "another order": ("x = 1\n# of y\ny = 1\n", "# of y\ny = 1\nx = 1\n", changed("a")),
    "a key more": ("x = 1\n", "x = 1\nn = 1\n", changed("a")),
    "the blanks before the value": ("a = 1", "a =  2", changed("a")),
    "a header on the way to a key": ("[t]\n", "[ t ]\n", added("t", "n")),
    "a header more": ("# of u\n", "[u]\n\n# of u\n", changed("a")),
    "a header more than needed": ("# of u\n", "[u]\n\n# of u\n", added("t", "n")),
    "a comment more": ("x = 1\n", "# new\nx = 1\n", changed("a")),
    "a key in another table": ("z = 1\n", "z = 1\nn = 2\n", added("t", "n")),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str) -> None:
    before, after, change = WRONG[name]
    assert OLD.count(before) == 1
    assert not lines_are_right(OLD.replace(before, after), change)


def test_nothing_changes_nothing() -> None:
    assert lines_are_right(OLD)
    assert not only_these_lines_differ(scan("a = 1\n"), scan(""), [])


@pytest.mark.parametrize(
    ("new", "path", "right"),
    [
        ("a = 2\n", ("a",), True),
        ("a = 2.0\n", ("a",), False),
        ("a = true\n", ("a",), False),
        ("a = 1\n", ("a",), False),
        ("a = 2\nb = 1\n", ("a",), False),
        ("", ("a",), False),
    ],
)
def test_data_must_be_the_old_ones_and_the_change(new: str, path: ValuePath, right: bool) -> None:
    assert holds(parse(new, ""), {"a": 1}, [KeyChange(path, "changed", 1, 2)]) is right


def test_a_parent_that_a_removal_empties_may_stay_or_go_and_nothing_else_may() -> None:
    for new, right in [({"a": {"b": {}}}, True), ({"a": {}}, True), ({}, True), ({"a": {"b": {"c": 1}}}, False)]:
        assert holds(new, {"a": {"b": {"c": 1}}}, [removed("a", "b", "c")]) is right
    assert not holds({}, {"a": {"b": 1, "c": 1}}, [removed("a", "b")])
    assert not holds({}, {"a": {"b": 1}, "e": {}}, [removed("a", "b")])


def test_blank_lines_at_the_beginning_and_at_the_end_stay() -> None:
    for old, new in (("a = 1\n", "\na = 1\n"), ("\na = 1\n", "a = 1\n"), ("a = 1\n", "a = 1\n\n")):
        assert not only_these_lines_differ(scan(old), scan(new), [])


def test_the_last_line_may_have_another_line_end_where_the_text_has_none_after_it() -> None:
    old, new = scan("a = 1\r\nb = 2\nc = 3\n"), scan("a = 1\n")
    gone = [removed("b"), removed("c")]
    assert only_these_lines_differ(old, new, gone, has_final_line_end=False)
    assert not only_these_lines_differ(old, new, gone)
    assert not only_these_lines_differ(old, scan("a = 2\n"), gone, has_final_line_end=False)
    assert not only_these_lines_differ(scan("a = 1\r\nb = 2\n"), scan("a = 1\nb = 2\n"), [], False)
