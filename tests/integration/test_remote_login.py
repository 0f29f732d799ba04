# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Signing in on a host with a real Codex, through a tunnel or with a device code, and what is left when nobody does."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import signal
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import Unavailable, binary
from ansible_collections.fleet.codex.tests.support.credentials import api_key_document, encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container, Machine, become
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import CORES
from ansible_collections.fleet.codex.tests.support.skips import unavailable

from .conftest import program_of
from .leaks import Processes, Secrets, in_container, in_folder
from .sign_in import AUTHORITY, SignIn, SignInHost, await_true

NAME = "fleet.codex.remote_login"
HOME = "/home/alice/.codex"
AUTH = f"{HOME}/auth.json"
API_KEY = encode(api_key_document("fleet-test-key-of-alice"))
CHATGPT = encode(login("account-0"))
LEASE_SECONDS = 30

PAGES = ("docs/journeys.md", "docs/chatgpt-logins.md")
RUN = [block for page in PAGES for block in blocks(page, "console") if NAME in block.text]
THROUGH_A_TUNNEL, WITH_A_CODE, *THE_SAME = (step for block in RUN for step in steps(block))
assert {step.command for step in THE_SAME} <= {THROUGH_A_TUNNEL.command, WITH_A_CODE.command}


@pytest.fixture(scope="session", name="sign_in_host")
def _sign_in_host(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[SignInHost]:
    try:
        host = SignInHost(key, tmp_path_factory.mktemp("authority"))
    except Unavailable as error:
        unavailable(str(error))
    yield host
    host.remove()


@pytest.fixture
def host(sign_in_host: SignInHost) -> t.Iterator[SignInHost]:
    """A host with Codex 0.171.0 and a sign-in server; nothing of a sign-in is left there after the test."""
    sign_in_host.reset()
    sign_in_host.install("0.171.0")
    yield sign_in_host
    assert sign_in_host.processes() == []
    assert sign_in_host.left_behind() == []


def variables(**more: t.Any) -> dict[str, t.Any]:
    return {"codex_login_environment": {"SSL_CERT_FILE": AUTHORITY}, **more}


def extra(**more: t.Any) -> list[str]:
    """The arguments of ansible-playbook for variables."""
    return ["-e", json.dumps(variables(**more))]


def start(playbook: Playbook, hosts: t.Mapping[str, t.Any], *arguments: str, before: str = "", **more: t.Any) -> SignIn:
    """The playbook, with variables of it."""
    return SignIn(playbook, hosts, [], name=NAME, arguments=[*extra(**more), *arguments], before=before)


def check_old_login(host: SignInHost, content: str) -> None:
    """Fails unless the old login is in place, as it was, and was not revoked."""
    assert host.file(AUTH)[:2] == ("alice", "600")
    assert host.file(AUTH).content == content.encode()
    assert [name for name in host.list(HOME) if "auth.json." in name and not name.endswith(".lock")] == []
    assert "POST /oauth/revoke" not in host.requests()


def check_new_login(host: SignInHost, path: str = AUTH, owner: str = "alice") -> dict[str, t.Any]:
    """The document that a sign-in left."""
    file = host.file(path)
    assert (file.owner, file.mode) == (owner, "600")
    document: dict[str, t.Any] = json.loads(file.content)
    assert document["tokens"]["refresh_token"].startswith("fleet-test-sign-in-")
    assert "POST /oauth/revoke" not in host.requests()
    return document


# ------------------------------------------------------------------------------------------ through a tunnel


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("0.20.0", marks=pytest.mark.repeats("an older version, which runs a Python program for it")),
        *("0.34.0", "0.94.0", "0.171.0"),
    ],
)
def test_somebody_signs_in_through_a_tunnel(host: SignInHost, playbook: Playbook, version: str) -> None:
    """The old API key is kept as a backup; the tunnel and all processes end; a second run changes nothing.

    Codex 0.94 and later do not start without the file that config.toml names.
    """
    host.install(version)
    host.write(AUTH, API_KEY, owner="alice")
    host.write(f"{HOME}/config.toml", 'model_instructions_file = "instructions.md"\n', owner="alice")
    host.write(f"{HOME}/instructions.md", "Be brief.\n", owner="alice")
    hosts = {"web1": host.ssh("alice")}
    run = start(playbook, hosts)
    address = run.address()
    assert host.file(AUTH).content == API_KEY.encode()
    assert len(run.tunnels()) == 1
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    assert f"\n{address}\n" in done.output
    assert "web1 (alice): signed in to account-1" in done.output
    assert run.tunnels() == []
    document = check_new_login(host)
    assert document["tokens"]["account_id"] == "account-1"
    (backup,) = [name for name in host.list(HOME) if name.endswith("~")]
    assert host.file(backup)[:2] == ("alice", "600")
    assert host.file(backup).content == API_KEY.encode()

    again = start(playbook, hosts).end()
    assert again.rc == 0, again.output
    assert "changed=0" in again.output
    assert "https://" not in again.output


