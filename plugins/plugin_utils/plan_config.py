# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for config.toml, and what a config.toml would do to the login beside it."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import report, toml_document, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_summary import describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredConfig, DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_step import (
    Change,
    Step,
    codex_version,
    is_file,
    is_removable,
    mode_step,
    remove_operation,
    repaired_mode,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    FileFacts,
    FileQuery,
    HomeAnswer,
)

CONFIG_QUERY: FileQuery = {"name": "config", "base": "codex_home", "path": "config.toml", "report": "content"}


def plan_config(desired: DesiredHome, found: HomeAnswer, auth: AuthSummary | None) -> Step:
    """The step for config.toml beside the auth.json that will be there. Raises CodexError for what is refused."""
    file = found["files"]["config"]
    config = desired.config
    if config is None:
        return _check_untouched_config(desired, file, auth)
    if not config.present:
        return _remove_config(config, file)
    old = base64.b64decode(file["content"]) if is_file(file) else b""
    data = toml_document.parse(toml_document.decode(old, file["path"]), file["path"])
    version = codex_version(desired, found)
    if desired.detect_version and version is None:
        raise CodexError(
            f"codex_version is detect, and the account {found['account']['name']} has no codex that runs. "
            "Install it first, or give the version."
        )
    settings, warnings = login_settings(config, version, auth)
    toml_document.check_disjoint(settings, config.absent)
    changes = toml_document.find_changes(data, {**settings, **config.settings}, config.absent, file["path"])
    new = toml_document.edit(old, changes, file["path"]) if changes else old
    after = toml_document.parse(toml_document.decode(new, file["path"]), file["path"]) if changes else data
    check_login_survives(after, auth, file["path"])
    mode = repaired_mode(file, config.mode)
    if changes:
        write = write_operation("codex_home", "config.toml", new, file, mode, config.backup)
        step = Step([Change(write, report.config_diff(file["path"], changes))])
    else:
        step = Step() if file["kind"] == "absent" else mode_step("codex_home", "config.toml", file, mode)
    if any(change.path == ("preferred_auth_method",) for change in changes) or "preferred_auth_method" not in settings:
        step.warnings += warnings  # of a key that is written: once, when it is written
    step.warnings += _credentials_store_warnings(desired, after, file)
    step.warnings += _workspace_warnings(after, auth, file)
    step.result = {
        "path": file["path"],
        "changes": [{"key": change.key, "action": change.action} for change in changes],
        "removed_keys": removed_keys(after, version),
    }
    return step


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
        warnings.append(
            f"preferred_auth_method was left out: Codex {'.'.join(map(str, version or ()))} does not act on it and "
            "goes by auth.json alone. enforce_login_method writes what newer versions act on."
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


def removed_keys(data: toml_document.Table, version: versions.Version | None) -> list[str]:
    """The keys of the file that this version of Codex does not act on."""
    if version is None:
        return []
    return [name for name, key in versions.KEYS.items() if name in data and not key.works_in(version)]


def _check_untouched_config(desired: DesiredHome, file: FileFacts, auth: AuthSummary | None) -> Step:
    """Looks at a config.toml that is not to be changed, for what would make the deployed login useless."""
    if desired.auth is None or desired.auth.credential is None or file["kind"] != "file":
        return Step()
    try:
        old = toml_document.decode(base64.b64decode(file["content"]), file["path"])
        data = toml_document.parse(old, file["path"])
    except CodexError as error:
        return Step(warnings=[str(error)])
    check_login_survives(data, auth, file["path"])
    return Step(warnings=_credentials_store_warnings(desired, data, file) + _workspace_warnings(data, auth, file))


def _workspace_warnings(data: toml_document.Table, auth: AuthSummary | None, file: FileFacts) -> list[str]:
    if not data.get("forced_chatgpt_workspace_id") or auth is None or method_of(auth) != "personal_access_token":
        return []
    return [
        f"{file['path']} sets forced_chatgpt_workspace_id, and nothing tells the workspace of the personal access "
        "token: if it is another one, Codex 0.145 and later delete the login."
    ]


def _credentials_store_warnings(desired: DesiredHome, data: toml_document.Table, file: FileFacts) -> list[str]:
    store = data.get("cli_auth_credentials_store", "file")
    if desired.auth is None or desired.auth.credential is None or store == "file":
        return []
    return [
        f"{file['path']} sets cli_auth_credentials_store to a store other than file, so Codex 0.53 and later may not "
        "read auth.json. Put cli_auth_credentials_store: file into the settings."
    ]


def _remove_config(config: DesiredConfig, file: FileFacts) -> Step:
    result: dict[str, t.Any] = {"path": file["path"], "changes": [], "removed_keys": []}
    if not is_removable(file):
        return Step(result=result)
    operation = remove_operation("codex_home", "config.toml", file, config.backup)
    return Step([Change(operation, report.file_diff(file["path"], "(a config.toml)\n", ""))], result)
