# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The users of a host, and how root acts as one of them. Runs on the target."""

import os
import pwd
import select
import sys
import time

from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError, guarded
from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import dumps, loads

SIGKILL = 9  # everywhere; importing `signal` would take longer than describing a home
CHILD_TIME_LIMIT = 120  # seconds that a child may work as a user: two locks of 20 seconds, and a slow disk
ANSWER_LIMIT = 32 * 1024 * 1024  # bytes of a child's answer, which has two files of 4 MiB at most

NAMES = {}  # of users, by uid: a host may ask a server for each


def find_user(name, environment):
    """The user as a dict of name, uid, gid, home_directory and shell; `name` None: the one running this.

    HOME counts only where the task's own `environment:` sets it: what sudo, su and containers leave
    in it often belongs to another user. Raises TargetError.
    """
    if name is None:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError:  # a container with an arbitrary uid
            directory, number = os.environ.get("HOME", "/"), os.geteuid()
            entry = pwd.struct_passwd((str(number), "", number, os.getegid(), "", directory, ""))
        directory = environment.get("HOME") or entry.pw_dir
    else:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise TargetError("unknown_user", user=name) from None
        directory = entry.pw_dir
    if os.geteuid() not in (0, entry.pw_uid):
        raise TargetError("needs_root", user=name, running=owner_name(os.geteuid()))
    if not os.path.isabs(directory):
        raise TargetError("relative", path=directory)
    return user_of(entry, directory)


def users_with_codex_home():
    """The names of all users of the user database that have a ~/.codex, or may have one; needs root."""
    names = []
    for entry in pwd.getpwall():
        if not os.path.isabs(entry.pw_dir):
            continue
        user = user_of(entry, entry.pw_dir)
        try:
            # With the user's rights: on a network file system root may see nothing.
            is_found = with_effective_user(user, lambda user=user: has_codex_home(user))
        except (TargetError, OSError):
            is_found = True  # the answer for this user will say what is wrong
        if is_found:
            names.append(entry.pw_name)
    return names


def user_of(entry, directory):
    """The dict for an entry of the user database and a home directory."""
    return {
        "name": entry.pw_name,
        "uid": entry.pw_uid,
        "gid": entry.pw_gid,
        "home_directory": os.path.normpath(directory),
        "shell": entry.pw_shell,
    }


def has_codex_home(user):
    """Whether ~/.codex of a user is a folder."""
    return os.path.isdir(os.path.join(user["home_directory"], ".codex"))


def works_for_another(user):
    """Whether root runs this for a user who is not root."""
    return os.geteuid() == 0 and user["uid"] != 0


def owner_name(uid):
    """The name of a user by number; the number as text where it has no name."""
    if uid not in NAMES:
        try:
            NAMES[uid] = pwd.getpwuid(uid).pw_name
        except KeyError:
            NAMES[uid] = str(uid)
    return NAMES[uid]


def with_effective_user(user, work):
    """work()'s result with the user's rights, which root takes on meanwhile.

    For describe: a child process for each user would cost ten times as much. The real user stays
    root, so no process of the user can signal or trace this one. Whatever writes, or runs a program
    of the user's, is done by in_child_as().
    """
    if os.geteuid() == user["uid"]:
        return work()
    if sys.platform == "darwin":  # where a process has at most 16 groups, and a user may have more
        return in_child_as(user, work)
    group, groups = os.getegid(), os.getgroups()
    try:
        os.setgroups(os.getgrouplist(user["name"], user["gid"]))
        os.setegid(user["gid"])
        os.seteuid(user["uid"])
        return work()
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def in_child_as(user, work, seconds=CHILD_TIME_LIMIT):
    """work()'s result, which JSON must be able to hold; root runs it in a child that became the user for good.

    The user can stop or end every process of its own, so nothing here waits for the child longer than `seconds`.
    Raises TargetError where the child ends without an answer, or has none by then.
    """
    if os.geteuid() == user["uid"]:
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            os.initgroups(user["name"], user["gid"])
            os.setgid(user["gid"])
            os.setuid(user["uid"])
            os.environ.update(HOME=user["home_directory"], USER=user["name"], LOGNAME=user["name"])
            with os.fdopen(
                writer, "wb"
            ) as out:  # as text, some Pythons would import something that is out of reach now
                out.write(dumps(guarded(work)).encode("ascii"))
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    text = read_in_time(reader, seconds)
    os.kill(child, SIGKILL)  # after its last byte there is nothing left to do; a stopped one would stay for ever
    reap(child)
    if text is None:
        raise TargetError("too_slow", user=user["name"], seconds=str(seconds))
    try:
        return loads(text.decode("ascii"))
    except ValueError:
        raise TargetError("child_died", user=user["name"]) from None


def read_in_time(reader, seconds):
    """Everything that comes out of a pipe until its other end is closed, and closes it.

    None where that takes longer, or is more than ANSWER_LIMIT.
    """
    end, data = time.monotonic() + seconds, b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while len(data) <= ANSWER_LIMIT:
            left = end - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return None
            chunk = pipe.read(1 << 20)
            if not chunk:
                return data
            data += chunk
    return None


def reap(child):
    """Waits for a killed child, but not for one that the kernel cannot end, as on a file system that hangs."""
    end = time.monotonic() + 1
    while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < end:
        time.sleep(0.001)
