# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""CPU per host of the cases in cases.yml, side by side, and whether the goals are met: bench.py [ROUNDS].

Every round runs one play for each case, which repeats the case's tasks, and one play without tasks. The cost of the
tasks is the cost of their play minus that of the empty one, divided by the repetitions and the hosts. So no figure
includes the start of Ansible. Figures are medians of the rounds.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import typing as t

import meter
import yaml

HERE = pathlib.Path(__file__).parent
HOSTS = 10  # of each group
PING, HOME, MANY = "ansible.builtin.ping", "codex_home, unchanged", "codex_home, 20 users unchanged"
ROLE, BY_HAND = "the role, unchanged", "eight tasks by hand, unchanged"
RAW, INFO = "raw true, without Python", "codex_info, without Python"
HOME_WITHOUT = "codex_home, unchanged, without Python"

GOALS = (
    (HOME, PING, 0.42),
    (ROLE, PING, 0.6),
    (ROLE, BY_HAND, 0.1),
    (MANY, HOME, 1.3),
    (INFO, RAW, 1.5),
    (HOME_WITHOUT, HOME, 1.0),
)
"""A case, another one, and the largest share of the other's cost that the case may have."""


class Case(t.TypedDict):
    """An entry of cases.yml."""

    name: str
    repeat: int
    tasks: list[dict[str, t.Any]]
    hosts: t.NotRequired[str]
    users: t.NotRequired[int]
    changes: t.NotRequired[bool]


def spread(task: dict[str, t.Any], users: int) -> dict[str, t.Any]:
    """The task with its one home repeated for the users user-01, user-02 and so on."""
    (home,) = task["fleet.codex.codex_home"]["homes"]
    homes = [home | {"user": f"user-{n:02}"} for n in range(1, users + 1)]
    return task | {"fleet.codex.codex_home": {"homes": homes}}


def play(case: Case | None, turns: t.Iterator[int]) -> str:
    """A play with the case's tasks; for None, a play without tasks."""
    tasks = []
    for _repetition in range(case["repeat"] if case else 0):
        turn = next(turns)
        for task in case["tasks"] if case else ():
            if case and case.get("users"):
                task = spread(task, case["users"])
            tasks.append(task | {"vars": {**task.get("vars", {}), "turn": turn}})
    hosts = case.get("hosts", "with_python") if case else "with_python"
    return json.dumps([{"name": "Measure", "hosts": hosts, "gather_facts": False, "tasks": tasks}])


def run(case: Case | None, turns: t.Iterator[int], environment: dict[str, str], first: bool = False) -> meter.Clock:
    """The CPU time of one play. Ends the benchmark if a host did not do what the case says."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(play(case, turns))
        file.flush()
        clock, said = meter.measure(["ansible-playbook", file.name], environment)
    recap = re.findall(r"^bench-\S+ .*\bchanged=(\d+) +unreachable=0 +failed=0\b", said, re.MULTILINE)
    changed = case["repeat"] if case and case.get("changes") else 0
    if case and (len(recap) != HOSTS or (not first and set(recap) != {str(changed)})):
        sys.exit(f"{said}\nbenchmark: {case['name']} did not do what it should")
    return clock


def median(clocks: t.Sequence[meter.Clock]) -> meter.Clock:
    """The median of each part."""
    return {part: statistics.median(clock[part] for clock in clocks) for part in meter.PARTS}


def main() -> None:
    """Runs all cases, and prints the table and the goals."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
        "ANSIBLE_INVENTORY": str(HERE / "inventory.yml"),
    }
    cases: list[Case] = yaml.safe_load((HERE / "cases.yml").read_text())
    turns = itertools.count(1)
    print(f"Clocks: {meter.check('bench-01', environment)}.", flush=True)

    for case in cases:  # until nothing changes on the hosts any more
        run(case, turns, environment, first=True)
    costs: dict[str, list[meter.Clock]] = {case["name"]: [] for case in cases}
    for number in range(rounds):
        print(f"Round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        empty = run(None, turns, environment)
        for case in cases:
            clock = run(case, turns, environment)
            share = case["repeat"] * HOSTS
            costs[case["name"]].append({part: (clock[part] - empty[part]) / share for part in meter.PARTS})

    medians = {name: median(clocks) for name, clocks in costs.items()}
    totals = {name: statistics.median(sum(clock.values()) for clock in clocks) for name, clocks in costs.items()}
    print(f"\nCPU in milliseconds per host, median of {rounds} rounds, {HOSTS} hosts over docker, pipelining on:\n")
    print(f"{'':45} {'all':>6} {'of ping':>8} {'controller':>11} {'engine':>7} {'target':>7} {'lowest-highest':>15}")
    for name, parts in medians.items():
        sums = [sum(clock.values()) for clock in costs[name]]
        print(
            f"{name:45} {totals[name]:6.0f} {totals[name] / totals[PING]:8.2f} {parts['controller']:11.0f} "
            f"{parts['engine']:7.0f} {parts['targets']:7.0f} {f'{min(sums):.0f}-{max(sums):.0f}':>15}"
        )
    print()
    for name, other, limit in GOALS:
        ratio = totals[name] / totals[other]
        print(f"{'met   ' if ratio <= limit else 'MISSED'}  {name}: {ratio:.2f} of {other} (goal: at most {limit})")


if __name__ == "__main__":
    main()
