# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The methods of login: how results and messages call them, and how auth.json spells them."""

from __future__ import annotations

import typing as t

Method = t.Literal["apikey", "chatgpt", "personal_access_token"]
"""The methods that this collection deploys."""

FoundMethod = t.Literal[Method, "none", "unreadable", "mixed", "other"]
"""What can be found in an auth.json; summary.method_of explains each."""

AUTH_MODES: t.Final[dict[Method, str]] = {
    "apikey": "apikey",
    "chatgpt": "chatgpt",
    "personal_access_token": "personalAccessToken",
}
"""How auth.json spells the methods in auth_mode."""

EXTERNAL_TOKENS: t.Final = "chatgptAuthTokens"
"""auth_mode of ChatGPT tokens that another program renews: Codex 0.94 and later never asks for new ones (measured)."""

NAMES: t.Final[dict[str, str]] = {
    "apikey": "API key",
    "chatgpt": "ChatGPT login",
    "personal_access_token": "personal access token",
}


def with_article(method: str) -> str:
    """A method as a sentence names it, such as "an API key"."""
    return f"{'an' if method == 'apikey' else 'a'} {NAMES[method]}"


def is_other_credential(field: str) -> bool:
    """Whether a field at the top of an auth.json holds a kind of login that this collection does not deploy."""
    return field == "agent_identity" or field.startswith("bedrock_")
