# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_api_key_info: asks the Responses API from the target, and changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._api_key.request import probe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._api_key.verdict import judge
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.execution import Transport


class ActionModule(CodexAction):
    """codex_api_key_info."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """What the key may do; a key that may do nothing is a result, too."""
        request = probe_request(arguments)
        return {"changed": False, **judge(transport.ask_api(request), request)}
