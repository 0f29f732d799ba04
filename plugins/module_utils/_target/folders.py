# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a Codex home and its files are, and who can change where a path leads. Runs on the target."""

import errno
import grp
import os
import pwd
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


def check_way(path, user):
    """The folder nearest to a path's end that exists, and whether that is the end.

    Raises TargetError unless root and the user alone can change where the path leads. Every folder and link on the way
    must belong to one of them, since whoever owns one can put another in its place, and no other may write in a folder
    but in a sticky one, where the next step's owner decides. Inside the home directory the way starts there, since a
    user who works as itself has to take that as it is; check_home_directory looks at it for root.
    """
    home_directory = user["home_directory"].rstrip("/")
    is_inside = user["uid"] != 0 and (path + "/").startswith(home_directory + "/")
    folder = os.path.realpath(home_directory or "/") if is_inside else "/"
    steps, is_complete = walk(folder, path[len(home_directory) :] if is_inside else path)
    for step, status in steps:
        check_step(step, status, user)
        if stat.S_ISDIR(status.st_mode):
            folder = step
    return folder, is_complete


def check_home_directory(items, user, codex_home):
    """Raises TargetError where others than root and the user can change the home directory, or the way to it.

    Only root is asked for that, and only where something is in the home directory: the Codex home, or one of the items
    (file queries or operations).
    """
    is_used = (codex_home + "/").startswith(user["home_directory"].rstrip("/") + "/") or any(map(in_home, items))
    if os.geteuid() == 0 and is_used:
        for step, status in walk("/", user["home_directory"])[0]:
            check_step(step, status, user)


def check_link(path, user):
    """Raises TargetError unless root and the user alone can change where a symbolic link leads, over others, too."""
    for step, status in walk("/", path)[0]:
        if stat.S_ISLNK(status.st_mode) or stat.S_ISDIR(status.st_mode):
            check_step(step, status, user)


def in_home(item):
    """Whether a file query or an operation is about a file in the home directory."""
    return item["base"] == "home_directory" and not os.path.isabs(item["path"])


def check_step(path, status, user):
    """Raises TargetError for a step of a way that others than root and the user can change, or that is no folder."""
    if status.st_uid not in (0, user["uid"]):
        raise TargetError("foreign", path=path, owner=owner_name(status.st_uid), user=user["name"])
    if stat.S_ISLNK(status.st_mode):
        return
    if not stat.S_ISDIR(status.st_mode):
        raise TargetError("not_a_directory", path=path)
    is_group_writable = status.st_mode & 0o020 and not is_own_group(status.st_gid, path, user)
    if (is_group_writable or status.st_mode & 0o002) and not status.st_mode & stat.S_ISVTX:
        raise TargetError("writable_by_others", path=path, user=user["name"])


def is_own_group(gid, path, user):
    """Whether nobody but the user is in a folder's group: one of the user's name, as many systems make for each."""
    if gid != user["gid"]:
        return False
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    others = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == gid} | set(group.gr_mem)
    return group.gr_name == user["name"] and others <= {user["name"]} and not has_acl(path)


def has_acl(path):
    """Whether an access control list may let others in; False where the system or the file system has none."""
    try:
        return hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(path)
    except OSError:
        return False


def describe_folder(path, user):
    """The Codex home's kind and mode; raises TargetError where no Codex home can be."""
    directory = user["home_directory"].rstrip("/")
    if path.startswith(directory + "/") and not os.path.isdir(directory or "/"):
        raise TargetError("no_home_directory", user=user["name"], path=directory)
    folder, is_complete = check_way(path, user)
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
