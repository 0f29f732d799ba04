# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a configuration that choose the method of login."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredConfig
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary


def login_settings(
    config: DesiredConfig, version: versions.Version | None, auth: AuthSummary | None
) -> tuple[Table, list[str]]:
    """The settings that choose the method, as this version of Codex reads them, and warnings about them.

    auth: the auth.json that will be there. Raises CodexError where there is no method to enforce.
    """
    settings: Table = {}
    warnings: list[str] = []
    preferred = config.preferred_auth_method
    key = versions.KEYS["preferred_auth_method"]
    if preferred and (version is None or key.works_in(version)):
        settings["preferred_auth_method"] = preferred
    if preferred and version is None:
        warnings.append(
            f"preferred_auth_method was written, and only Codex {key.range()} act on it; later ones go by auth.json. "
            "Set codex_version to the version, or to detect, and each version gets what it understands."
        )
    elif preferred and "preferred_auth_method" not in settings and not _is_enforced(config, version):
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
            settings["forced_login_method"] = versions.FORCED_LOGIN_METHOD[method]
    return settings, warnings


def _is_enforced(config: DesiredConfig, version: versions.Version | None) -> bool:
    return config.enforce_login_method and (version is None or versions.KEYS["forced_login_method"].works_in(version))
