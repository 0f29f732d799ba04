# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_config: one configuration file."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.config import desired_config
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome


class ActionModule(CodexAction):
    """codex_config."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one file."""
        home = DesiredHome(
            **desired_place(arguments, is_windows=transport.is_windows),
            config=desired_config(arguments, is_windows=transport.is_windows),
        )
        outcome, result = self.converge(transport, [home])
        (done,) = outcome.homes
        return {**done.get("config", {}), **result, "codex_home": done["codex_home"]}
