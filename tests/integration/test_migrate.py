# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook migrate: from API keys to ChatGPT logins and back, with the host's own codex to say what it sees."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import NOON, chatgpt_document, encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import on_core

from .journeys import Options, cells, journey, login_status, table, words_of_table
from .leaks import Processes, Secrets
from .sign_in import AUTHORITY, SignIn, SignInHost

OLD, NEW = "0.34.0", "0.171.0"
KEY = "sk-fleet-test-key-of-the-migration"
SYSTEM_KEY = "fleet-test-key-of-the-system"  # which every session of ssh has
CODEX = "/usr/local/bin/codex"


@pytest.fixture(name="codex_host", scope="module")
def _codex_host(docker: None, key: pathlib.Path) -> t.Iterator[Container]:
    """A container in which both versions of Codex lie."""
    container = Container("shells", key, *(f"--volume={binary(v)}:/opt/codex/{v}:ro" for v in (OLD, NEW)))
    yield container
    container.remove()


@pytest.fixture(name="host")
def _host(codex_host: Container) -> t.Iterator[Container]:
    """Without a Codex in PATH, and without variables."""
    codex_host.reset()
    codex_host.run("sh", "-c", f"rm -f {CODEX}; : >/etc/environment")
    return codex_host


def give_codex(host: Container, version: str, path: str = CODEX) -> None:
    host.run("sh", "-c", f"mkdir -p $(dirname {path}) && ln -sf /opt/codex/{version} {path}")


