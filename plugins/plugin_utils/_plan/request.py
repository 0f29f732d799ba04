# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What describe is asked about a home."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import HOST_FOLDER_QUERY, HOST_QUERIES
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import SYSTEM_QUERY
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeRequest

AUTH_QUERY: t.Final[FileQuery] = {"name": "auth", "base": "codex_home", "path": "auth.json", "details": "auth"}
CONFIG_QUERY: t.Final[FileQuery] = {
    "name": "config",
    "base": "codex_home",
    "path": "config.toml",
    "details": "content",
}


def describe_request(desired: DesiredHome) -> HomeRequest:
    """What describe has to look at for a home.

    auth.json, every configuration file and the variables always: what is right for one depends on the others.
    """
    files = [AUTH_QUERY, CONFIG_QUERY, *HOST_QUERIES, environment.VALUES_QUERY, SYSTEM_QUERY]
    if desired.config is not None:
        files += filter(None, [desired.config.layer.query()])
    if desired.is_host_wide:
        files.append(HOST_FOLDER_QUERY)
    if desired.environment is not None:
        files += environment.QUERIES
    request: HomeRequest = {"user": desired.user, "codex_home": desired.codex_home, "files": files}
    if desired.detect_version:
        request["detect_version"] = True
    return request
