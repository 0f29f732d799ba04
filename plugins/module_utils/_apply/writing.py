# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing a file whole, and only if it still is what the controller saw. Runs on the target."""

import errno
import fcntl
import os
import stat

from ansible_collections.fleet.codex.plugins.module_utils._apply.locks import Locks
from ansible_collections.fleet.codex.plugins.module_utils._target.leftovers import TEMPORARY
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest, read_file

ACCESS_LIST = "system.posix_acl_access"
OF_THE_CONTENT = ("system.", "security.ima", "security.evm", "security.capability")  # attributes, by how they begin


class Conflict(Exception):
    """A file is no longer what the controller saw."""


def check(path, expected):
    """Raises Conflict unless the file's digest is `expected` (None: no file)."""
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
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # so that a later run sees that this one is alive
            except OSError:
                pass  # a file system without locks: nobody will clean up after this run
            file.write(data)
            file.flush()
            copy_attributes(final, descriptor)
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


def copy_attributes(path, descriptor):
    """Gives a new file the extended attributes of the one that it replaces, as far as the user may; Linux only.

    Among them are what SELinux goes by and the access control list, without which the mode would mean more: its bits
    for the group are then those of the list's mask. A list that the folder gives to new files is taken away. What
    belongs to the old content, as its signature does, is not copied.
    """
    if not hasattr(os, "listxattr"):
        return
    try:
        names = [name for name in os.listxattr(path) if name == ACCESS_LIST or not name.startswith(OF_THE_CONTENT)]
        if ACCESS_LIST not in names and ACCESS_LIST in os.listxattr(descriptor):
            os.removexattr(descriptor, ACCESS_LIST)
    except OSError:
        return  # there was no file, or its file system has none
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError:
            pass  # only root, or nobody, may set it


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
    """Makes the bytes the whole content of an unbuffered file, down to the disk."""
    file.seek(0)
    while data:
        data = data[file.write(data) :]
    file.truncate()
    os.fsync(file.fileno())


def sync_folder(folder):
    """Brings a folder's entries to the disk, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems cannot; the rename itself is done
    finally:
        os.close(descriptor)