def with_key(host: Container, user: str, config: str = "") -> None:
    """A user as a deployment with a key left it."""
    host.write(f"/home/{user}/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), user)
    host.write(f"/home/{user}/.codex/codex.env", f"OPENAI_API_KEY={KEY}\n", user)
    if config:
        host.write(f"/home/{user}/.codex/config.toml", config, user)


def over_ssh(host: Container, **variables: t.Any) -> Options:
    return {**host.ssh("deploy"), **become("root"), **variables}


def migrate(playbook: Playbook, hosts: t.Mapping[str, Options], *arguments: str, **variables: t.Any) -> Run:
    return journey(playbook, "migrate", hosts, *arguments, **variables)


def backups(host: Container, folder: str) -> list[str]:
    """The copies of replaced logins."""
    return [path for path in host.list(folder) if "/auth.json." in path and path.endswith("~")]


def snapshot(host: Container, folders: str = "/home /srv") -> list[str]:
    """The files of all homes, with their times."""
    script = f"find {folders} -type f -exec sha256sum {{}} + ; find {folders} -printf '%p %u %m %T@\\n'"
    return host.run("sh", "-c", script).splitlines()


# ------------------------------------------------------------------------------------------ there and back


class Fleet:
    """carol over the connection of Docker; alice, bob and a home of edna in another place over ssh."""

    def __init__(self, host: Container, playbook: Playbook, secrets: Secrets) -> None:
        self.host, self.playbook, self.secrets = host, playbook, secrets
        homes = [{"user": "alice"}, {"user": "bob"}, {"user": "edna", "codex_home": "/srv/ci/.codex"}]
        host.run("install", "-d", "-o", "edna", "/srv/ci")
        variables = {"PROXY": "fleet-test-proxy"}
        self.hosts = {
            "ssh": over_ssh(host, codex_homes=[
                {**home, "auth": {"api_key": secrets.make("key"), "src": "{{ omit }}"},
                 "environment": {"OPENAI_API_KEY": secrets.make("key"), **variables}}
                for home in homes
            ]),
            "docker": {
                **host.docker(), "codex_user": "carol", "codex_api_key": secrets.make("key"),
                "codex_environment": variables,
            },
        }  # fmt: skip
        for name in ("alice", "bob", "ci", "carol"):
            document = chatgpt_document(
                f"account-{name}", f"{name}@example.com", "plus", last_refresh=NOON, access_expires=NOON,
                marker=secrets.make(name),
            )  # fmt: skip
            for part in ("id_token", "access_token"):
                document["tokens"][part] = secrets.jwt(f"{name}-{part}", _claims(name))  # type: ignore[literal-required]
            (playbook.folder / f"{name}.json").write_text(encode(document))

    def to_chatgpt(self, *arguments: str) -> Run:
        """With the keys still in the inventory."""
        hosts = {**self.hosts, "docker": {**self.hosts["docker"], "codex_auth_src": "carol.json"}}
        hosts["ssh"] = {**hosts["ssh"], "codex_homes": [
            {**home, "auth": {**home["auth"], "src": f"{name}.json"}}
            for name, home in zip(("alice", "bob", "ci"), hosts["ssh"]["codex_homes"], strict=True)
        ]}  # fmt: skip
        return migrate(self.playbook, hosts, *arguments)

    def methods(self) -> set[str]:
        places = [("alice", None), ("bob", None), ("edna", "/srv/ci/.codex"), ("carol", None)]
        said = {login_status(self.host, *place).partition(" - ")[0].strip() for place in places}
        return {line.splitlines()[-1] for line in said}

    def config(self, user: str) -> str:
        return self.host.file(f"/home/{user}/.codex/config.toml").content.decode()


def _claims(name: str) -> dict[str, t.Any]:
    claim = {"chatgpt_account_id": f"account-{name}", "chatgpt_plan_type": "plus", "chatgpt_user_id": name}
    return {"sub": name, "email": f"{name}@example.com", "exp": 4000000000, "https://api.openai.com/auth": claim}


@pytest.mark.parametrize(("other_core", "version"), [("oldest", OLD), ("newest", NEW)], indirect=["other_core"])
def test_there_and_back(other_core: Playbook, version: str, host: Container) -> None:
    """Both second runs change nothing, check mode changes nothing, and no secret shows anywhere."""
    secrets = Secrets()
    give_codex(host, version)
    fleet = Fleet(host, other_core, secrets)
    mine = '# mine\nforced_login_method = "api" # theirs\nmodel = "x"\n'
    host.write("/home/alice/.codex/config.toml", mine, "alice")
    host.write("/home/bob/.codex/config.toml", 'preferred_auth_method = "apikey"\n', "bob")
    host.write("/etc/environment", f"OPENAI_API_KEY={SYSTEM_KEY}\n", mode="644")
    host.write("/home/carol/.bashrc", f"  export OPENAI_API_KEY='{secrets.make('shell')}'\n", "carol")
    with Processes(secrets) as processes:
        outputs = [journey(other_core, "deploy", fleet.hosts, "-vvv", "--diff")]
        assert outputs[-1].rc == 0, outputs[-1].output
        (deployed,) = fleet.methods()
        assert "API key" in deployed

        before = snapshot(host)
        outputs.append(fleet.to_chatgpt("--check", "--diff", "-vvv"))
        assert (outputs[-1].rc, snapshot(host)) == (0, before), outputs[-1].output
        assert "2 hosts, 4 accounts: 4 would change" in table(outputs[-1])[0]

        outputs.append(fleet.to_chatgpt("--diff", "-vvv"))
        assert outputs[-1].rc == 0, outputs[-1].output
        assert table(outputs[-1])[0].startswith("2 hosts, 4 accounts: 4 changed")
        assert fleet.methods() == {"Logged in using ChatGPT"}
        assert host.file("/home/carol/.codex/codex.env").content == b"PROXY=fleet-test-proxy\n"
        told = words_of_table(outputs[-1])
        assert "/etc/environment sets OPENAI_API_KEY" in told
        assert "/home/carol/.bashrc sets OPENAI_API_KEY" in told
        forced = '# mine\nforced_login_method = "chatgpt" # theirs\nmodel = "x"\n'
        assert fleet.config("alice") == forced + ('preferred_auth_method = "chatgpt"\n' if version == OLD else "")
        assert fleet.config("bob") == ('preferred_auth_method = "chatgpt"\n' if version == OLD else "")
        assert [secrets.make("key").encode() in host.file(path).content for path in backups(host, "/srv")] == [True]

        before = snapshot(host)
        outputs.append(fleet.to_chatgpt("-vvv"))
        assert (outputs[-1].rc, any(task.changed for task in outputs[-1].tasks)) == (0, False), outputs[-1].output
        assert snapshot(host) == before

        def back(*arguments: str) -> Run:
            return migrate(other_core, fleet.hosts, *arguments, codex_migrate_to="apikey")

        outputs.append(back("--diff", "-vvv"))
        assert outputs[-1].rc == 0, outputs[-1].output
        assert fleet.methods() == {deployed}
        assert 'forced_login_method = "api" # theirs' in fleet.config("alice")
        said = words_of_table(outputs[-1])
        kept = {path: host.file(path).content for path in backups(host, "/srv") + backups(host, "/home/carol")}
        assert len(kept) == 4
        for path, content in kept.items():
            assert (path in said) is (b"refresh_token" in content)
        outputs.append(back("-vvv"))
        assert (outputs[-1].rc, any(task.changed for task in outputs[-1].tasks)) == (0, False), outputs[-1].output
    for run in outputs:
        assert secrets.find(run.output.encode(), "output") == []
        assert SYSTEM_KEY not in run.output
    assert processes.leaks == []


# ------------------------------------------------------------------------------------------ what is refused


def script_that_says(version: str) -> str:
    """A stand-in for a Codex that is older than all that can be had: 0.20.0 is the oldest with a login for ChatGPT."""
    return f"#!/bin/sh\necho codex-cli {version}\n"


@on_core("newest")
def test_nothing_is_changed_without_a_codex_that_can_do_it(
    host: Container, nopython: Container, other_core: Playbook
) -> None:
    """On a host where one user's Codex is too old, no other user is moved either. Other hosts go on."""
    nopython.run("rm", "-f", CODEX)
    host.write("/home/alice/.local/bin/codex", script_that_says("0.19.0"), "alice", "755")
    give_codex(host, NEW, "/home/bob/.local/bin/codex")
    give_codex(host, NEW, "/home/carol/bin/codex")
    (other_core.folder / "auth.json").write_text(encode(login("bob")))
    for name in ("alice", "bob", "carol"):
        host.write(f"/home/{name}/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), name)
    given = {"src": "auth.json"}
    hosts = {
        "old": over_ssh(host, codex_homes=[{"user": "bob", "auth": given}, {"user": "alice", "auth": given}]),
        "none": {**nopython.docker(), "codex_user": "alice", "codex_auth_src": "auth.json"},
        "unknown": over_ssh(host, codex_homes=[{"user": "bob", "auth": given}, {"user": "zoe", "auth": given}]),
        "good": over_ssh(host, codex_user="carol", codex_auth_src="auth.json"),
        "away": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
    }
    before = host.file("/home/bob/.codex/auth.json")
    run = migrate(other_core, hosts)
    assert run.rc not in (0, 1), run.output
    found = cells(run)
    assert found["away"][0] == "unreachable"
    assert [found[name][0] for name in ("old", "none", "unknown")] == ["failed"] * 3
    assert found["good"][:2] == ["carol", "changed"]
    told = words_of_table(run)
    assert (
        "alice on old would run Codex 0.19.0, and this needs 0.20.0 or later. Update Codex first: `npm install "
        "--global @openai/codex@VERSION`, or add -e codex_install=npm -e codex_install_version=VERSION to a run of "
        "fleet.codex.migrate. "
        "Nothing was changed on this host." in told
    )
    assert "No codex works for alice on none, and this needs Codex 0.20.0 or later. Update Codex first: " in told
    assert "There is no user zoe on this host." in told
    assert host.file("/home/bob/.codex/auth.json") == before
    assert not nopython.exists("/home/alice/.codex")


def test_a_codex_is_installed_where_that_is_wanted(host: Container, playbook: Playbook) -> None:
    """Check mode goes on as if it were there. How it is installed is tested with the role."""
    host.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    (playbook.folder / "auth.json").write_text(encode(login("alice")))
    hosts = {"host": over_ssh(host, codex_user="alice", codex_auth_src="auth.json")}
    before = snapshot(host, "/home/alice")
    npm = {"codex_install": "npm", "codex_install_version": "0.171.0"}
    checked = migrate(playbook, hosts, "--check", **npm)
    assert (checked.rc, cells(checked)["host"][:3]) == (0, ["alice", "would change", "ChatGPT"]), checked.output
    assert "npm would install Codex 0.171.0." in checked.output
    run = migrate(playbook, hosts, **npm)
    assert (run.rc, snapshot(host, "/home/alice")) == (2, before), run.output
    assert "npm could not be started on host." in run.output
    run = migrate(playbook, hosts, codex_install="present")
    assert (run.rc, snapshot(host, "/home/alice")) == (2, before), run.output
    assert "codex_install: present finds no codex that works for alice on host." in run.output


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"codex_migrate_to": "ChatGPT"}, "value of migrate_to must be one of: apikey, chatgpt"),
        (
            {"codex_migrate_to": "apikey"},
            "No API key is given for alice on host. Set api_key in each entry of codex_homes,",
        ),
        ({"codex_auth_src": "secret.json"}, "none of this run's vault passwords opens it"),
        ({"codex_auth_src": "missing.json"}, "missing.json"),
        ({"codex_homes": None}, "homes is empty. List the homes, or write [] for none."),
        ({"codex_user": ""}, "user is empty. Name the user, or leave the option out"),
        ({"codex_user": "zoe"}, "There is no user zoe on this host."),
    ],
)
def test_wrong_variables_change_nothing(
    variables: dict[str, t.Any], told: str, host: Container, playbook: Playbook
) -> None:
    give_codex(host, NEW)
    host.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    host.write("/home/alice/.codex/codex.env", f"OPENAI_API_KEY={KEY}\n", "alice")
    (playbook.folder / "right").write_text("fleet-test-right")
    (playbook.folder / "wrong").write_text("fleet-test-wrong")
    secret = playbook.folder / "secret.json"
    secret.write_text(encode(login("alice")))
    vault = [str(playbook.program.with_name("ansible-vault")), "encrypt", "--vault-id", "x@right", str(secret)]
    subprocess.run(vault, check=True, capture_output=True, cwd=playbook.folder)
    before = snapshot(host)
    run = migrate(playbook, {"host": over_ssh(host, codex_user="alice")}, "--vault-id", "x@wrong", **variables)
    assert (run.rc, cells(run)["host"][0]) == (2, "failed"), run.output
    assert told in words_of_table(run)
    assert KEY not in run.output
    assert snapshot(host) == before


