# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role: which of them have no effect."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import is_empty
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

ROLE: t.Final = "fleet.codex.codex"

FOR_ONE_USER: t.Final[dict[str, t.Any]] = {
    "codex_user": None,
    "codex_home": None,
    "codex_api_key": None,
    "codex_personal_access_token": None,
    "codex_auth_src": None,
    "codex_auth_content": None,
    "codex_auth_update": "if_newer",
    "codex_on_account_mismatch": "fail",
    "codex_auth_without_refresh_token": False,
    "codex_allow_shared_refresh_token": False,
    "codex_allow_mounted_file": False,
    "codex_preferred_auth_method": None,
    "codex_enforce_login_method": False,
    "codex_settings": {},
    "codex_settings_absent": [],
    "codex_settings_lists": [],
    "codex_settings_force": False,
    "codex_drop_removed_keys": False,
    "codex_secret_keys": [],
    "codex_public_keys": [],
    "codex_export_api_key": True,
    "codex_environment": {},
    "codex_environment_level": "user",
    "codex_backup": False,
    "codex_backup_keep": None,
}
"""The variables that codex_homes replaces, with their defaults."""

FOR_ALL: t.Final = (
    "codex_homes",
    "codex_state",
    "codex_version",
    "codex_container",
    "codex_verify",
    "codex_restart_handlers",
    "codex_install",
    "codex_install_version",
    "codex_install_source",
    "codex_install_registry",
)

OF_PLAYBOOKS: t.Final = (
    *("codex_hosts", "codex_method", "codex_report", "codex_result", "codex_serial", "codex_users"),
    *("codex_migrate_to", "codex_migrate_backup"),
    *("codex_login_method", "codex_login_timeout", "codex_login_replace", "codex_login_account_id"),
    "codex_login_environment",
    *("codex_preflight_from_hosts", "codex_preflight_base_url", "codex_preflight_proxy", "codex_preflight_ca_file"),
    *("codex_collect_hosts", "codex_collect_users", "codex_collect_homes", "codex_collect_folder"),
    "codex_collect_vault_id",
    *("codex_containers_hosts", "codex_containers_names", "codex_containers_labels", "codex_containers_images"),
    *("codex_containers_engine", "codex_containers_user"),
)
"""The variables that people set for the collection's playbooks, beside those of the role."""

INNER_PREFIXES: t.Final = ("codex_collect_", "codex_containers_")
"""What the names of variables begin with that these two playbooks set for themselves."""

SWITCHES: t.Final = ("codex_enforce_login_method", "codex_drop_removed_keys", "codex_export_api_key")
"""The variables that the role's templates evaluate, so that no option of the module holds them."""

LIKENESS: t.Final = 0.75
"""How much of a name must be that of a variable to be taken for it, from 0 to 1."""

Value = t.Callable[[str], t.Any]
"""The value of a variable that is set, its templates evaluated; None for one that is to be left out."""


def check_role_variables(variables: t.Mapping[str, t.Any], value: Value) -> list[str]:
    """Warnings about variables that the role does not know.

    variables: all of the host, as they are written. Raises CodexError for a variable that cannot have its effect.
    """
    for name in SWITCHES:
        switch = variables.get(name)
        if not isinstance(switch, bool) and not is_empty(switch) and not _is_switch(value(name)):
            raise CodexError(f"{name} must be true or false.")
    if not is_empty(variables.get("codex_homes")):
        unused = [
            name
            for name, default in FOR_ONE_USER.items()
            if not is_empty(variables.get(name)) and variables[name] != default and value(name) not in (None, default)
        ]
        if unused and value("codex_homes") is not None:
            raise CodexError(
                f"codex_homes replaces the variables for one user, so {' and '.join(unused)} would have no effect. "
                "Put this into an entry of codex_homes, or leave out codex_homes."
            )
    return _misspelled(variables)


def check_types(homes: object, variables: t.Mapping[str, t.Any]) -> None:
    """Raises CodexError for codex_homes or codex_environment of a type that the role cannot work with.

    homes: the option of that name, in which the role passes on such values as they are. variables: as they are
    written.
    """
    if is_empty(homes):
        return
    if not isinstance(homes, list) or not all(isinstance(home, dict) or is_empty(home) for home in homes):
        raise CodexError("codex_homes must be a list of homes, each a dictionary such as {user: alice}.")
    if is_empty(variables.get("codex_homes")) and any(isinstance(home.get("environment"), list) for home in homes):
        raise CodexError("codex_environment must be a dictionary of names and values.")


def _is_switch(value: object) -> bool:
    words = ("true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f")  # as Ansible's bool
    return is_empty(value) or str(value).lower() in words


def _misspelled(variables: t.Mapping[str, t.Any]) -> list[str]:
    """A warning for each variable whose name is nearly that of one of the role's, and that none of these uses."""
    known = (*FOR_ONE_USER, *FOR_ALL)
    used = ""
    warnings = []
    for name in sorted(name for name in variables if name.startswith("codex_")):
        # codex_users would have to be codex_user here.
        if (name in (*known, *OF_PLAYBOOKS) and name != "codex_users") or name.startswith(INNER_PREFIXES):
            continue
        nearest = difflib.get_close_matches(name, known, 1, LIKENESS)
        used = used or str([variables.get(other) for other in known])
        if nearest and name not in used:
            warnings.append(
                f"The role {ROLE} has no variable {name}, so it has no effect there. The nearest is {nearest[0]}. "
                "Correct the name, or choose one that is less like it."
            )
    return warnings
