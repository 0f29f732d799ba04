# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Parameters of tests of which `make test` runs a part, and `make clients` the rest, too (tests/conftest.py)."""

from __future__ import annotations

import itertools
import typing as t

import pytest

if t.TYPE_CHECKING:
    from _pytest.mark import ParameterSet

CORES = ("oldest", "newest")  # of the fixture other_core


def kept(keep: t.Collection[t.Any], *parameters: t.Iterable[t.Any], reason: str) -> list[ParameterSet]:
    """What `pytest.mark.parametrize` takes: all combinations of the parameters, marked where they are not in ``keep``.

    One list may be of values, or of tuples for several parameters at once; so is then ``keep``.
    """
    found: list[t.Any] = list(itertools.product(*parameters)) if len(parameters) > 1 else list(*parameters)
    unknown = [case for case in keep if case not in found]
    assert not unknown, f"no parameters of the test: {unknown}"
    mark = pytest.mark.repeats(reason)
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=() if case in keep else mark)
        for case in found
    ]


def on_core(core: t.Literal["oldest", "newest"]) -> pytest.MarkDecorator:
    """For a test that takes ``other_core``: `make test` runs it on this one alone."""
    return pytest.mark.parametrize("other_core", kept([core], CORES, reason="another core"), indirect=True)
