# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""`make demo` and `make demo-docker`, as a newcomer runs them."""

from __future__ import annotations

import re
import subprocess

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

SAID = "API key configured - fleet-de***-0004"


def demo(name: str) -> str:
    """What a demo showed; it must fit into a terminal of 80 columns."""
    done = subprocess.run(["sh", str(CHECKOUT / "tests" / "demo" / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    assert not re.search(r"fleet-demo-key-000\d", done.stdout.partition("Look first")[2] + done.stderr)
    return done.stdout


def test_three_folders_are_logged_in() -> None:
    shown = demo("run.sh")
    headings = [line.partition(":")[0] for line in re.findall(r"^\S.*$", shown, re.M)]
    assert headings[2:4] == ["Look first, change nothing", "First run"]
    looked, first, second = re.findall(r"PLAY RECAP\n(.*?)\n\n", shown, re.DOTALL)
    assert (looked.count("changed=1"), first.count("changed=1"), second.count("changed=0")) == (3, 3, 3)
    assert "+OPENAI_API_KEY: ********\n" in shown
    assert "All is as declared, and the second run changed nothing." in shown
    next_steps = shown.partition("\nNext\n")[2].splitlines()
    assert len(next_steps) == 3
    for line in next_steps:
        place = line.split("  ")[-1].strip()
        assert place == "make demo-docker" or (CHECKOUT / place).is_file()


def test_two_containers_are_logged_in_by_one_task(docker: None) -> None:
    shown = demo("docker.sh")
    assert f"  with-python\n    {SAID}\n" in shown
    assert f"  without-python\n    {SAID}\n" in shown
    first, second = shown.split("Second run")
    assert first.count("changed=1 ") == second.count("changed=0 ") == 2
