"""The options of a configuration file: which go together, and which key paths are none."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.config import desired_config
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import CONFIG
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup, DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import desired, layer


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"settings": {"a": {"b": 1}}, "absent": [["a", "b"]]}, "a.b is in both config.settings and config.absent"),
        ({"settings": {"a": {"b": 1}}, "absent": [["a"]]}, "a is in both config.settings and config.absent"),
        ({"force": True}, "config.force replaces a file that cannot be read, so it needs a copy"),
        ({"lists": [{"path": ["a"], "append": True}]}, "config.lists names a, which is not in"),
        ({"preferred_auth_method": "apikey", "settings": {"preferred_auth_method": "apikey"}}, "Give it once"),
        ({"backup_keep": 1}, "config.backup_keep limits the copies"),
        ({"mode": "0644"}, "config.mode must be an octal mode"),
    ],
)
def test_options_that_are_refused(config: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words):
        desired(config=config)


@pytest.mark.parametrize(
    "option", ["settings", "absent", "lists", "preferred_auth_method", "enforce_login_method", "force_method"]
)
def test_what_has_no_effect_on_a_removed_file_is_refused(option: str) -> None:
    value: t.Any = {
        "settings": {"a": 1},
        "absent": [["a"]],
        "lists": [{"path": ["a"], "append": True}],
        "preferred_auth_method": "apikey",
        "force_method": "none",
    }.get(option, True)
    with pytest.raises(CodexError, match=f"^config.state: absent .* so {option} has no effect"):
        desired(config={"state": "absent", option: value})


@pytest.mark.parametrize("name", ["profile:work", "requirements"])
@pytest.mark.parametrize(
    "option", [{"preferred_auth_method": "apikey"}, {"enforce_login_method": True}, {"force_method": "none"}]
)
def test_the_choice_of_login_is_refused_where_it_has_no_effect(name: str, option: dict[str, t.Any]) -> None:
    with pytest.raises(CodexError, match=f"{next(iter(option))} has no effect in the layer {name.partition(':')[0]}"):
        layer(name, **option)


@pytest.mark.parametrize("name", ["system", "managed"])
def test_a_method_that_is_only_preferred_is_refused_in_a_file_of_the_host(name: str) -> None:
    """No version that reads such a file acts on preferred_auth_method: it can only say what is enforced."""
    with pytest.raises(CodexError) as refused:
        layer(name, preferred_auth_method="apikey")
    assert str(refused.value) == (
        f"config.preferred_auth_method has no effect in the layer {name}, since no Codex that reads it acts on that "
        "key. Leave it out, or set enforce_login_method."
    )
    assert layer(name, preferred_auth_method="apikey", enforce_login_method=True).config


@pytest.mark.parametrize("name", ["system", "managed"])
def test_a_method_is_forced_in_the_users_own_file_alone(name: str) -> None:
    with pytest.raises(CodexError) as refused:
        layer(name, force_method="follow")
    assert str(refused.value) == (
        f"config.force_method has no effect in the layer {name}. Set config.enforce_login_method there."
    )


@pytest.mark.parametrize("force", ["apikey", "chatgpt", "none"])
@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"preferred_auth_method": "apikey"}, "preferred_auth_method"),
        ({"enforce_login_method": True}, "enforce_login_method"),
        ({"settings": {"forced_login_method": "api"}}, "settings.forced_login_method"),
        ({"absent": [["preferred_auth_method"]]}, "absent"),
    ],
)
def test_a_method_is_said_once(force: str, other: dict[str, t.Any], name: str) -> None:
    with pytest.raises(CodexError) as refused:
        desired(config={"force_method": force, **other}, codex_version="0.171.0")
    assert str(refused.value) == (
        f"config.force_method sets the keys that choose the method of login, and so does config.{name}. Leave out one "
        "of the two."
    )
    assert desired(config={"force_method": "follow", **other}, codex_version="0.171.0").config
    assert desired(config={"force_method": force, "absent": [["x", "forced_login_method"]]}).config


def test_dropping_in_requirements_is_refused() -> None:
    with pytest.raises(CodexError, match="drop_removed_keys has no effect in the layer requirements"):
        desired(config={"layer": "requirements", "drop_removed_keys": True}, codex_version="0.169.0")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"settings": {"mcp_servers.docs.command": "y"}},
            'config.settings: "mcp_servers.docs.command" is one key with a dot in its name, and Codex has no such '
            "key. Write mcp_servers: {docs: {command: …}}.",
        ),
        ({"settings": {"mcp_servers": {"docs.command": {"command": "y"}}}}, None),
        ({"settings": {"projects": {"/srv/a.b": {"trust_level": "trusted"}}}}, None),
        ({"settings": {"a.b": 2}}, 'config.settings: "a.b" is one key'),
        (
            {"absent": [["mcp_servers.docs"]]},
            'config.absent: "mcp_servers.docs" is one key with a dot in its name, and Codex has no such key. '
            "Write [mcp_servers, docs].",
        ),
        ({"absent": [["a.b.c"]]}, "Write [a, b, c]."),
        ({"absent": [["mcp_servers.other"], ["model"]]}, 'config.absent: "mcp_servers.other" is one key'),
        ({"absent": [["mcp_servers", "docs.x"]]}, None),
        ({"secret_keys": [["company.site"]]}, "Write [company, site]."),
        ({"secret_keys": [["company", "site.x"]]}, None),
        ({"public_keys": [["company.site"]]}, 'config.public_keys: "company.site" is one key'),
        ({"public_keys": [["company", "site"]]}, None),
    ],
)
def test_a_key_at_the_top_with_a_dot_is_meant_as_a_path_and_refused(
    config: dict[str, t.Any], words: str | None
) -> None:
    if words is None:
        assert desired(config=config).config
        return
    with pytest.raises(CodexError) as refused:
        desired(config=config)
    assert words in str(refused.value)


def test_key_paths_of_redaction_need_not_be_in_the_settings() -> None:
    """They count for what is there already, too, which --diff shows where it changes."""
    for path in (["company", "sight"], ["new", "site"], ["hooks", "x"]):
        assert desired(config={"secret_keys": [path], "settings": {"hooks": [{"x": 1}]}}).config


def test_defaults_and_what_is_given() -> None:
    assert desired_config(with_defaults({}, CONFIG)) == DesiredConfig()
    arguments = {
        "preferred_auth_method": "chatgpt",
        "enforce_login_method": True,
        "force_method": "follow",
        "settings": {"a": [{"n": 1}]},
        "absent": [["b", "c"], ["b"]],
        "lists": [{"path": ["a"], "match": "n"}],
        "force": True,
        "drop_removed_keys": True,
        "mode": "0400",
        "backup": True,
        "backup_keep": 5,
    }
    assert desired_config(with_defaults(arguments, CONFIG)) == DesiredConfig(
        preferred_auth_method="chatgpt",
        enforce_login_method=True,
        force_method="follow",
        settings={"a": [{"n": 1}]},
        absent=(("b",),),
        lists={("a",): "n"},
        force=True,
        drop_removed_keys=True,
        mode=0o400,
        backup=Backup(True, 5),
    )
    assert not desired_config(with_defaults({"state": "absent"}, CONFIG)).is_present