def test_a_busy_port_of_the_host_makes_codex_take_another(host: SignInHost, playbook: Playbook) -> None:
    listen = (
        "import socket; s = socket.create_server(('127.0.0.1', 1455)); print(1, flush=True); s.accept(); s.accept()"
    )
    host.run("sh", "-c", f'python3 -c "{listen}" >/tmp/listening 2>&1 & echo $! >/tmp/listener')
    await_true(lambda: host.run("cat", "/tmp/listening").strip(), "the listener")
    run = start(playbook, {"web1": host.ssh("alice")})
    assert "1457" in run.address()
    assert run.visit() == ["302", "200"]
    assert run.end().rc == 0
    check_new_login(host)
    host.run("sh", "-c", "kill $(cat /tmp/listener)", check=False)


def test_a_tunnel_goes_through_a_jump_host_and_another_port(
    host: SignInHost, playbook: Playbook, key: pathlib.Path
) -> None:
    """Also where the user's own settings forward a port, which Ansible's connection has by then."""
    host.run(
        "sh",
        "-c",
        "/usr/sbin/sshd -p 2222 -o ListenAddress=127.0.0.1 -o PidFile=/tmp/sshd.pid "
        "-o AuthorizedKeysFile=/etc/ssh/fleet-test-keys",
    )
    options = "UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\nLogLevel ERROR\nIdentitiesOnly yes\n"
    configuration = playbook.folder / "ssh_config"
    configuration.write_text(
        f"Host jump.test\n  User bob\n  ProxyCommand {host.sshd_command()}\n"
        f"Host 127.0.0.1\n  LocalForward 127.0.0.1:5432 127.0.0.1:5432\nHost *\n  IdentityFile {key}\n{options}"
    )
    web1 = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 2222,
        "ansible_user": "alice",
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": f"-F {configuration} -J jump.test",
    }
    run = start(playbook, {"web1": web1})
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    check_new_login(host)
    host.run("sh", "-c", "kill $(cat /tmp/sshd.pid)")


def test_root_signs_other_users_in_one_after_the_other(host: SignInHost, playbook: Playbook) -> None:
    homes = [{"user": "alice"}, {"user": "bob", "codex_home": "/srv/bob/codex"}]
    host.run("install", "-d", "-o", "bob", "/srv/bob")
    run = start(playbook, {"web1": host.ssh("deploy") | become("root")}, codex_homes=homes)
    assert run.visit() == ["302", "200"]
    first = run.address()
    await_true(lambda: run.output.count("https://") > 1, "the second address")
    assert "web1 (bob)" in run.output
    second = [line for line in run.output.splitlines() if line.startswith("https://")][-1]
    assert second != first
    run.address = lambda: second  # type: ignore[method-assign]
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    check_new_login(host)
    check_new_login(host, "/srv/bob/codex/auth.json", "bob")
    assert host.mode("/srv/bob/codex") == ("bob", "700")


def test_a_browser_that_does_not_fetch_the_last_page(host: SignInHost, playbook: Playbook) -> None:
    """Codex would wait for it for ever, with the login in its auth.json."""
    run = start(playbook, {"web1": host.ssh("alice")})
    assert run.visit("--only-callback") == ["302"]
    done = run.end()
    assert done.rc == 0, done.output
    check_new_login(host)


def test_an_api_key_beside_the_tokens_is_not_installed(host: SignInHost, playbook: Playbook) -> None:
    """Codex 0.36 to 0.58 run with the key then."""
    host.install("0.45.0")
    host.set(api_key="fleet-test-exchanged-key")
    run = start(playbook, {"web1": host.ssh("alice")})
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    assert check_new_login(host)["OPENAI_API_KEY"] is None
    assert "POST /oauth/token" in host.requests()[-1]
    again = start(playbook, {"web1": host.ssh("alice")}).end()
    assert again.rc == 0 and "changed=0" in again.output, again.output


