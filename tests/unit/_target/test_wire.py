"""How an answer is masked, as docs/protocol.md describes it."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import mask


def test_the_mask_is_the_documented_one() -> None:
    """A target program in another language is written against docs/protocol.md."""
    data, key = bytes(range(256)) + b"cut", b"k" * 32
    blocks = [hashlib.sha256(key + bytes([0] * 7 + [n])).digest() for n in range(9)]
    assert mask(data, key) == bytes(byte ^ b"".join(blocks)[n] for n, byte in enumerate(data))
    assert mask(mask(data, key), key) == data


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 64, 100_000])
def test_every_length_is_masked_and_kept(size: int) -> None:
    data = b"\0" * size
    masked = mask(data, b"k" * 32)
    assert len(masked) == size
    assert mask(masked, b"k" * 32) == data
    assert size < 8 or masked != data
