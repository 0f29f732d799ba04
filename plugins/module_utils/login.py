# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry of the Python target program: has somebody sign in with the user's own `codex`, and installs that login.

Runs on POSIX targets with the modules that it imports, from standard input, under ``python -I -S`` 3.6
or later, with the standard library only. It takes one request and prints one answer, as
docs/protocol.md says. It decides nothing about credentials: `install` does the operations that it is given.
"""

import binascii
import os
import signal

from ansible_collections.fleet.codex.plugins.module_utils._login.scratch import (
    end_all,
    end_sign_in,
    make_scratch,
    scratch_path,
)
from ansible_collections.fleet.codex.plugins.module_utils._login.supervisor import MODULES, start_supervisor
from ansible_collections.fleet.codex.plugins.module_utils._login.waiting import look, signed_in_file, wait_for_news
from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import find_codex
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError
from ansible_collections.fleet.codex.plugins.module_utils._target.folders import check_home_directory, describe_folder
from ansible_collections.fleet.codex.plugins.module_utils._target.homes import serve_homes
from ansible_collections.fleet.codex.plugins.module_utils._target.users import CHILD_TIME_LIMIT, in_child_as
from ansible_collections.fleet.codex.plugins.module_utils.apply import apply


def main():
    """Answers the request on standard input."""
    serve_homes(sign_in)


def sign_in(home, user, codex_home):
    """One step of a sign-in: start, wait, install or stop, as the home's `login` says."""
    return STEPS[home["login"]["step"]](home, user, codex_home)


def start(home, user, codex_home):
    """Makes the Codex home if the operations say so, and starts the user's `codex login` in a home of its own there."""
    made = apply(home, user, codex_home)
    if any(result["status"] != "done" for result in made["results"]):
        return made
    for module in MODULES:
        __import__(module)  # now: the user may not be able to reach this Python's library
    login = home["login"]

    def work():
        path = find_codex(user)
        if path is None:
            raise TargetError("no_codex", user=user["name"])
        end_all(codex_home)
        scratch = make_scratch(codex_home, login["name"])
        start_supervisor(scratch, [path] + login["arguments"], login["environment"], user, login["seconds"])
        return dict(made, login=look(scratch))

    return in_time_as(user, work)


def wait(home, user, codex_home):
    """What there is to say of the sign-in, as soon as it is something new, or after WAIT_SECONDS."""
    login = home["login"]
    return as_user(
        user, codex_home, lambda: {"login": wait_for_news(scratch_path(codex_home, login["name"]), login["seen"])}
    )


def install(home, user, codex_home):
    """Does the operations of apply, with the login of the sign-in as the content of the auth.json that they write.

    It is read when `codex` has ended, or was ended since no browser fetched its last page.
    """
    login = home["login"]

    def work():
        content = signed_in_file(scratch_path(codex_home, login["name"]), login["sha256"], login["drop_api_key"])
        return {"content": binascii.b2a_base64(content, newline=False).decode("ascii")}

    found = as_user(user, codex_home, work)
    if "error" in found:
        return found
    for operation in home["operations"]:
        if operation["operation"] == "write" and operation["path"] == "auth.json":
            operation["content"] = found["content"]
    return apply(home, user, codex_home)


def stop(home, user, codex_home):
    """Ends the sign-in and everything that it started, and removes its home; nothing where there is none any more."""

    def work():
        scratch = scratch_path(codex_home, home["login"]["name"])
        if os.path.isdir(scratch):
            end_sign_in(scratch)
        return {}

    return as_user(user, codex_home, work)


def as_user(user, codex_home, work):
    """work()'s result, as the user, after another look at the way to the Codex home. Raises TargetError."""
    for module in MODULES:
        __import__(module)
    check_home_directory([], user, codex_home)

    def checked():
        describe_folder(codex_home, user)
        return work()

    return in_time_as(user, checked)


def in_time_as(user, work):
    """work()'s result as the user, within CHILD_TIME_LIMIT also where no child is needed for it. Raises TargetError."""
    if os.geteuid() != user["uid"]:
        return in_child_as(user, work)

    def give_up(_number, _frame):
        raise TargetError("too_slow", user=user["name"], seconds=str(CHILD_TIME_LIMIT))

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(CHILD_TIME_LIMIT)
    try:
        return work()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


STEPS = {"start": start, "wait": wait, "install": install, "stop": stop}
