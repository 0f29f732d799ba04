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
import stat
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
REMOVE_SECONDS = 20  # to remove a folder in, which a program of the user may go on filling
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
    descriptor = open_file(os.path.join(scratch, file), os.O_WRONLY | os.O_CREAT)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


def open_file(path, flags):
    """The descriptor of a regular file. Raises OSError for anything else, and waits for no other end of a FIFO."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    return descriptor


def write_state(scratch, state):
    """Replaces what the supervisor says of the sign-in, a dict."""
    path = os.path.join(scratch, STATE)
    with os.fdopen(open_file(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(dumps(state).encode("ascii"))
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
        descriptor = open_file(path, os.O_RDWR)
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
    descriptor = open_file(path, os.O_RDWR)
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
        try:
            touch(scratch, STOP)
        except OSError:
            end = 0  # what is there instead says nothing to the supervisor, which is killed
        while os.path.isdir(scratch) and is_supervised(scratch) and time.monotonic() < end:
            time.sleep(0.02)
    kill_process(state.get("supervisor"))
    kill_group(state.get("codex"))
    kill_with_variable("CODEX_HOME", os.path.join(scratch, HOME))
    remove_tree(scratch)


def end_all(codex_home):
    """Ends every sign-in in a Codex home, as `codex login` does itself, and removes what killed ones left."""
    scratches = [os.path.join(codex_home, name) for name in names_in(codex_home) if name.startswith(PREFIX)]
    for scratch in scratches[:FOLDERS_LIMIT]:
        if os.path.isdir(scratch) and not os.path.islink(scratch):
            try:
                end_sign_in(scratch)
            except OSError:
                continue  # the others are ended in any case


def remove_tree(path):
    """Removes a folder with all in it, as far as the user may; a link there, and what is no folder, is left.

    However deep it is: the folders in it are emptied into it, one level at a time, so that no path becomes too long.
    """
    try:
        top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    end, number, is_new = time.monotonic() + REMOVE_SECONDS, 0, True
    try:
        os.chmod(top, 0o700)
        while is_new and time.monotonic() < end:
            is_new = False
            for name in os.listdir(top):
                if is_unlinked(name, top):
                    continue
                number = empty_into(top, name, number)
                is_new = is_removed(name, top) or is_new
        os.rmdir(path)
    except OSError:
        pass
    finally:
        os.close(top)


def empty_into(top, name, number):
    """Unlinks what is in a folder of the folder `top`, and moves its folders to `top`; returns the last number used."""
    try:
        os.chmod(name, 0o700, dir_fd=top)
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    except OSError:
        return number
    try:
        for child in os.listdir(inner):
            if not is_unlinked(child, inner):
                number += 1
                try:
                    os.chmod(child, 0o700, dir_fd=inner)
                    os.rename(child, "{}-{}".format(os.getpid(), number), src_dir_fd=inner, dst_dir_fd=top)
                except OSError:
                    continue
    except OSError:
        pass
    finally:
        os.close(inner)
    return number


def is_unlinked(name, folder):
    """Whether a name that is no folder's was removed from the folder of that descriptor."""
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False
    return True


def is_removed(name, folder):
    """Whether an empty folder was removed from the folder of that descriptor."""
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError:
        return False
    return True


def names_in(folder):
    """The names in a folder, NAMES_LIMIT of them."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, NAMES_LIMIT)]
