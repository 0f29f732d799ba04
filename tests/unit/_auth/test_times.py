"""Times of auth.json, as moments."""

from __future__ import annotations

from fractions import Fraction

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-31T12:00:00Z", True),
        ("2026-01-31 12:00:00Z", True),
        ("2026-01-31T12:00:00.000000000Z", True),
        ("2026-01-31T14:00:00+02:00", True),
        ("2026-01-31T12:00:00.000000001Z", False),
        ("2026-01-31T12:00:00+02:00", False),
    ],
)
def test_times_are_compared_as_moments(text: str, same: bool) -> None:
    assert (parse_time(text) == parse_time("2026-01-31T12:00:00Z")) is same


def test_a_time_is_seconds_since_1970_with_every_digit() -> None:
    assert parse_time("1970-01-01T00:00:01Z") == 1
    assert parse_time("1970-01-01t00:00:01.000000000000000001z") == 1 + Fraction(1, 10**18)
    assert parse_time("1969-12-31T23:59:59Z") == -1


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.Z",
        "2026-13-31T12:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T12:00:00+99:00",
        "2026-01-31T12:00:00Z\n",
        "2026-01-31T12:00:00." + "1" * 5000 + "Z",
        "2026-01-31T12:00:00.\uff11Z",
        "\uff12026-01-31T12:00:00Z",  # a digit of another script
    ],
)
def test_what_is_not_a_time(text: str | None) -> None:
    assert parse_time(text) is None
