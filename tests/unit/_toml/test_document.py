"""What is read as a config.toml, what is refused, and what is the same."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._toml import document as toml_document
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Unreadable, dotted, equal, equal_ends
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

PATH = "/home/alice/.codex/config.toml"
DEEP = 10_000


def read(content: bytes) -> toml_document.Table:
    return toml_document.parse(toml_document.decode(content, PATH), PATH)


BAD_INPUT: dict[str, tuple[bytes, str]] = {
    "a string without an end": (b'a = "SECRETMARKER\n', "is not valid TOML (line 1, column 18)"),
    "half written": (b'[mcp_servers.x]\ntoken = "SECRETMARKER"\nargs = ["a",\n', "is not valid TOML (line 4"),
    "no value": (b"good = 1\nSECRETMARKER\n", "(line 2, column 13)"),
    "a key twice": (b"a = 'SECRETMARKER'\na = 2\n", "(line 2, column 6)"),
    "a table twice": (b"[t]\nx = 1\n[t]\n", "(line 3, column 3)"),
    "a table that a dotted key made": (b"t.a = 1\n[t]\n", "(line 2, column 3)"),
    "an inline table added to": (b"t = {a = 1}\n[t.b]\n", "(line 2, column 5)"),
    "zeros": (b"\0" * 4096, "(line 1, column 1)"),
    "zeros at the end": (b"a = 1\n" + b"\0" * 100, "(line 2, column 1)"),
    "a bare CR": (b"a = 1\rb = 2\r", "(line 1, column 6)"),
    "not UTF-8": (b"a = 1\nb = '\xe9SECRETMARKER'\n", "is not UTF-8 (line 2, column 6)"),
    "UTF-16": ("a = 1\n".encode("utf-16"), "is not UTF-8 (line 1, column 1)"),
    "nested lists": (b"a = " + b"[" * DEEP + b"]" * DEEP, "nested too deeply"),
    "nested lists without an end": (b"a = " + b"[" * DEEP, "nested too deeply"),
    "nested inline tables": (b"a = " + b"{a = " * DEEP + b"1" + b"}" * DEEP, "nested too deeply"),
    "a long dotted key": (b".".join([b"a"] * DEEP) + b" = 1\n", "nested too deeply"),
    "a long header": (b"[" + b".".join([b"a"] * DEEP) + b"]\n", "nested too deeply"),
    "one level too many": (b"a = " + b"[" * 81 + b"]" * 81, "nested too deeply"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_a_file_that_codex_refuses_is_refused_by_place_and_not_quoted(name: str) -> None:
    content, words = BAD_INPUT[name]
    with pytest.raises(Unreadable) as refused:
        read(content)
    assert str(refused.value).startswith(PATH)
    assert words in str(refused.value)
    assert "SECRETMARKER" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n# c", b"a = " + b"[" * 80 + b"]" * 80])
def test_a_file_that_codex_reads(content: bytes) -> None:
    assert read(content).keys() <= {"a"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        ("1", 1),
        ([1], [1.0]),
        ({"a": 1}, {"a": True}),
        (0.0, -0.0),
        ([], {}),
        ([1], []),
    ],
)
def test_what_python_or_a_reader_takes_for_equal_and_toml_does_not(one: object, other: object) -> None:
    assert not equal(one, other)
    assert equal(one, one)


def test_not_a_number_equals_itself() -> None:
    assert equal([float("nan")], [-float("nan")])


def test_a_key_path_as_toml_writes_it() -> None:
    assert dotted(("projects", "/srv/a.b", 'q"\n', "", "é")) == 'projects."/srv/a.b"."q\\"\\U0000000A".""."é"'
    assert dotted(("hooks", "Stop", 1, "command")) == "hooks.Stop[1].command"
    assert issubclass(Unreadable, CodexError)


@pytest.mark.parametrize(
    ("one", "other", "begin", "end"),
    [
        ([1, 2, 3], [1, 2, 3], 3, 0),
        ([1, 2, 3], [1, 9, 3], 1, 1),
        ([1, 2], [1, 1, 2], 1, 1),
        ([1, 1], [1, 1, 1], 2, 0),  # no item counts twice
        ([1], [1.0], 0, 0),
        ([], [1], 0, 0),
    ],
)
def test_what_two_lists_begin_and_end_with(one: list[object], other: list[object], begin: int, end: int) -> None:
    for pair in ((one, other), (other, one)):
        assert equal_ends(*pair) == (begin, end)


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000,
        "9223372036854775808",
        "-9223372036854775809",
        f"[{{a = {2**64}}}]",
        "0x" + "f" * 5000,
        "0o7" + "7" * 50,
        "1e400",
        "-1e9_999",
        "9" * 5000 + ".0",
    ],
)
def test_a_number_beyond_64_bits_is_a_file_that_cannot_be_read(value: str) -> None:
    with pytest.raises(Unreadable, match=r"^/x has a number beyond 64 bits, so Codex refuses to start\. Correct it"):
        toml_document.parse(f"a.b = {value}\n", "/x")


@pytest.mark.parametrize(
    "value", ["9223372036854775807", "-9223372036854775808", "inf", "-inf", "nan", "1e300", "1e-999"]
)
def test_numbers_of_64_bits_are_read(value: str) -> None:
    toml_document.parse(f"a = {value}\n", "/x")
