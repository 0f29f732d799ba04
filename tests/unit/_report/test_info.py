"""What codex_info returns of a home: the login, the values that count, and what keeps Codex from starting."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, UnsavedLogin
from ansible_collections.fleet.codex.tests.support.planning import (
    FORCED_API,
    FORCED_CHATGPT,
    HOME,
    KEY,
    MANAGED,
    NOW,
    SYSTEM,
    auth_file,
    chatgpt,
    config_file,
    describe,
    file,
    host_file,
)

CONFIG = f"{HOME}/.codex/config.toml"


def found(**files: FileFacts) -> HomeAnswer:
    return describe(DesiredHome(user="alice"), **files)


def test_a_home_that_cannot_be_looked_at_is_one_among_the_others() -> None:
    error: HomeAnswer = {"user": "bob", "error": {"reason": "unknown_user", "user": "bob"}}
    assert home_report(error, "0.169.0", NOW) == {
        "user": "bob",
        "failed": True,
        "msg": "There is no user bob on this host. Create the user first, or correct the name.",
        "login": {"method": "unreadable"},
    }


def test_an_empty_home() -> None:
    report = home_report(found(), None, NOW)
    assert report == {
        "user": "alice",
        "codex_home": f"{HOME}/.codex",
        "login": {"method": "none", "conflicts": []},
        "config": {
            "path": CONFIG,
            "exists": False,
            "host_files": [],
            "problems": [],
            "valid": True,
            "removed_keys": [],
            "preferred_auth_method": None,
            "forced_login_method": None,
            "credentials_store": "file",
        },
        "codex_version": None,
        "unsaved_logins": [],
    }


@pytest.mark.parametrize(
    ("auth", "method"),
    [
        (auth_file({"api_key": KEY}), "apikey"),
        (auth_file({"content": chatgpt()}), "chatgpt"),
        (file(b"{", auth={"malformed": True}), "unreadable"),
        (file(b"", auth={"malformed": True}), "none"),  # made for Docker to mount
        (t.cast(FileFacts, {"kind": "directory"}), "unreadable"),
        (t.cast(FileFacts, {"kind": "dangling"}), "unreadable"),
    ],
)
def test_methods(auth: FileFacts, method: str) -> None:
    assert home_report(found(auth=auth), None, NOW)["login"]["method"] == method


@pytest.mark.parametrize(("version", "due"), [("0.169.0", False), ("0.52.0", False), (None, None)])
def test_whether_a_login_is_due_goes_by_the_version(version: str | None, due: bool | None) -> None:
    login = home_report(found(auth=auth_file({"content": chatgpt()})), version, NOW)["login"]
    assert login.get("refresh_due") is due
    assert ("refresh_due" in login) is (version is not None)
    older = auth_file({"content": {**chatgpt(), "last_refresh": "2026-01-01T00:00:00Z"}})
    login = home_report(found(auth=older), "0.52.0", NOW)["login"]
    assert login["refresh_due"] is True


def test_problems_are_those_of_a_login_that_codex_renews() -> None:
    for document, problems in ((chatgpt(), 1), ({**chatgpt(), "auth_mode": "chatgptAuthTokens"}, 0)):
        auth = t.cast(FileFacts, {**auth_file({"content": document}), "hard_links": 2})
        assert len(home_report(found(auth=auth), None, NOW)["login"]["problems"]) == problems


def test_conflicts_are_what_codex_uses_in_place_of_the_file() -> None:
    files = {"codex__env": file(variables={"CODEX_API_KEY": "digest"}), "auth": auth_file({"api_key": KEY})}
    answer = found(**files, config=config_file(b'cli_auth_credentials_store = "keyring"\n'))
    variable, store = home_report(answer, None, NOW)["login"]["conflicts"]
    assert "codex.env sets CODEX_API_KEY" in variable
    assert "sets cli_auth_credentials_store to keyring" in store
    assert home_report(answer, "0.20.0", NOW)["login"]["conflicts"] == [store]


def test_a_key_that_is_left_is_told_beside_a_chatgpt_login_where_that_is_asked() -> None:
    files = {"codex__env": file(variables={"OPENAI_API_KEY": "digest"})}
    tokens = found(**files, auth=auth_file({"content": chatgpt()}))
    (left,) = home_report(tokens, None, NOW, startup_files=True)["login"]["conflicts"]
    assert left.startswith(f"{HOME}/.codex/codex.env sets OPENAI_API_KEY.")
    assert home_report(tokens, None, NOW)["login"]["conflicts"] == []
    key = found(**files, auth=auth_file({"api_key": KEY}))
    assert home_report(key, None, NOW, startup_files=True)["login"]["conflicts"] == []


def test_logins_that_a_killed_codex_left() -> None:
    answer = found()
    answer["unsaved_logins"] = [
        t.cast(UnsavedLogin, {"name": name, "path": f"{HOME}/.codex/{name}", "kind": "file", **facts})
        for name, facts in ((".auth-a", {"auth": auth_file({"content": chatgpt()})["auth"]}), (".auth-b", {}))
    ]
    first, second = home_report(answer, None, NOW)["unsaved_logins"]
    assert (first["path"], first["login"]["method"]) == (f"{HOME}/.codex/.auth-a", "chatgpt")
    assert second == {"path": f"{HOME}/.codex/.auth-b", "login": {"method": "unreadable"}}


def test_the_version_is_the_declared_one_before_the_detected_one() -> None:
    answer = found() | t.cast(HomeAnswer, {"codex_version": "0.140.0"})
    assert home_report(answer, None, NOW)["codex_version"] == "0.140.0"
    assert home_report(answer, "0.169.0", NOW)["codex_version"] == "0.169.0"


def test_values_are_texts_whatever_a_config_holds() -> None:
    """Values of other types are the user's mistake; results of ansible-core 2.18 cannot hold all of TOML's."""
    there = config_file(b"preferred_auth_method = 07:32:00\nforced_login_method = { at = 07:32:00 }\n")
    config = home_report(found(config=there), None, NOW)["config"]
    assert (config["valid"], config["preferred_auth_method"], config["forced_login_method"]) == (True, None, None)


def test_the_value_that_counts_and_the_files_that_were_looked_at() -> None:
    answer = found(config=config_file(FORCED_API), managed=host_file(FORCED_CHATGPT))
    config = home_report(answer, None, NOW)["config"]
    assert config["forced_login_method"] == "chatgpt"
    assert config["host_files"] == [MANAGED]


@pytest.mark.parametrize(
    ("files", "version", "problems"),
    [
        ({"config": b'profile = "work"\n'}, "0.169.0", [f"{CONFIG}: profile keeps Codex 0.169.0"]),
        ({"config": b'profile = "work"\n'}, "0.130.0", []),
        ({"config": b'profile = "work"\n'}, None, []),
        ({"system": b'forced_login_method = "apikey"\n'}, None, [f"{SYSTEM}: forced_login_method accepts api"]),
        ({"managed": b"a = \n"}, None, [f"{MANAGED} is not valid TOML (line 1"]),
        ({"config": b"a = \n"}, None, [f"{CONFIG} is not valid TOML (line 1"]),
    ],
)
def test_what_keeps_codex_from_starting(files: dict[str, bytes], version: str | None, problems: list[str]) -> None:
    answer = found(**{name: config_file(data) for name, data in files.items()})
    config = home_report(answer, version, NOW)["config"]
    assert len(config["problems"]) == len(problems)
    assert all(found.startswith(words) for found, words in zip(config["problems"], problems, strict=True))


def test_a_config_that_cannot_be_read_has_no_values() -> None:
    for facts in (config_file(b"a = \n"), t.cast(FileFacts, {"kind": "directory"})):
        config = home_report(found(config=facts), None, NOW)["config"]
        assert (config["exists"], config["valid"], len(config["problems"])) == (True, False, 1)
        assert "forced_login_method" not in config


def test_the_keys_that_the_version_no_longer_reads() -> None:
    answer = found(config=config_file(b'preferred_auth_method = "apikey"\n'))
    assert home_report(answer, "0.169.0", NOW)["config"]["removed_keys"] == ["preferred_auth_method"]
    assert home_report(answer, "0.34.0", NOW)["config"]["removed_keys"] == []


def test_no_secret_is_returned() -> None:
    answer = found(
        auth=auth_file({"content": chatgpt(marker="SECRETMARKER")}),
        config=config_file(f'experimental_bearer_token = "{KEY}"\n'.encode()),
    )
    assert "SECRETMARKER" not in repr(home_report(answer, "0.169.0", NOW))


@pytest.mark.parametrize(
    ("version", "minutes", "due"),
    [("0.169.0", 4, True), ("0.169.0", 6, False), ("0.130.0", 4, False), ("0.130.0", -1, True), ("0.110.0", -1, False)],
)
def test_newer_versions_go_by_the_access_token(version: str, minutes: int, due: bool) -> None:
    auth = auth_file({"content": chatgpt(access_expires=NOW + timedelta(minutes=minutes))})
    assert home_report(found(auth=auth), version, NOW)["login"]["refresh_due"] is due


def test_an_access_token_that_says_nothing_leaves_the_time_of_the_last_renewal() -> None:
    for last_refresh, due in (("2026-01-31T00:00:00Z", False), ("2026-01-01T00:00:00Z", True)):
        document = {**chatgpt(), "last_refresh": last_refresh}
        opaque = {**document, "tokens": {**document["tokens"], "access_token": "fleet-test-opaque"}}
        login = home_report(found(auth=auth_file({"content": opaque})), "0.169.0", NOW)["login"]
        assert (login["refresh_due"], login["expires_at"]) == (due, None)


@pytest.mark.parametrize(("version", "counts"), [("0.154.0", False), ("0.155.0", True), (None, True)])
def test_a_store_that_the_host_requires_is_a_conflict_in_the_versions_that_read_it(
    version: str | None, counts: bool
) -> None:
    store = host_file(b'cli_auth_credentials_store = "keyring"\n')
    report = home_report(found(requirements=store), version, NOW)
    assert len(report["login"]["conflicts"]) == counts
    assert report["config"]["credentials_store"] == ("keyring" if counts else "file")


def test_the_method_that_older_versions_prefer() -> None:
    answer = found(config=config_file(b'preferred_auth_method = "chatgpt"\n'))
    assert home_report(answer, None, NOW)["config"]["preferred_auth_method"] == "chatgpt"


@pytest.mark.parametrize("version", [None, "0.171.0"])
def test_a_setting_because_of_which_codex_deletes_the_login_is_a_conflict(version: str | None) -> None:
    forced = home_report(found(auth=auth_file({"api_key": KEY}), config=config_file(FORCED_CHATGPT)), version, NOW)
    (conflict,) = forced["login"]["conflicts"]
    assert conflict.startswith(
        f"forced_login_method in {CONFIG} does not allow an API key, so Codex deletes this login"
    )
    managed = found(auth=auth_file({"content": chatgpt()}), managed=host_file(FORCED_API))
    (conflict,) = home_report(managed, version, NOW)["login"]["conflicts"]
    assert conflict.startswith(f"forced_login_method in {MANAGED} does not allow a ChatGPT login")


def test_a_setting_that_allows_the_login_or_has_no_effect_is_none() -> None:
    fits = found(auth=auth_file({"api_key": KEY}), config=config_file(FORCED_API))
    assert home_report(fits, "0.171.0", NOW)["login"]["conflicts"] == []
    old = found(auth=auth_file({"api_key": KEY}), config=config_file(FORCED_CHATGPT))
    assert home_report(old, "0.34.0", NOW)["login"]["conflicts"] == []
    assert home_report(found(config=config_file(FORCED_CHATGPT)), "0.171.0", NOW)["login"]["conflicts"] == []


@pytest.mark.parametrize("value", ['["chatgpt"]', "{ a = 1 }", "7", "true"])
def test_a_setting_of_any_type_breaks_no_report(value: str) -> None:
    """A user who writes one must not keep the others of the host from being looked at."""
    config = config_file(f"forced_login_method = {value}\nforced_chatgpt_workspace_id = {value}\n".encode())
    for auth in (auth_file({"api_key": KEY}), auth_file({"content": chatgpt()})):
        assert home_report(found(auth=auth, config=config), "0.171.0", NOW)["login"]["method"] in ("apikey", "chatgpt")


def test_a_workspace_because_of_which_codex_deletes_the_login_is_a_conflict() -> None:
    tokens = auth_file({"content": chatgpt()})
    (conflict,) = home_report(
        found(auth=tokens, config=config_file(b'forced_chatgpt_workspace_id = "account-2"\n')), "0.171.0", NOW
    )["login"]["conflicts"]
    assert conflict.startswith(f"forced_chatgpt_workspace_id in {CONFIG} does not name the account of this login")
    fits = found(auth=tokens, config=config_file(b'forced_chatgpt_workspace_id = ["account-1"]\n'))
    assert home_report(fits, "0.171.0", NOW)["login"]["conflicts"] == []
