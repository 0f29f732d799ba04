# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request as it is sent, and the answer as it comes back: masked, since Ansible prints the output of commands."""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomesRequest, ProbeRequest

Request = dict[str, t.Any]
"""A whole request: an Envelope of `protocol`, with a HomesRequest or a ProbeRequest in it."""


def sealed(
    content: HomesRequest | ProbeRequest, environment: t.Mapping[str, t.Any], key: bytes, in_container: bool = False
) -> Request:
    """The whole request. environment: the task's; key: 32 random bytes, with which the answer is masked."""
    variables = {str(name): str(value) for name, value in environment.items()}
    where = {"in_container": True} if in_container else {}
    return {"protocol": PROTOCOL, "key": key.hex(), "environment": variables, **where, **content}


def unmask(text: str, key: bytes) -> dict[str, t.Any] | None:
    """The answer (base64, masked) of a target program; None where a connection cut it off.

    Raises CodexError for one in another version of the protocol.
    """
    try:
        answer: dict[str, t.Any] = json.loads(mask(base64.b64decode(text, validate=True), key))
    except ValueError:
        return None
    if answer["protocol"] != PROTOCOL:
        raise CodexError("The target program speaks another protocol than the controller. Reinstall fleet.codex.")
    return answer
