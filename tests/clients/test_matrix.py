# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role with either login and each way to prefer one, and what each version of Codex makes of it.

FLEET_CODEX_MATRIX=all: sixteen versions, else the five of them that differ most. What they sent and said
is in tests/output/matrix.txt afterwards.
"""

from __future__ import annotations

import pathlib
import sys
import tomllib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import Execution, Status, own_etc, scratch, with_etc
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from . import matrix
from .harness import ALL_VERSIONS, chatgpt, start

# 0.20 knows neither setting, 0.34 preferred_auth_method and 0.58 forced_login_method; 0.94 reads auth_mode and
# 0.171 has new texts. tests/environment/codex.sh fetches these for other tests, too.
FIVE = ("0.20.0", "0.34.0", "0.58.0", "0.94.0", "0.171.0")
MORE = (
    "0.21.0",
    "0.23.0",
    "0.36.0",
    "0.45.0",
    "0.49.0",
    "0.80.0",
    "0.120.0",
    "0.139.0",
    "0.155.0",
    "0.164.0",
    "0.167.2",
)
VERSIONS = (*FIVE, *MORE) if ALL_VERSIONS else FIVE

LOGINS = ("apikey", "chatgpt")  # also the values of preferred_auth_method
PROFILE = "fleet"
MODEL = "fleet-test-model-of-the-layer"  # whoever asks for it has read that layer
# What stands in `config` of a home beside the login.
PREFERENCES: dict[str, dict[str, t.Any]] = {
    "none": {},
    "apikey": {"preferred_auth_method": "apikey"},
    "chatgpt": {"preferred_auth_method": "chatgpt"},
    "enforced": {"enforce_login_method": True},
    "system": {"layer": "system", "enforce_login_method": True, "settings": {"model": MODEL}},
    "profile": {"layer": f"profile:{PROFILE}", "settings": {"model": MODEL}},
}


class Deployed(t.NamedTuple):
    """The homes that one run of the role logged in with one kind of login; to it, ``etc`` was /etc."""

    login: str
    folder: pathlib.Path
    etc: pathlib.Path
    run: Run


def name_of(version: str, preference: str) -> str:
    return f"{version}-{preference}"


def api_key(name: str) -> str:
    return f"fleet-test-key-{name}"


def declared(login: str, name: str) -> tuple[dict[str, t.Any], str]:
    """`auth` of the home of that name, with a login of its own, and what Codex has to send there."""
    if login == "apikey":
        return {"api_key": api_key(name)}, api_key(name)
    return {"content": chatgpt(name)}, chatgpt(name)["tokens"]["access_token"]


def homes(login: str, folder: pathlib.Path) -> list[dict[str, t.Any]]:
    """`codex_homes`. The host's file is declared once, with the newest version, and is there for all."""
    found = []
    newest = max(VERSIONS, key=matrix.number)
    for version in VERSIONS:
        for preference, config in PREFERENCES.items():
            name = name_of(version, preference)
            (folder / name).mkdir()
            auth, _secret = declared(login, name)
            home = {"codex_home": str(folder / name / ".codex"), "codex_version": version, "auth": auth}
            declares = config and (preference != "system" or version == newest)
            found.append({**home, "config": config} if declares else home)
    return found


# A group for each login: one playbook serves all of its homes.
@pytest.fixture(
    name="deployed",
    scope="module",
    params=[pytest.param(login, marks=pytest.mark.xdist_group(f"matrix-{login}")) for login in LOGINS],
)
def _deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Deployed]:
    login = request.param
    with scratch() as folder:
        control, etc = folder / "control", own_etc(folder)
        control.mkdir()
        # The one user of the host. Logins that are on this machine have no part in it.
        (etc / "passwd").write_text(f"root:x:0:0::{folder}:/bin/sh\n", encoding="ascii")
        program = with_etc(pathlib.Path(sys.executable).with_name("ansible-playbook"), etc, control / "playbook")
        playbook = Playbook(tmp_path_factory.mktemp("playbook"), control, program)
        task = {
            "name": "role",
            "ansible.builtin.import_role": {"name": "fleet.codex.codex"},
            "vars": {"codex_homes": homes(login, folder)},
        }
        run = playbook.run({"host": {"ansible_connection": "local"}}, [task])
        assert any(run.changes())
        yield Deployed(login, folder, etc, run)


def read_settings(*paths: pathlib.Path) -> dict[str, dict[str, t.Any]]:
    """What the configuration files among the paths hold, by their names."""
    return {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()}


