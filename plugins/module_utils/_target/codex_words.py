# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a `codex` says of a configuration that it cannot load.

Runs on the target, and on the controller for hosts without Python.
"""

import re

WORDS_LIMIT = 1000  # characters of what a `codex` says of a configuration


def words_of(text):
    """What a `codex` says of a configuration that it cannot load, without anything that the file holds; else None.

    Up to 0.171 (measured) it says so in one way, quotes lines of the file, and values: texts as Rust writes them. A
    provider may be in another file.
    """
    begin = text.lower().find("error loading config")
    if begin < 0 or re.search(r"model provider .* not found", text, re.I):
        return None
    lines = [line.strip() for line in text[begin:].splitlines() if not re.match(r" *\d* *\|", line)]
    words = " ".join(line for line in lines if line)
    words = re.sub(r'"(?:\\.|[^"\\])*"?', '"(hidden)"', words)
    words = re.sub(r"(integer|floating point|boolean|character|variant|string) `[^`]*`?", r"\1 (hidden)", words)
    return words[:WORDS_LIMIT]
