"""What a playbook may give for a config.toml, and which of it a file does not allow."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, parse
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import (
    check_absent,
    check_disjoint,
    check_lists,
    check_settings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

PATH = "config.toml"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": None}, "settings: a is null"),
        ({"a": {"b": [1, None]}}, r"settings: a.b\[1\] is null"),
        ({"a": 2**63}, "64 bits"),
        ({"a": -(2**63) - 1}, "64 bits"),
        ({"a": b"x"}, "a bytes"),
        ({"a": {1}}, "a set"),
        ({1: "a"}, "not text"),
        ({"a": "\ud800"}, "settings: a has a character that is not Unicode"),
        ({"a": {"\udfff": 1}}, "settings: a has a key with a character that is not Unicode"),
    ],
)
def test_settings_that_toml_cannot_say(value: Table, words: str) -> None:
    with pytest.raises(CodexError, match=words):
        check_settings(value, "settings")


def test_settings_that_codex_would_not_read() -> None:
    deep: t.Any = 1
    for _level in range(80):
        deep = [deep]
    assert check_settings({"a": deep[0]}, "settings") == {"a": deep[0]}
    with pytest.raises(CodexError, match="settings is nested by more than 80 levels"):
        check_settings({"a": deep}, "settings")


def test_dates_of_ansibles_own_kind_become_plain_ones() -> None:
    class Tagged(datetime.datetime):
        """As ansible-core 2.19 gives them."""

    settings = check_settings({"a": Tagged(2026, 1, 31, 12)}, "settings")
    assert settings["a"].__class__ is datetime.datetime
    assert find_changes(parse("a = 2026-01-31T12:00:00\n", PATH), settings, [], PATH) == []


def test_absent_paths_that_cover_each_other_are_one() -> None:
    assert check_absent([["a", "b"], ["a"], ["a"], ["c"]], "absent") == [("a",), ("c",)]


@pytest.mark.parametrize("paths", ["mcp_servers", [[]], ["mcp_servers"], [["a", 1]], [[""], []], {"a": 1}])
def test_absent_paths_that_are_not_key_paths(paths: object) -> None:
    with pytest.raises(CodexError, match="absent must"):
        check_absent(paths, "absent")


@pytest.mark.parametrize(
    ("settings", "absent", "where", "words"),
    [
        ({"a": {"b": 1}}, ("a", "b"), "", "a.b is in both settings and absent. Leave it out of one."),
        ({"a": {"b": 1}}, ("a",), "config.", "a is in both config.settings and config.absent."),
        ({"a": {"b": 1}}, ("a", "c"), "", None),
        ({"a": 1}, ("a", "b"), "", None),
        ({}, ("a",), "", None),
    ],
)
def test_a_key_is_set_or_absent(settings: Table, absent: tuple[str, ...], where: str, words: str | None) -> None:
    if words is None:
        check_disjoint(settings, [absent], where)
        return
    with pytest.raises(CodexError) as refused:
        check_disjoint(settings, [("x",), absent], where)
    assert str(refused.value).startswith(words)


SETTINGS: Table = {"args": ["a"], "t": {"l": [{"name": "a", "in": [1]}, {"name": "b"}]}, "same": [{"n": 1}, {"n": 1}]}


def test_rules_for_lists() -> None:
    entries = [
        {"path": ["args"], "append": True, "match": None},
        {"path": ["t", "l"], "append": False, "match": "name"},
        {"path": ["t", "l", "in"], "append": True},
    ]
    assert check_lists(entries, SETTINGS) == {("args",): None, ("t", "l"): "name", ("t", "l", "in"): None}


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"path": [], "append": True}], "config.lists has an entry with an empty path"),
        (
            [{"path": ["args"]}],
            "^config.lists: args needs one of append: true and match with the name of a key, not both.$",
        ),
        ([{"path": ["args"], "append": True, "match": "n"}], "args needs one of append: true and match"),
        ([{"path": ["args"], "append": True}] * 2, "names args twice"),
        ([{"path": ["arg"], "append": True}], "names arg, which is not in config.settings"),
        ([{"path": ["args", "x"], "append": True}], "names args.x, which is not in"),
        ([{"path": ["t"], "append": True}], "names t, which is not a list in config.settings"),
        ([{"path": ["args"], "match": "name"}], "config.settings: args has an item without name"),
        ([{"path": ["t", "l"], "match": "in"}], "t.l has an item without in"),
        ([{"path": ["same"], "match": "n"}], "same has two items with the same n"),
    ],
)
def test_entries_of_lists_that_fit_no_rule(entries: list[Table], words: str) -> None:
    with pytest.raises(CodexError, match=words):
        check_lists(entries, SETTINGS, "config.")


def test_items_that_differ_in_type_are_not_the_same_item() -> None:
    assert check_lists([{"path": ["l"], "match": "n"}], {"l": [{"n": 1}, {"n": 1.0}, {"n": True}]})


def test_options_of_a_module_are_named_as_they_are() -> None:
    with pytest.raises(CodexError, match=r"^lists names arg, which is not in settings\."):
        check_lists([{"path": ["arg"], "append": True}], SETTINGS)
    with pytest.raises(CodexError, match=r"^args is in both settings and absent\."):
        check_disjoint(SETTINGS, [("args",)])
