# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Codex programs that run while their files are replaced. Runs on the target, as a part of store.py's program."""

import os
import re
import time

from ansible_collections.fleet.codex.plugins.module_utils.reading import digest, read_file


def running_codex(uid):
    """The account's running Codex programs, {pid: name}; none where the system has no /proc.

    By the name in /proc/PID/status: Codex forbids others to look further, its own account included.
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


def settles(path, written, running, account, seconds):
    """Whether a file is still what was written when these processes have ended, or after so many seconds.

    A Codex up to 0.163 that is renewing its login writes what it gets over whatever is there by then.
    """
    end = time.monotonic() + seconds
    while running.keys() & running_codex(account["uid"]).keys() and time.monotonic() < end:
        time.sleep(0.1)
    return digest(read_file(path)) == written
