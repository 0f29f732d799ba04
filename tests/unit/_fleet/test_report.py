"""The report as JSON, for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.report import report_text
from ansible_collections.fleet.codex.plugins.plugin_utils._fleet.rows import Row

NOW = datetime(2026, 11, 27, 17, 20, 5, tzinfo=UTC)


def test_every_account_and_every_host_without_one() -> None:
    login = {"method": "apikey", "fingerprint": "4292713cc80adf20"}
    rows = [
        Row("web1", "unreachable", attention=["Timed out."]),
        Row("web2", "changed", "alice", "/home/alice/.codex", "0.171.0", login, ["Look."], 1),
    ]
    text = report_text(rows, "Logins", NOW, True)
    assert text.startswith('{\n  "title": "Logins",\n')  # people read it, too
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "title": "Logins",
        "made_at": "2026-11-27T17:20:05Z",
        "check_mode": True,
        "accounts": [
            {
                "host": "web1",
                "user": None,
                "codex_home": None,
                "codex_version": None,
                "state": "unreachable",
                "login": {},
                "attention": ["Timed out."],
            },
            {
                "host": "web2",
                "user": "alice",
                "codex_home": "/home/alice/.codex",
                "codex_version": "0.171.0",
                "state": "changed",
                "login": login,
                "attention": ["Look."],
            },
        ],
    }


def test_it_is_ascii_whatever_is_in_it() -> None:
    text = report_text([Row("m\u00fcnchen", "ok")], "\u202e", NOW, False)
    assert text.isascii()
    assert json.loads(text)["accounts"][0]["host"] == "m\u00fcnchen"
