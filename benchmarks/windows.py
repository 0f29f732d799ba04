# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What codex_home costs on Windows hosts, beside win_ping: windows.py ANSIBLE-PLAYBOOK INVENTORY ROUNDS."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import typing as t
from datetime import datetime
from pathlib import Path

GOALS = {"codex_home": ("win_ping", 1.25), "codex_home with 20 homes": ("codex_home", 1.5)}
"""By the task: what it is compared with, and how many times as long it may take."""


def home(number: int) -> dict[str, t.Any]:
    """The options of one home, in a folder of its own."""
    return {
        "codex_home": "{{ folder }}" + str(number),
        "auth": {"api_key": "fleet-bench-key"},
        "config": {"preferred_auth_method": "apikey", "settings": {"model": "gpt-5"}},
    }


def play(inventory: Path, rounds: int, scratch: str) -> list[dict[str, t.Any]]:
    """Sets the homes up, and then runs each task as often as there are rounds, one after the other."""
    one, twenty = [home(0)], [home(number) for number in range(20)]
    tasks = [{"name": "set up", "fleet.codex.codex_home": {"homes": twenty}}]
    for _round in range(rounds):
        tasks.append({"name": "win_ping", "ansible.windows.win_ping": {}})
        tasks.append({"name": "codex_home", "fleet.codex.codex_home": {"homes": one}})
        tasks.append({"name": "codex_home with 20 homes", "fleet.codex.codex_home": {"homes": twenty}})
    folder = "{{ 'C:\\fleet-bench-' if 'wine' in inventory_hostname else '" + scratch + "/home-' }}"
    variables = {"folder": folder}
    # One host after the other, so that they are not in each other's way.
    return [{"hosts": "windows", "serial": 1, "gather_facts": False, "vars": variables, "tasks": tasks}]


def seconds(task: dict[str, t.Any]) -> float:
    """How long a task took."""
    begin, end = (datetime.fromisoformat(task["duration"][name]) for name in ("start", "end"))
    return (end - begin).total_seconds()


def main(program: str, inventory: str, rounds: str) -> int:
    """Prints the medians and how they compare."""
    with tempfile.TemporaryDirectory(prefix="fleet-codex-bench.", dir="/var/tmp") as scratch:
        Path(scratch, "play.json").write_text(json.dumps(play(Path(inventory), int(rounds), scratch)), encoding="utf-8")
        settings = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
        done = subprocess.run(
            [program, "--inventory", inventory, f"{scratch}/play.json"],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(done.stdout, done.stderr)
        return 1
    document = json.loads(done.stdout[done.stdout.index("{\n") :])
    took: dict[str, dict[str, list[float]]] = {}
    for part in document["plays"]:
        for task in part["tasks"]:
            for host in task["hosts"]:
                took.setdefault(host, {}).setdefault(task["task"]["name"], []).append(seconds(task["task"]))
    for host, tasks in took.items():
        medians = {name: statistics.median(times) for name, times in tasks.items() if name != "set up"}
        print(f"{host}, {rounds} rounds")
        for name, median in medians.items():
            line = f"  {name:<26} {median:6.2f} s"
            if name in GOALS:
                other, goal = GOALS[name]
                line += f"   {median / medians[other]:.2f} of {other} (goal: {goal})"
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