def expected_settings(login: str, preference: str, version: str) -> dict[str, dict[str, t.Any]]:
    """By file: in the home what this version acts on, and for all versions the host's."""
    number = matrix.number(version)
    settings: dict[str, t.Any] = {}
    if preference in LOGINS and (0, 23) <= number < (0, 36):
        settings = {"preferred_auth_method": preference}
    if preference == "system" or (preference == "enforced" and number >= (0, 49)):
        settings = {"forced_login_method": {"apikey": "api", "chatgpt": "chatgpt"}[login]}
    if preference == "system":
        settings["model"] = MODEL
    if preference == "profile" and number >= (0, 134):
        return {f"{PROFILE}.config.toml": {"model": MODEL}}
    if preference == "profile":
        settings = {"profiles": {PROFILE: {"model": MODEL}}}
    return {"config.toml": settings} if settings else {}


def expected_answer(login: str, name: str, version: str) -> str:
    """The line with which this version says that it is logged in; of a key it shows the begin and the end."""
    if login == "chatgpt":
        return "Logged in using ChatGPT"
    begin = "API key configured" if matrix.number(version) >= (0, 164) else "Logged in using an API key"
    return f"{begin} - {api_key(name)[:8]}***{api_key(name)[-5:]}"


def sent(execution: Execution, login: str, secret: str) -> str:
    """As the table calls it."""
    if execution.authorization in ([], [""]):
        return "nothing"
    return {"apikey": "key", "chatgpt": "token"}[login] if execution.authorization == [f"Bearer {secret}"] else "OTHER"


def said(status: Status) -> str:
    """As the table calls it."""
    return "configured" if "API key configured" in status.text else {"apikey": "key"}.get(status.method, status.method)


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("version", VERSIONS)
def test_codex_sends_the_declared_login_and_says_so(
    deployed: Deployed,
    version: str,
    preference: str,
    record_property: t.Callable[[str, object], None],
) -> None:
    name = name_of(version, preference)
    _auth, secret = declared(deployed.login, name)
    home = deployed.folder / name
    auth_json = home / ".codex" / "auth.json"
    before = auth_json.read_bytes()
    settings = read_settings(*sorted((home / ".codex").glob("*.toml")))
    etc = deployed.etc if preference == "system" else None
    if etc:
        assert settings == {}
        settings = read_settings(etc / "codex" / "config.toml")
    codex = start(version, home, etc=etc)
    execution = codex.execute(arguments=["--profile", PROFILE] if preference == "profile" else [])
    status = codex.login_status()
    kept = auth_json.exists() and auth_json.read_bytes() == before
    keys = settings.get("config.toml", {})
    asked_for = [turn["model"] for turn in execution.turns]
    unread = "model" in keys and asked_for != [MODEL]
    marks = {
        "*": "preferred_auth_method" in keys,
        "(!)" if unread else "!": "forced_login_method" in keys,
        "LOST": not kept,
    }
    cell: matrix.Cell = {
        "login": deployed.login,
        "preference": preference,
        "version": version,
        "sent": sent(execution, deployed.login, secret),
        "said": said(status),
        "marks": " ".join(mark for mark, holds in marks.items() if holds),
    }
    record_property(matrix.PROPERTY, cell)
    assert (execution.rc, execution.authorization) == (0, [f"Bearer {secret}"]), execution
    assert status.rc == 0 and expected_answer(deployed.login, name, version) in status.text.splitlines(), status
    assert kept
    assert settings == expected_settings(deployed.login, preference, version)
    has_layer = preference == "profile" or (preference == "system" and matrix.number(version) >= (0, 80))
    assert (asked_for == [MODEL]) == has_layer


def test_the_role_says_which_settings_it_left_out(deployed: Deployed) -> None:
    (role,) = (task for task in deployed.run.tasks if "homes" in task.result)
    left_out = [
        f"preferred_auth_method was left out: Codex {version} does not act on it and goes by auth.json alone. "
        "Codex 0.49 and later act on forced_login_method, which enforce_login_method writes."
        for version in VERSIONS
        if not expected_settings(deployed.login, "apikey", version)
    ]
    assert role.result["warnings"] == left_out


def test_the_table_shows_what_went_wrong() -> None:
    results = [
        ("none", "0.94.0", "key", "key", ""),
        ("enforced", "0.94.0", "OTHER", "key", "!"),
        ("none", "0.9.0", "nothing", "none", "LOST"),
    ]
    cells: list[matrix.Cell] = [
        {"login": "apikey", "preference": preference, "version": version, "sent": sent, "said": said, "marks": marks}
        for preference, version, sent, said, marks in results
    ]
    assert matrix.render(cells).splitlines()[-3:] == [
        "apikey  none               enforced",
        "0.9.0   nothing/none LOST  -",
        "0.94.0  key/key            OTHER/key !",
    ]
