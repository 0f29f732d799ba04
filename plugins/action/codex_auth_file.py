# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_auth_file: one auth.json."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.auth import desired_auth
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome


class ActionModule(CodexAction):
    """codex_auth_file."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one file."""
        home = DesiredHome(
            **desired_place(arguments, is_windows=transport.is_windows), auth=desired_auth(arguments, self.read_source)
        )
        outcome, result = self.converge(transport, [home])
        (done,) = outcome.homes
        return {**done.get("auth", {}), **result, "codex_home": done["codex_home"]}
