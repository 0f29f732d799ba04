"""The operations that all steps are made of: access, backups, and what has to be there still."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import (
    access_changes,
    codex_version,
    remove_operation,
    write_operation,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import (
    KEY,
    auth_file,
    config_file,
    describe,
    desired,
    file,
    operation,
    plan,
)


@pytest.mark.parametrize(("mode", "repaired"), [(0o644, 0o600), (0o660, 0o600), (0o400, None), (0o600, None)])
def test_modes_wider_than_the_default_are_repaired(mode: int, repaired: int | None) -> None:
    wanted = desired(auth={"api_key": KEY}, config={"settings": {"a": 1}})
    answer = describe(wanted, auth=auth_file({"api_key": KEY}, mode), config=config_file(b"a = 1\n", mode))
    modes = [change.operation["mode"] for change in plan(wanted, answer).changes]
    assert modes == ([repaired] * 2 if repaired else [])


def test_a_mode_that_is_given_is_set() -> None:
    wanted = desired(auth={"api_key": KEY, "mode": "0400"})
    assert operation(plan(wanted, describe(wanted, auth=auth_file({"api_key": KEY}))))["mode"] == 0o400


def test_a_mode_is_changed_only_where_it_differs() -> None:
    there = {"path": "/x", **file(b"", 0o640)}
    assert access_changes("host", "/x", there, {"mode": 0o640}, "alice") == []
    (change,) = access_changes("host", "/x", there, {"mode": 0o600}, "alice")
    assert change.operation == {"operation": "mode", "base": "host", "path": "/x", "mode": 0o600}
    assert change.diff == {"before_header": "/x", "after_header": "/x", "before": "mode 0640\n", "after": "mode 0600\n"}


def test_what_replaces_or_removes_a_file_names_what_was_seen_and_the_backup() -> None:
    there = file(b"old")
    for backup, keys in (
        (Backup(), {"backup": False}),
        (Backup(True), {"backup": True, "backup_keep": None}),
        (Backup(True, 3), {"backup": True, "backup_keep": 3}),
    ):
        assert remove_operation("codex_home", "x", there, backup) == {
            "operation": "remove",
            "base": "codex_home",
            "path": "x",
            "expected": there["sha256"],
            **keys,
        }
        assert write_operation("codex_home", "x", b"new", there, {"mode": 0o600}, backup) == {
            "operation": "write",
            "base": "codex_home",
            "path": "x",
            "content": base64.b64encode(b"new").decode(),
            "mode": 0o600,
            "expected": there["sha256"],
            **keys,
        }


def test_the_version_is_the_detected_one_only_where_it_is_to_be_detected() -> None:
    declared, detect, neither = desired(codex_version="0.20.0"), desired(codex_version="detect"), desired()
    answer = describe(neither)
    assert [codex_version(home, answer) for home in (declared, detect, neither)] == [(0, 20, 0), None, None]
    answer["codex_version"] = "0.169.0"
    assert [codex_version(home, answer) for home in (declared, detect, neither)] == [(0, 20, 0), (0, 169, 0), None]
    answer["codex_version"] = "1"
    with pytest.raises(CodexError):
        codex_version(detect, answer)
