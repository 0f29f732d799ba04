"""Variables of the role that have no effect are told."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.role import (
    FOR_ALL,
    FOR_ONE_USER,
    check_role_variables,
    check_types,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

ROLE = CHECKOUT / "roles" / "codex"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))


def check(**variables: t.Any) -> list[str]:
    """With the role's defaults; no value is a template here but for what is to be left out."""
    given = {**DEFAULTS, **variables}
    return check_role_variables(given, lambda name: None if given[name] == "{{ omit }}" else given[name])


def test_all_variables_of_the_role_are_known_with_their_defaults() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    assert {*FOR_ONE_USER, *FOR_ALL} == set(specs["argument_specs"]["main"]["options"])
    known = {name: default for name, default in DEFAULTS.items() if name not in FOR_ALL}
    assert {name: default for name, default in FOR_ONE_USER.items() if default is not None} == known


@pytest.mark.parametrize("name", FOR_ONE_USER)
def test_a_variable_for_one_user_beside_codex_homes_is_refused(name: str) -> None:
    other = not DEFAULTS[name] if isinstance(DEFAULTS.get(name), bool) else "x"
    with pytest.raises(CodexError, match=f"^codex_homes replaces .* so {name} would have no effect"):
        check(codex_homes=[], **{name: other})
    for harmless in (DEFAULTS.get(name), "", None, *(["{{ omit }}"] if name not in DEFAULTS else [])):
        assert check(codex_homes=[], **{name: harmless}) == []
    if not isinstance(other, str) or name not in ("codex_export_api_key",):
        assert check(**{name: other}) == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("codex_apikey", "codex_api_key"),
        ("codex_users", "codex_user"),
        ("codex_key", "codex_api_key"),
        ("codex_content", "codex_auth_content"),
        ("codex_setting", "codex_settings"),
        ("codex_model", "codex_home"),
    ],
)
def test_a_variable_that_the_role_does_not_know_is_told_with_the_nearest(name: str, nearest: str) -> None:
    (warning,) = check(**{name: "x"})
    assert f"no variable {name}, so it has no effect" in warning
    assert f"The nearest is {nearest}." in warning


def test_variables_of_others_are_not_told() -> None:
    others = {"codex_result": {}, "codex_collect_users": [], "codex_fleet_inventory": 1, "my_codex_user": "x"}
    others |= {"codex_containers_image": "x"}
    assert check(**others) == []
    assert check(codex_api_keys={"alice": "x"}, codex_api_key="{{ codex_api_keys.alice }}") == []


@pytest.mark.parametrize("value", ["maybe", 2, [True]])
def test_what_the_roles_templates_evaluate_must_be_a_boolean(value: object) -> None:
    with pytest.raises(CodexError, match=r"^codex_export_api_key must be true or false\.$"):
        check(codex_export_api_key=value)
    for switch in (True, False, "yes", "False", 0, "", None):
        assert check(codex_export_api_key=switch) == []


@pytest.mark.parametrize("homes", ["alice", {"user": "alice"}, ["alice"], [{"user": "alice"}, 5], 5, True])
def test_codex_homes_must_be_a_list_of_dictionaries(homes: object) -> None:
    with pytest.raises(CodexError, match=r"^codex_homes must be a list of homes, each a dictionary such as"):
        check_types(homes, {"codex_homes": homes})


def test_codex_environment_must_be_a_dictionary() -> None:
    homes = [{"environment": ["A=1"]}]
    with pytest.raises(CodexError, match=r"^codex_environment must be a dictionary of names and values\.$"):
        check_types(homes, {"codex_environment": "A=1"})
    # In an entry of codex_homes, the module names the option.
    check_types(homes, {"codex_homes": homes})


@pytest.mark.parametrize("homes", [None, "", [], [None, {"user": "alice"}], [{"environment": {"A": "1"}}]])
def test_other_homes_are_left_to_the_module(homes: object) -> None:
    check_types(homes, {"codex_homes": homes})
