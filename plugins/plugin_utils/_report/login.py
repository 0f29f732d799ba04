# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What results show of a login and of who still uses another one: never a secret."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import KEYS
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import can_renew, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, Process


def login_report(summary: AuthSummary | None, now: datetime) -> dict[str, t.Any]:
    """The login of an auth.json, as results have it under ``login``; summary None: there is no file."""
    method = method_of(summary) if summary else "none"
    report: dict[str, t.Any] = {"method": method}
    if summary is None or method == "unreadable":
        return report
    secrets = summary["secrets"]
    is_renewable = can_renew(summary)
    names = ["refresh_token" if is_renewable else "access_token", *KEYS]
    credential = next((secrets[name] for name in names if name in secrets), None)
    if credential:
        report["fingerprint"] = credential[:16]
    if method in ("chatgpt", "mixed"):
        claims = summary["claims"].get("id_token", {})
        expires = summary["claims"].get("access_token", {}).get("exp")
        report["account_id"] = claims.get("chatgpt_account_id") or summary["account_id"]
        report["email"] = claims.get("email")
        report["plan"] = claims.get("chatgpt_plan_type")
        report["last_refresh"] = summary["last_refresh"]
        report["expires_at"] = _iso(expires)
        report["expired"] = expires <= now.timestamp() if isinstance(expires, (int, float)) else None
        report["renewable"] = is_renewable
    return report


def _iso(seconds: object) -> str | None:
    """A time (seconds since 1970) in ISO 8601; None for what is not one."""
    try:
        return datetime.fromtimestamp(t.cast(float, seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def restart_report(user: str, part: str, processes: t.Iterable[Process]) -> dict[str, t.Any]:
    """What results say of running programs, which keep the login or the variables that they started with.

    part: of the home that was changed.
    """
    running = sorted(processes, key=lambda process: process["pid"])
    if not running:
        return {"restart_required": False}
    names = ", ".join(f"{process['name']} ({process['pid']})" for process in running)
    what = "variables" if part == "environment" else "login"
    reason = f"These programs of {user} are running and keep the {what} that they started with: {names}."
    return {"restart_required": True, "restart_reason": reason, "processes": running}
