"""Edits of config.toml: exactly what was asked for, and every other line as it was."""

from __future__ import annotations

import datetime
import difflib
import string
import typing as t

import pytest
import tomli
import tomli_w
from ansible_collections.fleet.codex.plugins.plugin_utils import toml_document, toml_edit, toml_settings
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import Table, equal
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = "/home/alice/.codex/config.toml"
HAND_EDITED = b"""\
# The build farm's Codex. Ask Alice before changing anything.

# Cheaper one for now
model = "gpt-5-mini"  # was gpt-5
approval_policy = "never"

[mcp_servers.docs]   # documentation
command = 'docs-server'
args = [ "--port", "1" ]

# Trusted places
[projects."/srv/app.v1"]
trust_level = "trusted"
"""


def edit(old: bytes, wanted: Table, absent: t.Sequence[tuple[str, ...]] = ()) -> bytes:
    data = toml_document.parse(toml_document.decode(old, PATH), PATH)
    changes = find_changes(data, toml_settings.check_settings(wanted, "settings"), absent, PATH)
    return toml_edit.edit(old, changes, PATH)[0] if changes else old


def changed_lines(old: bytes, new: bytes) -> list[str]:
    lines = difflib.unified_diff(old.decode().splitlines(), new.decode().splitlines(), n=0)
    return [f"{line[0]} {line[1:]}" for line in lines if line[0] in "+-"][2:]


def test_a_hand_edited_file_keeps_every_other_line() -> None:
    new = edit(
        HAND_EDITED,
        {
            "model": "gpt-5",
            "preferred_auth_method": "apikey",
            "projects": {"/srv/app.v1": {"trust_level": "untrusted"}, "/srv/b.c": {"trust_level": "trusted"}},
        },
        [("mcp_servers", "docs", "args")],
    )
    assert changed_lines(HAND_EDITED, new) == [
        '- model = "gpt-5-mini"  # was gpt-5',
        '+ model = "gpt-5"  # was gpt-5',
        '+ preferred_auth_method = "apikey"',
        '- args = [ "--port", "1" ]',
        '+ trust_level = "untrusted"',
        "+ ",
        '+ [projects."/srv/b.c"]',
    ]


@pytest.mark.parametrize(
    ("old", "wanted", "new"),
    [
        (b"", {"a": 1}, b"a = 1\n"),
        (b"[t]\nx = 1\n", {"top": True}, b"top = true\n[t]\nx = 1\n"),
        (b"a.b.c = 1\n", {"a": {"b": {"d": 2}}}, b"a.b.c = 1\na.b.d = 2\n"),
        (b"t = {x = 1}\n", {"t": {"y": 2}}, b"t = {x = 1, y = 2}\n"),
        (b"", {"projects": {"/srv/a.b": {"trust_level": "x"}}}, b'[projects."/srv/a.b"]\ntrust_level = "x"\n'),
        (b"", {"p": "C:\\Users\\x"}, b"p = 'C:\\Users\\x'\n"),
        (b"a = 1\r\nb = 2\r\n", {"c": 3}, b"a = 1\r\nb = 2\r\nc = 3\r\n"),
        (b"\xef\xbb\xbfa = 1\n", {"a": 2}, b"\xef\xbb\xbfa = 2\n"),
        (b"d = 1\n", {"d": "2026-01-01"}, b'd = "2026-01-01"\n'),
        (b"a = 1\n", {"a": 1.0}, b"a = 1.0\n"),
        (b"a = 1\n", {"a": True}, b"a = true\n"),
        (b'a = "1"\n', {"a": 1}, b"a = 1\n"),
        (b"a = 1", {"b": 2}, b"a = 1\nb = 2"),
        (b"a = 1\r\nb = 2\nc = 3\r\n", {"b": 5}, b"a = 1\r\nb = 5\nc = 3\r\n"),
        (b'a = """x\r\ny"""\nb = 2\n', {"b": 5}, b'a = """x\r\ny"""\nb = 5\n'),
        (b"", {"d": datetime.date(2026, 1, 31)}, b"d = 2026-01-31\n"),
    ],
)
def test_edits(old: bytes, wanted: Table, new: bytes) -> None:
    assert edit(old, wanted) == new
    assert edit(new, wanted) == new


