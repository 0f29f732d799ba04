# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all configuration files of a home together come to for its login, and for what was declared."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles, toml_document, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import account_of, describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import (
    CREDENTIALS_STORE_REQUIRED,
    NOT_IN_REQUIREMENTS,
    READ_BY,
    Layer,
    Source,
    Sources,
    View,
    overruled,
    value_of,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import variables_set
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, FileFacts, HomeAnswer
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import Table

LOGINS: t.Final = {
    "apikey": "an API key",
    "chatgpt": "ChatGPT tokens",
    "personal_access_token": "a personal access token",
}

STORES: t.Final = ("keyring", "auto", "ephemeral")
"""What cli_auth_credentials_store may be beside ``file``."""


def read_sources(found: HomeAnswer, after: t.Mapping[str, Table]) -> tuple[Sources, list[str]]:
    """A home's configuration files, and a sentence for each that Codex cannot read.

    after: by path, what files hold once the plan is done. A file that nobody can read counts as empty.
    """
    files, warnings = found["files"], []

    def source(file: FileFacts) -> Source:
        path = file["path"]
        if path in after:
            return Source(path, after[path])
        if file["kind"] not in ("file", "absent", "dangling"):
            warnings.append(obstacles.file_sentence(file))
        try:
            return Source(path, read(file))
        except CodexError as error:
            warnings.append(str(error))
            return Source(path)

    if not found.get("all_profiles", True):
        warnings.append(
            f"{found['codex_home']} has more files of profiles than are looked at, which is 4 MiB of them: whether the "
            "login goes with all of them was not checked. Remove those that nobody needs."
        )
    profiles = [*found.get("profiles", []), *([files["profile"]] if "profile" in files else [])]
    by_name = {file["path"].rpartition("/")[2].removesuffix(".config.toml"): file for file in profiles}
    sources = Sources(
        user=source(files["config"]),
        system=source(files["system"]),
        managed=source(files["managed"]),
        requirements=source(files["requirements"]),
        profiles={name: source(file) for name, file in by_name.items()},
    )
    return sources, warnings


def read(file: FileFacts) -> Table:
    """The data of a described configuration file; {} of one that is not there, or that cannot be told."""
    if "content" not in file:
        return {}
    return toml_document.parse(toml_document.decode(base64.b64decode(file["content"]), file["path"]), file["path"])


def check_login_survives(
    views: t.Iterable[View], auth: AuthSummary | None, auth_path: str, variables: t.Mapping[str, str] | None = None
) -> None:
    """Refuses configuration files with which Codex (0.49 and later) deletes the auth.json that will be there.

    views: ways in which Codex may be run. variables: those of the account that Codex uses instead of auth.json, with
    the file that sets them. Codex holds them against the configuration, too, and deletes an auth.json that is right.
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
                f"forced_login_method in {path} would not be the method of {auth_path}, which holds {LOGINS[method]}: "
                "Codex would delete the login. Make the two agree; nothing was changed."
            )
        for name, place in (variables or {}).items():
            if versions.FORCED_BY_VARIABLE[name] != forced:
                raise CodexError(
                    f"{place} sets {name}, which forced_login_method in {path} does not allow: Codex would delete "
                    f"{auth_path} because of it. Take the variable out, or that setting; nothing was changed."
                )


def _counts_as(auth: AuthSummary) -> str:
    """The kind of login that Codex holds against its configuration: of a file that mixes two, it takes one (measured).

    It is the key unless auth_mode says otherwise, and what it deletes is the whole file.
    """
    method = method_of(auth)
    if method != "mixed":
        return method
    is_key = "OPENAI_API_KEY" in auth["secrets"] and auth["auth_mode"] in (None, "apikey")
    return "apikey" if is_key else "chatgpt"


def _check_workspace(view: View, auth: AuthSummary, method: str, auth_path: str) -> None:
    workspaces, path = value_of("forced_chatgpt_workspace_id", view)
    allowed = workspaces if isinstance(workspaces, list) else [workspaces]  # a list from 0.131 on
    if method == "chatgpt" and workspaces and account_of(auth) not in allowed:
        raise CodexError(
            f"forced_chatgpt_workspace_id in {path} does not name the account of {auth_path}, "
            f"{describe_account(auth)}: Codex would delete the login. Make the two agree; nothing was changed."
        )


def workspace_warnings(sources: Sources, auth: AuthSummary | None) -> list[str]:
    """What to say where nobody can tell whether forced_chatgpt_workspace_id goes with the login."""
    if auth is None or method_of(auth) != "personal_access_token":
        return []
    places = {
        path for value, path in (value_of("forced_chatgpt_workspace_id", view) for view in sources.views()) if value
    }
    return [
        f"{path} sets forced_chatgpt_workspace_id, and nothing tells the workspace of the personal access "
        "token: if it is another one, Codex 0.145 and later delete the login."
        for path in sorted(places)
    ]


def credentials_store(sources: Sources, version: versions.Version | None) -> tuple[str, str]:
    """Where Codex will keep logins, without a profile, and the path of the file that says so."""
    key = "cli_auth_credentials_store"
    required = key in sources.requirements.data and (version is None or CREDENTIALS_STORE_REQUIRED.works_in(version))
    if required:
        return str(sources.requirements.data[key]), sources.requirements.path
    value, path = value_of(key, sources.views()[0])
    return str(value or "file"), path


def credentials_store_warnings(sources: Sources, version: versions.Version | None) -> list[str]:
    """What to say where Codex may not read the auth.json that is deployed."""
    store, path = credentials_store(sources, version)
    if store == "file":
        return []
    return [
        f"{path} sets cli_auth_credentials_store to {store if store in STORES else 'another store'}, so Codex "
        f"{versions.CREDENTIALS_STORE.range()} may not read auth.json. Set it to file there."
    ]


def overruled_warnings(declared: Table, layer: Layer, sources: Sources, version: versions.Version | None) -> list[str]:
    """What to say of declared values that Codex will not use, since a higher layer has others."""
    if layer.kind == "requirements":
        ignored = [key for key in NOT_IN_REQUIREMENTS if key in declared]
        return [f"Codex ignores {' and '.join(ignored)} in {sources.requirements.path}."] if ignored else []
    if layer.kind == "managed" or not (version is None or READ_BY["managed"].works_in(version)):
        return []
    keys = [toml_document.dotted(path) for path in overruled(declared, sources.managed)]
    if not keys:
        return []
    return [f"{sources.managed.path} has other values for {', '.join(keys)}, and Codex uses those."]


def account_variables(found: HomeAnswer, declared: t.Mapping[str, str] | None) -> dict[str, str]:
    """The variables that Codex would use instead of auth.json, with the file that sets them."""
    return {name: path for path, names in variables_set(found, declared).items() for name in names}
