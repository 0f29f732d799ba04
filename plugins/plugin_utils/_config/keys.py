# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of Codex does with the keys of a config.toml: acts on them, ignores them, does not start."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import View, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import (
    STRICT_CONFIG,
    Setting,
    Version,
    number,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table, ValuePath, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

KIND_NAMES: t.Final[t.Mapping[type, str]] = {
    bool: "a boolean",
    dict: "a table",
    int: "a number",
    str: "a text",
}
"""How messages name the types of refused values."""

Found = tuple[KeyPath, Setting, t.Any]
"""The path of a known key, what is known of it, and its value."""


def known_keys(data: Table) -> list[Found]:
    """The keys of a document that the table of versions has, in the table's order."""
    return [
        (path, setting, value)
        for name, setting in versions.KEYS.items()
        for path, value in _matches(data, tuple(name.split(".")))
    ]


def _matches(data: t.Any, pattern: KeyPath, above: KeyPath = ()) -> t.Iterator[tuple[KeyPath, t.Any]]:
    if not pattern:
        yield above, data
    elif isinstance(data, dict):
        for key in data if pattern[0] == "*" else [pattern[0]]:
            if key in data:
                yield from _matches(data[key], pattern[1:], (*above, key))


def check_settings(settings: Table, version: Version | None, path: str) -> None:
    """Raises CodexError for settings with which Codex does not start; version None: with which no version does.

    path: of the file that the settings are for.
    """
    for keys, setting, value in known_keys(settings):
        problem = _problem(keys, setting, value, version)
        if problem:
            raise CodexError(f"settings for {path}: {problem} Change the settings; nothing was changed.")
    for problem in _refused(settings, version):
        raise CodexError(f"settings for {path}: {problem} Change the settings; nothing was changed.")


def start_warnings(data: Table, version: Version | None, path: str) -> list[str]:
    """A warning for each key in the file at ``path`` that keeps Codex from starting; version None: any version."""
    found = ((setting, _problem(keys, setting, value, version)) for keys, setting, value in known_keys(data))
    warnings = [
        f"{path}: {problem} {'Remove it; drop_removed_keys does' if setting.stops else 'Correct or remove it'}."
        for setting, problem in found
        if problem
    ]
    return warnings + [f"{path}: {problem} Correct or remove it." for problem in _refused(data, version)]


def _refused(data: Table, version: Version | None) -> list[str]:
    """Why this version does not start with values that others accept, a sentence each; none without a version."""
    if version is None:
        return []
    return [
        f"{dotted(keys)} {f'with the value {kind}' if isinstance(kind, str) else f'as {KIND_NAMES[kind]}'} keeps Codex "
        f"{number(version)} from starting."
        for name, refused in versions.REFUSED_VALUES.items()
        for keys, value in _matches(data, tuple(name.split(".")))
        for kind, span in refused.items()
        if span.works_in(version) and (value == kind if isinstance(kind, str) else _is_a(value, kind))
    ]


def _is_a(value: t.Any, kind: type) -> bool:
    """Whether TOML has a value for one of a type; a boolean is not an integer there."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def permissions_warnings(views: t.Iterable[View], version: Version | None) -> list[str]:
    """A warning for each default_permissions with which Codex does not start, as ``permissions`` has no such table."""
    if version is None or not versions.PERMISSIONS_NEEDED.works_in(version):
        return []
    paths = []
    for view in views:
        value, path = value_of("default_permissions", view)
        is_own = isinstance(value, str) and not value.startswith(":")
        tables = [source.data.get("permissions") for source in view]
        if is_own and not any(isinstance(table, dict) and value in table for table in tables):
            paths.append(path)
    return [
        f"{path} sets default_permissions to a name that is no table below permissions in any configuration file: "
        f"Codex {number(version)} does not start with it. Add the table, or remove the setting."
        for path in dict.fromkeys(paths)
    ]


def _problem(keys: KeyPath, setting: Setting, value: t.Any, version: Version | None) -> str | None:
    """Why Codex does not start with the value, in a sentence without it; None where it does."""
    if version is not None and setting.stops and setting.dropped_in(version):
        instead = f", which has {setting.successor} in its place" if setting.successor else ""
        return f"{dotted(keys)} keeps Codex {number(version)} from starting{instead}."
    if (version is not None and not setting.works_in(version)) or setting.accepts(value, version):
        return None
    where = "" if version is None else f" in Codex {number(version)}"
    return f"{dotted(keys)} accepts {setting.accepted(version)}{where}, and Codex does not start with anything else."


def ignored_warnings(settings: Table, changes: t.Sequence[KeyChange], version: Version | None) -> list[str]:
    """A warning for each setting that is written now and that this version does not act on."""
    if version is None:
        return []
    return [
        _ignored(keys, setting, version)
        for keys, setting, _value in known_keys(settings)
        if not setting.works_in(version) and any(_overlap(keys, change.path) for change in changes)
    ]


def _ignored(keys: KeyPath, setting: Setting, version: Version) -> str:
    successor = versions.KEYS.get(setting.successor or "")
    instead = f" Use {setting.successor} in its place." if successor and successor.works_in(version) else ""
    strict = ", and does not start with it under --strict-config" if STRICT_CONFIG.works_in(version) else ""
    return (
        f"settings: {dotted(keys)} was written, but Codex {number(version)} does not act on it{strict}. "
        f"The versions that do: {setting.range()}.{instead}"
    )


def removed_keys(data: Table, version: Version | None) -> list[KeyPath]:
    """The keys of a file that this version of Codex no longer reads; none where the version is not known."""
    return [keys for keys, setting, _value in known_keys(data) if version is not None and setting.dropped_in(version)]


def with_dropped(absent: t.Sequence[KeyPath], data: Table, settings: Table, version: Version | None) -> list[KeyPath]:
    """The paths of ``absent`` and those of the file's keys that the version dropped.

    A key that ``settings`` sets, or something below it, is not among the latter. Raises CodexError without a version.
    """
    if version is None:
        raise CodexError("drop_removed_keys needs the version of Codex. Set codex_version to it, or to detect.")
    set_here = {keys for keys, _setting, _value in known_keys(settings)}
    dropped = [
        keys
        for keys in removed_keys(data, version)
        if keys not in set_here and not any(keys[: len(above)] == above for above in absent)
    ]
    kept = [keys for keys in absent if not any(keys[: len(above)] == above for above in dropped)]
    return [*kept, *dropped]


def _overlap(one: KeyPath, other: ValuePath) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))
