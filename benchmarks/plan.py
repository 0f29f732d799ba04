# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""CPU of planning one home with a config.toml of 20 KB, and the goals held against it.

Ansible plans in a process that it forks off for each host and task. So does this: each figure comes from
forked children in which nothing was parsed before, and the imports of what a plan needs are in it.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import HOST_QUERIES
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils.environment import VALUES_QUERY
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import VARIABLES_QUERY
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer

ROUNDS = 31
GOALS = {"unchanged": 10, "with two changes": 20}
"""Milliseconds."""

SETTINGS: dict[str, dict[str, t.Any]] = {
    "unchanged": {"model": "gpt-5", "projects": {"/srv/app-7": {"trust_level": "trusted"}}},
    "with two changes": {"model": "gpt-6", "projects": {"/srv/new": {"trust_level": "trusted"}}},
}

VARIABLES = (VALUES_QUERY, VARIABLES_QUERY)

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
    """A config.toml as it grows by hand: comments, many projects and servers."""
    head = '# My Codex.\nmodel = "gpt-5"\napproval_policy = "on-request"\n'
    parts = [head, *(PROJECT.format(n=n) for n in range(100)), *(SERVER.format(n=n) for n in range(64))]
    return "".join(parts).encode()


def answer(text: bytes) -> HomeAnswer:
    """What describe says of a home with that config.toml and no auth.json."""
    home = "/home/alice"
    path = f"{home}/.codex/config.toml"
    files: dict[str, FileFacts] = {
        "auth": {"path": f"{home}/.codex/auth.json", "kind": "absent"},
        "config": {"path": path, "kind": "file", "mode": 0o600, "content": base64.b64encode(text).decode()},
        **{query["name"]: {"path": query["path"], "kind": "absent"} for query in (*HOST_QUERIES, *VARIABLES)},
    }
    return {
        "account": {"name": "alice", "uid": 1000, "gid": 1000, "home": home, "shell": "/bin/bash"},
        "codex_home": f"{home}/.codex",
        "real_home": f"{home}/.codex",
        "folder": {"path": f"{home}/.codex", "kind": "directory", "mode": 0o700},
        "files": files,
        "leftovers": [],
        "profiles": [],
        "root": True,
        "unsaved_logins": [],
    }


def plan_once(settings: dict[str, t.Any], found: HomeAnswer) -> tuple[float, int, bool]:
    """In a forked child: milliseconds of CPU, operations planned, and whether the editor was imported."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            begun = time.process_time()
            desired = desired_home({"user": "alice", "config": {"settings": settings}}, lambda name: b"")
            (plan,) = plan_homes([desired], [found], datetime.now(UTC))
            spent = (time.process_time() - begun) * 1000
            os.write(writer, json.dumps([spent, len(plan.operations), "tomledit" in sys.modules]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        spent, operations, edited = json.load(pipe)
    os.waitpid(child, 0)
    return spent, operations, edited


def main() -> None:
    """Prints a line per case."""
    sys.dont_write_bytecode = False  # or each child would compile what it imports
    text = config()
    found = answer(text)
    print(f"Planning a config.toml of {len(text) / 1000:.1f} KB, CPU in milliseconds, median of {ROUNDS}:\n")
    for name, settings in SETTINGS.items():
        samples = [plan_once(settings, found) for number in range(ROUNDS)]
        changes = name != "unchanged"
        if any(bool(operations) != changes or edited != changes for spent, operations, edited in samples):
            sys.exit(f"benchmark: planning {name} did not do what it should")
        spent = statistics.median(sample[0] for sample in samples)
        editor = "editor used" if changes else "editor not imported"
        verdict = "met   " if spent <= GOALS[name] else "MISSED"
        print(f"{verdict}  {name}: {spent:.1f} (goal: at most {GOALS[name]}; {editor})")


if __name__ == "__main__":
    main()
