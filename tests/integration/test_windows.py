# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Modules and the role on Windows hosts, through Ansible: created, changed and removed, each with a second run."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from ansible_collections.fleet.codex.tests.integration.journeys import cells, journey
from ansible_collections.fleet.codex.tests.integration.leaks import Processes, Secrets, in_folder
from ansible_collections.fleet.codex.tests.integration.windows_hosts import (
    KINDS,
    WindowsHost,
    WindowsHosts,
    contents,
    windows_core,
)
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.paths import ENVIRONMENT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import kept
from ansible_collections.fleet.codex.tests.support.role import ROLE

pytestmark = pytest.mark.xdist_group("windows")

KEY = "fleet-test-key-SECRETMARKER"
SHARED = {"allow_shared_refresh_token": True}
NEWER_KEY = "fleet-test-key-NEWERSECRETMARKER"


@pytest.fixture(scope="module", name="hosts")
def _hosts() -> t.Iterator[WindowsHosts]:
    windows_core()
    hosts = WindowsHosts()
    yield hosts
    hosts.stop()


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, hosts: WindowsHosts) -> WindowsHost:
    """Each of the hosts, with nothing on it."""
    hosts.reset()
    return hosts.hosts[request.param]


@pytest.fixture
def wine(hosts: WindowsHosts) -> WindowsHost:
    """The host that is Windows as Wine plays it, with nothing on it."""
    hosts.reset()
    return hosts.hosts["win-wine"]


@pytest.fixture
def windows(tmp_path: pathlib.Path, control: pathlib.Path) -> Playbook:
    """ansible-playbook for these hosts."""
    return Playbook(tmp_path, control, windows_core())


def once(kind: str) -> pytest.MarkDecorator:
    """For a test that takes ``host``: `make test` runs it on this one alone."""
    return pytest.mark.parametrize("host", kept([kind], KINDS, reason="another host"), indirect=True)


def home_of(host: WindowsHost) -> str:
    return host.path("codex")


def play(windows: Playbook, host: WindowsHost, *tasks: dict[str, t.Any], **more: t.Any) -> Run:
    return windows.run({host.name: host.variables}, tasks, **more)


def task(module: str, **options: t.Any) -> dict[str, t.Any]:
    return {"name": module, f"fleet.codex.{module}": options}


def has_registry(host: WindowsHost) -> bool:
    """PowerShell on Linux has none, and so no place for variables."""
    return host.name == "win-wine"


def variables_of(host: WindowsHost, **variables: str) -> dict[str, t.Any]:
    """The option `environment`, where the host can have one."""
    return {"environment": variables} if has_registry(host) else {}


def four_steps(windows: Playbook, host: WindowsHost, module: str, **options: t.Any) -> Run:
    """Checks and runs twice: what check mode says is done, and then nothing is left to do. The run that did it."""
    run = task(module, **options)
    check = {**run, "name": "check", "check_mode": True}
    copy = windows.folder / "after-check"
    shutil.rmtree(copy, ignore_errors=True)
    snapshot = {
        "name": "snapshot",
        "ansible.builtin.command": {"argv": ["cp", "-a", str(host.disk), str(copy)]},
        "delegate_to": "localhost",
        "changed_when": False,
    }
    before = host.files(host.root)
    done = play(windows, host, check, snapshot, run, arguments=["--diff"])
    assert done.changes() == [True, False, True], done.output
    assert contents(copy) == before
    assert done.one("check").result["diff"] == done.one(module).result["diff"]
    after = host.files(host.root)
    again = play(windows, host, check, run)
    assert again.changes() == [False, False], again.output
    assert host.files(host.root) == after
    return done


