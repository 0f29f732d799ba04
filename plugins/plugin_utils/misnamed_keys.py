# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key paths of a playbook that are valid, and most likely not what was meant."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.redaction import Marks
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import Change
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import KeyPath, Table, dotted, values_at


def misnamed_keys(
    settings: Table, absent: t.Iterable[KeyPath], marks: Marks, changes: t.Sequence[Change], data: Table
) -> list[str]:
    """A sentence for each path that leads nowhere, or to a key that nobody would name so.

    settings, absent and marks: from the top of the file, whose data before the changes are ``data``.
    """
    return [
        *(_with_dots("settings", (key,), "nest them") for key in settings if _is_dotted((key,), data, changes)),
        *(
            _with_dots("absent", path, f"write [{', '.join(path[0].split('.'))}]")
            for path in absent
            if len(path) == 1 and path[0] not in data and _leads(tuple(path[0].split(".")), data)
        ),
        *(
            f"secret_keys names {dotted(path)}, which is neither in the settings nor in the file, so it hides nothing."
            for path in marks.secret
            if not _leads(path, data) and not _leads(path, settings)
        ),
    ]


def _is_dotted(path: KeyPath, data: Table, changes: t.Sequence[Change]) -> bool:
    """Whether a new key at the top has a dot in its name. Codex has none there."""
    return "." in path[0] and path[0] not in data and any(change.path == path for change in changes)


def _with_dots(option: str, path: KeyPath, instead: str) -> str:
    table, _dot, key = path[0].partition(".")
    return f"{option}: {dotted(path)} is one key with a dot in its name. For {key} in the table {table}, {instead}."


def _leads(path: KeyPath, data: Table) -> bool:
    return any(True for _value in values_at(data, path))
