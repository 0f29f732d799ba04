"""A value that all processes of a run share is made once."""

from __future__ import annotations

import multiprocessing
import pathlib
import time
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._run.once_per_run import once_per_run
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def _value(folder: str, n: int) -> tuple[int, int]:
    def make() -> int:
        time.sleep(0.05)
        return n

    return n, once_per_run(folder, "value", make)


def test_one_process_makes_a_value_and_all_read_it(tmp_path: pathlib.Path) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        values = pool.starmap(_value, [(str(tmp_path), n) for n in range(8)])
    assert len({value for _n, value in values}) == 1


def test_each_name_has_a_value_of_its_own(tmp_path: pathlib.Path) -> None:
    assert [once_per_run(str(tmp_path), name, lambda name=name: name) for name in ("a", "b")] == ["a", "b"]
    assert [once_per_run(str(tmp_path), name, dict) for name in ("a", "b")] == ["a", "b"]


def test_a_value_that_was_cut_off_is_made_anew(tmp_path: pathlib.Path) -> None:
    once_per_run(str(tmp_path), "value", lambda: {"a": 1})
    path = next(path for path in tmp_path.rglob("value"))
    path.write_text('{"a": ')
    made: dict[str, t.Any] = once_per_run(str(tmp_path), "value", lambda: {"a": 2})
    assert made == {"a": 2} == once_per_run(str(tmp_path), "value", dict)


def test_a_value_that_could_not_be_made_is_made_by_the_next_one(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ZeroDivisionError):
        once_per_run(str(tmp_path), "value", lambda: 1 // 0)
    assert once_per_run(str(tmp_path), "value", lambda: 1) == 1


def test_a_folder_that_cannot_be_used(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CodexError, match="local_tmp"):
        once_per_run(str(tmp_path / "file"), "value", dict)