def test_the_command_of_the_page_shows_what_the_page_does(host: SignInHost, playbook: Playbook) -> None:
    """With the SSH settings of the person who runs it; who signs in is another one, and is not waited for."""
    program, *arguments = shlex.split(THROUGH_A_TUNNEL.command)
    assert (program, arguments[-1]) == ("ansible-playbook", NAME)
    playbook.env |= {"ANSIBLE_REMOTE_USER": "alice", "ANSIBLE_SSH_COMMON_ARGS": shlex.join(host.ssh_options())}
    run = SignIn(playbook, {}, [], name=NAME, arguments=[*arguments[:-1], *extra()])
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    check_new_login(host)
    lines = [line for line in THROUGH_A_TUNNEL.output.splitlines() if line and "waiting for the sign-in" not in line]
    assert len(lines) > 4
    patterns = [re.escape(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "account-1", line)) for line in lines]
    pattern = r"\n.*?^".join(patterns).replace("…", r"\S+?")
    assert re.search(f"^{pattern}\n", done.output, re.S | re.M), done.output


def test_the_command_of_the_page_for_a_device_code(host: SignInHost, playbook: Playbook) -> None:
    host.set(device="approved")
    (playbook.folder / "hosts").write_text(json.dumps({"all": {"hosts": {"web1": host.docker("alice")}}}))
    program, *arguments = shlex.split(WITH_A_CODE.command)
    name = arguments.pop(2)
    assert (program, name) == ("ansible-playbook", NAME)
    done = SignIn(playbook, {}, [], name=name, arguments=[*arguments, *extra()]).end()
    assert done.rc == 0, done.output
    check_new_login(host)


# ------------------------------------------------------------------------------------------ without a login


