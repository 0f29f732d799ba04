# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be read out of ChatGPT tokens and times without knowing any key."""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t
from datetime import UTC, datetime
from fractions import Fraction


def is_jwt(token: str) -> bool:
    """Whether Codex takes it for an id token: three parts, the middle one a JSON object."""
    return token.count(".") == 2 and isinstance(_payload(token), dict)


def _payload(token: str) -> object:
    try:
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError, binascii.Error, RecursionError):
        return None


def read_claims(token: str) -> dict[str, t.Any]:
    """The claims that tell accounts and ages apart, under the same names as in a target's summary."""
    claims = _payload(token)
    if not isinstance(claims, dict):
        return {}
    found = {name: claims[name] for name in ("email", "sub", "iat", "exp") if name in claims}
    auth = claims.get("https://api.openai.com/auth")
    names = ("chatgpt_account_id", "chatgpt_plan_type", "chatgpt_user_id")
    return found | {name: auth[name] for name in names if isinstance(auth, dict) and name in auth}


def parse_time(text: str | None) -> Fraction | None:
    """Seconds since 1970 of an RFC 3339 time with any number of fraction digits; None if it is none."""
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", text or "", re.ASCII
    )
    if not match:
        return None
    day, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    except ValueError:
        return None
    return Fraction(seconds) + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)
