# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the summary of an auth.json says: its kind of login, its account, its age."""

from __future__ import annotations

import math
import typing as t
from fractions import Fraction

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import OTHER_CREDENTIALS
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary
from ansible_collections.fleet.codex.plugins.plugin_utils.tokens import parse_time


def method_of(summary: AuthSummary) -> t.Literal["apikey", "chatgpt", "none", "unreadable", "mixed", "other"]:
    """The kind of login that Codex will see in a file.

    A browser login may put an API key beside its tokens; with auth_mode chatgpt the tokens count. mixed:
    key and tokens without that, or tokens of one account under the id of another, as Codex up to 0.163 can
    leave behind when a login was changed under it. other: a kind this collection does not deploy.
    Source: measured on 0.20 to 0.169.
    """
    if summary.get("malformed") or (summary["last_refresh"] and parse_time(summary["last_refresh"]) is None):
        return "unreadable"
    fields, secrets = summary["fields"], summary["secrets"]
    if summary["auth_mode"] not in (None, "apikey", "chatgpt") or any(name in fields for name in OTHER_CREDENTIALS):
        return "other"
    has_key, has_tokens = "OPENAI_API_KEY" in secrets, "refresh_token" in secrets
    if not has_tokens:
        return "apikey" if has_key else "none"
    claimed = summary["claims"]["id_token"].get("chatgpt_account_id")
    if (has_key and summary["auth_mode"] != "chatgpt") or (claimed and (summary["account_id"] or claimed) != claimed):
        return "mixed"
    return "chatgpt"


def account_of(summary: AuthSummary) -> tuple[str, str]:
    """(account, user) of ChatGPT tokens as their own claims say, "" for what they do not say."""
    claims = summary["claims"].get("id_token", {})
    account = claims.get("chatgpt_account_id") or summary["account_id"] or ""
    return str(account), str(claims.get("chatgpt_user_id") or claims.get("sub") or claims.get("email") or "")


def same_account(one: AuthSummary, other: AuthSummary) -> bool:
    """Whether two ChatGPT logins are of one account; what either does not say is not held against it."""
    return all(a == b or not a or not b for a, b in zip(account_of(one), account_of(other), strict=True))


def describe_account(summary: AuthSummary) -> str:
    """How messages name a ChatGPT account: its id and the mail address's domain."""
    claims = summary["claims"].get("id_token", {})
    account = account_of(summary)[0] or "without an id"
    mail = str(claims.get("email", ""))
    return f"{account} (…@{mail.rpartition('@')[2]})" if "@" in mail else account


def _is_finite(time: object) -> t.TypeGuard[float]:
    return isinstance(time, float) and math.isfinite(time)


def freshness(summary: AuthSummary) -> tuple[Fraction, int, int]:
    """Orders copies of one ChatGPT login, older first: last_refresh, then the access token's iat and exp."""
    claims = summary["claims"].get("access_token", {})
    times = [claims.get(name) for name in ("iat", "exp")]
    iat, exp = (int(time) if isinstance(time, int) or _is_finite(time) else 0 for time in times)
    return parse_time(summary["last_refresh"]) or Fraction(0), iat, exp
