# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""CPU time of planning one home with a config.toml of 20 KB, and whether the goals are met.

Ansible forks a process for each host and task, and plans in it. So does this: each figure comes from forked children
in which nothing was parsed before, and includes the imports that a plan needs.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import config_file, describe, desired

importlib.import_module("tomli")  # Ansible's main process imports it, too, before it forks

ROUNDS = 31
GOALS = {"unchanged": 10, "with two changes": 20}
"""Milliseconds."""

SETTINGS: dict[str, dict[str, t.Any]] = {
    "unchanged": {"model": "gpt-5", "projects": {"/srv/app-7": {"trust_level": "trusted"}}},
    "with two changes": {"model": "gpt-6", "projects": {"/srv/new": {"trust_level": "trusted"}}},
}

PROJECT = """
[projects."/srv/app-{n}"]
trust_level = "trusted"  # looked through, number {n}
"""
SERVER = """
# The server number {n}, which a person wrote down here.
[mcp_servers.server-{n}]
command = "server"
args = ["--port", "{n}", "--read-only"]
startup_timeout_sec = 20
env = {{ LOG = "warn", REGION = "north" }}
"""


def config() -> bytes:
    """A config.toml that people have written over time: comments, many projects and servers."""
    head = '# My Codex.\nmodel = "gpt-5"\napproval_policy = "on-request"\n'
    parts = [head, *(PROJECT.format(n=n) for n in range(100)), *(SERVER.format(n=n) for n in range(64))]
    return "".join(parts).encode()


def answer(text: bytes) -> HomeAnswer:
    """What describe reports of a home with that config.toml and no auth.json."""
    return describe(desired(), config=config_file(text))


def plan_once(settings: dict[str, t.Any], described: HomeAnswer) -> tuple[float, int, bool]:
    """The milliseconds of CPU, the number of operations and whether the editor was imported, of a forked child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            begun = time.process_time()
            (plan,) = plan_homes([desired(config={"settings": settings})], [described], datetime.now(UTC))
            spent = (time.process_time() - begun) * 1000
            os.write(writer, json.dumps([spent, len(plan.changes), "tomledit" in sys.modules]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        spent, operations, edited = json.load(pipe)
    os.waitpid(child, 0)
    return spent, operations, edited


def main() -> None:
    """Prints a line for each case."""
    sys.dont_write_bytecode = False  # or each child would compile what it imports
    text = config()
    described = answer(text)
    print(f"Planning a config.toml of {len(text) / 1000:.1f} KB, CPU in milliseconds, median of {ROUNDS}:\n")
    for name, settings in SETTINGS.items():
        samples = [plan_once(settings, described) for number in range(ROUNDS)]
        changes = name != "unchanged"
        if any(bool(operations) != changes or edited != changes for spent, operations, edited in samples):
            sys.exit(f"benchmark: planning {name} did not do what it should")
        spent = statistics.median(sample[0] for sample in samples)
        editor = "editor used" if changes else "editor not imported"
        verdict = "met   " if spent <= GOALS[name] else "MISSED"
        print(f"{verdict}  {name}: {spent:.1f} (goal: at most {GOALS[name]}; {editor})")


if __name__ == "__main__":
    main()
