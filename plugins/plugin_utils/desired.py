# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook declares for one Codex home, checked and free of Ansible's types."""

from __future__ import annotations

import os.path
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils import environment, redaction, toml_document, toml_settings
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_decision import OnAccountMismatch, Update
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import (
    Credential,
    Method,
    from_api_key,
    from_document,
    from_personal_access_token,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import HOST_FILES, USER, Layer, parse_layer
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.versions import OLDEST_VERSION, Version, number, parse_version

Arguments = t.Mapping[str, t.Any]
ReadSource = t.Callable[[str], bytes]
"""Reads the controller's file that ``src`` names, vault-encrypted or not."""


@dataclass(frozen=True)
class Backup:
    """Whether a file that is replaced or removed is copied, and how many such copies stay; None: all."""

    wanted: bool = False
    keep: int | None = None


NO_BACKUP: t.Final = Backup()

LOGIN_OPTIONS: t.Final = ("preferred_auth_method", "enforce_login_method")


@dataclass(frozen=True)
class DesiredAuth:
    """auth.json; ``credential`` None: absent."""

    credential: Credential | None
    update: Update = "if_newer"
    on_account_mismatch: OnAccountMismatch = "fail"
    allow_shared_refresh_token: bool = False
    mode: int | None = None
    backup: Backup = NO_BACKUP


@dataclass(frozen=True)
class DesiredConfig:
    """A configuration file: keys to merge in and to remove; ``present`` False: no file.

    ``lists``: how lists are brought in, see ``check_lists``. ``force``: replace a file that is no TOML.
    """

    layer: Layer = USER
    present: bool = True
    preferred_auth_method: Method | None = None
    enforce_login_method: bool = False
    settings: toml_document.Table = field(default_factory=dict)
    absent: tuple[toml_document.KeyPath, ...] = ()
    lists: toml_settings.ListRules = field(default_factory=dict)
    force: bool = False
    drop_removed_keys: bool = False
    marks: redaction.Marks = redaction.NO_MARKS
    mode: int | None = None
    backup: Backup = NO_BACKUP


@dataclass(frozen=True)
class DesiredHome:
    """One Codex home; what is None is left as it is.

    ``environment`` holds exactly the account's variables; {} removes what an earlier run put there.
    """

    user: str | None = None
    codex_home: str | None = None
    auth: DesiredAuth | None = None
    config: DesiredConfig | None = None
    environment: dict[str, str] | None = None
    export_codex_home: bool = True
    codex_version: Version | None = None
    detect_version: bool = False


def desired_home(arguments: Arguments, read_source: ReadSource, where: str = "") -> DesiredHome:
    """The home that one entry of codex_home's ``homes`` declares; ``where`` names the entry in messages."""
    present = arguments.get("state", "present") == "present"
    auth, config, variables = (arguments.get(name) for name in ("auth", "config", "environment"))
    version, detect = check_version(arguments.get("codex_version"))
    if not present:
        # The login goes; config.toml is the account's own and stays.
        auth, config, variables = dict(auth or {}, state="absent"), None, {}
    return DesiredHome(
        user=arguments.get("user") or None,
        codex_home=check_codex_home(arguments.get("codex_home"), where),
        auth=None if auth is None else desired_auth(auth, read_source, f"{where}auth."),
        config=None if config is None else desired_config(config, f"{where}config."),
        environment=None if variables is None else environment.check_variables(variables, f"{where}environment"),
        export_codex_home=present,
        codex_version=version,
        detect_version=detect,
    )


def check_version(option: object) -> tuple[Version | None, bool]:
    """The version that codex_version names, and whether it is to be detected."""
    if option in (None, ""):
        return None, False
    if option == "detect":
        return None, True
    version = parse_version(str(option))
    if version < OLDEST_VERSION:
        raise CodexError(
            f"codex_version {number(version)} is older than 0.20, the first that is known. Put the version in quotes "
            'and write it out, such as "0.130.0": YAML takes 0.130 for the number 0.13.'
        )
    return version, False


def check_codex_home(path: str | None, where: str = "") -> str | None:
    """A Codex home's path without superfluous slashes; None for the account's default."""
    if not path:
        return None
    if not path.startswith("/"):
        raise CodexError(f"{where}codex_home must be an absolute path. Leave it out for ~/.codex of the account.")
    if "\n" in path or "\0" in path:
        raise CodexError(f"{where}codex_home must be one line.")
    return os.path.normpath(path)


def desired_auth(arguments: Arguments, read_source: ReadSource, where: str = "") -> DesiredAuth:
    """auth.json from the options of codex_auth_file."""
    credential: Credential | None = None
    if arguments.get("state", "present") == "present":
        options = ("api_key", "personal_access_token", "content", "src")
        given = [name for name in options if arguments.get(name) is not None]
        if len(given) != 1:
            what = (
                f"Only one of {', '.join(where + name for name in given)}"
                if given
                else "One of api_key, personal_access_token, content and src"
            )
            raise CodexError(f"{what} must be given{'' if given else f' in {where[:-1]}' if where else ''}.")
        if given == ["api_key"]:
            credential = from_api_key(arguments["api_key"], f"{where}api_key")
        elif given == ["personal_access_token"]:
            credential = from_personal_access_token(arguments["personal_access_token"], f"{where}personal_access_token")
        elif given == ["content"]:
            credential = from_document(arguments["content"], f"{where}content")
        else:
            credential = from_document(read_source(arguments["src"]), f"{where}src ({arguments['src']})")
    return DesiredAuth(
        credential=credential,
        update=arguments.get("update") or "if_newer",
        on_account_mismatch=arguments.get("on_account_mismatch") or "fail",
        allow_shared_refresh_token=bool(arguments.get("allow_shared_refresh_token")),
        mode=check_mode(arguments.get("mode"), where),
        backup=check_backup(arguments, where),
    )


def desired_config(arguments: Arguments, where: str = "") -> DesiredConfig:
    """A configuration file from the options of codex_config."""
    present = arguments.get("state", "present") == "present"
    if not present:
        given = [name for name in ("settings", "absent", "lists", *LOGIN_OPTIONS) if arguments.get(name)]
        if given:
            raise CodexError(f"{where}state: absent removes the whole file, so {given[0]} has no effect. Take one out.")
    layer = parse_layer(arguments.get("layer"))
    if layer.kind in ("profile", "requirements"):
        given = [name for name in LOGIN_OPTIONS if arguments.get(name)]
        if given:
            raise CodexError(f"{where}{given[0]} has no effect in the layer {layer.kind}. Give it in another layer.")
    if layer.is_host_wide and arguments.get("preferred_auth_method") and not arguments.get("enforce_login_method"):
        raise CodexError(
            f"{where}preferred_auth_method has no effect in the layer {layer.kind}, since no Codex that reads it acts "
            "on that key. Leave it out, or set enforce_login_method."
        )
    if arguments.get("drop_removed_keys") and not layer.reads_keys:
        raise CodexError(f"{where}drop_removed_keys knows no keys of the layer {layer.kind}. Leave it out there.")
    settings = toml_settings.check_settings(arguments.get("settings") or {}, f"{where}settings")
    absent = toml_settings.check_absent(arguments.get("absent") or [], f"{where}absent")
    toml_settings.check_disjoint(settings, absent, where)
    if "preferred_auth_method" in settings and arguments.get("preferred_auth_method"):
        raise CodexError(f"preferred_auth_method stands both alone and in {where}settings. Give it once.")
    marks = redaction.check_marks(
        arguments.get("secret_keys") or [], arguments.get("public_keys") or [], arguments.get("settings"), where
    )
    force, backup = bool(arguments.get("force")), check_backup(arguments, where)
    if force and not backup.wanted:
        raise CodexError(f"{where}force replaces a file that cannot be read, so it needs a copy. Set backup to true.")
    if layer.is_host_wide:
        _check_readable_by_all(settings, HOST_FILES[layer.kind], f"{where}settings", marks)
    return DesiredConfig(
        layer=layer,
        present=present,
        preferred_auth_method=arguments.get("preferred_auth_method"),
        enforce_login_method=bool(arguments.get("enforce_login_method")),
        settings=settings,
        absent=tuple(absent),
        lists=toml_settings.check_lists(arguments.get("lists") or [], settings, where),
        force=force,
        drop_removed_keys=bool(arguments.get("drop_removed_keys")),
        marks=marks,
        mode=(check_host_mode if layer.is_host_wide else check_mode)(arguments.get("mode"), where),
        backup=backup,
    )


def _check_readable_by_all(settings: toml_document.Table, path: str, where: str, marks: redaction.Marks) -> None:
    """Refuses what may be a secret in a file that every account can read."""
    for keys, value in redaction.values((), settings):
        if redaction.is_sensitive(keys, value, marks):
            raise CodexError(
                f"{where}: {toml_document.dotted(keys)} may hold a secret, and every account of the host can "
                f"read {path}. Put it into the config.toml of each account, or name it in public_keys if it is none."
            )


def check_backup(arguments: Arguments, where: str = "") -> Backup:
    """The options backup and backup_keep."""
    keep = arguments.get("backup_keep")
    if keep is not None and keep < 1:
        raise CodexError(f"{where}backup_keep must be 1 or more. To keep no copy at all, set backup to false.")
    if keep is not None and not arguments.get("backup"):
        raise CodexError(f"{where}backup_keep says how many copies stay, and none are made. Set backup to true.")
    return Backup(bool(arguments.get("backup")), keep)


def check_mode(mode: object, where: str = "") -> int | None:
    """A file mode in octal digits, as text or as YAML's octal number; None where none is given."""
    if mode is None:
        return None
    if isinstance(mode, str) and re.fullmatch(r"0?[0-7]{3}", mode):
        mode = int(mode, 8)
    if not isinstance(mode, int) or isinstance(mode, bool) or not 0o400 <= mode <= 0o777 or mode & 0o077:
        raise CodexError(
            f'{where}mode must be an octal mode in quotes that keeps secrets to the owner, such as "0600".'
        )
    return mode


def check_host_mode(mode: object, where: str = "") -> int | None:
    """A mode for a file of the whole host: every account must read it, root alone may write it."""
    if mode is None:
        return None
    if isinstance(mode, str) and re.fullmatch(r"0?[0-7]{3}", mode):
        mode = int(mode, 8)
    if not isinstance(mode, int) or isinstance(mode, bool) or mode & 0o444 != 0o444 or mode & ~0o644:
        raise CodexError(f'{where}mode must be "0644" or "0444" here: every account\'s Codex has to read the file.')
    return mode