def test_a_file_of_the_host_that_forces_the_key_is_left_alone(host: Container, playbook: Playbook) -> None:
    give_codex(host, NEW)
    host.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    host.write("/etc/codex/managed_config.toml", 'forced_login_method = "api"\n', mode="644")
    host.run("chmod", "755", "/etc/codex")
    (playbook.folder / "auth.json").write_text(encode(login("alice")))
    before = snapshot(host)
    run = migrate(playbook, {"host": over_ssh(host, codex_user="alice")}, codex_auth_src="auth.json")
    assert (run.rc, snapshot(host)) == (2, before), run.output
    assert "forced_login_method in /etc/codex/managed_config.toml does not allow a ChatGPT login" in words_of_table(run)


def test_tokens_that_codex_has_renewed_stay(host: Container, playbook: Playbook) -> None:
    """Also where the login is always replaced in deployments: that is not what a second run is for."""
    give_codex(host, NEW)
    host.write("/home/alice/.codex/auth.json", encode(login("alice", hours=5)), "alice")
    (playbook.folder / "auth.json").write_text(encode(login("alice")))
    before = host.file("/home/alice/.codex/auth.json")
    for update in ("if_newer", "on_create"):
        hosts = {"host": over_ssh(host, codex_user="alice", codex_auth_update=update)}
        run = migrate(playbook, hosts, codex_auth_src="auth.json")
        assert (run.rc, host.file("/home/alice/.codex/auth.json")) == (0, before), run.output
        assert not any(task.changed for task in run.tasks)


