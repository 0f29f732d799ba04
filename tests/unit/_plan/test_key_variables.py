# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A variable from which a provider takes its key is like a login: a running Codex keeps the old one."""

from __future__ import annotations

import hashlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support import planning

PROVIDER: dict[str, t.Any] = {"model_providers": {"gw": {"name": "gw", "env_key": "GATEWAY_KEY"}}}


@pytest.mark.parametrize(
    ("before", "declared", "is_asked"),
    [
        ({"GATEWAY_KEY": "old"}, {"GATEWAY_KEY": "new"}, True),
        ({}, {"GATEWAY_KEY": "new"}, True),
        ({"GATEWAY_KEY": "old", "A": "1"}, {"A": "1"}, True),
        ({"GATEWAY_KEY": "old"}, {}, True),
        ({"GATEWAY_KEY": "old", "A": "1"}, {"GATEWAY_KEY": "old", "A": "2"}, False),
        ({"GATEWAY_KEY": "old"}, {"GATEWAY_KEY": "old"}, False),
    ],
)
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_changed_key_asks_for_the_programs_that_run(
    before: dict[str, str], declared: dict[str, str], is_asked: bool, is_declared: bool
) -> None:
    home = planning.desired(environment=declared, **({"config": {"settings": PROVIDER}} if is_declared else {}))
    content = "".join(f"{name}={value}\n" for name, value in sorted(before.items())).encode()
    digests = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in before.items()}
    config = b'[model_providers.gw]\nname = "gw"\nenv_key = "GATEWAY_KEY"\n'
    there = {"codex__env": planning.file(content, variables=digests)} if before else {}
    plan = planning.plan(home, planning.describe(home, config=planning.config_file(config), **there))
    asked = [change.operation["path"] for change in plan.changes if "watch_seconds" in change.operation]
    assert asked == (["codex.env"] if is_asked else [])
    assert plan.result["environment"]["restart_required"] is (None if is_asked else False)


def test_a_variable_that_no_provider_names_asks_for_nobody() -> None:
    home = planning.desired(environment={"GATEWAY_KEY": "new"})
    plan = planning.plan(home, planning.describe(home))
    assert not [change for change in plan.changes if "watch_seconds" in change.operation]
