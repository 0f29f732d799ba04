# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""auth.json: reading what a playbook gives, and deciding whether it replaces what a target has.

Facts about Codex were measured on the real 0.20.0 to 0.169.0; docs/codex-versions.md tells them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

Method = t.Literal["apikey", "chatgpt"]
Update = t.Literal["if_newer", "always", "on_create"]
OnAccountMismatch = t.Literal["fail", "replace"]

TOKENS = ("id_token", "access_token", "refresh_token")
OTHER_CREDENTIALS = ("agent_identity", "personal_access_token", "bedrock_api_key")
FIELD_ORDER = ("auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh")


@dataclass(frozen=True, repr=False)
class Credential:
    """One login, as an auth.json document that every Codex from 0.20 on reads."""

    method: Method
    document: dict[str, t.Any]

    def render(self) -> bytes:
        """The file as Codex writes it: UTF-8, two spaces, no BOM, no newline at the end."""
        return json.dumps(self.document, indent=2, ensure_ascii=False).encode()

    def summary(self) -> AuthSummary:
        """The same summary that a target half gives of the file."""
        tokens = self.document.get("tokens") or {}
        secrets = {name: tokens[name] for name in TOKENS if name in tokens}
        if self.document.get("OPENAI_API_KEY"):
            secrets["OPENAI_API_KEY"] = self.document["OPENAI_API_KEY"]
        return {
            "fields": sorted(name for name, value in self.document.items() if value is not None),
            "auth_mode": self.method,
            "last_refresh": self.document.get("last_refresh"),
            "account_id": tokens.get("account_id"),
            "secrets": {name: hashlib.sha256(value.encode()).hexdigest() for name, value in secrets.items()},
            "claims": {name: read_claims(tokens[name]) for name in TOKENS[:2] if name in tokens},
        }


def from_api_key(key: object, option: str) -> Credential:
    """The credential of an API key. Codex itself checks nothing and stores any text: we do."""
    if not isinstance(key, str):
        raise CodexError(f"{option} must be a string.")
    key = key.removesuffix("\n").removesuffix("\r")
    if not key:
        raise CodexError(f"{option} is empty. Give the key, or leave the option out.")
    if "\n" in key or "\r" in key:
        raise CodexError(f"{option} has more than one line. Give the key alone.")
    if not re.fullmatch(r"[!-~]+", key):
        raise CodexError(
            f"{option} contains blanks or characters that no API key has. Give the key alone, without quotes."
        )
    return Credential("apikey", {"auth_mode": "apikey", "OPENAI_API_KEY": key})


def from_document(content: object, origin: str) -> Credential:
    """The credential of an auth.json, given as bytes, text or parsed JSON; ``origin`` names it in messages."""
    if isinstance(content, (bytes, str)):
        document = _parse(content if isinstance(content, bytes) else content.encode(), origin)
    else:
        document = content
    if not isinstance(document, dict):
        raise CodexError(f"{origin} is not an auth.json: it must be a JSON object.")
    for name in OTHER_CREDENTIALS:
        if document.get(name):
            raise CodexError(f"{origin} holds {name}, a kind of login that this collection does not deploy.")
    key, tokens = document.get("OPENAI_API_KEY") or None, document.get("tokens")
    if key is not None and tokens is not None:
        raise CodexError(
            f"{origin} holds an API key and ChatGPT tokens together, and Codex versions disagree on which counts. "
            "Set OPENAI_API_KEY or tokens to null."
        )
    if key is None and tokens is None:
        raise CodexError(f"{origin} is not an auth.json with a login: it has neither OPENAI_API_KEY nor tokens.")
    method: Method = "chatgpt" if key is None else "apikey"
    if document.get("auth_mode") not in (None, method):
        raise CodexError(f"{origin} says an auth_mode that does not go with its content, which is {method}.")
    if key is not None:
        normal = dict(
            document,
            auth_mode=method,
            OPENAI_API_KEY=from_api_key(key, f"OPENAI_API_KEY in {origin}").document["OPENAI_API_KEY"],
        )
        normal.pop("tokens", None)
        normal.pop("last_refresh", None)
    else:
        _check_tokens(tokens, origin)
        _check_last_refresh(document.get("last_refresh"), origin)
        normal = dict(document, auth_mode=method, OPENAI_API_KEY=None)
    ordered = {name: normal[name] for name in FIELD_ORDER if name in normal}
    return Credential(method, {**ordered, **normal})


