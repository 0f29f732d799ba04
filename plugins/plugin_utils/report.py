# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What results, diffs and codex_info show of a login and of a configuration: never a secret."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import KEYS
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import can_renew, describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, Process
from ansible_collections.fleet.codex.plugins.plugin_utils.redaction import NO_MARKS, Marks, is_sensitive, values
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import Change
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import ValuePath, dotted

HIDDEN = "********"
EMPTY_FILE = hashlib.sha256(b"").hexdigest()


class Diff(t.TypedDict):
    """One file of Ansible's ``--diff``."""

    before_header: str
    after_header: str
    before: str
    after: str


def auth_report(summary: AuthSummary | None, now: datetime) -> dict[str, t.Any]:
    """The login of an auth.json as codex_info returns it; ``summary`` None: there is no file."""
    if summary is None:
        return {"mode": "none"}
    method = method_of(summary)
    if method == "unreadable":
        return {"mode": "unreadable"}
    report: dict[str, t.Any] = {"mode": method}
    secrets = summary["secrets"]
    renewable = can_renew(summary)
    names = ["refresh_token" if renewable else "access_token", *KEYS]
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
        report["renewable"] = renewable
    return report


def is_empty(file: FileFacts) -> bool:
    """Whether a file has no byte: made for Docker to mount, or what ``state: absent`` leaves of a mounted one."""
    return file.get("sha256") == EMPTY_FILE


def content_of(file: FileFacts) -> bytes:
    """The bytes of a file that describe was asked to report; none of one that could not be read."""
    return base64.b64decode(file.get("content", ""))


def restart_report(user: str, processes: t.Iterable[Process]) -> dict[str, t.Any]:
    """What results say of programs that keep the login that they started with."""
    running = sorted(processes, key=lambda process: process["pid"])
    if not running:
        return {"restart_required": False}
    names = ", ".join(f"{process['name']} ({process['pid']})" for process in running)
    reason = f"These programs of {user} run, and keep the login that they started with: {names}."
    return {"restart_required": True, "restart_reason": reason, "processes": running}


def _iso(seconds: object) -> str | None:
    try:
        return datetime.fromtimestamp(t.cast(float, seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def auth_lines(summary: AuthSummary | None, other: AuthSummary | None = None) -> str:
    """An auth.json for a diff. Secrets that differ from ``other``'s are marked, and never shown."""
    if summary is None:
        return ""
    if summary.get("malformed"):
        return "(not readable as an auth.json)\n"
    lines = [f"auth_mode: {summary['auth_mode'] or '(not set)'}"]
    if "refresh_token" in summary["secrets"]:
        lines.append(f"account: {describe_account(summary)}")
        lines.append(f"last_refresh: {summary['last_refresh'] or '(not set)'}")
    known = (other or {}).get("secrets", {})
    for name, value in sorted(summary["secrets"].items()):
        lines.append(f"{name}: {HIDDEN}{' - changed' if other and known.get(name) != value else ''}")
    return "".join(f"{line}\n" for line in lines)


def auth_diff(path: str, before: AuthSummary | None, after: AuthSummary | None) -> Diff:
    """How an auth.json changes."""
    return file_diff(path, auth_lines(before), auth_lines(after, before))


def file_diff(path: str, before: str, after: str) -> Diff:
    """A diff whose two sides are already free of secrets."""
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def config_diff(path: str, changes: t.Sequence[Change], marks: Marks = NO_MARKS, *, unreadable: bool = False) -> Diff:
    """The keys that an edit of config.toml changes; the rest of the file may hold secrets and is not shown.

    unreadable: the file that is there is no TOML, and a new one takes its place.
    """
    before = (
        "(not readable as TOML)\n"
        if unreadable
        else "".join(_setting(c.path, c.before, "", marks) for c in changes if c.action != "added")
    )
    after = "".join(
        _setting(c.path, c.after, " - changed" if c.action == "changed" else "", marks)
        for c in changes
        if c.action != "removed"
    )
    return file_diff(path, before, after)


def _setting(path: ValuePath, value: t.Any, changed: str, marks: Marks) -> str:
    lines = []
    for keys, item in values(path, value):
        shown = HIDDEN + changed if is_sensitive(keys, item, marks) else _value(item)
        lines.append(f"{dotted(keys)} = {shown}\n")
    return "".join(lines)


def _value(value: t.Any) -> str:
    import tomli_w

    return tomli_w.dumps({"v": value}).removeprefix("v = ").strip() if value != {} else "{}"
