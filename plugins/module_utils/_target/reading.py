# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading files whole, and the digest by which contents are compared. Runs on the target."""

import os
import sys

try:  # hashlib would load OpenSSL, a tenth of what describing a home costs on the target
    if sys.version_info >= (3, 12):
        from _sha2 import sha256
    else:
        from _sha256 import sha256
except ImportError:  # a Python that was built without it
    from hashlib import sha256

SIZE_LIMIT = 4 * 1024 * 1024  # bytes; a larger auth.json or config.toml is not read


def read_file(path):
    """A regular file's bytes, SIZE_LIMIT + 1 of them at most; None where there is none.

    Opening never waits for a FIFO's writer. Raises OSError where the file cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(SIZE_LIMIT + 1)


def digest(data):
    """SHA-256 of bytes, in hexadecimal digits; None for None, which stands for "no file"."""
    return None if data is None else sha256(data).hexdigest()
