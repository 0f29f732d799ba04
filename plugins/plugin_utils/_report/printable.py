# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a terminal or a log gets to see of a result: no character that controls it.

Ansible prints warnings and diffs as they are, and of results it escapes what JSON or YAML has to: as JSON none beyond
ASCII, as YAML none that turns the direction of text (measured on 2.19).
"""

from __future__ import annotations

import re
import typing as t

CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends, signs that turn the direction of text, and halves of surrogate pairs."""

DIFF_TEXTS = ("before", "after")
"""The keys of a diff that hold texts of several lines."""


def printable_result(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """A task's result with escapes such as \\x1b in place of `CONTROL`. Diffs keep their line ends and tabs."""
    return {key: [_diff(diff) for diff in value] if key == "diff" else _escaped(value) for key, value in result.items()}


def printable(text: str, kept: str = "") -> str:
    """A text with escapes in place of `CONTROL`, but for the characters in ``kept``."""
    return CONTROL.sub(lambda found: found[0] if found[0] in kept else _escape(ord(found[0])), text)


def _diff(diff: dict[str, str]) -> dict[str, str]:
    return {key: printable(text, "\n\t" if key in DIFF_TEXTS else "") for key, text in diff.items()}


def _escaped(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_escaped(key): _escaped(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(inner) for inner in value]
    return value


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
