# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of codex_api_key_info, and the request to the target that follows from them."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_api_key
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import ProbeRequest

MAX_TIMEOUT = 300  # seconds
MAX_RETRIES = 10


def probe_request(arguments: Arguments) -> ProbeRequest:
    """What the target is asked. Raises CodexError."""
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
    """The URL without slashes at its end. Raises CodexError, which does not quote the URL: it may hold a password."""
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
            "base_url must begin with https://, since anybody on the way could read the key otherwise. "
            "It may begin with http:// only for the host that asks itself, such as 127.0.0.1."
        )
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
