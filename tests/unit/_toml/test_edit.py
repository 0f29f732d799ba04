"""Edits of config.toml by example: what a reader may expect of each, as the text before and after.

What holds for all edits is in test_properties.py.
"""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml import edit as toml_edit
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange, find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import (
    NESTING_LIMIT,
    Table,
    Unreadable,
    decode,
    parse,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import check_lists, check_settings
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

PATH = "/home/alice/.codex/config.toml"
Absent = t.Sequence[tuple[str, ...]]


def changes(old: bytes, wanted: Table, absent: Absent = (), lists: t.Sequence[Table] = ()) -> list[KeyChange]:
    data, settings = parse(decode(old, PATH), PATH), check_settings(wanted, "settings")
    return find_changes(data, settings, absent, PATH, check_lists(lists, settings))


def edit(old: bytes, wanted: Table, absent: Absent = (), lists: t.Sequence[Table] = ()) -> bytes:
    found = changes(old, wanted, absent, lists)
    return toml_edit.edit(old, parse(decode(old, PATH), PATH), found, PATH)[0] if found else old


class Example(t.NamedTuple):
    """A text, what a task wants of it, and the text that comes of it."""

    old: str
    wanted: Table
    absent: Absent
    new: str


HAND_EDITED = """\
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

EXAMPLES: dict[str, Example] = {
    "a file as people write it": Example(
        HAND_EDITED,
        {
            "model": "gpt-5",
            "preferred_auth_method": "apikey",
            "projects": {"/srv/app.v1": {"trust_level": "untrusted"}, "/srv/b.c": {"trust_level": "trusted"}},
        },
        [("mcp_servers", "docs", "args")],
        """\
# The build farm's Codex. Ask Alice before changing anything.

# Cheaper one for now
model = "gpt-5"  # was gpt-5
approval_policy = "never"
preferred_auth_method = "apikey"

[mcp_servers.docs]   # documentation
command = 'docs-server'

# Trusted places
[projects."/srv/app.v1"]
trust_level = "untrusted"

[projects."/srv/b.c"]
trust_level = "trusted"
""",
    ),
    "a key of the top table comes before the first header": Example(
        "# banner\n\n# of t\n[t]\nx = 1\n", {"top": 1}, [], "# banner\n\ntop = 1\n\n# of t\n[t]\nx = 1\n"
    ),
    "a key of a table comes after the last one there, above the next table's comment": Example(
        "[a]\n  x = 1  # one\n\n# of b\n[b]\n",
        {"a": {"y": 2}},
        [],
        "[a]\n  x = 1  # one\n  y = 2\n\n# of b\n[b]\n",
    ),
    "a table comes after the tables beside it": Example(
        "[projects.a]\nx = 1\n\n# of tui\n[tui]\ny = 1\n",
        {"projects": {"b": {"x": 1}}},
        [],
        "[projects.a]\nx = 1\n\n[projects.b]\nx = 1\n\n# of tui\n[tui]\ny = 1\n",
    ),
    "tables that stand apart": Example(
        "[a.b]\n[c]\n[a.d]\n", {"a": {"e": {"x": 1}}, "c": {"y": 1}}, [], "[a.b]\n[c]\ny = 1\n[a.d]\n\n[a.e]\nx = 1\n"
    ),
    "a table that was implied gets a header above the tables in it": Example(
        "k = 1\n\n# of b\n[a.b]\nx = 1\n", {"a": {"y": 2}}, [], "k = 1\n\n[a]\ny = 2\n\n# of b\n[a.b]\nx = 1\n"
    ),
    "what is written with dotted keys stays so": Example(
        "a.b.c = 1\nz = 1\n", {"a": {"b": {"d": 2, "e": {"f": 3}}}}, [], "a.b.c = 1\na.b.d = 2\na.b.e.f = 3\nz = 1\n"
    ),
    "dotted keys below a header": Example(
        "[t]\na.b = 1 # c\nx = 1\n", {"t": {"a": {"n": {"v": 1}}}}, [], "[t]\na.b = 1 # c\na.n.v = 1\nx = 1\n"
    ),
    "an inline table stays in its line": Example(
        "t = {x = 1} # c\n", {"t": {"x": 3, "y": {"z": "C:\\a"}}}, [], "t = {x = 3, y = { z = 'C:\\a' }} # c\n"
    ),
    "an inline table of several lines (TOML 1.1)": Example(
        "t = {\n  x = 1, # one\n  y = 2, # two\n}\n",
        {"t": {"z": 3}},
        [],
        "t = {\n  x = 1, # one\n  y = 2, # two\n  z = 3,\n}\n",
    ),
    "an emptied inline table with a comma at its end (TOML 1.1)": Example(
        "t = {a.b.c = 1,}\nu = {\n  a.b = 1, # one\n}\n",
        {},
        [("t", "a", "b", "c"), ("u", "a", "b")],
        "t = {}\nu = { # one\n}\n",
    ),
    "a dotted key in such a table, beside which another one stays": Example(
        "t = {x.a.b = 1, x.c = 2,}\n", {}, [("t", "x", "a", "b")], "t = { x.c = 2,}\n"
    ),
    "an item that stays between two that change keeps how it is written": Example(
        "l = [1, 0xFF, 2]\n", {"l": [3, 255, 4]}, [], "l = [3, 0xFF, 4]\n"
    ),
    "a list of several lines keeps the comments of what stays": Example(
        'args = [\n  "a", # first\n  "b", # second\n] # args\n',
        {"args": ["a", "c", "d"]},
        [],
        'args = [\n  "a", # first\n  "c", # second\n  "d",\n] # args\n',
    ),
    "a list of several lines from which the first item goes": Example(
        'args = [\n  "a", # first\n  "b", # second\n  "c" # third\n] # args\n',
        {"args": ["b", "c"]},
        [],
        'args = [\n  "b", # second\n  "c" # third\n] # args\n',
    ),
    "a list of several lines into which an item comes": Example(
        'args = [\n  # first\n  "a",\n  # second\n  "b",\n]\n',
        {"args": ["a", "n", "b"]},
        [],
        'args = [\n  # first\n  "a",\n  "n",\n  # second\n  "b",\n]\n',
    ),
    "a list of tables, of which one goes, one changes and one comes": Example(
        "# one\n[[w]]\na = 1\n\n# two\n[[w]]\na = 2\nb = 2\n\n[end]\n",
        {"w": [{"a": 1}, {"a": 3}, {"a": 4, "t": {"x": 1}}]},
        [],
        "# one\n[[w]]\na = 1\n\n# two\n[[w]]\na = 3\n\n[[w]]\na = 4\n\n[w.t]\nx = 1\n\n[end]\n",
    ),
    "a list of tables, of which the first goes with its comment": Example(
        "# one\n[[w]]\na = 1\n\n# two\n[[w]]\na = 2 # c\n", {"w": [{"a": 2}]}, [], "# two\n[[w]]\na = 2 # c\n"
    ),
    "a table in a list of tables that is to be empty": Example(
        "[[w]]\na = 0x1\n[w.t.u]\nx = 1\n", {"w": [{"a": 1, "t": {}}]}, [], "[[w]]\na = 0x1\n\n[w.t]\n"
    ),
    "a value in place of a table in a list of tables": Example(
        "[[w]]\na = 1\n[w.t.u]\nx = 1\n", {"w": [{"a": 1, "t": {"u": 5}}]}, [], "[[w]]\na = 1\n\n[w.t]\nu = 5\n"
    ),
    "a table in a list of tables becomes a value, and a value a table": Example(
        "[[w]]\na = 1\nb = 2\n[w.t]\nx = 1\n\n[end]\n",
        {"w": [{"a": 1, "t": 5, "b": {"y": 1}}]},
        [],
        "[[w]]\na = 1\nt = 5\n\n[w.b]\ny = 1\n\n[end]\n",
    ),
    "keys of one letter": Example(
        "X = 1\n\tX2 = 1\n[ X3 ]\n", {"X": 2, "X3": {"X": 1}}, [("X2",)], "X = 2\n[ X3 ]\nX = 1\n"
    ),
    "a list of tables into which several come": Example(
        "[[w]]\na = 1\n\n# nine\n[[w]]\na = 9\n",
        {"w": [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 9}]},
        [],
        "[[w]]\na = 1\n\n[[w]]\na = 2\n\n[[w]]\na = 3\n\n# nine\n[[w]]\na = 9\n",
    ),
    "an item of a list of tables goes, and a key of another table changes": Example(
        "[[w]]\na = 1\n[[w]]\na = 2\n[[w]]\na = 3\n[t]\nx = 1\n",
        {"w": [{"a": 1}, {"a": 3}], "t": {"x": 2}},
        [],
        "[[w]]\na = 1\n[[w]]\na = 3\n[t]\nx = 2\n",
    ),
    "a list of tables becomes another value": Example("[[w]]\na = 1\n[t]\n", {"w": 5}, [], "w = 5\n[t]\n"),
    "a new table": Example(
        "",
        {"h": {"x": 1, "l": [{"a": 1}], "t": {}, "i": [1, {"b": 2}]}},
        [],
        "[h]\nx = 1\ni = [1, { b = 2 }]\n\n[[h.l]]\na = 1\n\n[h.t]\n",
    ),
    "a new table that only holds tables needs no header": Example(
        "", {"projects": {"/srv/a.b": {"x": "y"}}}, [], '[projects."/srv/a.b"]\nx = "y"\n'
    ),
    "the comment directly above a key goes with it, the banner stays": Example(
        "# banner\n\n# of a\na = 1\nb = 2\n", {}, [("a",)], "# banner\n\nb = 2\n"
    ),
    "a table goes, the comments of the next one and the ones below it stay": Example(
        "[x]\na = 1\n# b = 2\n\n# of y\n[y]\nb = 1\n", {}, [("x",)], "# b = 2\n\n# of y\n[y]\nb = 1\n"
    ),
    "a table in the middle goes with the blank line above it": Example(
        "a = 1\n\n# of x\n[x]\nb = 1\n\n[y]\n", {}, [("x",)], "a = 1\n\n[y]\n"
    ),
    "a table goes with all that belongs to it, wherever it stands": Example(
        "[a.b]\nx = 1\n\n[c]\n\n[a]\n\n[[a.d]]\n", {}, [("a",)], "[c]\n"
    ),
    "a table goes from below the banner, which stays apart from the next": Example(
        "# banner\n\n[t]\nx = 1\n[u]\n", {}, [("t",)], "# banner\n\n[u]\n"
    ),
    "a key goes from a paragraph, which stays one": Example(
        "a = 1\n\nb = 2\nc = 3\n", {}, [("b",)], "a = 1\n\nc = 3\n"
    ),
    "a table goes with the blank line above it, not with one that follows a comment": Example(
        "a = 1\n\n[x]\n[y]\n# c\n\n[z]\n[u]\n", {}, [("x",), ("z",)], "a = 1\n[y]\n# c\n\n[u]\n"
    ),
    "an emptied table that was written stays": Example("[m]\nx = 1\n", {}, [("m", "x")], "[m]\n"),
    "an emptied table that was only implied goes": Example("[m.x]\ny = 1\n\n[n]\n", {}, [("m", "x")], "[n]\n"),
    "an emptied inline table stays": Example("t = {x = 1} # c\n", {}, [("t", "x")], "t = {} # c\n"),
    "an emptied dotted table goes": Example("a.b.c = 1\nd = 1\n", {}, [("a", "b", "c")], "d = 1\n"),
    "one entry of an inline table": Example("t = {x = 1, y = 2}\n", {}, [("t", "x")], "t = {y = 2}\n"),
    "a table in which one key replaces another is never empty": Example(
        "[m.x]\ny = 1 # c\n", {"m": {"x": {"z": 2}}}, [("m", "x", "y")], "[m.x]\nz = 2\n"
    ),
    "a key that leads nowhere": Example("a = 1\n", {}, [("a", "c"), ("a", "c", "d"), ("b",)], "a = 1\n"),
    "an item that only changes its type": Example("l = [1, 1, 0]\n", {"l": [1, True, 0]}, [], "l = [1, true, 0]\n"),
    "after texts with quotes and backslashes at their ends": Example(
        'a = """\nx \\\n"""\nb = """x\\""""""\nc = \'\'\'x\\\'\'\'\'\'\nd = 1\n',
        {"d": 2},
        [],
        'a = """\nx \\\n"""\nb = """x\\""""""\nc = \'\'\'x\\\'\'\'\'\'\nd = 2\n',
    ),
    "brackets in a list's comments": Example(
        "l = [ # ]\n  1, # [ '\n]\nd = 1\n", {"d": 2}, [], "l = [ # ]\n  1, # [ '\n]\nd = 2\n"
    ),
    "quoted keys with backslashes": Example(
        "'C:\\u' = 1\n\"\\u0061\" = 1\n", {"C:\\u": 2, "a": 2}, [], "'C:\\u' = 2\n\"\\u0061\" = 2\n"
    ),
    "indented headers and comments": Example(
        "\t[ t ]\n\tx = 1\n \n\t# of y\n\ty = 1\n\n\t[ u ]\n",
        {"u": {"z": 1}},
        [("t", "y")],
        "\t[ t ]\n\tx = 1\n\n\t[ u ]\n\tz = 1\n",
    ),
    "CRLF": Example("a = 1\r\n\r\n[t]\r\n", {"c": 3, "t": {"d": 4}}, [], "a = 1\r\nc = 3\r\n\r\n[t]\r\nd = 4\r\n"),
    "CRLF and values of several lines, of which Codex would read the line ends": Example(
        "a = 1\r\nb = {c = 1}\r\nd = [1]\r\n[t]\r\n",
        {"a": "x\ny", "b": {"c": "x\ny", "e": {"f": '\\"\n'}}, "d": ["x\ny", "z\n"], "t": {"g": [{"h": "x\ny"}, 1]}},
        [],
        'a = "x\\ny"\r\nb = {c = "x\\ny", e = { f = "\\\\\\"\\n" }}\r\nd = ["x\\ny", "z\\n"]\r\n'
        '[t]\r\ng = [{ h = "x\\ny" }, 1]\r\n',
    ),
    "mixed line ends": Example(
        "a = 1\r\nb = 2\nc = 3\r\n", {"b": 5, "c": 4, "d": 1}, [], "a = 1\r\nb = 5\nc = 4\r\nd = 1\n"
    ),
    "mixed line ends within a value": Example(
        'l = [\r\n  """x\r\ny""",\n  1\r\n]\r\n',
        {"l": ["x\ny", 1, 2]},
        [],
        'l = [\r\n  """x\r\ny""",\n  1,\n  2\n]\r\n',
    ),
    "mixed line ends, and a blank line in what goes": Example(
        "t = { a = [\r\n\r\n1\n], b = 1 }\r\n", {}, [("t", "a")], "t = { b = 1 }\r\n"
    ),
    "mixed line ends, and a last line that is there more than once": Example(
        "l = [[\r\n1\n]\r\n]\n", {"l": [2]}, [], "l = [2\n]\n"
    ),
    "mixed line ends, of which only CRLF stays, and a last line of blanks without one": Example(
        "a = 1\nb = 2\r\n\t", {}, [("a",)], "b = 2\r\n\t"
    ),
    "BOM": Example("\ufeffa = 1\n", {"a": 2}, [], "\ufeffa = 2\n"),
    "no line end after the last line": Example("a = 1", {"b": 2}, [], "a = 1\nb = 2"),
    "no line end after the last line, which goes": Example("a = 1\n[t]", {}, [("t",)], "a = 1"),
    "no line end after the last line, which goes with the blank lines above it": Example(
        "a = 1\n\n \n[t]", {}, [("t",)], "a = 1"
    ),
    "no line end after the last line, and another one above it": Example(
        "a = 1\r\nb = 2\nc = 3", {}, [("b",), ("c",)], "a = 1"
    ),
    "a table goes, and only comments stay": Example("[t]\n\n# c\n", {}, [("t",)], "# c\n"),
    "a file of comments": Example("# mine\n", {"a": 1}, [], "# mine\n\na = 1\n"),
    "quoted keys": Example(
        "\"a.b\".'c d' = 1\n\n['e\"f']\n",
        {"a.b": {"c d": 2, "é": 1}, 'e"f': {"": 3}},
        [],
        '"a.b".\'c d\' = 2\n"a.b"."é" = 1\n\n[\'e"f\']\n"" = 3\n',
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_edits(name: str) -> None:
    old, wanted, absent, new = EXAMPLES[name]
    assert edit(old.encode(), wanted, absent).decode() == new
    assert changes(new.encode(), wanted, absent) == []


VALUES: list[tuple[str, t.Any, str]] = [
    ("1", 1.0, "1.0"),
    ("1", True, "true"),
    ('"1"', 1, "1"),
    ("1", "1", '"1"'),
    ("0.0", -0.0, "-0.0"),
    ("1", 2**63 - 1, "9223372036854775807"),
    ("1", -(2**63), "-9223372036854775808"),
    ("1", float("inf"), "inf"),
    ("2026-01-01", "2026-01-01", '"2026-01-01"'),
    ('"2026-01-31"', datetime.date(2026, 1, 31), "2026-01-31"),
    ("1", datetime.datetime(2026, 1, 31, 12), "2026-01-31T12:00:00"),
    ("1", datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC), "2026-01-31T12:00:00+00:00"),
    ("1", "C:\\Users\\x", "'C:\\Users\\x'"),
    ("1", "\\\\server\\share\\", "'\\\\server\\share\\'"),
    ("1", "tab\tand \\", "'tab\tand \\'"),
    ("1", "it's \\ and \x01", '"it\'s \\\\ and \\u0001"'),
    ("1", "\x00\x7f", '"\\u0000\\u007F"'),
    ("'''\nmulti\nline'''", "one", '"one"'),
    ("'''x'''''", "one", '"one"'),
    ('"""x"""""', "one", '"one"'),
    ("1", "a\nb", '"""\na\nb"""'),
    ("0xFF", 256, "256"),
    ("[1, 2]", [], "[]"),
    ("1", [{"a": 1}, {}], "[{ a = 1 }, {}]"),
]


