"""A sign-in from start to end, with a target and a person that a test plays: what is told, and what is undone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._login.checks import WantedSignIn
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import Outcome
from ansible_collections.fleet.codex.plugins.plugin_utils._run import remote_login as module
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.planning import KEY, auth_file, describe

HOME = DesiredHome(user="alice", detect_version=True)
ADDRESS = "https://auth.openai.com/oauth/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A1457%2Fauth%2Fcallback"
LOGIN = auth_file({"content": login()})


def facts(output: str = "", status: int | None = None, is_alive: bool = True, auth: t.Any = None) -> dict[str, t.Any]:
    file = {"path": "x", "kind": "absent"} if auth is None else {"path": "x", **auth}
    return {"output": output, "status": status, "is_alive": is_alive, "auth": file}


class Target:
    """A target on which a sign-in goes as a test says, step by step."""

    def __init__(self, *said: dict[str, t.Any], old: t.Any = None, can_python: bool = True) -> None:
        self.said = list(said)
        self.old = old if old is not None else auth_file({"api_key": KEY})
        self.can_python = can_python
        self.steps: list[HomeRequest] = []

    def execute(self, operation: str, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        return [{**describe(HOME, auth=self.old), "codex_version": "0.171.0"} for _home in homes]

    def check_python(self) -> None:
        if not self.can_python:
            raise CodexError("This host has no Python.")

    def sign_in(self, home: HomeRequest) -> HomeAnswer:
        self.steps.append(home)
        if home["login"]["step"] == "install":
            return {"user": "alice", "results": [{"status": "done"} for _operation in home["operations"]]}
        if home["login"]["step"] == "stop":
            return {"user": "alice"}
        return t.cast(HomeAnswer, {"user": "alice", "login": self.said.pop(0) if len(self.said) > 1 else self.said[0]})

    @property
    def names(self) -> list[str]:
        return [home["login"]["step"] for home in self.steps]


class Person:
    """Reads, and has a tunnel that a test may break."""

    def __init__(self, broken: str | None = None, waits: int = 0) -> None:
        self.waits = waits
        self.texts: list[str] = []
        self.ports: list[int] = []
        self.is_open = False
        self.broken = broken

    def tell(self, text: str) -> None:
        self.texts.append(text)

    def open_tunnel(self, port: int, meanwhile: t.Callable[[], None]) -> t.Callable[[], None]:
        self.ports.append(port)
        for _wait in range(self.waits):
            meanwhile()
        self.is_open = True

        def check() -> None:
            if self.broken:
                raise CodexError(self.broken)

        return check

    def close_tunnel(self) -> None:
        self.is_open = False


def run(target: Target, person: Person, check_mode: bool = False, **more: t.Any) -> Outcome:
    wanted = WantedSignIn(HOME, **{"method": "browser", "timeout": 900, **more})
    return module.remote_login(target, wanted, person, "web1", check_mode=check_mode)


def fails(target: Target, person: Person, **more: t.Any) -> str:
    """The message of a sign-in that fails: its tunnel is closed and its processes are ended."""
    outcome = run(target, person, **more)
    assert target.names[-1] == "stop" and "install" not in target.names
    assert not person.is_open
    assert (outcome.changed, outcome.homes[0]["user"]) == (False, "alice")
    return str(outcome.failure)


def test_somebody_signs_in() -> None:
    said = f"open\n\n{ADDRESS}\n"
    target, person = Target(facts(), facts(said), facts(said), facts(said, auth=LOGIN)), Person()
    outcome = run(target, person)
    assert target.names == ["start", "wait", "wait", "wait", "install", "stop"]
    assert {home["login"]["name"] for home in target.steps} == {target.steps[0]["login"]["name"]}
    assert target.steps[0]["login"]["seconds"] >= 900
    assert target.steps[2]["login"]["seen"] == [len(said), None]
    assert target.steps[4]["login"]["sha256"] == LOGIN["sha256"]
    assert person.ports == [1457] and not person.is_open
    assert ADDRESS in person.texts[0] and person.texts[-1] == "web1 (alice): signed in to account-1 (…@example.com)."
    (home,) = outcome.homes
    assert home["auth"]["reason"] == "Somebody signed in to account-1 (…@example.com)."
    assert (home["changed"], home["auth"]["login"]["method"]) == (True, "chatgpt")


def test_a_home_with_a_login_is_left_alone() -> None:
    target, person = Target(facts(), old=LOGIN), Person()
    outcome = run(target, person)
    assert not outcome.changed and target.steps == [] and person.texts == []


def test_check_mode_asks_nobody() -> None:
    target, person = Target(facts()), Person()
    outcome = run(target, person, check_mode=True)
    assert outcome.changed and target.steps == [] and person.texts == []
    assert outcome.homes[0]["auth"]["restart_required"] is None


def test_a_host_without_python_is_refused_before_anything_starts() -> None:
    target = Target(facts(), can_python=False)
    assert "no Python" in str(run(target, Person()).failure)
    assert target.steps == []


def test_codex_that_ends_is_told_with_its_words() -> None:
    said = f"{ADDRESS}\n"
    target = Target(facts(said), facts(f"{said}Error logging in: Login cancelled\n", status=1))
    assert "It says: Error logging in: Login cancelled" in fails(target, Person())


def test_codex_that_asks_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROMPT_SECONDS", 0)
    assert "It says: hello" in fails(Target(facts("hello\n")), Person())
    assert "It says: nothing" in fails(Target(facts()), Person())


def test_a_sign_in_that_another_one_took_the_place_of_is_told() -> None:
    assert "another one took its place" in fails(Target(facts(f"{ADDRESS}\n"), facts(is_alive=False)), Person())


def test_the_host_is_asked_for_news_while_the_tunnel_is_made() -> None:
    """Else the host ends the sign-in when that takes long."""
    said = facts(f"{ADDRESS}\n")
    target, person = Target(said, said, said, facts(f"{ADDRESS}\n", auth=LOGIN)), Person(waits=2)
    run(target, person)
    assert target.names == ["start", "wait", "wait", "wait", "install", "stop"]
    target = Target(said, facts(f"{ADDRESS}\nError logging in: no\n", status=1))
    person = Person(waits=1)
    assert "It says: Error logging in: no" in fails(target, person)
    assert person.texts == []


def test_a_host_that_says_without_end_is_not_listened_to_without_end() -> None:
    """What is told of it is cut, and so is what is looked at."""
    said = "x" * module.OUTPUT_LIMIT + f"\n{ADDRESS}\n"
    target = Target(facts(said), facts(said), facts(said, status=1))
    assert "The sign-in failed" in fails(target, Person())
    assert target.steps[1]["login"]["seen"] == [module.OUTPUT_LIMIT, None]


def test_a_login_whose_parts_do_not_match_is_not_installed() -> None:
    mixed = {**LOGIN, "auth": {**LOGIN["auth"], "last_refresh": None}}
    assert "parts do not match" in fails(Target(facts(f"{ADDRESS}\n", auth=mixed)), Person())


def test_a_lost_tunnel_ends_it() -> None:
    assert fails(Target(facts(f"{ADDRESS}\n")), Person("ssh ended")) == "ssh ended"


def test_nobody_signs_in_in_time() -> None:
    person = Person()
    assert "Nobody signed in within 0 seconds" in fails(Target(facts(f"{ADDRESS}\n")), person, timeout=0)


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRESS_SECONDS", 0)
    person, said = Person(), f"{ADDRESS}\n"
    run(Target(facts(said), facts(said), facts(said, auth=LOGIN)), person)
    assert any("waiting for the sign-in" in text for text in person.texts)


def test_a_login_of_another_account_is_not_installed() -> None:
    said = f"{ADDRESS}\n"
    assert "account_id is account-2" in fails(Target(facts(said, auth=LOGIN)), Person(), account_id="account-2")


def test_a_device_code_needs_no_tunnel() -> None:
    said = "https://auth.openai.com/codex/device\n\n   ABCD-12345\n"
    target, person = Target(facts(said), facts(said, auth=LOGIN)), Person()
    run(target, person, method="device_code")
    assert person.ports == [] and "ABCD-12345" in person.texts[0]
    assert target.steps[0]["login"]["arguments"] == ["login", "--device-auth"]
