"""Errors by the words of utilities, in the languages of three C libraries."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.system_errors import CODES, code_and_cause


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("mv: cannot move '/a' to '/b': Device or resource busy", "EBUSY"),
        ("dd: writing '/a': No space left on device\n1+0 records in\n0+0 records out", "ENOSPC"),
        ("dd: error writing '/a': No space left on device\n10 bytes (10 B) copied, 0.1 s, 1 MB/s", "ENOSPC"),
        ("mkdir: can't create directory '/a': Read-only file system", "EROFS"),
        ("sh: 1: cannot create /a: Directory nonexistent", "ENOENT"),
        ("/bin/sh: can't create /a: nonexistent directory", "ENOENT"),
        ("cat: a: b: Permission denied", "EACCES"),
        ("mv: can't rename '/a': Resource busy", "EBUSY"),
        ("Is a directory", "EISDIR"),
        ("", "unknown"),
        ("the secret is in here", "unknown"),
    ],
)
def test_a_text_has_its_code(said: str, code: str) -> None:
    found, cause = code_and_cause(said)
    assert found == code
    assert cause == "an error without a name" if code == "unknown" else CODES[cause] == code


def test_every_text_of_this_c_library_is_right() -> None:
    for text, code in CODES.items():
        number = getattr(errno, code)
        assert text == os.strerror(number) or text not in map(os.strerror, errno.errorcode), text
