# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values and keys of a config.toml as text. tomledit (Rust's toml_edit, which Codex edits with too) writes them."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import ValuePath, dotted, equal
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_lines import Statement

if t.TYPE_CHECKING:
    import tomledit


def written(value: t.Any) -> str:
    """A value as it stands after an equals sign, with LF where it has several lines."""
    import tomledit  # here and below, since ansible-test imports every file where no library is installed

    document = tomledit.Document.parse("")
    document["v"] = [0, value]  # in a list that is none of tables nothing gets a header of its own
    return document.as_toml().removeprefix("v = [0, ").removesuffix("]\n")


def key_line(keys: t.Iterable[str], value: t.Any) -> str:
    """A key with its value."""
    return f"{dotted(keys)} = {written(value)}\n"


def set_inside(statement: Statement, path: ValuePath, value: t.Any) -> str:
    """The statement's text with another value at a path, which begins in its own value, or is that value."""
    document, parent = _open(statement, path)
    last = (*statement.keys, *path)[-1]
    if isinstance(last, int) and last == len(parent):
        parent.append(value)
    elif isinstance(value, list) and last in _keys_of(parent) and isinstance(parent[last].value, list):
        _set_list(parent[last], value)
    elif not path:
        return with_value(statement, value)
    else:
        parent[last] = value
    return with_line_ends_of(statement.text, document.as_toml())


def with_value(statement: Statement, value: t.Any) -> str:
    """The statement's text with another value; what is before and after the value stays."""
    begin, end = statement.value
    line_end = "\r\n" if statement.text.endswith("\r\n") else "\n"
    return statement.text[:begin] + written(value).replace("\n", line_end) + statement.text[end:]


def remove_inside(statement: Statement, path: ValuePath) -> str:
    """The statement's text without what its value holds at a path."""
    document, parent = _open(statement, path)
    del parent[path[-1]]
    return with_line_ends_of(statement.text, document.as_toml())


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


def _set_list(items: t.Any, wanted: list[t.Any]) -> None:
    """Makes a list the wanted one; items that stay in their place keep their comments."""
    there = items.value
    for n, value in enumerate(wanted[: len(there)]):
        if not equal(there[n], value):
            items[n] = value
    for n in range(len(there), len(wanted), -1):
        del items[n - 1]
    for value in wanted[len(there) :]:
        items.append(value)


def with_line_ends_of(original: str, text: str) -> str:
    """The text with CRLF where the original has it, and in new lines where the original has nothing else."""
    crlf = original.count("\r\n")
    if crlf in (0, original.count("\n")):
        return text.replace("\n", "\r\n") if crlf else text
    import difflib  # few files mix line ends

    old, new = original.split("\n"), text.split("\n")
    matcher = difflib.SequenceMatcher(None, [line.removesuffix("\r") for line in old], new, autojunk=False)
    for block in matcher.get_matching_blocks():
        new[block.b : block.b + block.size] = old[block.a : block.a + block.size]
    if new[-1] == "" and old[-2].endswith("\r") and not new[-2].endswith("\r"):
        new[-2] += "\r"  # the line that ends the statement, whatever became of it
    return "\n".join(new)
