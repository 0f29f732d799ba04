# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Codex programs that run while their files are replaced. Runs on the target, as a part of apply."""

import os
import re
import time

from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest, read_file


def running_codex(uid):
    """A user's running Codex programs, {pid: name}; none where the system has no /proc.

    By the name in /proc/PID/status: Codex lets nobody look further, not even its own user.
    """
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        try:
            with open("/proc/{}/status".format(pid), encoding="utf-8", errors="replace") as file:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue  # it has ended
        name = fields["Name"]
        if int(fields["Uid"].split()[0]) == uid and re.match(r"codex(-|$)", name) and fields["State"][0] != "Z":
            found[int(pid)] = name
    return found


def is_unchanged_after(path, written, running, uid, seconds):
    """Whether a file has the digest `written` when these processes (pids) have ended, or after so many seconds.

    A Codex up to 0.163 that is renewing its login overwrites whatever is there by then (measured).
    """
    end = time.monotonic() + seconds
    while running.keys() & running_codex(uid).keys() and time.monotonic() < end:
        time.sleep(0.1)
    return digest(read_file(path)) == written
