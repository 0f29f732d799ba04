# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run as data: what the file with it and the task's result hold."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row


def _account(row: Row) -> dict[str, t.Any]:
    """A row as data."""
    return {
        "host": row.host,
        "user": row.user,
        "codex_home": row.codex_home,
        "codex_version": row.codex_version,
        "state": row.state,
        "login": row.login,
        "attention": row.attention,
    }


def report_text(rows: t.Iterable[Row], title: str, now: datetime, check_mode: bool) -> str:
    """The report as JSON. now: in UTC."""
    document = {
        "title": title,
        "made_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "check_mode": check_mode,
        "accounts": [_account(row) for row in rows],
    }
    return json.dumps(document, indent=2) + "\n"
