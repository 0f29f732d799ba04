# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What codex_info returns of a Codex home: never a secret."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.soundness import soundness_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.times import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.keys import (
    permissions_warnings,
    removed_keys,
    start_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import HOST_FILES
from ansible_collections.fleet.codex.plugins.plugin_utils._config.login import (
    credentials_store,
    credentials_store_warnings,
    deletion_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._config.providers import unused_login_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Sources, read_sources, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import (
    left_key_warnings,
    outranking_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import dotted
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer


def home_report(
    described: HomeAnswer, declared_version: str | None, now: datetime, startup_files: bool = False
) -> dict[str, t.Any]:
    """One entry of codex_info's ``homes``.

    declared_version: what the option codex_version says, None for nothing. startup_files: whether describe was asked
    for the files of the user's shells, too.
    """
    if "error" in described:
        return {
            "user": described["user"],
            "failed": True,
            "msg": messages.target_error(described["error"]),
            "login": {"method": "unreadable"},
        }
    version = declared_version or described.get("codex_version")
    number = versions.parse_version(version) if version else None
    sources = read_sources(described, {})
    login = _login_report(described, number, now)
    login["conflicts"] = outranking_warnings(described, None, number) + credentials_store_warnings(sources, number)
    if login["method"] not in ("none", "unreadable"):
        login["conflicts"] += unused_login_warnings(sources, number)
        summary = described["files"]["auth"].get("auth")
        login["conflicts"] += deletion_warnings(sources.views(), summary, number)
    if startup_files and login["method"] == "chatgpt":
        login["conflicts"] += left_key_warnings(described)
    return {
        "user": described["user_info"]["name"],
        "codex_home": described["codex_home"],
        "login": login,
        "config": _config_report(described, sources, number),
        "codex_version": version,
        "unsaved_logins": [
            {"path": file["path"], "login": login_report(file.get("auth") or {"malformed": True}, now)}
            for file in described["unsaved_logins"]
        ],
    }


def _login_report(described: HomeAnswer, version: versions.Version | None, now: datetime) -> dict[str, t.Any]:
    file = described["files"]["auth"]
    if file["kind"] not in ("file", "absent"):
        return {"method": "unreadable"}
    summary = None if described_file.is_empty(file) else file.get("auth")
    login = login_report(summary, now)
    if summary is None:
        return login
    login["problems"] = soundness_problems(summary, file["path"])
    if login["method"] != "chatgpt":
        return login
    if version:
        expires = file["auth"]["claims"].get("access_token", {}).get("exp")
        last_refresh = parse_time(login["last_refresh"])
        login["refresh_due"] = versions.refresh_due(version, last_refresh, expires, now.timestamp())
    if login["renewable"]:
        login["problems"] += renewal_problems(described, mode=file.get("mode"), replaced=False)
    return login


def _config_report(described: HomeAnswer, sources: Sources, version: versions.Version | None) -> dict[str, t.Any]:
    """The user's config.toml, and which values win between it and the host's files."""
    files = described["files"]
    file = files["config"]
    problems = list(sources.problems)
    for source in sources.all_read:
        problems += start_warnings(source.data, version, source.path)
    problems += permissions_warnings(sources.views(), version)
    report: dict[str, t.Any] = {
        "path": file["path"],
        "exists": file["kind"] != "absent",
        "host_files": [files[name]["path"] for name in HOST_FILES if files[name]["kind"] != "absent"],
        "problems": problems,
        "valid": file["kind"] in ("file", "absent") and sources.user.problem is None,
    }
    if report["valid"]:
        report |= {
            "removed_keys": [dotted(keys) for keys in removed_keys(sources.user.data, version)],
            "preferred_auth_method": _text(sources.user.data.get("preferred_auth_method")),
            "forced_login_method": _text(value_of("forced_login_method", sources.views()[0])[0]),
            "credentials_store": credentials_store(sources, version)[0],
        }
    return report


def _text(value: object) -> str | None:
    """A value that is text. Others are mistakes, and ansible-core up to 2.18 cannot pass on all that TOML has."""
    return value if isinstance(value, str) else None
