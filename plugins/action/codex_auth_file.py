# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_auth_file: one auth.json."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.action_base import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, check_codex_home, desired_auth
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport


class ActionModule(CodexAction):
    """codex_auth_file."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one file."""
        outcome, result = self.bring_about(transport, self.desired(arguments))
        found = outcome.homes[0]
        return {**found["auth"], **result, "codex_home": found["codex_home"]}

    def desired(self, arguments: dict[str, t.Any]) -> list[DesiredHome]:
        """The one home, with its auth.json alone."""
        home = DesiredHome(
            user=arguments["user"] or None,
            codex_home=check_codex_home(arguments["codex_home"]),
            auth=desired_auth(arguments, self.read_source),
        )
        return [home]
