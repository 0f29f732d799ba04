# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""CPU time by the clocks of control groups: of all processes that were ever in a group, to the microsecond.

engine.sh makes the groups: ``controller`` (ansible-playbook and everything that it starts, including the docker
client), ``engine`` (dockerd, containerd, shims, runc) and ``targets`` (what runs in the containers).
"""

from __future__ import annotations

import pathlib
import subprocess
import time
import typing as t

GROUP = "fleet-codex-bench"
PARTS = ("controller", "engine", "targets")
TIDY_SECONDS = 0.4  # seconds in which the engine cleans up after a docker exec that has returned

Clock = dict[str, float]
"""Milliseconds by part."""


def find_groups() -> pathlib.Path:
    """The folder of the groups: in version 1's cpuacct hierarchy if it is mounted, else in version 2's."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    one = [mount[1] for mount in mounts if mount[2] == "cgroup" and "cpuacct" in mount[3].split(",")]
    two = [mount[1] for mount in mounts if mount[2] == "cgroup2"]
    return pathlib.Path([*one, *two][0]) / GROUP


def read() -> Clock:
    """The CPU time that each part has used since its group was made."""
    groups = find_groups()
    clock = {}
    for part in PARTS:
        nanoseconds = groups / part / "cpuacct.usage"
        if nanoseconds.exists():
            clock[part] = int(nanoseconds.read_text()) / 1e6
        else:
            usage = dict(line.split() for line in (groups / part / "cpu.stat").read_text().splitlines())
            clock[part] = int(usage["usage_usec"]) / 1e3
    return clock


def controlled(command: t.Sequence[str]) -> list[str]:
    """A command that runs this one, and everything that it starts, in the group ``controller``."""
    enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
    return ["sh", "-c", enter, str(find_groups() / "controller"), *command]


def measure(command: t.Sequence[str], environment: dict[str, str]) -> tuple[Clock, str]:
    """The CPU time that the command causes in each part, and its output."""
    before = read()
    done = subprocess.run(
        controlled(command),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    time.sleep(TIDY_SECONDS)
    after = read()
    return {part: after[part] - before[part] for part in PARTS}, done.stdout


BURNER = "import time\nwhile time.process_time() < 1: pass\nprint(round(time.process_time() * 1000), end='')"


def check(host: str, environment: dict[str, str]) -> str:
    """A sentence that compares the clocks with a process's own: one second of CPU here, and one in a container."""
    local, own = measure(["/usr/bin/python3", "-c", BURNER], environment)
    remote, its = measure(["docker", "exec", host, "/usr/bin/python3", "-c", BURNER], environment)
    return (
        f"a burner that used {own} ms here was counted as {local['controller']:.0f} ms on the controller; "
        f"one that used {its} ms in a container as {remote['targets']:.0f} ms on the targets"
    )
