# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing files whole, each only if it is still what the controller saw, and what a killed run left of that.

Runs on the target, as a part of store.py's program.
"""

import errno
import fcntl
import os
import stat

from ansible_collections.fleet.codex.plugins.module_utils.locks import Locks
from ansible_collections.fleet.codex.plugins.module_utils.reading import digest, read_file

TEMPORARY = ".fleet-codex-"  # prefix of files this program makes and removes; Codex uses others


class Conflict(Exception):
    """A file is no longer what the controller saw."""


def check(path, expected):
    if digest(read_file(path)) != expected:
        raise Conflict()


def write_file(path, data, mode, expected, locks=()):
    """Replaces a file whole, or makes it; True where it had to be rewritten in place.

    The bytes go into a temporary file beside the final one, 0600 from its first moment, and reach
    the disk before the rename. A symlink is kept and its target replaced. A file that is a mount
    point cannot be renamed onto and is rewritten in place. Raises Conflict, before anything
    happened, when the digest is not `expected` (None: no file).
    """
    final = os.path.realpath(path)
    folder = os.path.dirname(final)
    temporary = os.path.join(folder, TEMPORARY + os.urandom(8).hex())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # tells a later run that this one lives
            except OSError:
                pass  # a file system without locks: nobody will clean up after this run
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            with Locks(locks):  # for the comparison and the rename only: Codex gives up after 5 seconds
                check(path, expected)
                try:
                    os.rename(temporary, final)
                except OSError as error:
                    if error.errno not in (errno.EBUSY, errno.EXDEV):
                        raise
                    os.unlink(temporary)
                    rewrite(final, data, mode)
                    return True
        sync_folder(folder)
        return False
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def rewrite(path, data, mode):
    """Writes a file in place; puts the old bytes back if that fails half-way.

    Without a buffer: one that a full disk could not take would be in the way of the old bytes.
    """
    with open(path, "r+b", buffering=0) as file:
        before = file.read()
        try:
            overwrite(file, data)
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) != mode:
                os.fchmod(file.fileno(), mode)
        except OSError:
            overwrite(file, before)
            raise


def overwrite(file, data):
    file.seek(0)
    while data:
        data = data[file.write(data) :]
    file.truncate()
    os.fsync(file.fileno())


def sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems cannot; the rename itself is done
    finally:
        os.close(descriptor)


def leftovers(folders):
    """Files that a killed run of this program left: nobody holds their lock any more."""
    found = []
    for folder in sorted(folders):
        try:
            names = [name for name in os.listdir(folder) if name.startswith(TEMPORARY)]
        except OSError:
            continue
        found += [path for path in (os.path.join(folder, name) for name in names) if not is_held(path)]
    return found


def is_held(path):
    """Whether a running writer holds the lock of its temporary file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # not ours to judge
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)
