# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock files that Codex waits for before it saves. Runs on the target, as a part of apply."""

import errno
import fcntl
import os
import time

LOCK_TIME_LIMIT = 20  # seconds to wait for a lock; Codex holds them for moments


class Locks:
    """Codex's own lock files, held in their order; other writers that honour them wait meanwhile.

    They are made as whoever runs this, which is the home's user: one that root made would keep
    Codex from saving a renewed login. They are never removed: a removed one splits the lock.
    """

    def __init__(self, paths):
        """paths: of the lock files, in the order in which Codex takes them."""
        self.paths = paths
        self.descriptors = []

    def __enter__(self):
        """Takes all locks; raises OSError, with the lock's path, where one cannot be had (EAGAIN: in time)."""
        end = time.monotonic() + LOCK_TIME_LIMIT
        try:
            for path in self.paths:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW, 0o600)
                self.descriptors.append(descriptor)
                while not try_lock(descriptor):
                    if time.monotonic() > end:
                        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)
                    time.sleep(0.02)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_exception):
        """Gives all locks back."""
        for descriptor in reversed(self.descriptors):
            os.close(descriptor)


def try_lock(descriptor):
    """Takes a lock if it is free; also True where the file system has no locks, since nobody can hold one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR)
    return True
