"""What comes back from a target of any kind."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport


def test_what_a_target_says_is_checked_where_it_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"files": {"auth": {"path": "/x", "kind": "file", "auth": {"fields": 7}}}, "codex_version": "9" * 5000}
    transport = object.__new__(Transport)
    monkeypatch.setattr(transport, "_exchange", lambda program, request: {"homes": [odd]}, raising=False)
    (answer,) = transport.execute("describe", [])
    assert answer["files"]["auth"]["auth"] == {"malformed": True}
    assert answer["codex_version"] is None
