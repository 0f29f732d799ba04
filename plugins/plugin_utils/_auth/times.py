# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as auth.json writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction


def parse_time(text: str | None) -> Fraction | None:
    """Seconds since 1970 of an RFC 3339 time with up to 100 fraction digits; None for anything else."""
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,100}))?([Zz]|[+-]\d\d:\d\d)", text or "", re.ASCII
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
