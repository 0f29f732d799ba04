"""What can be asked of a file that describe reported."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils import described_file
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import HOME, KEY, config_file, describe, desired, file, plan

KINDS = ["directory", "fifo", "socket", "dangling", "unreadable", "oversized", "device"]


def facts(kind: str) -> FileFacts:
    return {"path": f"{HOME}/.codex/auth.json", "kind": kind}


@pytest.mark.parametrize("name", ["auth", "config"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_file_is_refused_and_never_taken_for_absent(name: str, kind: str) -> None:
    wanted = desired(auth={"api_key": KEY}, config={"settings": {"a": 1}})
    with pytest.raises(CodexError, match="/home/alice/.codex/"):
        plan(wanted, describe(wanted, **{name: t.cast(FileFacts, {"kind": kind})}))


def test_there_is_a_file_or_there_is_none() -> None:
    assert described_file.exists(facts("file"))
    assert not described_file.exists(facts("absent"))
    for kind in [*KINDS, "other"]:
        with pytest.raises(CodexError, match=f"^{HOME}/.codex/auth.json"):
            described_file.exists(facts(kind))


def test_a_link_to_nothing_can_be_removed() -> None:
    assert described_file.is_removable(facts("file"))
    assert described_file.is_removable(facts("dangling"))
    assert not described_file.is_removable(facts("absent"))
    for kind in set(KINDS) - {"dangling"}:
        with pytest.raises(CodexError):
            described_file.is_removable(facts(kind))


@pytest.mark.parametrize(
    ("described", "is_empty", "is_emptied_mount"),
    [
        (facts("absent"), False, False),
        (file(b""), True, False),
        (file(b"", mount_point=True), True, True),
        (file(b"{}", mount_point=True), False, False),
    ],
)
def test_an_empty_file_that_is_mounted_is_one_that_was_removed(
    described: FileFacts, is_empty: bool, is_emptied_mount: bool
) -> None:
    assert described_file.is_empty(described) is is_empty
    assert described_file.is_emptied_mount(described) is is_emptied_mount


def test_content() -> None:
    data = bytes(range(256))
    assert described_file.content_of(config_file(data)) == data
    assert described_file.content_of(facts("absent")) == b""
    assert config_file(data)["content"] == base64.b64encode(data).decode()


def test_a_name_is_without_the_folder() -> None:
    assert described_file.name_of(facts("file")) == "auth.json"
