# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What describe reports of one file. Runs on the target."""

import errno
import os
import stat
import time

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.module_utils._describe.content import describe_content
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import system_error
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import SIZE_LIMIT, digest, read_file
from ansible_collections.fleet.codex.plugins.module_utils._target.users import owner_name

KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)

MOUNT_POINTS = []  # once they were read: a set of their paths


def describe_file(path, details, attempts=6):
    """A file's kind, mode, owner and digest, and the details that are asked for.

    details: "auth" for a summary without secrets, "content" for the text (base64), "variables" for what
    NAME=value lines set, {"lines": marker} for the lines that end in the marker, "lock" for whether a lock file can be
    taken, and nothing of its content, None for no more. attempts: how often to read what is no auth.json, at most.
    """
    facts = {"path": path, "kind": "absent"}
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            facts["link"] = os.readlink(path)
            facts["kind"] = "dangling"
            status = os.stat(path)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            facts["kind"] = "unreadable"
        return facts
    facts["kind"] = next((name for test, name in KINDS if test(status.st_mode)), "other")
    facts["mode"] = stat.S_IMODE(status.st_mode)
    facts["owner"] = owner_name(status.st_uid)
    if facts["kind"] != "file":
        return facts
    if details == "lock":
        return dict(facts, writable=is_writable(path))
    try:
        data = read_file(path)
        summary = summarise(data) if details == "auth" and data is not None else {}
        for _attempt in range(attempts - 1):
            # Codex up to 0.166 truncates auth.json before it writes it, which takes moments (measured): look again.
            if "malformed" not in summary:
                break
            time.sleep(0.05)
            data = read_file(path)
            summary = summarise(data) if data is not None else {}
    except OSError as error:
        facts.update(system_error(error, path), kind="unreadable")
        return facts
    if data is None:  # removed since lstat
        return {"path": path, "kind": "absent"}
    facts["sha256"] = digest(data)
    if len(data) > SIZE_LIMIT:
        facts["kind"] = "oversized"
    elif details == "auth":
        facts.update(auth=summary, hard_links=status.st_nlink, mount_point=is_mount_point(os.path.realpath(path)))
    else:
        facts.update(describe_content(data, details))
        if isinstance(details, dict):
            facts["writable"] = is_writable(path)
        if details == "content" and not data:  # what is left of a mounted file that was to be removed
            facts["mount_point"] = is_mount_point(os.path.realpath(path))
    return facts


def is_writable(path):
    """Whether a file can be opened for writing, which does not change it."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        return True
    except OSError:
        return False


def is_mount_point(path):
    """Whether a file is mounted by itself, which its device number does not tell; Linux only, else False."""
    if not MOUNT_POINTS:
        MOUNT_POINTS.append(read_mount_points())
    escaped = path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    return escaped in MOUNT_POINTS[0]


def read_mount_points():
    """The paths of all mount points, blanks escaped as the kernel does; none where the system does not say."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            return {line.split(" ")[4] for line in mounts}
    except OSError:
        return set()
