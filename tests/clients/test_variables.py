# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The variables of workload identity outrank auth.json in the versions that the table names, and never delete it."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import (
    FORCED_BY_VARIABLE,
    OUTRANKING_VARIABLES,
    parse_version,
)
from ansible_collections.fleet.codex.tests.support import credentials

from .harness import ALL_VERSIONS, chatgpt, start, write_auth

NAMES = [name for name in OUTRANKING_VARIABLES if name not in FORCED_BY_VARIABLE]


@pytest.mark.parametrize(
    "version", ("0.139.0", "0.171.0", *(("0.149.0", "0.164.0", "0.167.2") if ALL_VERSIONS else ()))
)
@pytest.mark.parametrize("name", NAMES)
def test_workload_identity_outranks_the_login(version: str, name: str, home: pathlib.Path) -> None:
    codex = start(version, home)
    for document in (credentials.api_key_document("fleet-test-key-variables"), chatgpt("variables")):
        path = write_auth(home, document)
        status = codex.login_status({name: "fleet-test-value"})
        outranks = OUTRANKING_VARIABLES[name].works_in(parse_version(version))
        assert (status.method == "unreadable") is outranks, status.text
        assert path.exists()


@pytest.mark.parametrize("name", NAMES)
def test_codex_does_not_delete_the_login_because_of_it(name: str, home: pathlib.Path) -> None:
    codex = start("0.171.0", home)
    for method, document in (
        ("api", credentials.api_key_document("fleet-test-key-variables")),
        ("chatgpt", chatgpt("variables")),
    ):
        path = write_auth(home, document)
        (home / ".codex" / "config.toml").write_text(f'forced_login_method = "{method}"\n', encoding="utf-8")
        before = path.read_bytes()
        execution = codex.execute(env={name: "fleet-test-value"})
        assert execution.rc != 0
        assert execution.authorization == []
        assert path.read_bytes() == before
