"""describe, plan, apply: how many executions, and what happens when files change in between."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import Outcome
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import ROUNDS, converge
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support import planning
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram


class Counting:
    """A real target program that counts its executions and lets a test act before one."""

    def __init__(self, before_apply: t.Callable[[], None] = lambda: None) -> None:
        self.program = TargetProgram("/usr/bin/python3")
        self.operations: list[str] = []
        self.before_apply = before_apply

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        self.operations.append(operation)
        if operation == "apply":
            self.before_apply()
        return self.program.execute(operation, list(homes))


def converged(*arguments: t.Any, **options: t.Any) -> Outcome:
    """The outcome where no home failed. Raises CodexError with the reason where one did."""
    outcome = converge(*arguments, **options)
    if outcome.failure:
        raise CodexError(outcome.failure)
    return outcome


def desired(home: t.Any, key: str = "fleet-test-key-1", **arguments: t.Any) -> DesiredHome:
    options = {"codex_home": str(home), "auth": {"api_key": key}, **arguments}
    return desired_home(with_defaults(options, HOME), lambda name: b"")


def test_one_execution_where_nothing_changes_and_two_where_something_does(tmp_path: t.Any) -> None:
    home = desired(tmp_path / "codex", config={"settings": {"model": "gpt-5"}})
    for check_mode, changed, operations in [
        (True, True, ["describe"]),
        (False, True, ["describe", "apply"]),
        (True, False, ["describe"]),
        (False, False, ["describe"]),
    ]:
        executor = Counting()
        assert converge(executor, [home], check_mode=check_mode).changed is changed
        assert executor.operations == operations


def test_many_homes_take_no_more_executions(tmp_path: t.Any) -> None:
    executor = Counting()
    converge(executor, [desired(tmp_path / str(n)) for n in range(20)])
    assert executor.operations == ["describe", "apply"]


def test_a_file_that_changed_in_between_is_planned_anew(tmp_path: t.Any) -> None:
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    config = codex_home / "config.toml"
    config.write_text("model = 'a'\n")
    changes = iter(["model = 'a'\nadded_by_codex = 1\n"])

    def codex_writes() -> None:
        for content in changes:
            config.write_text(content)

    executor = Counting(codex_writes)
    outcome = converge(executor, [desired(codex_home, config={"settings": {"model": "b"}})])
    assert executor.operations == ["describe", "apply"] * 2
    assert outcome.changed
    assert tomli.loads(config.read_text()) == {"model": "b", "added_by_codex": 1}


def test_a_file_that_never_rests_is_given_up_and_left_as_it_is(tmp_path: t.Any) -> None:
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    auth = codex_home / "auth.json"
    count = iter(range(100))
    executor = Counting(lambda: t.cast(None, auth.write_text(f'{{"OPENAI_API_KEY": "other-{next(count)}"}}')))
    with pytest.raises(CodexError, match="kept changing"):
        converged(executor, [desired(codex_home)])
    assert executor.operations == ["describe", "apply"] * ROUNDS
    assert auth.read_text() == f'{{"OPENAI_API_KEY": "other-{ROUNDS - 1}"}}'


def test_a_home_that_was_done_before_another_ones_conflict_counts_as_changed(tmp_path: t.Any) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir(mode=0o700)
    writes = iter(['{"OPENAI_API_KEY": "other"}'])
    executor = Counting(lambda: [t.cast(None, (tmp_path / "two" / "auth.json").write_text(w)) for w in writes] and None)
    outcome = converge(executor, [desired(tmp_path / "one"), desired(tmp_path / "two")])
    assert [home["changed"] for home in outcome.homes] == [True, True]
    assert executor.operations == ["describe", "apply"] * 2


def test_what_an_earlier_round_did_is_returned_although_the_last_one_found_nothing_to_do(tmp_path: t.Any) -> None:
    """auth.json is written, then config.toml conflicts, because Codex wrote just what was wanted."""
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    (codex_home / "auth.json").write_text('{"OPENAI_API_KEY": "other"}')
    (codex_home / "auth.json").chmod(0o600)
    writes = iter(["model = 'b'\n"])

    def codex_writes() -> None:
        for content in writes:
            (codex_home / "config.toml").write_text(content)
            (codex_home / "config.toml").chmod(0o600)

    executor = Counting(codex_writes)
    home = desired(
        codex_home, auth={"api_key": "fleet-test-key-1", "backup": True}, config={"settings": {"model": "b"}}
    )
    outcome = converge(executor, [home])
    assert executor.operations == ["describe", "apply", "describe"]
    assert outcome.changed
    result = outcome.homes[0]
    assert (result["auth"]["changed"], result["auth"]["reason"]) == (True, "The API key differs.")
    assert result["auth"]["backup_file"]
    assert not result["config"]["changed"]
    assert [diff["before_header"].rpartition("/")[2] for diff in outcome.diffs] == ["auth.json"]


def test_work_that_is_cut_off_is_not_a_success(tmp_path: t.Any) -> None:
    class Cut(Counting):
        def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
            answers = super().execute(operation, homes)
            for answer in answers:
                if "results" in answer:
                    answer["results"] = answer["results"][:1]
            return answers

    with pytest.raises(CodexError, match="was cut off"):
        converged(Cut(), [desired(tmp_path / "codex")])


def test_what_cannot_be_written_is_one_sentence(tmp_path: t.Any) -> None:
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)

    class Failing(Counting):
        def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
            if operation == "describe":
                return super().execute(operation, homes)
            path = f"{codex_home}/auth.json"
            return [
                {"results": [{"status": "failed", "reason": "system", "code": "ENOSPC", "cause": "x", "path": path}]}
            ]

    with pytest.raises(CodexError, match=f"The disk is full at {codex_home}/auth.json"):
        converged(Failing(), [desired(codex_home)])


class Scripted:
    """A target whose answers to apply are given; it describes as a real one does where root runs the task."""

    def __init__(self, *answers: HomeAnswer) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, list[HomeRequest]]] = []

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        self.requests.append((operation, list(homes)))
        if operation == "describe":
            answers = TargetProgram("/usr/bin/python3").execute("describe", list(homes))
            return [t.cast(HomeAnswer, {**answer, "is_root": True}) for answer in answers]
        return [self.answers.pop(0) for _home in homes]


def test_a_home_is_reserved_before_anything_is_written_and_in_every_round(tmp_path: t.Any) -> None:
    class Refused(Exception):
        pass

    def refuse(homes: t.Sequence[DesiredHome], described: t.Sequence[HomeAnswer]) -> None:
        assert [home.codex_home for home in homes] == [str(tmp_path / "codex")]
        assert [answer["codex_home"] for answer in described] == [str(tmp_path / "codex")]
        raise Refused

    for check_mode in (True, False):
        executor = Counting()
        with pytest.raises(Refused):
            converge(executor, [desired(tmp_path / "codex")], check_mode=check_mode, reserve=refuse)
        assert executor.operations == ["describe"]
    rounds: list[int] = []
    scripted = Scripted(*[{"results": [{"status": "conflict", "path": "x"}]}] * ROUNDS)
    with pytest.raises(CodexError, match="kept changing"):
        converged(
            scripted, [desired(tmp_path / "codex")], reserve=lambda homes, described: rounds.append(len(described))
        )
    assert rounds == [1] * ROUNDS


def test_a_login_that_codex_overwrote_is_deployed_again(tmp_path: t.Any) -> None:
    """Up to 0.163 a Codex that was renewing the old login writes it over the new one."""
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    (codex_home / "auth.json").write_text('{"OPENAI_API_KEY": "other"}')
    (codex_home / "auth.json").chmod(0o600)
    process = {"pid": 7, "name": "codex"}
    results: list[t.Any] = [
        {"results": [{"status": "done", "in_place": False, "processes": [process], "overwritten": overwritten}]}
        for overwritten in (True, False)
    ]
    executor = Scripted(*results)
    outcome = converge(executor, [desired(codex_home)])
    assert [operation for operation, _homes in executor.requests] == ["describe", "apply"] * 2
    auth = outcome.homes[0]["auth"]
    assert (auth["restart_required"], auth["processes"]) == (True, [process])
    reason = f"These programs of {outcome.homes[0]['user']} are running and keep the login that they started with"
    assert outcome.warnings == [f"{reason}: codex (7). Restart them."]


def test_nobody_has_to_restart_where_nobody_runs(tmp_path: t.Any) -> None:
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    (codex_home / "auth.json").write_text('{"OPENAI_API_KEY": "other"}')
    executor = Scripted({"results": [{"status": "done", "processes": [], "overwritten": False}]})
    outcome = converge(executor, [desired(codex_home)])
    assert outcome.homes[0]["auth"]["restart_required"] is False
    assert outcome.warnings == []


@pytest.mark.parametrize(
    ("operation", "part", "words"),
    [
        (
            "write",
            "auth",
            "was rewritten in place. Codex 0.167.2 and later cannot renew a ChatGPT login in such a file",
        ),
        ("remove", "auth", "was emptied. Codex 0.167.2 and later cannot renew a ChatGPT login in such a file"),
        ("write", "config", "was rewritten in place. Mount its folder instead."),
    ],
)
def test_a_file_that_is_a_mount_point_is_a_warning(tmp_path: t.Any, operation: str, part: str, words: str) -> None:
    codex_home = tmp_path / "codex"
    codex_home.mkdir(mode=0o700)
    name = {"auth": "auth.json", "config": "config.toml"}[part]
    if operation == "remove":
        (codex_home / name).write_text('{"OPENAI_API_KEY": "other"}')
        options: dict[str, t.Any] = {"auth": {"state": "absent"}}
    else:
        options = {"auth": None, "config": {"settings": {"a": 1}}} if part == "config" else {}
    outcome = converge(Scripted({"results": [{"status": "done", "in_place": True}]}), [desired(codex_home, **options)])
    assert outcome.warnings == [warning for warning in outcome.warnings if words in warning]
    assert outcome.warnings[0].startswith(f"{codex_home}/{name} is a mount point of its own")


def test_files_of_the_host_come_after_all_homes_and_every_other_home_is_looked_at(tmp_path: t.Any) -> None:
    system = desired(tmp_path / "one", auth=None, config={"layer": "system", "settings": {"a": 1}})
    executor = Scripted(*[{"results": [{"status": "conflict", "path": "x"}]}] * ROUNDS * 2)
    with pytest.raises(CodexError):
        converged(executor, [system, desired(tmp_path / "two")])
    (described, homes), (applied, batch) = executor.requests[:2]
    assert (described, [home.get("every_user", False) for home in homes]) == ("describe", [False, False, True])
    assert applied == "apply"
    bases = [{operation["base"] for operation in home["operations"]} for home in batch]
    assert bases == [{"codex_home"}, {"host"}]


def test_an_error_of_a_home_that_came_up_later_is_one_sentence(tmp_path: t.Any) -> None:
    executor = Scripted({"error": {"reason": "child_died", "user": "alice"}})
    with pytest.raises(CodexError, match="^The work for the user alice ended without an answer"):
        converged(executor, [desired(tmp_path / "codex")])


class TestVerify:
    """What the host's own codex says is compared with what was declared."""

    def converge(self, folder: t.Any, codex: str | None, method: str, **more: t.Any) -> dict[str, t.Any]:
        """The home's result where codex says that of it, before and after it was changed."""

        class Verifying(Counting):
            def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
                assert all(home["login_status"] for home in homes)
                plain = [t.cast(HomeRequest, {**home, "login_status": False}) for home in homes]
                answers = super().execute(operation, plain)
                return [t.cast(HomeAnswer, {**a, "login_status": {"codex": codex, "method": method}}) for a in answers]

        options = more.pop("options", {})
        return converged(Verifying(), [desired(folder / "codex", **options)], verify=True, **more).homes[0]

    def test_the_status_is_returned(self, tmp_path: t.Any) -> None:
        for _run in range(2):  # once with changes, once without
            assert self.converge(tmp_path, "/bin/codex", "apikey")["login_status"]["method"] == "apikey"

    def test_another_method_is_refused(self, tmp_path: t.Any) -> None:
        with pytest.raises(CodexError, match="`codex login status` says none for .*, and apikey was declared"):
            self.converge(tmp_path, "/bin/codex", "none")
        with pytest.raises(CodexError, match="says apikey for .*, and none was declared"):
            self.converge(tmp_path, "/bin/codex", "apikey", options={"auth": {"state": "absent"}})

    def test_without_a_codex_nothing_can_be_verified(self, tmp_path: t.Any) -> None:
        with pytest.raises(CodexError, match="has no codex to verify the login with"):
            self.converge(tmp_path, None, "unknown")

    def test_changes_that_check_mode_does_not_make_are_not_verified(self, tmp_path: t.Any) -> None:
        assert "login_status" not in self.converge(tmp_path, "/bin/codex", "none", check_mode=True)

    def test_a_login_that_is_not_declared_may_be_any(self, tmp_path: t.Any) -> None:
        options = {"auth": None, "config": {"settings": {"a": 1}}}
        assert self.converge(tmp_path, "/bin/codex", "chatgpt", options=options)["login_status"]["method"] == "chatgpt"


