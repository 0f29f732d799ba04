# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``--diff`` shows of a file: never a secret."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import describe_account
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import (
    NO_REDACTION_RULES,
    RedactionRules,
    Vaulted,
    is_sensitive,
    values,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import KeyChange
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import ValuePath, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

HIDDEN = "********"


class Diff(t.TypedDict):
    """One file of Ansible's ``--diff``."""

    before_header: str
    after_header: str
    before: str
    after: str


def file_diff(path: str, before: str, after: str) -> Diff:
    """A diff of two texts that are free of secrets already."""
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def auth_diff(path: str, before: AuthSummary | None, after: AuthSummary | None) -> Diff:
    """How an auth.json changes; None: there is no file."""
    return file_diff(path, auth_lines(before), auth_lines(after, before))


def auth_lines(summary: AuthSummary | None, other: AuthSummary | None = None) -> str:
    """An auth.json as a diff shows it. Secrets are hidden; those that differ from ``other``'s are marked as changed."""
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


def config_diff(
    path: str,
    changes: t.Sequence[KeyChange],
    rules: RedactionRules = NO_REDACTION_RULES,
    *,
    unreadable: bool = False,
) -> Diff:
    """The keys that an edit of a configuration file changes; the rest of the file may hold secrets and is not shown.

    unreadable: the file that is there is not TOML, and a new one replaces it.
    """
    before = (
        "(not readable as TOML)\n"
        if unreadable
        else "".join(_setting(c.path, c.before, "", rules) for c in changes if c.action != "added")
    )
    after = "".join(
        _setting(c.path, c.after, " - changed" if c.action == "changed" else "", rules)
        for c in changes
        if c.action != "removed"
    )
    return file_diff(path, before, after)


def variable_lines(variables: t.Mapping[str, str], secrets: t.Collection[str] = ()) -> str:
    """A user's variables as a diff shows them.

    Values are hidden by the same names as settings, where they were vaulted, and where they are the same as one that is
    hidden, or as one of ``secrets``.
    """
    hidden = {*secrets}
    hidden |= {value for name, value in variables.items() if isinstance(value, Vaulted) or is_sensitive((name,), value)}
    return "".join(f"{name}={HIDDEN if value in hidden else value}\n" for name, value in sorted(variables.items()))


def _setting(path: ValuePath, value: t.Any, changed: str, rules: RedactionRules) -> str:
    lines = []
    for keys, item in values(path, value):
        shown = HIDDEN + changed if is_sensitive(keys, item, rules) else _value(item)
        lines.append(f"{dotted(keys)} = {shown}\n")
    return "".join(lines)


def _value(value: t.Any) -> str:
    import tomli_w

    return tomli_w.dumps({"v": value}).removeprefix("v = ").strip() if value != {} else "{}"
