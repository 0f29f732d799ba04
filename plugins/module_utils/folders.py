# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a home and its files are, who can change where a path leads, and making folders.

Runs on the target, as a part of store.py's program.
"""

import errno
import os
import stat

from ansible_collections.fleet.codex.plugins.module_utils.accounts import owner_name
from ansible_collections.fleet.codex.plugins.module_utils.obstacles import Obstacle


def place(item, account, codex_home):
    """Where a request's file is: `path` below the Codex home, below the account's home, or as it is."""
    base = {"codex_home": codex_home, "home": account["home"], "host": "/"}[item["base"]]
    return os.path.join(base, item["path"]) if item["path"] else base


def walk(start, path):
    """Every step of a path from a folder on, links resolved one by one, as (path, lstat).

    Second: whether the path's end was reached; it is not where a step is missing or out of reach.
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
                if len(steps) > 200:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(step)
                pending = target.split("/") + pending
                current = "/" if target.startswith("/") else current
            else:
                current = step
    return steps, True


def describe_folder(path, account):
    """The Codex home's kind and mode; raises Obstacle where no home can stand there.

    Every folder and link on the way must belong to root or to the account, since whoever owns one can
    put another home in its place. Inside the account's own home the way starts there.
    """
    home = os.path.realpath(account["home"])
    own = path.startswith(account["home"].rstrip("/") + "/")
    if own and not os.path.isdir(home):
        raise Obstacle("no_home", user=account["name"], path=account["home"])
    folder = home if own else "/"
    steps, complete = walk(folder, path[len(account["home"]) :] if own else path)
    for step, status in steps:
        if status.st_uid not in (0, account["uid"]):
            raise Obstacle("foreign", path=step, owner=owner_name(status.st_uid), user=account["name"])
        if stat.S_ISDIR(status.st_mode):
            folder = step
        elif not stat.S_ISLNK(status.st_mode):
            raise Obstacle("not_a_directory", path=step)
    if not complete:
        if os.path.islink(path):
            raise Obstacle("dangling", path=path)
        return {"path": path, "kind": "absent", "below": folder}
    status = os.stat(folder)
    if status.st_uid != account["uid"]:
        raise Obstacle("foreign", path=folder, owner=owner_name(status.st_uid), user=account["name"])
    return {"path": path, "kind": "directory", "mode": stat.S_IMODE(status.st_mode)}


def root_alone_leads(path):
    """Whether nobody but root can change where a path leads: no folder and no link on the way is another's."""
    steps, _complete = walk("/", path)
    return all(s.st_uid == 0 and (stat.S_ISLNK(s.st_mode) or not s.st_mode & 0o022) for _path, s in steps)


def not_roots(path):
    """A folder that leads to a file of the whole host and that others than root can change; None: root alone can.

    Where a link stands in the file's place, those count, too, that lead to where it leads.
    """
    folders = [os.path.dirname(file) for file in (path, os.path.realpath(path))]
    return next((folder for folder in folders if not root_alone_leads(folder)), None)


def make_folder(path, mode):
    """Makes a folder and those above it that are missing, as whoever runs this."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        make_folder(parent, 0o755)
    os.mkdir(path, mode)
    os.chmod(path, mode)  # whatever the umask


def make_folder_for(path, account, mode):
    """As root, for an account that cannot: a folder below folders that root alone can write."""
    real = os.path.realpath(path)
    make_folder(real, mode)
    os.chown(real, account["uid"], account["gid"])
