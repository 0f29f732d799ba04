# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Applies the role at the very moment a test wants it, many times with one start of ansible-playbook.

A start takes longer than a run of Codex. So one playbook has all applications of the role for all
hosts; before each, a host waits at a pipe for the test to send the homes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import COLLECTIONS
from ansible_collections.fleet.codex.tests.support.role import ROLE, log_in

# A pipe of its own for each host; what comes through it is what codex_homes says.
_ROUND = [
    {
        "name": "Wait for the test",
        "ansible.builtin.set_fact": {"homes": "{{ lookup('ansible.builtin.pipe', 'cat ' ~ test_pipe) | from_json }}"},
    },
    {
        "name": "Apply the role",
        "ansible.builtin.import_role": {"name": ROLE},
        "vars": {"codex_homes": "{{ homes }}"},
        "ignore_errors": True,
    },
]

_CONFIGURATION = f"""\
[defaults]
inventory = inventory.json
gathering = explicit
strategy = ansible.builtin.free
forks = 8
retry_files_enabled = false
stdout_callback = ansible.posix.jsonl
collections_path = {COLLECTIONS}
"""


class Deployer:
    """ansible-playbook that waits for work, on local hosts named ``hosts``; each may get ``rounds`` of it."""

    def __init__(self, folder: pathlib.Path, hosts: t.Sequence[str], rounds: int) -> None:
        self._folder = folder
        self._results: dict[str, queue.Queue[dict[str, t.Any]]] = {host: queue.Queue() for host in hosts}
        inventory = {}
        for host in hosts:
            pipe = folder / f"{host}.pipe"
            os.mkfifo(pipe, 0o600)
            inventory[host] = {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "test_pipe": str(pipe),
            }
        (folder / "home").mkdir()
        (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": inventory}}), encoding="utf-8")
        (folder / "playbook.yml").write_text(json.dumps([{"hosts": "all", "tasks": _ROUND * rounds}]), encoding="utf-8")
        (folder / "ansible.cfg").write_text(_CONFIGURATION, encoding="utf-8")

    def __enter__(self) -> Deployer:
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CODEX_"))}
        variables |= {"HOME": str(self._folder / "home"), "LC_ALL": "C.UTF-8"}
        self._log = (self._folder / "log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "playbook.yml"],
            cwd=self._folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        self._process.wait()
        # A worker in a session of its own lives on: it may wait at its pipe, or come to it only now.
        for pipe in self._folder.glob("*.pipe"):
            descriptor = os.open(pipe, os.O_RDWR)
            pipe.unlink()
            os.close(descriptor)
        self._reader.join()
        self._log.close()

    def _read(self) -> None:
        """Hands each result of the role's task to whoever waits for that host."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("task", {}).get("name", "").rpartition(" : ")[2] == log_in():
                for host, result in event["hosts"].items():
                    self._results[host].put(result)

    def apply(self, host: str, home: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What the role's task returned for one home of that host, as in ``codex_homes``."""
        self._send(self._folder / f"{host}.pipe", json.dumps([home]).encode())
        while True:
            try:
                return self._results[host].get(timeout=1)
            except queue.Empty:
                self._must_live()

    def _send(self, pipe: pathlib.Path, data: bytes) -> None:
        """Waits until the host is at its pipe; a plain open would wait for ever for a playbook that ended."""
        while True:
            self._must_live()
            try:
                descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                time.sleep(0.005)
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)

    def _must_live(self) -> None:
        if self._process.poll() is not None:
            self._log.seek(0)
            raise AssertionError(f"ansible-playbook ended with {self._process.returncode}: {self._log.read()}")
