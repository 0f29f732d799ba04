# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a host, and how root acts as one of them. Runs on the target, as a part of store.py's program."""

import json
import os
import pwd
import sys

from ansible_collections.fleet.codex.plugins.module_utils.obstacles import Obstacle, guarded


def find_account(name, environment):
    """The account as a dict of name, uid, gid, home, shell; `name` None is the one running this.

    HOME counts only when the task's own `environment:` says so: what sudo, su and containers
    leave in it is often another account's.
    """
    if name is None:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError:  # a container with an arbitrary uid
            home, number = os.environ.get("HOME", "/"), os.geteuid()
            entry = pwd.struct_passwd((str(number), "", number, os.getegid(), "", home, ""))
        home = environment.get("HOME") or entry.pw_dir
    else:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise Obstacle("unknown_account", user=name) from None
        home = entry.pw_dir
    if os.geteuid() not in (0, entry.pw_uid):
        raise Obstacle("needs_root", user=name, running=owner_name(os.geteuid()))
    if not os.path.isabs(home):
        raise Obstacle("relative", path=home)
    home = os.path.normpath(home)
    return {"name": entry.pw_name, "uid": entry.pw_uid, "gid": entry.pw_gid, "home": home, "shell": entry.pw_shell}


def every_account():
    """The names of all accounts of the account database that have a ~/.codex; root alone can tell."""
    names = []
    for entry in pwd.getpwall():
        account = find_account(entry.pw_name, {}) if os.path.isabs(entry.pw_dir) else None
        # With the account's rights: on a network file system root may see nothing.
        if account and looking_as(account, lambda home=account["home"]: os.path.isdir(os.path.join(home, ".codex"))):
            names.append(entry.pw_name)
    return names


def works_for_another(account):
    """Whether root runs this for an account that is not root."""
    return os.geteuid() == 0 and account["uid"] != 0


def owner_name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def looking_as(account, work):
    """work()'s result with the account's rights, which root takes on for the while.

    For describe: a child for each account would cost ten times as much. The real user stays root, so
    no process of the account can signal or trace this one. What writes, or runs a program of the
    account's, is done in as_account().
    """
    if os.geteuid() == account["uid"]:
        return work()
    if sys.platform == "darwin":  # where a process has at most 16 groups, and an account may have more
        return as_account(account, work)
    group, groups = os.getegid(), os.getgroups()
    try:
        os.setgroups(os.getgrouplist(account["name"], account["gid"]))
        os.setegid(account["gid"])
        os.seteuid(account["uid"])
        return work()
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def as_account(account, work):
    """work()'s result, JSON-able; run in a child that has become the account, when root is not it."""
    if os.geteuid() == account["uid"]:
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            os.initgroups(account["name"], account["gid"])
            os.setgid(account["gid"])
            os.setuid(account["uid"])
            os.environ.update(HOME=account["home"], USER=account["name"], LOGNAME=account["name"])
            with os.fdopen(writer, "w") as out:
                json.dump(guarded(work), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    try:
        return json.loads(text)
    except ValueError:
        raise Obstacle("child_died", user=account["name"]) from None
