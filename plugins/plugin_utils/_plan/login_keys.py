# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a configuration that choose the method of login."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import FORCED, METHOD_KEYS, PREFERRED
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary


@dataclass(frozen=True)
class MethodKeys:
    """What the option force_method sets in a file and removes from it; problems: what it cannot do, as sentences."""

    settings: Table = field(default_factory=dict)
    absent: list[KeyPath] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def method_keys(
    config: DesiredConfig, data: Table, version: versions.Version | None, auth: AuthSummary | None
) -> MethodKeys:
    """What force_method does with the two keys, without those that the options settings and absent name.

    data: what the file holds; auth: the auth.json that will be there. Raises CodexError where a version is missing.
    """
    if config.force_method is None:
        return MethodKeys()
    if config.force_method == "none":
        return MethodKeys(absent=[(key,) for key in METHOD_KEYS])
    if config.force_method == "follow":
        keys = _following_keys(data, version, auth)
        removed = {path[0] for path in config.absent}
        return MethodKeys(
            {key: value for key, value in keys.settings.items() if key not in removed},
            [path for path in keys.absent if path[0] not in removed | {*config.settings}],
        )
    if version is None:
        raise CodexError("force_method needs the version of Codex. Set codex_version to it, or to detect.")
    values = {PREFERRED: config.force_method, FORCED: versions.FORCED_LOGIN_METHOD[config.force_method]}
    settings = {key: value for key, value in values.items() if versions.KEYS[key].works_in(version)}
    absent: list[KeyPath] = [(key,) for key in values if key not in settings]
    return MethodKeys(settings, absent, [] if settings else [_no_such_key(version)])


def _following_keys(data: Table, version: versions.Version | None, auth: AuthSummary | None) -> MethodKeys:
    """What makes the keys that a file has name the method of the login that will be there."""
    method = method_of(auth) if auth else None
    if method not in versions.FORCED_LOGIN_METHOD:
        return MethodKeys()
    forced = versions.FORCED_LOGIN_METHOD[method]
    preferred = "apikey" if method == "apikey" else "chatgpt"
    settings: Table = {FORCED: forced} if data.get(FORCED, forced) != forced else {}
    is_other = data.get(PREFERRED, preferred) != preferred
    if is_other if version is None else versions.KEYS[PREFERRED].works_in(version):
        settings[PREFERRED] = preferred
    elif is_other:  # of no use to this version, and wrong
        return MethodKeys(settings, [(PREFERRED,)])
    return MethodKeys(settings)


def _no_such_key(version: versions.Version) -> str:
    preferred, forced = versions.KEYS[PREFERRED], versions.KEYS[FORCED]
    return (
        f"Codex {versions.number(version)} has no setting that chooses the method of login and goes by auth.json "
        f"alone, so none was written. Codex {preferred.range()} act on {PREFERRED}, and {forced.range()} on {FORCED}."
    )


def login_settings(
    config: DesiredConfig, version: versions.Version | None, auth: AuthSummary | None
) -> tuple[Table, list[str]]:
    """The settings that choose the method, as this version of Codex reads them, and warnings about them.

    auth: the auth.json that will be there. Raises CodexError where there is no method to enforce.
    """
    settings: Table = {}
    warnings: list[str] = []
    preferred = config.preferred_auth_method
    key = versions.KEYS[PREFERRED]
    if preferred and (version is None or key.works_in(version)):
        settings[PREFERRED] = preferred
    if preferred and version is None:
        warnings.append(
            f"preferred_auth_method was written, and only Codex {key.range()} act on it; later ones go by auth.json. "
            "Set codex_version to the version, or to detect, and each version gets what it understands."
        )
    elif preferred and PREFERRED not in settings and not _is_enforced(config, version):
        successor = versions.KEYS[key.successor or ""]
        warnings.append(
            f"preferred_auth_method was left out: Codex {versions.number(version or ())} does not act on it and goes "
            f"by auth.json alone. Codex {successor.range()} act on {key.successor}, which enforce_login_method writes."
        )
    if config.enforce_login_method:
        method = preferred or (method_of(auth) if auth else None)
        if method not in versions.FORCED_LOGIN_METHOD:
            raise CodexError(
                "enforce_login_method needs a method to enforce, and there will be no auth.json with a login. Deploy "
                "one in the same task, or set preferred_auth_method."
            )
        if _is_enforced(config, version):
            settings[FORCED] = versions.FORCED_LOGIN_METHOD[method]
    return settings, warnings


def _is_enforced(config: DesiredConfig, version: versions.Version | None) -> bool:
    return config.enforce_login_method and (version is None or versions.KEYS[FORCED].works_in(version))
