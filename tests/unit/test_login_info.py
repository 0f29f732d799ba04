"""The filter login_info: what the text of an auth.json says, whatever the text is."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.filter.login_info import FilterModule, login_info
from ansible_collections.fleet.codex.tests.support.credentials import encode, login


def test_a_login_and_none_of_its_secrets() -> None:
    document = t.cast(dict[str, t.Any], login("alice"))
    found = FilterModule().filters()["login_info"](encode(document))
    assert (found["method"], found["account_id"], found["renewable"]) == ("chatgpt", "alice", True)
    assert not any(token in json.dumps(found) for token in document["tokens"].values() if token != "alice")
    assert login_info('{"OPENAI_API_KEY": "fleet-test-key"}').keys() == {"method", "fingerprint"}


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("", "none"), ("  \n", "none"), (None, "none"), (b"", "none"), ("{}", "none"), ("{", "unreadable"),
        (7, "unreadable"), ({"a": 1}, "unreadable"), ("\ud800", "unreadable"), (b"\xff\xfe", "unreadable"),
    ],
)  # fmt: skip
def test_any_text_has_a_method(text: object, method: str) -> None:
    assert login_info(text)["method"] == method
