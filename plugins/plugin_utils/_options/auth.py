# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an auth.json."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import (
    Credential,
    from_api_key,
    from_document,
    from_personal_access_token,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.files import check_backup, check_mode
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredAuth
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

ReadSource = t.Callable[[str], bytes]
"""Reads the controller's file that ``src`` names, vault-encrypted or not. Raises CodexError."""

CREDENTIALS: t.Final = ("api_key", "personal_access_token", "content", "src")
"""The options of which exactly one gives the login."""


def desired_auth(arguments: Arguments, read_source: ReadSource, where: str = "") -> DesiredAuth:
    """auth.json as codex_auth_file's options declare it; ``where`` is put before their names in messages.

    Raises CodexError.
    """
    credential = None if arguments["state"] == "absent" else _credential(arguments, read_source, where)
    if credential and arguments["without_refresh_token"]:
        credential = credential.without_refresh_token()
    return DesiredAuth(
        credential=credential,
        update=arguments["update"],
        on_account_mismatch=arguments["on_account_mismatch"],
        allow_shared_refresh_token=arguments["allow_shared_refresh_token"],
        mode=check_mode(arguments["mode"], where),
        backup=check_backup(arguments, where),
        allow_mounted_file=arguments["allow_mounted_file"],
    )


def _credential(arguments: Arguments, read_source: ReadSource, where: str) -> Credential:
    names = [name for name in CREDENTIALS if arguments[name] is not None]
    if not names:
        *most, last = (where + name for name in CREDENTIALS)
        raise CodexError(f"One of {', '.join(most)} and {last} must be given.")
    if len(names) > 1:
        raise CodexError(f"Only one of {', '.join(where + name for name in names)} must be given.")
    (name,) = names
    value, option = arguments[name], f"{where}{name}"
    if name == "api_key":
        return from_api_key(value, option)
    if name == "personal_access_token":
        return from_personal_access_token(value, option)
    if name == "content":
        return from_document(value, option)
    _check_path(value, option)
    return from_document(read_source(value), f"{option} ({value})")


def _check_path(value: str, option: str) -> None:
    """Raises CodexError for a login in the place of the path to its file: messages name the path."""
    if re.search(r"[\n{}]", value) or value.startswith("$ANSIBLE_VAULT"):
        raise CodexError(f"{option} holds the text of a file. Give the path of the file, or the text as content.")
    if re.match(r"(sk|at)-|ey[A-Za-z0-9_-]+\.", value):
        raise CodexError(f"{option} holds a key or a token. Give the path of a file, or the key as api_key.")
