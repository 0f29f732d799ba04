# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What describe reports of a file's bytes. Runs on the target, and on the controller for hosts without Python."""

import binascii
from itertools import islice

from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest

# What is reported of a file that may be as large and as odd as its owner likes:
VARIABLE_LIMIT = 1000  # variables
LINES_LIMIT = 20  # lines with the marker
LINE_LIMIT = 5000  # bytes of one


def describe_content(data, details):
    """The details of a file's bytes, but for those of an auth.json."""
    if details == "content":
        return {"content": binascii.b2a_base64(data, newline=False).decode("ascii")}
    if details == "variables":
        return {"variables": dict(islice(variables(data.decode("utf-8", "replace")), VARIABLE_LIMIT))}
    if details:
        marker = details["lines"].encode("utf-8")
        lines = (line for line in data.split(b"\n") if line.rstrip().endswith(marker))
        return {"lines": [line[:LINE_LIMIT].decode("utf-8", "replace") for line in islice(lines, LINES_LIMIT)]}
    return {}


def variables(text):
    """(name, digest of the value) of lines NAME=value, with `export` before it or not, whose value is not empty."""
    for line in text.split("\n"):
        name, _equals, value = line.partition("=")
        words = [word for word in name.replace("\t", " ").split(" ") if word]
        if name[-1:] in (" ", "\t") or words[:-1] not in ([], ["export"]):
            continue
        bare = value[1:] if value[:1] in ("'", '"') else value
        if words and words[-1].replace("_", "x").isalnum() and bare[:1].strip("'\"").strip():
            yield words[-1][:LINE_LIMIT], digest(value.encode("utf-8"))
