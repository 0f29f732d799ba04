"""describe, plan, apply: how many executions, and what happens when files change in between."""

from __future__ import annotations

import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils.engine import ROUNDS, bring_about
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.target.half import Half


class Counting:
    """A real target half that counts its executions and lets a test act before one."""

    def __init__(self, before_apply: t.Callable[[], None] = lambda: None) -> None:
        self.half = Half("/usr/bin/python3")
        self.operations: list[str] = []
        self.before_apply = before_apply

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        self.operations.append(operation)
        if operation == "apply":
            self.before_apply()
        return self.half.execute(operation, list(homes))


def desired(home: t.Any, key: str = "fleet-test-key-1", **arguments: t.Any) -> DesiredHome:
    return desired_home({"codex_home": str(home), "auth": {"api_key": key}, **arguments}, lambda name: b"")


def test_one_execution_where_nothing_changes_and_two_where_something_does(tmp_path: t.Any) -> None:
    home = desired(tmp_path / "codex", config={"settings": {"model": "gpt-5"}})
    for check_mode, changed, operations in [
        (True, True, ["describe"]),
        (False, True, ["describe", "apply"]),
        (True, False, ["describe"]),
        (False, False, ["describe"]),
    ]:
        executor = Counting()
        assert bring_about(executor, [home], check_mode=check_mode).changed is changed
        assert executor.operations == operations


def test_many_homes_take_no_more_executions(tmp_path: t.Any) -> None:
    executor = Counting()
    bring_about(executor, [desired(tmp_path / str(n)) for n in range(20)])
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
    outcome = bring_about(executor, [desired(codex_home, config={"settings": {"model": "b"}})])
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
        bring_about(executor, [desired(codex_home)])
    assert executor.operations == ["describe", "apply"] * ROUNDS
    assert auth.read_text() == f'{{"OPENAI_API_KEY": "other-{ROUNDS - 1}"}}'


def test_a_home_that_was_done_before_another_ones_conflict_counts_as_changed(tmp_path: t.Any) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir(mode=0o700)
    writes = iter(['{"OPENAI_API_KEY": "other"}'])
    executor = Counting(lambda: [t.cast(None, (tmp_path / "two" / "auth.json").write_text(w)) for w in writes] and None)
    outcome = bring_about(executor, [desired(tmp_path / "one"), desired(tmp_path / "two")])
    assert [home["changed"] for home in outcome.homes] == [True, True]
    assert executor.operations == ["describe", "apply"] * 2


def test_what_an_earlier_round_did_is_told_although_the_last_one_found_nothing_to_do(tmp_path: t.Any) -> None:
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
    home = desired_home(
        {
            "codex_home": str(codex_home),
            "auth": {"api_key": "fleet-test-key-1", "backup": True},
            "config": {"settings": {"model": "b"}},
        },
        lambda name: b"",
    )
    outcome = bring_about(executor, [home])
    assert executor.operations == ["describe", "apply", "describe"]
    assert outcome.changed
    result = outcome.homes[0]
    assert (result["auth"]["changed"], result["auth"]["reason"]) == (True, "The API key differs.")
    assert result["auth"]["backup_file"]
    assert not result["config"]["changed"]
    assert [diff["before_header"].rpartition("/")[2] for diff in outcome.diffs] == ["auth.json"]


def test_work_that_ends_half_way_is_no_success(tmp_path: t.Any) -> None:
    class Cut(Counting):
        def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
            answers = super().execute(operation, homes)
            for answer in answers:
                if "results" in answer:
                    answer["results"] = answer["results"][:1]
            return answers

    with pytest.raises(CodexError, match="ended half-way"):
        bring_about(Cut(), [desired(tmp_path / "codex")])


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
        bring_about(Failing(), [desired(codex_home)])
