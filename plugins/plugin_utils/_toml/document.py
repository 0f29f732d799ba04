# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A config.toml as data: how it is read, what its key paths are, and when two values are the same."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

KeyPath = tuple[str, ...]
ValuePath = tuple[str | int, ...]
"""The way to a value from the top of the document; a number is the place of an item in a list, from 0."""
Table = dict[str, t.Any]
BOM: t.Final = "\ufeff"

NESTING_LIMIT: t.Final = 80
"""Tables and lists in each other. That is the limit of the library with which Codex reads."""

INTEGER_LIMIT: t.Final = 2**63
"""Integers are signed and have 64 bits. Codex does not start with others, nor with a float like 1e999 (measured)."""


class Unreadable(CodexError):
    """A file is not a TOML document."""


def dotted(path: t.Iterable[str | int]) -> str:
    """A key path as TOML writes it: bare keys bare, others quoted. The place of an item is in brackets."""
    written = ""
    for key in path:
        if isinstance(key, int):
            written += f"[{key}]"
        else:
            written += ("." if written else "") + (key if _is_bare(key) else _quoted(key))
    return written


def _is_bare(key: str) -> bool:
    return bool(key) and all((c.isalnum() and c.isascii()) or c in "_-" for c in key)


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


def decode(data: bytes, path: str) -> str:
    """A config.toml's text without its BOM, which Codex accepts here (but not in auth.json)."""
    try:
        return data.decode("utf-8").removeprefix(BOM)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8").removeprefix(BOM)) + 1
        raise Unreadable(
            f"{path} is not UTF-8 (line {line}, column {column}), and Codex refuses it. Save it as UTF-8."
        ) from None


def parse(text: str, path: str) -> Table:
    """The document's data; refuses malformed TOML with line and column and without quoting it."""
    import tomli

    try:
        data = tomli.loads(text, parse_float=_float)
        what = _beyond_limits(data)
    except tomli.TOMLDecodeError as error:
        raise Unreadable(
            f"{path} is not valid TOML (line {error.lineno}, column {error.colno}), so Codex refuses to start. "
            "Correct it first; nothing was changed."
        ) from None
    except RecursionError:
        what = TOO_DEEP
    except ValueError:  # of `_float`, and for an integer with more digits than Python reads
        what = TOO_LARGE
    if what:
        raise Unreadable(f"{path} {what}, so Codex refuses to start. Correct it first; nothing was changed.")
    return data


TOO_DEEP: t.Final = f"is nested too deeply, by more than {NESTING_LIMIT} levels"
TOO_LARGE: t.Final = "has a number beyond 64 bits"


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value) and "inf" not in text:
        raise ValueError("overflow")
    return value


def is_toml(text: str) -> bool:
    """Whether it is a document that Codex reads."""
    try:
        parse(text, "")
    except Unreadable:
        return False
    return True


def _beyond_limits(data: Table) -> str | None:
    """What in the data Codex cannot read though it is TOML; None for nothing."""
    level: list[t.Any] = [data]
    for _level in range(NESTING_LIMIT + 1):
        values = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        if not all(-INTEGER_LIMIT <= value < INTEGER_LIMIT for value in values if isinstance(value, int)):
            return TOO_LARGE
        level = [value for value in values if isinstance(value, (dict, list))]
        if not level:
            return None
    return TOO_DEEP


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


def equal_ends(one: t.Sequence[t.Any], other: t.Sequence[t.Any]) -> tuple[int, int]:
    """How many items two lists have in common at their beginning, and how many of the others at their end."""
    shorter = min(len(one), len(other))
    begin = end = 0
    while begin < shorter and equal(one[begin], other[begin]):
        begin += 1
    while end < shorter - begin and equal(one[-1 - end], other[-1 - end]):
        end += 1
    return begin, end


def copy_of(value: t.Any) -> t.Any:
    """A copy of data. ``copy.deepcopy`` takes four times as long."""
    if isinstance(value, dict):
        return {key: copy_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copy_of(inner) for inner in value]
    return value


def value_at(data: t.Any, path: ValuePath) -> t.Any:
    """The value at a path; None where there is none."""
    for key in path:
        if isinstance(data, dict) and isinstance(key, str):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def values_at(data: t.Any, path: KeyPath) -> t.Iterator[t.Any]:
    """The values at a path of keys alone: one in each item where it leads through a list."""
    if not path:
        yield data
    elif isinstance(data, dict) and path[0] in data:
        yield from values_at(data[path[0]], path[1:])
    elif isinstance(data, list):
        for item in data:
            yield from values_at(item, path)


def is_tables(value: t.Any) -> bool:
    """Whether TOML can write the value with headers: a table, or a list of tables."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)
