# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of one sign-in: a Codex home of its own, inside the user's. Runs on the target, as the user.

Codex 0.140 and later delete the auth.json of their home, and revoke its login, the moment a sign-in starts (measured).
In a home of its own there is none, and the user's stays as it is.
"""

import errno
import fcntl
import os
import re
import shutil
import time
from itertools import islice

from ansible_collections.fleet.codex.plugins.module_utils._login.identity import (
    is_same_process,
    kill_group,
    kill_process,
    kill_with_variable,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError
from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import dumps, loads
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import read_file

PREFIX = ".fleet-codex-login-"
NAME = re.compile(r"[0-9a-f]{16}")
NOT_LINKED = re.compile(r"auth\.|\.auth-|\.fleet-codex-|\.tmp|tmp$|log$|.*\.sqlite")  # logins, and what Codex writes
NAMES_LIMIT = 10000  # names of the Codex home that are looked at
FOLDERS_LIMIT = 20  # folders of sign-ins that are ended and removed at a time; the next start finds the others
STOP_SECONDS = 10  # to wait for a supervisor that was asked to end, before it is killed

LEASE, OUTPUT, STATE, STOP, FINISH = "lease", "output", "state", "stop", "finish"
HOME = "home"


def scratch_path(codex_home, name):
    """The folder of the sign-in of that name. Raises TargetError for what is no name of one."""
    if not NAME.fullmatch(name):
        raise TargetError("no_sign_in", path=codex_home)
    return os.path.join(codex_home, PREFIX + name)


def make_scratch(codex_home, name):
    """Makes the folder of a sign-in, with a home for `codex` that has all of the user's but logins; returns its path.

    Not config.toml alone: Codex does not start without the files that it names, and looks beside it (measured).
    """
    scratch = scratch_path(codex_home, name)
    names = names_in(codex_home)
    os.mkdir(scratch, 0o700)
    os.mkdir(os.path.join(scratch, HOME), 0o700)
    for other in names:
        if not NOT_LINKED.match(other):
            os.symlink(os.path.join("..", "..", other), os.path.join(scratch, HOME, other))
    for file in (LEASE, OUTPUT):
        os.close(os.open(os.path.join(scratch, file), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return scratch


def touch(scratch, file):
    """Makes an empty file of the sign-in, or gives it the present time."""
    path = os.path.join(scratch, file)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    os.utime(path)


def write_state(scratch, state):
    """Replaces what the supervisor says of the sign-in, a dict."""
    path = os.path.join(scratch, STATE)
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(dumps(state))
    os.rename(path + ".new", path)


def read_state(scratch):
    """What the supervisor said of the sign-in last; {} without anything."""
    try:
        state = loads((read_file(os.path.join(scratch, STATE)) or b"{}").decode("ascii"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_supervised(scratch):
    """Whether the supervisor of a sign-in runs: by its identity, or, where the system hides processes, by its lock."""
    return is_same_process(read_state(scratch).get("supervisor")) or is_locked(os.path.join(scratch, LEASE))


def is_locked(path):
    """Whether somebody holds the lock of a file; False where that cannot be found out."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    finally:
        os.close(descriptor)
    return False


def take_lock(path):
    """Holds the lock of a file for as long as this process lives, where the file system has locks."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass  # then the identity alone tells


def end_sign_in(scratch):
    """Ends a sign-in and everything that it started, and removes its folder.

    Its supervisor does that when it is asked to; one that does not, or was killed, is done without.
    """
    state = read_state(scratch)
    end = time.monotonic() + STOP_SECONDS
    if is_supervised(scratch):
        touch(scratch, STOP)
        while os.path.isdir(scratch) and is_supervised(scratch) and time.monotonic() < end:
            time.sleep(0.02)
    kill_process(state.get("supervisor"))
    kill_group(state.get("codex"))
    kill_with_variable("CODEX_HOME", os.path.join(scratch, HOME))
    shutil.rmtree(scratch, ignore_errors=True)


def end_all(codex_home):
    """Ends every sign-in in a Codex home, as `codex login` does itself, and removes what killed ones left."""
    scratches = [os.path.join(codex_home, name) for name in names_in(codex_home) if name.startswith(PREFIX)]
    for scratch in scratches[:FOLDERS_LIMIT]:
        if os.path.isdir(scratch) and not os.path.islink(scratch):
            end_sign_in(scratch)


def names_in(folder):
    """The names in a folder, NAMES_LIMIT of them."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, NAMES_LIMIT)]
