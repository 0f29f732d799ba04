# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One execution on a target: a program and its request go out, its answer comes back."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.container import (
    find_container,
    is_in_container,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.envelope import sealed
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.posix import PosixTarget
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.program import Name
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.windows import WindowsTarget
from ansible_collections.fleet.codex.plugins.plugin_utils.answers import checked_answer
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    HomeAnswer,
    HomeRequest,
    HomesRequest,
    ProbeAnswer,
    ProbeRequest,
    SignInRequest,
)


class Transport:
    """The executions of one task on one target.

    options: of the option ``container``. Raises CodexError where these cannot be meant.
    """

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any], options: Arguments | None = None) -> None:
        self.is_windows = bool(getattr(action._connection._shell, "_IS_WINDOWS", False))
        self.container = find_container(options, self.is_windows)
        if self.is_windows:
            self._target: PosixTarget | WindowsTarget = WindowsTarget(action, task_vars)
        else:
            self._target = PosixTarget(action, task_vars, self.container)
        self._in_container = is_in_container(self.container, action._connection)
        self._environment: dict[str, t.Any] = {}
        action._compute_environment_string(self._environment)

    def execute(self, operation: t.Literal["describe", "apply"], homes: t.Sequence[HomeRequest]) -> list[HomeAnswer]:
        """The target's answers for these homes, in their order. Raises CodexError without an answer."""
        request: HomesRequest = {"operation": operation, "homes": list(homes)}
        answers: list[HomeAnswer] = self._exchange(operation, request)["homes"]
        return [checked_answer(answer) for answer in answers]

    def sign_in(self, home: HomeRequest) -> HomeAnswer:
        """The target's answer for one step of a sign-in. Raises CodexError without an answer."""
        login = t.cast(SignInRequest, {**home["login"]})
        if login["step"] == "start":
            login["environment"] = {str(name): str(value) for name, value in self._environment.items()}
        request: HomesRequest = {"operation": "login", "homes": [{**home, "login": login}]}
        (answer,) = self._exchange("login", request)["homes"]
        return checked_answer(answer)

    def check_python(self) -> None:
        """Raises CodexError for a target that cannot run a sign-in, after it was asked for something else."""
        if isinstance(self._target, PosixTarget):
            self._target.check_python()

    def ask_api(self, request: ProbeRequest) -> ProbeAnswer:
        """What the Responses API answers, asked from the target. Raises CodexError without an answer of the target."""
        answer: ProbeAnswer = self._exchange("ask_api", request)["api"]
        return answer

    def _exchange(self, name: Name, request: HomesRequest | ProbeRequest) -> dict[str, t.Any]:
        key = os.urandom(32)
        return self._target.exchange(name, sealed(request, self._environment, key, self._in_container), key)
