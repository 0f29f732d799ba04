"""What a migration makes of the declared homes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.entries import MigrateTo, migrated_entry
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import KEY

METHODS: tuple[MigrateTo, ...] = ("apikey", "chatgpt")
BOTH = {"api_key": KEY, "src": "auth.json"}


def entry(**options: t.Any) -> dict[str, t.Any]:
    return with_defaults(options, HOME)


def migrated(migrate_to: MigrateTo = "chatgpt", backup: bool = True, **options: t.Any) -> t.Mapping[str, t.Any]:
    found = migrated_entry(entry(**options), migrate_to, backup=backup)
    assert found is not None
    return found


@pytest.mark.parametrize("migrate_to", METHODS)
def test_what_has_no_login_to_migrate_stays_as_it_is(migrate_to: MigrateTo) -> None:
    assert migrated_entry(entry(state="absent", auth=BOTH), migrate_to, backup=True) is None
    layer = entry(config={"layer": "system", "settings": {"model": "gpt-5"}})
    assert migrated_entry(layer, migrate_to, backup=True) == layer


def test_the_login_of_the_new_method_replaces_any_other_one() -> None:
    """Of what is given for both, the other part is passed over."""
    auth = migrated("chatgpt", auth=BOTH)["auth"]
    assert (auth["src"], auth["api_key"], auth["content"], auth["personal_access_token"]) == (
        "auth.json",
        None,
        None,
        None,
    )
    assert (auth["on_account_mismatch"], auth["backup"]) == ("replace", True)
    auth = migrated("apikey", auth={**BOTH, "personal_access_token": "at-x"})["auth"]
    assert (auth["api_key"], auth["src"], auth["personal_access_token"]) == (KEY, None, None)
    assert migrated("chatgpt", auth={"content": {"a": 1}})["auth"]["content"] == {"a": 1}


@pytest.mark.parametrize(("given", "used"), [("if_newer", "if_newer"), ("on_create", "if_newer"), ("always", "always")])
def test_tokens_that_codex_has_renewed_stay_unless_told_otherwise(given: str, used: str) -> None:
    assert migrated("chatgpt", auth={"src": "auth.json", "update": given})["auth"]["update"] == used


@pytest.mark.parametrize(
    ("migrate_to", "auth"),
    [("chatgpt", None), ("chatgpt", {"api_key": KEY}), ("apikey", {"src": "auth.json"}), ("apikey", None)],
)
def test_without_a_login_of_the_new_method_there_is_none(migrate_to: MigrateTo, auth: t.Any) -> None:
    assert migrated(migrate_to, auth=auth)["auth"] is None


def test_the_keys_of_the_method_follow_the_login() -> None:
    given = {"preferred_auth_method": "apikey", "settings": {"model": "gpt-5"}, "backup_keep": 3, "backup": True}
    config = migrated(config=given)["config"]
    assert (config["force_method"], config["preferred_auth_method"]) == ("follow", None)
    assert (config["settings"], config["backup"], config["backup_keep"]) == ({"model": "gpt-5"}, True, 3)
    assert migrated()["config"] == {**entry(config={})["config"], "force_method": "follow", "backup": True}
    removed = {"state": "absent"}
    assert migrated(config=removed)["config"] == entry(config=removed)["config"]


def test_copies_are_kept_unless_told_otherwise() -> None:
    given = {"auth": {**BOTH, "backup": True, "backup_keep": 3}, "config": {"backup": True, "backup_keep": 3}}
    for part in ("auth", "config"):
        kept, none = migrated(**given)[part], migrated(backup=False, **given)[part]
        assert (kept["backup"], kept["backup_keep"]) == (True, 3)
        assert (none["backup"], none["backup_keep"]) == (False, None)


def test_keys_leave_the_environment_of_a_chatgpt_login_alone() -> None:
    environment = {"OPENAI_API_KEY": KEY, "CODEX_API_KEY": KEY, "PROXY": "x"}
    assert migrated("chatgpt", environment=environment)["environment"] == {"PROXY": "x"}
    assert migrated("apikey", environment=environment)["environment"] == environment
    assert migrated("chatgpt")["environment"] is None
