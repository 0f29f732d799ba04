# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as given: the options of a task before Ansible checks them.

Here alone it is decided what an empty or null value means. Inventories, surveys and lookups leave such values behind,
and Ansible's own checks would treat each kind of them in another way.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import check_is_text
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments, Spec
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

ADVICE: t.Final = {
    "user": "Name the user, or leave the option out for the one that the task runs as.",
    "api_key": "Set it to the key, or leave the option out.",
    "personal_access_token": "Set it to the token, or leave the option out.",
    "content": "Take the file that `codex login` wrote, or leave the option out.",
    "src": "Name the file, or leave the option out.",
    "container": "Name the container, or leave the option out to work on the host itself.",
    "name": "Name the container.",
    "homes": "List the homes, or write [] for none.",
    "dest": "Name the file.",
    "encrypt_vault_id": "Name the vault id, or leave the option out.",
    "account_id": "Set it to the ID of the account, or leave the option out for any account.",
    "base_url": "Set it to the URL, or leave the option out.",
}
"""The options of which an empty value is refused: what was meant decides whose login goes where, and how."""

EMPTY_HAS_A_MEANING: t.Final = ("proxy",)
"""The options of which an empty text is a value, unlike null."""

WITHOUT_GAPS: t.Final = ("homes", "lists", "users", "restart_handlers")
"""The lists of which each item is to be there."""

TEXT_ALONE: t.Final = ("api_key", "personal_access_token")
"""The options of which Ansible would make text, such as "True", where they are none."""


def is_empty(value: object) -> bool:
    """Whether a value is null, or text without a character that can be seen."""
    return value is None or (isinstance(value, str) and not value.strip())


def given_options(arguments: Arguments, spec: Spec, where: str = "") -> dict[str, t.Any]:
    """The options without those that are empty; ``where`` is put before their names in messages.

    Raises CodexError for an empty option that is not harmless to leave out.
    """
    given = {}
    for name, value in arguments.items():
        if is_empty(value) and not (value is not None and name in EMPTY_HAS_A_MEANING):
            if name in ADVICE:
                raise CodexError(f"{where}{name} is empty. {ADVICE[name]}")
            continue
        if name in TEXT_ALONE:
            check_is_text(value, f"{where}{name}")
        below = spec.get(name, {}).get("options")
        if isinstance(value, list) and name in WITHOUT_GAPS:
            for n, item in enumerate(value):
                if is_empty(item):
                    raise CodexError(f"{where}{name}[{n}] is empty. Remove it.")
        if below and isinstance(value, dict):
            value = given_options(value, below, f"{where}{name}.")
        elif below and isinstance(value, list):
            wheres = [entry(value, n) if name == "homes" else f"{where}{name}[{n}]." for n in range(len(value))]
            value = [
                given_options(item, below, above) if isinstance(item, dict) else item
                for item, above in zip(value, wheres, strict=True)
            ]
        given[name] = value
    return given


def entry(homes: t.Sequence[object], n: int) -> str:
    """What is put before the names of an entry's options in messages: nothing where it is the only one."""
    return f"homes[{n}]." if len(homes) > 1 else ""


def with_group_defaults(arguments: Arguments, names: t.Collection[str], spec: Spec) -> dict[str, t.Any]:
    """The options with those that ``module_defaults`` set for all modules of the group in their places.

    names: of the options that the group's defaults set. One that this module does not have is for other modules, or
    for the entries of ``homes`` and their parts. Raises CodexError for a container, where the host is meant without it.
    """
    others = {name: arguments[name] for name in names if name in arguments and name not in spec}
    if "container" in others:
        raise CodexError(
            "container in module_defaults has no effect on this module, which would work on the host itself. Set it at "
            "the tasks that it is meant for."
        )
    own = {name: value for name, value in arguments.items() if name not in others}
    if "homes" in spec and isinstance(own.get("homes"), list):
        own["homes"] = [_with_defaults(home, others, spec["homes"]["options"]) for home in own["homes"]]
    return own


def _with_defaults(options: t.Any, defaults: Arguments, spec: Spec) -> t.Any:
    if not isinstance(options, dict):
        return options
    own = {**{name: value for name, value in defaults.items() if name in spec}, **options}
    return {
        name: _with_defaults(value, defaults, spec[name]["options"]) if "options" in spec.get(name, {}) else value
        for name, value in own.items()
    }
