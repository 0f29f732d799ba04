# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading files whole, and what tells one content from another. Runs on the target, as a part of store.py's program."""

import hashlib
import os

SIZE_LIMIT = 4 * 1024 * 1024  # bytes; a larger auth.json or config.toml is not read


def read_file(path):
    """A regular file's bytes; None where there is none. Opening never waits for a FIFO's writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(SIZE_LIMIT + 1)


def digest(data):
    return None if data is None else hashlib.sha256(data).hexdigest()
