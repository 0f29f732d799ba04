# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What describe is asked about a home, and what it would say of one whose user is yet to be made."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import LOCKS
from ansible_collections.fleet.codex.plugins.plugin_utils._config import environment
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import host_folder_query, layer_queries
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import system_queries
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, FileQuery, HomeAnswer, HomeRequest

AUTH_QUERY: t.Final[FileQuery] = {"name": "auth", "base": "codex_home", "path": "auth.json", "details": "auth"}
CONFIG_QUERY: t.Final[FileQuery] = {
    "name": "config",
    "base": "codex_home",
    "path": "config.toml",
    "details": "content",
}


LOCK_QUERIES: t.Final[list[FileQuery]] = [
    {"name": name, "base": "codex_home", "path": name, "details": "lock"} for name in LOCKS
]


def describe_request(desired: DesiredHome, every_user: bool = False) -> HomeRequest:
    """What describe has to look at for a home.

    auth.json, every configuration file and the variables always: what is right for one depends on the others.
    every_user: ask about the home of each user, in place of one.
    """
    is_windows = desired.is_windows
    files = [AUTH_QUERY, *LOCK_QUERIES, CONFIG_QUERY, *layer_queries(is_windows), environment.VALUES_QUERY]
    # For another user's variables, Windows may have to load a file of the user's first.
    with_user = desired.environment is not None or (desired.user is None and not every_user)
    files += system_queries(is_windows, with_user)
    if desired.config is not None:
        files += filter(None, [desired.config.layer.query()])
    if desired.is_host_wide:
        files.append(host_folder_query(is_windows))
    if desired.environment is not None and not is_windows:
        files += environment.QUERIES
    request: HomeRequest = {"user": desired.user, "codex_home": desired.codex_home, "files": files}
    if every_user:
        request["every_user"] = True
    if desired.detect_version:
        request["detect_version"] = True
    return request


def is_missing_user(described: HomeAnswer) -> bool:
    """Whether a home could not be described because its user is not there."""
    return "error" in described and described["error"]["reason"] == "unknown_user"


def described_as_new(desired: DesiredHome) -> HomeAnswer:
    """What describe would say of an empty home directory of the user; where that will be is not known yet."""
    user = desired.user or ""
    home_directory = f"C:\\Users\\{user}" if desired.is_windows else f"~{user}"
    codex_home = desired.codex_home or paths.join(home_directory, ".codex")
    folders = {"codex_home": codex_home, "home_directory": home_directory, "host": "/", "environment": "HKEY_USERS"}
    files: dict[str, FileFacts] = {
        query["name"]: {"path": paths.join(folders[query["base"]], query["path"]), "kind": "absent"}
        for query in describe_request(desired)["files"]
    }
    return {
        "user": user,
        "user_info": {"name": user, "uid": -1, "gid": -1, "home_directory": home_directory, "shell": "/bin/sh"},
        "codex_home": codex_home,
        "real_home": codex_home,
        "folder": {"path": codex_home, "kind": "absent", "below": home_directory, "writable": True},
        "files": files,
        "leftovers": [],
        "profiles": [],
        "all_profiles": True,
        "unsaved_logins": [],
        "all_unsaved_logins": True,
        "is_root": True,
        "home_directory_exists": True,
        "system": "windows" if desired.is_windows else "linux",
    }
