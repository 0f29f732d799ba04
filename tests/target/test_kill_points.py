"""A run that is killed between any two of its steps leaves the old file or the new one, and nothing torn.

The program of POSIX hosts is killed in test_apply.py. Here it is the one of Windows, on Linux, since the system calls
of Wine are not those of the program.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import Operation
from ansible_collections.fleet.codex.tests.support.powershell_program import PowershellFailed, PowershellProgram
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from ansible_collections.fleet.codex.tests.support.target_program import sha256, write

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.parametrize(
        "target_program",
        [pytest.param("powershell-linux", marks=pytest.mark.xdist_group("powershell-linux"))],
        indirect=True,
    ),
]

OLD, NEW = b"old content\n", b"new content\n"
LOCKS = ["auth.lock", "auth.json.lock"]
CALLS = {
    "files": ("write", "pwrite64", "fsync", "rename", "unlink", "fchmod"),
    "locks": ("fcntl", "flock"),
    "files and locks": ("write", "pwrite64", "fsync", "rename", "unlink", "fchmod", "fcntl", "flock"),
}
"""The system calls by which this program changes files, and those by which it takes and gives locks between that."""

OPERATIONS: dict[str, Operation] = {
    "write": write("auth.json", NEW, OLD, locks=LOCKS, backup=True, backup_keep=1),
    "remove": t.cast(
        Operation,
        {"operation": "remove", "base": "codex_home", "path": "auth.json", "expected": sha256(OLD), "locks": LOCKS}
        | {"backup": True, "backup_keep": 1},
    ),
}


def was_killed(
    program: PowershellProgram, call: str, number: int, home: Path, operation: Operation, *, pause: float
) -> bool:
    """Whether the program was killed, as it came to this system call for this time, counted from 1.

    :param pause: Seconds for strace to attach itself to all threads; on a busy machine it may need more.
    """
    program.describe(home)  # started by now, and loaded
    assert program._process is not None
    trace = ["strace", "-f", "-p", str(program._process.pid), "-o", "/dev/null", "-e", f"trace={call}"]
    tracer = subprocess.Popen(
        [*trace, "-e", f"inject={call}:error=EPERM:signal=SIGKILL:when={number}"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        time.sleep(pause)
        program.apply(home, [operation])
        return False
    except PowershellFailed:
        return True
    finally:
        tracer.terminate()
        tracer.wait()
        program.close_process()


@pytest.mark.parametrize(
    ("name", "calls"),
    kept(
        [("write", "files")],
        [("write", "files"), ("write", "locks"), ("remove", "files and locks")],
        reason="more moments of the same kind",
    ),
)
def test_killed_between_any_two_steps(target_program: PowershellProgram, home: Path, name: str, calls: str) -> None:
    if shutil.which("strace") is None:
        unavailable("strace is not installed.")
    operation, left = OPERATIONS[name], []
    for call in CALLS[calls]:
        for number in itertools.count(1):
            # Only where it was not killed with plenty of time for strace either was this the last call of its kind.
            for pause in (0.2, 2.0):
                shutil.rmtree(home)
                home.mkdir(mode=0o700)
                (home / "auth.json").write_bytes(OLD)
                is_killed = was_killed(target_program, call, number, home, operation, pause=pause)
                if is_killed:
                    break
            there = (home / "auth.json").read_bytes() if (home / "auth.json").exists() else None
            assert there in (OLD, NEW if name == "write" else None), (call, number)
            backups = [file for file in home.iterdir() if file.name.endswith(".bak")]
            assert [file.read_bytes() for file in backups] == [OLD] * len(backups), (call, number)
            if not is_killed:
                assert there != OLD
                break
            left.append((there, len([file for file in os.listdir(home) if file.startswith(".fleet-codex-")])))
            # The next run removes what is left of this one, and does what it did not get to.
            clean = t.cast(Operation, {"operation": "clean", "base": "codex_home", "path": ""})
            again = [operation] if there == OLD else []
            results = target_program.apply(home, [clean, *again])
            assert [result["status"] for result in results] == ["done"] * (1 + len(again)), (call, number)
            assert [file for file in os.listdir(home) if file.startswith(".fleet-codex-")] == [], (call, number)
    # It was killed before the change and after it, and with a temporary file in the folder.
    assert {there for there, _count in left} == {OLD, NEW if name == "write" else None}, left
    assert 1 in {count for _there, count in left}, left
