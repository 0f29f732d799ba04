# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API key may do, judged by the Responses API's answer to a request without content.

The API checks the key before it checks the request, so it refuses this request as incomplete (HTTP 400)
exactly when the key may write Responses.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.parse

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import ProbeAnswer, ProbeRequest

SCOPE = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"


class Verdict(t.TypedDict):
    """What codex_api_key_info returns of a key; None is "not known"."""

    valid: bool | None
    responses_write: bool | None
    missing_scopes: list[str]
    status: int
    message: str


REFUSALS: t.Final[dict[str, tuple[bool | None, str]]] = {
    "invalid_api_key": (False, "The API does not know this key: it is wrong, expired or revoked."),
    "account_deactivated": (False, "The account that this key belongs to is deactivated."),
    "ip_not_authorized": (
        None,
        "The key's project or organization does not allow requests from the address of the host that asked.",
    ),
    "unsupported_country_region_territory": (
        None,
        "The API does not serve the country that the host's request comes from, so it says nothing about the key.",
    ),
    "invalid_organization": (None, "The API does not know the organization of this key."),
    "mismatched_organization": (None, "The key belongs to another organization than the request."),
}
"""For the code of a 401 or 403: whether the key is valid, and the sentence."""


def judge(answer: ProbeAnswer, request: ProbeRequest) -> Verdict:
    """What the answer says about the key. Raises CodexError where it says nothing about it, or there is none."""
    host = urllib.parse.urlsplit(request["base_url"]).netloc
    if "error" in answer:
        raise CodexError(messages.PROBE_ERRORS[answer["error"]].format(host=host, cause=answer["cause"]))
    status = answer["status"]
    error = _read_error(base64.b64decode(answer["body"]))
    if status == 429 and error and error.get("code") == "insufficient_quota":
        sentence = "The key is valid, and its organization or project has no credit left, so the API says nothing more."
        return _verdict(status, True, None, sentence)
    if status == 429:
        wait = answer["retry_after"]
        when = f" and asks to wait for {wait:.0f} seconds" if wait is not None else ""
        raise CodexError(f"{host} is asked too often (HTTP 429){when}. Run again later, or raise retries.")
    if status >= 500:
        times = "once" if answer["attempts"] == 1 else f"{answer['attempts']} times"
        raise CodexError(f"{host}, or a proxy before it, failed (HTTP {status}, {times}). Run again later.")
    if 300 <= status < 400:
        raise CodexError(
            f"{host} redirects to another address (HTTP {status}), which was not followed: the key would go there. "
            "Set base_url to that address if it is the right one."
        )
    if status == 404:
        raise CodexError(f"{host} has no Responses API below base_url (HTTP 404). Set it to the address up to /v1.")
    if status in (400, 401, 403) and error is not None:
        return _refusal(status, error, request["api_key"])
    raise CodexError(
        f"{host} does not answer as the Responses API does (HTTP {status}): a proxy, a login page or another service "
        "may answer there. Correct base_url, or set proxy to one that leads to the API."
    )


def _refusal(status: int, error: dict[str, t.Any], key: str) -> Verdict:
    code, text = error.get("code"), str(error.get("message"))
    if text.startswith("Incorrect API key provided"):
        code = "invalid_api_key"
    # A gateway may say so with 400, too.
    if isinstance(code, str) and code in REFUSALS:
        valid, sentence = REFUSALS[code]
        return _verdict(status, valid, False, sentence)
    if status == 400:
        return _verdict(status, True, True, "The key is valid and may write Responses.")
    scopes = _missing_scopes(text, key)
    if scopes:
        sentence = f"The key is valid and lacks {', '.join(scopes)}: give it this permission, or make another key."
        return _verdict(status, True, False, sentence, scopes)
    if "insufficient permissions" in text:
        sentence = "The key is valid and may not write Responses: give it the permission, or make another key."
        return _verdict(status, True, False, sentence)
    sentence = "The API refuses the key and gives a reason that is not known here: look at its project."
    return _verdict(status, None, False, sentence)


def _missing_scopes(text: str, key: str) -> list[str]:
    """The scopes that a message names; none of them is a piece of the key, which such messages quote."""
    found = re.search(rf"[Mm]issing scopes?:\s*({SCOPE}(?:,\s*{SCOPE})*)", text)
    scopes = re.split(r",\s*", found[1]) if found else []
    return [scope for scope in scopes if not any(scope[n : n + 8] in key for n in range(max(1, len(scope) - 7)))]


def _read_error(body: bytes) -> dict[str, t.Any] | None:
    """``error`` of an answer as the API gives it; None for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else None


def _verdict(
    status: int, valid: bool | None, responses_write: bool | None, message: str, scopes: t.Sequence[str] = ()
) -> Verdict:
    return {
        "valid": valid,
        "responses_write": responses_write,
        "missing_scopes": list(scopes),
        "status": status,
        "message": message,
    }