@once("win-linux")  # on Wine, test_variables_are_in_the_registry has the same files
def test_a_home_is_created_changed_and_removed(windows: Playbook, host: WindowsHost) -> None:
    home = home_of(host)

    def declared(key: str, **settings: t.Any) -> dict[str, t.Any]:
        config = {"preferred_auth_method": "apikey", "settings": settings}
        return {
            "codex_home": home,
            "auth": {"api_key": key},
            "config": config,
            **variables_of(host, OPENAI_API_KEY=key),
        }

    run = four_steps(windows, host, "codex_home", homes=[declared(KEY, model="gpt-5")])
    files = host.files(home)
    assert json.loads(files["auth.json"]) == {"auth_mode": "apikey", "OPENAI_API_KEY": KEY}
    assert files["config.toml"] == b'preferred_auth_method = "apikey"\nmodel = "gpt-5"\n'
    assert "SECRETMARKER" not in run.output
    assert sorted(name for name in files if not name.endswith(".lock")) == (
        ["auth.json", "codex.env", "config.toml"] if has_registry(host) else ["auth.json", "config.toml"]
    )
    # Comments and the line ends of Windows stay.
    host.local(home).joinpath("config.toml").write_bytes(
        b'# mine\r\npreferred_auth_method = "apikey"\r\nmodel = "o3"\r\n'
    )
    run = four_steps(windows, host, "codex_home", homes=[declared(NEWER_KEY, model="gpt-5")])
    files = host.files(home)
    assert files["config.toml"] == b'# mine\r\npreferred_auth_method = "apikey"\r\nmodel = "gpt-5"\r\n'
    assert json.loads(files["auth.json"])["OPENAI_API_KEY"] == NEWER_KEY
    run = four_steps(windows, host, "codex_home", homes=[{"codex_home": home, "state": "absent"}])
    assert sorted(name for name in host.files(home) if not name.endswith(".lock")) == ["config.toml"]


def test_the_role_serves_a_windows_host_with_the_variables_of_any_other(windows: Playbook, wine: WindowsHost) -> None:
    """Not on PowerShell on Linux, which has no registry: the role always has CODEX_HOME exported."""
    variables = {
        "codex_home": home_of(wine),
        "codex_api_key": KEY,
        "codex_preferred_auth_method": "apikey",
        "codex_settings": {"model": "gpt-5"},
    }
    role = {"roles": [{"role": "fleet.codex.codex"}]}
    first = play(windows, wine, variables=variables, play=role)
    assert first.rc == 0, first.output
    assert any(done.changed for done in first.tasks)
    second = play(windows, wine, variables=variables, play=role)
    assert not any(done.changed for done in second.tasks), second.output
    assert second.stdout.count('"failed": true') == 0


@once("win-linux")
def test_one_file_each(windows: Playbook, host: WindowsHost) -> None:
    home = home_of(host)
    login = chatgpt()
    four_steps(windows, host, "codex_auth_file", codex_home=home, content=login)
    four_steps(windows, host, "codex_config", codex_home=home, settings={"model": "gpt-5"}, backup=True)
    host.local(home).joinpath("config.toml").write_bytes(b'model = "o3"\n')
    four_steps(windows, host, "codex_config", codex_home=home, settings={"model": "gpt-5"}, backup=True)
    (backup,) = [name for name in host.files(home) if name.endswith(".bak")]
    assert backup.startswith("config.toml.")
    assert host.files(home)[backup] == b'model = "o3"\n'
    run = play(windows, host, task("codex_info", codex_home=home))
    (found,) = run.one("codex_info").result["homes"]
    assert found["login"]["method"] == "chatgpt"
    assert found["login"]["problems"] == []
    assert found["config"]["valid"] is True
    four_steps(windows, host, "codex_auth_file", codex_home=home, state="absent")


