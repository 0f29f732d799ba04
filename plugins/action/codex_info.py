# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_info: reads Codex homes and changes nothing."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


class ActionModule(CodexAction):
    """codex_info."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The homes that were asked for, as a list."""
        place, users = desired_place(arguments, is_windows=transport.is_windows), arguments["users"]
        if users is not None and (arguments["user"] or arguments["codex_home"]):
            raise CodexError("users replaces user and codex_home. Leave out either users, or the other two.")
        homes = [DesiredHome(**place | {"user": user}) for user in (users if users is not None else [place["user"]])]
        requests = [describe_request(home, every_user=users == ["all"]) for home in homes]
        answers = transport.execute("describe", requests)
        for answer in answers:
            # With several users, one that cannot be looked at is reported among the others.
            if "error" in answer and (users is None or answer["error"]["reason"] in messages.NEED_RIGHTS_FOR_ALL):
                raise CodexError(messages.target_error(answer["error"]))
        declared = arguments["codex_version"] if place["codex_version"] else None
        return {"changed": False, "homes": [home_report(answer, declared, datetime.now(UTC)) for answer in answers]}
