"""Homes in which Codex can renew a login and not save it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    NOW,
    auth_file,
    chatgpt,
    describe,
    desired,
    operations,
    plan,
)

PATH = f"{HOME}/.codex/auth.json"


LOST = "cannot save a renewed ChatGPT login"


@pytest.mark.parametrize(
    ("facts", "folder_mode", "unsaved", "warning"),
    [
        (
            {"mount_point": True},
            0o700,
            [],
            f"{PATH} is a mount point of its own, and Codex 0.167.2 and later {LOST} there: it loses the "
            "login. Mount the folder instead of the file.",
        ),
        (
            {"hard_links": 2},
            0o700,
            [],
            f"{PATH} has a second hard link, and Codex 0.167.2 and later {LOST} then: it loses the login. "
            "Remove the other name.",
        ),
        (
            {"owner": "root"},
            0o700,
            [],
            f"{PATH} belongs to root, so alice's Codex {LOST}: it loses the login. Change the owner.",
        ),
        ({"mode": 0o400}, 0o700, [], f"{PATH} is read-only, so Codex {LOST}: it loses the login. Give it mode 0600."),
        (
            {},
            0o500,
            [],
            f"{HOME}/.codex is not writable for alice, so Codex {LOST}: it loses the login. Give it mode 0700.",
        ),
        (
            {},
            0o700,
            [".auth-x1Y2z3", ".auth-2"],
            f"{HOME}/.codex has .auth-x1Y2z3, .auth-2, left by a killed Codex: it may be the only copy of a renewed "
            "login. codex_auth_fetch brings it to the controller if it is; remove it then.",
        ),
    ],
)
def test_a_home_where_codex_loses_a_renewed_login_is_a_warning_before_anything_is_lost(
    facts: dict[str, t.Any], folder_mode: int, unsaved: list[str], warning: str
) -> None:
    for arguments, warned in (({"content": chatgpt()}, True), ({"api_key": KEY}, False)):
        wanted = desired(auth=arguments)
        answer = describe(wanted, auth=t.cast(FileFacts, {**auth_file(arguments), **facts}))
        answer["folder"]["mode"] = folder_mode
        answer["unsaved_logins"] = [{"name": name, "path": f"{HOME}/.codex/{name}", "kind": "file"} for name in unsaved]
        result = plan(wanted, answer)
        assert operations(result) == []
        assert result.warnings == ([warning] if warned else [])
        if warned:
            assert home_report(answer, None, NOW)["login"]["problems"] == result.warnings


@pytest.mark.parametrize("change", [{"auth_mode": "chatgptAuthTokens"}, {"refresh_token": ""}])
def test_tokens_that_codex_does_not_renew_cannot_be_lost_so(change: dict[str, str]) -> None:
    document = chatgpt()
    (document if "auth_mode" in change else document["tokens"]).update(change)
    wanted = desired(auth={"content": document})
    facts = {**auth_file({"content": document}), "mount_point": True, "hard_links": 2}
    assert plan(wanted, describe(wanted, auth=t.cast(FileFacts, facts))).warnings == []


def test_a_replaced_file_has_neither_the_old_owner_nor_the_old_hard_link() -> None:
    older = {**chatgpt(), "last_refresh": "2026-01-01T00:00:00Z"}
    older["tokens"] = {**older["tokens"], "refresh_token": "older"}
    wanted = desired(auth={"content": chatgpt()})
    facts = {**auth_file({"content": older}), "owner": "root", "hard_links": 2}
    result = plan(wanted, describe(wanted, auth=t.cast(FileFacts, facts)))
    assert (operations(result), result.warnings) == (["write auth.json"], [])


def test_a_file_that_is_not_there_yet_has_no_problem() -> None:
    assert renewal_problems(describe(desired()), mode=0o600, replaced=True) == []
    # Nor has one that will be there with a mode with which Codex cannot write it, but for that mode.
    (problem,) = renewal_problems(describe(desired()), mode=0o400, replaced=True)
    assert "read-only" in problem


LOCK_OF_ROOT = {"kind": "file", "owner": "root", "mode": 0o644, "writable": False}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"auth__lock": LOCK_OF_ROOT},
            f"{HOME}/.codex/auth.lock belongs to root, so alice's Codex 0.166 and later cannot lock it, and {LOST}: it "
            "loses the login. Make alice its owner, with mode 0600.",
        ),
        ({"auth__json__lock": LOCK_OF_ROOT}, "auth.json.lock belongs to root, so alice's Codex 0.167.2 and later"),
        ({"auth__lock": {**LOCK_OF_ROOT, "owner": "alice"}}, "auth.lock is read-only"),
        ({"auth__lock": {"kind": "directory", "mode": 0o700}}, "auth.lock is no file"),
        ({"auth__lock": {"kind": "unreadable"}}, "auth.lock is no file"),
        ({"auth__lock": {**LOCK_OF_ROOT, "mode": 0o666, "writable": True}}, ""),
        ({"auth__lock": {"kind": "dangling"}}, ""),
        # A link to a login has its second lock where it leads.
        ({"auth__json__lock": LOCK_OF_ROOT, "auth": {"link": "/srv/real.json"}}, ""),
        ({"auth__lock": LOCK_OF_ROOT, "auth": {"link": "/srv/real.json"}}, "auth.lock belongs to root"),
        (
            {"auth": {"link": "/srv/real.json", "folder_writable": False}},
            f"{PATH} is a link to a file in a folder where alice cannot write, so Codex 0.167.2 and later {LOST}: it "
            "loses the login. Let the user write in that folder, or put the file in place of the link.",
        ),
        ({"auth": {"link": "/srv/real.json", "folder_writable": True}}, ""),
    ],
)
def test_a_lock_or_a_folder_that_codex_cannot_write_loses_a_renewed_login(
    files: dict[str, dict[str, t.Any]], words: str
) -> None:
    for arguments, warned in (({"content": chatgpt()}, bool(words)), ({"api_key": KEY}, False)):
        wanted = desired(auth=arguments)
        facts = {**files, "auth": {**auth_file(arguments), **files.get("auth", {})}}
        answer = describe(wanted, **t.cast("dict[str, FileFacts]", facts))
        answer["is_root"] = False
        warnings = plan(wanted, answer).warnings
        assert len(warnings) == warned
        assert all(words in warning for warning in warnings)
        if "problems" in home_report(answer, None, NOW)["login"]:
            assert home_report(answer, None, NOW)["login"]["problems"] == warnings


def test_a_lock_that_a_deployment_as_root_gives_to_the_user_is_a_problem_until_then() -> None:
    wanted = desired(auth={"content": chatgpt()})
    lock = t.cast(FileFacts, LOCK_OF_ROOT)
    answer = describe(wanted, auth=auth_file({"content": chatgpt()}), auth__lock=lock)
    (problem,) = home_report(answer, None, NOW)["login"]["problems"]
    assert "auth.lock belongs to root" in problem
    assert (operations(plan(wanted, answer)), plan(wanted, answer).warnings) == (["give auth.lock"], [])


def test_that_not_all_unsaved_logins_were_looked_at_is_told() -> None:
    wanted = desired(auth={"content": chatgpt()})
    for is_whole in (True, False):
        answer = describe(wanted, auth=auth_file({"content": chatgpt()}))
        answer["unsaved_logins"] = [{"name": ".auth-1", "path": f"{HOME}/.codex/.auth-1", "kind": "file"}]
        answer["all_unsaved_logins"] = is_whole
        (problem,) = renewal_problems(answer, mode=0o600, replaced=False)
        assert ("has .auth-1 and more, which were not looked at, left by a killed Codex" in problem) is not is_whole


@pytest.mark.parametrize(
    ("auth", "there", "warned"),
    [
        ({"content": chatgpt()}, None, True),
        ({"api_key": KEY}, None, False),
        ({"api_key": KEY, "on_account_mismatch": "replace"}, {"content": chatgpt()}, True),
        ({"state": "absent"}, {"content": chatgpt()}, True),
        ({"state": "absent"}, {"api_key": KEY}, False),
        ({"content": chatgpt()}, {"content": chatgpt()}, False),  # nothing is written
    ],
)
def test_a_chatgpt_login_that_is_changed_without_locks_is_warned_of(
    auth: dict[str, t.Any], there: dict[str, t.Any] | None, warned: bool
) -> None:
    wanted = desired(auth=auth)
    answer = describe(wanted, **({} if there is None else {"auth": auth_file(there)}))
    assert not [warning for warning in plan(wanted, answer).warnings if "flock" in warning]
    answer["can_lock"] = False
    warnings = [warning for warning in plan(wanted, answer).warnings if "flock" in warning]
    assert len(warnings) == warned
    if warned:
        assert warnings[0].startswith(f"This host has no flock, so {PATH} is changed without Codex's locks: ")


def test_a_lock_of_roots_that_cannot_be_given_away_is_a_problem() -> None:
    wanted = desired(auth={"content": chatgpt()})
    answer = describe(wanted)
    answer["files"]["auth.lock"] = {**LOCK_OF_ROOT, "path": f"{HOME}/.codex/auth.lock"}  # type: ignore[typeddict-item]
    assert plan(wanted, answer).warnings == []
    answer["can_give"] = False
    assert "auth.lock belongs to root" in plan(wanted, answer).warnings[0]
