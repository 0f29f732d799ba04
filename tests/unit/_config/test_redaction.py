"""Which values of config.toml a diff shows: by name, by rule, and never what came from a vault."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import (
    RedactionRules,
    Vaulted,
    check_readable_by_all,
    check_redaction_rules,
    is_sensitive,
    unused_secret_keys,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.config import desired_config
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import CONFIG
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import config_diff
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import KEY, describe, desired, diffs, layer, plan

VALUE = "fleet-test-SECRETMARKER"
PATH = "/home/alice/.codex/config.toml"


def config(**arguments: t.Any) -> DesiredConfig:
    return desired_config(with_defaults(arguments, CONFIG))


def shown(settings: Table, rules: RedactionRules) -> bool:
    """Whether a diff of these settings has the value."""
    diff = config_diff(PATH, find_changes({}, settings, [], PATH), rules)
    return VALUE in diff["before"] + diff["after"]


def rules(secret: t.Sequence[KeyPath] = (), public: t.Sequence[KeyPath] = (), vaulted: t.Any = ()) -> RedactionRules:
    return RedactionRules(tuple(secret), tuple(public), tuple(vaulted))


NOTE: Table = {"mcp_servers": {"docs": {"note": VALUE}}}
ENV: Table = {"mcp_servers": {"docs": {"env": {"MODE": VALUE}}}}
ARGS: Table = {"mcp_servers": {"docs": {"args": ["--mode", VALUE]}}}
HOOKS: Table = {"hooks": [{"run": [{"name": VALUE}]}, {"run": []}]}
DEEP: Table = {"hooks": [[{"token": VALUE}]]}
URL: Table = {"docs": {"url": f"https://mcp.fleet.test/?{VALUE}"}}
DOCS = ("mcp_servers", "docs")
TOKENS: Table = {"tokens": {"forge": VALUE}}
SERVER: Table = {"mcp_servers": {"secret-santa": {"note": VALUE}}}
PROJECT: Table = {"projects": {"/srv/keys": {"trust_level": VALUE}}}


@pytest.mark.parametrize(
    ("settings", "ruled", "expected"),
    [
        (NOTE, rules(), True),
        (ENV, rules(), False),
        (ARGS, rules(), False),
        (HOOKS, rules(), True),
        (DEEP, rules(), False),
        (URL, rules(), False),
        # The name of any table on the way counts, but for names that people give to things.
        (TOKENS, rules(), False),
        (SERVER, rules(), True),
        (PROJECT, rules(), True),
        # A rule counts for what is below it, and for nothing beside it.
        (NOTE, rules([(*DOCS, "note")]), False),
        (NOTE, rules([DOCS]), False),
        (NOTE, rules([("mcp_servers",)]), False),
        (NOTE, rules([(*DOCS, "not")]), True),
        (NOTE, rules([("docs", "note")]), True),
        (HOOKS, rules([("hooks",)]), False),
        # It passes over the places in lists, and a value in the place of a table is not shown.
        (HOOKS, rules([("hooks", "run", "name")]), False),
        (HOOKS, rules([("hooks", "stop", "name")]), True),
        (NOTE, rules([(*DOCS, "note", "text")]), False),
        (ARGS, rules(public=[(*DOCS, "args")]), True),
        (ENV, rules(public=[(*DOCS, "env")]), True),
        (ENV, rules(public=[DOCS]), True),
        (ENV, rules(public=[(*DOCS, "env", "OTHER")]), False),
        (DEEP, rules(public=[("hooks", "token")]), True),
        (URL, rules(public=[("docs", "url")]), True),
        (ENV, rules([(*DOCS, "env", "MODE")], [DOCS]), False),
        (NOTE, rules(vaulted=[(*DOCS, "note")]), False),
        (NOTE, rules(public=[(*DOCS, "note")], vaulted=[(*DOCS, "note")]), True),
    ],
)
def test_what_a_diff_shows(settings: Table, ruled: RedactionRules, expected: bool) -> None:
    assert shown(settings, ruled) is expected
    # So it is with what was there before.
    removed = config_diff(PATH, find_changes(settings, {}, [(name,) for name in settings], PATH), ruled)
    assert (VALUE in removed["before"]) is expected


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"note": Vaulted(VALUE)}, ("note",)),
        ({"a": {"b": {"note": Vaulted(VALUE)}, "c": 1}}, ("a", "b", "note")),
        ({"a": {"list": ["x", Vaulted(VALUE)]}}, ("a", "list")),
        ({"hooks": [{"run": Vaulted(VALUE)}]}, ("hooks",)),
    ],
)
def test_what_came_from_a_vault_is_hidden(settings: Table, path: KeyPath) -> None:
    wanted = config(settings=settings)
    assert wanted.redaction.vaulted == (path,)
    assert not shown(wanted.settings, wanted.redaction)
    # The settings themselves are plain, as TOML's editor wants them.
    assert "Vaulted" not in repr([type(value) for value in wanted.settings.values()])
    assert config(settings={"note": "x"}).redaction == RedactionRules()


@pytest.mark.parametrize(
    ("secret", "public", "words"),
    [
        ([["a", "b"]], [["a", "b"]], "public_keys has a.b, and config.secret_keys hides a.b"),
        ([["a"]], [["a", "b"]], "public_keys has a.b, and config.secret_keys hides a with all"),
        (["a.b"], [], "config.secret_keys must be a list of key paths"),
        ([[]], [], "config.secret_keys must be a list of key paths"),
        ([["a", 1]], [], "config.secret_keys must be a list of key paths"),
        ([], "a", "config.public_keys must be a list of key paths"),
    ],
)
def test_rules_that_are_refused(secret: t.Any, public: t.Any, words: str) -> None:
    with pytest.raises(CodexError, match=words):
        check_redaction_rules(secret, public, {"a": VALUE}, "config.")


@pytest.mark.parametrize("number", [4000, 0.5, True])
def test_a_number_is_not_a_secret_by_its_name_and_is_hidden_by_a_rule(number: object) -> None:
    assert not is_sensitive(("max_output_tokens",), number)
    assert is_sensitive(("max_output_tokens",), number, rules([("max_output_tokens",)]))


def test_a_secret_below_what_is_public_is_not_a_contradiction() -> None:
    assert check_redaction_rules([["a", "b"]], [["a"]], {}) == rules([("a", "b")], [("a",)])


def test_rules_count_from_the_top_of_the_layer() -> None:
    """Where a version reads a profile from a table of config.toml, its paths begin in the table."""
    options = {"layer": "profile:work", "settings": {"note": VALUE, "api_key": VALUE}}
    for secret, public, expected in (([["note"]], [["api_key"]], 1), ([], [["api_key"]], 2), ([], [], 1)):
        for version in ("0.133.0", "0.134.0"):
            wanted = desired(config={**options, "secret_keys": secret, "public_keys": public}, codex_version=version)
            assert repr(diffs(plan(wanted, describe(wanted)))).count(VALUE) == expected


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, False),
        ({"secret_keys": [["note"]]}, True),
        ({"settings": {"note": Vaulted(VALUE)}}, True),
        ({"settings": {"api_key": VALUE}}, True),
        ({"settings": {"hooks": [[{"token": VALUE}]]}}, True),
        ({"settings": {"api_key": VALUE}, "public_keys": [["api_key"]]}, False),
    ],
)
def test_a_file_that_every_user_reads_holds_no_secret(options: dict[str, t.Any], refused: bool) -> None:
    arguments = {"layer": "system", "settings": {"note": VALUE}, **options}
    if not refused:
        assert config(**arguments)
        return
    with pytest.raises(CodexError, match=r"may hold a secret, and every user of the host can read") as refusal:
        config(**arguments)
    assert str(refusal.value).endswith(
        "Put it into the config.toml of each user, or name it in public_keys if it is not a secret."
    )
    assert VALUE not in str(refusal.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"model_providers": {"own": {"experimental_bearer_token": KEY}}},
        {"mcp_servers": {"own": {"env": {"ANY": KEY}}}},
        {"model_providers": {"own": {"base_url": f"https://{KEY}@fleet.test"}}},
        {"hooks": [{"secret": KEY}]},
    ],
)
def test_what_may_be_a_secret_goes_into_no_file_of_the_host(settings: dict[str, t.Any]) -> None:
    with pytest.raises(CodexError, match="may hold a secret, and every user of the host can read /etc/codex") as caught:
        layer("system", settings=settings)
    assert KEY not in str(caught.value)


def test_an_empty_file_holds_no_secret() -> None:
    rules = RedactionRules(secret=(("mcp_servers", "docs"),))
    check_readable_by_all({}, "/etc/codex/config.toml", "settings", rules)
    with pytest.raises(CodexError, match="mcp_servers.docs.note may hold a secret"):
        check_readable_by_all({"mcp_servers": {"docs": {"note": "x"}}}, "/etc/codex/config.toml", "settings", rules)


def test_a_path_that_hides_nothing_is_named() -> None:
    rules = RedactionRules(secret=(("a", "b"), ("c",), ("misspelt", "d")))
    assert unused_secret_keys(rules, {"a": {"b": 1}}, {"c": {"x": 2}}) == [
        "secret_keys names misspelt.d, which is neither in the settings nor in the file, so it hides nothing. Correct "
        "the path."
    ]
