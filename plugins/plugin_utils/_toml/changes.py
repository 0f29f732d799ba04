# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an edit of config.toml has to change, decided on data alone."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import (
    KeyPath,
    Table,
    ValuePath,
    dotted,
    equal,
    is_tables,
    value_at,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import ListRules
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


@dataclass(frozen=True)
class KeyChange:
    """One key that an edit adds, changes or removes; ``before`` and ``after`` are None where it is not there."""

    path: ValuePath
    action: t.Literal["added", "changed", "removed"]
    before: t.Any
    after: t.Any

    @property
    def key(self) -> str:
        """The path as TOML writes it."""
        return dotted(self.path)


def find_changes(
    data: Table,
    settings: Table,
    absent: t.Iterable[KeyPath],
    path: str,
    rules: ListRules | None = None,
) -> list[KeyChange]:
    """What has to change so that the settings are merged in and the absent keys are gone.

    Tables merge key by key, lists as the rules say, everything else is replaced whole. Raises CodexError where
    the file has a table and the settings a value, or the other way round.
    """
    changes: list[KeyChange] = []
    for keys in absent:
        parent: t.Any = data
        for key in keys[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else None
        if isinstance(parent, dict) and keys[-1] in parent:
            changes.append(KeyChange(keys, "removed", parent[keys[-1]], None))
    _merge(data, settings, (), _Merge(path, rules or {}, changes))
    return changes


class _Merge(t.NamedTuple):
    """What all steps of one merge share."""

    path: str
    rules: ListRules
    changes: list[KeyChange]


def _merge(data: Table, settings: Table, above: ValuePath, merge: _Merge) -> None:
    for key, wanted in settings.items():
        keys = (*above, key)
        if key not in data:
            merge.changes.append(KeyChange(keys, "added", None, wanted))
        elif isinstance(wanted, dict) != isinstance(data[key], dict):
            there, asked = ("a table", "a value") if isinstance(data[key], dict) else ("a value", "a table")
            raise CodexError(
                f"{merge.path} has {there} at {dotted(keys)}, where the playbook has {asked}. "
                "Remove that key first, in a task of its own, with absent."
            )
        elif isinstance(wanted, dict):
            _merge(data[key], wanted, keys, merge)
        elif (named := tuple(key for key in keys if isinstance(key, str))) in merge.rules:
            _merge_list(data[key], wanted, keys, merge.rules[named], merge)
        elif not equal(data[key], wanted):
            merge.changes.append(KeyChange(keys, "changed", data[key], wanted))


def _merge_list(there: t.Any, wanted: list[t.Any], above: ValuePath, match: str | None, merge: _Merge) -> None:
    if not isinstance(there, list):
        raise CodexError(
            f"{merge.path} has no list at {dotted(above)}, so nothing can be merged into it. "
            "Leave its entry out of lists to replace what is there."
        )
    new: list[t.Any] = []
    for item in wanted:
        if match is None:
            if not any(equal(item, other) for other in [*there, *new]):
                new.append(item)
            continue
        places = [
            n for n, other in enumerate(there) if isinstance(other, dict) and equal(other.get(match), item[match])
        ]
        if len(places) > 1:
            raise CodexError(
                f"{merge.path} has several items with one {dotted([match])} at {dotted(above)}, so none can be chosen. "
                "Make them differ first."
            )
        if places:
            _merge(there[places[0]], item, (*above, places[0]), merge)
        else:
            new.append(item)
    if is_tables(there) and new and not is_tables(new):  # headers cannot hold these any more
        merge.changes.append(KeyChange(above, "changed", there, [*there, *new]))
        return
    for n, item in enumerate(new, len(there)):
        merge.changes.append(KeyChange((*above, n), "added", None, item))


def apply_changes(data: Table, changes: t.Sequence[KeyChange]) -> None:
    """Makes the changes in the data that they were found for."""
    for change in changes:
        if change.action != "removed":
            set_value(data, change.path, change.after)
    for change in changes:
        if change.action == "removed":
            del value_at(data, change.path[:-1])[change.path[-1]]


def set_value(data: Table, path: ValuePath, value: t.Any) -> None:
    """Puts a value where the path leads, with the tables on the way that are missing."""
    parent: t.Any = data
    for key in path[:-1]:
        parent = parent.setdefault(key, {}) if isinstance(parent, dict) else parent[key]
    if isinstance(path[-1], int) and path[-1] == len(parent):
        parent.append(value)
    else:
        parent[path[-1]] = value
