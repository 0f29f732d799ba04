# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The auth.json that a playbook declares: read strictly, and written so that every Codex reads it.

Facts about Codex were measured on the real 0.20.0 to 0.169.0; docs/codex-versions.md describes them.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import (
    TOKENS,
    check_json,
    is_id_token,
    is_text,
    is_unicode,
    summarise,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import (
    AUTH_MODES,
    EXTERNAL_TOKENS,
    Method,
    is_other_credential,
    with_article,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

FIELD_ORDER = ("auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh", "personal_access_token")


@dataclass(frozen=True, repr=False)
class Credential:
    """One login, as an auth.json document that every Codex from 0.20 on reads."""

    method: Method
    document: dict[str, t.Any]

    def render(self) -> bytes:
        """The file as Codex writes it: UTF-8, two spaces, no BOM, no newline at the end."""
        return json.dumps(self.document, indent=2, ensure_ascii=False).encode()

    def without_refresh_token(self) -> Credential:
        """The same login for homes that are not to renew it; one that nobody renews is as it was.

        auth_mode keeps Codex 0.94 and later from trying to (measured); earlier ones try, and go on with the access
        token.
        """
        if self.method != "chatgpt":
            return self
        tokens = {**self.document["tokens"], "refresh_token": ""}
        return Credential(self.method, {**self.document, "auth_mode": EXTERNAL_TOKENS, "tokens": tokens})

    def summary(self) -> AuthSummary:
        """The summary that a target gives of the file."""
        return t.cast(AuthSummary, summarise(self.render()))


def from_api_key(key: object, option: str) -> Credential:
    """The credential of an API key. Codex itself checks nothing and stores any text: we do."""
    return Credential("apikey", {"auth_mode": "apikey", "OPENAI_API_KEY": _check_api_key(key, option)})


def from_personal_access_token(token: object, option: str) -> Credential:
    """The credential of a personal access token, which Codex reads from 0.139 on (measured)."""
    mode = AUTH_MODES["personal_access_token"]
    document = {"auth_mode": mode, "personal_access_token": _check_personal_access_token(token, option)}
    return Credential("personal_access_token", document)


def _check_personal_access_token(token: object, option: str) -> str:
    text = _check_key(token, option)
    if not text.startswith("at-"):
        raise CodexError(f"{option} is not a personal access token: these begin with at-, and Codex accepts no others.")
    return text


def _check_api_key(key: object, option: str) -> str:
    text = _check_key(key, option)
    if text.startswith("at-"):
        raise CodexError(
            f"{option} is a personal access token and no API key: it begins with at-. Give it as personal_access_token."
        )
    return text


def check_is_text(key: object, option: str) -> str:
    """The value of an option that is a key. Raises CodexError for another type, whose text would be no key."""
    if isinstance(key, str):
        return key
    kind = "a boolean" if isinstance(key, bool) else "a number" if isinstance(key, (int, float)) else "no text"
    raise CodexError(f"{option} is {kind}, not a key. Set it to the key alone, in quotes.")


NO_KEYS: t.Final = (
    (r"__omit_place_holder__.*", "what Ansible's omit leaves in a text"),
    (r"(?i:none|null|nil|undefined|omit|true|false|yes|no|variable_is_not_defined!?)", "a word for no value"),
    (r"[0-9.]+", "a number"),
    (r"(?i:export )?[A-Za-z_][A-Za-z0-9_]*=[^=].*", "a line NAME=value"),
    (r"[A-Za-z][A-Za-z0-9+.-]*://.*", "a URL or a reference to a store of secrets"),
    (r"(?i:arn|bws|doppler|env|file|keyring|secretref|ssm|vault):.+", "a reference to a store of secrets"),
    (r"(~|\.\.?)/.*|/(etc|home|mnt|opt|root|run|srv|tmp|Users|usr|var)/.*", "a path"),
    (r".*\.\.\..*", "shortened"),
)
"""What a value is that is plainly no key, by its form."""


def _check_key(key: object, option: str) -> str:
    """An API key or access token without the line end that a file or a lookup leaves behind it."""
    key = check_is_text(key, option).removesuffix("\n").removesuffix("\r")
    if not key:
        raise CodexError(f"{option} is empty. Set it to the key, or leave the option out.")
    if "\n" in key or "\r" in key:
        raise CodexError(f"{option} has more than one line. Set it to the key alone.")
    for form, name in NO_KEYS:
        if re.fullmatch(form, key):
            raise CodexError(f"{option} is {name}, not a key. Set it to the key itself.")
    if not re.fullmatch(r"[A-Za-z0-9_.~+/=:@-]+", key):
        raise CodexError(
            f"{option} contains blanks or characters that no key has. Set it to the key alone, without quotes."
        )
    return key


def from_document(content: object, origin: str) -> Credential:
    """The credential of an auth.json, given as bytes, text or parsed JSON; ``origin`` names it in messages.

    Raises CodexError for what this collection does not deploy.
    """
    document = parse(content, origin) if isinstance(content, (bytes, str)) else content
    _check_values(document, origin)
    if not isinstance(document, dict):
        raise CodexError(f"{origin} is not an auth.json: it must be a JSON object.")
    for name in filter(is_other_credential, document):
        if document.get(name):  # an empty value is no login
            raise CodexError(
                f"{origin} holds {name}, a kind of login that this collection does not deploy. Use another login."
            )
    given: dict[Method, object] = {
        "apikey": document.get("OPENAI_API_KEY") or None,
        "chatgpt": document.get("tokens"),
        "personal_access_token": document.get("personal_access_token") or None,
    }
    methods = [method for method, value in given.items() if value is not None]
    if len(methods) > 1:
        raise CodexError(
            f"{origin} holds {' and '.join(map(with_article, methods))} together, and Codex versions disagree on which "
            "counts. "
            "Set all but one of OPENAI_API_KEY, tokens and personal_access_token to null."
        )
    if not methods:
        raise CodexError(
            f"{origin} has no login: OPENAI_API_KEY, tokens and personal_access_token are all missing. Take the file "
            "that `codex login` wrote."
        )
    (method,) = methods
    mode = document.get("auth_mode") or AUTH_MODES[method]
    if mode != AUTH_MODES[method] and (method, mode) != ("chatgpt", EXTERNAL_TOKENS):
        raise CodexError(
            f"auth_mode in {origin} does not match its content. Set it to {AUTH_MODES[method]}, or remove it."
        )
    left_out = {"OPENAI_API_KEY", "tokens", "last_refresh", "personal_access_token"}
    rest = {name: value for name, value in document.items() if name not in left_out and not is_other_credential(name)}
    if method == "chatgpt":
        _check_tokens(given[method], origin)
        _check_last_refresh(document.get("last_refresh"), origin)
        login = {name: document.get(name) for name in ("tokens", "last_refresh")} | {"OPENAI_API_KEY": None}
    elif method == "apikey":
        login = {"OPENAI_API_KEY": _check_api_key(given[method], f"OPENAI_API_KEY in {origin}")}
    else:
        login = {method: _check_personal_access_token(given[method], f"{method} in {origin}")}
    normal = rest | login | {"auth_mode": mode}
    ordered = {name: normal[name] for name in FIELD_ORDER if name in normal}
    credential = Credential(method, {**ordered, **normal})
    found = method_of(credential.summary())
    if found == "unreadable":
        raise CodexError(
            f"{origin} has names, texts or more fields than any login has. Take the file that `codex login` wrote."
        )
    if found != method:
        raise CodexError(
            f"tokens in {origin} are of more than one account, as some versions of Codex leave them. Log in again, and "
            "take the file that `codex login` wrote."
        )
    return credential


def parse(content: bytes | str, origin: str) -> object:
    """The data of an auth.json; ``origin`` names it in messages. Raises CodexError for what Codex cannot read."""
    if isinstance(content, str) and not is_unicode(content):
        raise _unwritable("a character that is not Unicode text (half of a surrogate pair)", origin)
    data = content.encode() if isinstance(content, str) else content
    if data.startswith(b"\xef\xbb\xbf"):
        raise CodexError(f"{origin} begins with a byte order mark, which Codex refuses. Save it as UTF-8 without BOM.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise CodexError(f"{origin} is UTF-16, which Codex refuses. Save it as UTF-8 without BOM.")
    if not data.strip():
        raise CodexError(f"{origin} is empty. Take the file that `codex login` wrote.")
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise CodexError(f"{origin} is not UTF-8 (byte {error.start}). Save it as UTF-8 without BOM.") from None
    except _DuplicateKeyError:
        raise CodexError(f"{origin} has a key twice in one object, which Codex refuses. Keep one of them.") from None
    except json.JSONDecodeError as error:
        # Only the place: error.doc holds the whole text.
        raise CodexError(
            f"{origin} is not valid JSON (line {error.lineno}, column {error.colno}). Correct it."
        ) from None
    except RecursionError:
        raise _unwritable("values that are nested too deeply", origin) from None
    except ValueError:  # Python's limit of digits
        raise _unwritable("a number that is too large", origin) from None


def _check_values(document: object, origin: str) -> None:
    try:
        check_json(document)
    except ValueError as error:
        raise _unwritable(str(error), origin) from None


def _unwritable(what: str, origin: str) -> CodexError:
    return CodexError(f"{origin} has {what}, which no login has. Take the file that `codex login` wrote.")


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
        raise CodexError(f"tokens in {origin} is incomplete: {', '.join(missing)} must be text.")
    if tokens.get("account_id") is not None and not is_text(tokens["account_id"]):
        raise CodexError(f"tokens.account_id in {origin} must be text, of an account's id and no more, or null.")
    if not is_id_token(tokens["id_token"]):
        raise CodexError(
            f"tokens.id_token in {origin} is not a JWT (three parts with a JSON payload) whose claims of the account "
            "are text, so Codex refuses the file. Take the file that `codex login` wrote."
        )


def _check_last_refresh(value: object, origin: str) -> None:
    if value is None:
        raise CodexError(
            f"{origin} has no last_refresh. Codex calls such a file logged in, and then sends its requests without the "
            "login. Take the file that `codex login` wrote."
        )
    if not isinstance(value, str) or parse_time(value) is None:
        raise CodexError(f"last_refresh in {origin} is not an RFC 3339 time such as 2026-01-31T12:00:00Z.")
