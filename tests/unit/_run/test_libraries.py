"""The libraries of the controller: named with the command that installs them, and looked for again once they may be."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._run import libraries
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

PACKAGES = "'tomledit>=1.2,<2' 'tomli>=2.2' 'tomli-w>=1.1'"


def test_what_the_play_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "HAS_ALL", False)
    missing = ["tomledit>=1.2,<2"]
    monkeypatch.setattr(libraries, "missing_libraries", lambda: missing)
    with pytest.raises(CodexError, match=rf"needs tomledit>=1\.2,<2 on the controller\. Run: .* install .*{PACKAGES}$"):
        libraries.check_libraries()
    missing.clear()
    libraries.check_libraries()


def test_a_library_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libraries.missing_libraries() == []
    monkeypatch.setitem(libraries.LIBRARIES, "fleet_codex_nothing", "fleet-codex-nothing>=1")
    assert libraries.missing_libraries() == ["fleet-codex-nothing>=1"]


@pytest.mark.parametrize(
    ("prefix", "has_pip", "is_managed", "advice"),
    [
        ("/venv", True, False, f"Run: /venv/bin/python -m pip install {PACKAGES}"),
        ("/venv", False, False, f"Run: uv pip install --python /venv/bin/python {PACKAGES}"),
        ("/root/.local/share/pipx/venvs/ansible-core", False, False, f"Run: pipx inject ansible-core {PACKAGES}"),
        ("/opt/pipx/venvs/ansible", True, False, f"Run: pipx inject ansible {PACKAGES}"),
        ("/usr", True, True, "/usr/bin/python belongs to the system and refuses pip. Install Ansible with pipx"),
        ("/usr", False, True, "/usr/bin/python belongs to the system and refuses pip. Install Ansible with pipx"),
    ],
)
def test_the_advice_fits_the_python(prefix: str, has_pip: bool, is_managed: bool, advice: str) -> None:
    text = libraries.how_to_install(
        pathlib.Path(prefix), f"{prefix}/bin/python", has_pip=has_pip, is_managed=is_managed
    )
    assert text.startswith(advice)
    assert PACKAGES in text


@pytest.mark.parametrize("name", ["requirements.txt", "README.md", "docs/install.md", "tests/unit/requirements.txt"])
def test_every_place_names_the_same_versions(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    found = re.findall(r"\b(?:tomledit|tomli|tomli-w)(?:[<>=!~]=?[\d.]+,?)+", text)
    assert set(found) == set(libraries.LIBRARIES.values())
