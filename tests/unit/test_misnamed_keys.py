"""Key paths that are valid and lead nowhere are told."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import check_version
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

from .test_plan import config_file, desired, found, plan

THERE = b'[mcp_servers.docs]\ncommand = "x"\n\n[company]\nsite = "north"\n'


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"settings": {"mcp_servers.docs.command": "y"}}, 'settings: "mcp_servers.docs.command" is one key with a dot'),
        ({"settings": {"mcp_servers": {"docs.command": {"command": "y"}}}}, None),
        ({"settings": {"projects": {"/srv/a.b": {"trust_level": "trusted"}}}}, None),
        ({"absent": [["mcp_servers.docs"]]}, "For docs in the table mcp_servers, write [mcp_servers, docs]."),
        ({"absent": [["mcp_servers.other"]]}, None),
        ({"secret_keys": [["company", "sight"]]}, "secret_keys names company.sight, which is neither in"),
        ({"secret_keys": [["company", "site"]]}, None),
        ({"secret_keys": [["new", "site"]], "settings": {"new": {"site": "south"}}}, None),
        ({"secret_keys": [["hooks", "x"]], "settings": {"hooks": [{"x": 1}]}}, None),
    ],
)
def test_a_path_that_leads_nowhere_is_told(config: dict[str, t.Any], words: str | None) -> None:
    wanted = desired(config=config)
    warnings = plan(wanted, found(wanted, config=config_file(THERE))).warnings
    assert len(warnings) == (words is not None)
    assert words is None or words in warnings[0]


def test_a_key_with_dots_that_is_there_already_is_meant_so() -> None:
    wanted = desired(config={"settings": {"a.b": 2}})
    assert not plan(wanted, found(wanted, config=config_file(b'"a.b" = 1\n'))).warnings


@pytest.mark.parametrize("option", [0.130, "0.13.0", 0.2, "0.5"])
def test_a_version_before_all_that_are_known_is_refused(option: object) -> None:
    """As YAML makes it of one that is not in quotes."""
    with pytest.raises(CodexError, match="is older than 0.20"):
        check_version(option)


def test_the_oldest_known_version_is_none_of_these() -> None:
    assert check_version("0.20.0") == ((0, 20, 0), False)


@pytest.mark.parametrize("option", ["settings", "absent", "lists", "preferred_auth_method", "enforce_login_method"])
def test_what_has_no_effect_on_a_removed_file_is_refused(option: str) -> None:
    value: t.Any = {
        "settings": {"a": 1},
        "absent": [["a"]],
        "lists": [{"path": ["a"], "append": True}],
        "preferred_auth_method": "apikey",
    }.get(option, True)
    with pytest.raises(CodexError, match=f"so {option} has no effect"):
        desired(config={"state": "absent", option: value})
