"""The plans of all homes of a host: what is declared twice, and the logins that a file of the host would end."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_personal_access_token
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    FORCED_API,
    FORCED_CHATGPT,
    HOME,
    KEY,
    MANAGED,
    NOW,
    SYSTEM,
    auth_file,
    chatgpt,
    config_file,
    data_written,
    describe,
    desired,
    file,
    host_file,
    host_folder,
    layer,
    operations,
    other_home,
    plan_all,
)

NOT_ALLOWED = "does not allow a ChatGPT login, which is what /home/bob/.codex/auth.json will hold"


def test_one_wrong_home_stops_all_of_a_host() -> None:
    good, bad = desired(auth={"api_key": KEY}), desired(user="bob", auth={"api_key": KEY})
    answers: list[HomeAnswer] = [describe(good), {"error": {"reason": "unknown_user", "user": "bob"}}]
    with pytest.raises(CodexError, match="There is no user bob on this host"):
        plan_all([good, bad], answers, NOW)


def test_homes_declared_twice() -> None:
    one = desired(auth={"api_key": KEY})
    with pytest.raises(CodexError, match="declared twice"):
        plan_all([one, one], [describe(one), describe(one)], NOW)


def test_two_names_of_one_home_are_one() -> None:
    one, two = desired(auth={"api_key": KEY}), desired(auth={"api_key": KEY}, codex_home="/srv/link")
    second = describe(two)
    second["real_home"] = f"{HOME}/.codex"
    for homes, answers in (([one, two], [describe(one), second]), ([two, one], [second, describe(one)])):
        failed = {str(home.codex_home): plan for home, plan in zip(homes, plan_homes(homes, answers, NOW), strict=True)}
        assert isinstance(failed["None"], HomePlan)  # a link of the user's does not stop the home itself
        assert "/srv/link leads to /home/alice/.codex, which is declared as" in str(failed["/srv/link"])


def test_a_users_environment_is_declared_once() -> None:
    one = desired(environment={"A": "1"})
    two = desired(environment={"A": "1"}, codex_home="/srv/x")
    with pytest.raises(CodexError, match="environment of the user alice is declared twice"):
        plan_all([one, two], [describe(one), describe(two)], NOW)
    none = desired(state="absent", codex_home=f"{HOME}/other")
    assert len(plan_all([one, none], [describe(one), describe(none)], NOW)) == 2


def test_one_file_of_the_host_is_declared_once() -> None:
    one = layer("system", settings={"model": "a"})
    with pytest.raises(CodexError, match="The file /etc/codex/config.toml is declared twice"):
        plan_all([one, one], [describe(one), describe(one)], NOW)


def test_a_home_and_a_file_of_the_host_are_two_things() -> None:
    """Both entries are of the user that the task runs as."""
    home, host = desired(auth={"api_key": KEY}), layer("system", settings={"model": "a"})
    made = plan_all([home, host], [describe(home), describe(host)], NOW)
    assert [operations(each) for each in made] == [["write auth.json"], ["directory /etc/codex", f"write {SYSTEM}"]]


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"auth": auth_file({"content": chatgpt()})}, True),
        ({"auth": auth_file({"content": chatgpt()}), "config": config_file(FORCED_CHATGPT)}, False),
        ({"auth": auth_file({"api_key": KEY})}, False),
        ({}, False),
    ],
)
def test_a_file_of_the_host_is_compared_with_every_users_login(files: dict[str, FileFacts], refused: bool) -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    answer, bob = describe(wanted), other_home("bob", **files)
    if refused:
        with pytest.raises(CodexError, match=f"^forced_login_method in {SYSTEM} {NOT_ALLOWED}"):
            plan_all([wanted], [answer], NOW, [bob])
    else:
        (made,) = plan_all([wanted], [answer], NOW, [bob])
        assert data_written(made, SYSTEM) == {"forced_login_method": "api"}


def test_a_login_that_the_hosts_file_does_not_allow_already_is_a_warning_and_stops_nobody() -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    there = {"host_folder": host_folder(), "system": host_file(FORCED_API)}
    bob = other_home("bob", auth_file({"content": chatgpt()}), system=host_file(FORCED_API))
    (made,) = plan_all([wanted], [describe(wanted, **there)], NOW, [bob])
    assert not made.changes
    assert [w for w in made.warnings if NOT_ALLOWED in w]


def test_a_login_that_its_own_home_does_not_allow_stops_no_change_of_the_host() -> None:
    """What one user put into the home is not for the others to correct, and the change makes no difference to it."""
    bob = {"auth": auth_file({"content": chatgpt()}), "config": config_file(FORCED_API)}
    wanted = layer("system", settings={"model": "gpt-5"})
    (made,) = plan_all([wanted], [describe(wanted)], NOW, [other_home("bob", **bob)])
    assert data_written(made, SYSTEM) == {"model": "gpt-5"}
    assert [w for w in made.warnings if f"in /home/bob/.codex/config.toml {NOT_ALLOWED}" in w]
    # A file of the host that adds a reason of its own is refused as ever.
    wanted = layer("managed", preferred_auth_method="apikey", enforce_login_method=True)
    with pytest.raises(CodexError, match=f"forced_login_method in {MANAGED}"):
        plan_all([wanted], [describe(wanted)], NOW, [other_home("bob", **bob)])


def test_removing_a_file_of_the_host_may_give_another_one_its_effect() -> None:
    wanted = layer("managed", state="absent")
    answer = describe(wanted, managed=host_file(FORCED_CHATGPT), system=host_file(FORCED_API))
    bob = other_home(
        "bob", auth_file({"content": chatgpt()}), managed=host_file(FORCED_CHATGPT), system=host_file(FORCED_API)
    )
    with pytest.raises(CodexError, match=f"forced_login_method in {SYSTEM}"):
        plan_all([wanted], [answer], NOW, [bob])


def test_a_login_of_the_same_run_counts_not_the_one_that_it_replaces() -> None:
    """Migrating a host from keys to ChatGPT: the logins first, then the file that enforces them."""
    alice = desired(auth={"content": chatgpt(), "on_account_mismatch": "replace"})
    enforced = DesiredHome(config=layer("system", preferred_auth_method="chatgpt", enforce_login_method=True).config)
    key = auth_file({"api_key": KEY})
    answers = [describe(enforced, user="root"), describe(alice, auth=key)]
    other = other_home("alice", key)
    first, second = plan_all([enforced, alice], answers, NOW, [other])
    assert data_written(first, SYSTEM) == {"forced_login_method": "chatgpt"}
    assert operations(second) == ["write auth.json"]
    with pytest.raises(CodexError, match="an API key, which is what /home/bob/.codex/auth.json will hold"):
        plan_all([enforced, alice], answers, NOW, [other, other_home("bob", key)])


def test_a_home_that_cannot_be_looked_at_is_a_warning() -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    other: HomeAnswer = {"user": "bob", "error": {"reason": "no_home_directory", "user": "bob", "path": "/home/bob"}}
    (made,) = plan_all([wanted], [describe(wanted)], NOW, [other])
    assert any("was not checked" in warning and "bob" in warning for warning in made.warnings)


def test_a_workspace_of_another_users_token_is_a_warning() -> None:
    """It cannot be compared with what the host's file forces."""
    wanted = layer("system", settings={"forced_chatgpt_workspace_id": "account-2"})
    token = from_personal_access_token("at-fleet-test", "").summary()
    (made,) = plan_all([wanted], [describe(wanted)], NOW, [other_home("bob", file(auth=token))])
    assert [w for w in made.warnings if w.startswith(f"{SYSTEM} sets forced_chatgpt_workspace_id, and")]


