# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API key may, from what the Responses API answers to a request without content.

The API looks at the key first and at the request then, so that it refuses this request as
incomplete (HTTP 400) exactly when the key may write Responses. Pure: no network here.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import typing as t
import urllib.parse

from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import from_api_key
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import KeyAnswer, KeyQuestion

MAX_TIMEOUT = 300  # seconds
MAX_RETRIES = 10
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

TROUBLES: t.Final[dict[str, str]] = {
    "unknown_host": "{host} has no address on this host. Correct base_url, or give proxy where only a proxy knows it.",
    "connect": "{host} cannot be reached from this host ({cause}). Correct base_url, or give the proxy to it.",
    "proxy_url": (
        "The proxy to {host} must be http://HOST:PORT. Correct proxy, or HTTPS_PROXY in the environment of the task."
    ),
    "proxy_unknown": "The proxy to {host} has no address here. Correct proxy, or HTTPS_PROXY in the environment.",
    "proxy": "The proxy to {host} gives no usable answer ({cause}). Correct proxy, or HTTPS_PROXY in the environment.",
    "proxy_refused": "The proxy does not lead to {host} ({cause}). Give its user and password, or allow the host.",
    "certificate": (
        "The certificate of {host} is not trusted on this host ({cause}). Name the file of its authority with ca_file."
    ),
    "tls": "{host} does not speak TLS as it should ({cause}). Correct base_url, or look at what stands between.",
    "ca_file": "ca_file cannot be used on the host that asks {host} ({cause}). Put the authority's certificate there.",
    "no_ssl": "The Python on this host cannot speak TLS to {host}. Name another one with ansible_python_interpreter.",
    "no_http": "{host} broke off, or does not speak HTTP ({cause}). Correct base_url, or look at what stands between.",
    "timeout": "{host} did not answer in the given time. Raise timeout, or give the proxy that leads there.",
    "failed": "Asking {host} failed on this host ({cause}). Report this with the version of Python there.",
}
"""The sentence for each trouble of api_key.py."""


def key_question(arguments: dict[str, t.Any]) -> KeyQuestion:
    """What the target is asked. Raises CodexError for options that cannot be meant."""
    credential = from_api_key(arguments["api_key"], "api_key")
    ca_file = arguments["ca_file"] or None
    if ca_file is not None and (not ca_file.startswith("/") or "\0" in ca_file):
        raise CodexError("ca_file must be an absolute path on the host that asks. Write the path out.")
    for name, lowest, highest in (("timeout", 1, MAX_TIMEOUT), ("retries", 0, MAX_RETRIES)):
        if not lowest <= arguments[name] <= highest:
            raise CodexError(f"{name} must be a number from {lowest} to {highest}.")
    return {
        "api_key": credential.document["OPENAI_API_KEY"],
        "base_url": check_base_url(arguments["base_url"]),
        "proxy": arguments["proxy"],
        "ca_file": ca_file,
        "timeout": arguments["timeout"],
        "retries": arguments["retries"],
    }


def check_base_url(text: str) -> str:
    """The URL without slashes at its end. Messages do not quote it: what is wrong in it may be a password."""
    try:
        url = urllib.parse.urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or port == 0 or not re.fullmatch(r"[!-~]+", text):
        raise CodexError("base_url must be a URL such as https://api.openai.com/v1.")
    if "@" in url.netloc:
        raise CodexError("base_url must not hold a user or a password. The key alone is sent.")
    if "?" in text or "#" in text:
        raise CodexError("base_url must end with its path, without a query or a fragment.")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise CodexError(
            "base_url must begin with https://, since the key would be read on its way. "
            "Only for the host that asks, such as 127.0.0.1, may it be http://."
        )
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def judge(answer: KeyAnswer, question: KeyQuestion) -> Verdict:
    """What the answer says about the key. Raises CodexError where it says nothing, or there is none."""
    host = urllib.parse.urlsplit(question["base_url"]).netloc
    if "trouble" in answer:
        raise CodexError(TROUBLES[answer["trouble"]].format(host=host, cause=answer["cause"]))
    status = answer["status"]
    error = _read_error(base64.b64decode(answer["body"]))
    if status == 429 and error and error.get("code") == "insufficient_quota":
        sentence = "The key is valid, and its organization or project has no credit left, so the API says no more."
        return _verdict(status, True, None, sentence)
    if status == 429:
        wait = answer["retry_after"]
        when = f" and asks to wait for {wait:.0f} seconds" if wait is not None else ""
        raise CodexError(f"{host} is asked too often (HTTP 429){when}. Run again later, or raise retries.")
    if status >= 500:
        times = "once" if answer["attempts"] == 1 else f"{answer['attempts']} times"
        raise CodexError(
            f"{host}, or a proxy before it, has a trouble of its own (HTTP {status}, {times}). Run again later."
        )
    if 300 <= status < 400:
        raise CodexError(
            f"{host} leads to another address (HTTP {status}), which is not followed, as the key would go there. "
            "Give that address as base_url if it is the right one."
        )
    if status == 404:
        raise CodexError(
            f"{host} has no Responses API below base_url (HTTP 404). Give the address up to /v1, without /responses."
        )
    if status in (400, 401, 403) and error is not None:
        return _refusal(status, error, question["api_key"])
    raise CodexError(
        f"{host} does not answer as the Responses API does (HTTP {status}): a proxy, a login page or another service "
        "may stand there. Correct base_url, or give the proxy that leads to the API."
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