def test_entries_without_variables_and_without_a_login(host: Container, other_core: Playbook) -> None:
    """The variables of a home that declares none stay, and are told. A home that is declared absent stays as it is."""
    give_codex(host, NEW)
    (other_core.folder / "auth.json").write_text(encode(login("alice")))
    for name in ("alice", "bob", "carol"):
        with_key(host, name)
    before = host.file("/home/bob/.codex/auth.json")
    hosts = {"host": over_ssh(host, codex_homes=[
        {"config": {"layer": "system", "settings": {"model": "gpt-5"}}},
        {"user": "bob", "state": "absent"},
        {"user": "alice", "auth": {"src": "auth.json"}},
        {"user": "carol", "auth": {"content": login("carol")}, "environment": "{{ omit }}"},
    ])}  # fmt: skip
    run = migrate(other_core, hosts)
    assert run.rc == 0, run.output
    for name in ("alice", "carol"):
        assert "ChatGPT" in login_status(host, name)
        assert f"/home/{name}/.codex/codex.env sets OPENAI_API_KEY. Codex does not use it" in words_of_table(run)
        assert host.file(f"/home/{name}/.codex/codex.env").content == f"OPENAI_API_KEY={KEY}\n".encode()
    assert host.file("/home/bob/.codex/auth.json") == before
    assert host.file("/etc/codex/config.toml").content == b'model = "gpt-5"\n'
    again = migrate(other_core, hosts)
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output


