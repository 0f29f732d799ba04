# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes by their number and the time they began, since numbers are used again. Runs on the target, as the user."""

import os
import subprocess

from ansible_collections.fleet.codex.plugins.module_utils._target.users import SIGKILL

ENVIRONMENT_LIMIT = 64 * 1024  # bytes; a process chooses its environment itself
PS_SECONDS = 10  # that `ps` may take


def identity_of(pid):
    """[pid, when it began] of a process, which JSON can hold; None where there is no such process."""
    began = began_at(pid)
    return None if began is None else [pid, began]


def began_at(pid):
    """When a process began, as the system writes it; None where there is no such process."""
    if os.path.exists("/proc/self/stat"):
        try:
            with open("/proc/{}/stat".format(pid), "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        # A zombie has ended.
        return None if fields[0] == b"Z" else fields[19].decode("ascii")
    try:
        asked = subprocess.Popen(  # pylint: disable=ansible-bad-function  # a target program, not an Ansible module
            ["ps", "-o", "lstart=", "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={"LC_ALL": "C"},
        )
        text = asked.communicate(timeout=PS_SECONDS)[0]
    except (OSError, subprocess.SubprocessError):
        return None
    return text.decode("ascii", "replace").strip() or None


def is_identity(value):
    """Whether a value read from a file is what identity_of() makes."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], int)
        and value[0] > 1
        and isinstance(value[1], str)
    )


def is_same_process(identity):
    """Whether the process of an identity still runs."""
    return is_identity(identity) and began_at(identity[0]) == identity[1]


def kill_process(identity):
    """Kills the process of an identity, if it still runs."""
    if is_same_process(identity):
        try:
            os.kill(identity[0], SIGKILL)
        except OSError:
            pass


def kill_group(identity):
    """Kills all in the process group that a process began, unless its number is another one's by now.

    Where that process has ended, its number is not used again as long as there is anyone in its group.
    """
    if is_identity(identity) and began_at(identity[0]) in (None, identity[1]):
        try:
            os.killpg(identity[0], SIGKILL)
        except OSError:
            pass  # all of it has ended


def kill_with_variable(name, value):
    """Kills every process that was started with a value of a variable, as far as the user may see that; Linux only."""
    wanted = os.fsencode("{}={}".format(name, value))
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        try:
            with open("/proc/{}/environ".format(pid), "rb") as file:
                if wanted in file.read(ENVIRONMENT_LIMIT).split(b"\0") and int(pid) != os.getpid():
                    os.kill(int(pid), SIGKILL)
        except OSError:
            continue  # it has ended, or is another user's
