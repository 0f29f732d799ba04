# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step of a home's plan, one for each part of the home, and the operations that all steps are made of."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import (
    Access,
    found_words,
    has_access,
    wanted_words,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff, file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import NO_BACKUP, Backup, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    Base,
    FileFacts,
    FolderFacts,
    HomeAnswer,
    Operation,
)

Part = t.Literal["auth", "config", "environment"]
"""The parts of a home, in the order in which they are put in place."""


class Change(t.NamedTuple):
    """One operation, how ``--diff`` shows it, and the part of the home that it belongs to; None: the home itself."""

    operation: Operation
    diff: Diff | None
    part: Part | None = None


@dataclass
class Step:
    """What to do for one part of a home, what to return, and what to warn of."""

    changes: list[Change] = field(default_factory=list)
    result: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def codex_version(desired: DesiredHome, described: HomeAnswer) -> versions.Version | None:
    """The version of Codex that will read the home, as declared or detected; None where it is not known.

    Raises CodexError where what was detected is not a version.
    """
    detected = described.get("codex_version")
    return versions.parse_version(detected) if desired.detect_version and detected else desired.codex_version


def remove_operation(base: Base, path: str, file: FileFacts, backup: Backup = NO_BACKUP) -> Operation:
    """Removes the file that describe saw."""
    return {"operation": "remove", "base": base, "path": path, "expected": file.get("sha256"), **_backup(backup)}


def _backup(backup: Backup) -> Operation:
    keys: t.Any = {"backup": True, "backup_keep": backup.keep} if backup.enabled else {"backup": False}
    return t.cast(Operation, keys)


def write_operation(
    base: Base, path: str, content: bytes, file: FileFacts, access: Access, backup: Backup = NO_BACKUP
) -> Operation:
    """Replaces the file that describe saw, or creates it."""
    operation: t.Any = {
        "operation": "write",
        "base": base,
        "path": path,
        "content": base64.b64encode(content).decode(),
        **access,
        "expected": file.get("sha256"),
        **_backup(backup),
    }
    return t.cast(Operation, operation)


def access_changes(base: Base, path: str, file: FileFacts, access: Access, user: str) -> list[Change]:
    """Gives a file of the user's that stays its access; nothing where it has it already."""
    if has_access(file, access):
        return []
    operation: t.Any = {"operation": "access" if "access" in access else "mode", "base": base, "path": path, **access}
    return [Change(t.cast(Operation, operation), access_diff(file, access, user))]


def access_diff(file: FileFacts | FolderFacts, access: Access, user: str, what: str = "") -> Diff:
    """How an access changes. what: put before it, such as "folder, "."""
    return file_diff(file["path"], f"{what}{found_words(file)}\n", f"{what}{wanted_words(access, user)}\n")
