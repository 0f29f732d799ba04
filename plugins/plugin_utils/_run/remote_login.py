# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has somebody sign in on a host: describe, check, start, wait, install. The host holds the tokens throughout."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from datetime import UTC, datetime

from ansible.errors import AnsibleError
from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import describe_account
from ansible_collections.fleet.codex.plugins.plugin_utils._login import words
from ansible_collections.fleet.codex.plugins.plugin_utils._login.checks import (
    WantedSignIn,
    arguments_of_codex,
    needs_sign_in,
    plan_start,
    why_not_this_account,
    why_unusable,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._login.credential import (
    has_api_key,
    is_complete,
    with_login,
    without_api_key,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._login.output import (
    OUTPUT_LIMIT,
    Prompt,
    browser_prompt,
    complaint,
    device_prompt,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import codex_version
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import Outcome, failed
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import Executor, converge
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    Operation,
    SignInFacts,
    SignInRequest,
)

PROGRESS_SECONDS: t.Final = 30
PROMPT_SECONDS: t.Final = 60
"""In which `codex login` has to say where to sign in; 5 seconds are the most that was measured, without a network."""

SPARE_SECONDS: t.Final = 60
"""That the host gives a sign-in beyond the time of the person, to end it where the controller does not."""


class SignInExecutor(Executor, t.Protocol):
    """What carries a request to a target: transport.Transport, or a double in a test."""

    def sign_in(self, home: HomeRequest) -> HomeAnswer:
        """The target's answer for one step of a sign-in."""

    def check_python(self) -> None:
        """Raises CodexError for a target that cannot run a sign-in."""


class Person(t.Protocol):
    """The one who signs in, and the way from the browser to the host."""

    def tell(self, text: str) -> None:
        """Shows a text."""

    def open_tunnel(self, port: int, meanwhile: t.Callable[[], None]) -> t.Callable[[], None]:
        """Makes the way for the browser's answer; returns what raises CodexError when it is no longer there.

        meanwhile: to be called every few seconds until the way is there; it may raise CodexError.
        """

    def close_tunnel(self) -> None:
        """Takes that way back, if there is one."""


def remote_login(
    executor: SignInExecutor, wanted: WantedSignIn, person: Person, host: str, *, check_mode: bool
) -> Outcome:
    """Has somebody sign in, unless the home has a login that will do.

    Whatever happens, nothing of the sign-in is left on the host, and without a new login the old one is in place. A
    home that is refused, or where nobody signs in, has the reason as its result. Raises CodexError where it cannot be
    looked at.
    """
    (described,) = executor.execute("describe", [describe_request(wanted.home)])
    if "error" in described:
        raise CodexError(messages.target_error(described["error"]))
    try:
        return _served(executor, wanted, person, host, described, check_mode)
    except CodexError as error:
        place = {"user": described["user_info"]["name"], "codex_home": described["codex_home"]}
        return Outcome([{**place, "changed": False, **failed(str(error))}])


def _served(
    executor: SignInExecutor,
    wanted: WantedSignIn,
    person: Person,
    host: str,
    described: HomeAnswer,
    check_mode: bool,
) -> Outcome:
    """The outcome for a home that was described. Raises CodexError."""
    executor.check_python()
    now = datetime.now(UTC)
    plan = plan_start(wanted, described, now)
    if not needs_sign_in(wanted, described, now):
        return _outcome(plan, False, "The home has a ChatGPT login already, and replace is false.", now)
    if check_mode:
        return _outcome(plan, True, "Somebody would be asked to sign in.", now)
    sign_in = _SignIn(executor, wanted, person, f"{host} ({described['user_info']['name']})")
    try:
        login = sign_in.start(plan)
        return sign_in.install(login, described)
    finally:
        person.close_tunnel()
        sign_in.stop()


def _outcome(plan: HomePlan, is_needed: bool, reason: str, now: datetime) -> Outcome:
    """The outcome where nothing is started."""
    described = plan.described
    auth = {
        "changed": is_needed,
        "path": described["files"]["auth"]["path"],
        "reason": reason,
        "login": login_report(described["files"]["auth"].get("auth"), now),
        "restart_required": None if is_needed else False,
    }
    home = {key: plan.result[key] for key in ("user", "codex_home")} | {"auth": auth, "changed": is_needed}
    if is_needed:
        home["attention"] = ["Somebody has to sign in to ChatGPT."]
    return Outcome([home], warnings=list(plan.warnings))


class _SignIn:
    """One sign-in on a host, from its start to its end. who: the host and the user, for the person."""

    def __init__(self, executor: SignInExecutor, wanted: WantedSignIn, person: Person, who: str) -> None:
        self._executor, self._wanted, self._person, self._who = executor, wanted, person, who
        self._name = os.urandom(8).hex()
        self._is_started = False
        self._end = 0.0
        self._login: SignInRequest = {"step": "wait", "name": self._name}

    def start(self, plan: HomePlan) -> SignInFacts:
        """Starts `codex`, asks the person, and waits until there is a login. Raises CodexError without one."""
        folder = [change.operation for change in plan.changes if change.operation["operation"] == "directory"]
        version = codex_version(plan.desired, plan.described)
        self._is_started = True  # also where the answer is lost
        facts = self._step(
            {
                "step": "start",
                "name": self._name,
                "arguments": arguments_of_codex(self._wanted.method, version),
                "seconds": self._wanted.timeout + PROMPT_SECONDS + SPARE_SECONDS,
            },
            folder,
        )
        prompt, facts = self._await_prompt(facts)
        check = self._person.open_tunnel(prompt.port, lambda: self._keep(facts)) if prompt.port is not None else None
        self._end = time.monotonic() + self._wanted.timeout
        self._person.tell(words.invitation(self._who, prompt, self._wanted.timeout))
        return self._await_login(facts, check)

    def _keep(self, facts: SignInFacts) -> None:
        """Has the host go on with the sign-in while something else is waited for. Raises CodexError if it ended."""
        self._check_alive(self._wait(facts))

    def _await_prompt(self, facts: SignInFacts) -> tuple[Prompt, SignInFacts]:
        find = browser_prompt if self._wanted.method == "browser" else device_prompt
        end = time.monotonic() + PROMPT_SECONDS
        while True:
            prompt = find(facts["output"])
            if prompt:
                return prompt, facts
            self._check_alive(facts)
            if time.monotonic() > end:
                raise CodexError(
                    f"`codex login` did not say within {PROMPT_SECONDS} seconds where to sign in. Run it on the host "
                    f"to see why. It says: {complaint(facts['output']) or 'nothing'}"
                )
            facts = self._wait(facts)

    def _await_login(self, facts: SignInFacts, check_tunnel: t.Callable[[], None] | None) -> SignInFacts:
        told = time.monotonic()
        while True:
            if "auth" in facts["auth"] and is_complete(facts["auth"]["auth"]):
                return facts
            self._check_alive(facts)
            if check_tunnel:
                check_tunnel()
            now = time.monotonic()
            if now > self._end:
                raise CodexError(
                    f"Nobody signed in within {words.duration(self._wanted.timeout)}, so the sign-in was ended. "
                    "Nothing was changed. Run the play again, or raise timeout."
                )
            if now - told >= PROGRESS_SECONDS:
                told = now
                self._person.tell(words.progress(self._who, self._end - now))
            facts = self._wait(facts)

    def _check_alive(self, facts: SignInFacts) -> None:
        """Raises CodexError where `codex` has ended without a login."""
        if facts["status"] is not None:
            said = complaint(facts["output"]) or f"nothing (status {facts['status']})"
            raise CodexError(
                "The sign-in failed, and nothing was changed. Correct what codex says, and run the "
                f"play again. It says: {said}"
            )
        if not facts["is_alive"]:
            raise CodexError(
                "The sign-in is over: another one took its place, or its processes were ended. The login that was "
                "there is in place. Run the play again."
            )

    def _wait(self, facts: SignInFacts) -> SignInFacts:
        seen = [len(facts["output"]), facts["auth"].get("sha256")]
        return self._step({"step": "wait", "name": self._name, "seen": seen})

    def _step(self, login: SignInRequest, operations: t.Sequence[Operation] = ()) -> SignInFacts:
        answer = self._executor.sign_in(self._request(login, operations))
        if "error" in answer:
            raise CodexError(messages.target_error(answer["error"]))
        if "login" not in answer:  # the Codex home could not be made
            failed = answer.get("results", [])[-1:]
            code = {"reason": "system", "code": "", "cause": "It failed", "path": ""}
            facts: t.Any = {**code, **(failed[0] if failed else {})}
            raise CodexError(messages.target_error(facts))
        login_facts = answer["login"]
        return {**login_facts, "output": login_facts["output"][:OUTPUT_LIMIT]}

    def _request(self, login: SignInRequest, operations: t.Sequence[Operation] = ()) -> HomeRequest:
        home = self._wanted.home
        return {"user": home.user, "codex_home": home.codex_home, "operations": list(operations), "login": login}

    def install(self, facts: SignInFacts, described: HomeAnswer) -> Outcome:
        """Puts the login in place of the home's, if it is one of the account that is wanted. Raises CodexError."""
        login = without_api_key(facts["auth"]["auth"])
        reason = why_unusable(login) or why_not_this_account(self._wanted, described, login)
        if reason:
            raise CodexError(reason)
        step: SignInRequest = {
            "step": "install",
            "name": self._name,
            "sha256": facts["auth"]["sha256"],
            "drop_api_key": has_api_key(facts["auth"]["auth"]),
        }
        home = with_login(self._wanted.home, login, allow_mounted_file=self._wanted.allow_mounted_file)
        outcome = converge(_Installer(self, step), [home])
        if outcome.failure is None:
            outcome.homes[0]["auth"]["reason"] = f"Somebody signed in to {describe_account(login)}."
            self._person.tell(words.success(self._who, describe_account(login)))
        return outcome

    def apply(self, step: SignInRequest, home: HomeRequest) -> HomeAnswer:
        """The answer for the operations of a plan, with the sign-in's login as what they write."""
        return self._executor.sign_in({**home, "login": step})

    def describe(self, homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """What describe says of the home by now."""
        return self._executor.execute("describe", homes)

    def stop(self) -> None:
        """Ends the sign-in on the host; the host does so itself where it cannot be reached any more."""
        if self._is_started:
            with contextlib.suppress(CodexError, AnsibleError):  # the outcome is another one
                self._executor.sign_in(self._request({"step": "stop", "name": self._name}))


class _Installer:
    """The executor of the engine, for which apply gets its login from the sign-in."""

    def __init__(self, sign_in: _SignIn, step: SignInRequest) -> None:
        self._sign_in, self._step = sign_in, step

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order."""
        if operation == "describe":
            return self._sign_in.describe(homes)
        return [self._sign_in.apply(self._step, home) for home in homes]
