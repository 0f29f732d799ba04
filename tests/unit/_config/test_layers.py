"""The layers of the configuration: their names, and where each version of Codex reads them."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import USER, Layer, parse_layer
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import Version
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import desired, layer


@pytest.mark.parametrize(
    "name", ["profile", "profile:", "profile:a/b", "profile:..", "user:x", "system:x", "project", ""]
)
def test_a_layer_that_does_not_exist_is_refused(name: str) -> None:
    if name == "":
        assert desired(config={"layer": name}).config == desired(config={}).config
    else:
        with pytest.raises(CodexError, match="^config.layer must be user, system"):
            layer(name)


@pytest.mark.parametrize(
    ("name", "expected", "is_host_wide", "reads_keys"),
    [
        ("user", USER, False, True),
        ("profile:a_B-1", Layer("profile", "a_B-1"), False, True),
        ("system", Layer("system"), True, True),
        ("managed", Layer("managed"), True, True),
        ("requirements", Layer("requirements"), True, False),
    ],
)
def test_layers(name: str, expected: Layer, is_host_wide: bool, reads_keys: bool) -> None:
    found = parse_layer(name)
    assert found == expected
    assert (found.is_host_wide, found.reads_keys) == (is_host_wide, reads_keys)


@pytest.mark.parametrize(
    ("name", "version", "file", "table"),
    [
        ("user", None, "config", ()),
        ("user", (0, 20), "config", ()),
        ("system", None, "system", ()),
        ("managed", (0, 169), "managed", ()),
        ("requirements", (0, 169), "requirements", ()),
        ("profile:work", (0, 133, 9), "config", ("profiles", "work")),
        ("profile:work", (0, 134), "profile", ()),
        ("profile:work", None, "profile", ()),
    ],
)
def test_each_version_reads_a_layer_in_its_file(
    name: str, version: Version | None, file: str, table: tuple[str, ...]
) -> None:
    found = parse_layer(name)
    assert (found.file(version), found.table(version)) == (file, table)


def test_only_a_profile_has_a_file_that_is_not_always_described() -> None:
    assert [parse_layer(name).query() for name in ("user", "system", "managed", "requirements")] == [None] * 4
    query = parse_layer("profile:work").query()
    assert query == {"name": "profile", "base": "codex_home", "path": "work.config.toml", "details": "content"}