@pytest.mark.parametrize(
    ("old", "absent", "new"),
    [
        (b"# banner\n\n# of a\na = 1\nb = 2\n", ("a",), b"# banner\n\nb = 2\n"),
        (b"# of a\na = 1\nb = 2\n", ("a",), b"b = 2\n"),
        (b"[x]\na = 1\n\n# of y\n[y]\nb = 1\n", ("x",), b"\n# of y\n[y]\nb = 1\n"),
        (b"[x]\na = 1\n\n# of y\n[y]\nb = 1\n", ("y", "b"), b"[x]\na = 1\n\n# of y\n[y]\n"),
        (b"t = {x = 1, y = 2}\n", ("t", "x"), b"t = {y = 2}\n"),
        (b"a = 1\n", ("b", "c"), b"a = 1\n"),
        (b"a = 1\n", ("a", "c"), b"a = 1\n"),
    ],
)
def test_removals(old: bytes, absent: tuple[str, ...], new: bytes) -> None:
    found = edit(old, {}, [absent])
    assert tomli.loads(found.decode()) == tomli.loads(new.decode())
    assert found.decode().strip("\n").replace("{y", "{ y") == new.decode().strip("\n").replace("{y", "{ y")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'a = "SECRETMARKER\n', "line 1"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"[t]\n[t]\n", "line 2"),
        (b"good = 1\nSECRETMARKER\n", "line 2, column 13"),
        (b"\0" * 100, "line 1, column 1"),
        (b"a = 1\nb = '\xe9'\n", "not UTF-8 (line 2, column 6)"),
        ("a = 1\n".encode("utf-16"), "not UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_codex_refuses_is_refused_by_place_and_not_quoted(content: bytes, words: str) -> None:
    with pytest.raises(CodexError) as refused:
        edit(content, {"a": 1})
    assert words in str(refused.value)
    assert PATH in str(refused.value)
    assert "SECRETMARKER" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "wanted", "words"),
    [
        (b"model = 'x'\n", {"model": {"name": "y"}}, "has a value at model"),
        (b"a.b = 1\n", {"a": {"b": {"c": 1}}}, "has a value at a.b"),
        (b"[model]\n", {"model": "x"}, "has a table at model"),
    ],
)
def test_a_value_of_another_kind_in_the_way_is_named(old: bytes, wanted: Table, words: str) -> None:
    with pytest.raises(CodexError, match=words):
        edit(old, wanted)


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
    ],
)
def test_settings_that_toml_cannot_say(value: Table, words: str) -> None:
    with pytest.raises(CodexError, match=words):
        toml_settings.check_settings(value, "settings")


def test_dates_of_ansibles_own_kind_become_plain_ones() -> None:
    class Tagged(datetime.datetime):
        """As ansible-core 2.19 gives them."""

    value = toml_settings.check_settings({"a": Tagged(2026, 1, 31, 12)}, "settings")["a"]
    assert value.__class__ is datetime.datetime
    assert edit(b"a = 2026-01-31T12:00:00\n", {"a": Tagged(2026, 1, 31, 12)}) == b"a = 2026-01-31T12:00:00\n"


def test_absent_paths_that_cover_each_other_are_one() -> None:
    assert toml_settings.check_absent([["a", "b"], ["a"], ["a"], ["c"]], "absent") == [("a",), ("c",)]


def test_the_limits_of_integers_are_in() -> None:
    assert edit(b"", {"a": 2**63 - 1, "b": -(2**63)}) == b"a = 9223372036854775807\nb = -9223372036854775808\n"


@pytest.mark.parametrize("paths", ["mcp_servers", [[]], ["mcp_servers"], [["a", 1]], [[""], []], {"a": 1}])
def test_absent_paths_that_are_none(paths: object) -> None:
    with pytest.raises(CodexError, match="absent must"):
        toml_settings.check_absent(paths, "absent")


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0, False), ("1", 1), ([1], [1.0]), ({"a": 1}, {"a": True}), (0.0, -0.0)]
)
def test_what_python_takes_for_equal_and_toml_does_not(one: object, other: object) -> None:
    assert not equal(one, other)


def test_not_a_number_equals_itself() -> None:
    assert equal(float("nan"), float("nan"))
    assert edit(b"a = nan\n", {"a": float("nan")}) == b"a = nan\n"


keys = st.text(string.ascii_lowercase + ".\"'/ é", min_size=1, max_size=6)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20),
    st.datetimes(),
    st.dates(),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
tables = st.recursive(
    st.dictionaries(keys, values, max_size=4),
    lambda inner: st.dictionaries(keys, inner | values, max_size=4),
    max_leaves=8,
)


def merged(data: Table, wanted: Table) -> Table:
    """What merging means, said once more and simply."""
    return {
        **data,
        **{
            key: merged(data.get(key, {}), value) if isinstance(value, dict) else value for key, value in wanted.items()
        },
    }


def with_comments(data: Table) -> str:
    """The data as TOML with a comment above every key and header."""
    lines = []
    for n, line in enumerate(tomli_w.dumps(data).split("\n")):
        if line.startswith("[") or (line and not line.startswith((" ", "]"))):
            lines.append(f"# comment {n}")
        lines.append(line)
    return "\n".join(lines)


@settings(max_examples=300, deadline=None)
@given(tables, tables)
def test_merging_gives_the_old_data_plus_the_change_and_again_changes_nothing(data: Table, wanted: Table) -> None:
    old = with_comments(data)
    assert equal(tomli.loads(old), data)
    try:
        new = edit(old.encode(), wanted)
    except CodexError as refused:
        assert "has a" in str(refused)
        return
    assert equal(tomli.loads(new.decode()), merged(data, wanted))
    assert edit(new, wanted) == new
    comments = [line for line in old.split("\n") if line.startswith("# comment")]
    assert [line for line in new.decode().split("\n") if line.startswith("# comment")] == comments
