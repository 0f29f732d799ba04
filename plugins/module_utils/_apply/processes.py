# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Codex programs that run while their files are replaced. Runs on the target, as a part of apply."""

import os
import re
import time

from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest, read_file

PATH_LIMIT = 4096  # characters of a path that Linux takes; a longer CODEX_HOME is none
PROCESS_LIMIT = 200  # programs of one user whose environment is looked at
PROCESS_FILE_LIMIT = 64 * 1024  # characters; a process chooses its environment and its arguments itself


def running_codex(uid):
    """A user's running Codex programs, {pid: name}; none where the system has no /proc.

    By the name in /proc/PID/status: Codex lets nobody but root look further, not even its own user. Without the
    process that only looks for updates of Codex's daemon (0.171, measured).
    """
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        text = read_process_file(pid, "status")
        fields = dict(line.split(":\t", 1) for line in text.split("\n") if ":\t" in line)
        if not {"Name", "Uid", "State"}.issubset(fields):
            continue  # it has ended
        is_codex = int(fields["Uid"].split()[0]) == uid and re.match(r"codex(-|$)", fields["Name"])
        if is_codex and fields["State"][0] != "Z" and "pid-update-loop" not in arguments_of(pid):
            found[int(pid)] = fields["Name"]
    return found


def read_process_file(pid, name):
    """The text of a file below /proc/PID, PROCESS_FILE_LIMIT characters of it; empty where it cannot be read."""
    try:
        with open("/proc/{}/{}".format(pid, name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read(PROCESS_FILE_LIMIT)
    except OSError:
        return ""


def of_other_homes(user, codex_home):
    """The process ids of the user's Codex programs that run with another Codex home.

    By the environment that they were started with, which root alone may read. A program counts as one of this home
    where that cannot be read, and where it lies below this home, as the daemon that Codex 0.171 installs there does.
    """
    real = os.path.realpath(codex_home)
    found = set()
    for pid in sorted(running_codex(user["uid"]))[:PROCESS_LIMIT]:
        lines = read_process_file(pid, "environ").split("\0")
        variables = dict(line.split("=", 1) for line in lines if "=" in line)
        default = os.path.join(variables.get("HOME") or user["home_directory"], ".codex")
        home = variables.get("CODEX_HOME") or default
        is_other = bool(variables) and (len(home) > PATH_LIMIT or os.path.realpath(home) != real)
        if is_other and not program_of(pid).startswith(real + os.sep):
            found.add(pid)
    return found


def arguments_of(pid):
    """The arguments of a process."""
    return read_process_file(pid, "cmdline").split("\0")


def program_of(pid):
    """The path of a process's program; empty where it cannot be read."""
    try:
        return os.readlink("/proc/{}/exe".format(pid))
    except OSError:
        return ""


def is_unchanged_after(path, written, running, uid, seconds):
    """Whether a file has the digest `written` when these processes ({pid: name}) ended, or after so many seconds.

    A Codex up to 0.163 that is renewing its login overwrites whatever is there by then (measured).
    """
    end = time.monotonic() + seconds
    while running.keys() & running_codex(uid).keys() and time.monotonic() < end:
        time.sleep(0.1)
    return digest(read_file(path)) == written
