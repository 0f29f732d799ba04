"""Which values of config.toml a diff shows: by name, by mark, and never what came from a vault."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import desired_config
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.redaction import Marks, Vaulted, check_marks, is_sensitive
from ansible_collections.fleet.codex.plugins.plugin_utils.report import config_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import KeyPath, Table

from .test_plan import desired, found, plan

VALUE = "fleet-test-SECRETMARKER"
PATH = "/home/alice/.codex/config.toml"


def shown(settings: Table, marks: Marks) -> bool:
    """Whether a diff of these settings has the value."""
    diff = config_diff(PATH, find_changes({}, settings, [], PATH), marks)
    return VALUE in diff["before"] + diff["after"]


def marks(secret: t.Sequence[KeyPath] = (), public: t.Sequence[KeyPath] = (), vaulted: t.Any = ()) -> Marks:
    return Marks(tuple(secret), tuple(public), tuple(vaulted))


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
    ("settings", "marked", "expected"),
    [
        (NOTE, marks(), True),
        (ENV, marks(), False),
        (ARGS, marks(), False),
        (HOOKS, marks(), True),
        (DEEP, marks(), False),
        (URL, marks(), False),
        # The name of any table on the way counts, but for names that people give to things.
        (TOKENS, marks(), False),
        (SERVER, marks(), True),
        (PROJECT, marks(), True),
        # A mark counts for what is below it, and for nothing beside it.
        (NOTE, marks([(*DOCS, "note")]), False),
        (NOTE, marks([DOCS]), False),
        (NOTE, marks([("mcp_servers",)]), False),
        (NOTE, marks([(*DOCS, "not")]), True),
        (NOTE, marks([("docs", "note")]), True),
        (HOOKS, marks([("hooks",)]), False),
        # It passes over the places in lists, and a value in the place of a table is not shown.
        (HOOKS, marks([("hooks", "run", "name")]), False),
        (HOOKS, marks([("hooks", "stop", "name")]), True),
        (NOTE, marks([(*DOCS, "note", "text")]), False),
        (ARGS, marks(public=[(*DOCS, "args")]), True),
        (ENV, marks(public=[(*DOCS, "env")]), True),
        (ENV, marks(public=[DOCS]), True),
        (ENV, marks(public=[(*DOCS, "env", "OTHER")]), False),
        (DEEP, marks(public=[("hooks", "token")]), True),
        (URL, marks(public=[("docs", "url")]), True),
        (ENV, marks([(*DOCS, "env", "MODE")], [DOCS]), False),
        (NOTE, marks(vaulted=[(*DOCS, "note")]), False),
        (NOTE, marks(public=[(*DOCS, "note")], vaulted=[(*DOCS, "note")]), True),
    ],
)
def test_what_a_diff_shows(settings: Table, marked: Marks, expected: bool) -> None:
    assert shown(settings, marked) is expected
    # What was there before is held to the same.
    removed = config_diff(PATH, find_changes(settings, {}, [(name,) for name in settings], PATH), marked)
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
    config = desired_config({"settings": settings})
    assert config.marks.vaulted == (path,)
    assert not shown(config.settings, config.marks)
    # The settings themselves are plain, as TOML's editor wants them.
    assert "Vaulted" not in repr([type(value) for value in config.settings.values()])
    assert desired_config({"settings": {"note": "x"}}).marks == Marks()


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
def test_marks_that_are_refused(secret: t.Any, public: t.Any, words: str) -> None:
    with pytest.raises(CodexError, match=words):
        check_marks(secret, public, {"a": VALUE}, "config.")


@pytest.mark.parametrize("number", [4000, 0.5, True])
def test_a_number_is_no_secret_by_its_name_and_is_hidden_where_it_is_marked(number: object) -> None:
    assert not is_sensitive(("max_output_tokens",), number)
    assert is_sensitive(("max_output_tokens",), number, marks([("max_output_tokens",)]))


def test_a_secret_below_what_is_public_is_no_contradiction() -> None:
    assert check_marks([["a", "b"]], [["a"]], {}) == marks([("a", "b")], [("a",)])


def test_marks_count_from_the_top_of_the_layer() -> None:
    """Where a version reads a profile from a table of config.toml, its paths begin in the table."""
    config = {"layer": "profile:work", "settings": {"note": VALUE, "api_key": VALUE}}
    for secret, public, expected in (([["note"]], [["api_key"]], 1), ([], [["api_key"]], 2), ([], [], 1)):
        for version in ("0.133.0", "0.134.0"):
            wanted = desired(config={**config, "secret_keys": secret, "public_keys": public}, codex_version=version)
            assert repr(plan(wanted, found(wanted)).diffs).count(VALUE) == expected


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
def test_a_file_that_every_account_reads_holds_no_secret(options: dict[str, t.Any], refused: bool) -> None:
    arguments = {"layer": "system", "settings": {"note": VALUE}, **options}
    if not refused:
        assert desired_config(arguments)
        return
    with pytest.raises(CodexError, match=r"may hold a secret.*name it in public_keys") as refusal:
        desired_config(arguments)
    assert VALUE not in str(refusal.value)
