# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_config: one config.toml."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.action_base import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import (
    DesiredHome,
    check_codex_home,
    check_version,
    desired_config,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport


class ActionModule(CodexAction):
    """codex_config."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The result for the one file."""
        version, detect = check_version(arguments["codex_version"])
        home = DesiredHome(
            user=arguments["user"] or None,
            codex_home=check_codex_home(arguments["codex_home"]),
            config=desired_config(arguments),
            codex_version=version,
            detect_version=detect,
        )
        outcome, result = self.bring_about(transport, [home])
        found = outcome.homes[0]
        return {**found["config"], **result, "codex_home": found["codex_home"]}