def chatgpt() -> dict[str, t.Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    dates = {"last_refresh": now - timedelta(days=1), "access_expires": now + timedelta(days=9)}
    return t.cast(
        "dict[str, t.Any]", chatgpt_document("account-1", "a@example.com", "plus", marker="SECRETMARKER", **dates)
    )


@once("win-wine")
def test_a_login_comes_back_to_the_controller(windows: Playbook, host: WindowsHost) -> None:
    home = home_of(host)
    fetch = task("codex_auth_fetch", codex_home=home, dest=str(windows.folder / "copy.json"))
    run = play(windows, host, task("codex_auth_file", codex_home=home, content=chatgpt()), fetch, fetch)
    assert run.changes() == [True, True, False]
    assert json.loads((windows.folder / "copy.json").read_text()) == json.loads(host.files(home)["auth.json"])


@once("win-wine")
def test_fresher_tokens_stay_and_another_account_is_refused(windows: Playbook, host: WindowsHost) -> None:
    home = home_of(host)
    host.local(home).mkdir()
    there = chatgpt() | {"last_refresh": "2999-01-01T00:00:00Z"}
    host.local(home).joinpath("auth.json").write_text(json.dumps(there))
    options = ({"content": chatgpt()}, {"api_key": KEY})
    run = play(windows, host, *(task("codex_auth_file", codex_home=home, **login) for login in options))
    assert json.loads(host.files(home)["auth.json"])["last_refresh"] == "2999-01-01T00:00:00Z"
    assert len(run.tasks) == 2  # so the first one did not fail
    assert "on_account_mismatch" in run.failure()


def test_logins_are_collected(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    """The one in the profile, and one elsewhere, whose copies have names that folders can have."""
    options = ({"codex_home": home_of(wine)}, {})
    logins = [task("codex_auth_file", content=chatgpt(), **place, **SHARED) for place in options]
    assert play(windows, wine, *logins).changes() == [True, True]
    arguments = ["-e", json.dumps({"codex_collect_homes": [{"codex_home": home_of(wine)}]})]
    run = windows.run({wine.name: wine.variables}, [], name="fleet.codex.collect", arguments=arguments)
    assert run.rc == 0, run.output
    copies = sorted(str(path.relative_to(windows.folder)) for path in windows.folder.rglob("auth.json"))
    host = f"credentials/{wine.name}"
    assert copies == sorted([f"{host}/C/fleet/codex/auth.json", f"{host}/{hosts.user}/auth.json"])


def test_the_hosts_own_codex_has_the_last_word(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    links = hosts.drive / "users" / hosts.user / "AppData" / "Local" / "Microsoft" / "WinGet" / "Links"
    links.mkdir(parents=True, exist_ok=True)
    exe = subprocess.run(
        ["sh", str(ENVIRONMENT / "codex.sh"), "--windows", "0.171.0"], capture_output=True, text=True, check=True
    )
    (links / "codex.exe").unlink(missing_ok=True)
    (links / "codex.exe").symlink_to(exe.stdout.strip())

    def declared(**settings: t.Any) -> dict[str, t.Any]:
        config = {"settings": settings}
        return {"homes": [{"codex_version": "detect", "auth": {"api_key": KEY}, "config": config}], "verify": True}

    good, bad = declared(model="gpt-5"), declared(mcp_servers={"x": {"command": 7}})
    removed = {"homes": [{"state": "absent"}], "verify": True}
    steps = [task("codex_home", **options) for options in (good, good, bad, removed)]
    run = play(windows, wine, *({**step, "ignore_errors": True} for step in steps))
    assert [done.changed for done in run.tasks] == [True, False, False, True], run.output
    assert [bool(done.result.get("failed")) for done in run.tasks] == [False, False, True, False], run.output
    status = run.tasks[0].result["homes"][0]["login_status"]
    assert status["method"] == "apikey"
    assert status["codex"].endswith("WinGet\\Links\\codex.exe")
    assert "codex does not start with the new content of" in run.tasks[2].message
    assert "SECRETMARKER" not in run.tasks[2].message


RUN = [
    block
    for block in blocks("docs/windows.md")
    if block.heading == "Check the login" and block.text.startswith(("PS> codex login status", "- name: Look at"))
]
ASK, LOOK = RUN


def test_the_login_is_checked_as_on_the_page(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    """By the user's own codex, and from the controller; the page has another key, of which codex shows as much."""
    exe = subprocess.run(
        ["sh", str(ENVIRONMENT / "codex.sh"), "--windows", "0.171.0"], capture_output=True, text=True, check=True
    )
    # Another test may have left one.
    hosts.wine("reg.exe", "delete", r"HKCU\Environment", "/v", "CODEX_HOME", "/f", check=False)
    variables = {**wine.variables, "ansible_become": False}  # as in the page's inventory
    login = task("codex_auth_file", api_key=KEY)
    run = windows.run({wine.name: variables}, [login, *yaml.safe_load(LOOK.text)])
    assert run.changes() == [True, False, False], run.output
    (shown,) = run.tasks[2].result["results"]
    assert shown["msg"] == f"{hosts.user}: apikey"
    (step,) = steps(ASK, "PS> ")
    program, *arguments = step.command.split()
    assert program == "codex"
    expected = step.output.strip().replace("sk-proj-***abcde", f"{KEY[:8]}***{KEY[-5:]}")
    assert expected in hosts.wine(exe.stdout.strip(), *arguments).splitlines()


def test_bad_input_has_one_sentence_and_changes_nothing(windows: Playbook, wine: WindowsHost) -> None:
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"codex_home": "codex"}, "codex_home must be an absolute path"),
        ({"codex_home": r"\\server\share\codex"}, "is on another host"),
        ({"user": "nobody-here"}, "There is no user nobody-here on this host"),
        ({"codex_home": r"C:\fleet\codex", "layer": "managed"}, "Set codex_version to the"),
    ]
    tasks = [task("codex_config", settings={"model": "x"}, **options) for options, _words in cases]
    run = play(windows, wine, *({**each, "ignore_errors": True} for each in tasks))
    assert run.rc == 0, run.output
    for (_options, words), done in zip(cases, run.tasks, strict=True):
        assert done.result["failed"] is True and words in done.message, done
    assert wine.files(wine.root) == {}


def test_the_api_is_asked_from_elsewhere(windows: Playbook, wine: WindowsHost) -> None:
    assert "delegate_to: localhost" in play(windows, wine, task("codex_api_key_info", api_key=KEY)).failure()


def test_one_user_by_all_of_its_names(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    name = hosts.user
    home = f"C:\\users\\{name}\\.codex"
    sid = next(line for line in (hosts.run / "wine" / "user.reg").read_text().splitlines() if "S-1-5-21" in line)
    sid = f"S-1-5-21{sid.partition('S-1-5-21')[2].partition(chr(92))[0]}" if sid else ""
    logins = [task("codex_auth_file", user=user, api_key=KEY) for user in (name, sid, f"VM\\{name}")]
    run = play(windows, wine, *logins, task("codex_info", users=["all"]))
    assert run.changes() == [True, False, False, False], run.output
    assert run.tasks[0].result["path"] == f"{home}\\auth.json"
    found = run.one("codex_info").result["homes"]
    assert [(entry["user"], entry["codex_home"]) for entry in found] == [(name, home)]


def test_a_file_that_another_program_holds(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    """Only a handle that does not share is in the way, and the message names the file."""
    home = home_of(wine)
    wine.local(home).mkdir()
    wine.local(home).joinpath("config.toml").write_bytes(b'model = "o3"\n')
    script = r"$f = [IO.File]::Open('C:\fleet\codex\config.toml', 'Open', 'Read', 'Read'); 'held'; Start-Sleep 60"
    holder = subprocess.Popen(
        [str(hosts.run / "bin" / "pwsh-wine"), "-Command", script],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert holder.stdout and holder.stdout.readline().strip() == "held"
        run = play(windows, wine, task("codex_config", codex_home=home, settings={"model": "gpt-5"}))
        assert "Another program holds the file open" in run.failure()
        assert "config.toml" in run.failure()
    finally:
        holder.kill()
        holder.wait()
    assert wine.files(home)["config.toml"] == b'model = "o3"\n'
    assert not [name for name in wine.files(home) if name.startswith(".fleet-codex")]
    assert play(windows, wine, task("codex_config", codex_home=home, settings={"model": "gpt-5"})).changes() == [True]


def test_variables_are_in_the_registry(windows: Playbook, hosts: WindowsHosts, wine: WindowsHost) -> None:
    home = home_of(wine)

    def registry() -> str:
        return hosts.wine("reg.exe", "query", r"HKCU\Environment")

    files = {"auth": {"api_key": KEY}, "config": {"settings": {"model": "gpt-5"}}}
    own = {"codex_home": home, "environment": {"OPENAI_API_KEY": KEY, "PERCENT": "%TEMP%"}}
    hosts.wine("reg.exe", "add", r"HKCU\Environment", "/v", "OTHERS", "/d", "stays", "/f")
    four_steps(windows, wine, "codex_home", homes=[own | files])
    assert json.loads(wine.files(home)["auth.json"]) == {"auth_mode": "apikey", "OPENAI_API_KEY": KEY}
    assert wine.files(home)["config.toml"] == b'model = "gpt-5"\n'
    text = registry()
    assert f"OPENAI_API_KEY    REG_SZ    {KEY}" in text
    assert "PERCENT    REG_SZ    %TEMP%" in text
    assert f"CODEX_HOME    REG_SZ    {home}" in text
    four_steps(windows, wine, "codex_home", homes=[{**own, "environment": {"OPENAI_API_KEY": KEY}}])
    assert "PERCENT" not in registry()
    hosts.wine("reg.exe", "add", r"HKCU\Environment", "/v", "OPENAI_API_KEY", "/d", "somebody-elses", "/f")
    four_steps(windows, wine, "codex_home", homes=[{"codex_home": home, "state": "absent"}])
    assert sorted(name for name in wine.files(home) if not name.endswith(".lock")) == ["config.toml"]
    text = registry()
    assert "somebody-elses" in text and "stays" in text and "CODEX_HOME" not in text


@once("win-wine")
def test_nothing_secret_shows_or_stays(windows: Playbook, hosts: WindowsHosts, host: WindowsHost) -> None:
    wanted = Secrets()
    home = home_of(host)
    key = wanted.make("key")
    options = {"codex_home": home, "auth": {"api_key": key}, **variables_of(host, OPENAI_API_KEY=key)}
    settings = {"mcp_servers": {"x": {"command": "x", "env": {"TOKEN": wanted.make("setting")}}}}
    variables = {"homes": [{**options, "config": {"settings": settings}}]}
    with Processes(wanted) as processes:
        for arguments in (["--check", "--diff"], ["--diff"]):
            run = play(
                windows,
                host,
                task("codex_home", homes="{{ homes }}"),
                variables=variables,
                arguments=["-vvvvv", *arguments],
                env={"ANSIBLE_DEBUG": "1", "ANSIBLE_LOG_PATH": str(windows.folder / "ansible.log")},
                callback="default",
            )
            assert run.rc == 0, run.output[-3000:]
            assert wanted.find(run.output.encode(), "output") == []
    assert processes.looks > 10
    assert processes.leaks == []
    log = (windows.folder / "ansible.log").read_bytes()
    assert b"win_codex_store" in log
    assert wanted.find(log, "log") == []
    names = ["auth.json", "config.toml", *(["codex.env"] if has_registry(host) else [])]
    known = {str(host.local(home) / name) for name in names}
    # The registry is where variables belong.
    left = {path for path in in_folder(wanted, hosts.run, windows.local_tmp) if not path.endswith("user.reg")}
    assert left == known


def test_a_request_is_not_kept_on_the_host(windows: Playbook, wine: WindowsHost) -> None:
    run = play(
        windows,
        wine,
        task("codex_auth_file", codex_home=home_of(wine), api_key=KEY),
        env={"ANSIBLE_KEEP_REMOTE_FILES": "1"},
    )
    assert "Switch off ANSIBLE_KEEP_REMOTE_FILES" in run.failure()


def test_the_playbooks_on_a_windows_host(windows: Playbook, wine: WindowsHost) -> None:
    """A login is deployed, shown, copied over and removed again, each with a second run that changes nothing."""
    home = home_of(wine)
    hosts = {"pc": {**wine.variables, "codex_home": home}}
    source = windows.folder / "auth.json"
    source.write_text(json.dumps(chatgpt()))
    steps: list[tuple[str, dict[str, t.Any], str]] = [
        ("deploy", {"codex_api_key": KEY}, "API key"),
        ("copy_credentials", {"codex_auth_src": "auth.json", "codex_on_account_mismatch": "replace"}, "ChatGPT"),
        ("status", {}, "ChatGPT"),
        ("logout_local", {}, "none"),
    ]
    for name, given, login in steps:
        runs = [journey(windows, name, hosts, **given) for _time in range(1 if name == "status" else 2)]
        assert {run.rc for run in runs} == {0}, runs[0].output
        changes = [any(run_task.changed for run_task in run.tasks) for run in runs]
        assert changes == ([False] if name == "status" else [True, False]), runs[-1].output
        assert any(cell.startswith(login) for cell in cells(runs[-1])["pc"]), cells(runs[-1])
        assert "SECRETMARKER" not in runs[0].output
    assert "auth.json" not in wine.files(home)


@once("win-linux")
def test_the_role_looks_for_codex_and_does_not_install_it(windows: Playbook, host: WindowsHost) -> None:
    """Each declared user has a look, since codex_info passes over users of a list whom it must not ask."""
    looked = "codex_install: present could not look for Codex on {}: There is no user fleet-nobody on this host."
    lacking = "codex_install: present finds no codex that works for "
    for given, words in (
        ({"codex_install": "npm", "codex_install_version": "0.171.0"}, "codex_install: npm does not work on Windows"),
        ({"codex_install": "present", "codex_homes": [{"user": "fleet-nobody"}]}, looked.format(host.name)),
        ({"codex_install": "present"}, lacking),
    ):
        home = {"codex_api_key": KEY, "codex_home": home_of(host)} if "codex_homes" not in given else {}
        variables = {**home, "codex_export_api_key": False, **given}
        run = play(windows, host, play={"roles": [{"role": ROLE}]}, variables=variables)
        assert run.failure().startswith(words), run.output
        assert "set codex_install to npm" not in run.failure()
        assert not host.files(host.root)
