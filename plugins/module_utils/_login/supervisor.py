# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that looks after a `codex login` when nobody else does any more. Runs on the target, as the user.

It ends `codex`, everything that `codex` started, and the folder of the sign-in when it is asked to, when the time is
over, or when nobody asked for news any more: Ansible was interrupted or killed, or the network is lost.
"""

import os
import select
import signal
import subprocess
import time

from ansible_collections.fleet.codex.plugins.module_utils._login.identity import identity_of
from ansible_collections.fleet.codex.plugins.module_utils._login.scratch import (
    FINISH,
    HOME,
    LEASE,
    OUTPUT,
    STOP,
    open_file,
    read_state,
    remove_tree,
    take_lock,
    write_state,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import (
    adopt_orphans,
    kill_children,
    search_path,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError

MODULES = ("_posixsubprocess", "ctypes", "encodings.idna")  # beside those above, what they import later
LEASE_SECONDS = 30  # for which a sign-in goes on without anybody who asks for news
START_SECONDS = 20  # in which the supervisor has to say that it runs
OUTPUT_LIMIT = 64 * 1024  # bytes of what `codex` prints that are kept
SET_PARENT_DEATH_SIGNAL = 1  # of prctl(2)
DESCRIPTORS_LIMIT = 4096  # that are closed where the system does not list those that are open


def start_supervisor(scratch, command, environment, user, seconds):
    """Starts the supervisor, which starts the command; returns when that runs. Raises TargetError."""
    variables = environment_for(scratch, environment, user)
    detach(lambda: supervise(scratch, command, variables, seconds))
    end = time.monotonic() + START_SECONDS
    while not read_state(scratch):
        if time.monotonic() > end:
            remove_tree(scratch)  # without which the supervisor ends
            raise TargetError("no_supervisor", user=user["name"], seconds=str(START_SECONDS))
        time.sleep(0.02)


def environment_for(scratch, environment, user):
    """The variables for `codex`: made for it, and those of the task's `environment`, such as proxies."""
    return dict(
        {
            "PATH": os.pathsep.join(search_path(user)),
            "LANG": "C.UTF-8",
            "BROWSER": "true",  # a program that does nothing: the browser is on another machine
        },
        **dict(
            environment,
            HOME=user["home_directory"],
            USER=user["name"],
            LOGNAME=user["name"],
            CODEX_HOME=os.path.join(scratch, HOME),
        ),
    )


def detach(work):
    """Calls work() in a process that is nobody's child and has nothing open that this one has."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            close_all()
            work()
    finally:
        os._exit(0)


def close_all():
    """Closes all descriptors, among them the pipe whose end Ansible waits for, and opens /dev/null as 0, 1 and 2."""
    try:
        descriptors = [int(name) for name in os.listdir("/dev/fd")]
    except (OSError, ValueError):
        descriptors = range(DESCRIPTORS_LIMIT)
    for descriptor in descriptors:
        try:
            os.close(descriptor)
        except OSError:
            pass
    for descriptor in range(3):
        if os.open(os.devnull, os.O_RDWR) != descriptor:
            os.dup2(0, descriptor)


def supervise(scratch, command, variables, seconds):
    """Runs the command until it is time to end it, and then removes the folder of the sign-in."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_signal: os._exit(end_everything(scratch, None)))
    os.umask(0o077)
    os.chdir("/")
    adopt_orphans()
    process = None
    try:
        take_lock(os.path.join(scratch, LEASE))
        state = {"supervisor": identity_of(os.getpid())}
        try:
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # a target program, no module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=variables,
                preexec_fn=prepare_child(),
            )
            state["codex"] = identity_of(process.pid)
        except OSError as error:
            state.update(status=127, cause=os.strerror(error.errno))
        write_state(scratch, state)
        follow(scratch, process, state, time.monotonic() + seconds)
    finally:
        end_everything(scratch, process)


def prepare_child():
    """What a `codex` does before it starts: a session of its own, which ends with the supervisor on Linux."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        prctl = None

    def prepare():
        os.setsid()
        if prctl:
            prctl(SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)

    return prepare


def follow(scratch, process, state, end):
    """Keeps what the process prints, and says how it ended, until it is time to end everything."""
    pipe = process.stdout if process else None
    kept, lease, seen = 0, None, time.monotonic()
    while time.monotonic() < end and not os.path.exists(os.path.join(scratch, STOP)):
        try:
            mark = os.stat(os.path.join(scratch, LEASE)).st_mtime_ns
        except OSError:
            return  # somebody removed the folder
        if mark != lease:
            lease, seen = mark, time.monotonic()
        if time.monotonic() - seen > LEASE_SECONDS:
            return
        if process and "status" not in state and os.path.exists(os.path.join(scratch, FINISH)):
            kill_command(process)
        has_ended = process is not None and process.poll() is not None
        if pipe is None:
            time.sleep(0.1)
        elif select.select([pipe], [], [], 0 if has_ended else 0.1)[0]:
            chunk = os.read(pipe.fileno(), OUTPUT_LIMIT)
            kept += append(scratch, chunk[: OUTPUT_LIMIT - kept])
            if not chunk:
                pipe = None
            continue
        if has_ended and "status" not in state:
            kill_command(process)  # what it left running
            state["status"] = process.returncode
            write_state(scratch, state)
            pipe = None


def append(scratch, data):
    """Adds to what is kept of the output; returns how many bytes."""
    with os.fdopen(open_file(os.path.join(scratch, OUTPUT), os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab") as file:
        file.write(data)
    return len(data)


def kill_command(process):
    """Ends the command, its process group, and whatever it started elsewhere, which is this process's on Linux."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # all of it has ended
    process.wait()
    kill_children()


def end_everything(scratch, process):
    """Ends the command and removes the folder of the sign-in; returns an exit status."""
    try:
        if process:
            kill_command(process)
        kill_children()
    finally:
        remove_tree(scratch)
    return 0
