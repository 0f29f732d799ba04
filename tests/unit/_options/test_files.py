"""The options that all files have: mode and backup."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.files import (
    check_backup,
    check_host_mode,
    check_mode,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import FILE
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import NO_BACKUP, Backup
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults
from ansible_collections.fleet.codex.tests.support.planning import KEY, desired, layer


@pytest.mark.parametrize("mode", ["0644", "u=rw", 644, "0o600", 0o640, "0000", True, "1600"])
def test_modes_that_are_refused(mode: object) -> None:
    with pytest.raises(CodexError, match="^auth.mode must be an octal mode"):
        desired(auth={"api_key": KEY, "mode": mode})


@pytest.mark.parametrize("mode", ["0600", "0664", "0646", "0755", 0o640])
def test_a_mode_that_keeps_users_out_or_lets_them_write_is_refused(mode: object) -> None:
    with pytest.raises(CodexError, match='^config.mode must be "0644" or "0444"'):
        layer("managed", mode=mode)


@pytest.mark.parametrize(
    ("option", "mode"), [(None, None), ("0600", 0o600), ("600", 0o600), ("0400", 0o400), (0o600, 0o600)]
)
def test_modes_that_are_accepted(option: object, mode: int | None) -> None:
    assert check_mode(option) == mode


@pytest.mark.parametrize(("option", "mode"), [(None, None), ("0644", 0o644), ("444", 0o444), (0o644, 0o644)])
def test_modes_of_the_hosts_files_that_are_accepted(option: object, mode: int | None) -> None:
    assert check_host_mode(option) == mode


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"backup": True, "backup_keep": 0}, "auth.backup_keep must be 1 or more"),
        ({"backup": True, "backup_keep": -1}, "auth.backup_keep must be 1 or more"),
        ({"backup_keep": 2}, "auth.backup_keep limits the copies, and none are made"),
    ],
)
def test_backups_that_are_refused(arguments: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=f"^{words}"):
        check_backup(with_defaults(arguments, FILE), "auth.")


def test_backups() -> None:
    assert check_backup(with_defaults({}, FILE)) == NO_BACKUP == Backup(False, None)
    assert check_backup(with_defaults({"backup": True}, FILE)) == Backup(True, None)
    assert check_backup(with_defaults({"backup": True, "backup_keep": 1}, FILE)) == Backup(True, 1)


def test_every_user_can_read_a_file_of_the_host_and_root_alone_can_write_it() -> None:
    accepted = []
    for mode in range(0o1000):
        with contextlib.suppress(CodexError):
            accepted.append(check_host_mode(mode))
    assert accepted == [0o444, 0o644]


def test_options_of_a_module_are_named_as_they_are() -> None:
    for check in (check_mode, check_host_mode):
        with pytest.raises(CodexError, match="^mode must be"):
            check("0777")
    with pytest.raises(CodexError, match="^backup_keep must be"):
        check_backup(with_defaults({"backup": True, "backup_keep": 0}, FILE))
