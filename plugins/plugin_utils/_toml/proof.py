# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof of an edit of config.toml, twice: by the data that tomli reads, and by the lines of the text."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange, apply_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, copy_of, equal, value_at
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.lines import Lines, Statement, attached

END = "(the end of the document)"
ANY = None
"""For a statement that may change, and for the blank lines beside it: there may be more or fewer of them."""


def holds(new: Table, old: Table, changes: t.Sequence[KeyChange]) -> bool:
    """Whether the new data are the old ones plus exactly the changes.

    A table that a removal empties may be gone with it, or may be there and be empty.
    """
    expected = copy_of(old)
    apply_changes(expected, changes)
    for change in changes:
        path = change.path[:-1] if change.action == "removed" else ()
        while path and value_at(expected, path) == {} and value_at(new, path) is None:
            del value_at(expected, path[:-1])[path[-1]]
            path = path[:-1]
    return equal(new, expected)


def only_these_lines_differ(
    before: Lines, after: Lines, changes: t.Sequence[KeyChange], has_final_line_end: bool = True
) -> bool:
    """Whether every other line is as it was, in the same order, and no comment of another line is lost.

    Lines of the changes are: the statements of their keys, new headers on the way to an added key, and where a
    statement may have gone, the comments directly above it. Of a key whose value was edited, all but the value stays.
    """
    concern = _Concern(changes, before, after)
    one, other = _kept(before, concern), _kept(after, concern)
    if not has_final_line_end:  # then whichever line is the last has none, before and after
        for kept in (one, other):
            kept[-2:-1] = [(blanks, line.rstrip("\r\n")) for blanks, line in kept[-2:-1]]
    return len(one) == len(other) and all(
        part == counterpart and (ANY in (blanks, others) or blanks == others)
        for (blanks, part), (others, counterpart) in zip(one, other, strict=True)
    )


class _Concern:
    """What the changes have to do with a statement."""

    def __init__(self, changes: t.Sequence[KeyChange], before: Lines, after: Lines) -> None:
        self._paths = {change.path: change for change in changes}
        self._lengths = sorted({len(path) for path in self._paths})
        self._on_the_way = {change.path[:n] for change in changes for n in range(1, len(change.path))}
        self._headers = {one.path for one in before.statements if one.kind != "key"}
        keys, others = ({one.path for one in lines.statements if one.kind == "key"} for lines in (before, after))
        self._keys = keys & others

    def of(self, statement: Statement) -> KeyChange | None:
        """The change that a statement is a part of."""
        for length in self._lengths:
            change = self._paths.get(statement.path[:length])
            if change:
                return change
        return None

    def is_rewritten(self, statement: Statement) -> bool:
        """Whether it is a key whose value is edited."""
        return statement.kind == "key" and (
            statement.path in self._on_the_way or (statement.path in self._paths and statement.path in self._keys)
        )

    def is_new_header(self, statement: Statement) -> bool:
        """Whether it is a header that a key which is added made necessary."""
        return statement.kind == "table" and statement.path in self._on_the_way and statement.path not in self._headers


def _kept(lines: Lines, concern: _Concern) -> list[tuple[str | None, str]]:
    """All lines that no change may touch, each after the blank lines above it."""
    kept: list[tuple[str | None, str]] = []
    blanks: str | None = ""
    for line in _lines(lines, concern):
        if line is ANY:
            blanks = ANY
        elif line.strip(" \t\r\n"):
            kept.append((blanks, line))
            blanks = ""
        elif blanks is not ANY:
            blanks += line
    return [*kept, (blanks, END)]


def _lines(lines: Lines, concern: _Concern) -> t.Iterator[str | None]:
    """All lines, those of a statement together; ANY for a statement that may change or go."""
    for one in lines.statements:
        change = concern.of(one)
        above = one.above
        if change and (change.action == "removed" or isinstance(change.before, list)):
            above, _own = attached(above)  # which may go with it
        if above:
            yield from _split(above)
        if concern.is_rewritten(one):
            begin, end = one.value
            yield one.text[:begin] + "…" + one.text[end:]
        elif change or concern.is_new_header(one):
            yield ANY
        else:
            yield one.text
    yield from _split(lines.below)


def _split(text: str) -> list[str]:
    return [line + "\n" for line in text.split("\n")[:-1]]