def _parse(data: bytes, origin: str) -> object:
    if data.startswith(b"\xef\xbb\xbf"):
        raise CodexError(f"{origin} begins with a byte order mark, which Codex refuses. Save it as UTF-8 without BOM.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise CodexError(f"{origin} is UTF-16, which Codex refuses. Save it as UTF-8 without BOM.")
    if not data.strip():
        raise CodexError(f"{origin} is empty.")
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise CodexError(f"{origin} is not UTF-8 (byte {error.start}).") from None
    except _DuplicateKeyError:
        raise CodexError(f"{origin} has a key twice in one object, which Codex refuses. Keep one of them.") from None
    except json.JSONDecodeError as error:
        # Only the place: error.doc holds the whole text.
        raise CodexError(f"{origin} is not valid JSON (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise CodexError(f"{origin} is nested too deeply to be an auth.json.") from None


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _DuplicateKeyError
    return document


def _check_tokens(tokens: object, origin: str) -> None:
    if not isinstance(tokens, dict):
        raise CodexError(f"tokens in {origin} must be an object.")
    missing = [name for name in TOKENS if not isinstance(tokens.get(name), str)]
    missing += [name for name in TOKENS[:2] if tokens.get(name) == ""]
    if missing:
        raise CodexError(f"tokens in {origin} is incomplete: {', '.join(missing)} must be given as text.")
    if tokens.get("account_id") is not None and not isinstance(tokens["account_id"], str):
        raise CodexError(f"tokens.account_id in {origin} must be text or null.")
    if not is_jwt(tokens["id_token"]):
        raise CodexError(
            f"tokens.id_token in {origin} is not a JWT (three parts with a JSON payload): Codex refuses it."
        )


def _check_last_refresh(value: object, origin: str) -> None:
    if value is None:
        raise CodexError(
            f"{origin} has no last_refresh. Codex takes such a file as logged in and then sends requests without the "
            "login. Take the file that `codex login` wrote."
        )
    if not isinstance(value, str) or parse_time(value) is None:
        raise CodexError(f"last_refresh in {origin} is not an RFC 3339 time such as 2026-01-31T12:00:00Z.")


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
        seconds = int((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds())
    except ValueError:
        return None
    return seconds + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)


# ------------------------------------------------------------------ what a summary says


def method_of(summary: AuthSummary) -> t.Literal["apikey", "chatgpt", "none", "unreadable", "mixed", "other"]:
    """The kind of login that Codex will see in a file.

    mixed: key and tokens together, or tokens of one account under the id of another, as Codex up to
    0.163 can leave behind when a login was changed under it. other: a kind this collection does not
    deploy. Source: measured on 0.20 to 0.169.
    """
    if summary.get("malformed"):
        return "unreadable"
    fields, secrets = summary["fields"], summary["secrets"]
    known = (None, "apikey", "chatgpt")
    if summary["auth_mode"] not in known or any(name in fields for name in OTHER_CREDENTIALS):
        return "other"
    has_key, has_tokens = "OPENAI_API_KEY" in secrets, "refresh_token" in secrets
    if has_key and has_tokens:
        return "mixed"
    if has_tokens:
        claimed = summary["claims"]["id_token"].get("chatgpt_account_id")
        return "mixed" if claimed and summary["account_id"] not in (None, claimed) else "chatgpt"
    return "apikey" if has_key else "none"


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


def freshness(summary: AuthSummary) -> tuple[Fraction, int, int]:
    """Orders copies of one ChatGPT login, older first: last_refresh, then the access token's iat and exp."""
    claims = summary["claims"].get("access_token", {})
    times = [claims.get(name) for name in ("iat", "exp")]
    iat, exp = (int(time) if isinstance(time, (int, float)) else 0 for time in times)
    return parse_time(summary["last_refresh"]) or Fraction(0), iat, exp


@dataclass(frozen=True)
class Decision:
    """Whether the target's auth.json is replaced, and why, as one sentence."""

    replace: bool
    reason: str


def decide(
    source: AuthSummary, target: AuthSummary | None, update: Update, on_account_mismatch: OnAccountMismatch, path: str
) -> Decision:
    """THE decision of this collection: may this credential take the place of what the target has.

    Raises CodexError where the answer is neither yes nor no.
    """
    if target is None:
        return Decision(True, "The account had no auth.json.")
    found = method_of(target)
    if found == source["auth_mode"] and target["secrets"] == source["secrets"]:
        return Decision(False, "The account has this login already.")
    if update == "on_create":
        return Decision(False, "An auth.json is there, and update is on_create.")
    if update == "always":
        return Decision(True, "The login differs, and update is always.")
    if found == "unreadable":
        raise CodexError(
            f"{path} is there but is not an auth.json that Codex can read. It may be damaged or half written, so it is "
            "left alone. Look at it; to replace it, set update to always."
        )
    if found == "none":
        return Decision(True, "The auth.json that was there held no login.")
    if found == "mixed":
        return Decision(True, "The auth.json that was there mixed two logins, as some Codex versions leave behind.")
    if found == "other":
        raise CodexError(
            f"{path} holds a kind of login that this collection does not deploy. To replace it, set update to always."
        )
    if found != source["auth_mode"]:
        there, wanted = _name(target, found), _name(source, source["auth_mode"] or "")
        return _mismatch(f"{path} holds {there}, and the playbook gives {wanted}", on_account_mismatch)
    if found == "apikey":
        return Decision(True, "The API key differs.")
    if not same_account(source, target):
        there, wanted = describe_account(target), describe_account(source)
        return _mismatch(f"{path} is logged in to {there}, and the playbook gives {wanted}", on_account_mismatch)
    if freshness(target) >= freshness(source):
        return Decision(False, "The target's tokens of this account are as fresh or fresher, so they stay.")
    return Decision(True, "The tokens given are fresher than the target's.")


def _name(summary: AuthSummary, method: str) -> str:
    return "an API key" if method == "apikey" else f"a ChatGPT login of {describe_account(summary)}"


def _mismatch(sentence: str, on_account_mismatch: OnAccountMismatch) -> Decision:
    if on_account_mismatch == "fail":
        raise CodexError(f"{sentence}. To replace it, set on_account_mismatch to replace.")
    return Decision(True, f"{sentence}.")
