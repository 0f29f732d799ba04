# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules and their defaults, once. Tests compare the documentation in plugins/modules with them."""

from __future__ import annotations

import typing as t

Spec = dict[str, dict[str, t.Any]]
Arguments = t.Mapping[str, t.Any]
"""Options of a task that Ansible has checked: every option of the spec is there, by default or as None."""


def defaults(spec: Spec) -> dict[str, t.Any]:
    """What Ansible makes of options that are not given."""
    return {name: option.get("default") for name, option in spec.items()}


PLACE: t.Final[Spec] = {"user": {"type": "str"}, "codex_home": {"type": "str"}}
CONTAINER: t.Final[Spec] = {
    "container": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "engine": {"type": "str", "choices": ["docker", "podman"], "default": "docker"},
            "user": {"type": "str"},
        },
    },
}
VERSION: t.Final[Spec] = {"codex_version": {"type": "str"}}
STATE: t.Final[Spec] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
FILE: t.Final[Spec] = {
    "mode": {"type": "raw"},
    "backup": {"type": "bool", "default": False},
    "backup_keep": {"type": "int"},
}

AUTH: t.Final[Spec] = {
    "api_key": {"type": "str", "no_log": True},
    "personal_access_token": {"type": "str", "no_log": True},
    "content": {"type": "raw", "no_log": True},
    "src": {"type": "path"},
    "without_refresh_token": {"type": "bool", "default": False, "no_log": False},  # a switch, no secret
    "update": {"type": "str", "choices": ["if_newer", "always", "on_create"], "default": "if_newer"},
    "on_account_mismatch": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
    "allow_shared_refresh_token": {"type": "bool", "default": False},
    "allow_mounted_file": {"type": "bool", "default": False},
    **STATE,
    **FILE,
}

CONFIG: t.Final[Spec] = {
    "layer": {"type": "str", "default": "user"},
    "preferred_auth_method": {"type": "str", "choices": ["apikey", "chatgpt"]},
    "enforce_login_method": {"type": "bool", "default": False},
    "force_method": {"type": "str", "choices": ["apikey", "chatgpt", "none", "follow"]},
    "settings": {"type": "dict", "default": {}},
    "absent": {"type": "list", "elements": "raw", "default": []},  # raw: text would become a list of one key
    "lists": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "list", "elements": "str", "required": True},
            "append": {"type": "bool", "default": False},
            "match": {"type": "str"},
        },
    },
    "force": {"type": "bool", "default": False},
    "drop_removed_keys": {"type": "bool", "default": False},
    "secret_keys": {"type": "list", "elements": "raw", "default": [], "no_log": False},  # these are names, no secrets
    "public_keys": {"type": "list", "elements": "raw", "default": []},
    **STATE,
    **FILE,
}

HOME: t.Final[Spec] = {
    **PLACE,
    **STATE,
    **VERSION,
    "auth": {"type": "dict", "options": AUTH},
    "config": {"type": "dict", "options": CONFIG},
    "environment": {"type": "dict", "no_log": True},
    "environment_level": {"type": "str", "choices": ["user", "machine"], "default": "user"},
}

API_KEY: t.Final[Spec] = {
    "api_key": {"type": "str", "required": True, "no_log": True},
    "base_url": {"type": "str", "default": "https://api.openai.com/v1"},
    "proxy": {"type": "str", "no_log": True},  # may hold a password
    "ca_file": {"type": "str"},  # not a path, which would be expanded on the controller
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 3},
}

MODULES: t.Final[dict[str, Spec]] = {
    "codex_api_key_info": API_KEY,
    "codex_auth_file": {**PLACE, **CONTAINER, **VERSION, **AUTH},
    "codex_config": {**PLACE, **CONTAINER, **VERSION, **CONFIG},
    "codex_home": {
        **CONTAINER,
        "homes": {"type": "list", "elements": "dict", "required": True, "options": HOME},
        "verify": {"type": "bool", "default": False},
        "migrate_to": {"type": "str", "choices": ["apikey", "chatgpt"]},
        "migrate_backup": {"type": "bool", "default": True},
        "restart_handlers": {"type": "list", "elements": "str", "default": []},
    },
    "codex_auth_fetch": {
        **PLACE,
        "dest": {"type": "str", "required": True},
        "encrypt_vault_id": {"type": "str"},
        "only_renewable": {"type": "bool", "default": False},
        "on_account_mismatch": AUTH["on_account_mismatch"],
    },
    "codex_info": {
        **PLACE,
        **CONTAINER,
        **VERSION,
        "users": {"type": "list", "elements": "str"},
        "startup_files": {"type": "bool", "default": False},
        "homes": {"type": "list", "elements": "dict", "options": PLACE},
    },
    "codex_program": {
        **CONTAINER,
        "install": {"type": "str", "required": True},  # no choices: the role's variable has one more, and its own name
        "version": {"type": "str"},
        "source": {"type": "str"},
        "registry": {"type": "str"},
        "homes": {"type": "list", "elements": "dict", "required": True, "options": PLACE},
    },
    "codex_remote_login": {
        **PLACE,
        **CONTAINER,
        **VERSION,
        "method": {"type": "str", "choices": ["browser", "device_code"], "default": "browser"},
        "timeout": {"type": "int", "default": 900},
        "replace": {"type": "bool", "default": False},
        "account_id": {"type": "str"},
        "allow_mounted_file": AUTH["allow_mounted_file"],
    },
    "codex_report": {
        "results": {"type": "dict", "required": True},
        "title": {"type": "str", "default": "Codex logins"},
        "failed": {"type": "list", "elements": "str", "default": []},
        "dest": {"type": "str"},
    },
}
