# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The row of fields that the program in sh prints, and the values in it."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

Field = tuple[str, bytes]

BYTES: t.Final = ("content", "child")
"""Fields that end with a boundary, since they may hold a NUL."""

KINDS: t.Final = {"-": "file", "d": "directory", "p": "fifo", "s": "socket", "c": "device", "b": "device"}


@dataclass
class Boundaries:
    """What ends bytes of files and what child processes say: ``outer`` is known to root alone, ``inner`` to users."""

    outer: bytes
    inner: bytes


def fields(data: bytes, boundary: bytes) -> t.Iterator[Field]:
    """The fields of an answer, up to the first that is not whole."""
    position = 0
    while (end := data.find(b"\0", position)) >= 0:
        name = text(data[position:end])
        close = b"\0" + boundary + b"\0" if name in BYTES else b"\0"
        position = data.find(close, end + 1)
        if position < 0:
            return
        yield name, data[end + 1 : position]
        position += len(close)


def text(value: bytes) -> str:
    """Bytes of a host as Python has names of files: what is no UTF-8 becomes half of a surrogate pair."""
    return value.decode("utf-8", "surrogateescape")


def number(value: bytes) -> int:
    """A number of at most 18 digits, else 0."""
    return int(value) if re.fullmatch(rb"\d{1,18}", value) else 0


def kind_and_mode(mode: bytes) -> tuple[str, int]:
    """What ``drwxr-xr-x`` says: a kind of the protocol, and permissions."""
    letters = text(mode)[:10].ljust(10, "-")
    bits = sum(1 << (8 - n) for n, letter in enumerate(letters[1:]) if letter not in "-ST")
    bits += sum(bit for n, bit in ((3, 0o4000), (6, 0o2000), (9, 0o1000)) if letters[n] in "sStT")
    return KINDS.get(letters[0], "other"), bits
