"""Lets tests import ansible_collections.fleet.codex, and leaves out those that only repeat what others show."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


def find_collections() -> Path | None:
    """The folder in which there is ansible_collections/fleet/codex; None without one.

    One that Python or Ansible knows already, as under ansible-test, or that this checkout is in, or .venv/collections.
    """
    known = [*sys.path, *os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)]
    for folder in [*filter(None, known), CHECKOUT / "../../..", CHECKOUT / ".venv" / "collections"]:
        if Path(folder, "ansible_collections", "fleet", "codex", "plugins").is_dir():
            return Path(os.path.abspath(folder))
    return None


COLLECTIONS = find_collections()
if COLLECTIONS is None:
    raise SystemExit(  # which pytest passes on as it is
        f"{CHECKOUT} cannot be imported as the collection fleet.codex: run tests/environment/collections.sh, which "
        "makes .venv/collections lead to it."
    )

# For Ansible's collection loader, here and in every ansible-playbook that a test starts.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
sys.path.insert(0, str(COLLECTIONS))

# Ansible's loader refuses collections that Python imported before it came, so it comes first.
try:
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig
except ImportError:
    pass
else:
    if AnsibleCollectionConfig.collection_finder is None:  # ansible-test has one
        init_plugin_loader()

# ------------------------------------------------------------------------------------------- tests that repeat others

ALL = os.environ.get("FLEET_CODEX_MATRIX") == "all"  # as `make clients` sets it
LEFT_OUT = pytest.StashKey[int]()


def pytest_report_header() -> str:
    how = "they run" if ALL else "left out; `make clients` runs them, and so does FLEET_CODEX_MATRIX=all pytest …"
    return f"tests that repeat others: {how}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked with `repeats`."""
    repeats = [] if ALL else [item for item in items if item.get_closest_marker("repeats")]
    config.stash[LEFT_OUT] = len(repeats)
    if repeats:
        config.hook.pytest_deselected(items=repeats)
        items[:] = [item for item in items if not item.get_closest_marker("repeats")]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of pytest-xdist tells the main process, which collects no tests, how many there are."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    count = terminalreporter.config.stash.get(LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(f"{count} tests that repeat others were left out; `make clients` runs them.")
