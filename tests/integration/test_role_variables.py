# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role's variables as people really write them: empty, vaulted, misspelled, or without an effect."""

from __future__ import annotations

import json
import subprocess
import textwrap
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import on_core
from ansible_collections.fleet.codex.tests.support.role import ROLE, log_in

from .leaks import Secrets

KEY = "fleet-test-key-variables"
LOCAL = {"host": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
NAMES = set(
    yaml.safe_load((CHECKOUT / "roles" / "codex" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
        "argument_specs"
    ]["main"]["options"]
)
REFUSED = {
    "codex_user": "user is empty",
    "codex_api_key": "auth.api_key is empty",
    "codex_personal_access_token": "auth.personal_access_token is empty",
    "codex_auth_src": "auth.src is empty",
    "codex_auth_content": "auth.content is empty",
    "codex_homes": "homes is empty",
    "codex_container": "container is empty",  # else the work would be done on the host itself
}


def role(name: str, **variables: t.Any) -> dict[str, t.Any]:
    return {
        "name": f"include {name}",
        "ansible.builtin.include_role": {"name": ROLE, "apply": {"ignore_errors": True}},
        "vars": variables,
    }


def run(playbook: Playbook, tasks: list[dict[str, t.Any]], *arguments: str, **play: t.Any) -> Run:
    environment = {"HOME": str(playbook.folder / "home"), "PATH": "/nonexistent"}
    return playbook.run(LOCAL, tasks, play={"environment": environment, **play}, arguments=arguments)


def outcomes(done: Run) -> list[dict[str, t.Any]]:
    """The results of the role's task in their order."""
    return [task.result for task in done.tasks if task.name.startswith(f"{ROLE} : Log ")]


def holds_for_empty_variables(playbook: Playbook) -> None:
    cases = [(name, value) for name in sorted(REFUSED) for value in ("", None)]
    other = NAMES - {*REFUSED}
    tasks = [role(f"{name} {value!r}", **({"codex_api_key": KEY} | {name: value})) for name, value in cases]
    tasks += [role("all", codex_api_key=KEY, **dict.fromkeys(other, value)) for value in ("", None)]
    omitted = dict.fromkeys(NAMES - {"codex_api_key"}, "{{ omit }}")
    tasks += [role("omit", codex_api_key=KEY, **omitted), role("none", codex_homes=[])]
    logins = [name for name in REFUSED if name.startswith(("codex_api", "codex_personal", "codex_auth"))]
    tasks += [role("no login", codex_settings={"model": "gpt-5"}, **dict.fromkeys(logins, "{{ omit }}"))]
    done = run(playbook, tasks, "--check")
    assert done.rc == 0, done.output
    *refused, empty, null, omitted, none, no_login = outcomes(done)
    assert [
        (case, result.get("msg"))
        for case, result in zip(cases, refused, strict=True)
        if not result.get("failed") or not result["msg"].startswith(f"{REFUSED[case[0]]}.")
    ] == []
    for result in (empty, null, omitted):
        assert "homes" in result, result["msg"]
        (home,) = result["homes"]
        assert home["auth"]["changed"] is True
        assert home["environment"]["variables"] == ["OPENAI_API_KEY"]
        assert "config" not in home
    assert (none["changed"], none["homes"]) == (False, [])
    (home,) = no_login["homes"]
    assert ("auth" in home, home["config"]["changed"], home["environment"]["variables"]) == (False, True, [])


@pytest.mark.repeats("another core")
def test_an_empty_variable_is_refused_by_name_or_not_given(playbook: Playbook) -> None:
    holds_for_empty_variables(playbook)


@on_core("oldest")
def test_an_empty_variable_in_other_cores(other_core: Playbook) -> None:
    holds_for_empty_variables(other_core)


def holds_for_wrong_types(playbook: Playbook) -> None:
    """They are refused in one sentence that quotes no value, and Ansible does not print them either."""
    secrets = Secrets()
    key, inner = secrets.make("key"), secrets.make("inner")
    homes = [inner, {"user": inner}, [inner], [{"auth": {"api_key": inner}}, inner], 5]
    variables = [inner, f"A={inner}", [inner], [{"A": inner}], True, 5]
    done = run(
        playbook,
        [role(f"homes {n}", codex_homes=value) for n, value in enumerate(homes)]
        + [role(f"environment {n}", codex_api_key=key, codex_environment=value) for n, value in enumerate(variables)],
        "-vvv",
    )
    messages = [result.get("msg") for result in outcomes(done)]
    assert messages == [
        *["codex_homes must be a list of homes, each a dictionary such as {user: alice}."] * len(homes),
        *["codex_environment must be a dictionary of names and values."] * len(variables),
    ]
    assert not (playbook.folder / "home" / ".codex").exists()
    assert secrets.find(done.output.encode(), "the output") == []


@pytest.mark.repeats("another core")
def test_wrong_types(playbook: Playbook) -> None:
    holds_for_wrong_types(playbook)


@on_core("oldest")
def test_wrong_types_in_other_cores(other_core: Playbook) -> None:
    holds_for_wrong_types(other_core)


def encrypted(playbook: Playbook, secret: str, indent: str) -> str:
    """The text as ``ansible-vault encrypt_string`` prints it."""
    done = subprocess.run(
        [str(playbook.program.with_name("ansible-vault")), "encrypt_string", "--vault-id", "codex@password"],
        input=secret,
        cwd=playbook.folder,
        env={"HOME": str(playbook.folder / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return textwrap.indent(done.stdout.strip(), indent).strip()


def holds_for_inline_vaults(playbook: Playbook) -> None:
    """With the key in a variable of the role, in options of modules, and among variables of the environment."""
    wanted = Secrets()
    (playbook.folder / "password").write_text("fleet-test-password")
    key = {name: encrypted(playbook, wanted.make(name), " " * 20) for name in ("role", "option", "entry", "value")}
    (playbook.folder / "host_vars").mkdir()
    (playbook.folder / "host_vars" / "host.yml").write_text(f"codex_api_key: {key['role']}\n")
    home = playbook.folder / "home"
    (playbook.folder / "vaulted.yml").write_text(f"""\
- hosts: all
  environment: {{HOME: "{home}", PATH: /nonexistent}}
  tasks:
    - ansible.builtin.include_role: {{name: {ROLE}}}
    - name: option
      fleet.codex.codex_auth_file:
        codex_home: {home}/option
        api_key: {key["option"]}
    - name: entry
      fleet.codex.codex_home:
        homes:
          - codex_home: {home}/entry
            auth:
              api_key: {key["entry"]}
            environment:
              PLAIN: {key["value"]}
              SHOWN: shown
""")
    done = playbook.run(LOCAL, [], arguments=["--diff", "-vvv", "--vault-id", "codex@password"], name="vaulted.yml")
    assert done.rc == 0, done.output
    found = {
        path: json.loads((home / path / "auth.json").read_text())["OPENAI_API_KEY"] for path in ("option", "entry")
    }
    found["role"] = json.loads((home / ".codex" / "auth.json").read_text())["OPENAI_API_KEY"]
    assert found == {name: wanted.make(name) for name in found}
    assert f"PLAIN={wanted.make('value')}\n" in (home / "entry" / "codex.env").read_text()
    assert wanted.find(done.output.encode(), "output") == []
    shown = [diff["after"] for diff in done.one("entry").result["diff"] if diff["after_header"].endswith("codex.env")]
    assert shown == [f"CODEX_HOME={home}/entry\nPLAIN=********\nSHOWN=shown\n"]


@pytest.mark.repeats("another core")
def test_inline_vaults(playbook: Playbook) -> None:
    holds_for_inline_vaults(playbook)


@on_core("newest")
def test_inline_vaults_in_other_cores(other_core: Playbook) -> None:
    holds_for_inline_vaults(other_core)


def test_a_variable_without_an_effect_is_told(playbook: Playbook) -> None:
    done = run(
        playbook,
        [
            role("beside", codex_user="bob", codex_api_key=KEY, codex_homes=[{"config": {"settings": {"model": "x"}}}]),
            role("misspelled", codex_apikey=KEY, codex_accounts=["x"]),
            role("undefined", codex_api_key="{{ missing }}"),
        ],
        "--check",
    )
    beside, misspelled, *_undefined = outcomes(done)
    assert beside["failed"] is True
    assert beside["msg"].startswith(
        "codex_homes replaces the variables for one user, so codex_user and codex_api_key would have no effect."
    )
    (warning,) = misspelled["warnings"]
    assert "no variable codex_apikey" in warning
    assert "nearest is codex_api_key" in warning
    assert KEY not in done.output
    assert any("'missing' is undefined" in task.message for task in done.tasks)


def holds_for_group_defaults(playbook: Playbook) -> None:
    """The role and all modules: of the group's defaults, each takes the options that it has."""
    home = playbook.folder / "home"
    defaults = {"codex_home": f"{home}/far", "on_account_mismatch": "replace", "settings": {"model": "x"}}
    defaults |= {"codex_version": "0.150.0", "dest": f"{home}/copy.json"}
    tasks = [
        role("flat", codex_api_key=KEY),
        {"name": "file", "fleet.codex.codex_auth_file": {"api_key": KEY}},
        {"name": "config", "fleet.codex.codex_config": {}},
        {"name": "info", "fleet.codex.codex_info": {}},
    ]
    done = run(playbook, tasks, module_defaults={"group/fleet.codex.codex": defaults})
    assert done.rc == 0, done.output
    (result,) = outcomes(done)
    assert result["homes"][0]["codex_home"] == f"{home}/far"
    assert [done.one(name).changed for name in ("file", "config", "info")] == [False, True, False]
    assert done.one("info").result["homes"][0]["codex_home"] == f"{home}/far"
    wrong = {"name": "wrong", "fleet.codex.codex_info": {"usr": "x"}}
    assert "Unsupported parameters" in run(playbook, [wrong]).failure()


@pytest.mark.repeats("another core")
def test_defaults_of_the_group_break_no_module(playbook: Playbook) -> None:
    holds_for_group_defaults(playbook)


def test_defaults_of_the_group_in_other_cores(other_core: Playbook) -> None:
    holds_for_group_defaults(other_core)


def test_each_item_of_a_loop_says_whose_login_it_is(playbook: Playbook) -> None:
    task = role("loop", codex_user="{{ item }}", codex_api_key=KEY)
    task |= {"loop": ["fleet-nobody-1", "fleet-nobody-2"]}
    done = run(playbook, [task])
    named = [task.name for task in done.tasks if task.name.startswith(f"{ROLE} : Log ")]
    assert named == [f"{ROLE} : {log_in(f'fleet-nobody-{n}')}" for n in (1, 2)]
    assert [result["msg"].split(" on this host")[0] for result in outcomes(done)] == [
        f"There is no user fleet-nobody-{n}" for n in (1, 2)
    ]
