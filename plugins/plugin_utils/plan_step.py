# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One part of a home's plan, and the operations that all parts are made of."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles, report, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import NO_BACKUP, Backup, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    Base,
    FileFacts,
    HomeAnswer,
    Operation,
)

FILE_MODE = 0o600


class Change(t.NamedTuple):
    """One operation and how ``--diff`` shows it."""

    operation: Operation
    diff: report.Diff | None


@dataclass
class Step:
    """One part of a home's plan: what to do, what to return and what to warn of."""

    changes: list[Change] = field(default_factory=list)
    result: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def codex_version(desired: DesiredHome, found: HomeAnswer) -> versions.Version | None:
    """The version of Codex that will read the home, as declared or detected; None where it is not known."""
    detected = found.get("codex_version")
    return versions.parse_version(detected) if desired.detect_version and detected else desired.codex_version


def is_file(file: FileFacts) -> bool:
    """Whether there is a file; refuses whatever else may stand in its place."""
    if file["kind"] in ("file", "absent"):
        return file["kind"] == "file"
    raise CodexError(obstacles.file_sentence(file))


def is_removable(file: FileFacts) -> bool:
    """Whether there is a file, or a link to nothing, to remove; refuses whatever else may stand in its place."""
    return file["kind"] == "dangling" or is_file(file)


def remove_operation(base: Base, path: str, file: FileFacts, backup: Backup = NO_BACKUP) -> Operation:
    """Removes the file that describe saw."""
    return {"operation": "remove", "base": base, "path": path, "expected": file.get("sha256"), **_backup(backup)}


def _backup(backup: Backup) -> Operation:
    keys: t.Any = {"backup": backup.wanted, "backup_keep": backup.keep} if backup.wanted else {"backup": False}
    return t.cast(Operation, keys)


def repaired_mode(file: FileFacts, wanted: int | None) -> int:
    """The mode a file shall have: what was asked for, else no wider than the default."""
    return wanted if wanted is not None else file.get("mode", FILE_MODE) & FILE_MODE


def write_operation(
    base: Base, path: str, content: bytes, file: FileFacts, mode: int, backup: Backup = NO_BACKUP
) -> Operation:
    """Replaces the file that describe saw, or makes it, with this content (bytes) and mode (permission bits)."""
    return {
        "operation": "write",
        "base": base,
        "path": path,
        "content": base64.b64encode(content).decode(),
        "mode": mode,
        "expected": file.get("sha256"),
        **_backup(backup),
    }


def mode_step(base: Base, path: str, file: FileFacts, mode: int) -> Step:
    """Gives a file that stays the mode (permission bits) it shall have; an empty step where it has it."""
    if file["mode"] == mode:
        return Step()
    operation: Operation = {"operation": "mode", "base": base, "path": path, "mode": mode}
    return Step([Change(operation, mode_diff(file["path"], file["mode"], mode))])


def mode_diff(path: str, before: int, after: int, what: str = "") -> report.Diff:
    """How a mode changes."""
    return report.file_diff(path, f"{what}mode {before:04o}\n", f"{what}mode {after:04o}\n")
