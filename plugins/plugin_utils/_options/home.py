# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a Codex home as a whole: whose it is, where it is, which Codex reads it, and its parts."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import (
    OLDEST_VERSION,
    Version,
    number,
    parse_version,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.auth import ReadSource, desired_auth
from ansible_collections.fleet.codex.plugins.plugin_utils._options.config import desired_config
from ansible_collections.fleet.codex.plugins.plugin_utils._options.environment import check_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import AUTH, Arguments, defaults
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def desired_home(
    arguments: Arguments, read_source: ReadSource, where: str = "", is_windows: bool = False
) -> DesiredHome:
    """The home that one entry of the option ``homes`` declares; ``where`` names the entry in messages.

    Raises CodexError.
    """
    auth, config, variables = arguments["auth"], arguments["config"], arguments["environment"]
    place = desired_place(arguments, where, is_windows)
    level = arguments["environment_level"]
    if level == "machine" and not is_windows:
        raise CodexError(
            f"{where}environment_level: machine is for Windows hosts only. Leave it out here: the variables go to the "
            "user."
        )
    if arguments["state"] == "absent":
        # The login goes; config.toml is the user's own and stays.
        options = {**(defaults(AUTH) if auth is None else auth), "state": "absent"}
        removed = desired_auth(options, read_source, f"{where}auth.")
        return DesiredHome(**place, auth=removed, environment={}, environment_level=level, export_codex_home=False)
    return DesiredHome(
        **place,
        auth=None if auth is None else desired_auth(auth, read_source, f"{where}auth."),
        config=None if config is None else desired_config(config, f"{where}config.", is_windows),
        environment=None if variables is None else check_variables(variables, f"{where}environment"),
        environment_level=level,
    )


def desired_place(arguments: Arguments, where: str = "", is_windows: bool = False) -> dict[str, t.Any]:
    """The fields of a DesiredHome that say whose home it is, where it is, and which Codex reads it.

    Raises CodexError.
    """
    version, detect = check_version(arguments.get("codex_version"), where)
    return {
        "user": arguments["user"],
        "codex_home": check_codex_home(arguments["codex_home"], where),
        "codex_version": version,
        "detect_version": detect,
        "is_windows": is_windows,
    }


def check_version(option: object, where: str = "") -> tuple[Version | None, bool]:
    """The version that the option ``codex_version`` names, and whether it is to be detected. Raises CodexError."""
    if option is None:
        return None, False
    if option == "detect":
        return None, True
    version = parse_version(str(option), f"{where}codex_version")
    if version < OLDEST_VERSION:
        raise CodexError(
            f"{where}codex_version {number(version)} is older than 0.20, the oldest that is supported. Write all of "
            'it, in quotes, such as "0.130.0": YAML reads 0.130 as the number 0.13.'
        )
    return version, False


def check_codex_home(path: str | None, where: str = "") -> str | None:
    """The path of a Codex home without superfluous separators; None for the user's default. Raises CodexError."""
    if path is None:
        return None
    if not paths.is_absolute(path):
        raise CodexError(f"{where}codex_home must be an absolute path. Leave it out for the user's ~/.codex.")
    if "\n" in path or "\0" in path:
        raise CodexError(f"{where}codex_home must be one line.")
    return paths.normal(path)
