# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of files that an operation is about to change. Runs on the target, as a part of apply."""

import os
import re
import time

from ansible_collections.fleet.codex.plugins.module_utils._apply.writing import Conflict, write_file
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import read_file


def backed_up(path, operation, change):
    """The result of change(), which returns whether it was made in place, with the backup that `operation` asks for.

    No backup is left of a change that a Conflict prevented.
    """
    if not operation.get("backup"):
        return {"in_place": change()}
    copy = back_up(path)
    try:
        in_place = change()
    except Conflict:
        if copy:
            os.unlink(copy)
        raise
    if copy and operation.get("backup_keep") is not None:
        prune_backups(path, operation["backup_keep"], copy)
    return {"in_place": in_place, "backup_file": copy}


def back_up(path):
    """Copies a file beside itself, 0600, under the name Ansible's own modules give; None without one."""
    data = read_file(path)
    if data is None:
        return None
    copy = "{}.{}.{}~".format(path, os.getpid(), time.strftime("%Y-%m-%d@%H:%M:%S"))
    write_file(copy, data, 0o600, None)
    return copy


def prune_backups(path, keep, made):
    """Removes all backups of a file but `keep`: the one just made, whatever the clock, and the newest by name."""
    folder, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + r"\.\d+\.(\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d)~")
    names = [other for other in os.listdir(folder) if os.path.join(folder, other) != made]
    found = sorted((match.group(1), match.group()) for match in map(pattern.fullmatch, names) if match)
    for _time, backup in found[: max(len(found) + 1 - keep, 0)]:
        os.unlink(os.path.join(folder, backup))
