"""Errors of a target as facts, which quote nothing."""

from __future__ import annotations

import errno
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError, guarded, system_error


def failing(error: BaseException) -> t.Callable[[], t.NoReturn]:
    def work() -> t.NoReturn:
        raise error

    return work


def test_what_keeps_work_from_a_result_is_its_answer() -> None:
    assert guarded(lambda: {"a": 1}) == {"a": 1}
    error = TargetError("relative", path="x")
    assert guarded(failing(error)) == {"error": {"reason": "relative", "path": "x"}}
    full = OSError(errno.ENOSPC, "SECRETMARKER", "/x")
    assert guarded(failing(full)) == {"error": system_error(full)}
    with pytest.raises(KeyError):
        guarded(failing(KeyError("a mistake in the program")))


def test_an_error_of_the_system_is_its_code_its_text_and_the_path() -> None:
    error = OSError(errno.ENOSPC, "SECRETMARKER", "/x")
    facts = {"reason": "system", "code": "ENOSPC", "cause": "No space left on device", "path": "/x"}
    assert system_error(error) == facts
    assert system_error(error, "/y") == {**facts, "path": "/y"}
    assert system_error(OSError("SECRETMARKER")) == {
        "reason": "system",
        "code": "None",
        "cause": "OSError",
        "path": None,
    }
