# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The table of config.toml keys is true: Codex starts with what it accepts, and with nothing else.

Versions on both sides of most rows, of those that tests/environment/codex.sh fetches for other tests, too, and those
that only a row of refused values needs; most of them in `make clients` alone.
"""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import tomli_w
from ansible_collections.fleet.codex.plugins.plugin_utils._config.keys import permissions_warnings, start_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Source
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import (
    KEYS,
    REFUSED_VALUES,
    parse_version,
)
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import start

VERSIONS = ("0.20.0", "0.34.0", "0.45.0", "0.58.0", "0.94.0", "0.137.0", "0.139.0", "0.171.0")
ONLY_FOR_REFUSED = ("0.104.0", "0.115.0", "0.128.0", "0.148.0", "0.149.0")
IN_TEST = ("0.20.0", "0.94.0", "0.171.0")
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


@pytest.mark.parametrize("version", kept(IN_TEST, VERSIONS, reason="another version"))
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


BEDROCK = "model_providers.amazon-bedrock"
REFUSED: dict[str, list[t.Any]] = {
    "approval_policy": ["untrusted", "never", "on-request"],
    "model_reasoning_effort": ["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"],
    "profiles.*.model_reasoning_effort": ["xhigh", "max", "high"],
    "service_tier": ["default"],
    "model_providers.openai": [PROVIDER],
    "model_providers.ollama": [PROVIDER],
    "model_providers.lmstudio": [PROVIDER],
    f"{BEDROCK}.name": ["acme"],
    f"{BEDROCK}.env_key": ["FLEET_KEY"],
    f"{BEDROCK}.requires_openai_auth": [True],
    f"{BEDROCK}.base_url": ["http://127.0.0.1:1/v1"],
    f"{BEDROCK}.http_headers": [{"a": "b"}],
    "features.*": [True, {"enabled": True}],
    "agents.max_depth": [2],
    "agents.job_max_runtime_seconds": [2],
    "agents.default_subagent_model": ["m"],
    "agents.max_concurrent_threads_per_session": [2],
}
BEDROCK_KNOWN = (0, 128)
FEATURE = "multi_agent_v2"  # one of those that may be a table


@pytest.mark.parametrize("version", kept(IN_TEST, [*VERSIONS, *ONLY_FOR_REFUSED], reason="another version"))
def test_codex_refuses_the_values_that_the_table_says(version: str, home: pathlib.Path) -> None:
    assert REFUSED.keys() == REFUSED_VALUES.keys()
    codex, number = start(version, home), parse_version(version)
    wrong = []
    for key, values in REFUSED.items():
        for value in values:
            data: t.Any = value
            for name in reversed(key.split(".")):
                data = {(FEATURE if key == "features.*" else "work") if name == "*" else name: data}
            if key.startswith(BEDROCK) and number < BEDROCK_KNOWN:  # a provider like any other, which needs a name
                data["model_providers"]["amazon-bedrock"].setdefault("name", "acme")
            (home / ".codex" / "config.toml").write_text(tomli_w.dumps(data), encoding="utf-8")
            starts = codex.login_status().method != "unreadable"
            if starts == bool(start_warnings(data, number, "config.toml")):
                wrong.append((key, value, "starts" if starts else "does not start"))
    assert wrong == []


@pytest.mark.parametrize("version", ("0.94.0", "0.137.0", "0.171.0"))
def test_codex_needs_the_table_of_default_permissions(version: str, home: pathlib.Path) -> None:
    codex = start(version, home)
    for permissions in (None, {}, {"y": {}}, {"x": {}}):
        for name in ("x", ":workspace"):
            data = {"default_permissions": name} | ({} if permissions is None else {"permissions": permissions})
            (home / ".codex" / "config.toml").write_text(tomli_w.dumps(data), encoding="utf-8")
            starts = codex.login_status().method != "unreadable"
            warnings = permissions_warnings([[Source("config.toml", data)]], parse_version(version))
            assert starts != bool(warnings), data
