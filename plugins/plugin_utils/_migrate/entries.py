# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared homes, as a migration has them: the entries of codex_home's ``homes`` with other options."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.auth import CREDENTIALS
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import CONFIG, Arguments, defaults

MigrateTo = t.Literal["apikey", "chatgpt"]

OPTIONS_OF: t.Final[dict[MigrateTo, tuple[str, ...]]] = {"apikey": ("api_key",), "chatgpt": ("src", "content")}
"""The options that give a login of the new method."""

KEY_VARIABLES: t.Final = ("OPENAI_API_KEY", "CODEX_API_KEY")
"""The variables that hold an API key, which are of no use to a ChatGPT login."""


def migrated_entry(home: Arguments, migrate_to: MigrateTo, *, backup: bool) -> Arguments | None:
    """An entry of ``homes`` for a migration; None for one that is declared absent, which has no login to migrate.

    backup: whether copies of what is replaced are kept. An entry for a profile or a file of the whole host is as it
    was.
    """
    if home["state"] == "absent":
        return None
    if home["config"] is not None and home["config"]["layer"] != "user":
        return home
    environment = home["environment"]
    if environment is not None and migrate_to == "chatgpt":
        environment = {name: value for name, value in environment.items() if name not in KEY_VARIABLES}
    return {
        **home,
        "auth": _auth(home["auth"], migrate_to, backup),
        "config": _config(home["config"], backup),
        "environment": environment,
    }


def _auth(auth: Arguments | None, migrate_to: MigrateTo, backup: bool) -> Arguments | None:
    """The new login, which replaces one of the other method; None where none of its method is given.

    Tokens that Codex has renewed stay, as long as the playbook does not say otherwise: so a second run changes nothing.
    """
    given = OPTIONS_OF[migrate_to]
    if auth is None or all(auth[name] is None for name in given):
        return None
    return {
        **auth,
        **{name: None for name in CREDENTIALS if name not in given},
        "update": "always" if auth["update"] == "always" else "if_newer",
        "on_account_mismatch": "replace",
        **_copies(auth, backup),
    }


def _config(config: Arguments | None, backup: bool) -> Arguments:
    """The user's config.toml, in which the keys that choose the method follow the login that will be there."""
    config = {**defaults(CONFIG), **(config or {})}
    if config["state"] == "absent":
        return config
    return {**config, "preferred_auth_method": None, "force_method": "follow", **_copies(config, backup)}


def _copies(file: Arguments, backup: bool) -> Arguments:
    return {"backup": backup, "backup_keep": file["backup_keep"] if backup else None}
