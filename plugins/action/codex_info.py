# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_info: reads a Codex home and changes nothing."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles
from ansible_collections.fleet.codex.plugins.plugin_utils.action_base import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, check_codex_home, check_version
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.home_report import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport


class ActionModule(CodexAction):
    """codex_info."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The homes that were asked for, as a list."""
        version, detect = check_version(arguments["codex_version"])
        accounts = arguments["accounts"]
        if accounts is not None and (arguments["user"] or arguments["codex_home"]):
            raise CodexError("accounts takes the place of user and codex_home. Give either.")
        homes = [
            DesiredHome(user=user, codex_home=check_codex_home(arguments["codex_home"]), detect_version=detect)
            for user in (accounts if accounts is not None else [arguments["user"] or None])
        ]
        requests = [describe_request(home) for home in homes]
        if accounts == ["all"]:
            requests[0]["every_account"] = True
        answers = transport.execute("describe", requests)
        for found in answers:
            # With several accounts one that cannot be looked at is told among the others.
            if "obstacle" in found and (accounts is None or found["obstacle"]["reason"] == "every_account_needs_root"):
                raise CodexError(obstacles.sentence(found["obstacle"]))
        declared = arguments["codex_version"] if version else None
        return {"changed": False, "homes": [home_report(found, declared, datetime.now(UTC)) for found in answers]}
