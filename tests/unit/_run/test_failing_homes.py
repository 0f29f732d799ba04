# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A home that is refused or fails stops no other one; files of the whole host need all of them."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import WAITING
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import converge
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support import planning

USERS = ("alice", "bob", "carol")
KEY = {"api_key": planning.KEY}


class Host:
    """A host that is made up: describe answers as given, apply does everything but for the users in `results`."""

    def __init__(self, described: t.Sequence[HomeAnswer], results: t.Mapping[str, t.Any] | None = None) -> None:
        self.described = {str(answer["user"]): answer for answer in described}
        self.results = results or {}
        self.applied: list[HomeRequest] = []

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The answers for these homes; every_user finds none."""
        if operation == "describe":
            return [self.described[str(home["user"])] for home in homes if not home.get("every_user")]
        self.applied += homes
        return [self.results.get(str(home["user"]), _done(home)) for home in homes]


def _done(home: HomeRequest) -> HomeAnswer:
    return {"results": [{"status": "done"} for _operation in home["operations"]]}


def _refused(user: str) -> HomeAnswer:
    return {"user": user, "error": {"reason": "too_slow", "user": user, "seconds": "120"}}


HOMES = [planning.desired(user=user, auth=KEY) for user in USERS]
DESCRIBED = [planning.describe(home, user=user) for home, user in zip(HOMES, USERS, strict=True)]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    "facts",
    [
        _refused("NAME"),
        {"files": {"auth": {"path": "/x/auth.json", "kind": "fifo"}}},
        {"files": {"auth": planning.file(b"?", auth={"malformed": True}, path="/x/auth.json")}},
    ],
)
def test_a_home_that_is_refused_stops_no_other_one(facts: dict[str, t.Any], place: int, check_mode: bool) -> None:
    described: list[t.Any] = list(DESCRIBED)
    described[place] = {**described[place], **facts, "user": USERS[place]}
    if "files" in facts:
        described[place]["files"] = {**DESCRIBED[place]["files"], **facts["files"]}
    host = Host(described)
    outcome = converge(host, HOMES, check_mode=check_mode)
    others = [user for user in USERS if user != USERS[place]]
    assert [home["user"] for home in host.applied] == ([] if check_mode else others)
    assert [home.get("failed", False) for home in outcome.homes] == [user == USERS[place] for user in USERS]
    assert [home["changed"] for home in outcome.homes] == [user != USERS[place] for user in USERS]
    failure = str(outcome.failure)
    assert failure.startswith("1 of 3 homes failed; the others did not.")
    assert f" {USERS[place]} (" in failure
    assert outcome.homes[place]["msg"] in failure
    assert outcome.changed


@pytest.mark.parametrize(
    "answer",
    [
        _refused("bob"),
        {"results": [{"status": "failed", "reason": "system", "code": "EACCES", "cause": "x", "path": "/x"}]},
        {"results": []},
        {"results": [{"status": "conflict", "path": "/x"}]},
    ],
)
def test_a_home_that_fails_while_it_is_changed_stops_no_other_one(answer: t.Any) -> None:
    host = Host(DESCRIBED, {"bob": answer})
    outcome = converge(host, HOMES)
    assert [home.get("failed", False) for home in outcome.homes] == [False, True, False]
    assert [home["changed"] for home in outcome.homes] == [True, False, True]
    assert [home["user"] for home in host.applied if home["user"] != "bob"] == ["alice", "carol"]  # once each


def test_programs_that_have_to_be_restarted_are_told_although_something_failed() -> None:
    """Ansible notifies no handler of a failed task, and the next run sees no change."""
    there = {"auth": planning.auth_file({"api_key": "other"}), "config": planning.config_file(b"")}
    alice = planning.desired(auth=KEY, config={"settings": {"model": "x"}})
    running = {"status": "done", "processes": [{"pid": 7, "name": "codex"}], "overwritten": False}
    failed = {"status": "failed", "reason": "system", "code": "ENOSPC", "cause": "x", "path": "/x"}
    for results, place in (([running, {"status": "done"}], 1), ([running, failed], 0)):
        host = Host([planning.describe(alice, **there), _refused("bob")], {"alice": {"results": results}})
        outcome = converge(host, [alice, HOMES[1]])
        assert outcome.homes[place]["failed"]
        assert outcome.homes[0]["auth"]["restart_required"] is True
        assert str(outcome.failure).endswith(" A failed task notifies no handler: restart the programs of alice.")
        assert [warning for warning in outcome.warnings if "codex (7). Restart them." in warning]
    alone = converge(Host([planning.describe(alice, **there)], {"alice": {"results": [running, failed]}}), [alice])
    assert str(alone.failure).startswith("The disk is full at /x")
    assert str(alone.failure).endswith("restart the programs of alice.")


def test_what_is_refused_in_a_later_round_keeps_what_was_done() -> None:
    count = iter(range(10))

    def reserve(homes: object, described: object) -> None:
        if next(count):
            raise CodexError("It is another home's.")

    host = Host(DESCRIBED, {"bob": {"results": [{"status": "conflict", "path": "/x"}]}})
    outcome = converge(host, HOMES, reserve=reserve)
    assert [home["changed"] for home in outcome.homes] == [True, False, True]
    assert outcome.homes[1]["msg"] == "It is another home's."


def test_files_of_the_host_wait_for_all_logins() -> None:
    system = planning.layer("system", settings={"model": "x"})
    homes = [planning.desired(user="bob", auth=KEY), system]
    folder = planning.describe(system, host_folder=planning.host_folder())
    outcome = converge(Host([_refused("bob"), folder]), homes)
    assert [home["msg"] == WAITING for home in outcome.homes] == [False, True]
    # It comes up only while the login is deployed: the target holds the file back then.
    bob = planning.describe(homes[0], user="bob")
    results = {"bob": _refused("bob"), "alice": {"results": [{"status": "conflict", "path": planning.SYSTEM}]}}
    outcome = converge(Host([bob, folder], results), homes)
    assert [home["msg"] == WAITING for home in outcome.homes] == [False, True]
    # A file that is there already is nobody's failure.
    there = planning.describe(system, host_folder=planning.host_folder(), system=planning.host_file(b'model = "x"\n'))
    outcome = converge(Host([_refused("bob"), there]), homes)
    assert [home.get("failed", False) for home in outcome.homes] == [True, False]


def test_a_file_of_the_host_that_is_refused_is_a_home_that_failed() -> None:
    class Others(Host):
        """A host with one more home, that of alice, whose Codex reads the file."""

        def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
            return [*super().execute(operation, homes), DESCRIBED[0]]

    system = planning.layer("system", settings={"model": "x"})
    outcome = converge(Others([_refused("alice")]), [system])
    assert outcome.failure == outcome.homes[0]["msg"]


def test_one_home_fails_with_its_own_reason_alone() -> None:
    outcome = converge(Host([_refused("alice")]), HOMES[:1])
    assert outcome.failure == outcome.homes[0]["msg"]
    assert outcome.failure.startswith("The work for the user alice did not end within 120 seconds")


def test_what_is_wrong_in_the_playbook_stops_everything() -> None:
    host = Host(DESCRIBED)
    with pytest.raises(CodexError, match="is declared twice"):
        converge(host, [*HOMES, HOMES[0]])
    assert host.applied == []


class TestMissingUser:
    """Check mode goes on where an earlier task would have created the user."""

    MISSING: t.ClassVar[HomeAnswer] = {"user": "alice", "error": {"reason": "unknown_user", "user": "alice"}}

    def test_check_mode_warns_and_would_change(self) -> None:
        home = planning.desired(**planning.EVERYTHING)
        outcome = converge(Host([self.MISSING]), [home], check_mode=True)
        assert (outcome.failure, outcome.changed) == (None, True)
        assert [warning for warning in outcome.warnings if warning.startswith("There is no user alice on this host.")]
        assert outcome.homes[0]["auth"]["path"] == "~alice/.codex/auth.json"
        assert any(diff["after_header"].startswith("~alice/.codex/config.toml") for diff in outcome.diffs)

    def test_there_is_nothing_to_remove(self) -> None:
        home = planning.desired(state="absent")
        outcome = converge(Host([self.MISSING]), [home], check_mode=True, verify=True)
        assert (outcome.failure, outcome.changed) == (None, False)

    def test_no_codex_is_asked_about_it(self) -> None:
        options = {"config": {"settings": {"model": "x"}}, "codex_version": "detect", "auth": KEY}
        host = Host([self.MISSING])
        outcome = converge(host, [planning.desired(**options)], check_mode=True, verify=True)
        assert (outcome.failure, outcome.changed, host.applied) == (None, True, [])

    def test_without_check_mode_it_fails(self) -> None:
        outcome = converge(Host([self.MISSING]), [planning.desired(auth=KEY)])
        assert outcome.failure == "There is no user alice on this host. Create the user first, or correct the name."


class TestStartCheck:
    """The host's own codex reads the new configuration before the file is replaced, where it is asked at all."""

    SETTINGS: t.ClassVar[dict[str, t.Any]] = {"model": "x", "api_secret": "SECRETMARKER"}

    def converge(self, *, check_mode: bool, **more: t.Any) -> tuple[Host, t.Any]:
        """The host and the outcome where its codex refuses alice's configuration."""
        verify = more.pop("verify", False)
        alice = planning.desired(config={"settings": self.SETTINGS}, auth=KEY, **more)
        described = planning.describe(alice) | {"codex_version": "0.171.0"}
        described["login_status"] = {"codex": "/bin/codex", "method": "apikey"}
        words = "Error loading configuration: config.toml:1:1: no SECRETMARKER here"  # the target hides values, too
        host = Host([described, DESCRIBED[1]], {"alice": {"start_problem": words, "results": []}})
        return host, converge(host, [alice, HOMES[1]], check_mode=check_mode, verify=verify)

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_its_words_are_the_reason_without_secrets(self, check_mode: bool) -> None:
        host, outcome = self.converge(check_mode=check_mode, codex_version="detect")
        assert [home.get("failed", False) for home in outcome.homes] == [True, False]
        assert "config.toml:1:1: no (hidden) here" in outcome.homes[0]["msg"]
        asked = [home for home in host.applied if "start_check" in home]
        assert [home["user"] for home in asked] == ["alice"]
        assert b"SECRETMARKER" in base64.b64decode(asked[0]["start_check"])
        assert bool(asked[0]["operations"]) is not check_mode
        assert not asked[0]["login_status"]

    def test_it_is_asked_with_verify_too_and_never_unasked(self) -> None:
        host, _outcome = self.converge(check_mode=True, verify=True)
        assert [home["user"] for home in host.applied] == ["alice"]
        host, _outcome = self.converge(check_mode=False)
        assert not any("start_check" in home for home in host.applied)
