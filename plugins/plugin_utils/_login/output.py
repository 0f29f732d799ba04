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

DOMAINS: t.Final = ("openai.com", "chatgpt.com")
"""Where somebody may be sent to sign in: what calls itself `codex` on a host may print any address."""

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
    if not re.match(r"https://[!-~]+$", word) or len(word) > ADDRESS_LIMIT:
        return None
    try:
        # The order of the parameters differs between versions (measured).
        page = urllib.parse.urlsplit(word)
        query = urllib.parse.parse_qs(page.query)
        back = urllib.parse.urlsplit(query.get("redirect_uri", [""])[-1])
        is_own = back.scheme == "http" and back.hostname in ("localhost", "127.0.0.1")
        return back.port if is_own and back.port in PORTS and _is_of_openai(page) else None
    except ValueError:
        return None


def _is_of_openai(page: urllib.parse.SplitResult) -> bool:
    host = page.hostname or ""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def device_prompt(output: str) -> Prompt | None:
    """The page and the code to enter there; None as long as they are not printed whole."""
    text = _whole_lines(COLOURS.sub("", output))
    page = re.search(r"https://[a-z0-9.-]+/codex/device\b[!-~]*", text)
    if not page or len(page[0]) > ADDRESS_LIMIT or not _is_of_openai(urllib.parse.urlsplit(page[0])):
        return None
    code = re.search(r"^\s*([A-Z0-9]{3,12}(?:-[A-Z0-9]{3,12}){1,3}|[A-Z0-9]{6,12})\s*$", text[page.end() :], re.M)
    return Prompt(page[0], code=code[1]) if code else None


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
    return LONG_WORD.sub("(hidden)", said)[:COMPLAINT_LIMIT]
