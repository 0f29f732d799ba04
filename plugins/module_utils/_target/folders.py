# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a Codex home and its files are, who can change where a path leads, and making folders.

Runs on the target.
"""

import errno
import os
import stat

from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError
from ansible_collections.fleet.codex.plugins.module_utils._target.users import owner_name

LINK_LIMIT = 200  # steps of one path; more of them is a loop of symbolic links


def resolve(item, user, codex_home):
    """The path that a file query or an operation names by `base` and `path`."""
    base = {"codex_home": codex_home, "home_directory": user["home_directory"], "host": "/"}[item["base"]]
    return os.path.join(base, item["path"]) if item["path"] else base


def walk(start, path):
    """Every step of a path from a folder on, links resolved one by one, as a list of (path, lstat).

    Second: whether the path's end was reached; it is not where a step is missing or out of reach.
    Raises OSError (ELOOP) for a loop of links.
    """
    steps, current, pending = [], start, path.split("/")
    while pending:
        name = pending.pop(0)
        if name == "..":
            current = os.path.dirname(current)
        elif name not in ("", "."):
            step = os.path.join(current, name)
            try:
                status = os.lstat(step)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                return steps, False
            steps.append((step, status))
            if stat.S_ISLNK(status.st_mode):
                if len(steps) > LINK_LIMIT:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(step)
                pending = target.split("/") + pending
                current = "/" if target.startswith("/") else current
            else:
                current = step
    return steps, True


def describe_folder(path, user):
    """The Codex home's kind and mode; raises TargetError where no Codex home can be.

    Every folder and link on the way must belong to root or to the user, since whoever owns one can
    put another home in its place. Inside the user's own home directory the way starts there.
    """
    directory = os.path.realpath(user["home_directory"])
    is_inside = path.startswith(user["home_directory"].rstrip("/") + "/")
    if is_inside and not os.path.isdir(directory):
        raise TargetError("no_home_directory", user=user["name"], path=user["home_directory"])
    folder = directory if is_inside else "/"
    steps, is_complete = walk(folder, path[len(user["home_directory"]) :] if is_inside else path)
    for step, status in steps:
        if status.st_uid not in (0, user["uid"]):
            raise TargetError("foreign", path=step, owner=owner_name(status.st_uid), user=user["name"])
        if stat.S_ISDIR(status.st_mode):
            folder = step
        elif not stat.S_ISLNK(status.st_mode):
            raise TargetError("not_a_directory", path=step)
    if not is_complete:
        if os.path.islink(path):
            raise TargetError("dangling", path=path)
        return {"path": path, "kind": "absent", "below": folder}
    status = os.stat(folder)
    if status.st_uid != user["uid"]:
        raise TargetError("foreign", path=folder, owner=owner_name(status.st_uid), user=user["name"])
    return {"path": path, "kind": "directory", "mode": stat.S_IMODE(status.st_mode)}


def is_root_controlled(path):
    """Whether root alone can change where a path leads: every folder and link on the way is root's."""
    steps, _is_complete = walk("/", path)
    return all(s.st_uid == 0 and (stat.S_ISLNK(s.st_mode) or not s.st_mode & 0o022) for _path, s in steps)


def unsafe_parent(path):
    """A folder that leads to a file of the whole host and that others than root can change; None: there is none.

    Where the file is a symbolic link, the folders that lead to its target count, too.
    """
    folders = [os.path.dirname(file) for file in (path, os.path.realpath(path))]
    return next((folder for folder in folders if not is_root_controlled(folder)), None)


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
