# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""`make demo-docker`, as a newcomer runs it."""

from __future__ import annotations

import subprocess

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

SAID = "API key configured - fleet-de***-0004"


def test_two_containers_are_logged_in_by_one_task(docker: None) -> None:
    done = subprocess.run(
        ["sh", str(CHECKOUT / "tests" / "demo" / "docker.sh")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"  with-python\n    {SAID}\n" in done.stdout
    assert f"  without-python\n    {SAID}\n" in done.stdout
    assert "fleet-demo-key-0004" not in done.stdout + done.stderr
    first, second = done.stdout.split("Second run")
    assert first.count("changed=1 ") == second.count("changed=0 ") == 2
