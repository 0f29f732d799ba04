# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""config.toml: what an edit would change, and the edit itself, which touches nothing else.

Whether anything changes is decided on data alone, with tomli, so a steady run never loads the
editor. tomledit (Rust's toml_edit, which Codex edits with too) makes the edit and tomli proves it:
the new text must hold the old data plus exactly the change.
"""

from __future__ import annotations

import datetime
import difflib
import math
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

if t.TYPE_CHECKING:
    import tomledit

KeyPath = tuple[str, ...]
Table = dict[str, t.Any]
BOM = "\ufeff"
INTEGER_LIMIT = 2**63  # TOML integers are signed 64 bits


@dataclass(frozen=True)
class Change:
    """One key that an edit adds, changes or removes; ``before`` and ``after`` are None where it is not there."""

    path: KeyPath
    action: t.Literal["added", "changed", "removed"]
    before: t.Any
    after: t.Any

    @property
    def key(self) -> str:
        """The path as TOML writes it."""
        return dotted(self.path)


def dotted(path: t.Iterable[str]) -> str:
    """A key path as TOML writes it: bare keys bare, others quoted."""
    return ".".join(
        key if key and all((c.isalnum() and c.isascii()) or c in "_-" for c in key) else _quoted(key) for key in path
    )


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


# ---------------------------------------------------------------------------- what a playbook gives


def check_settings(value: t.Any, option: str, path: KeyPath = ()) -> t.Any:
    """The settings as plain Python data; refuses what TOML cannot say."""
    where = f"{option}: {dotted(path)}" if path else option
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise CodexError(f"{where} has a key that is not text. Put it in quotes.")
        return {str(key): check_settings(item, option, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [check_settings(item, option, (*path, str(n))) for n, item in enumerate(value)]
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            raise CodexError(f"{where} is an integer beyond 64 bits, which TOML has not.")
        return int(value)
    if isinstance(value, float):
        return float(value)
    for kind in (datetime.datetime, datetime.date, datetime.time):  # a datetime is a date, too
        if isinstance(value, kind):
            return kind.fromisoformat(value.isoformat())  # ansible-core 2.19 gives subclasses
    if value is None:
        raise CodexError(f"{where} is null, which TOML has not. To remove a key, name its path in the option for that.")
    raise CodexError(f"{where} is a {type(value).__name__}, a type that TOML has not.")


def check_absent(paths: object, option: str) -> list[KeyPath]:
    """The key paths to remove: each a list of keys, from the top of the document."""
    if not isinstance(paths, list):
        raise CodexError(f"{option} must be a list of key paths, each a list such as [mcp_servers, old].")
    checked = []
    for path in paths:
        if not isinstance(path, list) or not path or not all(isinstance(key, str) for key in path):
            raise CodexError(
                f"{option} must hold key paths that are lists of text, such as [mcp_servers, old], and none is empty."
            )
        checked.append(tuple(str(key) for key in path))
    shortest: list[KeyPath] = []
    for keys in sorted(checked, key=len):
        if not any(keys[: len(above)] == above for above in shortest):
            shortest.append(keys)
    return shortest


def check_disjoint(settings: Table, absent: t.Iterable[KeyPath], where: str = "") -> None:
    """Refuses a key that is both to be set and to be absent."""
    for path in absent:
        inner: t.Any = settings
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is not None:
            raise CodexError(f"{dotted(path)} stands in both {where}settings and {where}absent.")


# ------------------------------------------------------------------------------------------ reading


def decode(data: bytes, path: str) -> str:
    """A config.toml's text without its BOM, which Codex accepts here (but not in auth.json)."""
    try:
        return data.decode("utf-8").removeprefix(BOM)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CodexError(f"{path} is not UTF-8 (line {line}), and Codex refuses it. Save it as UTF-8.") from None


def parse(text: str, path: str) -> Table:
    """The document's data; refuses malformed TOML with line and column and without quoting it."""
    import tomli

    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise CodexError(
            f"{path} is not valid TOML (line {error.lineno}, column {error.colno}), so Codex refuses to start. "
            "Mend it first; nothing was changed."
        ) from None
    except RecursionError:
        raise CodexError(f"{path} is nested too deeply to be read. Mend it first; nothing was changed.") from None


def equal(one: t.Any, other: t.Any) -> bool:
    """Equality as TOML means it: 1, 1.0 and true differ, and nan equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    return bool(one == other)


def find_changes(data: Table, settings: Table, absent: t.Iterable[KeyPath], path: str) -> list[Change]:
    """What has to change so that the settings are merged in and the absent keys are gone.

    Tables merge key by key, everything else is replaced whole. Refuses a path that a value of
    another kind stands in the way of.
    """
    changes: list[Change] = []
    for keys in absent:
        parent: t.Any = data
        for key in keys[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else None
        if isinstance(parent, dict) and keys[-1] in parent:
            changes.append(Change(keys, "removed", parent[keys[-1]], None))
    _merge(data, settings, (), path, changes)
    return changes


def _merge(data: Table, settings: Table, above: KeyPath, path: str, changes: list[Change]) -> None:
    for key, wanted in settings.items():
        keys = (*above, key)
        if key not in data:
            changes.append(Change(keys, "added", None, wanted))
        elif isinstance(wanted, dict) != isinstance(data[key], dict):
            there, asked = ("a table", "a value") if isinstance(data[key], dict) else ("a value", "a table")
            raise CodexError(
                f"{path} has {there} at {dotted(keys)}, where the playbook wants {asked}. "
                "Remove that key first, or name its path in the option for absent keys."
            )
        elif isinstance(wanted, dict):
            _merge(data[key], wanted, keys, path, changes)
        elif not equal(data[key], wanted):
            changes.append(Change(keys, "changed", data[key], wanted))


# ------------------------------------------------------------------------------------------ editing


def edit(old: bytes, changes: t.Sequence[Change], path: str) -> bytes:
    """The file with the changes made and proven; every other line as it was."""
    import tomledit

    text = decode(old, path)
    expected = parse(text, path)
    for change in changes:
        _change_data(expected, change)
    original, text = text, text.replace("\r\n", "\n")
    for change in changes:
        document = tomledit.Document.parse(text)
        if change.action == "removed":
            text = _remove(text, document, change.path)
        else:
            _set(document, change)
            text = document.as_toml()
    if not equal(parse(text, path), expected):
        raise CodexError(f"{path} could not be edited without changing something else, so nothing was written.")
    new = _with_line_endings_of(original, text).encode()
    return BOM.encode() + new if old.startswith(BOM.encode()) else new


def _with_line_endings_of(original: str, text: str) -> str:
    """The text with CRLF where the original has it, and in new lines where the original has nothing else."""
    crlf = original.count("\r\n")
    if crlf in (0, original.count("\n")):
        return text.replace("\n", "\r\n") if crlf else text
    old, new = original.splitlines(keepends=True), text.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, [line.replace("\r\n", "\n") for line in old], new, autojunk=False)
    for block in matcher.get_matching_blocks():
        new[block.b : block.b + block.size] = old[block.a : block.a + block.size]
    return "".join(new)


def _change_data(data: Table, change: Change) -> None:
    for key in change.path[:-1]:
        data = data.setdefault(key, {})
    if change.action == "removed":
        del data[change.path[-1]]
    else:
        data[change.path[-1]] = change.after


def _set(document: tomledit.Document, change: Change) -> None:
    parent: t.Any = document
    for key in change.path[:-1]:
        parent = parent[key]
    parent[change.path[-1]] = change.after
    _hide_empty_headers(parent[change.path[-1]], change.after)


def _hide_empty_headers(item: t.Any, value: t.Any) -> None:
    """A new table that only holds tables needs no header of its own."""
    if isinstance(value, dict) and value and all(isinstance(inner, dict) for inner in value.values()):
        item.implicit = True
    if isinstance(value, dict):
        for key, inner in value.items():
            _hide_empty_headers(item[key], inner)


def _remove(text: str, document: tomledit.Document, path: KeyPath) -> str:
    """The text without the key. A comment block that a blank line parts from the key stays."""
    parent: t.Any = document
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    old, new = text.splitlines(keepends=True), document.as_toml().splitlines(keepends=True)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    removed = old[start : len(old) - end]
    if new[start : len(new) - end]:  # not a plain removal of lines: a key of an inline table
        return "".join(new)
    comments = 0
    while comments < len(removed) and (not removed[comments].strip() or removed[comments].lstrip().startswith("#")):
        comments += 1
    kept = next((n for n in range(comments, 0, -1) if not removed[n - 1].strip()), 0)
    if not "".join(removed[:kept]).strip():
        kept = 0  # only the blank lines that set the key apart
    return "".join(old[:start] + removed[:kept] + old[len(old) - end :])
