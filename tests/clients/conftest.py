# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The fixture that all tests with a real Codex share, and the table that the tests of the matrix leave."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import scratch

from . import matrix


@pytest.fixture(name="home")
def _home() -> t.Iterator[pathlib.Path]:
    """An empty HOME with an empty .codex, outside the default temporary folder."""
    with scratch() as folder:
        (folder / ".codex").mkdir()
        yield folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Only the main process has a summary, and there are the reports of all processes of pytest-xdist."""
    cells = [
        t.cast(matrix.Cell, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == matrix.PROPERTY
    ]
    if cells:
        terminalreporter.section(f"written to {matrix.write(cells)}")
        terminalreporter.write_line(matrix.render(cells))
