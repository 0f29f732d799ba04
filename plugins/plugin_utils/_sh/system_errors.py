# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the system by their text: utilities of a host print nothing else of them."""

from __future__ import annotations

import typing as t

CODES: t.Final = {
    "Permission denied": "EACCES",
    "Operation not permitted": "EPERM",
    "No such file or directory": "ENOENT",
    "Directory nonexistent": "ENOENT",  # dash
    "nonexistent directory": "ENOENT",  # busybox
    "File exists": "EEXIST",
    "Is a directory": "EISDIR",
    "Not a directory": "ENOTDIR",
    "Directory not empty": "ENOTEMPTY",
    "Device or resource busy": "EBUSY",
    "Resource busy": "EBUSY",  # musl, as on Alpine
    "Text file busy": "ETXTBSY",
    "No space left on device": "ENOSPC",
    "Disk quota exceeded": "EDQUOT",
    "Quota exceeded": "EDQUOT",  # musl
    "File too large": "EFBIG",
    "Read-only file system": "EROFS",
    "Invalid cross-device link": "EXDEV",
    "Cross-device link": "EXDEV",  # musl
    "Too many levels of symbolic links": "ELOOP",
    "Symbolic link loop": "ELOOP",  # musl
    "File name too long": "ENAMETOOLONG",
    "Filename too long": "ENAMETOOLONG",  # musl
    "Too many links": "EMLINK",
    "Input/output error": "EIO",
    "I/O error": "EIO",  # musl, and dash
    "No such device or address": "ENXIO",
    "Resource temporarily unavailable": "EAGAIN",
    "Stale file handle": "ESTALE",
    "Invalid argument": "EINVAL",
}
"""The texts of glibc, and where they differ those of others."""


def code_and_cause(said: str) -> tuple[str, str]:
    """The name of the error that a utility or the shell printed, and its text; "unknown" for anything else.

    The text is at the end of the last line: ``mv: cannot move 'a' to 'b': No space left on device``.
    """
    for line in reversed(said.splitlines()):
        cause = line.rpartition(": ")[2].strip()
        if cause in CODES:
            return CODES[cause], cause
    return "unknown", "an error without a name"
