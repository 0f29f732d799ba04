"""Providers that do not get the login of auth.json."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.providers import unused_login_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Source, Sources
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import parse_version
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    NOW,
    auth_file,
    config_file,
    describe,
    desired,
    host_file,
    plan,
)

CONFIG, WORK = f"{HOME}/.codex/config.toml", f"{HOME}/.codex/work.config.toml"


def sources(config: dict[str, t.Any], **more: t.Any) -> Sources:
    files = {"system": "/system", "managed": "/managed", "requirements": "/requirements"}
    return Sources(
        user=Source(CONFIG, config),
        **{name: Source(path, more.get(name, {})) for name, path in files.items()},
        profiles={"work": Source(WORK, more["work"])} if "work" in more else {},
    )


def chosen(name: str = "gw", **provider: t.Any) -> dict[str, t.Any]:
    return {"model_provider": name, "model_providers": {name: {"name": name, "base_url": "http://gw.test", **provider}}}


def warned(found: Sources, version: str | None) -> list[str]:
    return unused_login_warnings(found, None if version is None else parse_version(version))


@pytest.mark.parametrize(
    ("config", "versions"),
    [
        ({}, {None: False, "0.20.0": False, "0.171.0": False}),
        (chosen(), {None: True, "0.20.0": False, "0.148.0": False, "0.149.0": True, "0.171.0": True}),
        (chosen(requires_openai_auth=False), {None: True, "0.148.0": False, "0.149.0": True}),
        (chosen(requires_openai_auth=True), {None: False, "0.148.0": False, "0.149.0": False, "0.171.0": False}),
        (chosen(env_key="K", requires_openai_auth=True), {None: True, "0.20.0": True, "0.171.0": True}),
        (chosen(env_key="", requires_openai_auth=True), {None: False, "0.171.0": False}),
        (chosen(experimental_bearer_token="b"), {None: True, "0.45.0": False, "0.58.0": True, "0.171.0": True}),
        (chosen(auth={"command": "c"}), {None: True, "0.94.0": False, "0.137.0": True, "0.171.0": True}),
        (chosen("openai"), {None: False, "0.94.0": False}),
        ({"model_provider": "ollama"}, {None: True, "0.148.0": False, "0.149.0": True}),
        # Codex does not start with these.
        ({"model_provider": "nope"}, {None: False, "0.171.0": False}),
        ({"model_provider": ["gw"], "model_providers": "gw"}, {None: False}),
    ],
)
def test_which_version_sends_a_provider_the_login(config: dict[str, t.Any], versions: dict[str | None, bool]) -> None:
    assert {version: bool(warned(sources(config), version)) for version in versions} == versions


def test_the_words_of_a_warning() -> None:
    (asked_for,) = warned(sources(chosen()), "0.171.0")
    assert asked_for == (
        f"{CONFIG} sets model_provider to gw: Codex 0.149 and later sends this provider no login, though codex login "
        "status reports one. Set model_providers.gw.requires_openai_auth to true, or remove the login if it is not "
        "needed."
    )
    (own,) = warned(sources(chosen("a b", env_key="SECRETMARKER")), None)
    assert own == (
        f'{CONFIG} sets model_provider to "a b": model_providers."a b" has env_key, which Codex uses in place of the '
        "login in auth.json. Remove that key, or the login if it is not needed."
    )


def test_the_first_file_with_a_value_counts() -> None:
    # The table of a provider may come from several files.
    assert warned(sources(chosen(), managed={"model_providers": {"gw": {"requires_openai_auth": True}}}), None) == []
    (warning,) = warned(sources(chosen(requires_openai_auth=True), managed={"model_provider": "ollama"}), None)
    assert warning.startswith("/managed sets model_provider to ollama")
    assert warned(sources({"model_provider": "openai"}, system=chosen()), None) == []
    (warning,) = warned(sources({}, system=chosen()), None)
    assert warning.startswith("/system sets")


def test_a_profile_counts_in_the_versions_that_read_it() -> None:
    in_file = sources({"model_providers": chosen()["model_providers"]}, work={"model_provider": "gw"})
    (warning,) = warned(in_file, "0.171.0")
    assert warning.startswith(f"{WORK} sets model_provider")
    table = chosen(env_key="K")
    in_table = sources({"model_providers": table["model_providers"], "profiles": {"work": {"model_provider": "gw"}}})
    assert [bool(warned(in_table, version)) for version in ("0.133.0", "0.134.0", None)] == [True, False, False]
    in_file = sources({"model_providers": table["model_providers"]}, work={"model_provider": "gw"})
    assert [bool(warned(in_file, version)) for version in ("0.133.0", "0.134.0", None)] == [False, True, True]


def test_a_login_that_is_never_sent_is_a_warning_and_a_conflict() -> None:
    gateway = chosen()
    wanted = desired(auth={"api_key": KEY}, config={"settings": gateway}, codex_version="0.171.0")
    (warning,) = plan(wanted, describe(wanted)).warnings
    assert "sets model_provider to gw" in warning
    # The login, or the provider, may be there already.
    config = config_file(b'model_provider = "gw"\n[model_providers.gw]\nname = "gw"\nbase_url = "http://gw.test"\n')
    wanted = desired(auth={"api_key": KEY})
    assert plan(wanted, describe(wanted, config=config)).warnings == [warning]
    wanted = desired(config={"settings": gateway})
    assert plan(wanted, describe(wanted, auth=auth_file({"api_key": KEY}))).warnings == [warning]
    assert plan(wanted, describe(wanted)).warnings == []
    answer = describe(wanted, auth=auth_file({"api_key": KEY}), config=config)
    assert home_report(answer, None, NOW)["login"]["conflicts"] == [warning]
    assert home_report(answer, "0.148.0", NOW)["login"]["conflicts"] == []
    assert home_report(describe(wanted, config=config), None, NOW)["login"]["conflicts"] == []
    system = describe(wanted, auth=auth_file({"api_key": KEY}), system=host_file(b'model_provider = "ollama"\n'))
    assert len(home_report(system, None, NOW)["login"]["conflicts"]) == 1
