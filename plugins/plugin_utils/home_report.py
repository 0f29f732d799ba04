# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What codex_info tells of a Codex home: never a secret."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import obstacles, report, versions
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_renewal import renewal_problems
from ansible_collections.fleet.codex.plugins.plugin_utils.config_layers import HOST_FILES, Sources, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_auth_variables import outranking_variables
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_config_keys import removed_keys, start_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils.plan_layers import (
    credentials_store,
    credentials_store_warnings,
    read_sources,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.plugins.plugin_utils.tokens import parse_time
from ansible_collections.fleet.codex.plugins.plugin_utils.toml_document import dotted


def home_report(found: HomeAnswer, declared_version: str | None, now: datetime) -> dict[str, t.Any]:
    """One entry of codex_info's ``homes``; ``declared_version`` is what the playbook says."""
    if "obstacle" in found:
        return {
            "user": found["user"],
            "obstacle": obstacles.sentence(found["obstacle"]),
            "auth": {"mode": "unreadable"},
        }
    file = found["files"]["auth"]
    if file["kind"] not in ("file", "absent"):
        auth: dict[str, t.Any] = {"mode": "unreadable"}
    else:
        auth = report.auth_report(None if report.is_empty(file) else file.get("auth"), now)
    version = declared_version or found.get("codex_version")
    number = versions.parse_version(version) if version else None
    if auth["mode"] == "chatgpt" and number:
        auth["refresh_due"] = versions.refresh_due(
            number,
            parse_time(auth["last_refresh"]),
            file["auth"]["claims"].get("access_token", {}).get("exp"),
            now.timestamp(),
        )
    if auth["mode"] == "chatgpt":
        auth["problems"] = renewal_problems(found, mode=file["mode"], replaced=False) if auth["renewable"] else []
    sources, unreadable = read_sources(found, {})
    return {
        "user": found["account"]["name"],
        "codex_home": found["codex_home"],
        "auth": auth,
        "config": _config_report(found, sources, unreadable, number),
        "codex_version": version,
        "conflicts": outranking_variables(found, None, number) + credentials_store_warnings(sources, number),
        "unsaved_logins": [
            {"path": other["path"], "auth": report.auth_report(other.get("auth") or {"malformed": True}, now)}
            for other in found["unsaved_logins"]
        ],
    }


def _config_report(
    found: HomeAnswer, sources: Sources, unreadable: t.Sequence[str], version: versions.Version | None
) -> dict[str, t.Any]:
    """The account's config.toml, and what it comes to together with the host's files."""
    file = found["files"]["config"]
    host_files = [found["files"][name]["path"] for name in HOST_FILES if found["files"][name]["kind"] != "absent"]
    about: dict[str, t.Any] = {"path": file["path"], "exists": file["kind"] != "absent", "host_files": host_files}
    about["problems"] = list(unreadable)
    for source in sources.all_read:
        about["problems"] += start_warnings(source.data, version, source.path)
    if file["kind"] not in ("file", "absent") or any(text.startswith(file["path"]) for text in unreadable):
        return {**about, "valid": False}
    return {
        **about,
        "valid": True,
        "removed_keys": [dotted(keys) for keys in removed_keys(sources.user.data, version)],
        "preferred_auth_method": _text(sources.user.data.get("preferred_auth_method")),
        "forced_login_method": _text(value_of("forced_login_method", sources.views()[0])[0]),
        "credentials_store": credentials_store(sources, version)[0],
    }


def _text(value: object) -> str | None:
    """A value that is text. Others are mistakes, and ansible-core up to 2.18 cannot pass on all that TOML has."""
    return value if isinstance(value, str) else None
