# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The demo's summary: one line per host, and exit status 1 where something is not as declared."""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

DECLARED = {"build-1": "API key", "dev-1": "ChatGPT", "old-1": "API key"}
ANSWERS = {"API key": "API key configured", "ChatGPT": "Logged in using ChatGPT"}
"""What Codex 0.171 says."""

HEADINGS = ("host", "declared", "codex login status says", "first run", "second run")
NOT_ASKED = "(no codex to ask)"
GREEN, RED, PLAIN = "\033[32m", "\033[31m", "\033[0m"


class Host(t.NamedTuple):
    """A line of the table, and what is wrong with it."""

    cells: tuple[str, str, str, str, str]
    faults: list[str]


def changes(log: str, host: str) -> int | None:
    """How many tasks changed the host, by the recap of ansible-playbook; None where it did not get there."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    found = re.search(rf"^{host} .*\bchanged=(\d+) +unreachable=0 +failed=0\b", plain, re.MULTILINE)
    return int(found[1]) if found else None


def look_at(scratch: pathlib.Path, host: str) -> Host:
    """What the two runs and Codex left behind for a host."""
    first, second = (changes((scratch / f"{run}.log").read_text(), host) for run in ("first", "second"))
    answer = scratch / f"{host}.status"
    said = answer.read_text().partition("\n")[0].partition(" - ")[0] if answer.exists() else NOT_ASKED
    faults = []
    if not first:
        faults.append(f"{host}: the first run changed nothing.")
    if second != 0:
        faults.append(f"{host}: the second run should have changed nothing.")
    if said != NOT_ASKED and not said.startswith(ANSWERS[DECLARED[host]]):
        faults.append(f"{host}: Codex does not see the login that was declared.")
    runs = [{None: "failed", 0: "unchanged"}.get(count, "changed") for count in (first, second)]
    return Host((host, DECLARED[host], said, runs[0], runs[1]), faults)


def lost_comments(before: str, after: str) -> list[str]:
    """The comments of one text that are not in another."""
    kept = re.findall("#.*", after)
    return [comment for comment in re.findall("#.*", before) if comment not in kept]


def main() -> int:
    """Prints the table and the closing line."""
    scratch, colour = pathlib.Path(sys.argv[1]), "--colour" in sys.argv
    good, bad, plain = (GREEN, RED, PLAIN) if colour else ("", "", "")
    hosts = [look_at(scratch, host) for host in DECLARED]

    widths = [max(map(len, column)) for column in zip(HEADINGS, *(host.cells for host in hosts), strict=True)]
    rule = tuple("-" * width for width in widths)
    for cells, ink in ((HEADINGS, ""), (rule, ""), *((host.cells, bad if host.faults else good) for host in hosts)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"  {ink}{line.rstrip()}{plain if ink else ''}")

    faults = [fault for host in hosts for fault in host.faults]
    before = pathlib.Path(__file__).with_name("old-config.toml").read_text()
    comments = lost_comments(before, (scratch / "old-1/.codex/config.toml").read_text())
    faults += [f"old-1: this comment was lost: {comment}" for comment in comments]
    if (scratch / "dev-1/.codex/auth.json").read_bytes() != (scratch / "renewed.auth.json").read_bytes():
        faults.append("dev-1: the renewed tokens should have stayed.")
    print()
    for fault in faults:
        print(f"  {bad}{fault}{plain}")
    if not faults:
        kept = len(re.findall("#.*", before))
        print("  All is as declared, and the second run changed nothing. The tokens that were")
        print(f"  renewed on dev-1 are still there, and so are the {kept} comments in old-1's")
        print("  config.toml.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
