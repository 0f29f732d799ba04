"""Answers of the program in sh, and what a user's own process can make of its part of one."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.answer import Seen, read_answer
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.fields import Boundaries, fields, kind_and_mode
from ansible_collections.fleet.codex.plugins.plugin_utils.answers import checked_answer
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from hypothesis import given
from hypothesis import strategies as st

BOUNDARIES = Boundaries(b"OUTER", b"INNER")
DESCRIBE: HomeRequest = {
    "user": "alice",
    "codex_home": None,
    "files": [{"name": "auth", "base": "codex_home", "path": "auth.json", "details": "auth"}],
}
APPLY: HomeRequest = {"user": "alice", "codex_home": None, "operations": []}


def pack(*pairs: tuple[str, str | bytes], boundary: bytes = b"INNER") -> bytes:
    """Fields as the program prints them."""
    data = b""
    for name, value in pairs:
        end = boundary + b"\0" if name in ("content", "child") else b""
        data += name.encode() + b"\0" + (value.encode() if isinstance(value, str) else value) + b"\0" + end
    return data


USER = (("user", "alice"), ("uid", "1001"), ("gid", "1001"), ("home_directory", "/home/alice"), ("shell", "/bin/sh"))
OTHER = (("home", "bob"), ("user", "bob"), ("uid", "1002"), ("error", "dangling"), ("error path", "/x"))


BOBS = {"reason": "dangling", "path": "/x"}


def answers(child: bytes, request: HomeRequest | None = None, seen: Seen | None = None) -> list[dict[str, t.Any]]:
    """The answers where alice's process said something, and after her bob is served; to describe, or to a request."""
    request = request or DESCRIBE
    data = pack(
        ("system", "Linux"),
        ("home", "alice"),
        *USER,
        ("codex_home", "/home/alice/.codex"),
        ("real_home", "/home/alice/.codex"),
        ("child_of", "apply_as_user" if "operations" in request else "describe_as_user"),
        ("child", child),
        *OTHER,
        ("end", "1"),
        boundary=b"OUTER",
    )
    found = read_answer(data, [request, {**request, "user": "bob"}], BOUNDARIES, seen or Seen())
    assert found is not None
    return found


ABSENT = (("folder", "absent"), ("below", "/"))


def said(*pairs: tuple[str, str | bytes], status: str = "0") -> bytes:
    return pack(*pairs, ("whole", "1")) + b"\0" + status.encode()


def test_a_file_with_its_content() -> None:
    seen = Seen()
    content = b'{"OPENAI_API_KEY": "fleet-test-key"}'
    file = (("file", "auth"), ("path", "/p"), ("mode", "-rw-------"), ("owner", "alice"), ("hard_links", "2"))
    folder = (("folder", "directory"), ("folder_mode", "drwx------"))
    answer = answers(said(*folder, *file, ("content", content)), seen=seen)
    facts = answer[0]["files"]["auth"]
    assert (facts["kind"], facts["mode"], facts["hard_links"], facts["mount_point"]) == ("file", 0o600, 2, False)
    assert facts["auth"]["fields"] == ["OPENAI_API_KEY"]
    assert "fleet-test-key" not in str(answer)
    assert seen.contents == {facts["sha256"]: content}
    assert answer[0]["user_info"] == {
        "name": "alice",
        "uid": 1001,
        "gid": 1001,
        "home_directory": "/home/alice",
        "shell": "/bin/sh",
    }


def test_results_come_after_their_facts() -> None:
    done = (("backup_file", "/b"), ("in_place", "1"), ("result", "done"))
    answer = answers(said(*done, ("path", "/p"), ("result", "conflict")), APPLY)
    assert answer[0]["results"] == [
        {"status": "done", "backup_file": "/b", "in_place": True},
        {"status": "conflict", "path": "/p"},
    ]


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (b"", "child_died"),
        (b"\x00137", "too_slow"),
        (said(*ABSENT), "child_died"),
        (said(("file", "auth"), ("path", "/p"), ("kind", "absent")), "child_died"),
        (
            said(("folder", "absent"), ("below", "/"), ("file", "auth"), ("path", "/p"), ("mode", "-r--------")),
            "child_died",
        ),
        (pack(("folder", "directory")) + b"\x001", "child_died"),
        (pack(("error", "dangling"), ("error path", "/x")) + b"\x0011", "dangling"),
    ],
)
def test_a_process_that_ends_or_says_too_little(child: bytes, reason: str) -> None:
    alice, bob = answers(child)
    assert alice["error"]["reason"] == reason
    assert bob["error"] == BOBS


FORGED = [
    *(("home", "root"), ("user", "root"), ("uid", "0"), ("codex_home", "/root/.codex"), ("is_root", "1"), ("end", "1")),
    *(("child", b"x"), ("file", "auth"), ("content", b"{"), ("result", "done"), ("process", "x/y"), ("pid", "")),
    *(("mode", ""), ("mode", "?"), ("hard_links", "9" * 99), ("said", "\x1b[2J"), ("error said", "x"), ("more", "x")),
    *(("kind", "no such"), ("path", "/p"), ("mode", "-rw-------"), ("owner", ""), ("link", "")),
    *(("leftover", "/x"), ("folder", "x"), ("unsaved", ".auth-x"), ("profile", "p"), ("writable", "1"), ("below", "x")),
]


ANY = st.tuples(st.text("abc \n", max_size=5), st.binary(max_size=9))


@given(st.lists(st.sampled_from(FORGED) | ANY), st.booleans())
def test_what_a_process_of_a_user_says_stays_in_its_own_answer(pairs: list[t.Any], is_apply: bool) -> None:
    request = APPLY if is_apply else DESCRIBE
    alice, bob = answers(said(*pairs), request)
    assert (alice["user"], bob["user"]) == ("alice", "bob")
    if "error" not in alice:
        assert (alice["user_info"]["name"], alice["user_info"]["uid"]) == ("alice", 1001)
        assert alice["codex_home"] == "/home/alice/.codex"
        checked_answer(t.cast(HomeAnswer, alice))
        for file in alice.get("files", {}).values():
            if file["kind"] not in ("file", "absent"):
                assert messages.unusable_file(file)
    assert bob["error"] == BOBS


@given(st.binary(max_size=200))
def test_any_bytes_of_a_process(child: bytes) -> None:
    if b"\0OUTER\0" not in child:
        assert answers(child)[1]["error"] == BOBS


@given(st.binary(max_size=100))
def test_fields_end_where_they_are_not_whole(data: bytes) -> None:
    assert all(isinstance(name, str) for name, _value in itertools.islice(fields(data, b"B"), 200))


def test_an_answer_without_its_end_is_none() -> None:
    data = pack(("system", "Linux"), ("home", "alice"), boundary=b"OUTER")
    assert read_answer(data, [DESCRIBE], BOUNDARIES, Seen()) is None


@pytest.mark.parametrize(
    ("letters", "kind", "mode"),
    [
        ("-rw-r-----", "file", 0o640),
        ("drwxrwxrwt", "directory", 0o1777),
        ("-rwsr-Sr-T+", "file", 0o7744),
        ("srwxr-xr-x.", "socket", 0o755),
        ("?---------", "other", 0),
    ],
)
def test_letters_of_ls(letters: str, kind: str, mode: int) -> None:
    assert kind_and_mode(letters.encode()) == (kind, mode)
