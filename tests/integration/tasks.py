# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Runs of one task, for tests that run the same module in many ways."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run


def run_config(
    playbook: Playbook, host: dict[str, t.Any], *arguments: str, become: bool = False, **options: t.Any
) -> Run:
    """codex_config with these options; ``arguments`` are further ones of ansible-playbook."""
    task = {"name": "config", "fleet.codex.codex_config": options, "become": become}
    return playbook.run({"host": host}, [task], arguments=["--diff", "-vvv", *arguments])
