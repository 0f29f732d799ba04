# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The files of a folder, so that a test can say that nothing at all was written there."""

from __future__ import annotations

import pathlib
import typing as t


class Snapshot(t.NamedTuple):
    """A file, down to what a rewrite with equal bytes would change."""

    content: bytes
    mode: int
    inode: int
    mtime: int


def snapshot(folder: pathlib.Path) -> dict[str, Snapshot]:
    """The files below a folder, by their paths in it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            found[str(path.relative_to(folder))] = Snapshot(
                path.read_bytes(), stat.st_mode & 0o777, stat.st_ino, stat.st_mtime_ns
            )
    return found
