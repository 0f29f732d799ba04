# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_auth_fetch: brings the login of a target back to the controller."""

from __future__ import annotations

import pathlib
import typing as t

from ansible import constants as C
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._run.controller_file import check_not_in_inventory, encryption
from ansible_collections.fleet.codex.plugins.plugin_utils._run.fetch import Destination, fetch
from ansible_collections.fleet.codex.plugins.plugin_utils._run.reservations import holder_of, reserve_file
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer


class ActionModule(CodexAction):
    """codex_auth_fetch."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one copy."""
        if arguments["dest"].endswith("/"):
            raise CodexError("dest must name a file, and ends in a slash. Add the file's name.")
        path, vault = pathlib.Path(self._loader.path_dwim(arguments["dest"])), self._loader._vault
        check_not_in_inventory(path, self._variables.get("ansible_inventory_sources") or [])
        destination = Destination(
            path=path,
            vault=vault,
            encrypt=encryption(vault, arguments["encrypt_vault_id"]),
            on_account_mismatch=arguments["on_account_mismatch"],
            only_renewable=arguments["only_renewable"],
        )

        def reserve(described: HomeAnswer) -> None:
            reserve_file(C.DEFAULT_LOCAL_TMP, str(path), holder_of(self.host, described))

        home = DesiredHome(**desired_place(arguments, is_windows=transport.is_windows))
        plan = fetch(transport, home, destination, reserve, check_mode=self._task.check_mode)
        return plan.result | ({"diff": [plan.diff]} if self._task.diff and plan.diff else {})
