# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the summary of an auth.json says: its method of login, its account, its age."""

from __future__ import annotations

import hashlib
import math
import typing as t
from fractions import Fraction

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import (
    AUTH_MODES,
    EXTERNAL_TOKENS,
    FoundMethod,
    is_other_credential,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary


def method_of(summary: AuthSummary) -> FoundMethod:
    """The method of login that Codex will see in a file.

    A browser login may put an API key beside its tokens; with auth_mode chatgpt the tokens count.

    * mixed: key and tokens without that, or tokens of one account under the id of another, as Codex up to 0.163
      can leave behind when a login was replaced while it ran.
    * other: a kind that this collection does not deploy, or a personal access token beside something else.
    * unreadable: not an auth.json that Codex can read.

    Source: measured on 0.20 to 0.171.
    """
    if summary.get("malformed") or (
        summary["last_refresh"] is not None and parse_time(summary["last_refresh"]) is None
    ):
        return "unreadable"
    secrets = summary["secrets"]
    modes = (None, EXTERNAL_TOKENS, *AUTH_MODES.values())
    if summary["auth_mode"] not in modes or any(map(is_other_credential, summary["fields"])):
        return "other"
    has_key, has_tokens = "OPENAI_API_KEY" in secrets, "refresh_token" in secrets
    if "personal_access_token" in secrets or summary["auth_mode"] == AUTH_MODES["personal_access_token"]:
        alone = set(secrets) == {"personal_access_token"} and summary["auth_mode"] in (None, "personalAccessToken")
        return "personal_access_token" if alone else "other"
    if not has_tokens:
        return "apikey" if has_key else "none"
    accounts = {claims.get("chatgpt_account_id") for claims in summary["claims"].values()} | {summary["account_id"]}
    if (has_key and summary["auth_mode"] not in ("chatgpt", EXTERNAL_TOKENS)) or len(accounts - {None, ""}) > 1:
        return "mixed"
    return "chatgpt"


def account_of(summary: AuthSummary) -> str:
    """The account's id as the id token claims it, else the file's own account_id; "" where there is neither."""
    claims = summary["claims"].get("id_token", {})
    return str(claims.get("chatgpt_account_id") or summary["account_id"] or "")


def same_account(one: AuthSummary, other: AuthSummary) -> bool:
    """Whether two ChatGPT logins are of one person in one account. What either does not say counts as equal.

    The person is compared by the first of user id, subject and mail address that both name.
    """
    accounts = {account_of(one), account_of(other)} - {""}
    if len(accounts) > 1:
        return False
    claims = [summary["claims"].get("id_token", {}) for summary in (one, other)]
    for name in ("chatgpt_user_id", "sub", "email"):
        first, second = (str(claim.get(name) or "").lower() for claim in claims)
        if first and second:
            return first == second
    return True


def describe_account(summary: AuthSummary) -> str:
    """How messages name a ChatGPT account: by its id and the domain of the mail address."""
    claims = summary["claims"].get("id_token", {})
    account = account_of(summary) or "without an id"
    mail = str(claims.get("email", ""))
    return f"{account} (…@{mail.rpartition('@')[2]})" if "@" in mail else account


def _is_finite(time: object) -> t.TypeGuard[float]:
    return isinstance(time, float) and math.isfinite(time)


NO_TOKEN = hashlib.sha256(b"").hexdigest()


def can_renew(summary: AuthSummary) -> bool:
    """Whether Codex can renew ChatGPT tokens; others are valid until the access token expires."""
    has_token = summary["secrets"].get("refresh_token", NO_TOKEN) != NO_TOKEN
    return has_token and summary["auth_mode"] != EXTERNAL_TOKENS


def freshness(summary: AuthSummary) -> tuple[Fraction, int, int, bool]:
    """A key that sorts copies of one ChatGPT login by age, the oldest first.

    By last_refresh, then the access token's iat and exp (seconds since 1970), then whether it can be renewed. All of
    these come from the file: no clock of a host is involved.
    """
    claims = summary["claims"].get("access_token", {})
    times = [claims.get(name) for name in ("iat", "exp")]
    iat, exp = (int(time) if isinstance(time, int) or _is_finite(time) else 0 for time in times)
    return parse_time(summary["last_refresh"]) or Fraction(0), iat, exp, can_renew(summary)
