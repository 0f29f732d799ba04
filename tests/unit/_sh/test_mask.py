"""The mask of answers in sh: the utilities of a host add what the controller subtracts."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.mask import unmask
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.sh_program import program_text
from hypothesis import given, settings
from hypothesis import strategies as st

PROGRAM = program_text("describe", with_codex=False)


def masked(data: bytes, key: bytes) -> bytes:
    """What the function `mask` of the program makes of data."""
    values = f"begun= mark= key='{' '.join(map(str, key))}'\n"
    script = f"{values}{PROGRAM}\ncat >data; mask <data; rm data"
    done = subprocess.run(["/bin/sh", "-c", script], input=data, capture_output=True, check=True, cwd="/tmp")
    return bytes.fromhex(done.stdout.decode())


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=32, max_size=32))
def test_what_is_masked_is_unmasked(data: bytes, key: bytes) -> None:
    assert unmask(masked(data, key), key) == data


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)) * 40, b"x" * 100_000])
def test_every_byte_and_any_length(data: bytes) -> None:
    key = bytes(range(32))
    hidden = masked(data, key)
    assert unmask(hidden, key) == data
    assert unmask(hidden, bytes(32)) != data or not data


def test_the_same_data_looks_different_with_each_key() -> None:
    data = b"fleet-test-key-1" * 10
    first, second = masked(data, b"a" * 32), masked(data, b"b" * 32)
    assert len({data, first, second}) == 3
    assert not {first[n : n + 4] for n in range(len(first) - 3)} & {second[n : n + 4] for n in range(len(second) - 3)}
