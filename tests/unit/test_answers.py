"""What a process of a user may say, as far as a plan and a person are told it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils.answers import checked_answer
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from hypothesis import given
from hypothesis import strategies as st

DIED = {"user": "alice", "error": {"reason": "child_died", "user": "alice"}}
DONE = {"status": "done", "in_place": False, "backup_file": None}
FAILED = {"status": "failed", "path": "/x", "reason": "system", "code": "EACCES", "cause": "Permission denied"}
WATCHED = {"status": "done", "in_place": False, "overwritten": True, "processes": [{"pid": 7, "name": "codex"}]}


def checked(**answer: t.Any) -> HomeAnswer:
    return checked_answer(t.cast(HomeAnswer, {"user": "alice", **answer}))


@pytest.mark.parametrize("result", [DONE, FAILED, WATCHED, {"status": "conflict", "path": "/x"}])
def test_a_result_stays(result: dict[str, t.Any]) -> None:
    assert checked(results=[result])["results"] == [result]


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        "done",
        ["done"],
        [{}],
        [{"status": "gone"}],
        [{"status": "failed"}],
        [{**DONE, "backup_file": 7}],
        [{**DONE, "in_place": "yes"}],
        [{**DONE, "overwritten": True}],
        [{**WATCHED, "processes": {}}],
        [{**WATCHED, "processes": [{"pid": "7", "name": "codex"}]}],
        [DONE, {**FAILED, "path": ["/x"]}],
    ],
)
def test_what_is_no_result_is_the_end_of_the_process(results: t.Any) -> None:
    assert checked(results=results) == DIED


@pytest.mark.parametrize(
    "error",
    [
        *("foreign", None, [], {}, {"reason": "no such"}, {"reason": ["x"]}, {"reason": "missing_utility"}),
        *({"reason": "foreign", "path": "/x"}, {"reason": "dangling", "path": 7}),
    ],
)
def test_what_is_no_error_is_the_end_of_the_process(error: t.Any) -> None:
    assert checked(error=error) == DIED


@given(
    st.dictionaries(
        st.sampled_from(["reason", "path", "user", "owner", "code", "x"]), st.text() | st.none(), max_size=5
    )
)
def test_an_error_always_has_its_sentence(error: dict[str, t.Any]) -> None:
    assert messages.target_error(checked(error=error)["error"])


SIGN_IN = {"is_alive": True, "output": "x", "status": None, "auth": {"path": "/x", "kind": "absent"}}


def test_what_there_is_to_say_of_a_sign_in_stays() -> None:
    assert checked(login=SIGN_IN)["login"] == SIGN_IN


@pytest.mark.parametrize(
    "odd",
    [
        {"is_alive": "yes"},
        {"output": 7},
        {"output": "x" * 100_000},
        {"status": "0"},
        {"auth": None},
        {"auth": {"path": 7, "kind": "file"}},
        {"auth": {"path": "/x", "kind": "file", "auth": {}}},
        {"auth": {"path": "/x", "kind": "file", "sha256": 7, "auth": {}}},
    ],
)
def test_anything_else_is_no_login(odd: dict[str, t.Any]) -> None:
    login = checked(login={**SIGN_IN, **odd})["login"]
    assert isinstance(login["is_alive"], bool) and isinstance(login["output"], str)
    assert len(login["output"]) <= 64 * 1024
    assert login["status"] is None or isinstance(login["status"], int)
    assert isinstance(login["auth"]["path"], str) and "auth" not in login["auth"]


@pytest.mark.parametrize("odd", [None, 7, [], {}])
def test_what_is_no_sign_in_counts_as_one_that_is_over(odd: object) -> None:
    assert not checked(login=odd)["login"]["is_alive"]
