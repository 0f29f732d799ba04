# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role with either login and with each way to prefer one, and what each version of Codex makes of it.

FLEET_CODEX_MATRIX=all: fourteen versions, else the five of them that differ most. What they sent and said
is in tests/output/matrix.txt afterwards.
"""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import tomllib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.integration.playbook import Playbook, Run

from . import credentials, matrix
from .codex_client import Execution, Status, scratch
from .test_harness import start

# 0.20 knows neither setting, 0.34 preferred_auth_method and 0.58 forced_login_method; 0.94 reads auth_mode and
# 0.169 has new texts. tests/environment/codex.sh fetches these for other tests, too.
FIVE = ("0.20.0", "0.34.0", "0.58.0", "0.94.0", "0.169.0")
MORE = ("0.21.0", "0.23.0", "0.36.0", "0.45.0", "0.49.0", "0.80.0", "0.120.0", "0.139.0", "0.155.0")
VERSIONS = (*FIVE, *MORE) if os.environ.get("FLEET_CODEX_MATRIX") == "all" else FIVE

LOGINS = ("apikey", "chatgpt")  # also the values of preferred_auth_method
# What stands in `config` of a home beside the login.
PREFERENCES: dict[str, dict[str, t.Any]] = {
    "none": {},
    "apikey": {"preferred_auth_method": "apikey"},
    "chatgpt": {"preferred_auth_method": "chatgpt"},
    "enforced": {"enforce_login_method": True},
}
NOW = dt.datetime.now(dt.UTC)


class Deployed(t.NamedTuple):
    """The homes that one run of the role logged in with one kind of login."""

    login: str
    folder: pathlib.Path
    run: Run


def name_of(version: str, preference: str) -> str:
    return f"{version}-{preference}"


def api_key(name: str) -> str:
    return f"fleet-test-key-{name}"


def chatgpt(name: str) -> credentials.ChatGPTDocument:
    return credentials.chatgpt_document(
        f"account-{name}",
        f"{name}@fleet.test",
        "plus",
        last_refresh=NOW - dt.timedelta(days=1),
        access_expires=NOW + dt.timedelta(days=5),
        marker=name,
    )


def declared(login: str, name: str) -> tuple[dict[str, t.Any], str]:
    """`auth` of the home of that name, with a login of its own, and what Codex has to send there."""
    if login == "apikey":
        return {"api_key": api_key(name)}, api_key(name)
    return {"content": chatgpt(name)}, chatgpt(name)["tokens"]["access_token"]


# A group for each login: one playbook serves all of its homes.
@pytest.fixture(
    name="deployed",
    scope="module",
    params=[pytest.param(login, marks=pytest.mark.xdist_group(f"matrix-{login}")) for login in LOGINS],
)
def _deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Deployed]:
    login = request.param
    with scratch() as folder:
        homes = []
        for version in VERSIONS:
            for preference, config in PREFERENCES.items():
                name = name_of(version, preference)
                (folder / name).mkdir()
                auth, _secret = declared(login, name)
                home = {"codex_home": str(folder / name / ".codex"), "codex_version": version, "auth": auth}
                homes.append({**home, "config": config} if config else home)
        control = folder / "control"
        control.mkdir()
        playbook = Playbook(tmp_path_factory.mktemp("playbook"), control)
        task = {
            "name": "role",
            "ansible.builtin.import_role": {"name": "fleet.codex.codex"},
            "vars": {"codex_homes": homes},
        }
        # HOME of the task's environment stands for the home of the account that runs the tests.
        play = {"environment": {"HOME": str(folder)}}
        run = playbook.run({"host": {"ansible_connection": "local"}}, [task], play=play)
        assert any(run.changes())
        yield Deployed(login, folder, run)


def written_settings(codex_home: pathlib.Path) -> dict[str, t.Any]:
    path = codex_home / "config.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def expected_settings(login: str, preference: str, version: str) -> dict[str, t.Any]:
    """What this version acts on."""
    if preference in LOGINS and (0, 23) <= matrix.number(version) < (0, 36):
        return {"preferred_auth_method": preference}
    if preference == "enforced" and matrix.number(version) >= (0, 49):
        return {"forced_login_method": {"apikey": "api", "chatgpt": "chatgpt"}[login]}
    return {}


def expected_answer(login: str, name: str, version: str) -> str:
    """The line with which this version says that it is logged in; of a key it shows the begin and the end."""
    if login == "chatgpt":
        return "Logged in using ChatGPT"
    begin = "API key configured" if matrix.number(version) >= (0, 165) else "Logged in using an API key"
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
    settings, before = written_settings(home / ".codex"), auth_json.read_bytes()
    codex = start(version, home)
    execution = codex.execute()
    status = codex.login_status()
    kept = auth_json.exists() and auth_json.read_bytes() == before
    marks = {"*": "preferred_auth_method" in settings, "!": "forced_login_method" in settings, "LOST": not kept}
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


def test_the_role_says_which_settings_it_left_out(deployed: Deployed) -> None:
    (role,) = (task for task in deployed.run.tasks if "homes" in task.result)
    left_out = [
        f"preferred_auth_method was left out: Codex {version} does not act on it and goes by auth.json alone. "
        "enforce_login_method writes what newer versions act on."
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
