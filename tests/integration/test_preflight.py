# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook preflight: each API key is asked about once, and a bad one stops what comes after it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .journeys import Options, cells, journey, table, words_of_table
from .leaks import Secrets
from .responses_api import ResponsesApi


@pytest.fixture(name="api")
def _api(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[ResponsesApi]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):  # of whoever runs the tests
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with ResponsesApi(None) as api:
        yield api


def hosts_with(playbook: Playbook, secrets: Secrets, api: ResponsesApi) -> dict[str, Options]:
    """Two hosts with one key, one with that key and another one, and one without any."""
    common = {"ansible_connection": "local", "codex_preflight_base_url": f"http://127.0.0.1:{api.port}/v1"}
    key = secrets.make("key")
    homes = [
        {"user": "ci", "codex_home": str(playbook.folder / "ci"), "auth": {"api_key": secrets.make("ci")}},
        {"user": "dev", "auth": {"api_key": key}},
        {"user": "none"},
    ]
    return {
        "one": {**common, "codex_api_key": key, "codex_home": str(playbook.folder / "one")},
        "two": {**common, "codex_api_key": key, "codex_home": str(playbook.folder / "two")},
        "three": {**common, "codex_homes": homes},
        "four": {**common, "codex_api_key": "", "codex_homes": None},
    }


def test_each_key_is_asked_about_once(other_core: Playbook, api: ResponsesApi) -> None:
    secrets = Secrets()
    hosts = hosts_with(other_core, secrets, api)
    run = journey(other_core, "preflight", hosts, "-vvv")
    assert run.rc == 0, run.output
    assert sorted(key for _path, key, _body in api.requests if key) == sorted(
        f"Bearer {secrets.make(name)}" for name in ("key", "ci")
    )
    assert [row[0] for row in cells(run).values()] == ["ok"] * 4
    assert not any(task.changed for task in run.tasks)
    api.requests.clear()
    there = journey(other_core, "preflight", hosts, codex_preflight_from_hosts=True)
    assert there.rc == 0, there.output
    assert len(api.requests) == 2 + 4
    for output in (run.output, there.output):
        assert secrets.find(output.encode(), "output") == []


def test_a_key_that_cannot_work_stops_everything(other_core: Playbook, api: ResponsesApi) -> None:
    secrets = Secrets()
    hosts = hosts_with(other_core, secrets, api)
    api.refused[f"Bearer {secrets.make('ci')}"] = "unknown"
    run = journey(other_core, "preflight", hosts, "fleet.codex.deploy", codex_export_api_key=False)
    assert run.rc == 2, run.output
    assert [row[0] for row in cells(run).values()] == ["failed", "ok", "ok", "ok"]
    assert "three: ci, asked from here: The API does not know this key: it is wrong, expired or revoked." in "\n".join(
        table(run)
    )
    assert not (other_core.folder / "one").exists()
    assert secrets.find(run.output.encode(), "output") == []
    # In a playbook of one's own, what comes after it stops on all hosts, too.
    plays = [
        {"ansible.builtin.import_playbook": "fleet.codex.preflight"},
        {"hosts": "all", "gather_facts": False, "tasks": [{"name": "after", "ansible.builtin.ping": None}]},
    ]
    (other_core.folder / "site.yml").write_text(json.dumps(plays))
    whole = other_core.run(hosts, [], name="site.yml")
    assert whole.rc == 2, whole.output
    assert [task for task in whole.tasks if task.name == "after"] == []


def test_no_answer_is_no_yes(playbook: Playbook, api: ResponsesApi) -> None:
    """Where the API cannot be reached, it has not said that the key works."""
    secrets = Secrets()
    hosts = hosts_with(playbook, secrets, api)
    for variables in hosts.values():
        variables["codex_preflight_base_url"] = "http://127.0.0.1:9/v1"
    run = journey(playbook, "preflight", hosts, codex_preflight_from_hosts=True)
    assert run.rc == 2, run.output
    assert [row[0] for row in cells(run).values()] == ["failed", "failed", "failed", "ok"]
    text = words_of_table(run)
    assert text.count("codex_api_key: 127.0.0.1:9 cannot be reached from this host (Connection refused).") == 1
    hosts["away"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "codex_api_key": "x"}
    run = journey(playbook, "preflight", hosts, codex_preflight_from_hosts=True)
    assert (run.rc, cells(run)["away"][0]) == (4, "failed"), run.output


def test_a_key_that_cannot_be_evaluated_is_none_that_works(other_core: Playbook, api: ResponsesApi) -> None:
    secrets = Secrets()
    hosts = hosts_with(other_core, secrets, api)
    hosts["two"]["codex_api_key"] = "{{ nobody_set_it }}"
    hosts["three"]["codex_homes"][1]["auth"]["api_key"] = "{{ nobody_set_it }}"
    run = journey(other_core, "preflight", hosts)
    assert run.rc == 2, run.output
    assert {host: row[0] for host, row in cells(run).items()} == {
        "one": "ok", "two": "failed", "three": "failed", "four": "ok"
    }  # fmt: skip
    assert "'nobody_set_it' is undefined" in words_of_table(run)
    report = "\n".join(table(run))
    assert secrets.find(report.encode(), "table") == []


def test_a_fleet_without_any_key_is_told(playbook: Playbook, api: ResponsesApi) -> None:
    hosts = {"four": hosts_with(playbook, Secrets(), api)["four"]}
    run = journey(playbook, "preflight", hosts)
    assert (run.rc, api.requests) == (2, []), run.output
    assert "No host has an API key to ask about. Set codex_api_key" in "\n".join(table(run))
