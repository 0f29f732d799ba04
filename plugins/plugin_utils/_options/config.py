# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a configuration file."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config import redaction
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import Layer, host_path, parse_layer
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import METHOD_KEYS
from ansible_collections.fleet.codex.plugins.plugin_utils._options.files import (
    check_backup,
    check_host_mode,
    check_mode,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import (
    check_absent,
    check_disjoint,
    check_lists,
    check_settings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup, DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

LOGIN_OPTIONS: t.Final = ("preferred_auth_method", "enforce_login_method", "force_method")


def desired_config(arguments: Arguments, where: str = "", is_windows: bool = False) -> DesiredConfig:
    """The file that codex_config's options declare; ``where`` is put before their names in messages.

    Raises CodexError.
    """
    layer = parse_layer(arguments["layer"], where, is_windows)
    backup = check_backup(arguments, where)
    _check_combination(arguments, layer, backup, where)
    settings = check_settings(arguments["settings"], f"{where}settings")
    absent = check_absent(arguments["absent"], f"{where}absent")
    check_disjoint(settings, absent, where)
    rules = redaction.check_redaction_rules(
        arguments["secret_keys"], arguments["public_keys"], arguments["settings"], where
    )
    _check_undotted(settings, absent, rules, where)
    if layer.is_host_wide:
        redaction.check_readable_by_all(settings, host_path(layer.kind, is_windows), f"{where}settings", rules)
    return DesiredConfig(
        layer=layer,
        is_present=arguments["state"] == "present",
        preferred_auth_method=arguments["preferred_auth_method"],
        enforce_login_method=arguments["enforce_login_method"],
        force_method=arguments["force_method"],
        settings=settings,
        absent=tuple(absent),
        lists=check_lists(arguments["lists"], settings, where),
        force=arguments["force"],
        drop_removed_keys=arguments["drop_removed_keys"],
        redaction=rules,
        mode=(check_host_mode if layer.is_host_wide else check_mode)(arguments["mode"], where),
        backup=backup,
    )


def _check_combination(arguments: Arguments, layer: Layer, backup: Backup, where: str) -> None:
    """Raises CodexError for options that do not go together, or have no effect together."""
    login_options = [name for name in LOGIN_OPTIONS if arguments[name]]
    if arguments["state"] == "absent":
        names = [*(name for name in ("settings", "absent", "lists") if arguments[name]), *login_options]
        if names:
            raise CodexError(
                f"{where}state: absent removes the whole file, so {names[0]} has no effect. Leave out one of them."
            )
    if layer.kind in ("profile", "requirements") and login_options:
        raise CodexError(f"{where}{login_options[0]} has no effect in the layer {layer.kind}. Set it in another layer.")
    if layer.is_host_wide and arguments["preferred_auth_method"] and not arguments["enforce_login_method"]:
        raise CodexError(
            f"{where}preferred_auth_method has no effect in the layer {layer.kind}, since no Codex that reads it acts "
            "on that key. Leave it out, or set enforce_login_method."
        )
    _check_force_method(arguments, layer, where)
    if arguments["drop_removed_keys"] and not layer.reads_keys:
        raise CodexError(f"{where}drop_removed_keys has no effect in the layer {layer.kind}. Leave it out there.")
    if arguments["preferred_auth_method"] and "preferred_auth_method" in arguments["settings"]:
        raise CodexError(
            f"{where}preferred_auth_method is given both as an option and in {where}settings. Give it once."
        )
    if arguments["force"] and not backup.enabled:
        raise CodexError(f"{where}force replaces a file that cannot be read, so it needs a copy. Set backup to true.")


def _check_force_method(arguments: Arguments, layer: Layer, where: str) -> None:
    """Raises CodexError where force_method is given together with something else that says what it says."""
    force = arguments["force_method"]
    if force and layer.kind != "user":
        raise CodexError(
            f"{where}force_method has no effect in the layer {layer.kind}. Set {where}enforce_login_method there."
        )
    if force in (None, "follow"):
        return
    others = [f"{where}{name}" for name in ("preferred_auth_method", "enforce_login_method") if arguments[name]]
    others += [f"{where}settings.{key}" for key in METHOD_KEYS if key in arguments["settings"]]
    others += [f"{where}absent" for path in arguments["absent"] if path in [[key] for key in METHOD_KEYS]]
    if others:
        raise CodexError(
            f"{where}force_method sets the keys that choose the method of login, and so does {others[0]}. Leave out "
            "one of the two."
        )


def _check_undotted(settings: Table, absent: t.Iterable[KeyPath], rules: redaction.RedactionRules, where: str) -> None:
    """Raises CodexError for a key at the top with a dot in its name. Codex has none: a path is meant."""
    paths = [
        *(("settings", key) for key in settings),
        *(("absent", path[0]) for path in absent if len(path) == 1),
        *(("secret_keys", path[0]) for path in rules.secret if len(path) == 1),
        *(("public_keys", path[0]) for path in rules.public if len(path) == 1),
    ]
    for option, key in paths:
        if "." in key:
            keys = key.split(".")
            nested = f"{': {'.join(keys)}: …{'}' * (len(keys) - 1)}"
            raise CodexError(
                f"{where}{option}: {dotted([key])} is one key with a dot in its name, and Codex has no such key. Write "
                f"{nested if option == 'settings' else '[' + ', '.join(keys) + ']'}."
            )
