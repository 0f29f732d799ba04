# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of targets, whose separators are not the controller's. An absolute path says by itself of which kind it is."""

from __future__ import annotations

import ntpath
import posixpath
import re
import types


def _kind(path: str) -> types.ModuleType:
    """The module of Python's library for paths of this kind."""
    return ntpath if re.match(r"[A-Za-z]:|\\|%\w+%\\", path) else posixpath


def is_absolute(path: str) -> bool:
    """Whether a path is absolute, on POSIX or on Windows, where it begins with a drive or with the name of a host."""
    return path.startswith("/") or re.match(r"[A-Za-z]:[\\/]|\\\\\w", path) is not None


def normal(path: str) -> str:
    """An absolute path without superfluous separators and dots."""
    return str(_kind(path).normpath(path))


def name(path: str) -> str:
    """The last part of a path."""
    return str(_kind(path).basename(path))


def folder(path: str) -> str:
    """The folder of a file."""
    return str(_kind(path).dirname(path))


def join(above: str, below: str) -> str:
    """The path of what is in a folder; an absolute `below` is taken as it is."""
    return below if is_absolute(below) else str(_kind(above).join(above, below))


def is_same(one: str, other: str) -> bool:
    """Whether two absolute paths are the same text to their system: on Windows case does not count."""
    return str(_kind(one).normcase(one)) == str(_kind(other).normcase(other))
