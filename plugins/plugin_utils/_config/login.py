# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a home's configuration files mean for its login: whether Codex deletes it, does not read it, or overrules it."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.methods import with_article
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import account_of, describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import NOT_IN_REQUIREMENTS, Layer
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Sources, View, overruled, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, dotted
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary

STORES: t.Final = ("keyring", "auto", "ephemeral")
"""What cli_auth_credentials_store may be beside ``file``."""


def check_login_survives(
    views: t.Iterable[View], auth: AuthSummary | None, auth_path: str, variables: t.Sequence[tuple[str, str]] = ()
) -> None:
    """Raises CodexError for configuration files because of which Codex deletes the auth.json that will be there.

    views: the ways in which Codex may be run. variables: the user's variables that Codex uses instead of auth.json,
    with the file that sets each. One that the configuration does not allow makes Codex delete auth.json, too.
    Source: measured on 0.49 to 0.171.
    """
    method = _counts_as(auth) if auth is not None else "none"
    if auth is None or method not in versions.FORCED_LOGIN_METHOD:
        return
    for view in views:
        _check_workspace(view, auth, method, auth_path)
        forced, path = value_of("forced_login_method", view)
        if forced is None:
            continue
        if versions.FORCED_LOGIN_METHOD[method] != forced:
            raise CodexError(
                f"forced_login_method in {path} does not allow {with_article(method)}, which is what {auth_path} will "
                "hold: Codex would delete the login. Make the two agree; nothing was changed."
            )
        for name, place in variables:
            if versions.FORCED_BY_VARIABLE.get(name, forced) != forced:
                raise CodexError(
                    f"{place} sets {name}, which forced_login_method in {path} does not allow: Codex would delete "
                    f"{auth_path} because of it. Remove the variable or that setting; nothing was changed."
                )


def deletion_warnings(views: t.Iterable[View], auth: AuthSummary | None, version: versions.Version | None) -> list[str]:
    """A warning for each configuration file because of which this version of Codex deletes the auth.json there is.

    The values in the files are of any type, and one that is none of Codex's keeps it from starting instead.
    """
    method = _counts_as(auth) if auth is not None else "none"
    if auth is None or method not in versions.FORCED_LOGIN_METHOD:
        return []
    if version is not None and not versions.KEYS["forced_login_method"].works_in(version):
        return []
    own = versions.FORCED_LOGIN_METHOD[method]
    others = [other for other in versions.FORCED_LOGIN_METHOD.values() if other != own]
    found = []
    for view in views:
        forced, path = value_of("forced_login_method", view)
        if forced in others:
            found.append(
                f"forced_login_method in {path} does not allow {with_article(method)}, so Codex deletes this login "
                "when it runs. Change the setting, or move the login with the playbook fleet.codex.migrate."
            )
        workspace = _other_workspace(view, auth, method)
        if workspace:
            found.append(
                f"forced_chatgpt_workspace_id in {workspace} does not name the account of this login, so Codex deletes "
                "it when it runs. Change the setting, or log in to the account that it names."
            )
    return [*dict.fromkeys(found)]


def _counts_as(auth: AuthSummary) -> str:
    """The method that Codex compares with its configuration: of a file that mixes two, it takes one (measured).

    It takes the key unless auth_mode says otherwise, and deletes the whole file.
    """
    method = method_of(auth)
    if method != "mixed":
        return method
    is_key = "OPENAI_API_KEY" in auth["secrets"] and auth["auth_mode"] in (None, "apikey")
    return "apikey" if is_key else "chatgpt"


def _other_workspace(view: View, auth: AuthSummary, method: str) -> str | None:
    """The path of the file that allows ChatGPT accounts, and not that of this login; None where there is none."""
    workspaces, path = value_of("forced_chatgpt_workspace_id", view)
    allowed = workspaces if isinstance(workspaces, list) else [workspaces]  # a list from 0.131 on
    return path if method == "chatgpt" and workspaces and account_of(auth) not in allowed else None


def _check_workspace(view: View, auth: AuthSummary, method: str, auth_path: str) -> None:
    path = _other_workspace(view, auth, method)
    if path:
        raise CodexError(
            f"forced_chatgpt_workspace_id in {path} does not name the account of {auth_path}, "
            f"{describe_account(auth)}: Codex would delete the login. Make the two agree; nothing was changed."
        )


def workspace_warnings(sources: Sources, auth: AuthSummary | None) -> list[str]:
    """A warning for each file with forced_chatgpt_workspace_id, where the workspace of the login is not known."""
    if auth is None or method_of(auth) != "personal_access_token":
        return []
    places = {
        path for value, path in (value_of("forced_chatgpt_workspace_id", view) for view in sources.views()) if value
    }
    return [
        f"{path} sets forced_chatgpt_workspace_id, and the workspace of the personal access token is not known: if "
        "it is another one, Codex 0.145 and later delete the login."
        for path in sorted(places)
    ]


def credentials_store(sources: Sources, version: versions.Version | None) -> tuple[str, str]:
    """Where Codex will keep logins when it runs without a profile, and the path of the file that sets it."""
    key = "cli_auth_credentials_store"
    required = key in sources.requirements.data and (
        version is None or versions.CREDENTIALS_STORE_REQUIRED.works_in(version)
    )
    if required:
        return str(sources.requirements.data[key]), sources.requirements.path
    value, path = value_of(key, sources.views()[0])
    return str(value or "file"), path


def credentials_store_warnings(sources: Sources, version: versions.Version | None) -> list[str]:
    """A warning where Codex may not read the auth.json that is deployed."""
    store, path = credentials_store(sources, version)
    if store == "file":
        return []
    return [
        f"{path} sets cli_auth_credentials_store to {store if store in STORES else 'another store'}, so Codex "
        f"{versions.CREDENTIALS_STORE.range()} may not read auth.json. Set it to file there."
    ]


def overruled_warnings(declared: Table, layer: Layer, sources: Sources, version: versions.Version | None) -> list[str]:
    """A warning about declared values that Codex will not use, since a higher layer has others."""
    if layer.kind == "requirements":
        ignored = [key for key in NOT_IN_REQUIREMENTS if key in declared]
        return [f"Codex ignores {' and '.join(ignored)} in {sources.requirements.path}."] if ignored else []
    if layer.kind == "managed" or not (version is None or versions.HOST_FILES_READ["managed"].works_in(version)):
        return []
    keys = [dotted(path) for path in overruled(declared, sources.managed)]
    if not keys:
        return []
    return [f"{sources.managed.path} has other values for {', '.join(keys)}, and Codex uses those."]
