# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of what differs between Codex versions, and the questions asked of it.

Source: measured on real binaries from 0.20.0 to 0.171.0; docs/codex-versions.md describes it for users.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

Version = tuple[int, ...]


def number(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


@dataclass(frozen=True)
class VersionRange:
    """A range of versions of Codex, both ends included; ``last`` None: up to now."""

    first: Version
    last: Version | None

    def works_in(self, version: Version) -> bool:
        """Whether this version of Codex is in the range."""
        return self.first <= version and (self.last is None or version[:2] <= self.last)

    def range(self) -> str:
        """The versions as messages name them."""
        first, last = number(self.first), number(self.last or ())
        if self.first <= (0,):
            return f"up to {last}" if last else "all versions"
        return f"{first} to {last}" if last else f"{first} and later"


ALL: t.Final = VersionRange((0,), None)

OLDEST_VERSION: t.Final[Version] = (0, 20)
"""The first version that was measured."""


@dataclass(frozen=True)
class Setting(VersionRange):
    """A config.toml key and what the versions that act on it accept; they do not start with any other value.

    values: an accepted text, or a type for any text, list of texts or table, and the versions that accept it.
    stops: whether the versions after the last one do not start with it; else they ignore it. Those before the first
    one ignore every key.
    successor: the key that took its place, and does so in the versions that act on that one.
    """

    values: t.Mapping[str | type, VersionRange]
    stops: bool = False
    successor: str | None = None

    def dropped_in(self, version: Version) -> bool:
        """Whether this version once knew the key and does not act on it any more."""
        return self.last is not None and version[:2] > self.last

    def accepts(self, value: t.Any, version: Version | None) -> bool:
        """Whether a version that acts on the key starts with the value; None: whether any does."""
        kind = value if isinstance(value, str) and value in self.values else type(value)
        versions = self.values.get(kind)
        if versions is None or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
            return False
        return version is None or versions.works_in(version)

    def accepted(self, version: Version | None) -> str:
        """What `accepts` takes, as messages name it."""
        names = [
            KINDS[value] if isinstance(value, type) else value
            for value, versions in self.values.items()
            if version is None or versions.works_in(version)
        ]
        return " and ".join(", ".join(names).rsplit(", ", 1))


KINDS: t.Final[t.Mapping[type, str]] = {str: "any text", list: "a list of texts", dict: "a table"}

KEYS: t.Final[t.Mapping[str, Setting]] = {
    "preferred_auth_method": Setting(
        (0, 23), (0, 34), {"apikey": ALL, "chatgpt": ALL}, successor="forced_login_method"
    ),
    "forced_login_method": Setting((0, 49), None, {"api": ALL, "chatgpt": ALL}),
    "forced_chatgpt_workspace_id": Setting((0, 49), None, {str: ALL, list: VersionRange((0, 131), None)}),
    "cli_auth_credentials_store": Setting(
        (0, 53), None, {"file": ALL, "keyring": ALL, "auto": ALL, "ephemeral": VersionRange((0, 93), None)}
    ),
    "mcp_oauth_credentials_store": Setting((0, 47), None, {"file": ALL, "keyring": ALL, "auto": ALL}),
    "profile": Setting((0,), (0, 133), {str: ALL}, stops=True, successor="the option --profile"),
    "profiles": Setting((0,), (0, 133), {dict: ALL}),
    "model_providers.*.wire_api": Setting(
        (0,),
        None,
        {"responses": ALL, "chat": VersionRange((0,), (0, 94)), "responses_websocket": VersionRange((0, 87), (0, 92))},
    ),
    "mcp_servers.*.bearer_token": Setting((0, 44), (0, 45), {str: ALL}, stops=True, successor="bearer_token_env_var"),
}
"""The config.toml keys whose meaning depends on the version, by their path; * matches any one key."""

PREFERRED: t.Final = "preferred_auth_method"
FORCED: t.Final = "forced_login_method"
METHOD_KEYS: t.Final = (PREFERRED, FORCED)
"""The keys that choose the method of login, each in some versions."""

Refused = t.Mapping[str | type, VersionRange]
"""Values of a key with which these versions do not start; a type stands for all of its values."""

_RESERVED_ID: t.Final[Refused] = {dict: VersionRange((0, 115), None)}
_BEDROCK: t.Final = VersionRange((0, 128), None)
_OLDER_BEDROCK: t.Final = VersionRange((0, 128), (0, 139))
_NEW_AGENT_KEY: t.Final = VersionRange((0, 104), (0, 139))
_EFFORTS: t.Final[Refused] = {
    "none": VersionRange((0, 34), (0, 53)),
    "minimal": VersionRange((0, 20), (0, 20)),
    "xhigh": VersionRange((0, 20), (0, 58)),
    "max": VersionRange((0, 20), (0, 137)),
    "ultra": VersionRange((0, 20), (0, 137)),
}

REFUSED_VALUES: t.Final[t.Mapping[str, Refused]] = {
    "approval_policy": {"untrusted": VersionRange((0, 149), None)},
    "model_reasoning_effort": _EFFORTS,
    "profiles.*.model_reasoning_effort": _EFFORTS,
    "service_tier": {"default": VersionRange((0, 115), (0, 128))},
    "model_providers.openai": _RESERVED_ID,
    "model_providers.ollama": _RESERVED_ID,
    "model_providers.lmstudio": _RESERVED_ID,
    "model_providers.amazon-bedrock.name": {str: _BEDROCK},
    "model_providers.amazon-bedrock.env_key": {str: _BEDROCK},
    "model_providers.amazon-bedrock.requires_openai_auth": {bool: _BEDROCK},
    "model_providers.amazon-bedrock.base_url": {str: _OLDER_BEDROCK},
    "model_providers.amazon-bedrock.http_headers": {dict: _OLDER_BEDROCK},
    "features.*": {dict: VersionRange((0, 49), (0, 115))},
    "agents.max_depth": {int: VersionRange((0, 104), (0, 104))},
    "agents.job_max_runtime_seconds": {int: VersionRange((0, 104), (0, 104))},
    "agents.default_subagent_model": {str: _NEW_AGENT_KEY},
    "agents.max_concurrent_threads_per_session": {int: _NEW_AGENT_KEY},
}
"""Keys of config.toml with values that some versions refuse, by their path; * matches any one key.

What else these keys accept is not in this table. Where a change lies between two measured versions, only those are
named that were seen not to start.
"""

PERMISSIONS_NEEDED: t.Final = VersionRange((0, 115), None)
"""The versions that do not start with a default_permissions that the table permissions has not.

Those that begin with a colon are built in.
"""

LOGIN_ASKED_FOR: t.Final = VersionRange((0, 149), None)
"""The versions that send the login to no provider without ``requires_openai_auth = true``; those before send it to all.

That goes for the built-in providers ollama and lmstudio, too (0.139, 0.148, 0.149, 0.171).
"""

OWN_CREDENTIALS: t.Final = {
    "env_key": ALL,
    "experimental_bearer_token": VersionRange((0, 58), None),
    "auth": VersionRange((0, 137), None),
}
"""Keys of a provider that Codex takes a credential from in place of the login, with requires_openai_auth, too."""

HOST_FILES_READ: t.Final = {
    "system": VersionRange((0, 80), None),
    "managed": VersionRange((0, 45), None),
    "requirements": VersionRange((0, 80), None),
}
"""The versions that read the configuration files of the whole host, by layer."""

HOST_FILES_READ_ON_WINDOWS: t.Final = {
    "system": VersionRange((0, 101), None),
    "managed": VersionRange((0, 45), (0, 148)),
    "requirements": VersionRange((0, 101), None),
}
"""The same on Windows, where the file of layer managed is in the Codex home.

Source: codex.exe 0.40.0 to 0.171.0 under Wine. Of 0.99.0 and 0.100.0 there is none.
"""

CREDENTIALS_STORE_REQUIRED: t.Final = VersionRange((0, 155), None)
"""The versions that read cli_auth_credentials_store in requirements.toml."""

STRICT_CONFIG: t.Final = VersionRange((0, 131), None)
"""The flag --strict-config, with which Codex does not start beside a key that it does not know."""

CREDENTIALS_STORE: t.Final = KEYS["cli_auth_credentials_store"]
"""With which Codex may keep logins elsewhere than in auth.json."""

PROFILE_TABLES: t.Final = KEYS["profiles"]
"""The versions that read a profile from the table profiles.NAME of config.toml; later ones read NAME.config.toml."""

DEVICE_CODE: t.Final = VersionRange((0, 45), None)
"""Signing in with a device code."""

DEVICE_AUTH: t.Final = VersionRange((0, 47), None)
"""The flag --device-auth for it; before, it is --experimental_use-device-code."""

PERSONAL_ACCESS_TOKEN: t.Final = VersionRange((0, 139), None)
"""The auth.json field of this name; older versions cannot read such a file at all."""

SAVED_BY_RENAMING: t.Final = VersionRange((0, 167, 2), None)
"""A renewed login, which these versions cannot save in a file that is mounted by itself: they lose it."""

OUTRANKING_VARIABLES: t.Final = {
    "CODEX_API_KEY": VersionRange((0, 44), None),
    "CODEX_ACCESS_TOKEN": VersionRange((0, 130), None),
    "OPENAI_FEDERATION_RULE_ID": VersionRange((0, 150), None),
    "OPENAI_IDENTITY_TOKEN_FILE": VersionRange((0, 150), None),
    "OPENAI_IDENTITY_TOKEN_SOURCE": VersionRange((0, 171), None),
}
"""Environment variables that Codex uses instead of auth.json; the first one in `codex exec` only.

One of those of workload identity, the last three, is enough to have auth.json passed over, even if it is of no use.
"""

FORCED_BY_VARIABLE: t.Final = {"CODEX_API_KEY": "api", "CODEX_ACCESS_TOKEN": "chatgpt"}
"""What forced_login_method must be where a user has such a variable; else Codex deletes auth.json (measured).

Those of workload identity never make Codex delete it (0.166 to 0.171).
"""

FORCED_LOGIN_METHOD: t.Final = {"apikey": "api", "chatgpt": "chatgpt", "personal_access_token": "chatgpt"}
"""What forced_login_method calls each method; a personal access token counts as ChatGPT (0.139 to 0.171)."""


def parse_version(text: str, option: str = "codex_version") -> Version:
    """A Codex version such as 0.171.0 as numbers, without a suffix such as -alpha.1.

    option: what messages call it. Raises CodexError.
    """
    match = re.fullmatch(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:[-+].*)?", text.strip(), re.ASCII)
    if not match:
        raise CodexError(f"{option} must be a version such as 0.171.0, or detect.")
    return tuple(int(number or 0) for number in match.groups())


def refresh_due(version: Version, last_refresh: Fraction | None, expires: object, now: float) -> bool | None:
    """Whether this version of Codex renews a ChatGPT login before its next request; None where that is not known.

    last_refresh, expires and now are seconds since 1970; expires is the access token's ``exp``.
    """
    age = None if last_refresh is None else now - last_refresh
    exp = expires if isinstance(expires, (int, float)) else None
    if version >= (0, 120) and exp is not None:
        return exp <= now + (300 if version >= (0, 137) else 0)
    days = 28 if version < (0, 53) else 8
    return None if age is None else age > days * 86400
