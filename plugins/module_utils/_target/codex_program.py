# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's own `codex`: where it is, its version, what it says of a home and of a new configuration.

Runs on the target; only sent where a request asks for it. The program is the user's, so it may be anything: it gets an
environment made for it, and its time, its output and what it leaves running are bounded.
"""

import os
import re

from ansible_collections.fleet.codex.plugins.module_utils._target.codex_words import words_of
from ansible_collections.fleet.codex.plugins.module_utils._target.users import SIGKILL, in_child_as

MODULES = ("select", "shutil", "subprocess", "tempfile", "time")  # slow to import, and rarely needed
CODEX_TIME_LIMIT = 30  # seconds that a `codex` may take
OUTPUT_LIMIT = 64 * 1024  # bytes that a `codex` may print
KILL_ROUNDS = 100  # how often to look for processes that a `codex` left, which may start others meanwhile
SET_CHILD_SUBREAPER = 36  # of prctl(2)


def ask_codex(home, user, codex_home):
    """The answers to what a home of a request asks of the user's `codex`, which runs as the user."""

    def ask():
        answer = {}
        if home.get("detect_version"):
            answer["codex_version"] = version(user)
        if home.get("login_status"):
            answer["login_status"] = login_status(user, codex_home)
        return answer

    return with_codex(user, ask)


def with_codex(user, work):
    """work()'s result, which runs a `codex` as the user; whatever that left running is ended."""
    for module in MODULES:
        __import__(module)  # now: the user may not be able to reach this Python's library
    adopt_orphans()
    try:
        return in_child_as(user, work, 3 * CODEX_TIME_LIMIT)
    finally:
        kill_children()


def adopt_orphans():
    """Makes this process the parent of what its children leave behind, in whatever session; Linux only."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # then only the process group of a `codex` is ended


def kill_children():
    """Ends every child of this process, and theirs, which become its own by that."""
    for _round in range(KILL_ROUNDS):
        children = list_children()
        for child in children:
            try:
                os.kill(child, SIGKILL)
            except OSError:
                pass  # a program of root's that the user may start
        for child in children:
            try:
                os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                pass
        if not children:
            return


def list_children():
    """The process ids of this process's children; none where the system has no /proc."""
    found = []
    is_own = os.path.isdir("/proc/self") and os.readlink("/proc/self") == str(os.getpid())  # not of another namespace
    for pid in filter(str.isdigit, os.listdir("/proc") if is_own else ()):
        try:
            with open("/proc/{}/stat".format(pid), "rb") as file:
                parent = file.read().rpartition(b")")[2].split()[1]
        except OSError:
            continue  # it has ended
        if int(parent) == os.getpid():
            found.append(int(pid))
    return found


def search_path(user):
    """The folders where a `codex` is looked for: this process's PATH, and where npm, Homebrew and users put it."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep) + ["/usr/local/bin", "/opt/homebrew/bin"]
    folders += [os.path.join(user["home_directory"], name) for name in (".local/bin", ".npm-global/bin", "bin")]
    return [folder for folder in folders if os.path.isabs(folder)]


def find_codex(user):
    """The path of the user's `codex`, or None."""
    for folder in search_path(user):
        path = os.path.join(folder, "codex")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def run_codex(path, arguments, user, home_directory, codex_home):
    """(exit status, everything printed) of one `codex`; (None, "") where it does not run, or not within the limits.

    Its environment has nothing of this process's, which may hold secrets of the task.
    """
    import subprocess

    environment = {
        "HOME": home_directory,
        "USER": user["name"],
        "LOGNAME": user["name"],
        "PATH": os.pathsep.join(search_path(user)),
        "LANG": "C.UTF-8",
        "CODEX_HOME": codex_home,
    }
    try:
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # a target program, not an Ansible module
            [path] + arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        return None, ""
    with process.stdout:
        text = read_output(process)
        try:
            os.killpg(process.pid, SIGKILL)  # npm's wrapper has the real program as its child
        except OSError:
            pass  # all of it has ended
        process.wait()
    return (None, "") if text is None else (process.returncode, text.decode("utf-8", "replace"))


def read_output(process):
    """What a program printed by the time it ended; None where it takes too long or prints too much.

    Not until the end of its output: something that it started may hold that open for ever.
    """
    import select
    import time

    end, data = time.monotonic() + CODEX_TIME_LIMIT, b""
    while len(data) <= OUTPUT_LIMIT and time.monotonic() < end:
        has_ended = process.poll() is not None
        if select.select([process.stdout], [], [], 0 if has_ended else 0.05)[0]:
            chunk = os.read(process.stdout.fileno(), OUTPUT_LIMIT)
            if chunk:
                data += chunk
                continue
            has_ended = has_ended or ends_by(process, end)
        if has_ended:
            return data
    return None


def ends_by(process, end):
    """Whether a program that closed its output ends by a moment of the monotonic clock."""
    import time

    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    return process.poll() is not None


def in_scratch_home(work):
    """work(folder)'s result for a new, empty folder, which is removed afterwards."""
    import shutil
    import tempfile

    scratch = tempfile.mkdtemp(prefix="fleet-codex-")
    try:
        return work(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def version(user):
    """The version that `codex --version` prints, or None; asked in a scratch home, since newer ones write into it."""
    path = find_codex(user)
    if path is None:
        return None
    _status, text = in_scratch_home(lambda scratch: run_codex(path, ["--version"], user, scratch, scratch))
    words = text.split()
    is_version = words and len(words[-1]) <= 50 and re.match(r"\d+\.\d+\.\d+", words[-1])
    return words[-1] if is_version else None


def start_problem(user, content):
    """What the user's `codex` prints when it does not start with a config.toml (bytes); None where it does.

    None, too, without a `codex`, and for what says nothing about the file: in the scratch home there is no login, no
    keyring and no other configuration of the user's.
    """
    path = find_codex(user)
    if path is None:
        return None

    def ask(scratch):
        def words_about(data):
            with open(os.path.join(scratch, "config.toml"), "wb") as file:
                file.write(data)
            _status, text = run_codex(path, ["login", "status"], user, scratch, scratch)
            return words_of(text.replace(scratch + os.sep, ""))

        words = words_about(content)
        return None if words is None or words_about(b"") else words  # else the fault is in another file

    return in_scratch_home(ask)


def login_status(user, codex_home):
    """The path of the user's `codex`, and the method that its `login status` names for the Codex home.

    Never its text, which shows 13 characters of the key.
    """
    path = find_codex(user)
    if path is None:
        return {"codex": None, "method": "unknown"}
    if not os.path.isdir(codex_home):
        return {"codex": path, "method": "none"}  # 0.94 and later refuse to say so
    status, text = run_codex(path, ["login", "status"], user, user["home_directory"], codex_home)
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
