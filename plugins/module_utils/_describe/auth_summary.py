# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an auth.json says, without its secrets: the one summary of it, on targets and on the controller.

Runs on targets, as a part of describe. The controller summarises with it what it is going to write.
"""

import binascii

from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import loads
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest

TOKENS = ("id_token", "access_token", "refresh_token")
KEYS = ("OPENAI_API_KEY", "personal_access_token")  # fields at the top that are a credential by themselves
CLAIMS = ("email", "sub", "iat", "exp")
TIME_CLAIMS = ("iat", "exp")  # numbers; all other claims are text
AUTH = "https://api.openai.com/auth"  # the claim that holds those of the account
AUTH_CLAIMS = ("chatgpt_account_id", "chatgpt_plan_type", "chatgpt_user_id")

TEXT_LIMIT = 1024  # characters of a name, a claim, a time; real ones have at most a tenth of it
FIELD_LIMIT = 200  # fields at the top
NESTING_LIMIT = 100  # objects and lists in each other; Codex itself stops at 128
NUMBERS = (-(2**63), 2**64)  # the integers of the library with which Codex reads JSON


def summarise(data):
    """What an auth.json (bytes) says, its secrets as SHA-256 only; {"malformed": True} where Codex fails.

    What Codex refuses was measured on 0.20.0 to 0.169.0: a BOM, another encoding than UTF-8,
    duplicate keys, anything but an object, tokens that lack one of the three, an id token that is not one.
    What no Codex writes is malformed, too, though Codex would pass over it: see `check_json` and the limits above. So
    all that a summary holds is short text and numbers, whatever is in the file.
    """
    try:
        document = loads(data.decode("utf-8"), object_pairs_hook=unique_object)
        check_json(document)
        tokens = document.get("tokens")
        secrets = {name: tokens[name] for name in TOKENS} if tokens is not None else {}
        if len(document) > FIELD_LIMIT or (tokens is not None and not is_id_token(tokens["id_token"])):
            raise ValueError("fields or id_token")
        secrets.update((name, document[name]) for name in KEYS if document.get(name))
        return {
            "fields": sorted(text_or_none(name) for name in document if document[name] is not None),
            "auth_mode": text_or_none(document.get("auth_mode")),
            "last_refresh": text_or_none(document.get("last_refresh")),
            "account_id": text_or_none(tokens.get("account_id")) if tokens is not None else None,
            "secrets": {name: digest(secrets[name].encode("utf-8")) for name in secrets},
            "claims": {name: read_claims(tokens[name]) for name in TOKENS[:2]} if tokens is not None else {},
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {"malformed": True}


def unique_object(pairs):
    """A JSON object's (name, value) pairs as a dict. Raises ValueError where a name is there twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def check_json(document):
    """Raises ValueError, which says what it is, for data that not every program reads as JSON."""
    level = [[document]]
    for _level in range(NESTING_LIMIT):
        values = []
        for outer in level:
            if isinstance(outer, dict):
                if not all(isinstance(key, str) for key in outer):
                    raise ValueError("a key that is not text")
                values += list(outer) + list(outer.values())
            else:
                values += outer
        for value in values:
            check_value(value)
        level = [value for value in values if isinstance(value, (dict, list))]
        if not level:
            return
    raise ValueError("values that are nested too deeply")


def check_value(value):
    """Raises ValueError for a value that JSON does not have; of an object or a list it checks nothing inside."""
    if isinstance(value, str):
        if not is_unicode(value):
            raise ValueError("a character that is not Unicode text (half of a surrogate pair)")
    elif isinstance(value, (int, float)):
        if not NUMBERS[0] <= value < NUMBERS[1] and (isinstance(value, int) or value * 0 != 0):
            raise ValueError("a number that is too large, or is none")
    elif value is not None and not isinstance(value, (dict, list)):
        raise ValueError("a value of the type {}".format(type(value).__name__))


def is_unicode(text):
    """Whether a text can be written as UTF-8: without half of a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_text(value):
    """Whether a value is text as a summary may hold it."""
    return isinstance(value, str) and len(value) <= TEXT_LIMIT and is_unicode(value)


def is_time(value):
    """Whether a value is a number of seconds as a summary may hold it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and NUMBERS[0] <= value < NUMBERS[1]


def text_or_none(value):
    """The value. Raises TypeError for what is neither text nor None."""
    if value is not None and not is_text(value):
        raise TypeError("not a text")
    return value


def read_payload(token):
    """The payload of a JWT, without checking its signature; None for anything else."""
    try:
        part = token.split(".")[1].replace("-", "+").replace("_", "/")
        return loads(binascii.a2b_base64(part + "=" * (-len(part) % 4)).decode("utf-8"))
    except (ValueError, IndexError, RecursionError):
        return None


def is_id_token(token):
    """Whether Codex takes a text for an id token (measured on 0.150 and 0.169).

    It is a JWT: three parts, the middle one a JSON object, and the claims of the account in it are text.
    """
    payload = read_payload(token) if token.count(".") == 2 else None
    if not isinstance(payload, dict):
        return False
    auth = payload.get(AUTH)
    if auth is not None and not isinstance(auth, dict):
        return False
    claims = [payload.get("email")] + [(auth or {}).get(name) for name in AUTH_CLAIMS]
    return all(value is None or is_text(value) for value in claims)


def read_claims(token):
    """The claims of a JWT that tell accounts and ages apart, as `usable_claims` has them; {} for anything else."""
    payload = read_payload(token)
    if not isinstance(payload, dict):
        return {}
    found = {name: payload[name] for name in CLAIMS if name in payload}
    auth = payload.get(AUTH)
    found.update((name, auth[name]) for name in AUTH_CLAIMS if isinstance(auth, dict) and name in auth)
    return usable_claims(found)


def usable_claims(claims):
    """Those of the claims that are what they should be: times are numbers, all others are text."""
    return {
        name: claims[name]
        for name in CLAIMS + AUTH_CLAIMS
        if name in claims and (is_time if name in TIME_CLAIMS else is_text)(claims[name])
    }
