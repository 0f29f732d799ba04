"""Temporary files of killed runs: a folder may hold any number of files."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target import leftovers as module
from ansible_collections.fleet.codex.plugins.module_utils._target.leftovers import TEMPORARY, leftovers


def test_a_number_of_them_is_found_in_each_folder(tmp_path: pathlib.Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        for n in range(module.LEFTOVERS_LIMIT + 1):
            (folder / f"{TEMPORARY}{n}").touch()
    found = leftovers(map(str, folders))
    assert len(found) == 2 * module.LEFTOVERS_LIMIT
    assert {pathlib.Path(path).parent for path in found} == set(folders)


def test_a_number_of_names_is_looked_at(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMES_LIMIT", 10)
    for n in range(20):
        (tmp_path / f"{TEMPORARY}{n}").touch()
    assert len(leftovers([str(tmp_path)])) == 10
