# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What a user of a host writes into files and names cannot control the terminal of whoever runs the play."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

NOW = dt.datetime.now(dt.UTC)
ESCAPE = "\x1b]0;x\x07\x9b31m\u202e"
SHOWN = r"\x1b]0;x\x07\x9b31m\u202e"
RAW = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
HOME = f"/home/alice/{ESCAPE}"
WAYS: dict[str, t.Any] = {
    "default": {"callback": "ansible.builtin.default"},
    "yaml": {"callback": "ansible.builtin.default", "env": {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}},
    "minimal": {"callback": "ansible.builtin.minimal"},
    "json": {},
}


def a_hostile_home(container: Container) -> None:
    """A home with control characters in its path, in a name, in a mail address, in variables and in a version."""
    document = chatgpt_document(
        "account-1",
        f"a@{ESCAPE}.example",
        f"plus{ESCAPE}",
        last_refresh=NOW,
        access_expires=NOW,
        marker="x",
    )
    container.write(f"{HOME}/auth.json", json.dumps(document), "alice")
    container.write(f"{HOME}/.auth-{ESCAPE}", json.dumps(document), "alice")
    container.write(f"{HOME}/config.toml", f'"k\\u001b{chr(0x202E)}" = 1\nprofile = "x"\n', "alice")
    program = "#!/bin/sh\nprintf 'codex-cli 0.150.0-\\033]0;x\\007\\302\\23331m\\342\\200\\256\\n'\n"
    container.write("/home/alice/.local/bin/codex", program, "alice")
    container.run("chmod", "755", "/home/alice/.local/bin/codex")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_reaches_the_terminal_as_it_is(container: Container, playbook: Playbook, way: str) -> None:
    a_hostile_home(container)
    copied = {"user": "alice", "codex_home": "{{ path }}", "dest": "copy.json"}
    place = {"user": "alice", "codex_home": "{{ path }}", "codex_version": "detect"}
    auth = {"content": login("account-2"), "backup": True}
    settings = {"absent": [["k\x1b\u202e"]], "drop_removed_keys": True}
    tasks: list[dict[str, t.Any]] = [
        {"name": "info", "fleet.codex.codex_info": place, "register": "found"},
        {
            "name": "refused",
            "fleet.codex.codex_home": {"homes": [{**place, "auth": auth}]},
            "ignore_errors": True,
        },
        {
            "name": "replaced",
            "fleet.codex.codex_home": {
                "homes": [{**place, "auth": {**auth, "on_account_mismatch": "replace"}, "config": settings}]
            },
        },
        {"name": "fetched", "fleet.codex.codex_auth_fetch": copied},
        {"name": "shown", "ansible.builtin.debug": {"var": "found"}},
    ]
    run = playbook.run(
        {"host": container.docker()}, tasks, variables={"path": HOME}, arguments=["-v", "--diff"], **WAYS[way]
    )
    assert run.rc == 0, run.output
    assert RAW.findall(run.output) == []
    if way == "json":
        (home,) = run.one("info").result["homes"]
        assert home["codex_home"] == f"/home/alice/{SHOWN}"
        assert (home["login"]["email"], home["login"]["plan"]) == (f"a@{SHOWN}.example", f"plus{SHOWN}")
        assert home["codex_version"] == f"0.150.0-{SHOWN}"
        assert home["unsaved_logins"][0]["path"].endswith(f".auth-{SHOWN}")
        assert f"…@{SHOWN}.example" in run.one("refused").result["msg"]
    else:
        assert "x1b]0;x" in run.output
