"""The plan: which operations, in which order, and what is refused before any of them."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils import environment
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.home_report import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import HomePlan, describe_request, plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY = "fleet-test-key-SECRETMARKER"
HOME = "/home/alice"


def chatgpt() -> dict[str, t.Any]:
    return chatgpt_document(
        "account-1", "a@example.com", "plus", last_refresh=NOW, access_expires=NOW + timedelta(days=1), marker="x"
    )


def desired(**arguments: t.Any) -> DesiredHome:
    return desired_home({"user": "alice", **arguments}, read_source=lambda name: b"")


def found(wanted: DesiredHome, user: str = "alice", shell: str = "/bin/bash", **files: FileFacts) -> HomeAnswer:
    """What describe says of a home with these files and no others; names as in the request, "." as "_"."""
    request, codex_home = describe_request(wanted), wanted.codex_home or f"/home/{user}/.codex"
    described: dict[str, FileFacts] = {}
    for query in request["files"]:
        base = {"codex_home": f"{codex_home}/", "home": f"/home/{user}/", "host": ""}[query["base"]]
        described[query["name"]] = {"path": f"{base}{query['path']}", "kind": "absent"}
    for name, facts in files.items():
        described[name.replace("__", ".")] |= facts
    return {
        "account": {"name": user, "uid": 1000, "gid": 1000, "home": f"/home/{user}", "shell": shell},
        "codex_home": codex_home,
        "real_home": codex_home,
        "folder": {"path": codex_home, "kind": "directory", "mode": 0o700},
        "files": described,
        "leftovers": [],
        "profiles": [],
        "root": True,
        "unsaved_logins": [],
        "home_exists": True,
        "system": "linux",
    }


def plan(wanted: DesiredHome, answer: HomeAnswer) -> HomePlan:
    return plan_homes([wanted], [answer], NOW)[0]


def file(data: bytes = b"", mode: int = 0o600, **more: t.Any) -> FileFacts:
    digest = hashlib.sha256(data).hexdigest()
    return t.cast(FileFacts, {"kind": "file", "mode": mode, "owner": "alice", "sha256": digest, **more})


def auth_file(arguments: dict[str, t.Any], mode: int = 0o600) -> FileFacts:
    key = arguments.get("api_key")
    credential = from_api_key(key, "") if key else from_document(arguments["content"], "")
    return file(credential.render(), mode, auth=credential.summary())


def config_file(content: bytes, mode: int = 0o600) -> FileFacts:
    return file(content, mode, content=base64.b64encode(content).decode())


def words(plan: HomePlan) -> list[str]:
    return [f"{operation['operation']} {operation['path']}".strip() for operation in plan.operations]


EVERYTHING: dict[str, t.Any] = {
    "auth": {"api_key": KEY},
    "config": {"preferred_auth_method": "apikey"},
    "environment": {"OPENAI_API_KEY": KEY},
}


def test_auth_json_is_written_and_removed_under_codexs_locks_and_nothing_else_is() -> None:
    wanted = desired(**EVERYTHING)
    written = {operation["path"]: operation.get("locks") for operation in plan(wanted, found(wanted)).operations}
    assert {path for path, locks in written.items() if locks} == {"auth.json"}
    assert written["auth.json"] == ["auth.lock", "auth.json.lock"]
    wanted = desired(auth={"state": "absent"})
    there = auth_file({"api_key": KEY})
    assert plan(wanted, found(wanted, auth=there)).operations[0]["locks"] == ["auth.lock", "auth.json.lock"]


@pytest.mark.parametrize(
    ("facts", "folder_mode", "unsaved", "words_"),
    [
        ({"mount_point": True}, 0o700, [], "mount point"),
        ({"hard_links": 2}, 0o700, [], "second hard link"),
        ({"owner": "root"}, 0o700, [], "belongs to root"),
        ({"mode": 0o400}, 0o700, [], "read-only"),
        ({}, 0o500, [], "not writable for alice"),
        ({}, 0o700, [".auth-x1Y2z3"], ".auth-x1Y2z3"),
    ],
)
def test_a_home_where_codex_loses_a_renewed_login_is_told_before_anything_is_lost(
    facts: dict[str, t.Any], folder_mode: int, unsaved: list[str], words_: str
) -> None:
    for arguments, told in (({"content": chatgpt()}, True), ({"api_key": KEY}, False)):
        wanted = desired(auth=arguments)
        answer = found(wanted, auth=t.cast(FileFacts, {**auth_file(arguments), **facts}))
        answer["folder"]["mode"] = folder_mode
        answer["unsaved_logins"] = [{"name": name, "path": f"{HOME}/.codex/{name}", "kind": "file"} for name in unsaved]
        result = plan(wanted, answer)
        assert words(result) == []
        assert [words_ in warning for warning in result.warnings] == ([True] if told else [])
        if told:
            assert home_report(answer, None, NOW)["auth"]["problems"] == result.warnings


def test_a_replaced_file_has_neither_the_old_owner_nor_the_old_hard_link() -> None:
    older = {**chatgpt(), "last_refresh": "2026-01-01T00:00:00Z"}
    older["tokens"] = {**older["tokens"], "refresh_token": "older"}
    wanted = desired(auth={"content": chatgpt()})
    facts = {**auth_file({"content": older}), "owner": "root", "hard_links": 2}
    result = plan(wanted, found(wanted, auth=t.cast(FileFacts, facts)))
    assert (words(result), result.warnings) == (["write auth.json"], [])


def test_unknown_fields_are_kept_for_the_same_account_only() -> None:
    older = {**chatgpt(), "last_refresh": "2026-01-01T00:00:00Z"}
    older["tokens"] = {**older["tokens"], "refresh_token": "older"}
    other = chatgpt_document(
        "account-2", "b@example.com", "plus", last_refresh=NOW - timedelta(days=9), access_expires=NOW, marker="y"
    )
    wanted = desired(auth={"content": chatgpt(), "on_account_mismatch": "replace"})
    for there, kept in ((older, True), (other, False)):
        operation = plan(wanted, found(wanted, auth=auth_file({"content": there}))).operations[0]
        assert ("keep_unknown_but" in operation) is kept
        # A Codex that runs is looked for where it would go on with another login.
        assert ("settle" in operation) is not kept
    wanted = desired(auth={"api_key": KEY})
    assert "keep_unknown_but" not in plan(wanted, found(wanted, auth=auth_file({"api_key": "other"}))).operations[0]


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_is_wrong_decides_nothing(years: int) -> None:
    """Copies are compared by what their tokens and Codex say of themselves."""
    for hours in (-1, 0, 1):
        there = {**chatgpt(), "last_refresh": (NOW + timedelta(hours=hours)).isoformat()}
        there["tokens"] = {**there["tokens"], "refresh_token": f"fleet-test-{hours}"}
        wanted = desired(auth={"content": chatgpt()})
        answer = found(wanted, auth=auth_file({"content": there}))
        right, wrong = (plan_homes([wanted], [answer], now)[0] for now in (NOW, NOW + timedelta(days=365 * years)))
        assert right.operations == wrong.operations
        assert right.result["auth"]["reason"] == wrong.result["auth"]["reason"]


def test_the_order_of_a_first_run_is_folder_auth_config_environment() -> None:
    wanted = desired(**EVERYTHING)
    answer = found(wanted)
    answer["folder"] = {
        "path": "/home/alice/.codex",
        "kind": "absent",
        "below": HOME,
        "writable": True,
        "by_root": False,
    }
    assert words(plan(wanted, answer)) == [
        "directory",
        "write auth.json",
        "write config.toml",
        "write codex.env",
        "lines .profile",
        "lines .bashrc",
        "link .config/environment.d/60-fleet-codex.conf",
    ]


def everything_there() -> tuple[DesiredHome, dict[str, FileFacts]]:
    wanted = desired(**EVERYTHING)
    account = found(wanted)["account"]
    line = environment.shell_line("/home/alice/.codex/codex.env", account)
    files: dict[str, FileFacts] = {
        "auth": auth_file({"api_key": KEY}),
        "config": config_file(b'# mine\npreferred_auth_method = "apikey"\n'),
        "codex__env": file(f"OPENAI_API_KEY={KEY}\n".encode()),
        "__profile": file(lines=[line]),
        "__bashrc": file(lines=[line]),
        "__config/environment__d/60-fleet-codex__conf": file(link="/home/alice/.codex/codex.env"),
    }
    return wanted, files


def test_nothing_is_done_where_everything_is_there() -> None:
    wanted, files = everything_there()
    result = plan(wanted, found(wanted, **files))
    assert words(result) == []
    assert result.diffs == []
    assert result.warnings == []
    assert result.result["changed"] is False


def test_removing_goes_the_other_way_and_keeps_config_toml() -> None:
    _wanted, files = everything_there()
    wanted = desired(**EVERYTHING, state="absent")
    result = plan(wanted, found(wanted, **files))
    assert words(result) == [
        "lines .profile",
        "lines .bashrc",
        "link .config/environment.d/60-fleet-codex.conf",
        "remove codex.env",
        "remove auth.json",
    ]
    assert all(operation["line"] is None for operation in result.operations if operation["operation"] == "lines")
    assert words(plan(wanted, found(wanted))) == []


def test_removing_one_home_leaves_what_reads_another() -> None:
    _wanted, files = everything_there()
    wanted = desired(codex_home="/srv/other", state="absent")
    assert (
        words(plan(wanted, found(wanted, **{k: v for k, v in files.items() if k not in ("auth", "codex__env")}))) == []
    )


@pytest.mark.parametrize(("mode", "repaired"), [(0o644, 0o600), (0o660, 0o600), (0o400, None), (0o600, None)])
def test_modes_wider_than_the_default_are_repaired(mode: int, repaired: int | None) -> None:
    wanted = desired(auth={"api_key": KEY}, config={"settings": {"a": 1}})
    answer = found(wanted, auth=auth_file({"api_key": KEY}, mode), config=config_file(b"a = 1\n", mode))
    result = plan(wanted, answer)
    assert [operation["mode"] for operation in result.operations] == ([repaired] * 2 if repaired else [])


def test_a_mode_that_is_given_is_set() -> None:
    wanted = desired(auth={"api_key": KEY, "mode": "0400"})
    assert plan(wanted, found(wanted, auth=auth_file({"api_key": KEY}))).operations[0]["mode"] == 0o400


@pytest.mark.parametrize("mode", ["0644", "u=rw", 644, "0o600", 0o640, "0000", True, "1600"])
def test_modes_that_are_refused(mode: object) -> None:
    with pytest.raises(CodexError, match="mode must be"):
        desired(auth={"api_key": KEY, "mode": mode})


def test_a_wide_folder_is_tightened_first() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = found(wanted)
    answer["folder"]["mode"] = 0o755
    assert words(plan(wanted, answer)) == ["directory", "write auth.json"]


def test_a_folder_that_nobody_may_make_is_refused() -> None:
    wanted = desired(auth={"api_key": KEY}, codex_home="/srv/x")
    answer = found(wanted)
    answer["folder"] = {"path": "/srv/x", "kind": "absent", "below": "/srv", "writable": False, "by_root": False}
    with pytest.raises(CodexError, match="cannot create /srv/x"):
        plan(wanted, answer)


def test_leftovers_are_cleaned_in_the_folders_they_are_in() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = found(wanted, auth=auth_file({"api_key": KEY}))
    answer["leftovers"] = ["/home/alice/.codex/.fleet-codex-1", "/home/alice/.codex/.fleet-codex-2"]
    assert words(plan(wanted, answer)) == ["clean /home/alice/.codex"]


@pytest.mark.parametrize("name", ["auth", "config"])
@pytest.mark.parametrize("kind", ["directory", "fifo", "socket", "dangling", "unreadable", "oversized", "device"])
def test_what_is_no_file_is_refused_and_never_taken_for_absent(name: str, kind: str) -> None:
    wanted = desired(auth={"api_key": KEY}, config={"settings": {"a": 1}})
    facts = t.cast(FileFacts, {"kind": kind})
    with pytest.raises(CodexError, match="/home/alice/.codex/"):
        plan(wanted, found(wanted, **{name: facts}))


def test_one_wrong_home_stops_all_of_a_host() -> None:
    good, bad = desired(auth={"api_key": KEY}), desired(user="bob", auth={"api_key": KEY})
    answers: list[HomeAnswer] = [found(good), {"obstacle": {"reason": "unknown_account", "user": "bob"}}]
    with pytest.raises(CodexError, match="no account bob"):
        plan_homes([good, bad], answers, NOW)


def test_homes_declared_twice() -> None:
    one = desired(auth={"api_key": KEY})
    with pytest.raises(CodexError, match="declared twice"):
        plan_homes([one, one], [found(one), found(one)], NOW)


def test_an_accounts_environment_is_declared_once() -> None:
    one = desired(environment={"A": "1"})
    two = desired(environment={"A": "1"}, codex_home="/srv/x")
    with pytest.raises(CodexError, match="environment of the account alice is declared twice"):
        plan_homes([one, two], [found(one), found(two)], NOW)


def test_codex_home_is_exported_when_it_is_not_the_default() -> None:
    wanted = desired(codex_home="/srv/codex/alice", environment={})
    written = next(o for o in plan(wanted, found(wanted)).operations if o["path"] == "codex.env")
    assert base64.b64decode(written["content"]) == b"CODEX_HOME=/srv/codex/alice\n"
    wanted = desired(environment={})
    assert words(plan(wanted, found(wanted))) == []


def test_a_login_that_codex_would_delete_is_refused() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = found(wanted, config=config_file(b'forced_login_method = "chatgpt"\n'))
    with pytest.raises(CodexError, match="would delete the login"):
        plan(wanted, answer)
    wanted = desired(config={"settings": {"forced_login_method": "api"}})
    with pytest.raises(CodexError, match="would delete the login"):
        plan(wanted, found(wanted, auth=auth_file({"content": chatgpt()})))


@pytest.mark.parametrize(
    ("workspaces", "refused"),
    [('"account-1"', False), ('"other"', True), ('["other", "account-1"]', False), ('""', False)],
)
def test_a_workspace_that_codex_would_log_out_is_refused(workspaces: str, refused: bool) -> None:
    wanted = desired(auth={"content": chatgpt()})
    answer = found(wanted, config=config_file(f"forced_chatgpt_workspace_id = {workspaces}\n".encode()))
    if refused:
        with pytest.raises(CodexError, match="forced_chatgpt_workspace_id"):
            plan(wanted, answer)
    else:
        assert words(plan(wanted, answer)) == ["write auth.json"]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"preferred_auth_method": "apikey"}, "preferred_auth_method"),
        ({"enforce_login_method": True}, "forced_login_method"),
    ],
)
def test_a_key_that_an_option_writes_cannot_be_absent_too(options: dict[str, t.Any], key: str) -> None:
    wanted = desired(auth={"api_key": KEY}, config={**options, "absent": [[key]]})
    with pytest.raises(CodexError, match=f"{key} stands in both"):
        plan(wanted, found(wanted))


def without_folder(answer: HomeAnswer) -> HomeAnswer:
    path = f"{HOME}/.codex"
    answer["folder"] = {"path": path, "kind": "absent", "below": HOME, "writable": True, "by_root": False}
    return answer


def test_a_config_goes_where_the_login_is_removed_too() -> None:
    wanted = desired(auth={"state": "absent"}, config={"settings": {"a": 1}})
    assert words(plan(wanted, without_folder(found(wanted)))) == ["directory", "write config.toml"]


def test_no_folder_is_made_for_nothing() -> None:
    wanted = desired(environment={})
    line = environment.shell_line(f"{HOME}/.codex/codex.env", found(wanted)["account"])
    assert words(plan(wanted, without_folder(found(wanted, __bashrc=file(lines=[line]))))) == ["lines .bashrc"]


def test_two_names_of_one_home_are_one() -> None:
    one, two = desired(auth={"api_key": KEY}), desired(auth={"api_key": KEY}, codex_home="/srv/link")
    second = found(two)
    second["real_home"] = f"{HOME}/.codex"
    with pytest.raises(CodexError, match="declared twice"):
        plan_homes([one, two], [found(one), second], NOW)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, b'preferred_auth_method = "apikey"\nforced_login_method = "api"\n'),
        ("0.22.0", b""),
        ("0.23.0", b'preferred_auth_method = "apikey"\n'),
        ("0.34.5", b'preferred_auth_method = "apikey"\n'),
        ("0.36.0", b""),
        ("0.49.0", b'forced_login_method = "api"\n'),
        ("0.169.0", b'forced_login_method = "api"\n'),
    ],
)
def test_each_version_gets_what_it_understands(version: str | None, expected: bytes) -> None:
    config = {"preferred_auth_method": "apikey", "enforce_login_method": True}
    wanted = desired(config=config, auth={"api_key": KEY}, codex_version=version)
    result = plan(wanted, found(wanted))
    written = [base64.b64decode(o["content"]) for o in result.operations if o["path"] == "config.toml"]
    assert written == ([expected] if expected else [])
    assert bool(result.warnings) is (version in (None, "0.22.0", "0.36.0"))


def test_what_the_version_dropped_goes_in_the_same_edit() -> None:
    old = config_file(b'preferred_auth_method = "apikey"\nprofile = "a"\nmodel = "old"\n[profiles.a]\nmodel = "m"\n')
    for drop in (False, True):
        wanted = desired(config={"settings": {"model": "new"}, "drop_removed_keys": drop}, codex_version="0.134.0")
        result = plan(wanted, found(wanted, config=old))
        (write,) = result.operations
        dropped = ["preferred_auth_method", "profile", "profiles"]
        assert result.result["config"]["removed_keys"] == ([] if drop else dropped)
        assert [change["key"] for change in result.result["config"]["changes"]] == dropped * drop + ["model"]
        assert (b"profile" in base64.b64decode(write["content"])) is not drop
        assert [f"{HOME}/.codex/config.toml: profile keeps" in warning for warning in result.warnings] == [True] * (
            not drop
        )


def test_settings_with_which_the_version_does_not_start_are_refused() -> None:
    wanted = desired(config={"settings": {"cli_auth_credentials_store": "ephemeral"}}, codex_version="0.92.0")
    with pytest.raises(CodexError, match=f"settings for {HOME}/.codex/config.toml: cli_auth_credentials_store accepts"):
        plan(wanted, found(wanted))
    wanted = desired(config={"settings": {"preferred_auth_method": "apikey"}}, codex_version="0.169.0")
    result = plan(wanted, found(wanted))
    assert words(result) == ["write config.toml"]
    assert ["does not act on it" in warning for warning in result.warnings] == [True]
    assert plan(wanted, found(wanted, config=config_file(b'preferred_auth_method = "apikey"\n'))).warnings == []


def test_what_keeps_codex_from_starting_is_told_of_a_file_that_stays() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, found(wanted, config=config_file(b'cli_auth_credentials_store = "memory"\n')))
    assert words(result) == ["write auth.json"]
    assert "cli_auth_credentials_store accepts" in result.warnings[0]


def test_detecting_a_version_where_there_is_no_codex() -> None:
    wanted = desired(config={"preferred_auth_method": "apikey"}, codex_version="detect")
    with pytest.raises(CodexError, match="has no codex that runs"):
        plan(wanted, found(wanted))


def test_enforcing_needs_a_login() -> None:
    wanted = desired(config={"enforce_login_method": True})
    with pytest.raises(CodexError, match="needs a login to enforce"):
        plan(wanted, found(wanted))


BROKEN = [b"a = \n", b"\xff", b"\0" * 9]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_config_is_refused_and_force_replaces_it(content: bytes) -> None:
    settings = {"model": "gpt-5", "notify": ["C:\\x"]}
    answer = found(desired(config={}), config=config_file(content))
    with pytest.raises(CodexError, match="With force and backup a new file takes its place"):
        plan(desired(config={"settings": settings}), answer)
    config = {"settings": settings, "absent": [["old"]], "force": True, "backup": True}
    result = plan(desired(config=config), answer)
    (operation,) = result.operations
    assert base64.b64decode(operation["content"]) == b"model = \"gpt-5\"\nnotify = ['C:\\x']\n"
    assert operation["backup"] is True
    assert operation["expected"] == answer["files"]["config"]["sha256"]
    assert [warning.partition("could not be read as TOML")[0] for warning in result.warnings] == [
        f"{HOME}/.codex/config.toml "
    ]
    assert result.result["config"]["changes"] == [
        {"key": "model", "action": "added"},
        {"key": "notify", "action": "added"},
    ]
    # Without settings it is an empty file, with which Codex starts.
    (operation,) = plan(desired(config={"force": True, "backup": True}), answer).operations
    assert operation["content"] == ""


def test_force_leaves_a_config_that_can_be_read_to_the_editor() -> None:
    wanted = desired(config={"settings": {"a": 2}, "force": True, "backup": True})
    (operation,) = plan(wanted, found(wanted, config=config_file(b"# mine\na = 1\n"))).operations
    assert base64.b64decode(operation["content"]) == b"# mine\na = 2\n"


def test_a_diff_says_that_the_replaced_file_was_no_toml_and_shows_nothing_of_it() -> None:
    wanted = desired(config={"settings": {"model": "a"}, "force": True, "backup": True})
    (diff,) = plan(wanted, found(wanted, config=config_file(f"a = {KEY}\n".encode()))).diffs
    assert (diff["before"], diff["after"]) == ("(not readable as TOML)\n", 'model = "a"\n')


def test_force_replaces_no_file_to_remove_something_from_it() -> None:
    """The table of a profile, which an older Codex has in a config.toml that is broken."""
    config = {"layer": "profile:p", "state": "absent", "force": True, "backup": True}
    wanted = desired(config=config, codex_version="0.130.0")
    with pytest.raises(CodexError, match="is not valid TOML"):
        plan(wanted, found(wanted, config=config_file(b"a = \n")))


def test_a_list_is_added_to_and_the_second_time_nothing_is_to_do() -> None:
    config = {"settings": {"args": [2]}, "lists": [{"path": ["args"], "append": True}]}
    wanted = desired(config=config)
    result = plan(wanted, found(wanted, config=config_file(b"args = [1]\n")))
    assert base64.b64decode(result.operations[0]["content"]) == b"args = [1, 2]\n"
    assert result.result["config"]["changes"] == [{"key": "args[1]", "action": "added"}]
    assert plan(wanted, found(wanted, config=config_file(b"args = [1, 2]\n"))).operations == []
    # A profile of an older Codex is a table of config.toml, and the list is in it.
    wanted = desired(config={**config, "layer": "profile:p"}, codex_version="0.130.0")
    result = plan(wanted, found(wanted, config=config_file(b"[profiles.p]\nargs = [1]\n")))
    assert base64.b64decode(result.operations[0]["content"]) == b"[profiles.p]\nargs = [1, 2]\n"


def test_a_broken_config_beside_a_login_is_a_warning_and_stays() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, found(wanted, config=config_file(b"a = \n")))
    assert words(result) == ["write auth.json"]
    assert "line 1" in result.warnings[0]


def test_a_store_that_hides_the_file_is_a_warning() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, found(wanted, config=config_file(b'cli_auth_credentials_store = "keyring"\n')))
    assert "cli_auth_credentials_store" in result.warnings[0]


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        ("/bin/bash", [".profile", ".bashrc"]),
        ("/bin/dash", [".profile"]),
        ("/usr/bin/zsh", [".profile", ".zshenv"]),
        ("/usr/bin/fish", [".profile", ".config/fish/conf.d/fleet-codex.fish"]),
        ("/usr/sbin/nologin", []),
    ],
)
def test_what_reads_the_values_goes_by_the_login_shell(shell: str, files: list[str]) -> None:
    wanted = desired(environment={"A": "1"})
    paths = [operation["path"] for operation in plan(wanted, found(wanted, shell=shell)).operations]
    assert paths == ["codex.env", *files, ".config/environment.d/60-fleet-codex.conf"]


def test_bash_files_that_hide_profile_get_the_line_too() -> None:
    wanted = desired(environment={"A": "1"})
    answer = found(wanted, __bash_profile=file(b"x", lines=[]))
    assert "lines .bash_profile" in words(plan(wanted, answer))


def test_a_users_file_that_is_no_file_is_left_alone_with_a_warning() -> None:
    wanted = desired(environment={"A": "1"})
    result = plan(wanted, found(wanted, __bashrc=t.cast(FileFacts, {"kind": "dangling"})))
    assert "lines .bashrc" not in words(result)
    assert "left alone" in result.warnings[0]


@pytest.mark.parametrize(
    ("variables", "words_"),
    [
        ({"A": ""}, "A is empty"),
        ({"A": "two words"}, "A has a character"),
        ({"A": "$HOME"}, "A has a character"),
        ({"A": "a\nb"}, "A has a character"),
        ({"A": "a'b"}, "A has a character"),
        ({"A": "é"}, "A has a character"),
        ({"A-B": "x"}, "no variable's name"),
        ({"A": None}, "A must be text"),
        ({"A": True}, "A must be text"),
    ],
)
def test_variables_that_readers_would_disagree_about(variables: dict[str, t.Any], words_: str) -> None:
    with pytest.raises(CodexError, match=words_):
        desired(environment=variables)


def test_no_diff_result_or_warning_shows_a_secret() -> None:
    wanted = desired(
        auth={"api_key": KEY, "on_account_mismatch": "replace"},
        environment={"OPENAI_API_KEY": KEY, "OTHER": KEY},
        config={
            "settings": {
                "model_providers": {"x": {"experimental_bearer_token": KEY, "http_headers": {"X": KEY}}},
                "mcp_servers": {"y": {"env": {"Z": KEY}, "args": [KEY], "command": "y"}},
            }
        },
    )
    before = b'[mcp_servers.y]\nenv = {Z = "old-SECRETMARKER"}\nargs = ["old-SECRETMARKER"]\n'
    answer = found(wanted, auth=auth_file({"content": chatgpt()}), config=config_file(before))
    result = plan(wanted, answer)
    assert "SECRETMARKER" not in repr((result.diffs, result.result, result.warnings))
    assert "changed" in repr(result.diffs)


@pytest.mark.parametrize(
    ("arguments", "words_"),
    [
        ({"codex_home": "codex"}, "codex_home must be an absolute path"),
        ({"codex_home": "~/.codex"}, "codex_home must be an absolute path"),
        ({"auth": {}}, "One of api_key, personal_access_token, content and src must be given"),
        ({"auth": {"api_key": KEY, "content": "x"}}, "Only one of auth.api_key, auth.content"),
        ({"codex_version": "latest"}, "codex_version must be a version"),
        ({"config": {"settings": {"a": {"b": 1}}, "absent": [["a", "b"]]}}, "a.b stands in both"),
        ({"config": {"settings": {"a": {"b": 1}}, "absent": [["a"]]}}, "a stands in both"),
        ({"config": {"force": True}}, "config.force replaces a file that cannot be read, so it needs a copy"),
        ({"config": {"lists": [{"path": ["a"], "append": True}]}}, "config.lists names a, which is not in"),
        ({"config": {"preferred_auth_method": "apikey", "settings": {"preferred_auth_method": "apikey"}}}, "once"),
    ],
)
def test_arguments_that_are_refused(arguments: dict[str, t.Any], words_: str) -> None:
    with pytest.raises(CodexError, match=words_) as refused:
        desired(**arguments)
    assert "SECRETMARKER" not in str(refused.value)
