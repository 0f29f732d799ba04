# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_api_key_info: asks the Responses API from the target, and changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.action_base import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils.api_key import judge, key_question
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport


class ActionModule(CodexAction):
    """codex_api_key_info."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """What the key may; that it may nothing is a result, too."""
        question = key_question(arguments)
        return {"changed": False, **judge(transport.ask_api(question), question)}
