"""What counts as given: empty and null mean one thing for each option."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import given_options, with_group_defaults
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES, Spec
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

REFUSED = {
    *("user", "api_key", "personal_access_token", "content", "src"),
    *("homes", "dest", "encrypt_vault_id", "base_url", "container", "name", "account_id"),
}
EMPTY = (None, "", " ", "\n", Vaulted(""))


def options(spec: Spec, above: tuple[str, ...] = ()) -> t.Iterator[tuple[str, ...]]:
    """The way to each option of a module, through lists and dictionaries."""
    for name, option in spec.items():
        yield (*above, name)
        yield from options(option.get("options", {}), (*above, name))


def arguments(spec: Spec, way: tuple[str, ...], value: object) -> dict[str, t.Any]:
    """Arguments that give one option alone."""
    name, *rest = way
    if not rest:
        return {name: value}
    inner = arguments(spec[name]["options"], tuple(rest), value)
    return {name: [inner] if spec[name]["type"] == "list" else inner}


WAYS = [(module, way) for module, spec in MODULES.items() for way in options(spec)]


@pytest.mark.parametrize(("module", "way"), WAYS, ids=lambda part: part if isinstance(part, str) else ".".join(part))
def test_every_option_that_is_empty_is_refused_by_name_or_not_given(module: str, way: tuple[str, ...]) -> None:
    spec = MODULES[module]
    for value in EMPTY:
        given = arguments(spec, way, value)
        if way[-1] in REFUSED:
            named = ".".join(way[1:] if way[0] == "homes" and len(way) > 1 else way)
            with pytest.raises(CodexError, match=f"^{named} is empty\\."):
                given_options(given, spec)
        elif way == ("proxy",) and value is not None:
            assert given_options(given, spec) == given  # no proxy
        else:
            left = given_options(given, spec)
            while left and left != {}:
                left = next(iter(left.values()))
                left = left[0] if isinstance(left, list) else left
            assert left == {}


def test_what_is_given_stays_as_it_is() -> None:
    homes = [
        {"user": "alice", "auth": {"api_key": Vaulted("k"), "backup": False}, "config": {"settings": {"a": ""}}},
        {"user": "bob", "environment": {}, "config": {"absent": [[]], "lists": [{"path": ["a"], "append": False}]}},
    ]
    given = {"homes": homes, "verify": False, "restart_handlers": []}
    kept = given_options(given, MODULES["codex_home"])
    assert kept == given
    assert isinstance(kept["homes"][0]["auth"]["api_key"], Vaulted)
    assert given_options({"homes": []}, MODULES["codex_home"]) == {"homes": []}


@pytest.mark.parametrize(
    ("module", "given", "words"),
    [
        ("codex_home", {"homes": [{}, {"user": ""}]}, "homes[1].user is empty. Name the user"),
        ("codex_home", {"homes": [{}, {"auth": {"src": None}}]}, "homes[1].auth.src is empty"),
        ("codex_home", {"homes": [None]}, "homes[0] is empty"),
        ("codex_info", {"users": ["alice", ""]}, "users[1] is empty"),
        ("codex_auth_file", {"api_key": True}, "api_key is a boolean"),
        ("codex_auth_file", {"personal_access_token": 5}, "personal_access_token is a number"),
        ("codex_home", {"homes": [{"auth": {"api_key": 0.5}}]}, "auth.api_key is a number"),
    ],
)
def test_what_is_refused_is_named(module: str, given: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError) as refused:
        given_options(given, MODULES[module])
    assert str(refused.value).startswith(words)


def test_defaults_of_the_group_go_to_the_modules_and_parts_that_have_the_option() -> None:
    defaults = {"user": "alice", "update": "on_create", "backup": True, "dest": "x"}
    names = list(defaults)
    given = {**defaults, "homes": [{"user": "bob", "auth": {"api_key": "k"}}, {"config": {"backup": False}}]}
    assert with_group_defaults(given, names, MODULES["codex_home"]) == {
        "homes": [
            {"user": "bob", "auth": {"api_key": "k", "update": "on_create", "backup": True}},
            {"user": "alice", "config": {"backup": False}},
        ]
    }
    assert with_group_defaults(defaults, names, MODULES["codex_info"]) == {"user": "alice"}
    looked_at = {**defaults, "homes": [{"codex_home": "/srv/ci"}]}
    assert with_group_defaults(looked_at, names, MODULES["codex_info"]) == {
        "user": "alice",
        "homes": [{"codex_home": "/srv/ci"}],  # has neither backup nor update there
    }
    container = {"container": {"name": "web"}}
    assert with_group_defaults(container, ["container"], MODULES["codex_info"]) == container
    with pytest.raises(CodexError, match="container in module_defaults has no effect on this module"):
        with_group_defaults(container, ["container"], MODULES["codex_auth_fetch"])
    assert with_group_defaults({"usr": "bob"}, names, MODULES["codex_info"]) == {"usr": "bob"}  # which Ansible refuses
