"""Who may read a file, decided for POSIX and for Windows."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import access
from ansible_collections.fleet.codex.plugins.plugin_utils._platform.access import PRIVATE, READABLE_BY_ALL, Access
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.windows import acl


def facts(**more: t.Any) -> FileFacts:
    return t.cast(FileFacts, {"path": "x", "kind": "file", **more})


ABSENT = facts(kind="absent")


@pytest.mark.parametrize(
    ("file", "mode", "wanted"),
    [
        (ABSENT, None, {"mode": 0o600}),
        (ABSENT, 0o400, {"mode": 0o400}),
        (facts(mode=0o664), None, {"mode": 0o600}),
        (facts(mode=0o444), None, {"mode": 0o400}),
        (facts(mode=0o644), 0o400, {"mode": 0o400}),
    ],
)
def test_a_file_of_the_users_is_private(file: FileFacts, mode: int | None, wanted: Access) -> None:
    assert access.private_file(file, mode, False) == wanted
    assert access.private_file(file, mode, True) == PRIVATE


@pytest.mark.parametrize(
    ("file", "mode", "wanted"),
    [
        (ABSENT, None, {"mode": 0o644}),
        (facts(mode=0o600), None, {"mode": 0o644}),
        (facts(mode=0o466), None, {"mode": 0o444}),
        (facts(mode=0o644), 0o444, {"mode": 0o444}),
    ],
)
def test_a_file_of_the_host_is_readable_by_all(file: FileFacts, mode: int | None, wanted: Access) -> None:
    assert access.host_file(file, mode, False) == wanted
    assert access.host_file(file, mode, True) == READABLE_BY_ALL


@pytest.mark.parametrize(
    ("found", "is_private", "is_readable_by_all"),
    [
        ({}, True, False),
        ({"inherits": True, "owner_is_user": False}, True, False),
        ({"readers": ["Users"], "everyone": True}, False, True),
        ({"readers": ["bob"]}, False, False),
        ({"writers": ["bob"], "everyone": True}, False, False),
        ({"user": False}, False, False),
        ({"user": False, "readers": ["Users"], "everyone": True}, False, True),
        ({"read_only": True, "everyone": True}, False, False),
    ],
)
def test_what_an_access_control_list_amounts_to(
    found: dict[str, t.Any], is_private: bool, is_readable_by_all: bool
) -> None:
    file = facts(access=acl(**found))
    assert access.has_access(file, PRIVATE) is is_private
    assert access.has_access(file, READABLE_BY_ALL) is is_readable_by_all


def test_folders() -> None:
    folder = t.cast(t.Any, {"path": "x", "kind": "directory", "mode": 0o755})
    assert access.codex_home(folder, False) == {"mode": 0o700}
    assert access.codex_home(t.cast(t.Any, {"path": "x", "kind": "absent"}), False) == {"mode": 0o700}
    assert access.codex_home(folder, True) == PRIVATE
    assert access.host_folder(facts(mode=0o2700), False) == {"mode": 0o2755}
    assert access.host_folder(ABSENT, True) == READABLE_BY_ALL


def test_what_every_user_can_read_is_not_closed() -> None:
    assert [access.is_closed(facts(mode=mode)) for mode in (0o644, 0o600)] == [False, True]
    assert [access.is_closed(facts(mode=mode), is_folder=True) for mode in (0o755, 0o754)] == [False, True]
    assert [access.is_closed(facts(access=acl(everyone=all_read))) for all_read in (True, False)] == [False, True]
    assert not access.is_closed(ABSENT)


def test_words() -> None:
    assert access.found_words(facts(mode=0o644)) == "mode 0644"
    assert access.wanted_words({"mode": 0o600}, "alice") == "mode 0600"
    assert access.wanted_words(PRIVATE, "alice") == "access: alice, SYSTEM and Administrators"
    assert access.wanted_words(READABLE_BY_ALL, "alice") == "access: readable by all"
    wide = facts(access=acl(writers=["bob"], readers=["Users", "bob"], user=False, read_only=True))
    assert access.found_words(wide) == ("access: bob may change it, Users may read it, the user may not, read-only")
    assert access.exposure_warnings(wide) == [
        "x is open to Users, bob, and is made private. Replace what is secret in it if they may have read it."
    ]
    assert access.exposure_warnings(facts(mode=0o644)) == []
    assert access.exposure_warnings(facts(access=acl())) == []
