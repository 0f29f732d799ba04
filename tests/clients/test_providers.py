# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Which providers get the login of auth.json: the warnings are those that a real Codex deserves.

`codex login status` is content with all of these, so only what goes out tells.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.providers import unused_login_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Source, Sources
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import parse_version
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.mock_api import RESPONSES
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import chatgpt, start, write_auth

VERSIONS = ("0.45.0", "0.58.0", "0.94.0", "0.137.0", "0.139.0", "0.148.0", "0.149.0", "0.171.0")
KEY = "fleet-test-key-providers"

BASE = "http://127.0.0.1:{port}/v1"
GATEWAY = {
    "name": "gw",
    "base_url": BASE,
    "wire_api": "responses",
    "request_max_retries": 0,
    "stream_max_retries": 0,
}
ASKED_FOR = {"requires_openai_auth": True}
VARIABLE = {"env_key": "FLEET_KEY"}
CASES: dict[str, dict[str, t.Any]] = {
    "plain": {},
    "asks for the login": ASKED_FOR,
    "asks for none": {"requires_openai_auth": False},
    "variable": VARIABLE,
    "variable and login": {**VARIABLE, **ASKED_FOR},
    "token": {"experimental_bearer_token": "fleet-test-bearer"},
    "token and login": {"experimental_bearer_token": "fleet-test-bearer", **ASKED_FOR},
    "command": {"auth": {"command": "/bin/echo", "args": ["fleet-test-command"]}},
}


OPENAI = {"model_provider": "openai", "openai_base_url": BASE}


def overrides(data: t.Any, above: str = "") -> list[str]:
    """The words for ``--config`` that say the same as the data."""
    if isinstance(data, dict):
        return [word for key, value in data.items() for word in overrides(value, f"{above}.{key}" if above else key)]
    return [f"{above}={json.dumps(data)}"]


def sends_the_login(version: str, home: pathlib.Path, config: dict[str, t.Any], login: str) -> bool:
    """Whether Codex sends the login of the kind to the provider that the configuration chooses."""
    document = chatgpt("providers")
    write_auth(home, credentials.api_key_document(KEY) if login == "apikey" else document)
    credential = KEY if login == "apikey" else document["tokens"]["access_token"]
    variables = {"FLEET_KEY": "fleet-test-variable", "CODEX_OSS_BASE_URL": BASE}
    execution = start(version, home).execute(overrides=overrides(config), env=variables)
    # With the default provider and a ChatGPT login it only tries a websocket here.
    asked = [r["authorization"] for r in execution.requests if r["path"].partition("?")[0] == RESPONSES]
    assert asked, execution.text
    return f"Bearer {credential}" in asked


def is_warned(version: str, config: dict[str, t.Any]) -> bool:
    empty = {name: Source(name) for name in ("system", "managed", "requirements")}
    return bool(unused_login_warnings(Sources(user=Source("config.toml", config), **empty), parse_version(version)))


@pytest.mark.parametrize(
    ("version", "login"),
    kept([("0.139.0", "apikey"), ("0.171.0", "chatgpt")], VERSIONS, ("apikey", "chatgpt"), reason="another version"),
)
def test_a_provider_that_gets_no_login_is_a_warning_and_no_other(version: str, login: str, home: pathlib.Path) -> None:
    configurations = {
        name: {"model_provider": "gw", "model_providers": {"gw": GATEWAY | more}} for name, more in CASES.items()
    }
    if parse_version(version) >= (0, 137):
        configurations |= {name: {"model_provider": name} for name in ("ollama", "lmstudio")}
        if login == "apikey":
            configurations["openai"] = OPENAI
    wrong = [
        name
        for name, config in configurations.items()
        if sends_the_login(version, home, config, login) == is_warned(version, config)
    ]
    assert wrong == []


@pytest.mark.repeats("half a minute, in which Codex tries a websocket again and again")
@pytest.mark.parametrize("version", [version for version in VERSIONS if parse_version(version) >= (0, 137)])
def test_the_default_provider_gets_a_chatgpt_login(version: str, home: pathlib.Path) -> None:
    assert sends_the_login(version, home, OPENAI, "chatgpt")
    assert not is_warned(version, OPENAI)
