"""The table of Codex versions: ranges, and when a login is renewed; and that the documentation has the table."""

from __future__ import annotations

import re
import typing as t
from fractions import Fraction

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import VersionRange, parse_version
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0.169.0", (0, 169, 0)),
        (" v0.169.0\n", (0, 169, 0)),
        ("0.169", (0, 169, 0)),
        ("0.140.0-alpha.2", (0, 140, 0)),
        ("0.140.0+build", (0, 140, 0)),
        ("1.2.30", (1, 2, 30)),
    ],
)
def test_versions(text: str, version: versions.Version) -> None:
    assert parse_version(text) == version
    assert parse_version(versions.number(version)) == version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "0",
        "0.",
        "0.1.2.3",
        "0.169.0 beta",
        "-0.1",
        "0.1x",
        "0." + "9" * 5000,
        "9" * 5000 + ".1",
        "\u0663.\u0664",
    ],
)
def test_what_is_not_a_version(text: str) -> None:
    with pytest.raises(CodexError, match="codex_version must be a version such as"):
        parse_version(text)


@pytest.mark.parametrize(
    ("first", "last", "words", "inside", "outside"),
    [
        ((0,), None, "all versions", [(0, 20), (9, 9, 9)], []),
        ((0,), (0, 133), "up to 0.133", [(0, 20), (0, 133, 9)], [(0, 134)]),
        ((0, 80), None, "0.80 and later", [(0, 80), (0, 80, 1), (1, 0)], [(0, 79, 9)]),
        ((0, 44), (0, 45), "0.44 to 0.45", [(0, 44, 0), (0, 45, 7)], [(0, 43, 9), (0, 46)]),
    ],
)
def test_ranges(
    first: versions.Version,
    last: versions.Version | None,
    words: str,
    inside: list[versions.Version],
    outside: list[versions.Version],
) -> None:
    versions_ = VersionRange(first, last)
    assert versions_.range() == words
    assert all(versions_.works_in(version) for version in inside)
    assert not any(versions_.works_in(version) for version in outside)


@pytest.mark.parametrize(("version", "dropped"), [((0, 22), False), ((0, 34, 9), False), ((0, 35), True)])
def test_a_key_is_dropped_by_the_versions_after_its_last(version: versions.Version, dropped: bool) -> None:
    assert versions.KEYS["preferred_auth_method"].dropped_in(version) is dropped
    assert not versions.KEYS["forced_login_method"].dropped_in(version)


DAY = 86400
NOW = 100 * DAY


@pytest.mark.parametrize(
    ("version", "age", "expires_in", "due"),
    [
        ((0, 52), 28 * DAY, 0, False),
        ((0, 52), 28 * DAY + 1, 0, True),
        ((0, 53), 8 * DAY, 0, False),
        ((0, 53), 8 * DAY + 1, DAY, True),
        ((0, 119), None, -1, None),
        # From 0.120 on the access token says it, and its age counts only where that does not.
        ((0, 120), 9 * DAY, 1, False),
        ((0, 120), 0, 0, True),
        ((0, 120), 9 * DAY, None, True),
        ((0, 120), None, None, None),
        ((0, 136), 0, 1, False),
        # From 0.137 on five minutes before.
        ((0, 137), 0, 301, False),
        ((0, 137), 0, 300, True),
        ((0, 169), 0, "soon", False),
    ],
)
def test_when_a_version_renews_a_login(
    version: versions.Version, age: int | None, expires_in: t.Any, due: bool | None
) -> None:
    last_refresh = None if age is None else Fraction(NOW - age)
    expires = NOW + expires_in if isinstance(expires_in, int) else expires_in
    assert versions.refresh_due(version, last_refresh, expires, NOW) is due


def test_the_documentation_has_the_table() -> None:
    page = CHECKOUT / "docs" / "codex-versions.md"
    rows = re.findall(r"^\| `([\w.*]+)` \| ([^|]+) \| ([^|]+) \|([^|]*) ?\|$", page.read_text(encoding="utf-8"), re.M)

    def described(value: str | type, span: versions.VersionRange) -> str:
        name = versions.KINDS[value] if isinstance(value, type) else f"`{value}`"
        return name if span == versions.ALL else f"{name} ({span.range()})"

    expected = {
        name: (
            setting.range(),
            ", ".join(described(*item) for item in setting.values.items()),
            "does not start" if setting.stops else "ignored" if setting.last else "",
        )
        for name, setting in versions.KEYS.items()
    }
    documented = {name: (works, accepted, later.split(";")[0].strip()) for name, works, accepted, later in rows}
    assert {name: documented.get(name) for name in expected} == expected


def test_the_documentation_has_the_refused_values() -> None:
    page = (CHECKOUT / "docs" / "codex-versions.md").read_text(encoding="utf-8")
    section = page.partition("### Values that some versions refuse")[2].partition("\n## ")[0]
    rows, key = [], ""
    for line in re.findall(r"^\| (.*) \|$", section, re.M):
        first, value, span = line.lstrip("| ").split(" | ") if line.count(" | ") == 2 else ("", *line[2:].split(" | "))
        key = first or key
        rows.append((key, value, span))
    for name, values in versions.REFUSED_VALUES.items():
        name = name.removeprefix("profiles.*.").replace(".*", ".NAME")
        table, _dot, last = name.rpartition(".")
        for value, span in values.items():
            text = number_range(span)
            assert [
                row
                for row in rows
                if row[2] == text
                and (name in row[0] or (table in row[0] and f"`.{last}`" in row[0]) or f"`{last}`" in row[1])
                and (not isinstance(value, str) or f"`{value}`" in row[1])
            ], (name, value, text)


def number_range(span: versions.VersionRange) -> str:
    return versions.number(span.first) if span.first == span.last else span.range()
