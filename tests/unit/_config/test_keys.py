"""What each version of Codex makes of the keys of config.toml."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config import keys as config_keys
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import parse_version
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.changes import find_changes
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    NOW,
    SYSTEM,
    config_file,
    describe,
    desired,
    host_folder,
    plan,
)

PATH = "/home/alice/.codex/config.toml"
MARKER = "fleet-test-SECRETMARKER"


def nested(key: str, value: t.Any) -> Table:
    for name in reversed(key.split(".")):
        value = {name: value}
    return t.cast(Table, value)


def version_of(text: str | None) -> versions.Version | None:
    return None if text is None else parse_version(text)


def outcome(key: str, value: t.Any, version: str | None) -> str:
    """What becomes of a setting: refused, ignored (written with a warning), or read."""
    settings, number = nested(key, value), version_of(version)
    try:
        config_keys.check_settings(settings, number, PATH)
    except CodexError as error:
        assert key in str(error)
        assert PATH in str(error)
        return "refused"
    changes = find_changes({}, settings, [], PATH)
    warnings = config_keys.ignored_warnings(settings, changes, number)
    assert len(warnings) <= 1
    assert all(key in warning for warning in warnings)
    return "ignored" if warnings else "read"


LOGIN, WORKSPACE = "forced_login_method", "forced_chatgpt_workspace_id"
PREFERRED, STORE, OAUTH = "preferred_auth_method", "cli_auth_credentials_store", "mcp_oauth_credentials_store"
WIRE, BEARER = "model_providers.acme.wire_api", "mcp_servers.docs.bearer_token"


@pytest.mark.parametrize(
    ("key", "value", "outcomes"),
    [
        (PREFERRED, "apikey", {None: "read", "0.22": "ignored", "0.23": "read", "0.34.9": "read", "0.35": "ignored"}),
        (PREFERRED, "api", {None: "refused", "0.22": "ignored", "0.34": "refused", "0.169": "ignored"}),
        (LOGIN, "api", {None: "read", "0.47": "ignored", "0.49": "read", "0.169": "read"}),
        (LOGIN, "chatgpt", {None: "read", "0.47": "ignored", "0.49": "read"}),
        (LOGIN, "apikey", {None: "refused", "0.34": "ignored", "0.49": "refused", "0.169": "refused"}),
        (LOGIN, True, {None: "refused"}),
        (WORKSPACE, "a", {None: "read", "0.47": "ignored", "0.49": "read", "0.169": "read"}),
        (WORKSPACE, ["a"], {None: "read", "0.49": "refused", "0.130": "refused", "0.131": "read", "0.169": "read"}),
        (WORKSPACE, [], {"0.130": "refused", "0.131": "read"}),
        (WORKSPACE, [1], {None: "refused", "0.169": "refused"}),
        (WORKSPACE, 1, {None: "refused", "0.169": "refused"}),
        (STORE, "file", {None: "read", "0.50": "ignored", "0.53": "read", "0.169": "read"}),
        (STORE, "ephemeral", {None: "read", "0.50": "ignored", "0.92": "refused", "0.93": "read", "0.169": "read"}),
        (STORE, "memory", {None: "refused", "0.169": "refused"}),
        (OAUTH, "auto", {None: "read", "0.45": "ignored", "0.47": "read"}),
        (OAUTH, "ephemeral", {None: "refused", "0.169": "refused"}),
        ("profile", "work", {None: "read", "0.20": "read", "0.133.9": "read", "0.134": "refused"}),
        ("profiles", {"work": {"model": "m"}}, {None: "read", "0.20": "read", "0.133": "read", "0.134": "ignored"}),
        ("profiles", "work", {None: "refused", "0.133": "refused"}),
        (WIRE, "responses", {None: "read", "0.20": "read", "0.169": "read"}),
        (WIRE, "chat", {None: "read", "0.20": "read", "0.94": "read", "0.95": "refused", "0.169": "refused"}),
        (WIRE, "responses_websocket", {None: "read", "0.80": "refused", "0.92": "read", "0.93": "refused"}),
        (WIRE, "rest", {None: "refused", "0.94": "refused"}),
        (BEARER, "b", {None: "read", "0.34": "ignored", "0.45": "read", "0.47": "refused", "0.169": "refused"}),
        ("approval_policy", "untrusted", {None: "read", "0.148": "read", "0.149": "refused", "0.171": "refused"}),
        ("approval_policy", "never", {None: "read", "0.171": "read"}),
        ("model_reasoning_effort", "max", {None: "read", "0.137": "refused", "0.139": "read"}),
        ("model_reasoning_effort", "none", {"0.20": "read", "0.49": "refused", "0.58": "read"}),
        ("profiles.work.model_reasoning_effort", "xhigh", {"0.58": "refused", "0.94": "read"}),
        ("service_tier", "default", {"0.104": "read", "0.115": "refused", "0.128": "refused", "0.139": "read"}),
        ("model_providers.openai", {"name": "x"}, {None: "read", "0.104": "read", "0.115": "refused"}),
        ("model_providers.lmstudio", {"name": "x"}, {"0.104": "read", "0.171": "refused"}),
        ("model_providers.azure", {"name": "x"}, {"0.171": "read"}),
        ("model_providers.amazon-bedrock", {"aws": {"region": "x"}}, {"0.171": "read"}),
        ("model_providers.amazon-bedrock.name", "x", {"0.115": "read", "0.128": "refused", "0.171": "refused"}),
        ("model_providers.amazon-bedrock.base_url", "x", {"0.139": "refused", "0.171": "read"}),
        ("features.x", {"a": 1}, {"0.45": "read", "0.94": "refused", "0.139": "read"}),
        ("features.x", True, {"0.94": "read"}),
        ("agents.max_depth", 2, {"0.94": "read", "0.104": "refused", "0.139": "read"}),
        ("agents.default_subagent_model", "m", {"0.65": "read", "0.139": "refused", "0.148": "read"}),
        ("agents.max_concurrent_threads_per_session", 2, {"0.65": "read", "0.139": "refused", "0.148": "read"}),
        ("model", "m", {None: "read", "0.20": "read", "0.169": "read"}),
    ],
)
def test_what_becomes_of_a_setting(key: str, value: t.Any, outcomes: dict[str | None, str]) -> None:
    assert {version: outcome(key, value, version) for version in outcomes} == outcomes


@pytest.mark.parametrize(
    ("key", "version", "words"),
    [
        (LOGIN, None, "accepts api and chatgpt, and Codex does not start with anything else"),
        (STORE, "0.92.0", "accepts file, keyring and auto in Codex 0.92.0"),
        (STORE, "0.93.0", "accepts file, keyring, auto and ephemeral in Codex 0.93.0"),
        (WORKSPACE, None, "accepts any text and a list of texts"),
        (BEARER, "0.169.0", "keeps Codex 0.169.0 from starting, which has bearer_token_env_var in its place"),
        ("profile", "0.134.0", "keeps Codex 0.134.0 from starting, which has the option --profile"),
    ],
)
def test_a_refusal_names_what_is_accepted_and_no_value(key: str, version: str | None, words: str) -> None:
    for value in ([MARKER, 1], {MARKER: MARKER}):
        with pytest.raises(CodexError) as refusal:
            config_keys.check_settings(nested(key, value), version_of(version), PATH)
        assert words in str(refusal.value)
        assert MARKER not in str(refusal.value)
        # What is in the file already is a warning with the same words.
        (warning,) = config_keys.start_warnings(nested(key, value), version_of(version), PATH)
        assert words in warning
        assert MARKER not in warning


def test_what_a_version_ignores_is_a_warning_when_it_is_written_and_not_again() -> None:
    settings, version = {PREFERRED: "apikey", "profiles": {"work": {"model": "m"}}}, (0, 169)
    first = config_keys.ignored_warnings(settings, find_changes({}, settings, [], PATH), version)
    assert "Use forced_login_method in its place." in first[0]
    assert "--strict-config" in first[0]
    assert len(first) == 2
    assert config_keys.ignored_warnings(settings, find_changes(settings, settings, [], PATH), version) == []
    # A change further down in a table counts, and one beside it does not.
    changes = find_changes({**settings, "profiles": {"work": {"model": "old"}}}, settings, [], PATH)
    assert [warning.split()[1] for warning in config_keys.ignored_warnings(settings, changes, version)] == ["profiles"]
    older = config_keys.ignored_warnings(settings, find_changes({}, settings, [], PATH), (0, 36))
    assert "in its place" not in older[0]
    assert "--strict-config" not in older[0]


FILE: Table = {
    PREFERRED: "apikey",
    LOGIN: "api",
    "profile": "work",
    "profiles": {"work": {"model": "m"}, "old": {"model": "n"}},
    "mcp_servers": {"docs": {"url": "https://mcp.fleet.test", "bearer_token": MARKER}},
}
BEARERS = "mcp_servers.docs.bearer_token"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, []),
        ("0.20.0", []),  # not yet is not any more
        ("0.34.0", []),
        ("0.36.0", [PREFERRED]),
        ("0.47.0", [PREFERRED, BEARERS]),
        ("0.133.0", [PREFERRED, BEARERS]),
        ("0.134.0", [PREFERRED, "profile", "profiles", BEARERS]),
    ],
)
def test_removed_keys_are_those_that_the_version_dropped(version: str | None, expected: list[str]) -> None:
    assert [dotted(keys) for keys in config_keys.removed_keys(FILE, version_of(version))] == expected


@pytest.mark.parametrize(
    ("version", "settings", "absent", "expected"),
    [
        ("0.34.0", {}, [], []),
        ("0.36.0", {}, [], [PREFERRED]),
        ("0.169.0", {}, [], [PREFERRED, "profile", "profiles", BEARERS]),
        # What the task sets stays, and so does the table around it.
        ("0.169.0", {PREFERRED: "apikey", "profiles": {"work": {"model": "m"}}}, [], ["profile", BEARERS]),
        # Each key is removed once, whoever asks for it.
        (
            "0.169.0",
            {},
            [("profiles", "old"), ("model",), ("profile",)],
            ["model", "profile", PREFERRED, "profiles", BEARERS],
        ),
        ("0.169.0", {}, [("mcp_servers",)], ["mcp_servers", PREFERRED, "profile", "profiles"]),
    ],
)
def test_dropping_removes_what_the_version_dropped_and_nothing_that_is_set(
    version: str, settings: Table, absent: list[tuple[str, ...]], expected: list[str]
) -> None:
    keys = config_keys.with_dropped(absent, FILE, settings, version_of(version))
    assert [dotted(path) for path in keys] == expected


def test_dropping_needs_to_know_the_version() -> None:
    words = r"^drop_removed_keys needs the version of Codex\. Set codex_version to it, or to detect\.$"
    with pytest.raises(CodexError, match=words):
        config_keys.with_dropped([], FILE, {}, None)


@pytest.mark.parametrize(
    ("layer", "version", "settings", "words"),
    [
        ("system", "0.169.0", {"profile": "work"}, f"settings for {SYSTEM}: profile keeps"),
        ("managed", "0.92.0", {STORE: "ephemeral"}, "managed_config.toml: cli_auth_credentials_store accepts"),
        ("profile:work", "0.169.0", {LOGIN: "apikey"}, "work.config.toml: forced_login_method accepts"),
        # The table of a profile and requirements.toml have keys of their own.
        ("profile:work", "0.133.0", {LOGIN: "apikey"}, ""),
        ("requirements", "0.169.0", {LOGIN: "apikey", PREFERRED: "x"}, ""),
    ],
)
def test_the_settings_of_each_layer_are_checked(layer: str, version: str, settings: Table, words: str) -> None:
    wanted = desired(config={"layer": layer, "settings": settings}, codex_version=version)
    answer = describe(wanted, **({} if layer.startswith("profile") else {"host_folder": host_folder()}))
    if words:
        with pytest.raises(CodexError, match=words):
            plan(wanted, answer)
        return
    result = plan(wanted, answer)
    assert not [warning for warning in result.warnings if "act on it" in warning or "does not start" in warning]
    assert result.result["config"]["removed_keys"] == []


def test_what_keeps_codex_from_starting_is_a_warning_about_every_file() -> None:
    wanted = desired(auth={"api_key": KEY}, codex_version="0.169.0")
    system = config_file(b'profile = "work"\n', 0o644)
    (warning,) = plan(wanted, describe(wanted, system=system)).warnings
    assert warning.startswith(f"{SYSTEM}: profile keeps Codex 0.169.0 from starting")


def test_a_warning_says_what_to_do_about_the_key() -> None:
    data = {"profile": "work", "forced_login_method": "apikey"}
    assert config_keys.start_warnings(data, (0, 169, 0), "config.toml") == [
        "config.toml: forced_login_method accepts api and chatgpt in Codex 0.169.0, and Codex does not start with "
        "anything else. Correct or remove it.",
        "config.toml: profile keeps Codex 0.169.0 from starting, which has the option --profile in its place. Remove "
        "it; drop_removed_keys does.",
    ]


@pytest.mark.parametrize(
    ("files", "version", "warned"),
    [
        ({"config": b'default_permissions = "x"\n'}, "0.171.0", True),
        ({"config": b'default_permissions = "x"\n'}, "0.104.0", False),
        ({"config": b'default_permissions = "x"\n'}, None, False),
        ({"config": b'default_permissions = "x"\n[permissions.y]\n'}, "0.137.0", True),
        ({"config": b'default_permissions = "x"\n[permissions.x]\n'}, "0.171.0", False),
        ({"config": b'default_permissions = ":workspace"\n'}, "0.171.0", False),
        ({"config": b'default_permissions = "x"\n', "system": b"[permissions.x]\n"}, "0.171.0", False),
        ({"config": b'permissions = "x"\n', "system": b'default_permissions = "x"\n'}, "0.171.0", True),
    ],
)
def test_default_permissions_need_their_table(files: dict[str, bytes], version: str | None, warned: bool) -> None:
    wanted = desired(config={"settings": {"model": "m"}}, codex_version=version)
    answer = describe(wanted, **{name: config_file(content) for name, content in files.items()})
    warnings = plan(wanted, answer).warnings
    assert len(warnings) == warned
    assert all("sets default_permissions to a name" in warning for warning in warnings)
    assert home_report(answer, version, NOW)["config"]["problems"] == warnings


def test_a_refused_value_in_a_file_is_a_warning_with_the_same_words() -> None:
    (warning,) = config_keys.start_warnings({"approval_policy": "untrusted"}, (0, 171, 0), PATH)
    assert warning == (
        f"{PATH}: approval_policy with the value untrusted keeps Codex 0.171.0 from starting. Correct or remove it."
    )
    (warning,) = config_keys.start_warnings({"model_providers": {"ollama": {"name": MARKER}}}, (0, 171, 0), PATH)
    assert warning.startswith(f"{PATH}: model_providers.ollama as a table keeps Codex 0.171.0 from starting.")
