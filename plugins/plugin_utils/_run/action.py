# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins share: options in, result out. Every other use of Ansible's plugins is in transport.py."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import sys
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError, AnsibleUndefinedVariable
from ansible.plugins.action import ActionBase

if sys.version_info < (3, 11):  # noqa: UP036 - said before an import below fails on an older Python
    raise AnsibleActionFail("fleet.codex needs Python 3.11 or later on the controller.")

try:
    from ansible.parsing.vault import VaultHelper
except ImportError:  # ansible-core 2.18 and earlier
    VaultHelper = None

from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import given_options, with_group_defaults
from ansible_collections.fleet.codex.plugins.plugin_utils._options.playbooks import PLACES, check_playbook_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.plugins.plugin_utils._report.outcome import Outcome
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable_result
from ansible_collections.fleet.codex.plugins.plugin_utils._run import controller_file
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import converge
from ansible_collections.fleet.codex.plugins.plugin_utils._run.libraries import check_libraries
from ansible_collections.fleet.codex.plugins.plugin_utils._run.reservations import reserve_logins
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import program
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

program.prepare()  # Ansible imports action plugins before it forks a process for each host


class CodexAction(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """An action plugin of this collection; a subclass says what its options mean."""

    _requires_connection = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The task's result; every refusal is one sentence."""
        name = self._task.action.rpartition(".")[2]
        try:
            if self._task.async_val:
                raise CodexError(f"{name} does not run in the background. Remove async and poll from the task.")
            super().run(tmp, task_vars)
            check_libraries()
            self._variables = task_vars or {}
            if self._variables.get("playbook_dir") == PLAYBOOKS and name != "codex_report":
                check_playbook_variables(self._variables)
                self._check_places()
            self.check_variables()
            options = with_group_defaults(plain(self._task.args), self._group_defaults(), MODULES[name])
            self._task.args = given_options(options, MODULES[name])
            try:
                _validation, arguments = self.validate_argument_spec(MODULES[name])
            except AnsibleError as error:  # raised further, ansible-core 2.19 and later print all of the options
                raise CodexError(error.message) from None
            transport = Transport(self, self._variables, arguments.get("container"))
            return printable_result(self.work(arguments, transport))
        except CodexError as error:
            # Returned, not raised: ansible-core 2.18 and earlier print a traceback of what is raised.
            return printable_result({"failed": True, "msg": str(error)})

    def check_variables(self) -> None:
        """Raises CodexError for variables that made the options wrong, before those are checked."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for checked options. Raises CodexError for what is refused."""
        raise NotImplementedError

    def _check_places(self) -> None:
        """Raises CodexError for a variable that says what to work on and cannot be evaluated."""
        for name in PLACES:
            if name in self._variables:
                try:
                    self._templar.template({name: self._variables[name]})
                except AnsibleUndefinedVariable as error:
                    why = str(error.message).splitlines()[0][:WHY_LIMIT]
                    raise CodexError(f"{name} cannot be evaluated: {why}. Correct it.") from None
                except AnsibleError:  # its words may hold a value
                    raise CodexError(
                        f"{name} cannot be evaluated. See with ansible-inventory --host what is wrong with it."
                    ) from None

    def _group_defaults(self) -> set[str]:
        """The names of the options that module_defaults set for the whole action group."""
        groups = [
            options
            for defaults in self._task.module_defaults or []
            for name, options in defaults.items()
            if name.startswith("group/") and isinstance(options, dict)
        ]
        return {name for options in groups for name in options}

    @property
    def host(self) -> str:
        """The inventory's name of the host that is worked on."""
        name: str = self._task.delegate_to or self._variables["inventory_hostname"]
        return name

    def converge(
        self, transport: Transport, homes: list[DesiredHome], verify: bool = False
    ) -> tuple[Outcome, dict[str, t.Any]]:
        """Makes the homes as desired: the outcome, and the part of the result that all writing modules share.

        Raises CodexError.
        """
        outcome = converge(
            transport,
            homes,
            check_mode=self._task.check_mode,
            verify=verify,
            reserve=functools.partial(reserve_logins, C.DEFAULT_LOCAL_TMP, self.place(transport)),
        )
        return outcome, self.result_of(outcome)

    def place(self, transport: Transport) -> str:
        """The host, and the container in it: homes of several containers have the same path on one host."""
        return f"{self.host}, {transport.container}" if transport.container else self.host

    def result_of(self, outcome: Outcome) -> dict[str, t.Any]:
        """The part of the result that all writing modules share."""
        result: dict[str, t.Any] = {"changed": outcome.changed}
        if self._task.diff:
            result["diff"] = outcome.diffs
        if outcome.warnings:
            result["warnings"] = outcome.warnings
        if outcome.failure:
            result |= {"failed": True, "msg": outcome.failure}
        return result

    def read_source(self, name: str) -> bytes:
        """A file of the controller, found as ``copy`` finds its ``src`` and decrypted if it is a vault.

        Raises CodexError.
        """
        stored = None
        with contextlib.suppress(AnsibleError, OSError, ValueError):  # which of them, depends on version and name
            try:
                path = self._find_needle("files", name)
            except AnsibleError:  # also where a folder may not be entered, which reading tells
                path = self._relative_to_playbook(name)
            stored = controller_file.read(pathlib.Path(path), self._loader._vault, "src")
        if stored is None:
            raise CodexError(f"src: there is no file {name} on the controller. Correct the path.")
        return stored.content

    def _relative_to_playbook(self, name: str) -> str:
        """A path of the controller. In a playbook of this collection, it starts in the current folder.

        People run these by their names, and do not have the folder where they are.
        """
        base = self._variables.get("playbook_dir")
        return os.path.abspath(os.path.expanduser(name)) if base == PLAYBOOKS else self._loader.path_dwim(name)


PLAYBOOKS: t.Final = str(pathlib.Path(__file__).parents[3] / "playbooks")
"""The folder of this collection's playbooks."""

WHY_LIMIT: t.Final = 300
"""Characters of Ansible's own words on a variable."""


def plain(value: t.Any) -> t.Any:
    """Options as Python's own types, but for `Vaulted` texts.

    ansible-core 2.18 and earlier leave lazily decrypted vault values in them, later ones tag what they decrypted.
    """
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if type(value).__name__ == "AnsibleVaultEncryptedUnicode":
        return Vaulted(value)
    if isinstance(value, Vaulted):  # on a retry
        return value
    if isinstance(value, str):
        text = str.__str__(value)  # AnsibleUnsafeText stays one in str()
        return Vaulted(text) if VaultHelper and VaultHelper.get_ciphertext(value, with_tags=False) else text
    return value