@pytest.mark.parametrize(("before", "value", "after"), VALUES)
def test_a_value_takes_the_place_of_another_in_its_line(before: str, value: t.Any, after: str) -> None:
    assert edit(f"k = {before} # c\n".encode(), {"k": value}).decode() == f"k = {after} # c\n"
    assert changes(f"k = {after}".encode(), {"k": value}) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0xFF", 255),
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("nan", float("nan")),
        ('"""\nx"""', "x"),
        ("1979-05-27 07:32:00", datetime.datetime(1979, 5, 27, 7, 32)),
    ],
)
def test_a_value_that_is_written_in_another_way_is_the_same(text: str, value: t.Any) -> None:
    assert changes(f"k = {text}\n".encode(), {"k": value}) == []


HOOKS = """\
# mine
[[hooks.Stop]]
name = "a"
command = ["x"] # c

# and this
[[hooks.Stop]]
name = "b"

[tui]
x = 1
"""


def test_items_that_a_list_lacks_are_appended() -> None:
    lists = [{"path": ["args"], "append": True}]
    old = b'args = [\n  "b", # one\n  1,\n]\n'
    assert edit(old, {"args": ["c", "b", 1.0, "c"]}, (), lists) == b'args = [\n  "b", # one\n  1,\n  "c",\n  1.0,\n]\n'
    assert edit(b"", {"args": ["c"]}, (), lists) == b'args = ["c"]\n'
    lists = [{"path": ["hooks", "Stop"], "append": True}]
    item = {"name": "c", "env": {"A": "1"}}
    new = edit(HOOKS.encode(), {"hooks": {"Stop": [item, {"name": "b"}]}}, (), lists).decode()
    added = '[[hooks.Stop]]\nname = "c"\n\n[hooks.Stop.env]\nA = "1"\n\n'
    assert new == HOOKS.replace("[tui]", f"{added}[tui]")
    assert changes(new.encode(), {"hooks": {"Stop": [item]}}, (), lists) == []


