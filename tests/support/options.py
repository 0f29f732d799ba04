# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Options as Ansible hands them to an action plugin: every option of the spec is there."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments, Spec


def with_defaults(arguments: Arguments, spec: Spec) -> dict[str, t.Any]:
    """The arguments, with the defaults of the options that are not among them."""
    unknown = set(arguments) - set(spec)
    assert not unknown, f"there is no option {', '.join(sorted(unknown))}"
    return {name: _value(arguments.get(name, option.get("default")), option) for name, option in spec.items()}


def _value(value: t.Any, option: dict[str, t.Any]) -> t.Any:
    if "options" not in option or value is None:
        return value
    if isinstance(value, list):
        return [with_defaults(item, option["options"]) for item in value]
    return with_defaults(value, option["options"])
