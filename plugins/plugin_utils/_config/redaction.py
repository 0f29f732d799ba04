# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which values of a config.toml are hidden: by their names, and by the playbook's rules."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import KeyPath, dotted, values_at
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

SENSITIVE_TABLES = ("set", "env", "headers", "http_headers", "query_params")
SENSITIVE_WORDS = (
    "args",
    "notify",
    "bearer",
    "token",
    "key",
    "secret",
    "pass",
    "authorization",
    "credential",
    "cookie",
    "header",
)
PLAIN_KEYS = (
    "env_key",
    "env_key_instructions",
    "bearer_token_env_var",
    "env_http_headers",
    "model_auto_compact_token_limit",
    "cli_auth_credentials_store",
    "mcp_oauth_credentials_store",
)

NAMED_BY_PEOPLE = ("mcp_servers", "model_providers", "profiles", "projects", "agents", "plugins", "apps")
"""Tables in which the keys are names of things, such as a server ``tokens-of-the-team``."""


class Vaulted(str):
    """A text that was vault-encrypted in the playbook or its variables."""

    __slots__ = ()


@dataclass(frozen=True)
class RedactionRules:
    """What the playbook says of key paths, which counts for all keys below them, too.

    vaulted: the paths of values that were vault-encrypted.
    """

    secret: tuple[KeyPath, ...] = ()
    public: tuple[KeyPath, ...] = ()
    vaulted: tuple[KeyPath, ...] = ()

    def below(self, table: KeyPath) -> RedactionRules:
        """The same rules for a file in which their paths begin in a table."""
        return RedactionRules(
            *(tuple((*table, *path) for path in paths) for paths in (self.secret, self.public, self.vaulted))
        )


NO_REDACTION_RULES: t.Final = RedactionRules()


def check_redaction_rules(secret: object, public: object, settings: object, where: str = "") -> RedactionRules:
    """The rules of the options secret_keys and public_keys.

    settings: the option, with its `Vaulted` texts. Raises CodexError.
    """
    rules = RedactionRules(
        _key_paths(secret, f"{where}secret_keys"),
        _key_paths(public, f"{where}public_keys"),
        tuple(_vaulted_paths(settings)),
    )
    for shown in rules.public:
        for hidden in rules.secret:
            if shown[: len(hidden)] == hidden:
                raise CodexError(
                    f"{where}public_keys has {dotted(shown)}, and {where}secret_keys hides {dotted(hidden)} with all "
                    "that is below it. Remove one of them."
                )
    return rules


def _key_paths(paths: object, option: str) -> tuple[KeyPath, ...]:
    """Stricter than Ansible's types, which make a list of text: that would name another key than was meant."""
    if not isinstance(paths, list) or not all(
        isinstance(path, list) and path and all(isinstance(key, str) for key in path) for path in paths
    ):
        raise CodexError(f"{option} must be a list of key paths, each a list of text such as [mcp_servers, docs, env].")
    return tuple(tuple(str(key) for key in path) for path in paths)


def _vaulted_paths(value: object, path: KeyPath = ()) -> t.Iterator[KeyPath]:
    if isinstance(value, Vaulted):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _vaulted_paths(inner, (*path, str(key)))
    elif isinstance(value, list) and any(True for inner in value for _path in _vaulted_paths(inner)):
        yield path


def values(path: tuple[str | int, ...], value: t.Any) -> t.Iterator[tuple[tuple[str | int, ...], t.Any]]:
    """The values that are shown as one, by their paths: those without a table or a list of them inside."""
    if isinstance(value, dict) and value:
        inner: t.Iterable[tuple[str | int, t.Any]] = value.items()
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        inner = enumerate(value)
    else:
        yield path, value
        return
    for key, item in inner:
        yield from values((*path, key), item)


def is_sensitive(path: t.Sequence[str | int], value: t.Any = None, rules: RedactionRules = NO_REDACTION_RULES) -> bool:
    """Whether a value is hidden: by the rules, else by its name or a table's, or by a user or query in a URL.

    Numbers are not hidden because of a name.

    path: of a value that is shown as one; integers are places in lists, which rules do not name.
    """
    keys = tuple(key for key in path if isinstance(key, str))
    if any(_covers(rule, keys) or _covers(keys, rule) for rule in rules.secret):
        return True
    if any(_covers(rule, keys) for rule in rules.public):
        return False
    if any(_covers(rule, keys) for rule in rules.vaulted):
        return True
    if isinstance(value, (bool, int, float)):
        return False  # such as max_output_tokens
    if any(key in SENSITIVE_TABLES for key in keys) or re.search(r"://[^/]*@|://.*[?#]", str(value)):
        return True
    return any(_sounds_secret(name) for name in _own_names(keys))


def unused_secret_keys(rules: RedactionRules, *documents: t.Any) -> list[str]:
    """A warning for each path of ``secret_keys`` that is in none of the documents, and so hides nothing."""
    return [
        f"secret_keys names {dotted(path)}, which is neither in the settings nor in the file, so it hides nothing. "
        "Correct the path."
        for path in rules.secret
        if not any(True for document in documents for _value in values_at(document, path))
    ]


def secret_paths(data: t.Mapping[str, t.Any], rules: RedactionRules) -> t.Iterator[str]:
    """The keys, as TOML writes them, whose values may be secrets."""
    for keys, value in values((), data):
        if keys and is_sensitive(keys, value, rules):
            yield dotted(keys)


def without_secrets(text: str, data: t.Mapping[str, t.Any], rules: RedactionRules) -> str:
    """A text without the values of a configuration that may be secrets, such as what Codex says of it."""
    secrets = {
        item for keys, value in values((), data) if keys and is_sensitive(keys, value, rules) for item in _texts(value)
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(hidden)")
    return text


def _texts(value: object) -> t.Iterator[str]:
    """The texts in a value that are long enough to be secrets."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and len(item) > 3:
            yield item


def check_readable_by_all(settings: t.Mapping[str, t.Any], path: str, option: str, rules: RedactionRules) -> None:
    """Raises CodexError for settings that may be secrets, for a file at ``path`` that every user can read."""
    for key in secret_paths(settings, rules):
        raise CodexError(
            f"{option}: {key} may hold a secret, and every user of the host can read {path}. Put it into the "
            "config.toml of each user, or name it in public_keys if it is not a secret."
        )


def _own_names(keys: KeyPath) -> t.Iterator[str]:
    """The keys that Codex named; not those that people give to servers, projects and the like."""
    for above, key in zip(("", *keys), keys, strict=False):
        if above not in NAMED_BY_PEOPLE:
            yield key


def _sounds_secret(name: str) -> bool:
    return name not in PLAIN_KEYS and any(word in name.lower() for word in SENSITIVE_WORDS)


def _covers(above: KeyPath, path: KeyPath) -> bool:
    return path[: len(above)] == above