def test_items_are_merged_into_those_with_the_same_key() -> None:
    lists = [{"path": ["hooks", "Stop"], "match": "name"}]
    wanted = {"hooks": {"Stop": [{"name": "b", "command": ["y"]}, {"name": "c"}, {"name": "a", "command": ["z"]}]}}
    found = changes(HOOKS.encode(), wanted, (), lists)
    assert [(change.key, change.action) for change in found] == [
        ("hooks.Stop[1].command", "added"),
        ("hooks.Stop[0].command", "changed"),
        ("hooks.Stop[2]", "added"),
    ]
    new = edit(HOOKS.encode(), wanted, (), lists).decode()
    assert new == HOOKS.replace('["x"]', '["z"]').replace(
        'name = "b"\n', 'name = "b"\ncommand = ["y"]\n\n[[hooks.Stop]]\nname = "c"\n'
    )
    assert changes(new.encode(), wanted, (), lists) == []


def test_items_that_are_not_tables_are_not_matched() -> None:
    lists = [{"path": ["w"], "match": "n"}]
    assert edit(b"w = [1, {n = 1}]\n", {"w": [{"n": 1, "x": 2}]}, (), lists) == b"w = [1, {n = 1, x = 2}]\n"


def test_a_list_within_the_items_of_another() -> None:
    lists: list[Table] = [{"path": ["w"], "match": "n"}, {"path": ["w", "l"], "append": True}]
    old = b"w = [{n = 1, l = [1]}, {n = 1.0, l = [1]}] # c\n"
    assert edit(old, {"w": [{"n": 1.0, "l": [2]}]}, (), lists) == b"w = [{n = 1, l = [1]}, {n = 1.0, l = [1, 2]}] # c\n"


