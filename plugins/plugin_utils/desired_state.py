# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook declares for a Codex home, checked and free of Ansible's types. _options makes it from options."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import OnAccountMismatch, Update
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import Method
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import USER, Layer
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import NO_REDACTION_RULES, RedactionRules
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import Version
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.settings import ListRules

EnvironmentLevel = t.Literal["user", "machine"]
ForceMethod = t.Literal["apikey", "chatgpt", "none", "follow"]


@dataclass(frozen=True)
class Backup:
    """Whether a file that is replaced or removed is copied first, and how many copies stay; None: all."""

    enabled: bool = False
    keep: int | None = None


NO_BACKUP: t.Final = Backup()


@dataclass(frozen=True)
class DesiredAuth:
    """auth.json; ``credential`` None: no file. mode: permission bits, None for the default."""

    credential: Credential | None
    update: Update
    on_account_mismatch: OnAccountMismatch
    allow_shared_refresh_token: bool = False
    mode: int | None = None
    backup: Backup = NO_BACKUP
    allow_mounted_file: bool = False


@dataclass(frozen=True)
class DesiredConfig:
    """A configuration file: keys to set and to remove; ``is_present`` False: no file.

    lists: how lists of the settings are merged, see `ListRules`; a list that is not there is replaced whole.
    force: a file that is not TOML is replaced. mode: permission bits, None for the default.
    """

    layer: Layer = USER
    is_present: bool = True
    preferred_auth_method: Method | None = None
    enforce_login_method: bool = False
    force_method: ForceMethod | None = None
    settings: Table = field(default_factory=dict)
    absent: tuple[KeyPath, ...] = ()
    lists: ListRules = field(default_factory=dict)
    force: bool = False
    drop_removed_keys: bool = False
    redaction: RedactionRules = NO_REDACTION_RULES
    mode: int | None = None
    backup: Backup = NO_BACKUP


@dataclass(frozen=True)
class DesiredHome:
    """One Codex home; a part that is None stays as it is.

    user: None for the one that the task runs as; codex_home: None for the user's default.
    environment: exactly the variables that the user gets; {} removes those that an earlier run set.
    environment_level: on Windows, whether they are the user's or the whole machine's.
    is_windows: whether the target is a Windows host.
    """

    user: str | None = None
    codex_home: str | None = None
    auth: DesiredAuth | None = None
    config: DesiredConfig | None = None
    environment: dict[str, str] | None = None
    export_codex_home: bool = True
    environment_level: EnvironmentLevel = "user"
    codex_version: Version | None = None
    detect_version: bool = False
    is_windows: bool = False

    @property
    def is_host_wide(self) -> bool:
        """Whether a file is declared that every user's Codex reads."""
        return self.config is not None and self.config.layer.is_host_wide

    @property
    def is_about_the_home(self) -> bool:
        """Whether anything but a file of the whole host is declared."""
        return self.auth is not None or self.environment is not None or not self.is_host_wide
