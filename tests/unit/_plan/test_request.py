"""What describe is asked about a home: everything that the plan needs, and no more."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.environment import SHELL_FILES
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.tests.support.planning import KEY, desired

ALWAYS = {
    *("auth", "auth.lock", "auth.json.lock", "config", "system", "managed", "requirements", "codex.env"),
    "/etc/environment",
}
READERS = {
    *SHELL_FILES,
    ".config/environment.d/60-fleet-codex.conf",
    ".config/fish",
    ".config/fish/conf.d/fleet-codex.fish",
}


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({}, set()),
        ({"auth": {"api_key": KEY}}, set()),
        ({"config": {}}, set()),
        ({"config": {"layer": "profile:work"}}, {"profile"}),
        ({"config": {"layer": "managed"}}, {"host_folder"}),
        ({"environment": {}}, READERS),
        ({"state": "absent"}, READERS),
    ],
)
def test_the_files_that_are_described(options: dict[str, t.Any], more: set[str]) -> None:
    request = describe_request(desired(**options))
    names = [query["name"] for query in request["files"]]
    assert sorted(names) == sorted({*ALWAYS, *more})


def test_secrets_are_not_asked_for() -> None:
    """auth.json comes as a summary, variables as names."""
    details = {query["name"]: query.get("details") for query in describe_request(desired())["files"]}
    assert (details["auth"], details["codex.env"], details["/etc/environment"]) == ("auth", "variables", "variables")


def test_whose_home_it_is_and_where() -> None:
    request = describe_request(desired(codex_home="/srv/codex"))
    assert (request["user"], request["codex_home"]) == ("alice", "/srv/codex")
    assert "detect_version" not in request
    assert describe_request(desired(codex_version="detect"))["detect_version"] is True
