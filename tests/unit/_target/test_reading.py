"""Files read whole, and their digests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import SIZE_LIMIT, digest, read_file


def test_a_digest_is_sha256_and_none_stands_for_no_file() -> None:
    assert digest(b"x") == hashlib.sha256(b"x").hexdigest()
    assert digest(None) is None


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert read_file(str(file)) is None
    file.write_bytes(b"\0content\n")
    assert read_file(str(file)) == b"\0content\n"
    with file.open("wb") as opened:
        opened.truncate(SIZE_LIMIT + 10)
    assert len(read_file(str(file))) == SIZE_LIMIT + 1


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert read_file(str(tmp_path / "fifo")) == b""


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        read_file(str(tmp_path))
