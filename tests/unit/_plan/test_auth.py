"""The step for auth.json: how it is written and removed, and what is said about it."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.auth import plan_auth
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import auth_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.planning import (
    EVERYTHING,
    HOME,
    KEY,
    NOW,
    auth_file,
    chatgpt,
    describe,
    desired,
    diffs,
    file,
    operation,
    operations,
    plan,
    plan_all,
    written,
)

PATH = f"{HOME}/.codex/auth.json"


def other_account() -> dict[str, t.Any]:
    document = chatgpt_document(
        "account-2", "b@example.com", "plus", last_refresh=NOW - timedelta(days=9), access_expires=NOW, marker="y"
    )
    return t.cast("dict[str, t.Any]", document)


def older() -> dict[str, t.Any]:
    document = {**chatgpt(), "last_refresh": "2026-01-01T00:00:00Z"}
    return {**document, "tokens": {**document["tokens"], "refresh_token": "older"}}


def test_auth_json_is_written_and_removed_under_codexs_locks_and_nothing_else_is() -> None:
    wanted = desired(**EVERYTHING)
    changes = plan(wanted, describe(wanted)).changes
    locks = {change.operation["path"]: change.operation.get("locks") for change in changes}
    assert {path for path, names in locks.items() if names} == {"auth.json"}
    assert locks["auth.json"] == ["auth.lock", "auth.json.lock"]
    wanted = desired(auth={"state": "absent"})
    there = auth_file({"api_key": KEY})
    assert operation(plan(wanted, describe(wanted, auth=there)))["locks"] == ["auth.lock", "auth.json.lock"]


def test_what_is_written_is_the_login_and_replaces_only_what_was_seen() -> None:
    there = auth_file({"api_key": "other"})
    wanted = desired(auth={"api_key": KEY, "backup": True, "backup_keep": 2})
    result = plan(wanted, describe(wanted, auth=there))
    assert written(result, "auth.json") == f'{{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "{KEY}"\n}}'.encode()
    write = operation(result)
    assert (write["expected"], write["mode"]) == (there["sha256"], 0o600)
    assert (write["backup"], write["backup_keep"]) == (True, 2)
    assert operation(plan(wanted, describe(wanted)))["expected"] is None


def test_unknown_fields_are_kept_for_the_same_account_only() -> None:
    wanted = desired(auth={"content": chatgpt(), "on_account_mismatch": "replace"})
    for there, kept in ((older(), True), (other_account(), False)):
        write = operation(plan(wanted, describe(wanted, auth=auth_file({"content": there}))))
        assert ("preserve_unknown_except" in write) is kept
        # A Codex that runs is looked for where it would go on with another login.
        assert ("watch_seconds" in write) is not kept
    wanted = desired(auth={"api_key": KEY})
    write = operation(plan(wanted, describe(wanted, auth=auth_file({"api_key": "other"}))))
    assert "preserve_unknown_except" not in write
    assert "watch_seconds" in write


def test_a_restart_is_in_question_where_the_login_is_another_one() -> None:
    wanted = desired(auth={"content": chatgpt(), "on_account_mismatch": "replace"})
    for there, expected in ((None, False), (chatgpt(), False), (older(), False), (other_account(), None)):
        files = {} if there is None else {"auth": auth_file({"content": there})}
        assert plan(wanted, describe(wanted, **files)).result["auth"]["restart_required"] is expected
    wanted = desired(auth={"state": "absent"})
    for files, expected in (({}, False), ({"auth": auth_file({"api_key": KEY})}, None)):
        assert plan(wanted, describe(wanted, **files)).result["auth"]["restart_required"] is expected


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_is_wrong_decides_nothing(years: int) -> None:
    """Copies are compared by what their tokens and Codex say of themselves."""
    for hours in (-1, 0, 1):
        there = {**chatgpt(), "last_refresh": (NOW + timedelta(hours=hours)).isoformat()}
        there["tokens"] = {**there["tokens"], "refresh_token": f"fleet-test-{hours}"}
        wanted = desired(auth={"content": chatgpt()})
        answer = describe(wanted, auth=auth_file({"content": there}))
        right, wrong = (plan_all([wanted], [answer], now)[0] for now in (NOW, NOW + timedelta(days=365 * years)))
        assert right.changes == wrong.changes
        assert right.result["auth"]["reason"] == wrong.result["auth"]["reason"]


@pytest.mark.parametrize(("version", "refused"), [(None, False), ("0.138.0", True), ("0.139.0", False)])
def test_a_personal_access_token_needs_a_codex_that_reads_it(version: str | None, refused: bool) -> None:
    wanted = desired(auth={"personal_access_token": "at-fleet-test"}, codex_version=version)
    if refused:
        with pytest.raises(CodexError, match="Codex 0.138.0 cannot read .* 0.139 and later can"):
            plan(wanted, describe(wanted))
    else:
        assert operations(plan(wanted, describe(wanted))) == ["write auth.json"]


def test_an_empty_file_is_not_a_login() -> None:
    """It is made for Docker to mount, or left by state: absent of a mounted one."""
    empty = file(auth={"malformed": True}, mount_point=True)
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, describe(wanted, auth=empty))
    assert operations(result) == ["write auth.json"]
    assert result.result["auth"]["reason"] == "There was no auth.json with a login."
    damaged = file(b"{", auth={"malformed": True})
    with pytest.raises(CodexError, match=f"^{PATH} is not an auth.json that Codex can read"):
        plan(wanted, describe(wanted, auth=damaged))


@pytest.mark.parametrize(
    ("login", "more", "version", "refused"),
    [
        ({"content": chatgpt()}, {}, None, True),
        ({"content": chatgpt()}, {}, "0.167.2", True),
        ({"content": chatgpt()}, {}, "0.167.1", False),
        ({"content": chatgpt()}, {"allow_mounted_file": True}, "0.171.0", False),
        ({"content": {**chatgpt(), "auth_mode": "chatgptAuthTokens"}}, {}, None, False),  # which Codex does not renew
        ({"api_key": KEY}, {}, "0.171.0", False),
    ],
)
def test_a_login_that_codex_could_not_save_again_goes_into_a_mounted_file_on_request_only(
    login: dict[str, t.Any], more: dict[str, t.Any], version: str | None, refused: bool
) -> None:
    empty = file(auth={"malformed": True}, mount_point=True)
    wanted = desired(auth={**login, **more}, codex_version=version)
    if refused:
        with pytest.raises(CodexError, match=f"^{PATH} is a mount point of its own, .* Mount the folder instead of"):
            plan(wanted, describe(wanted, auth=empty))
    else:
        assert operations(plan(wanted, describe(wanted, auth=empty))) == ["write auth.json"]
    if "content" in login:  # one that is there stays, with a warning
        there = t.cast(FileFacts, {**auth_file(login), "mount_point": True})
        assert operations(plan(wanted, describe(wanted, auth=there))) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "The file was removed here"),
        ({"link": "elsewhere"}, "The link was removed here, and the file it led to stays"),
        ({"mount_point": True}, "The file is a mount point of its own and was emptied here"),
    ],
)
def test_a_removed_login_was_not_revoked(facts: dict[str, t.Any], words: str) -> None:
    wanted = desired(auth={"state": "absent"})
    there = t.cast(FileFacts, {**auth_file({"api_key": KEY}), **facts})
    result = plan(wanted, describe(wanted, auth=there))
    remove = operation(result)
    assert (remove["operation"], remove["expected"], remove["watch_seconds"]) == ("remove", there["sha256"], 0)
    assert result.result["auth"]["reason"] == f"{words}; the login itself was not revoked."
    assert result.result["auth"]["login"] == {"method": "none"}
    assert diffs(result)[0]["after"] == ""


def test_removing_what_is_not_there() -> None:
    wanted = desired(auth={"state": "absent"})
    emptied = file(auth={"malformed": True}, mount_point=True)
    for files in ({}, {"auth": emptied}):
        result = plan(wanted, describe(wanted, **files))
        assert operations(result) == []
        assert result.result["auth"]["reason"] == "There was no auth.json."
    # A link to nothing goes, and so does a file that is empty and not mounted.
    for facts in (t.cast(FileFacts, {"kind": "dangling", "link": "x"}), file(auth={"malformed": True})):
        assert operations(plan(wanted, describe(wanted, auth=facts))) == ["remove auth.json"]


def test_the_step_says_what_the_file_will_say() -> None:
    there = auth_file({"content": other_account()})
    for options, expected in (
        (None, there["auth"]),
        ({"state": "absent"}, None),
        ({"api_key": KEY, "update": "on_create"}, there["auth"]),
        ({"api_key": KEY, "update": "always"}, auth_file({"api_key": KEY})["auth"]),
    ):
        wanted = desired(auth=options)
        assert plan_auth(wanted, describe(wanted, auth=there), NOW).auth_after == expected
    assert plan_auth(desired(), describe(desired()), NOW).auth_after is None
    emptied = file(auth={"malformed": True}, mount_point=True)
    removed = desired(auth={"state": "absent"})
    assert plan_auth(removed, describe(removed, auth=emptied), NOW).auth_after == {"malformed": True}


def test_a_removed_login_is_copied_first_where_that_is_wanted_and_shown_without_its_secret() -> None:
    there = auth_file({"api_key": KEY})
    for options, backup in (({}, {"backup": False}), ({"backup": True, "backup_keep": 2}, {"backup": True})):
        wanted = desired(auth={"state": "absent", **options})
        result = plan(wanted, describe(wanted, auth=there))
        assert operation(result).items() >= {"base": "codex_home", "path": "auth.json", **backup}.items()
        assert operation(result).get("backup_keep") == options.get("backup_keep")
        assert diffs(result) == [auth_diff(PATH, there["auth"], None)]
        assert result.result["auth"]["path"] == PATH


def test_what_codex_added_to_a_login_stays_with_it_but_for_what_is_of_one_login_alone() -> None:
    there = auth_file({"content": older()})
    wanted = desired(auth={"content": chatgpt()})
    result = plan(wanted, describe(wanted, auth=there))
    assert operation(result)["preserve_unknown_except"] == ["oauth_provenance", "login_owner_id"]
    assert diffs(result) == [auth_diff(PATH, there["auth"], auth_file({"content": chatgpt()})["auth"])]
