# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The fixture that all tests with a real Codex share."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from .codex_client import scratch


@pytest.fixture(name="home")
def _home() -> t.Iterator[pathlib.Path]:
    """An empty HOME with an empty .codex, outside the default temporary folder."""
    with scratch() as folder:
        (folder / ".codex").mkdir()
        yield folder
