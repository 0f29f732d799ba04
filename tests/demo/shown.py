# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Prints what a command of Ansible printed so that it fits into 80 columns, and is indented: shown.py FILE PREFIX.

The prefix is removed from its paths.
"""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

INDENT = "  "
WIDTH = 80 - len(INDENT)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def width(text: str) -> int:
    """How many columns a text takes, colours apart."""
    return len(COLOUR.sub("", text))


def pieces(line: str) -> t.Iterator[str]:
    """A line in pieces that fit, broken at spaces; what follows the first one is indented further."""
    room = WIDTH
    while width(line) > room:
        fits = [place.start() for place in re.finditer(" ", line) if 0 < width(line[: place.start()]) <= room]
        if not fits or not line[: fits[-1]].strip():
            break  # one long word
        yield line[: fits[-1]]
        line = "    " + line[fits[-1] :].lstrip()
    yield line


def shown(text: str) -> str:
    """The text as the demo shows it."""
    lines: list[str] = []
    for line in map(str.rstrip, text.splitlines()):
        if "unreachable=" in line:
            line = re.sub(" +", " ", line)  # the recap, whose columns are far apart
        elif re.match(r"[A-Z ]+\[?.* \*{3,}$", line):
            line = line.rstrip("* ")  # a headline
        if line or (lines and lines[-1]):
            lines += pieces(line)
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{INDENT if line else ''}{line}\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(shown(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").replace(sys.argv[2], "")))
