# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `codex login` prints: where to sign in, and why it failed. Measured on 0.20.0 to 0.171.0."""

from __future__ import annotations

import re
import typing as t
import urllib.parse
from dataclasses import dataclass

COLOURS: t.Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
PORTS: t.Final = (1455, 1457)
"""Where `codex login` listens; 0.139 and later take the second where the first is busy (measured)."""

# Where somebody may be sent to sign in, to the letter: what calls itself `codex` on a host may print any address, and a
# browser reads one in ways of its own, such as a backslash as a slash.
PAGE: t.Final = re.compile(r"https://auth\.openai\.com/oauth/authorize\?[A-Za-z0-9%&=+._~:/?@!$'()*,;-]+")
BACK: t.Final = re.compile(r"http://(?:localhost|127\.0\.0\.1):(" + "|".join(map(str, PORTS)) + r")/auth/callback")
DEVICE_PAGE: t.Final = "https://auth.openai.com/codex/device"
CODE: t.Final = re.compile(r"[A-Z0-9]{3,12}(?:-[A-Z0-9]{3,12}){1,3}|[A-Z0-9]{6,12}")

OUTPUT_LIMIT: t.Final = 64 * 1024
"""Characters that are looked at of what a host says that `codex` printed; it prints some 1000."""

ADDRESS_LIMIT: t.Final = 4096
"""Characters of an address that is shown; Codex prints some 500."""

COMPLAINT_LIMIT: t.Final = 300
LONG_WORD: t.Final = re.compile(r"[A-Za-z0-9+_=-]{24,}(?:\.[A-Za-z0-9+_=-]+)*|\bsk-\S+|\beyJ\S+|\brt[-_]\S{8,}")
"""What may be a token, a key or a code."""


@dataclass(frozen=True)
class Prompt:
    """What a person needs to sign in: the address; for a browser the port that it will call, else the code."""

    address: str
    port: int | None = None
    code: str | None = None


def browser_prompt(output: str) -> Prompt | None:
    """The address of the sign-in page and the port that its end is sent to; None as long as it is not printed whole."""
    for word in _whole_lines(output).split():
        port = _port_of(word)
        if port is not None:
            return Prompt(word, port=port)
    return None


def _port_of(word: str) -> int | None:
    """The port of the host's own loopback to which a sign-in page will send the browser; None for any other word."""
    if len(word) > ADDRESS_LIMIT or not PAGE.fullmatch(word):
        return None
    # The order of the parameters differs between versions (measured).
    targets = urllib.parse.parse_qs(urllib.parse.urlsplit(word).query).get("redirect_uri", [])
    back = BACK.fullmatch(targets[0]) if len(targets) == 1 else None
    return int(back[1]) if back else None


def device_prompt(output: str) -> Prompt | None:
    """The page and the code to enter there; None as long as they are not printed whole."""
    lines = iter(_whole_lines(COLOURS.sub("", output)).split("\n"))
    if not any(DEVICE_PAGE in line.split() for line in lines):
        return None
    code = next((found[0] for line in lines if (found := CODE.fullmatch(line.strip(" \t")))), None)
    return Prompt(DEVICE_PAGE, code=code) if code else None


def _whole_lines(output: str) -> str:
    """The lines that were printed to their end."""
    return output.replace("\r", "")[: output.replace("\r", "").rfind("\n") + 1]


def complaint(output: str) -> str:
    """What `codex login` says at its end, in one line, without anything that may be a secret; "" for nothing.

    Of several lines the one that begins as its errors do, else the last.
    """
    lines = [line.strip() for line in COLOURS.sub("", output).splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(Error|ERROR)\b", line)]
    said = (errors or lines or [""])[-1]
    prompt = device_prompt(output)
    if prompt and prompt.code:
        said = said.replace(prompt.code, "(hidden)")
    return LONG_WORD.sub("(hidden)", said)[:COMPLAINT_LIMIT]
