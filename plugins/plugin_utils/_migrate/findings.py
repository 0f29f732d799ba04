# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a migration finds on a host before it changes anything, and what it leaves for a person to do."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import read_sources, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import (
    left_key_warnings,
    outranking_warnings,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import OLDEST_VERSION, number
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.entries import MigrateTo
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import codex_version
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer

OLDEST: t.Final = f"{number(OLDEST_VERSION)}.0"
UPDATE: t.Final = (
    "Update Codex first: `npm install --global @openai/codex@VERSION`, or add -e codex_install=npm "
    "-e codex_install_version=VERSION to a run of fleet.codex.migrate."
)
UNCHANGED: t.Final = "Nothing was changed on this host."

Homes = t.Sequence[tuple[DesiredHome, HomeAnswer]]
"""Homes as desired and as described."""


def with_version_asked(home: DesiredHome) -> DesiredHome:
    """A home whose own `codex` is asked for its version, also where one is declared; on Windows only if none is.

    There, an administrator cannot ask the codex of another user.
    """
    if home.is_windows and home.codex_version:
        return home
    return replace(home, detect_version=True)


def check_homes(homes: Homes, migrate_to: MigrateTo, where: str, *, check_mode: bool) -> None:
    """Raises CodexError where a home cannot be migrated, before anything is changed in any.

    where: the host, and the container in it. In check mode, a declared version will do: an earlier task may install it.
    """
    failed = [messages.target_error(answer["error"]) for _home, answer in homes if "error" in answer]
    if failed:
        raise CodexError(f"{' '.join(dict.fromkeys(failed))} {UNCHANGED}")
    versions = {
        answer["user_info"]["name"]: codex_version(home, answer)
        if check_mode or home.is_windows or answer.get("codex_version")
        else None
        for home, answer in homes
    }
    old = {user: version for user, version in versions.items() if version and version < OLDEST_VERSION}
    if old:
        found = number(next(iter(old.values())))
        raise CodexError(
            f"{' and '.join(old)} on {where} would run Codex {found}, and this needs {OLDEST} or later. {UPDATE} "
            f"{UNCHANGED}"
        )
    without = [user for user, version in versions.items() if version is None]
    if without:
        raise CodexError(
            f"No codex works for {' and '.join(without)} on {where}, and this needs Codex {OLDEST} or later. {UPDATE} "
            f"{UNCHANGED}"
        )
    missing = [answer["user_info"]["name"] for home, answer in homes if home.auth is None]
    if migrate_to == "apikey" and missing:
        raise CodexError(
            f"No API key is given for {' and '.join(missing)} on {where}. Set api_key in each entry of codex_homes, "
            f"or codex_api_key where there is none. {UNCHANGED}"
        )
    for home, answer in homes:
        if needs_sign_in(home, answer):
            _check_sign_in(answer, where)


def needs_sign_in(home: DesiredHome, described: HomeAnswer) -> bool:
    """Whether somebody has to sign in to ChatGPT for a home: no login is given, and there is none yet."""
    summary = described["files"]["auth"].get("auth")
    return home.auth is None and (summary is None or method_of(summary) != "chatgpt")


def _check_sign_in(described: HomeAnswer, where: str) -> None:
    """Raises CodexError where a configuration file does not let anybody sign in to ChatGPT."""
    for view in read_sources(described, {}).views():
        forced, path = value_of("forced_login_method", view)
        if forced == "api":
            raise CodexError(
                f"forced_login_method in {path} on {where} allows API keys alone, so nobody can sign in to ChatGPT. "
                f"Take it out first, with fleet.codex.force_method and -e codex_method=none. {UNCHANGED}"
            )


def attention(
    home: DesiredHome, described: HomeAnswer, result: t.Mapping[str, t.Any], migrate_to: MigrateTo
) -> list[str]:
    """What is left for a person to do, one sentence each. described: before the migration; result: of the home."""
    if result.get("failed"):
        return []
    if migrate_to == "chatgpt":
        version = codex_version(home, described)
        return outranking_warnings(described, home.environment, version) + left_key_warnings(
            described, home.environment
        )
    summary = described["files"]["auth"].get("auth")
    copy = result.get("auth", {}).get("backup_file")
    if not copy or summary is None or method_of(summary) != "chatgpt":
        return []
    return [
        f"Nobody revoked the ChatGPT login that was replaced, so its copy in {copy} still works. Remove the copy when "
        "it is not needed any more."
    ]