def test_without_root_other_homes_are_not_looked_at_and_nothing_can_be_written() -> None:
    wanted = layer("system", settings={"model": "a"})
    other: HomeAnswer = {"user": None, "error": {"reason": "every_user_needs_root", "running": "alice"}}
    there = describe(wanted, host_folder=host_folder(), system=host_file(b'model = "a"\n'))
    (made,) = plan_all([wanted], [there], NOW, [other])
    assert (made.changes, made.warnings) == ([], [])


def test_a_variable_of_another_user_that_the_hosts_file_does_not_allow_is_refused() -> None:
    wanted = layer("system", preferred_auth_method="chatgpt", enforce_login_method=True)
    bob = other_home("bob", auth_file({"content": chatgpt()}), codex__env=file(variables={"CODEX_API_KEY": "digest"}))
    with pytest.raises(CodexError, match="^/home/bob/.codex/codex.env sets CODEX_API_KEY, which forced_login_method"):
        plan_all([wanted], [describe(wanted)], NOW, [bob])


def test_a_login_is_lost_for_one_reason_however_many_profiles_there_are() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    bob = other_home("bob", auth_file({"content": chatgpt()}), config=config_file(FORCED_API))
    bob["profiles"] = [{"path": f"/home/bob/.codex/{name}.config.toml", **config_file(b"")} for name in ("a", "b")]
    (made,) = plan_all([wanted], [describe(wanted)], NOW, [bob])
    assert [NOT_ALLOWED in warning for warning in made.warnings] == [True]


def test_the_workspace_of_another_users_token_is_not_known() -> None:
    wanted = layer("system", settings={"forced_chatgpt_workspace_id": "account-1"})
    token = auth_file({"content": {"personal_access_token": "at-fleet-test"}})
    (made,) = plan_all([wanted], [describe(wanted)], NOW, [other_home("bob", token)])
    assert [warning.startswith(f"{SYSTEM} sets forced_chatgpt_workspace_id") for warning in made.warnings] == [True]
