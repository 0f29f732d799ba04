# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making folders, and giving what is root's to a user. Runs on the target, as a part of apply."""

import os
import stat


def make_folder(path, mode):
    """Makes a folder with this mode, whatever the umask, and missing ones above it with 0755."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        make_folder(parent, 0o755)
    os.mkdir(path, mode)
    os.chmod(path, mode)


def make_folder_for(path, user, mode):
    """Makes a folder as root for a user who cannot, and gives it to the user."""
    real = os.path.realpath(path)
    make_folder(real, mode)
    os.chown(real, user["uid"], user["gid"])


def give_to(user, path):
    """Gives an empty file of root's in a folder of the user's to the user.

    Leaves anything else alone, since the user can put it there: a link, another name of a file, another folder.
    """
    opened = []
    try:
        opened.append(os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        if os.fstat(opened[0]).st_uid != user["uid"]:
            return
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        opened.append(os.open(os.path.basename(path), flags, dir_fd=opened[0]))
        status = os.fstat(opened[1])
        if stat.S_ISREG(status.st_mode) and (status.st_uid, status.st_nlink, status.st_size) == (0, 1, 0):
            os.fchown(opened[1], user["uid"], user["gid"])
    except OSError:
        pass  # then taking the lock says what is wrong
    finally:
        for descriptor in opened:
            os.close(descriptor)
