# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mask of answers of the program in sh: what _sh_target/wire.sh adds is subtracted."""

from __future__ import annotations

import typing as t

DROPPED: t.Final = 1024
"""Bytes at the beginning of the key stream that are not used: they tell of the key."""


def unmask(masked: bytes, key: bytes) -> bytes:
    """The answer. The key stream is RC4's; no POSIX utility has XOR, so it was added, byte by byte."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    plain = bytearray(len(masked))
    for n in range(-DROPPED, len(masked)):
        i = (i + 1) % 256
        old = state[i]
        j = (j + old) % 256
        other = state[i] = state[j]
        state[j] = old
        if n >= 0:
            plain[n] = (masked[n] - state[(old + other) % 256]) % 256
    return bytes(plain)
