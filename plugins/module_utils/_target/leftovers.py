# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temporary files of this program, and which of them a killed run left behind. Runs on the target."""

import fcntl
import os
from itertools import islice

TEMPORARY = ".fleet-codex-"  # prefix of files this program makes and removes; Codex uses others

NAMES_LIMIT = 10000  # names of a folder that are looked at
LEFTOVERS_LIMIT = 100  # files of one folder, whose owner can have any number; the next run finds the others


def leftovers(folders):
    """Paths of temporary files in these folders whose writer is gone: nobody holds their lock any more."""
    found = []
    for folder in sorted(folders):
        try:
            with os.scandir(folder) as entries:
                paths = [entry.path for entry in islice(entries, NAMES_LIMIT) if entry.name.startswith(TEMPORARY)]
        except OSError:
            continue
        found += [path for path in paths[:LEFTOVERS_LIMIT] if not is_held(path)]
    return found


def is_held(path):
    """Whether a running writer holds the lock of its temporary file; True where that cannot be found out."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)
