# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The table of config.toml keys is true: Codex starts with what it accepts, and with nothing else.

Versions on both sides of most rows, of those that tests/environment/codex.sh fetches for other tests, too.
"""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import tomli_w
from ansible_collections.fleet.codex.plugins.plugin_utils._config.keys import start_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import KEYS, parse_version

from .harness import start

VERSIONS = ("0.20.0", "0.34.0", "0.45.0", "0.58.0", "0.94.0", "0.137.0", "0.169.0")
PROVIDER = {"name": "acme", "base_url": "http://127.0.0.1:1/v1"}
SERVER = {"url": "http://127.0.0.1:1"}


def document(key: str, value: t.Any) -> dict[str, t.Any]:
    """A config.toml in which the key is all that may be wrong."""
    if key == "profile":
        return {key: value, "profiles": {value: {"model": "m"}}}
    if key == "model_providers.*.wire_api":
        return {"model_providers": {"acme": {**PROVIDER, "wire_api": value}}}
    if key == "mcp_servers.*.bearer_token":
        return {"mcp_servers": {"docs": {**SERVER, "bearer_token": value}}}
    return {key: value}


VALUES: dict[str, list[t.Any]] = {
    "preferred_auth_method": ["apikey", "chatgpt", "api", 1],
    "forced_login_method": ["api", "chatgpt", "apikey", 1],
    "forced_chatgpt_workspace_id": ["a", "", ["a", "b"], [], [1], 1],
    "cli_auth_credentials_store": ["file", "auto", "ephemeral", "memory", 1],
    "mcp_oauth_credentials_store": ["file", "keyring", "auto", "ephemeral"],
    "profile": ["work"],
    "profiles": [{"work": {"model": "m"}}, {}],
    "model_providers.*.wire_api": ["responses", "chat", "responses_websocket", "rest"],
    "mcp_servers.*.bearer_token": ["fleet-test-token"],
}


@pytest.mark.parametrize("version", VERSIONS)
def test_codex_starts_with_what_the_table_says(version: str, home: pathlib.Path) -> None:
    assert VALUES.keys() == KEYS.keys()
    codex = start(version, home)
    wrong = []
    for key, values in VALUES.items():
        # Before 0.44, a server cannot have a URL, whatever else it has.
        for value in [] if key.startswith("mcp_servers") and parse_version(version) < KEYS[key].first else values:
            data = document(key, value)
            (home / ".codex" / "config.toml").write_text(tomli_w.dumps(data), encoding="utf-8")
            starts = codex.login_status().method != "unreadable"
            if starts == bool(start_warnings(data, parse_version(version), "config.toml")):
                wrong.append((key, value, "starts" if starts else "does not start"))
    assert wrong == []
