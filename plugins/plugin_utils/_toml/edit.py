# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The edit of a config.toml, statement by statement, and its proof. Nothing else of the text is touched.

lines.py finds where things are, tomledit writes new values, and proof.py and tomli prove that the new text holds the
old data plus exactly the changes, and that every other line is as it was.

Three decisions are made here:

* What a removal empties: a header that was written stays, and so does an inline table. A table that only a longer
  header or a dotted key implied goes.
* The comment lines directly above a statement go with it. What a blank line separates from it stays.
* A new table gets a header, and what is added to a table is written as that table is: inline, dotted, or under its
  header.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._toml import proof, values
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange, apply_changes, set_value
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import (
    BOM,
    NESTING_LIMIT,
    Table,
    Unreadable,
    ValuePath,
    copy_of,
    decode,
    dotted,
    equal,
    equal_ends,
    is_tables,
    parse,
    value_at,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.lines import (
    Statement,
    attached,
    blanks_at_end,
    ended,
    line_end_of,
    scan,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def edit(old: bytes, data: Table, changes: t.Sequence[KeyChange], path: str) -> tuple[bytes, Table]:
    """The file with the changes made and proven, every other line as it was; and the data that it then holds.

    data: those of the old file, for which the changes were found. Raises CodexError where the edit cannot be
    proven.
    """
    text = decode(old, path)
    editor = Editor(text, copy_of(data))
    for change in changes:
        if change.action != "removed":
            editor.set_value(change.path, change.after)
    for change in changes:  # at last, so that a table that gets other keys is never empty
        if change.action == "removed":
            editor.remove(change.path)
    new = editor.text
    after = _read_back(new, path)
    if not proof.holds(after, data, changes) or not proof.only_these_lines_differ(
        editor.before, scan(ended(new, editor.line_end)), changes, has_final_line_end=text.endswith("\n")
    ):
        raise CodexError(
            f"{path} could not be edited without changing something else, so nothing was written. Edit it by hand."
        )
    return (BOM + new if old.startswith(BOM.encode()) else new).encode(), after


def write(changes: t.Sequence[KeyChange], path: str) -> tuple[bytes, Table]:
    """A new file that holds what the changes add, and nothing else; and its data. Raises CodexError."""
    import tomli_w

    data: Table = {}
    apply_changes(data, changes)
    text = tomli_w.dumps(data)
    if "\\" in text:  # tomli-w knows no literal strings, and a Windows path is easier to read as one
        text = "".join(
            one.above + (values.with_value(one, value_at(data, one.path)) if "\\" in one.text else one.text)
            for one in scan(text).statements
        )
    after = _read_back(text, path)
    if not equal(after, data):
        raise CodexError(
            f"{path} could not be written with exactly these settings, so nothing was written. Write it by hand."
        )
    return text.encode(), after


def _read_back(text: str, path: str) -> Table:
    """The data of a text that was made here: an error in it is not one of the file. Raises CodexError."""
    try:
        return parse(text, path)
    except Unreadable:
        raise CodexError(
            f"{path} could not be written so that it is valid TOML of at most {NESTING_LIMIT} levels, "
            "so nothing was written. Nest the settings less."
        ) from None


class Editor:
    """A document that is being edited: its lines, and the data that they have to hold.

    Paths lead to values that are there (``remove``), or to ones whose parent is a table, a list or missing
    (``set_value``).
    """

    def __init__(self, text: str, data: Table) -> None:
        self.line_end = line_end_of(text)
        self._has_final_line_end = ended(text, self.line_end) == text
        self.before: t.Final = scan(ended(text, self.line_end))
        self.statements = list(self.before.statements)
        self.below = self.before.below
        self.data = data

    @property
    def text(self) -> str:
        """The document as it is now. One that had no line end after its last line still has none."""
        text = "".join([part for one in self.statements for part in (one.above, one.text)]) + self.below
        return text if self._has_final_line_end else text.removesuffix("\n").removesuffix("\r")

    # ------------------------------------------------------------------------------------ set

    def set_value(self, path: ValuePath, value: t.Any) -> None:
        """Adds or changes one value."""
        before = value_at(self.data, path)
        if (at := self._holder(path)) is not None:
            self._rewrite(at, values.set_inside(self.statements[at], self._rest(at, path), value))
        elif before is None:
            self._add(path, value)
        elif is_tables(before) and is_tables(value) and isinstance(before, list):
            self._put_tables(path, copy_of(before), value)
            return
        else:
            self._take_out(path)
            self._add(path, value)
        set_value(self.data, path, value)

    def _put_tables(self, path: ValuePath, before: list[Table], after: list[Table]) -> None:
        """Makes a list of tables that have headers another one; items that stay keep all their lines."""
        head, tail = equal_ends(before, after)
        common = min(len(before), len(after)) - tail
        for n in range(head, common):
            self._put_table((*path, n), before[n], after[n])
        for n in range(len(before) - tail - 1, common - 1, -1):
            self.remove((*path, n))
        for n in range(common, len(after) - tail):
            self._renumber(path, n, 1)
            self._add((*path, n), after[n])
            value_at(self.data, path).insert(n, after[n])

    def _put_table(self, path: ValuePath, before: Table, after: Table) -> None:
        for key, value in after.items():
            if key in before and isinstance(before[key], dict) and isinstance(value, dict) and value:
                self._put_table((*path, key), before[key], value)
            elif key in before and isinstance(before[key], dict) != isinstance(value, dict):
                self.remove((*path, key))
                self.set_value((*path, key), value)
            elif key not in before or not equal(before[key], value):
                self.set_value((*path, key), value)
        for key in [key for key in before if key not in after]:
            self.remove((*path, key))

    def _add(self, path: ValuePath, value: t.Any) -> None:
        """Adds a value that no statement holds yet, nor any part of it, to what its parent is written as."""
        parent = path[:-1]
        statements = self.statements
        below = [n for n, one in enumerate(statements) if one.path[: len(parent)] == parent]
        header = next((n for n in below if statements[n].path == parent and statements[n].kind != "key"), None)
        dotted_key = next((n for n in reversed(below) if len(statements[n].table) < len(parent)), None)
        if isinstance(path[-1], int):
            self._add_item(path, value, below)
        elif header is None and dotted_key is not None:
            self._insert_keys(dotted_key + 1, statements[dotted_key].table, _leaves(path, value))
        elif parent and not below:
            self._add(parent, {path[-1]: value})
        elif is_tables(value):
            self._insert_tables(below[-1] + 1 if below else len(statements), path, value)
        elif parent and header is None:
            self._insert_header(below[0], parent, path, value)
        else:
            at = 0 if header is None else header + 1
            while at < len(statements) and statements[at].kind == "key":
                at += 1
            self._insert_keys(at, parent, [(path, value)])

    def _add_item(self, path: ValuePath, value: t.Any, below: list[int]) -> None:
        """Adds an item to a list of tables that have headers."""
        # The element of a path below the list at this length is a number, the place of an item.
        before = [n for n in below if self.statements[n].path[len(path) - 1] < path[-1]]  # type: ignore[operator]  # both are places
        self._insert_tables(before[-1] + 1 if before else below[0], path, value)

    # --------------------------------------------------------------------------------- remove

    def remove(self, path: ValuePath) -> None:
        """Removes a value. A parent that only this value implied goes by itself."""
        at = self._holder(path)
        if at is not None and self._rest(at, path):
            self._rewrite(at, values.remove_inside(self.statements[at], self._rest(at, path)))
        else:
            self._take_out(path)
            if isinstance(path[-1], int):
                self._renumber(path[:-1], path[-1] + 1, -1)
        del value_at(self.data, path[:-1])[path[-1]]

    def _take_out(self, path: ValuePath) -> None:
        """Takes out all statements of a value, each with its own comments."""
        for n in range(len(self.statements) - 1, -1, -1):
            if self.statements[n].path[: len(path)] != path:
                continue
            one = self.statements.pop(n)
            kept, _own = attached(one.above)
            below = self._above(n)
            comments, blanks = blanks_at_end(kept)
            if not below and n == len(self.statements):
                kept = comments
            elif blanks and (blanks_at_start(below) or (one.kind != "key" and not comments)):
                kept = comments + blanks[blanks.index("\n") + 1 :]
            elif n == 0 and not kept and one.kind != "key":
                below = below[blanks_at_start(below) :]
            self._set_above(n, kept + below)

    # -------------------------------------------------------------------------------- helpers

    def _holder(self, path: ValuePath) -> int | None:
        """The place of the key whose value holds what is at the path, or would."""
        for n, one in enumerate(self.statements):
            if one.kind == "key" and path[: len(one.path)] == one.path:
                return n
        return None

    def _rest(self, at: int, path: ValuePath) -> ValuePath:
        """The part of the path that leads on inside the value of a key."""
        return path[len(self.statements[at].path) :]

    def _rewrite(self, at: int, text: str) -> None:
        self.statements[at] = self.statements[at]._replace(text=text, value=scan(text).statements[0].value)

    def _renumber(self, path: ValuePath, first: int, by: int) -> None:
        """Moves the places of the items of a list of tables, from one on."""
        for n, one in enumerate(self.statements):
            place = one.path[len(path)] if one.path[: len(path)] == path and len(one.path) > len(path) else -1
            if isinstance(place, int) and place >= first:
                self.statements[n] = one._replace(path=(*path, place + by, *one.path[len(path) + 1 :]))

    def _insert_keys(self, at: int, table: ValuePath, values: t.Iterable[tuple[ValuePath, t.Any]]) -> None:
        """Puts keys of a table before a statement; above the first header also before the comments of the next."""
        indentation = self.statements[at - 1].indentation if at else ""
        new = [self._key(table, path, value, indentation) for path, value in values]
        if at == 0:
            new[0] = new[0]._replace(above=self._room(0, own_blank=bool))
        self.statements[at:at] = new

    def _insert_tables(self, at: int, path: ValuePath, value: t.Any) -> None:
        first, *others = self._tables(path, value)
        first = first._replace(above=self._room(at, own_blank=lambda kept: bool(kept) or at > 0))
        others = [one if one.kind == "key" else one._replace(above=self.line_end) for one in others]
        self.statements[at:at] = [first, *others]

    def _insert_header(self, at: int, table: ValuePath, path: ValuePath, value: t.Any) -> None:
        """Gives a table that was only implied a header, above the first of its tables, and a key."""
        above, own = attached(self._above(at))
        self._set_above(at, self.line_end + own)
        self.statements[at:at] = [
            self._header("table", table)._replace(above=above),
            self._key(table, path, value),
        ]

    def _room(self, at: int, own_blank: t.Callable[[str], bool]) -> str:
        """Makes room before a statement, above its comments; returns the text above the new one."""
        above, own = attached(self._above(at)) if at < len(self.statements) else (self.below, "")
        kept, blanks = blanks_at_end(above)
        self._set_above(at, blanks + own)
        return kept + (self.line_end if own_blank(kept) else "")

    def _above(self, at: int) -> str:
        """The blank and comment lines above a statement, or below the last one."""
        return self.statements[at].above if at < len(self.statements) else self.below

    def _set_above(self, at: int, above: str) -> None:
        if at < len(self.statements):
            self.statements[at] = self.statements[at]._replace(above=above)
        else:
            self.below = above

    def _tables(self, path: ValuePath, value: t.Any) -> t.Iterator[Statement]:
        """A table, an item of a list of tables or such a list, with headers."""
        if isinstance(value, list):
            for n, item in enumerate(value):
                yield from self._tables((*path, n), item)
            return
        is_item = isinstance(path[-1], int)
        keys = {key: inner for key, inner in value.items() if not is_tables(inner)}
        if keys or is_item or not value:
            yield self._header("array" if is_item else "table", path)
        for key, inner in keys.items():
            yield self._key(path, (*path, key), inner)
        for key, inner in value.items():
            if key not in keys:
                yield from self._tables((*path, key), inner)

    def _header(self, kind: t.Literal["table", "array"], path: ValuePath) -> Statement:
        keys = tuple(key for key in path if isinstance(key, str))
        name = dotted(keys)
        return Statement(kind, path, keys, "", (f"[[{name}]]" if kind == "array" else f"[{name}]") + self.line_end)

    def _key(self, table: ValuePath, path: ValuePath, value: t.Any, indentation: str = "") -> Statement:
        keys = t.cast(tuple[str, ...], path[len(table) :])
        text = indentation + values.key_line(keys, value, self.line_end)
        return Statement("key", path, keys, "", text, scan(text).statements[0].value)


def blanks_at_start(above: str) -> int:
    """How long the blank line is that the lines begin with; 0 for none."""
    line, end, _rest = above.partition("\n")
    return len(line) + 1 if end and not line.strip(" \t\r") else 0


def _leaves(path: ValuePath, value: t.Any) -> t.Iterator[tuple[ValuePath, t.Any]]:
    """A value as dotted keys have it: the values in tables, each with its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path, value
