# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Which lines of a config.toml an edit may touch, found without looking at how it edits."""

from __future__ import annotations

import re
import typing as t

BOM = b"\xef\xbb\xbf"


def lines_of(content: bytes) -> list[bytes]:
    """The lines with their ends, which are LF or CRLF; the last one may have none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", content)


def text_of(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def added_lines(old: bytes, new: bytes, removed: t.Sequence[str], changed: t.Mapping[str, str]) -> list[str]:
    """The lines of ``new`` that are not in ``old``, after a proof that nothing else was touched.

    Each block of lines in ``removed`` has to be gone, with or without the blank lines beside it; the first
    line that is a key of ``changed`` has to be the value of it, with the end it had. All others have to be there as
    they were, in their order, byte for byte, and so has a byte order mark.
    """
    assert old.startswith(BOM) == new.startswith(BOM)
    before, after = lines_of(old.removeprefix(BOM)), lines_of(new.removeprefix(BOM))
    gone: set[int] = set()
    for block in removed:
        gone |= _place(before, block.encode().split(b"\n"))
    optional = _blank_lines_beside(before, gone)
    expected = list(before)
    for text, other in changed.items():
        number = [text_of(line) for line in before].index(text.encode())
        expected[number] = expected[number].replace(text.encode(), other.encode())
    if expected and expected[-1] == text_of(expected[-1]):
        expected[-1] += _line_end(after, expected[-1])
    added, rest = [], iter(after)
    for number, line in enumerate(expected):
        if number in gone | optional:
            continue
        for found in rest:
            if found == line:
                break
            added.append(text_of(found).decode())
        else:
            raise AssertionError(f"line {number + 1} is not where it was: {line!r}\n{new.decode()}")
    return added + [text_of(line).decode() for line in rest]


def _place(lines: t.Sequence[bytes], block: t.Sequence[bytes]) -> set[int]:
    """The numbers of the lines that are the block, which is there once."""
    texts = [text_of(line) for line in lines]
    starts = [n for n in range(len(texts)) if texts[n : n + len(block)] == block]
    assert len(starts) == 1, f"{len(starts)} times in the file: {block}"
    return set(range(starts[0], starts[0] + len(block)))


def _blank_lines_beside(lines: t.Sequence[bytes], gone: set[int]) -> set[int]:
    found: set[int] = set()
    for number in gone:
        for step in (-1, 1):
            other = number + step
            while 0 <= other < len(lines) and (other in gone or not lines[other].strip()):
                found.add(other)
                other += step
    return found - gone


def _line_end(lines: t.Sequence[bytes], text: bytes) -> bytes:
    """What ends a line that had no end, now that lines may follow."""
    return next((line.removeprefix(text) for line in reversed(lines) if text_of(line) == text), b"")
