# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's own `codex`: where it is, its version and what it says of a home.

Runs on the target; only sent where a request asks for it.
"""

import os
import signal

from ansible_collections.fleet.codex.plugins.module_utils._target.users import in_child_as

MODULES = ("shutil", "subprocess", "tempfile")  # what running a `codex` takes; slow to import, and rarely needed
CODEX_TIME_LIMIT = 30  # seconds that a `codex` may take


def ask_codex(home, user, codex_home):
    """The answers to what a home of a request asks of the user's `codex`, which runs as the user."""

    def ask():
        answer = {}
        if home.get("detect_version"):
            answer["codex_version"] = version(user)
        if home.get("login_status"):
            answer["login_status"] = login_status(user, codex_home)
        return answer

    for module in MODULES:
        __import__(module)  # now: the user may not be able to reach this Python's library
    return in_child_as(user, ask)


def find_codex(user):
    """The path of the user's `codex`: on this process's PATH, or where npm, Homebrew and users put it; or None."""
    usual = ["/usr/local/bin", "/opt/homebrew/bin"]
    usual += [os.path.join(user["home_directory"], p) for p in (".local/bin", ".npm-global/bin", "bin")]
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) + usual:
        path = os.path.join(folder, "codex")
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def run_codex(path, arguments, environment):
    """(exit status, everything printed) of one `codex`; (None, "") where it does not run or does not end."""
    import subprocess

    try:
        process = subprocess.Popen(
            [path] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, **environment),
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        return None, ""
    try:
        text = process.communicate(timeout=CODEX_TIME_LIMIT)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # npm's wrapper has the real program as its child
        process.communicate()
        return None, ""
    return process.returncode, text.decode("utf-8", "replace")


def version(user):
    """The version that `codex --version` prints, or None; asked in a scratch home, since newer ones write into it."""
    import shutil
    import tempfile

    path = find_codex(user)
    if path is None:
        return None
    scratch = tempfile.mkdtemp(prefix="fleet-codex-")
    try:
        _status, text = run_codex(path, ["--version"], {"HOME": scratch, "CODEX_HOME": scratch})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    words = text.split()
    return words[-1] if words and words[-1][:1].isdigit() else None


def login_status(user, codex_home):
    """The path of the user's `codex`, and the method that its `login status` names for the Codex home.

    Never its text, which shows 13 characters of the key.
    """
    path = find_codex(user)
    if path is None:
        return {"codex": None, "method": "unknown"}
    if not os.path.isdir(codex_home):
        return {"codex": path, "method": "none"}  # 0.94 and later refuse to say so
    status, text = run_codex(path, ["login", "status"], {"HOME": user["home_directory"], "CODEX_HOME": codex_home})
    lowered = text.lower()
    method = "unreadable"
    if status == 0:
        words = (("api key", "apikey"), ("chatgpt", "chatgpt"), ("personal access", "personal_access_token"))
        method = next((name for word, name in words if word in lowered), "other")
    elif "not logged in" in lowered or "no such file" in lowered or is_empty(os.path.join(codex_home, "auth.json")):
        method = "none"
    return {"codex": path, "method": method}


def is_empty(path):
    """Whether a file has no byte. Codex calls such an auth.json an error, and then goes on without a login."""
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return False