@pytest.mark.parametrize("version", ["0.34.0", "0.171.0"])
@pytest.mark.parametrize("old", [API_KEY, CHATGPT], ids=["apikey", "chatgpt"])
def test_nobody_signs_in(host: SignInHost, playbook: Playbook, version: str, old: str) -> None:
    host.install(version)
    host.write(AUTH, old, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")}, codex_login_timeout=2, codex_login_replace=True)
    run.address()
    done = run.end()
    assert done.rc == 2, done.output
    assert "Nobody signed in within 2 seconds" in done.output
    check_old_login(host, old)
    assert run.tunnels() == []


def test_a_refused_sign_in_shows_what_codex_says(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, CHATGPT, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")}, codex_login_replace=True)
    assert run.visit("access_denied") == ["200"]
    done = run.end()
    assert done.rc == 2, done.output
    assert "run the play again. It says: Error logging in:" in done.output
    assert "access_denied by fleet-test" in done.output
    check_old_login(host, CHATGPT)


@pytest.mark.parametrize(
    "version", ["0.34.0", "0.171.0"]
)  # which does not know the setting, and which checks it itself
def test_a_login_of_another_workspace_is_not_installed(host: SignInHost, playbook: Playbook, version: str) -> None:
    host.install(version)
    host.write(AUTH, API_KEY, owner="alice")
    host.write(f"{HOME}/config.toml", 'forced_chatgpt_workspace_id = "account-2"\n', owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")})
    run.visit()
    done = run.end()
    assert done.rc == 2, done.output
    expected = {"0.34.0": "does not name that account", "0.171.0": "Login is restricted to workspace id"}
    assert expected[version] in done.output.replace("\n", " ")
    check_old_login(host, API_KEY)


def test_a_login_of_another_account_than_expected_is_not_installed(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")}, codex_login_account_id="account-2")
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 2, done.output
    assert "The sign-in was to account-1 (…@example.com), and account_id is account-2." in done.output
    check_old_login(host, API_KEY)


@pytest.mark.parametrize("core", CORES)
def test_an_interrupt_ends_everything(
    host: SignInHost, tmp_path: pathlib.Path, control: pathlib.Path, core: str
) -> None:
    host.write(AUTH, CHATGPT, owner="alice")
    playbook = Playbook(tmp_path, control, program_of(core))
    run = start(playbook, {"web1": host.ssh("alice")}, codex_login_replace=True)
    run.address()
    run.signal(signal.SIGINT)
    done = run.end()
    assert done.rc != 0
    await_true(lambda: not host.processes() and not host.left_behind(), "the end on the host", LEASE_SECONDS / 2)
    await_true(lambda: not run.tunnels(), "the end of the tunnel")
    check_old_login(host, CHATGPT)


def test_a_killed_ansible_leaves_nothing_behind(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")})
    run.address()
    assert run.tunnels()
    for pid in run.members("ansible-playbook"):
        os.kill(pid, signal.SIGKILL)
    await_true(lambda: not run.tunnels(), "the end of the tunnel")
    await_true(lambda: not host.processes() and not host.left_behind(), "the end on the host", 2 * LEASE_SECONDS)
    check_old_login(host, API_KEY)


def test_a_host_that_forwards_nothing_is_told(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    web1 = host.ssh("alice")
    without = "/usr/sbin/sshd -i -o AllowTcpForwarding=no"
    arguments = web1["ansible_ssh_common_args"].replace("/usr/sbin/sshd -i", without)
    done = start(playbook, {"web1": {**web1, "ansible_ssh_common_args": arguments}}).end()
    assert done.rc == 2 and "AllowTcpForwarding" in done.output, done.output
    check_old_login(host, API_KEY)


def test_a_lost_tunnel_ends_the_sign_in(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")})
    run.address()
    for pid in run.tunnels():
        os.kill(pid, signal.SIGTERM)
    done = run.end()
    assert done.rc == 2 and "The tunnel for port 1455 ended" in done.output, done.output
    check_old_login(host, API_KEY)


def test_a_killed_supervisor_is_cleaned_up_after(host: SignInHost, playbook: Playbook) -> None:
    """Its codex ends with it, the run fails, and the next one removes the folder."""
    host.write(AUTH, API_KEY, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")})
    run.address()
    state = json.loads(host.run("sh", "-c", f"cat {HOME}/.fleet-codex-login-*/state"))
    host.run("kill", "-9", str(state["supervisor"][0]))
    done = run.end()
    assert done.rc == 2 and "The sign-in is over" in done.output, done.output
    check_old_login(host, API_KEY)


def test_a_busy_local_port_names_its_holder(host: SignInHost, playbook: Playbook) -> None:
    listener = playbook.folder / "listener.py"
    listener.write_text(
        "import socket, time\ns = socket.create_server(('127.0.0.1', 1455))\nopen('listening', 'w')\ntime.sleep(60)\n"
    )
    before = f"python3 {listener} & until [ -e listening ]; do sleep 0.05; done;"
    host.write(AUTH, API_KEY, owner="alice")
    run = start(playbook, {"web1": host.ssh("alice")}, before=before)
    done = run.end()
    for pid in run.members("listener.py"):
        os.kill(pid, signal.SIGKILL)
    assert done.rc == 2, done.output
    assert "Port 1455 on the machine that Ansible runs on is used by python3 (" in done.output
    check_old_login(host, API_KEY)


def test_this_machine_needs_no_tunnel(host: SignInHost, playbook: Playbook, machine: Machine) -> None:
    home = machine.folder / "codex"
    environment = {"PATH": f"{binary('0.171.0').parent}:/usr/bin:/bin"}
    run = start(
        playbook,
        {"here": machine.variables()},
        codex_home=str(home),
        codex_login_timeout=1,
        codex_login_environment=environment,
    )
    run.address()
    assert run.tunnels() == []
    done = run.end()
    assert done.rc == 2 and "Nobody signed in within 1 second" in done.output, done.output
    assert list(home.iterdir()) == []


def test_a_host_that_fails_stops_no_other_and_is_in_the_table(host: SignInHost, playbook: Playbook) -> None:
    proxy = "-o ProxyCommand=false"
    gone = {"ansible_connection": "ssh", "ansible_host": "gone.test", "ansible_ssh_common_args": proxy}
    hosts = {"gone": gone, "web1": host.ssh("bob"), "web2": {**host.ssh("alice"), "codex_user": "carol"}}
    report = playbook.folder / "report.json"
    run = start(playbook, hosts, codex_report=str(report))
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc != 0, done.output
    check_new_login(host, "/home/bob/.codex/auth.json", "bob")
    document = json.loads(report.read_text())
    states = {row["host"]: row["state"] for row in document["accounts"]}
    assert states == {"gone": "unreachable", "web1": "changed", "web2": "failed"}, document
    assert "account-1" in report.read_text() and "fleet-test-sign-in" not in report.read_text()


# ------------------------------------------------------------------------------------------ before anything starts


@pytest.mark.parametrize(
    ("configuration", "more", "sentence"),
    [
        ('forced_login_method = "api"\n', {}, 'forced_login_method in /home/alice/.codex/config.toml is "api"'),
        (
            'cli_auth_credentials_store = "keyring"\n',
            {},
            "sets cli_auth_credentials_store to something other than file",
        ),
        ("model = \n", {}, "/home/alice/.codex/config.toml"),
        ("", {"codex_version": "0.44.0", "codex_login_method": "device_code"}, "only 0.45 and later can sign in"),
    ],
    ids=["forced", "store", "toml", "version"],
)
def test_what_keeps_a_login_from_working_is_refused_first(
    host: SignInHost, playbook: Playbook, configuration: str, more: dict[str, t.Any], sentence: str
) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    host.write(f"{HOME}/config.toml", configuration, owner="alice")
    done = start(playbook, {"web1": host.ssh("alice")}, **more).end()
    assert done.rc == 2, done.output
    assert sentence in done.output and "https://" not in done.output
    assert host.requests() == []
    check_old_login(host, API_KEY)


def test_a_host_without_codex_is_refused(host: SignInHost, playbook: Playbook) -> None:
    host.run("rm", "/usr/local/bin/codex")
    done = start(playbook, {"web1": host.ssh("alice")}).end()
    assert done.rc == 2 and "The user alice has no codex on this host" in done.output, done.output
    assert not host.exists(HOME)


def test_a_host_without_python_is_refused(nopython: Container, playbook: Playbook) -> None:
    done = start(playbook, {"web1": nopython.docker("alice")}, codex_login_method="device_code").end()
    assert done.rc == 2, done.output
    assert "This host has no Python 3.6 or later, which signing in on it needs" in done.output


def test_check_mode_starts_nothing(host: SignInHost, playbook: Playbook) -> None:
    host.write(AUTH, API_KEY, owner="alice")
    done = start(playbook, {"web1": host.ssh("alice")}, "--check").end()
    assert done.rc == 0 and "changed=1" in done.output, done.output
    assert host.requests() == []
    check_old_login(host, API_KEY)


# ------------------------------------------------------------------------------------------ device code


def test_a_browser_cannot_answer_into_a_container(host: SignInHost, playbook: Playbook) -> None:
    done = start(playbook, {"web1": host.docker("alice")}).end()
    assert done.rc == 2 and "codex_login_method" in done.output, done.output


@pytest.mark.parametrize("way", ["docker", "container"])
@pytest.mark.parametrize("version", ["0.45.0", "0.171.0"])
def test_somebody_signs_in_with_a_device_code(host: SignInHost, playbook: Playbook, version: str, way: str) -> None:
    """In a container that Ansible is connected to, and in one of the host that it is connected to."""
    host.install(version)
    host.set(device="pending")
    host.write(AUTH, CHATGPT, owner="alice")
    more: dict[str, t.Any] = {"codex_login_method": "device_code", "codex_login_replace": True}
    connection = host.docker("alice")
    if way == "container":
        connection, more["codex_container"] = {"ansible_connection": "local"}, {"name": host.id, "user": "alice"}
    run = start(playbook, {"web1": connection}, **more)
    assert run.address() == "https://auth.openai.com/codex/device"
    assert "enter the code ABCD-12345:" in run.output
    assert host.file(AUTH).content == CHATGPT.encode()
    host.set(device="approved")
    done = run.end()
    assert done.rc == 0, done.output
    check_new_login(host)


def test_a_denied_device_code_shows_what_codex_says(host: SignInHost, playbook: Playbook) -> None:
    host.set(device="denied")
    host.write(AUTH, CHATGPT, owner="alice")
    done = start(
        playbook, {"web1": host.docker("alice")}, codex_login_method="device_code", codex_login_replace=True
    ).end()
    assert done.rc == 2 and "device auth failed with status 400" in done.output, done.output
    check_old_login(host, CHATGPT)


# ------------------------------------------------------------------------------------------ secrets


def test_no_secret_of_a_sign_in_leaves_the_host(host: SignInHost, playbook: Playbook) -> None:
    """Not in what is printed at -vvv, in files of the controller, or in arguments and variables of processes."""
    wanted = Secrets()
    host.set(marker=wanted.make("token"))
    with Processes(wanted) as processes:
        run = start(playbook, {"web1": host.ssh("alice")}, "-vvv")
        run.address()
        run.visit()
        done = run.end()
    assert done.rc == 0, done.output
    assert wanted.find(done.output.encode(), "output") == []
    assert in_folder(wanted, playbook.folder, playbook.control) == {}
    assert processes.leaks == []
    assert processes.looks > 0
    assert [path for path in in_container(wanted, host) if not path.startswith("/opt/sign-in/")] == [AUTH]