def test_what_no_header_can_hold_makes_a_list_of_tables_an_inline_one() -> None:
    lists = [{"path": ["w"], "append": True}]
    assert edit(b"[[w]]\na = 1\n[t]\n", {"w": [2]}, (), lists) == b"w = [{ a = 1 }, 2]\n[t]\n"


def test_an_item_has_a_new_place_when_one_before_it_went() -> None:
    text = "[[w]]\na = 1\n[[w]]\na = 2\n"
    editor = toml_edit.Editor(text, parse(text, PATH))
    editor.remove(("w", 0))
    editor.set_value(("w", 0, "a"), 3)
    assert editor.text == "[[w]]\na = 3\n"
    assert editor.data == {"w": [{"a": 3}]}


def test_an_item_has_a_new_place_when_others_came_before_it() -> None:
    text = "[[w]]\na = 1\n"
    editor = toml_edit.Editor(text, parse(text, PATH))
    editor.set_value(("w",), [{"a": 5}, {"a": 6}, {"a": 1}])
    editor.set_value(("w", 2, "a"), 7)
    assert editor.text == "[[w]]\na = 5\n\n[[w]]\na = 6\n[[w]]\na = 7\n"


def test_a_new_file_is_written_whole() -> None:
    wanted = {"t": {"x": "C:\\a", "s": 'say "it\'s" \\'}, "model": "gpt-5", "l": ["C:\\a", "b"]}
    new, data = toml_edit.write(changes(b"", wanted), PATH)
    assert new.decode() == ("model = \"gpt-5\"\nl = ['C:\\a', \"b\"]\n\n[t]\nx = 'C:\\a'\ns = '''say \"it's\" \\'''\n")
    assert data == wanted


def test_an_edit_is_refused_whose_result_does_not_hold_the_old_data() -> None:
    with pytest.raises(CodexError, match="could not be edited without changing something else"):
        toml_edit.edit(b"a = 1\nb = 1\n", {"a": 1, "b": 2}, [KeyChange(("a",), "changed", 1, 2)], PATH)


def test_what_would_be_nested_too_deeply_is_not_called_a_mistake_in_the_file() -> None:
    """A profile's settings are written two levels below where they were checked."""
    wanted: t.Any = 1
    for _level in range(NESTING_LIMIT + 2):
        wanted = {"a": wanted}
    found = find_changes({}, wanted, [], PATH)
    for make in (lambda: toml_edit.edit(b"", {}, found, PATH), lambda: toml_edit.write(found, PATH)):
        with pytest.raises(CodexError, match="could not be written so that") as caught:
            make()
        assert not isinstance(caught.value, Unreadable)


def test_a_thousand_keys_and_a_thousand_items() -> None:
    """As one edit; a second one finds nothing to do."""
    wanted = {"t": {f"k{n}": n for n in range(1000)}, "l": list(range(1000))}
    new = edit(b"l = [0]\n", wanted)
    assert new.count(b"\n") == 1003
    assert changes(new, wanted) == []
