# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook gives for a config.toml, checked: settings, absent keys, and rules for lists."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import (
    INTEGER_LIMIT,
    NESTING_LIMIT,
    KeyPath,
    Table,
    ValuePath,
    dotted,
    equal,
    values_at,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

ListRules = t.Mapping[KeyPath, str | None]
"""How lists of the settings are merged, by the path of each: by the key that items are matched by, or appended
(None). There are no places in a path: a list in an item of another list is named by the keys alone."""


def check_settings(value: t.Any, option: str, path: ValuePath = ()) -> t.Any:
    """The settings as plain Python data. Raises CodexError for what TOML cannot express."""
    where = f"{option}: {dotted(path)}" if path else option
    if len(path) > NESTING_LIMIT:
        raise CodexError(f"{option} is nested by more than {NESTING_LIMIT} levels, which Codex refuses.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise CodexError(f"{where} has a key that is not text. Put it in quotes.")
            _check_text(key, f"{where} has a key with")
        return {str(key): check_settings(item, option, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [check_settings(item, option, (*path, n)) for n, item in enumerate(value)]
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        _check_text(value, f"{where} has")
        return str(value)
    if isinstance(value, int):
        if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            raise CodexError(f"{where} is an integer beyond 64 bits, which TOML cannot express.")
        return int(value)
    if isinstance(value, float):
        return float(value)
    for kind in (datetime.datetime, datetime.date, datetime.time):  # a datetime is a date, too
        if isinstance(value, kind):
            return kind.fromisoformat(value.isoformat())  # ansible-core 2.19 gives subclasses
    if value is None:
        raise CodexError(f"{where} is null, which TOML cannot express. To remove a key, name its path in absent.")
    raise CodexError(f"{where} is a {type(value).__name__}, which TOML cannot express.")


def _check_text(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CodexError(f"{what} a character that is not Unicode text (half of a surrogate pair).") from None


def check_absent(paths: object, option: str) -> list[KeyPath]:
    """The key paths to remove: each a list of keys, from the top of the document. Raises CodexError."""
    if not isinstance(paths, list):
        raise CodexError(f"{option} must be a list of key paths, such as [[mcp_servers, old], [profile]].")
    checked = []
    for path in paths:
        if not isinstance(path, list) or not path or not all(isinstance(key, str) for key in path):
            raise CodexError(
                f"{option} must be a list of key paths, and each of these a list of text that is not empty: "
                "[[mcp_servers, old], [profile]] names two keys."
            )
        checked.append(tuple(str(key) for key in path))
    shortest: list[KeyPath] = []
    for keys in sorted(checked, key=len):
        if not any(keys[: len(above)] == above for above in shortest):
            shortest.append(keys)
    return shortest


def check_disjoint(settings: Table, absent: t.Iterable[KeyPath], where: str = "") -> None:
    """Raises CodexError for a key that is both to be set and to be absent."""
    for path in absent:
        inner: t.Any = settings
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is not None:
            raise CodexError(f"{dotted(path)} is in both {where}settings and {where}absent. Leave it out of one.")


def check_lists(entries: t.Sequence[t.Mapping[str, t.Any]], settings: Table, where: str = "") -> ListRules:
    """The rules for lists of the checked settings. Raises CodexError for an entry that fits none of them."""
    rules: dict[KeyPath, str | None] = {}
    for entry in entries:
        path = tuple(str(key) for key in entry["path"])
        match = entry.get("match")
        name = dotted(path)
        if not path:
            raise CodexError(
                f"{where}lists has an entry with an empty path. Name a list of {where}settings by its keys."
            )
        if bool(entry.get("append")) == (match is not None):
            raise CodexError(
                f"{where}lists: {name} needs one of append: true and match with the name of a key, not both."
            )
        if path in rules:
            raise CodexError(f"{where}lists names {name} twice. Say once how this list is merged.")
        found = list(values_at(settings, path))
        if not found:
            raise CodexError(
                f"{where}lists names {name}, which is not in {where}settings. A path is a list of keys, such as [a, b]."
            )
        for items in found:
            if not isinstance(items, list):
                raise CodexError(f"{where}lists names {name}, which is not a list in {where}settings.")
            if match is not None:
                _check_items(items, str(match), name, where)
        rules[path] = None if match is None else str(match)
    return rules


def _check_items(items: list[t.Any], match: str, name: str, where: str) -> None:
    seen: list[t.Any] = []
    for item in items:
        if not isinstance(item, dict) or match not in item:
            raise CodexError(f"{where}settings: {name} has an item without {dotted([match])}, by which it is matched.")
        if any(equal(item[match], value) for value in seen):
            raise CodexError(f"{where}settings: {name} has two items with the same {dotted([match])}.")
        seen.append(item[match])
