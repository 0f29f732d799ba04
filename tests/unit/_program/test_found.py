"""Which Codex users have: what is a result, what is a refusal, when npm has to run, and what is said."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._program.found import (
    Found,
    could_not_look,
    found_programs,
    needs_npm,
    problem,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import OF_ROLE, Place, WantedProgram
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer

WEB, WINDOWS = Place("web"), Place("web", is_windows=True)
MISSING: HomeAnswer = {"user": "bob", "error": {"reason": "unknown_user", "user": "bob"}}
NOBODY: Found = {"user": "bob", "failed": True, "msg": "There is no user bob."}


def npm(place: Place = WEB) -> WantedProgram:
    return WantedProgram("npm", "0.171.0", "", "", place, OF_ROLE)


def present(place: Place = WEB, version: str = "") -> WantedProgram:
    return WantedProgram("present", version, "", "", place, OF_ROLE)


def has(user: str, version: str | None = "0.171.0") -> Found:
    return {"user": user, "codex_version": version}


def answer(user: str, **more: t.Any) -> HomeAnswer:
    facts: t.Any = {"user": None, "user_info": {"name": user}, **more}
    return t.cast(HomeAnswer, facts)


def test_each_answer_is_a_result() -> None:
    answers = [answer("alice", codex_version="0.34.0"), answer("root", codex_version=None), answer("carol"), MISSING]
    message = "There is no user bob on this host. Create the user first, or correct the name."
    assert found_programs(["alice", None, "carol", "bob"], answers, present()) == [
        has("alice", "0.34.0"),
        has("root", None),
        has("carol", None),
        {"user": "bob", "failed": True, "msg": message},
    ]


@pytest.mark.parametrize(("user", "place"), [(None, WEB), ("bob", WINDOWS), (None, WINDOWS)])
def test_who_has_to_be_asked(user: str | None, place: Place) -> None:
    """On Windows everybody, and elsewhere the user that the task runs as."""
    with pytest.raises(CodexError) as refused:
        found_programs([user], [MISSING], present(place))
    assert str(refused.value).startswith(
        "codex_install: present could not look for Codex on web: There is no user bob on this host."
    )


def test_a_host_that_does_not_answer_is_named() -> None:
    where = Place("web", "agent")
    assert str(could_not_look(present(where), "It is off.")) == (
        "codex_install: present could not look for Codex on web in the container agent: It is off."
    )


@pytest.mark.parametrize(
    ("found", "runs"),
    [
        ([], False),  # nobody is declared
        ([has("alice")], False),
        ([has("alice"), NOBODY], False),
        ([NOBODY], True),
        ([has("alice", None)], True),
        ([has("alice"), has("carol", "0.170.0")], True),
        ([has("alice"), has("carol", "0.172.0")], True),
    ],
)
def test_when_npm_runs(found: list[Found], runs: bool) -> None:
    assert needs_npm(found, npm()) is runs
    assert not needs_npm(found, present())


def test_all_is_well() -> None:
    for found in ([], [has("alice")], [has("alice"), NOBODY]):
        assert problem(found, present()) is None
        assert problem(found, npm()) is None
    assert problem([has("alice", "0.34.0")], present()) is None


def test_present_names_those_without_once() -> None:
    found = [has("alice", None), has("bob"), has("carol", None), has("alice", None), NOBODY]
    assert problem(found, present()) == (
        "codex_install: present finds no codex that works for alice and carol on web. Install one that everybody there "
        "can run, such as with `npm install --global @openai/codex@VERSION`, or set codex_install to npm."
    )
    assert "@openai/codex@0.34.0`" in str(problem(found, present(version="0.34.0")))
    for place in (WINDOWS, Place("web", "agent")):
        assert str(problem(found, present(place))).endswith("`npm install --global @openai/codex@VERSION`.")


def test_what_is_wrong_after_npm() -> None:
    others = [has("alice", "0.34.0"), has("bob"), has("carol", "0.45.0")]
    assert problem(others, npm()) == (
        "npm installed Codex 0.171.0 on web, but the codex that alice and carol would run there is 0.34.0. Remove that "
        "one, or correct codex_install_source."
    )
    assert problem([*others, has("dave", None)], npm()) == (
        "npm installed Codex 0.171.0 on web, but no codex works for dave there. See that the registry has the package "
        "for the system of the host, and that everybody can read what npm installed."
    )
