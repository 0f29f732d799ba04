# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps Codex from using an auth.json, whatever login it holds."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import AUTH_MODES, EXTERNAL_TOKENS
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary


def soundness_problems(summary: AuthSummary, path: str) -> list[str]:
    """Why Codex cannot use the auth.json at ``path`` as a login, a sentence each (measured on 0.130 to 0.171)."""
    again = "Log in again, or deploy the login."
    if summary.get("malformed"):
        return [f"{path} is not an auth.json that Codex can read. {again}"]
    problems = []
    last_refresh, mode, secrets = summary["last_refresh"], summary["auth_mode"], summary["secrets"]
    if last_refresh is not None and parse_time(last_refresh) is None:
        problems.append(
            f"last_refresh in {path} is not a time with its offset, and Codex cannot read the file. {again}"
        )
    needs_tokens = mode in (AUTH_MODES["chatgpt"], EXTERNAL_TOKENS)
    has_key, has_tokens = "OPENAI_API_KEY" in secrets, "refresh_token" in secrets
    if last_refresh is None and has_tokens and (needs_tokens or not has_key):
        problems.append(f"{path} has no last_refresh, and Codex sends no login without it. {again}")
    if needs_tokens and not has_tokens:
        problems.append(f"auth_mode in {path} says ChatGPT, and the file has no tokens. {again}")
    if mode == AUTH_MODES["apikey"] and not has_key:
        problems.append(f"auth_mode in {path} says API key, and the file has none. {again}")
    return problems
