# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the model provider that Codex will use gets the login of auth.json.

Measured with an API key and with a ChatGPT login on 0.20 to 0.171: `codex login status` never tells.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Source, Sources, View, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table, dotted

DEFAULT_PROVIDER: t.Final = "openai"
"""The provider without model_provider. It gets the login, and no version takes its table in place of its own."""

LOCAL_PROVIDERS: t.Final = ("ollama", "lmstudio")
"""Built-in providers of models that run on the host."""


def unused_login_warnings(sources: Sources, version: versions.Version | None) -> list[str]:
    """A warning for each provider to which this version sends no login, with the file that chooses it.

    version None: to which no current version sends it.
    """
    warnings = []
    for view in _ways_to_run(sources, version):
        name, path = value_of("model_provider", view)
        if not isinstance(name, str) or name == DEFAULT_PROVIDER:
            continue
        provider = _table_of(name, view)
        known = provider is not None or name in LOCAL_PROVIDERS
        why = _why_unused(name, provider or {}, version) if known else None
        if why:
            warnings.append(f"{path} sets model_provider to {dotted([name])}: {why}")
    return list(dict.fromkeys(warnings))


def key_variables(sources: Sources) -> set[str]:
    """The environment variables from which providers take their keys, whichever of them is in use."""
    tables = [source.data.get("model_providers") for source in sources.all_read]
    providers = [provider for table in tables if isinstance(table, dict) for provider in table.values()]
    names = [provider.get("env_key") for provider in providers if isinstance(provider, dict)]
    return {name for name in names if isinstance(name, str)}


def _ways_to_run(sources: Sources, version: versions.Version | None) -> list[View]:
    """The files by rank for each way in which this version can be run, with profiles from where it reads them."""
    if version is None or not versions.PROFILE_TABLES.works_in(version):
        return sources.views()
    profiles = sources.user.data.get("profiles")
    tables = profiles.values() if isinstance(profiles, dict) else []
    sections = [Source(sources.user.path, table) for table in tables if isinstance(table, dict)]
    return dataclasses.replace(sources, profiles={str(n): section for n, section in enumerate(sections)}).views()


def _table_of(name: str, view: View) -> Table | None:
    """What the files say of a provider, the first in rank wins for each key; None where none of them has it."""
    tables = [source.data.get("model_providers") for source in view]
    found = [table[name] for table in tables if isinstance(table, dict) and isinstance(table.get(name), dict)]
    merged: Table = {}
    for table in reversed(found):
        merged |= table
    return merged if found else None


def _why_unused(name: str, provider: Table, version: versions.Version | None) -> str | None:
    """Why a provider does not get the login, and what to do; None where it gets it."""
    place = dotted(["model_providers", name])
    for key, span in versions.OWN_CREDENTIALS.items():
        if provider.get(key) and (version is None or span.works_in(version)):
            return (
                f"{place} has {key}, which Codex uses in place of the login in auth.json. Remove that key, or the "
                "login if it is not needed."
            )
    asked_for = versions.LOGIN_ASKED_FOR
    if version is not None and not asked_for.works_in(version):
        return None
    if name in LOCAL_PROVIDERS:
        return f"Codex {asked_for.range()} does not send the login in auth.json to this provider."
    if provider.get("requires_openai_auth") is True:
        return None
    return (
        f"Codex {asked_for.range()} sends this provider no login, though codex login status reports one. Set "
        f"{place}.requires_openai_auth to true, or remove the login if it is not needed."
    )
