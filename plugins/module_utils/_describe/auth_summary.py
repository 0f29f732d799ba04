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
AUTH_CLAIMS = ("chatgpt_account_id", "chatgpt_plan_type", "chatgpt_user_id")


def summarise(data):
    """What an auth.json (bytes) says, its secrets as SHA-256 only; {"malformed": True} where Codex fails.

    What Codex refuses was measured on 0.20.0 to 0.169.0: a BOM, another encoding than UTF-8,
    duplicate keys, anything but an object, tokens that lack one of the three, an id token that is not a JWT.
    """
    try:
        document = loads(data.decode("utf-8"), object_pairs_hook=unique_object)
        tokens = document.get("tokens")
        secrets = {name: tokens[name] for name in TOKENS} if tokens is not None else {}
        if tokens is not None and not is_jwt(tokens["id_token"]):
            raise ValueError("id_token")
        secrets.update((name, document[name]) for name in KEYS if document.get(name))
        return {
            "fields": sorted(name for name in document if document[name] is not None),
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


def text_or_none(value):
    """The value. Raises TypeError for what is neither text nor None."""
    if value is not None and not isinstance(value, str):
        raise TypeError("not a string")
    return value


def read_payload(token):
    """The payload of a JWT, without checking its signature; None for anything else."""
    try:
        part = token.split(".")[1].replace("-", "+").replace("_", "/")
        return loads(binascii.a2b_base64(part + "=" * (-len(part) % 4)).decode("utf-8"))
    except (ValueError, IndexError, RecursionError):
        return None


def is_jwt(token):
    """Whether Codex takes a text for an id token: three parts, the middle one a JSON object (measured)."""
    return token.count(".") == 2 and isinstance(read_payload(token), dict)


def read_claims(token):
    """The claims of a JWT that tell accounts and ages apart; {} for anything else."""
    claims = read_payload(token)
    if not isinstance(claims, dict):
        return {}
    found = {name: claims[name] for name in CLAIMS if name in claims}
    auth = claims.get("https://api.openai.com/auth")
    found.update((name, auth[name]) for name in AUTH_CLAIMS if isinstance(auth, dict) and name in auth)
    return found