class Planned:
    """A target that is made up: it describes homes as given, and apply ends in the same way for each operation."""

    def __init__(self, described: t.Sequence[HomeAnswer], result: t.Any) -> None:
        self.described = list(described)
        self.result = result

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        if operation == "describe":
            return self.described
        return [{"results": [self.result for _operation in home["operations"]]} for home in homes]


def test_a_mount_point_is_named_by_the_folder_that_it_is_in() -> None:
    home, host = planning.desired(environment={"A": "1"}), planning.layer("system", settings={"a": 1})
    answers = [planning.describe(home, shell="/bin/sh"), planning.describe(host, host_folder=planning.host_folder())]
    outcome = converge(Planned(answers, {"status": "done", "in_place": True}), [home, host])
    places = [f"{planning.HOME}/.codex/codex.env", "~/.profile", f"~/{environment.LINK}", planning.SYSTEM]
    assert outcome.warnings == [
        f"{place} is a mount point of its own and was rewritten in place. Mount its folder instead." for place in places
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"code": "EIO", "cause": "Input/output error", "path": "/x"}, "Input/output error at /x"),
        ({"code": "EAGAIN", "cause": "x", "path": "/x"}, "Codex, or another program, held a lock for too long at /x"),
        ({"code": "EIO", "cause": "Input/output error", "path": None}, "Input/output error at the home"),
    ],
)
def test_a_failure_names_its_cause_and_its_place(facts: dict[str, t.Any], words: str) -> None:
    home = planning.desired(auth={"api_key": planning.KEY})
    failed = {"status": "failed", "reason": "system", **facts}
    with pytest.raises(CodexError) as caught:
        converged(Planned([planning.describe(home)], failed), [home])
    assert str(caught.value).startswith(f"{words}: nothing was changed there. ")


def test_warnings_of_all_homes_are_returned_each_once() -> None:
    homes = [planning.desired(user=name, auth={"content": planning.chatgpt()}) for name in ("alice", "bob")]
    values = planning.file(variables={"CODEX_API_KEY": "digest"})
    files = {"managed": planning.config_file(b"a = \n"), "codex__env": values}
    answers = [planning.describe(home, user=home.user, **files) for home in homes]
    outcome = converge(Planned(answers, None), homes, check_mode=True)
    about = [f"/home/{name}/.codex/codex.env sets CODEX_API_KEY" for name in ("alice", "bob")]
    about.insert(1, f"{planning.MANAGED} is not valid TOML")
    assert [warning.startswith(words) for warning, words in zip(outcome.warnings, about, strict=True)] == [True] * 3


def test_whether_a_login_has_expired_goes_by_the_clock() -> None:
    for hours, expired in ((-1, True), (1, False)):
        login = planning.chatgpt(access_expires=datetime.now(UTC) + timedelta(hours=hours))
        home = planning.desired(auth={"content": login})
        outcome = converge(Planned([planning.describe(home)], None), [home], check_mode=True)
        assert outcome.homes[0]["auth"]["login"]["expired"] is expired
