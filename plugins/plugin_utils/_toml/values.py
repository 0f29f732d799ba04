# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values and keys of a config.toml as text. tomledit (Rust's toml_edit, which Codex edits with too) writes them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import (
    ValuePath,
    dotted,
    equal,
    equal_ends,
    is_toml,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.lines import STRING, Statement

if t.TYPE_CHECKING:
    import tomledit


def written(value: t.Any, line_end: str) -> str:
    """A value as it is written after an equals sign, on lines with that end.

    In one line where that is CRLF: in a string of several lines Codex reads it as CRLF, and tomli as LF (measured).
    """
    import tomledit  # here and below, since ansible-test imports every file where no library is installed

    document = tomledit.Document.parse("")
    document["v"] = [0, value]  # in a list that is none of tables nothing gets a header of its own
    text = document.as_toml().removeprefix("v = [0, ").removesuffix("]\n")
    return re.sub(STRING, _in_one_line, text) if line_end == "\r\n" and "\n" in text else text


def _in_one_line(string: re.Match[str]) -> str:
    import tomli
    import tomli_w

    if "\n" not in string[0]:
        return string[0]
    return tomli_w.dumps(tomli.loads(f"v = {string[0]}")).removeprefix("v = ").removesuffix("\n")


def key_line(keys: t.Iterable[str], value: t.Any, line_end: str) -> str:
    """A key with its value."""
    return f"{dotted(keys)} = {written(value, line_end)}{line_end}"


def set_inside(statement: Statement, path: ValuePath, value: t.Any) -> str:
    """The statement's text with another value at a path, which begins in its own value, or is that value."""
    document, parent = _open(statement, path)
    last = (*statement.keys, *path)[-1]
    line_end = "\r\n" if "\r\n" in statement.text else "\n"
    if isinstance(last, int) and last == len(parent):
        parent.append(_item(value, line_end))
    elif isinstance(value, list) and last in _keys_of(parent) and isinstance(parent[last].value, list):
        _set_list(parent[last], value, line_end)
    elif not path:
        return with_value(statement, value)
    else:
        parent[last] = _item(value, line_end)
    return with_line_ends_of(statement.text, document.as_toml())


def with_value(statement: Statement, value: t.Any) -> str:
    """The statement's text with another value; what is before and after the value stays."""
    begin, end = statement.value
    line_end = "\r\n" if statement.text.endswith("\r\n") else "\n"
    return statement.text[:begin] + written(value, line_end) + statement.text[end:]


def remove_inside(statement: Statement, path: ValuePath) -> str:
    """The statement's text without what its value holds at a path."""
    document, parent = _open(statement, path)
    del parent[path[-1]]
    text = document.as_toml()
    if len(path) > 1 and not is_toml(text):  # of {a.b = 1,} tomledit leaves the comma: the whole of a has to go
        return remove_inside(statement, path[:-1])
    return with_line_ends_of(statement.text, text)


def _open(statement: Statement, path: ValuePath) -> tuple[tomledit.Document, t.Any]:
    """The statement as a document, and in it the parent of what the path leads to."""
    import tomledit

    document = tomledit.Document.parse(statement.text.replace("\r\n", "\n"))
    parent: t.Any = document
    for key in (*statement.keys, *path)[:-1]:
        parent = parent[key]
    return document, parent


def _keys_of(parent: t.Any) -> t.Collection[str | int]:
    import tomledit

    return range(len(parent)) if isinstance(parent, tomledit.ListItem) else parent.keys()


def _item(value: t.Any, line_end: str) -> t.Any:
    """The value for tomledit, which writes it as ``written`` does."""
    import tomledit

    return value if line_end == "\n" else tomledit.Document.parse(f"v = {written(value, line_end)}")["v"]


def _set_list(items: t.Any, wanted: list[t.Any], line_end: str) -> None:
    """Makes a list the wanted one; the items that both begin and end with keep their comments."""
    there = items.value
    head, tail = equal_ends(there, wanted)
    common = min(len(there), len(wanted)) - tail
    for n in range(head, common):
        if not equal(there[n], wanted[n]):
            items[n] = _item(wanted[n], line_end)
    for n in range(len(there) - tail - 1, common - 1, -1):
        del items[n]
    for n in range(common, len(wanted) - tail):
        items.insert(n, _item(wanted[n], line_end))


def with_line_ends_of(original: str, text: str) -> str:
    """The text with CRLF where the original has it, and in new lines where the original has nothing else."""
    crlf = original.count("\r\n")
    if crlf in (0, original.count("\n")):
        return text.replace("\n", "\r\n") if crlf else text
    import difflib  # few files mix line ends

    old, new = original.split("\n")[:-1], text.split("\n")[:-1]
    matcher = difflib.SequenceMatcher(None, [line.removesuffix("\r") for line in old], new, autojunk=False)
    for block in matcher.get_matching_blocks():
        new[block.b : block.b + block.size] = old[block.a : block.a + block.size]
    # The last line of the statement, changed or not.
    new[-1] = new[-1].removesuffix("\r") + ("\r" if old[-1].endswith("\r") else "")
    return "\n".join(new) + "\n"