def test_no_copy_is_kept_where_none_is_wanted(host: Container, playbook: Playbook) -> None:
    give_codex(host, NEW)
    host.write("/home/alice/.codex/auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "alice")
    (playbook.folder / "auth.json").write_text(encode(login("alice")))
    hosts = {"host": over_ssh(host, codex_user="alice", codex_auth_src="auth.json", codex_auth_update="on_create")}
    run = migrate(playbook, hosts, codex_migrate_backup=False)
    assert (run.rc, backups(host, "/home/alice")) == (0, []), run.output
    assert "ChatGPT" in login_status(host, "alice")


# ------------------------------------------------------------------------------------------ by a sign-in


@pytest.fixture(name="sign_in_host", scope="module")
def _sign_in_host(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[SignInHost]:
    host = SignInHost(key, tmp_path_factory.mktemp("authority"))
    yield host
    host.remove()


def start(playbook: Playbook, hosts: t.Mapping[str, Options], *arguments: str, **variables: t.Any) -> SignIn:
    given = {"codex_login_environment": {"SSL_CERT_FILE": AUTHORITY}, **variables}
    return SignIn(
        playbook, hosts, [], name="fleet.codex.migrate", arguments=["-e", json.dumps(given), *arguments]
    )  # fmt: skip


def test_somebody_signs_in_where_no_login_is_given(sign_in_host: SignInHost, playbook: Playbook) -> None:
    """For one of two homes; the other one's login is given. Check mode and the second run ask nobody."""
    host = sign_in_host
    host.reset()
    host.install(NEW)
    (playbook.folder / "bob.json").write_text(encode(login("bob")))
    with_key(host, "alice", 'preferred_auth_method = "apikey"\n')
    with_key(host, "bob")
    environment = {"PROXY": "x"}
    hosts = {"web1": over_ssh(host, codex_homes=[
        {"user": "bob", "auth": {"src": "bob.json"}, "environment": environment},
        {"user": "alice", "auth": {"api_key": KEY}, "environment": environment},
    ])}  # fmt: skip
    before = snapshot(host)
    checked = start(playbook, hosts, "--check").end()
    assert (checked.rc, snapshot(host)) == (0, before), checked.output

    run = start(playbook, hosts)
    assert run.visit() == ["302", "200"]
    done = run.end()
    assert done.rc == 0, done.output
    assert "1 host, 2 accounts: 2 changed" in done.output
    assert [login_status(host, user).strip().splitlines()[-1] for user in ("alice", "bob")] == [
        "Logged in using ChatGPT"
    ] * 2
    for user in ("alice", "bob"):
        assert host.file(f"/home/{user}/.codex/codex.env").content == b"PROXY=x\n"
        (copy,) = backups(host, f"/home/{user}/.codex")
        assert KEY in host.file(copy).content.decode()
    assert host.file("/home/alice/.codex/config.toml").content == b""
    again = start(playbook, hosts).end()
    assert again.rc == 0, again.output
    assert "changed=0" in again.output
    assert "POST /oauth/revoke" not in host.requests()
    assert KEY not in checked.output + done.output + again.output


def test_nobody_is_asked_where_the_method_is_forced(sign_in_host: SignInHost, playbook: Playbook) -> None:
    host = sign_in_host
    host.reset()
    host.install(NEW)
    with_key(host, "alice", 'forced_login_method = "api"\n')
    before = snapshot(host)
    run = start(playbook, {"web1": over_ssh(host, codex_user="alice")}).end()
    assert (run.rc, snapshot(host)) == (2, before), run.output
    assert "config.toml on web1 allows API keys alone, so nobody can sign in to ChatGPT." in run.output


def test_a_sign_in_that_is_refused_changes_nothing(sign_in_host: SignInHost, playbook: Playbook) -> None:
    host = sign_in_host
    host.reset()
    host.install(NEW)
    with_key(host, "alice")
    before = {path: host.file(path) for path in ("/home/alice/.codex/auth.json", "/home/alice/.codex/codex.env")}
    run = start(playbook, {"web1": over_ssh(host, codex_user="alice")})
    run.visit("access_denied")
    done = run.end()
    assert done.rc == 2, done.output
    assert before == {path: host.file(path) for path in before}
