# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Tests that need what a machine may lack."""

from __future__ import annotations

import os
import typing as t

import pytest


def unavailable(reason: str) -> t.NoReturn:
    """Ends a test that cannot run on this machine: skipped, or failed in CI, where every test must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def without_powershell(reason: str) -> t.NoReturn:
    """Ends a test that needs what tests/environment/windows.sh sets up: skipped also in CI, which may not have it."""
    pytest.skip(reason)
