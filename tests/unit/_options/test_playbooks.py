"""The variables of the collection's playbooks: one that is nearly known is refused, before it widens a run."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.playbooks import check_playbook_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._options.role import OF_PLAYBOOKS
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("codex_usres", "codex_users"),
        ("codex_host", "codex_hosts"),
        ("codex_report_file", "codex_report"),
        ("codex_apikey", "codex_api_key"),
        ("codex_preflight_url", "codex_preflight_base_url"),
    ],
)
def test_a_name_that_is_nearly_known_is_refused(name: str, nearest: str) -> None:
    with pytest.raises(CodexError, match=rf"^{name} is no variable of this playbook\. Did you mean {nearest}\?"):
        check_playbook_variables({name: "x", "codex_user": "alice"})


def test_names_of_ones_own_are_not() -> None:
    check_playbook_variables({"codex_keys": {}, "codex_fleet_name": "x", "codexx": 1, "codex_collect_found": []})
    check_playbook_variables({"codex_user_key": "x", "codex_api_key": "{{ codex_user_key }}"})
    check_playbook_variables(dict.fromkeys(OF_PLAYBOOKS, "x") | {"__codex_takes_users": True})


@pytest.mark.parametrize("users", ["all", ["alice"]])
def test_users_have_to_have_an_effect(users: t.Any) -> None:
    with pytest.raises(CodexError, match="codex_users has no effect in this playbook"):
        check_playbook_variables({"codex_users": users})
    check_playbook_variables({"codex_users": users, "__codex_takes_users": True})
    check_playbook_variables({"codex_users": ""})


def test_every_variable_of_the_playbooks_is_known() -> None:
    """Each is in the comment at the head of its playbook."""
    documented: set[str] = set()
    for path in (CHECKOUT / "playbooks").glob("*.yml"):
        head = path.read_text().partition("\n- name:")[0]
        documented |= set(re.findall(r"^# (codex_\w+)  ", head, re.M))
    assert documented - set(OF_PLAYBOOKS) <= {
        *("codex_auth_src", "codex_auth_without_refresh_token", "codex_allow_shared_refresh_token"),
        *("codex_backup", "codex_backup_keep", "codex_version"),
    }
    assert set(OF_PLAYBOOKS) - documented == {"codex_result"}
