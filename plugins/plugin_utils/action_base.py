# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins share: options in, engine, result out."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import sys
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

if sys.version_info < (3, 11):  # noqa: UP036 - said before an import below fails on an older Python
    raise AnsibleActionFail("fleet.codex needs Python 3.11 or later on the controller.")

try:
    from ansible.parsing.vault import VaultHelper
except ImportError:  # ansible-core 2.18 and earlier
    VaultHelper = None

from ansible_collections.fleet.codex.plugins.plugin_utils import sharing
from ansible_collections.fleet.codex.plugins.plugin_utils.arguments import MODULES
from ansible_collections.fleet.codex.plugins.plugin_utils.claims import claim
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.engine import Outcome, bring_about
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.other_hosts import OtherHosts
from ansible_collections.fleet.codex.plugins.plugin_utils.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils.run_notes import noted
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport

LIBRARIES = {"tomli": "tomli", "tomledit": "tomledit", "tomli_w": "tomli-w"}
"""Import name and package of what the controller needs."""


class CodexAction(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """An action plugin of this collection; a subclass says what its options desire."""

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
            _validation, arguments = self.validate_argument_spec(MODULES[name])
            self._variables = task_vars or {}
            return self.work(plain(arguments), Transport(self, self._variables))
        except CodexError as error:
            # Returned, not raised: ansible-core 2.18 and earlier print a traceback of what is raised.
            return {"failed": True, "msg": str(error)}

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for checked options. Raises CodexError for what cannot be done."""
        raise NotImplementedError

    def desired(self, arguments: dict[str, t.Any]) -> list[DesiredHome]:
        """The homes that checked options declare. Raises CodexError for what cannot be meant."""
        raise NotImplementedError

    def bring_about(
        self, transport: Transport, homes: list[DesiredHome], verify: bool = False
    ) -> tuple[Outcome, dict[str, t.Any]]:
        """What the engine made of the homes, and the part of the result that all writing modules share."""
        host = self._task.delegate_to or self._variables["inventory_hostname"]
        self._refuse_shared(sharing.bindings(host, homes))
        outcome = bring_about(
            transport,
            homes,
            check_mode=self._task.check_mode,
            verify=verify,
            claim=functools.partial(claim, C.DEFAULT_LOCAL_TMP, host, homes),
        )
        result: dict[str, t.Any] = {"changed": outcome.changed}
        if self._task.diff:
            result["diff"] = outcome.diffs
        if outcome.warnings:
            result["warnings"] = outcome.warnings
        return outcome, result

    def _refuse_shared(self, own: list[sharing.Binding]) -> None:
        """Refuses refresh tokens that this task brings to another home, too, on this or on another host."""
        if all(binding.allowed for binding in own):
            return
        sharing.refuse_shared(own, sharing.shared(own))
        others = OtherHosts(self._task, self._variables, self._loader)
        key = others.key()
        if key:
            note = noted(C.DEFAULT_LOCAL_TMP, f"task-{key}", lambda: self._foresee(others))
            known = {digest: [sharing.Place(*place) for place in places] for digest, places in note.items()}
            sharing.refuse_shared(own, known)

    def _foresee(self, others: OtherHosts) -> sharing.Shared:
        """The refresh tokens that this task brings to several homes of its play's hosts, as far as can be told."""
        found: list[sharing.Binding] = []
        try:
            for host, arguments in others.arguments():
                with contextlib.suppress(CodexError):  # it says so itself, on that host
                    found += sharing.bindings(host, self.desired(plain(arguments)))
        except Exception:  # Ansible gives no promise about what is used there; the claims remain
            return {}
        return sharing.shared(found)

    def read_source(self, name: str) -> bytes:
        """A file of the controller, found as ``copy`` finds its ``src`` and decrypted if it is a vault."""
        try:
            path = self._loader.get_real_file(self._find_needle("files", name), decrypt=True)
        except Exception as error:  # the loader raises many kinds, among them ones that quote the file
            if "not found" in str(error) or "ould not find" in str(error):
                raise CodexError(f"src: there is no file {name} on the controller.") from None
            raise CodexError(f"src: {name} cannot be read or decrypted on the controller.") from None
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise CodexError(f"src: {name} cannot be read on the controller ({error.strerror}).") from None
        finally:
            self._loader.cleanup_tmp_file(path)


def check_libraries() -> None:
    """Refuses to start without the controller's libraries, with the command that installs them."""
    missing = [package for name, package in LIBRARIES.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise CodexError(
            f"fleet.codex needs {', '.join(missing)} on the controller. "
            f"Run: {sys.executable} -m pip install {' '.join(LIBRARIES.values())}"
        )


def plain(value: t.Any) -> t.Any:
    """Arguments as Python's own types, but for `Vaulted` texts.

    ansible-core 2.18 and earlier leave lazily decrypted vault values in them, later ones tag what they decrypted.
    """
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if type(value).__name__ == "AnsibleVaultEncryptedUnicode":
        return Vaulted(value)
    if isinstance(value, str):
        text = str.__str__(value)  # AnsibleUnsafeText stays one in str()
        return Vaulted(text) if VaultHelper and VaultHelper.get_ciphertext(value, with_tags=False) else text
    return value
