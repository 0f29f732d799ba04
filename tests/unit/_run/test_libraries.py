"""The libraries of the controller: named with the command that installs them, and looked for again once they may be."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._run import libraries
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def test_what_the_play_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "HAS_ALL", False)
    missing = ["tomledit"]
    monkeypatch.setattr(libraries, "missing_libraries", lambda: missing)
    with pytest.raises(
        CodexError, match=r"needs tomledit on the controller\. Run: .* -m pip install tomli tomledit tomli-w$"
    ):
        libraries.check_libraries()
    missing.clear()
    libraries.check_libraries()


def test_a_library_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libraries.missing_libraries() == []
    monkeypatch.setitem(libraries.LIBRARIES, "fleet_codex_nothing", "fleet-codex-nothing")
    assert libraries.missing_libraries() == ["fleet-codex-nothing"]
