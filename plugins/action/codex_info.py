# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_info: reads Codex homes and changes nothing."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import startup_queries
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import entry
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_place
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import PLACE
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

NOBODY: t.Final = "Nobody is logged in here. Deploy a login, or run `codex login`."


class ActionModule(CodexAction):
    """codex_info."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """The homes that were asked for, as a list."""
        is_windows, users = transport.is_windows, arguments["users"]
        homes = _homes(arguments, is_windows)
        requests = [describe_request(home, every_user=users == ["all"]) for home in homes]
        for request in requests if arguments["startup_files"] else ():
            request["files"] += startup_queries(is_windows)
        answers = transport.execute("describe", requests)
        is_one = users is None and arguments["homes"] is None
        for answer in answers:
            # Of several, one that cannot be looked at is reported among the others.
            if "error" in answer and (is_one or answer["error"]["reason"] in messages.NEED_RIGHTS_FOR_ALL):
                raise CodexError(messages.target_error(answer["error"]))
        declared = arguments["codex_version"] if arguments["codex_version"] != "detect" else None
        now, with_startup_files = datetime.now(UTC), arguments["startup_files"]
        reports = [home_report(answer, declared, now, with_startup_files) for answer in answers]
        result: dict[str, t.Any] = {"changed": False, "homes": reports}
        failed = [report["msg"] for report in reports if report.get("failed")]
        if arguments["homes"] is not None and failed:  # of all users, some may never have a home that can be looked at
            result |= {"failed": True, "msg": " ".join(dict.fromkeys(failed))}
        for report in reports if arguments["homes"] is not None else ():
            if report["login"]["method"] == "none":
                report["attention"] = [NOBODY]
        return result


def _homes(arguments: dict[str, t.Any], is_windows: bool) -> list[DesiredHome]:
    """The homes to look at: those of ``homes``, one for each of ``users``, or else one. Raises CodexError."""
    place, users, homes = desired_place(arguments, is_windows=is_windows), arguments["users"], arguments["homes"]
    given = [name for name in ("users", "homes") if arguments[name] is not None]
    if len(given) == 2:
        raise CodexError("users and homes both say what to look at. Leave out one of them.")
    if given and (arguments["user"] or arguments["codex_home"]):
        raise CodexError(f"{given[0]} replaces user and codex_home. Leave out either {given[0]}, or the other two.")
    if homes is not None:
        own = [desired_place(home, entry(homes, n), is_windows) for n, home in enumerate(homes)]
        return [DesiredHome(**place | {name: of[name] for name in PLACE}) for of in own]
    return [DesiredHome(**place | {"user": user}) for user in (users if users is not None else [place["user"]])]
