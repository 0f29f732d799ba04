"""The layers of the configuration: where each is written, what is refused, and which value counts."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.module_utils.auth_facts import summarise_auth
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.home_report import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import HomePlan, plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer

from .test_plan import KEY, NOW, auth_file, chatgpt, config_file, desired, file, found, plan, words

SYSTEM, MANAGED, REQUIREMENTS = (f"/etc/codex/{name}.toml" for name in ("config", "managed_config", "requirements"))
FORCED_API, FORCED_CHATGPT = b'forced_login_method = "api"\n', b'forced_login_method = "chatgpt"\n'
PROFILE = {"path": "/home/alice/.codex/work.config.toml", **config_file(b"")}


def host_file(content: bytes, mode: int = 0o644, owner: str = "root") -> FileFacts:
    return config_file(content, mode) | t.cast(FileFacts, {"owner": owner})


def folder(mode: int = 0o755) -> FileFacts:
    return t.cast(FileFacts, {"kind": "directory", "mode": mode, "owner": "root"})


def layer(name: str, version: str | None = None, **config: t.Any) -> DesiredHome:
    return desired(config={"layer": name, **config}, **({"codex_version": version} if version else {}))


def content(made: HomePlan, path: str) -> dict[str, t.Any]:
    """The data of the file that the plan writes there."""
    (write,) = (o for o in made.operations if o["operation"] == "write" and o["path"] == path)
    return tomli.loads(base64.b64decode(write["content"]).decode())


@pytest.mark.parametrize(
    ("name", "version", "base", "path", "data"),
    [
        ("user", None, "codex_home", "config.toml", {"model": "gpt-5"}),
        ("system", None, "host", SYSTEM, {"model": "gpt-5"}),
        ("managed", "0.45.0", "host", MANAGED, {"model": "gpt-5"}),
        ("requirements", "0.169.0", "host", REQUIREMENTS, {"model": "gpt-5"}),
        ("profile:work", "0.133.0", "codex_home", "config.toml", {"profiles": {"work": {"model": "gpt-5"}}}),
        ("profile:work", "0.134.0", "codex_home", "work.config.toml", {"model": "gpt-5"}),
    ],
)
def test_each_layer_goes_where_that_codex_reads_it(
    name: str, version: str | None, base: str, path: str, data: dict[str, t.Any]
) -> None:
    wanted = layer(name, version, settings={"model": "gpt-5"})
    made = plan(wanted, found(wanted, **({"host_folder": folder()} if base == "host" else {})))
    (write,) = made.operations
    assert (write["base"], write["path"], write["mode"]) == (base, path, 0o644 if base == "host" else 0o600)
    assert content(made, path) == data
    assert made.result["config"]["path"] == (path if base == "host" else f"/home/alice/.codex/{path}")


@pytest.mark.parametrize(
    "name", ["profile", "profile:", "profile:a/b", "profile:..", "user:x", "system:x", "project", ""]
)
def test_a_layer_that_there_is_not_is_refused(name: str) -> None:
    if name == "":
        assert desired(config={"layer": name}).config == desired(config={}).config
    else:
        with pytest.raises(CodexError, match="layer must be user, system"):
            layer(name)


@pytest.mark.parametrize(
    ("name", "version", "words_"),
    [
        ("profile:work", None, "Give codex_version"),
        ("system", "0.79.0", "does not read /etc/codex/config.toml; 0.80 and later do"),
        ("managed", "0.44.0", "0.45 and later"),
        ("requirements", "0.79.0", "0.80 and later"),
    ],
)
def test_a_layer_that_the_version_does_not_read_is_refused(name: str, version: str | None, words_: str) -> None:
    wanted = layer(name, version, settings={"model": "gpt-5"})
    with pytest.raises(CodexError, match=words_):
        plan(wanted, found(wanted))


@pytest.mark.parametrize("name", ["profile:work", "requirements"])
@pytest.mark.parametrize("option", [{"preferred_auth_method": "apikey"}, {"enforce_login_method": True}])
def test_the_choice_of_login_is_refused_where_it_has_no_effect(name: str, option: dict[str, t.Any]) -> None:
    with pytest.raises(CodexError, match=f"{next(iter(option))} has no effect in the layer"):
        layer(name, **option)


@pytest.mark.parametrize("name", ["system", "managed"])
def test_a_method_that_is_only_preferred_is_refused_in_a_file_of_the_host(name: str) -> None:
    """No version that reads such a file acts on preferred_auth_method: it can only say what is enforced."""
    with pytest.raises(CodexError, match="preferred_auth_method has no effect in the layer .* enforce_login_method"):
        layer(name, preferred_auth_method="apikey")


def test_the_folder_of_the_host_is_made_and_opened() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    made = plan(wanted, found(wanted))
    assert words(made) == ["directory /etc/codex", f"write {SYSTEM}"]
    assert made.operations[0]["mode"] == 0o755
    made = plan(wanted, found(wanted, host_folder=folder(0o700), system=host_file(b'model = "gpt-5"\n', 0o600)))
    assert [(o["path"], o["mode"]) for o in made.operations] == [("/etc/codex", 0o755), (SYSTEM, 0o644)]
    assert not plan(wanted, found(wanted, host_folder=folder(), system=host_file(b'model = "gpt-5"\n'))).changes


@pytest.mark.parametrize("mode", ["0600", "0664", "0646", "0755", 0o640])
def test_a_mode_that_keeps_accounts_out_or_lets_them_write_is_refused(mode: object) -> None:
    with pytest.raises(CodexError, match='mode must be "0644" or "0444"'):
        layer("managed", mode=mode)


@pytest.mark.parametrize(
    "settings",
    [
        {"model_providers": {"own": {"experimental_bearer_token": KEY}}},
        {"mcp_servers": {"own": {"env": {"ANY": KEY}}}},
        {"model_providers": {"own": {"base_url": f"https://{KEY}@fleet.test"}}},
        {"hooks": [{"secret": KEY}]},
    ],
)
def test_what_may_be_a_secret_goes_into_no_file_of_the_host(settings: dict[str, t.Any]) -> None:
    with pytest.raises(CodexError, match="may hold a secret, and every account") as caught:
        layer("system", settings=settings)
    assert KEY not in str(caught.value)


SECRET = f'[otel.exporter.otlp-http.headers]\nany = "{KEY}"\n'.encode()


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"managed": host_file(SECRET, 0o640)}, MANAGED),
        ({"managed": host_file(SECRET, 0o644), "host_folder": folder(0o750)}, MANAGED),
        ({"managed": host_file(b""), "system": host_file(SECRET), "host_folder": folder(0o750)}, SYSTEM),
        ({"managed": host_file(b""), "system": host_file(SECRET, 0o640), "host_folder": folder(0o750)}, None),
        ({"managed": host_file(SECRET)}, None),
        ({"managed": host_file(b"", 0o640)}, None),
    ],
)
def test_what_may_be_a_secret_is_not_opened_to_every_account(files: dict[str, FileFacts], refused: str | None) -> None:
    """An administrator may have given a file, or the folder, to a group."""
    wanted = layer("managed", settings={"model": "gpt-5"})
    answer = found(wanted, **{"host_folder": folder(), **files})
    if refused is None:
        assert plan(wanted, answer).changes
        return
    with pytest.raises(CodexError, match=f"^{refused}: otel.*any may hold a secret") as caught:
        plan(wanted, answer)
    assert KEY not in str(caught.value)
    public = layer("managed", settings={"model": "gpt-5"}, public_keys=[["otel"]])
    assert plan(public, found(public, **{"host_folder": folder(), **files})).changes


def test_a_file_of_the_host_wants_root() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    with pytest.raises(CodexError, match="Writing /etc/codex/config.toml needs root"):
        plan(wanted, found(wanted) | t.cast(HomeAnswer, {"root": False}))
    answer = found(wanted, host_folder=folder(), system=host_file(b'model = "gpt-5"\n'))
    assert not plan(wanted, answer | t.cast(HomeAnswer, {"root": False})).changes  # nothing to write


def test_a_profile_is_removed_where_it_stands() -> None:
    wanted = layer("profile:work", "0.58.0", state="absent")
    there = config_file(b'model = "a"\n\n[profiles.work]\nmodel = "b"\n\n[profiles.play]\nmodel = "c"\n')
    made = plan(wanted, found(wanted, config=there))
    assert content(made, "config.toml") == {"model": "a", "profiles": {"play": {"model": "c"}}}
    wanted = layer("profile:work", "0.169.0", state="absent")
    assert words(plan(wanted, found(wanted, config=there, profile=config_file(b"")))) == ["remove work.config.toml"]
    assert not plan(wanted, found(wanted, config=there)).changes


def test_a_table_that_keeps_codex_from_reading_the_profile_is_told() -> None:
    wanted = layer("profile:work", "0.134.0", settings={"model": "b"})
    warnings = plan(wanted, found(wanted, config=config_file(b'[profiles.work]\nmodel = "b"\n'))).warnings
    assert any("still has the table profiles.work" in warning for warning in warnings)
    assert not plan(wanted, found(wanted, config=config_file(b'[profiles.play]\nmodel = "b"\n'))).warnings


# A login that the configuration does not allow is deleted by Codex itself: whatever would do that is refused.
# The second account's id, as `forced_chatgpt_workspace_id` of another workspace than that of `chatgpt()`.
OTHER_WORKSPACE = b'forced_chatgpt_workspace_id = "account-2"\n'


@pytest.mark.parametrize(
    ("login", "files", "words_"),
    [
        ("apikey", {"config": FORCED_CHATGPT}, "/home/alice/.codex/config.toml"),
        ("apikey", {"system": FORCED_CHATGPT}, SYSTEM),
        ("apikey", {"managed": FORCED_CHATGPT}, MANAGED),
        ("apikey", {"managed": FORCED_API, "config": FORCED_CHATGPT}, None),
        ("apikey", {"config": FORCED_API, "system": FORCED_CHATGPT}, None),
        ("apikey", {"managed": FORCED_CHATGPT, "config": FORCED_API}, MANAGED),
        ("apikey", {"requirements": FORCED_CHATGPT}, None),
        ("apikey", {"profiles": FORCED_CHATGPT}, "work.config.toml"),
        ("apikey", {"profiles": FORCED_CHATGPT, "config": FORCED_API}, "work.config.toml"),
        ("apikey", {"profiles": FORCED_CHATGPT, "managed": FORCED_API}, None),
        ("apikey", {"profiles": FORCED_API, "config": FORCED_CHATGPT}, "/home/alice/.codex/config.toml"),
        ("apikey", {"system": OTHER_WORKSPACE}, None),
        ("chatgpt", {"system": FORCED_API}, SYSTEM),
        ("chatgpt", {"system": FORCED_CHATGPT}, None),
        ("chatgpt", {"system": OTHER_WORKSPACE}, SYSTEM),
        ("chatgpt", {"managed": OTHER_WORKSPACE}, MANAGED),
        ("chatgpt", {"profiles": OTHER_WORKSPACE}, "work.config.toml"),
        ("chatgpt", {"managed": b'forced_chatgpt_workspace_id = "account-1"\n', "system": OTHER_WORKSPACE}, None),
        ("chatgpt", {"managed": b'forced_chatgpt_workspace_id = ""\n', "config": OTHER_WORKSPACE}, None),
    ],
)
def test_a_login_survives_every_layer_or_is_not_deployed(
    login: str, files: dict[str, bytes], words_: str | None
) -> None:
    auth: dict[str, t.Any] = {"api_key": KEY} if login == "apikey" else {"content": chatgpt()}
    wanted = desired(auth=auth)
    profiles = [PROFILE | config_file(files["profiles"])] if "profiles" in files else []
    described = {name: config_file(data) for name, data in files.items() if name != "profiles"}
    answer = found(wanted, **described) | t.cast(HomeAnswer, {"profiles": profiles})
    if words_ is None:
        assert plan(wanted, answer).changes
    else:
        with pytest.raises(CodexError, match="Codex would delete the login") as caught:
            plan(wanted, answer)
        assert words_ in str(caught.value)


@pytest.mark.parametrize(
    ("key", "mode", "account_id", "deleted_by"),
    [
        (KEY, None, "account-1", FORCED_CHATGPT),
        (KEY, "apikey", "account-1", FORCED_CHATGPT),
        (None, "chatgpt", "account-2", FORCED_API),
        (None, None, "account-2", FORCED_API),
    ],
)
def test_a_file_with_two_logins_is_one_that_can_be_lost(
    key: str | None, mode: str | None, account_id: str, deleted_by: bytes
) -> None:
    """Measured on 0.58, 0.94 and 0.169: Codex deletes it with all that is in it."""
    tokens = chatgpt()["tokens"] | {"account_id": account_id}
    data = json.dumps(chatgpt() | {"auth_mode": mode, "OPENAI_API_KEY": key, "tokens": tokens}).encode()
    there = file(data, auth=summarise_auth(data))
    wanted = layer("managed", settings=tomli.loads(deleted_by.decode()))
    with pytest.raises(CodexError, match="Codex would delete the login"):
        plan_homes([wanted], [found(wanted)], NOW, [others("bob", there)])
    answer = others("bob", there, config=config_file(b"".join({FORCED_API, FORCED_CHATGPT} - {deleted_by})))
    wanted = layer("system", settings={"model": "gpt-5"})
    assert not plan_homes([wanted], [found(wanted)], NOW, [answer])[0].warnings


def test_profiles_that_were_not_all_looked_at_are_told() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = found(wanted) | t.cast(HomeAnswer, {"all_profiles": False})
    (warning,) = plan(wanted, answer).warnings
    assert warning.startswith("/home/alice/.codex has more files of profiles than are looked at")


def others(name: str, auth: FileFacts | None = None, **files: FileFacts) -> HomeAnswer:
    """What describe says of the home of an account that the task does not name."""
    wanted = DesiredHome(user=name)
    return found(wanted, user=name, **({"auth": auth} if auth else {}), **files)


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"auth": auth_file({"content": chatgpt()})}, True),
        ({"auth": auth_file({"content": chatgpt()}), "config": config_file(FORCED_CHATGPT)}, False),
        ({"auth": auth_file({"api_key": KEY})}, False),
        ({}, False),
    ],
)
def test_a_file_of_the_host_is_held_against_every_accounts_login(files: dict[str, FileFacts], refused: bool) -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    answer, bob = found(wanted), others("bob", **files)
    if refused:
        with pytest.raises(CodexError, match="would not be the method of /home/bob/.codex/auth.json"):
            plan_homes([wanted], [answer], NOW, [bob])
    else:
        (made,) = plan_homes([wanted], [answer], NOW, [bob])
        assert content(made, SYSTEM) == {"forced_login_method": "api"}


def test_a_login_that_the_hosts_file_does_not_allow_already_is_told_and_stops_nobody() -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    there = {"host_folder": folder(), "system": host_file(FORCED_API)}
    bob = others("bob", auth_file({"content": chatgpt()}), system=host_file(FORCED_API))
    (made,) = plan_homes([wanted], [found(wanted, **there)], NOW, [bob])
    assert not made.changes
    assert [w for w in made.warnings if "would not be the method of /home/bob/.codex/auth.json" in w]


def test_a_login_that_its_own_home_does_not_allow_stops_no_change_of_the_host() -> None:
    """What one account put into its own home is for nobody else to mend, and the change makes no difference to it."""
    bob = {"auth": auth_file({"content": chatgpt()}), "config": config_file(FORCED_API)}
    wanted = layer("system", settings={"model": "gpt-5"})
    (made,) = plan_homes([wanted], [found(wanted)], NOW, [others("bob", **bob)])
    assert content(made, SYSTEM) == {"model": "gpt-5"}
    assert [w for w in made.warnings if "in /home/bob/.codex/config.toml would not be the method" in w]
    # A file of the host that adds a reason of its own is refused as ever.
    wanted = layer("managed", preferred_auth_method="apikey", enforce_login_method=True)
    with pytest.raises(CodexError, match=f"forced_login_method in {MANAGED}"):
        plan_homes([wanted], [found(wanted)], NOW, [others("bob", **bob)])


def test_removing_a_file_of_the_host_may_give_another_one_its_effect() -> None:
    wanted = layer("managed", state="absent")
    answer = found(wanted, managed=host_file(FORCED_CHATGPT), system=host_file(FORCED_API))
    bob = others(
        "bob", auth_file({"content": chatgpt()}), managed=host_file(FORCED_CHATGPT), system=host_file(FORCED_API)
    )
    with pytest.raises(CodexError, match=f"forced_login_method in {SYSTEM}"):
        plan_homes([wanted], [answer], NOW, [bob])


def test_removing_config_toml_may_give_a_file_of_the_host_its_effect() -> None:
    wanted = desired(config={"state": "absent"})
    there = {
        "auth": auth_file({"api_key": KEY}),
        "config": config_file(FORCED_API),
        "system": host_file(FORCED_CHATGPT),
    }
    with pytest.raises(CodexError, match=f"forced_login_method in {SYSTEM}"):
        plan(wanted, found(wanted, **there))


def test_a_login_of_the_same_run_counts_not_the_one_that_it_replaces() -> None:
    """Migrating a host from keys to ChatGPT: the logins first, then the file that enforces them."""
    alice = desired(auth={"content": chatgpt(), "on_account_mismatch": "replace"})
    enforced = DesiredHome(config=layer("system", preferred_auth_method="chatgpt", enforce_login_method=True).config)
    key = auth_file({"api_key": KEY})
    answers = [found(enforced, user="root"), found(alice, auth=key)]
    other = others("alice", key)
    first, second = plan_homes([enforced, alice], answers, NOW, [other])
    assert content(first, SYSTEM) == {"forced_login_method": "chatgpt"}
    assert words(second) == ["write auth.json"]
    with pytest.raises(CodexError, match="/home/bob/.codex/auth.json, which holds an API key"):
        plan_homes([enforced, alice], answers, NOW, [other, others("bob", key)])


def test_a_home_that_cannot_be_looked_at_is_told() -> None:
    wanted = layer("system", preferred_auth_method="apikey", enforce_login_method=True)
    other: HomeAnswer = {"user": "bob", "obstacle": {"reason": "no_home", "user": "bob", "path": "/home/bob"}}
    (made,) = plan_homes([wanted], [found(wanted)], NOW, [other])
    assert any("was not checked" in warning and "bob" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("login", "variable", "forced", "refused"),
    [
        ("chatgpt", "CODEX_API_KEY", FORCED_CHATGPT, True),
        ("apikey", "CODEX_API_KEY", FORCED_API, False),
        ("apikey", "CODEX_ACCESS_TOKEN", FORCED_API, True),
        ("chatgpt", "CODEX_ACCESS_TOKEN", FORCED_CHATGPT, False),
        ("chatgpt", "OPENAI_API_KEY", FORCED_CHATGPT, False),
    ],
)
@pytest.mark.parametrize("place", ["declared", "codex.env"])
def test_a_variable_that_makes_codex_delete_a_right_login_is_refused(
    login: str, variable: str, forced: bytes, refused: bool, place: str
) -> None:
    auth = auth_file({"api_key": KEY} if login == "apikey" else {"content": chatgpt()})
    more: dict[str, FileFacts] = {"auth": auth, "config": config_file(forced)}
    if place == "declared":
        wanted = desired(environment={variable: "x"})
    else:
        wanted = desired(auth={"api_key": KEY} if login == "apikey" else {"content": chatgpt()})
        more["codex__env"] = file(variables=[variable], lines=[])
    if refused:
        with pytest.raises(CodexError, match=f"sets {variable}, which forced_login_method in .* does not allow"):
            plan(wanted, found(wanted, **more))
    else:
        plan(wanted, found(wanted, **more))


@pytest.mark.parametrize(
    ("managed", "settings", "keys"),
    [
        (b'model = "a"\n', {"model": "b"}, "model"),
        (b'model = "b"\n', {"model": "b"}, None),
        (b"[tui]\nnotifications = true\n", {"tui": {"notifications": False, "theme": "x"}}, "tui.notifications"),
        (b"tui = 1\n", {"tui": {"notifications": False}}, "tui"),
        (b'[other]\nmodel = "a"\n', {"model": "b"}, None),
    ],
)
def test_values_that_codex_will_not_use_are_told(managed: bytes, settings: dict[str, t.Any], keys: str | None) -> None:
    wanted = desired(config={"settings": settings})
    warnings = plan(wanted, found(wanted, managed=host_file(managed))).warnings
    told = [warning for warning in warnings if "and Codex uses those" in warning]
    assert told == ([f"{MANAGED} has other values for {keys}, and Codex uses those."] if keys else [])
    older = desired(config={"settings": settings}, codex_version="0.44.0")
    assert not plan(older, found(older, managed=host_file(managed))).warnings


def test_a_value_in_a_profile_table_that_codex_will_not_use_is_no_matter_of_the_top() -> None:
    wanted = layer("profile:work", "0.58.0", settings={"model": "b"})
    assert not plan(wanted, found(wanted, managed=host_file(b'model = "a"\n'))).warnings


def test_a_requirement_with_which_codex_does_not_start_is_refused() -> None:
    """The one key that it shares with config.toml (measured on 0.155 and 0.169); the others are of another kind."""
    settings = {"cli_auth_credentials_store": "elsewhere"}
    with pytest.raises(CodexError, match="cli_auth_credentials_store accepts file, keyring"):
        plan(wanted := layer("requirements", settings=settings), found(wanted))
    wanted = layer("requirements", settings={"cli_auth_credentials_store": "file", "profile": 1})
    assert plan(wanted, found(wanted)).changes


def test_requirements_that_codex_ignores_are_told() -> None:
    wanted = layer("requirements", settings={"model": "b", "allowed_approval_policies": ["never"]})
    assert plan(wanted, found(wanted)).warnings == [f"Codex ignores model in {REQUIREMENTS}."]


@pytest.mark.parametrize(
    ("files", "version", "path"),
    [
        ({"system": b'cli_auth_credentials_store = "keyring"\n'}, None, SYSTEM),
        (
            {"system": b'cli_auth_credentials_store = "keyring"\n', "config": b'cli_auth_credentials_store = "file"\n'},
            None,
            "",
        ),
        (
            {"managed": b'cli_auth_credentials_store = "auto"\n', "config": b'cli_auth_credentials_store = "file"\n'},
            None,
            MANAGED,
        ),
        ({"requirements": b'cli_auth_credentials_store = "keyring"\n'}, "0.155.0", REQUIREMENTS),
        ({"requirements": b'cli_auth_credentials_store = "keyring"\n'}, "0.140.0", ""),
    ],
)
def test_a_store_of_any_layer_that_hides_the_file_is_told(
    files: dict[str, bytes], version: str | None, path: str
) -> None:
    wanted = desired(auth={"api_key": KEY}, codex_version=version)
    warnings = plan(wanted, found(wanted, **{name: config_file(data) for name, data in files.items()})).warnings
    assert [warning.partition(" ")[0] for warning in warnings] == ([path] if path else [])


def test_a_file_of_the_host_that_codex_cannot_read_is_told() -> None:
    wanted = desired(auth={"api_key": KEY})
    warnings = plan(wanted, found(wanted, managed=host_file(b"model = \n"))).warnings
    assert any(warning.startswith(f"{MANAGED} is not valid TOML (line 1") for warning in warnings)


@pytest.mark.parametrize(
    ("kind", "words_"),
    [
        ("file", "/etc/codex is not a folder, so no file of the host can be there. Move it away."),
        ("dangling", "/etc/codex is a symbolic link to nothing. Create the folder it points to, or remove the link."),
    ],
)
def test_what_stands_in_the_place_of_the_hosts_folder_is_named_as_what_it_is(kind: str, words_: str) -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    with pytest.raises(CodexError) as caught:
        plan(wanted, found(wanted, host_folder=t.cast(FileFacts, {"kind": kind, "mode": 0o644, "owner": "root"})))
    assert str(caught.value) == words_


def test_codex_info_tells_texts_whatever_a_config_holds() -> None:
    """Values of other types are the account's mistake; results of ansible-core 2.18 cannot hold all of TOML's."""
    there = config_file(b"preferred_auth_method = 07:32:00\nforced_login_method = { at = 07:32:00 }\n")
    config = home_report(found(DesiredHome(user="alice"), config=there), None, NOW)["config"]
    assert (config["valid"], config["preferred_auth_method"], config["forced_login_method"]) == (True, None, None)


def test_one_file_of_the_host_is_declared_once() -> None:
    one = layer("system", settings={"model": "a"})
    with pytest.raises(CodexError, match="The file /etc/codex/config.toml is declared twice"):
        plan_homes([one, one], [found(one), found(one)], NOW)


def test_codex_info_tells_the_value_that_counts_and_the_files_it_looked_at() -> None:
    answer = found(DesiredHome(user="alice"), config=config_file(FORCED_API), managed=host_file(FORCED_CHATGPT))
    config = home_report(answer, None, NOW)["config"]
    assert config["forced_login_method"] == "chatgpt"
    assert config["host_files"] == [MANAGED]


@pytest.mark.parametrize(
    ("files", "version", "problems"),
    [
        ({"config": b'profile = "work"\n'}, "0.169.0", ["/home/alice/.codex/config.toml: profile keeps Codex 0.169.0"]),
        ({"config": b'profile = "work"\n'}, "0.130.0", []),
        ({"config": b'profile = "work"\n'}, None, []),
        ({"system": b'forced_login_method = "apikey"\n'}, None, [f"{SYSTEM}: forced_login_method accepts api"]),
        ({"managed": b"a = \n"}, None, [f"{MANAGED} is not valid TOML (line 1"]),
        ({"config": b"a = \n"}, None, ["/home/alice/.codex/config.toml is not valid TOML (line 1"]),
    ],
)
def test_codex_info_tells_what_keeps_codex_from_starting(
    files: dict[str, bytes], version: str | None, problems: list[str]
) -> None:
    answer = found(DesiredHome(user="alice"), **{name: config_file(data) for name, data in files.items()})
    config = home_report(answer, version, NOW)["config"]
    assert len(config["problems"]) == len(problems)
    assert all(told.startswith(words_) for told, words_ in zip(config["problems"], problems, strict=True))


def test_codex_info_tells_the_keys_that_the_version_no_longer_reads() -> None:
    answer = found(DesiredHome(user="alice"), config=config_file(b'preferred_auth_method = "apikey"\n'))
    assert home_report(answer, "0.169.0", NOW)["config"]["removed_keys"] == ["preferred_auth_method"]
    assert home_report(answer, "0.34.0", NOW)["config"]["removed_keys"] == []


def test_a_file_of_the_host_that_is_not_roots_becomes_so() -> None:
    wanted = layer("system", settings={"model": "a"})
    foreign = host_file(b'model = "a"\n', owner="bob")
    there = {"host_folder": folder(), "system": foreign | t.cast(FileFacts, {"mount_point": False})}
    made = plan(wanted, found(wanted, **there))
    assert (words(made), content(made, SYSTEM)) == ([f"write {SYSTEM}"], {"model": "a"})
    assert [(diff["before"], diff["after"]) for diff in made.diffs] == [("owner bob\n", "owner root\n")]


def test_a_mounted_file_of_the_host_keeps_its_owner_and_that_is_told_and_no_change() -> None:
    wanted = layer("system", settings={"model": "a"})
    foreign = host_file(b'model = "a"\n', owner="bob") | t.cast(FileFacts, {"mount_point": True})
    made = plan(wanted, found(wanted, host_folder=folder(), system=foreign))
    assert not made.changes
    assert [w for w in made.warnings if w.startswith(f"{SYSTEM} belongs to bob") and "mounted from" in w]


def test_a_store_that_hides_the_login_is_told_when_the_configuration_alone_is_declared() -> None:
    wanted = desired(config={"settings": {"cli_auth_credentials_store": "keyring"}})
    key = auth_file({"api_key": KEY})
    assert [w for w in plan(wanted, found(wanted, auth=key)).warnings if "may not read auth.json" in w]
    assert not plan(wanted, found(wanted)).warnings


@pytest.mark.parametrize("kind", ["oversized", "directory", "unreadable"])
def test_a_configuration_file_that_nobody_can_look_at_is_told(kind: str) -> None:
    wanted = desired(auth={"api_key": KEY})
    facts = t.cast(FileFacts, {"kind": kind, "mode": 0o644, "owner": "root"})
    assert [w for w in plan(wanted, found(wanted, managed=facts)).warnings if w.startswith(MANAGED)]
