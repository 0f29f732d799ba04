# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a config.toml and the login beside it do to each other: the keys that choose it, delete it or hide it."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils import toml_document, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts


def login_settings(
    config: DesiredConfig, version: versions.Version | None, auth: AuthSummary | None
) -> tuple[toml_document.Table, list[str]]:
    """The keys that choose the login method, as this version of Codex reads them, and what to say about it."""
    settings: toml_document.Table = {}
    warnings: list[str] = []
    preferred = config.preferred_auth_method
    key = versions.KEYS["preferred_auth_method"]
    if preferred and (version is None or key.works_in(version)):
        settings["preferred_auth_method"] = preferred
    if preferred and version is None:
        warnings.append(
            f"preferred_auth_method was written, and only Codex {key.range()} act on it; later ones go by auth.json. "
            "Give codex_version (or detect) to have each version get what it understands."
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
                "enforce_login_method needs a login to enforce: there will be no auth.json with an API key or ChatGPT "
                "tokens. Deploy one in the same task, or give preferred_auth_method."
            )
        if _is_enforced(config, version):
            settings["forced_login_method"] = versions.FORCED_LOGIN_METHOD[method]
    return settings, warnings


def _is_enforced(config: DesiredConfig, version: versions.Version | None) -> bool:
    return config.enforce_login_method and (version is None or versions.KEYS["forced_login_method"].works_in(version))


def check_login_survives(data: toml_document.Table, auth: AuthSummary | None, path: str) -> None:
    """Refuses a config.toml with which Codex (0.49 and later) deletes the auth.json that will be there."""
    forced, workspaces = data.get("forced_login_method"), data.get("forced_chatgpt_workspace_id")
    method = method_of(auth) if auth is not None else "none"
    if auth is None or method not in versions.FORCED_LOGIN_METHOD:
        return
    account = auth["claims"].get("id_token", {}).get("chatgpt_account_id")  # of a personal access token unknown
    allowed = workspaces if isinstance(workspaces, list) else [workspaces]  # a list from 0.132 on
    if method == "chatgpt" and workspaces and account not in allowed:
        raise CodexError(
            f"forced_chatgpt_workspace_id in {path} does not name the account of the auth.json beside it, "
            f"{describe_account(auth)}: Codex would delete the login. Make the two agree; nothing was changed."
        )
    if forced is not None and versions.FORCED_LOGIN_METHOD[method] != forced:
        what = {"apikey": "an API key", "chatgpt": "ChatGPT tokens"}.get(method, "a personal access token")
        raise CodexError(
            f"forced_login_method in {path} would not be the method of the auth.json beside it, which holds {what}: "
            "Codex would delete the login. Make the two agree; nothing was changed."
        )


def workspace_warnings(data: toml_document.Table, auth: AuthSummary | None, file: FileFacts) -> list[str]:
    """What to say where nobody can tell whether forced_chatgpt_workspace_id goes with the login."""
    if not data.get("forced_chatgpt_workspace_id") or auth is None or method_of(auth) != "personal_access_token":
        return []
    return [
        f"{file['path']} sets forced_chatgpt_workspace_id, and nothing tells the workspace of the personal access "
        "token: if it is another one, Codex 0.145 and later delete the login."
    ]


def credentials_store_warnings(desired: DesiredHome, data: toml_document.Table, file: FileFacts) -> list[str]:
    """What to say where Codex may not read the auth.json that is deployed."""
    store = data.get("cli_auth_credentials_store", "file")
    if desired.auth is None or desired.auth.credential is None or store == "file":
        return []
    return [
        f"{file['path']} sets cli_auth_credentials_store to a store other than file, so Codex 0.53 and later may not "
        "read auth.json. Put cli_auth_credentials_store: file into the settings."
    ]
