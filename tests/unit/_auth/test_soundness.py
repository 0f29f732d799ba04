"""What keeps Codex from using an auth.json."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.soundness import soundness_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.tests.support.planning import NOW, chatgpt, describe, desired, file

TOKENS: dict[str, t.Any] = chatgpt()
KEY: dict[str, t.Any] = {"OPENAI_API_KEY": "fleet-test-key-SECRETMARKER", "auth_mode": "apikey"}


def without(name: str) -> dict[str, t.Any]:
    return {key: value for key, value in TOKENS.items() if key != name}


@pytest.mark.parametrize(
    ("document", "words", "method"),
    [
        (TOKENS, None, "chatgpt"),
        (KEY, None, "apikey"),
        ({**KEY, "last_refresh": None}, None, "apikey"),
        (without("last_refresh"), "has no last_refresh", "chatgpt"),
        ({**TOKENS, "last_refresh": None}, "has no last_refresh", "chatgpt"),
        ({**without("last_refresh"), "auth_mode": None}, "has no last_refresh", "chatgpt"),
        ({**TOKENS, "last_refresh": ""}, "last_refresh in /a is not a time", "unreadable"),
        ({**TOKENS, "last_refresh": "2026-01-31"}, "last_refresh in /a is not a time", "unreadable"),
        ({**KEY, "last_refresh": ""}, "last_refresh in /a is not a time", "unreadable"),
        ({**TOKENS, "last_refresh": 1}, "is not an auth.json that Codex can read", "unreadable"),
        ({**KEY, "auth_mode": "chatgpt"}, "says ChatGPT, and the file has no tokens", "apikey"),
        ({**TOKENS, "auth_mode": "apikey"}, "says API key, and the file has none", "chatgpt"),
    ],
)
def test_problems(document: dict[str, t.Any], words: str | None, method: str) -> None:
    data = json.dumps(document).encode()
    problems = soundness_problems(summarise(data), "/a")
    assert len(problems) == (words is not None)
    assert all(str(words) in problem for problem in problems)
    assert "SECRETMARKER" not in repr(problems)
    login = home_report(describe(desired(), auth=file(data, path="/a", auth=summarise(data))), None, NOW)["login"]
    assert (login["method"], login["problems"]) == (method, problems)
