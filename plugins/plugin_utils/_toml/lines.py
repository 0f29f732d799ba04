# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a config.toml, as statements: headers and keys, with the blank lines and comments above each.

This reads valid TOML only (tomli has read it before) and finds where each statement begins and ends, which
table it belongs to, and where the value of a key is. It reads no values.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import ValuePath

Kind = t.Literal["key", "table", "array"]

LINE_STRING = r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'"
STRING = r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}|' + r"'''(?:[^']|'(?!''))*'{3,5}|" + LINE_STRING
BETWEEN = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")
KEY = re.compile(rf"[ \t]*({LINE_STRING}|[^\s.=\]\"'#]+)[ \t]*([.=\]])")
INSIDE = re.compile(rf"{STRING}|#[^\n]*|[\[{{]|[\]}}]|[^\"'#\[\]{{}}]+")
BARE = re.compile(r"[^#\r\n]*[^#\s]")
PLAIN = r'"[^"\\\n]*"(?!")'
SIMPLE = re.compile(
    rf"[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*({PLAIN}|[\w.+-]+|[\[{{](?:{PLAIN}|[^\[\]{{}}\"'#\n])*[\]}}])"
    r"[ \t]*(?:#[^\n]*|\r)?\n"
)
"""A key as most are: in one line, with a plain value or a list or table of such. One match reads it."""


class Statement(t.NamedTuple):
    """A header, or a key with its value.

    ``path`` is the whole way from the top, ``keys`` what is written (in a header the same without places of items),
    ``above`` the blank and comment lines between the statement before and this one, ``text`` its own lines with their
    ends, ``value`` where in ``text`` the value of a key begins and ends.
    """

    kind: Kind
    path: ValuePath
    keys: tuple[str, ...]
    above: str
    text: str
    value: tuple[int, int] = (0, 0)

    @property
    def table(self) -> ValuePath:
        """The table whose header this is, or the table that the key is in."""
        return self.path[: len(self.path) - len(self.keys)] if self.kind == "key" else self.path

    @property
    def indentation(self) -> str:
        """The blanks before it."""
        return self.text[: len(self.text) - len(self.text.lstrip(" \t"))]


class Lines(t.NamedTuple):
    """All statements of a document in their order, and the blank and comment lines after the last."""

    statements: list[Statement]
    below: str


def scan(text: str) -> Lines:
    """The statements of a valid document that is empty or ends with a line end."""
    statements: list[Statement] = []
    items: dict[ValuePath, int] = {}
    table: ValuePath = ()
    position = 0
    while True:
        begin = _end(BETWEEN, text, position)
        above = text[position:begin]
        if begin == len(text):
            return Lines(statements, above)
        simple = SIMPLE.match(text, begin)
        if simple:
            key, position = simple[1], simple.end()
            value = (simple.start(2) - begin, simple.end(2) - begin)
            statements.append(Statement("key", (*table, key), (key,), above, text[begin:position], value))
            continue
        after = begin
        while text[after] in " \t":
            after += 1
        kind: Kind = "key"
        value = (0, 0)
        if text[after] == "[":
            kind = "array" if text.startswith("[[", after) else "table"
            keys, after = _keys(text, after + (2 if kind == "array" else 1))
            path = table = _place(keys, kind, items)
        else:
            keys, after = _keys(text, after)
            path = (*table, *keys)
            while text[after] in " \t":
                after += 1
            value = (after - begin, _value_end(text, after) - begin)
            after = begin + value[1]
        position = text.index("\n", after) + 1
        statements.append(Statement(kind, path, keys, above, text[begin:position], value))


def line_end_of(text: str) -> str:
    """The line end of new lines: CRLF where the document has nothing else."""
    return "\r\n" if "\r\n" in text and text.count("\r\n") == text.count("\n") else "\n"


def ended(text: str, line_end: str) -> str:
    """The document with a line end after its last line."""
    return text if not text or text.endswith("\n") else text + line_end


def attached(above: str) -> tuple[str, str]:
    """The text above a statement in two parts: what a blank line separates from it, and its own comment lines."""
    return _split(above, lambda line: line.lstrip(" \t").startswith("#"))


def blanks_at_end(above: str) -> tuple[str, str]:
    """Blank and comment lines in two: what is before the blank lines at the end, and these."""
    return _split(above, lambda line: not line.strip(" \t\r"))


def _split(above: str, is_part: t.Callable[[str], bool]) -> tuple[str, str]:
    if not above:
        return "", ""
    at = len(above)
    for line in reversed(above.split("\n")[:-1]):
        if not is_part(line):
            break
        at -= len(line) + 1
    return above[:at], above[at:]


def matched(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    """The match at a place where a valid document has one."""
    match = pattern.match(text, position)
    if not match:
        raise AssertionError("tomli took it for TOML")
    return match


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    return matched(pattern, text, position).end()


def _keys(text: str, position: int) -> tuple[tuple[str, ...], int]:
    """The keys of a header or before a value, and the place after the bracket or the equals sign."""
    keys = []
    while True:
        match = matched(KEY, text, position)
        keys.append(_key(match[1]))
        position = match.end()
        if match[2] != ".":
            return tuple(keys), position


def _key(written: str) -> str:
    if written[0] not in "\"'":
        return written
    if "\\" not in written:
        return written[1:-1]
    import tomli

    return str(tomli.loads(f"key = {written}")["key"])


def _place(keys: tuple[str, ...], kind: Kind, items: dict[ValuePath, int]) -> ValuePath:
    """The whole path of a header: a key on its way that leads to a list of tables means the list's last item."""
    path: ValuePath = ()
    for n, key in enumerate(keys, 1):
        path = (*path, key)
        if kind == "array" and n == len(keys):
            items[path] = items.get(path, 0) + 1
        if path in items:
            path = (*path, items[path] - 1)
    return path


def _value_end(text: str, position: int) -> int:
    if text[position] not in "[{":
        return _end(INSIDE if text[position] in "\"'" else BARE, text, position)
    depth = 0
    while True:
        end = _end(INSIDE, text, position)
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(text[position:end], 0)
        position = end
        if not depth:
            return position
