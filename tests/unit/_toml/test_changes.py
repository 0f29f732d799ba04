"""What an edit has to change, and which files do not allow it."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import (
    KeyChange,
    apply_changes,
    find_changes,
    set_value,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, ValuePath, copy_of, parse
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import check_lists
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

PATH = "config.toml"


@pytest.mark.parametrize(
    ("old", "wanted", "words"),
    [
        ("model = 'x'\n", {"model": {"name": "y"}}, "has a value at model, where the playbook has a table"),
        ("a.b = 1\n", {"a": {"b": {"c": 1}}}, "has a value at a.b"),
        ("a.b = 1979-05-27\n", {"a": {"b": {"c": {"d": 1}}}}, "has a value at a.b"),
        ("[[a]]\nb = 1\n", {"a": {"b": 1}}, "has a value at a"),
        ("[model]\n", {"model": "x"}, "has a table at model, where the playbook has a value"),
    ],
)
def test_a_value_where_a_table_is_wanted_is_refused_and_a_table_where_a_value_is(
    old: str, wanted: Table, words: str
) -> None:
    with pytest.raises(CodexError, match=words):
        find_changes(parse(old, PATH), wanted, [], PATH)


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (
            "l = 'x'\n",
            "^config.toml has no list at l, so nothing can be merged into it. Leave its entry out of lists to replace "
            "what is there.$",
        ),
        ("[[l]]\nn = 1\n[[l]]\nn = 1\n", "has several items with one n at l, so none can be chosen"),
        ("[[l]]\nn = 1\nt = 1\n", r"has a value at l\[0\].t, where the playbook has a table"),
    ],
)
def test_a_list_that_does_not_fit_what_is_there(old: str, words: str) -> None:
    settings = {"l": [{"n": 1, "t": {"x": 1}}]}
    with pytest.raises(CodexError, match=words):
        find_changes(parse(old, PATH), settings, [], PATH, check_lists([{"path": ["l"], "match": "n"}], settings))


@pytest.mark.parametrize(
    ("data", "settings", "absent", "changes", "after"),
    [
        ({}, {}, [], [], {}),
        ({"a": 1}, {"a": 1}, [("b",), ("a", "b")], [], {"a": 1}),
        ({"a": 1}, {"a": 2}, [], [KeyChange(("a",), "changed", 1, 2)], {"a": 2}),
        ({}, {"t": {"a": 1}}, [], [KeyChange(("t",), "added", None, {"a": 1})], {"t": {"a": 1}}),
        ({"t": {"b": 2}}, {"t": {"a": 1}}, [], [KeyChange(("t", "a"), "added", None, 1)], {"t": {"b": 2, "a": 1}}),
        ({"t": {"b": 2}}, {}, [("t", "b")], [KeyChange(("t", "b"), "removed", 2, None)], {"t": {}}),
        ({"l": [1, 2]}, {"l": [2]}, [], [KeyChange(("l",), "changed", [1, 2], [2])], {"l": [2]}),
        ({"a": 1}, {"a": 1.0}, [], [KeyChange(("a",), "changed", 1, 1.0)], {"a": 1.0}),
        ({"a": False}, {"a": 0}, [], [KeyChange(("a",), "changed", False, 0)], {"a": 0}),
        # What goes is named first, in the order in which it was asked for.
        (
            {"a": 1, "b": 2},
            {"c": 3},
            [("b",), ("a",)],
            [
                KeyChange(("b",), "removed", 2, None),
                KeyChange(("a",), "removed", 1, None),
                KeyChange(("c",), "added", None, 3),
            ],
            {"c": 3},
        ),
    ],
)
def test_changes_and_the_data_that_comes_of_them(
    data: Table, settings: Table, absent: list[tuple[str, ...]], changes: list[KeyChange], after: Table
) -> None:
    before = copy_of(data)
    assert find_changes(data, settings, absent, PATH) == changes
    assert data == before
    apply_changes(data, changes)
    assert data == after
    assert find_changes(data, settings, absent, PATH) == []


@pytest.mark.parametrize(
    ("data", "path", "after"),
    [
        ({}, ("a",), {"a": 5}),
        ({}, ("t", "u", "a"), {"t": {"u": {"a": 5}}}),
        ({"l": [1]}, ("l", 0), {"l": [5]}),
        ({"l": [1]}, ("l", 1), {"l": [1, 5]}),
        ({"l": [{}]}, ("l", 0, "t", "a"), {"l": [{"t": {"a": 5}}]}),
    ],
)
def test_a_value_is_put_where_its_path_leads(data: Table, path: ValuePath, after: Table) -> None:
    set_value(data, path, 5)
    assert data == after


def test_a_value_in_a_list_of_tables_takes_the_headers_from_all() -> None:
    """TOML has no header for it, so the whole list becomes another one."""
    settings, there = {"l": [5]}, [{"a": 1}]
    rules = check_lists([{"path": ["l"], "append": True}], settings)
    assert find_changes({"l": there}, settings, [], PATH, rules) == [KeyChange(("l",), "changed", there, [{"a": 1}, 5])]
