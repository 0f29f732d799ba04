# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook copy_credentials: a login of the controller goes to hosts and containers."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, jwt, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .journeys import Options, cells, journey, login_status, put_codex, words_of_table
from .leaks import Secrets

NOW = dt.datetime.now(dt.UTC)


def chatgpt(secrets: Secrets) -> dict[str, t.Any]:
    """A ChatGPT login that was just made, with secrets that can be found."""
    document = t.cast(dict[str, t.Any], login("alice", since=NOW))
    document["tokens"]["refresh_token"] = secrets.make("refresh")
    document["tokens"]["access_token"] = jwt({"exp": int(NOW.timestamp()) + 864000, "jti": secrets.make("access")})
    return document


def log_in_here(playbook: Playbook, content: str, folder: str = "home/.codex") -> pathlib.Path:
    """The login of the user who runs the playbook."""
    path = playbook.folder / folder / "auth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o600)
    return path


USERS = {"one": "alice", "two": "bob", "three": "carol", "four": "dora"}


def accounts(container: Container, *names: str) -> dict[str, Options]:
    """Hosts that are users of a container."""
    return {name: container.docker(USERS[name]) for name in names}


def auth_of(name: str) -> str:
    return f"/home/{USERS[name]}/.codex/auth.json"


def copy_of(container: Container, name: str) -> dict[str, t.Any]:
    document: dict[str, t.Any] = json.loads(container.file(auth_of(name)).content)
    return document


@pytest.mark.parametrize("way", ["ssh", "docker"])
def test_the_one_liner_of_the_guide(container: Container, other_core: Playbook, way: str) -> None:
    """ansible-playbook -i myserver, fleet.codex.copy_credentials: as the user who logs in, and nothing else to say."""
    secrets = Secrets()
    put_codex(container, binary("0.171.0"))
    log_in_here(other_core, json.dumps(chatgpt(secrets)))
    hosts = {"myserver": container.ssh("alice") if way == "ssh" else container.docker("alice")}
    run = journey(other_core, "copy_credentials", hosts, "-vvv", "--diff")
    assert run.rc == 0, run.output
    assert cells(run)["myserver"][:2] == ["alice", "changed"]
    assert "alice@example.com" in cells(run)["myserver"]
    assert login_status(container, "alice") == "Logged in using ChatGPT\n"
    assert container.mode("/home/alice/.codex/auth.json") == ("alice", "600")
    assert (
        "whichever side renews the login first ends it for the other"
        in run.one("Say who renews the login from now on").message
    )
    again = journey(other_core, "copy_credentials", hosts)
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output
    assert secrets.find((run.output + again.output).encode(), "output") == []


def test_one_login_goes_to_several_hosts_only_when_told(container: Container, playbook: Playbook) -> None:
    secrets = Secrets()
    source = log_in_here(playbook, json.dumps(chatgpt(secrets)))
    hosts = accounts(container, "one", "two")
    run = journey(playbook, "copy_credentials", hosts)
    assert run.rc == 2, run.output
    text = words_of_table(run)
    assert f"{source} holds a ChatGPT login that Codex renews, and there are 2 hosts" in text
    assert "codex_auth_without_refresh_token=true" in text
    assert not container.exists(auth_of("one"))
    assert not container.exists(auth_of("two"))

    run = journey(playbook, "copy_credentials", hosts, codex_auth_without_refresh_token=True)
    assert run.rc == 0, run.output
    for name in ("one", "two"):
        copy = copy_of(container, name)
        assert (copy["auth_mode"], copy["tokens"]["refresh_token"]) == ("chatgptAuthTokens", "")
        assert copy["tokens"]["access_token"] == json.loads(source.read_text())["tokens"]["access_token"]
    assert "renews the login" not in json.dumps([task.result for task in run.tasks])
    again = journey(playbook, "copy_credentials", hosts, codex_auth_without_refresh_token=True)
    assert (again.rc, any(task.changed for task in again.tasks)) == (0, False), again.output

    others = accounts(container, "three", "four")
    run = journey(playbook, "copy_credentials", others, codex_allow_shared_refresh_token=True)
    assert run.rc == 0, run.output
    assert {copy_of(container, name)["tokens"]["refresh_token"] for name in others} == {secrets.make("refresh")}
    assert secrets.find(run.output.encode(), "output") == []


def test_an_api_key_goes_everywhere(container: Container, playbook: Playbook) -> None:
    secrets = Secrets()
    log_in_here(playbook, json.dumps({"OPENAI_API_KEY": secrets.make("key")}), "work")
    run = playbook.run(
        accounts(container, "one", "two"), [], name="fleet.codex.copy_credentials", arguments=["-vvv"],
        env={"CODEX_HOME": str(playbook.folder / "work")},
    )  # fmt: skip
    assert run.rc == 0, run.output
    assert [copy_of(container, name)["OPENAI_API_KEY"] for name in ("one", "two")] == [secrets.make("key")] * 2
    assert secrets.find(run.output.encode(), "output") == []


def test_the_file_may_be_a_vault(container: Container, playbook: Playbook) -> None:
    secrets = Secrets()
    source = log_in_here(playbook, json.dumps(chatgpt(secrets)), "credentials")
    (playbook.folder / "password").write_text("fleet-test-password")
    (playbook.folder / "wrong").write_text("fleet-test-other")
    vault = playbook.program.with_name("ansible-vault")
    subprocess.run(
        [vault, "encrypt", "--vault-password-file", "password", str(source)],
        cwd=playbook.folder, check=True, capture_output=True,
    )  # fmt: skip
    given = {"codex_auth_src": "credentials/auth.json"}
    hosts = accounts(container, "one")
    for arguments in ([], ["--vault-password-file", "wrong"]):
        run = journey(playbook, "copy_credentials", hosts, *arguments, **given)
        assert run.rc == 2, run.output
        assert "ecrypt" in run.output
        assert not container.exists(auth_of("one"))
        assert secrets.find(run.output.encode(), "output") == []
    run = journey(playbook, "copy_credentials", hosts, "--vault-password-file", "password", **given)
    assert (run.rc, copy_of(container, "one")["tokens"]["refresh_token"]) == (0, secrets.make("refresh")), run.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no {source} on this machine. Log in with `codex login` first, or name the file"),
        ("{", "is not valid JSON (line 1, column 2). Correct it."),
        ('{"OPENAI_API_KEY": null}', "has no login"),
    ],
)
def test_what_is_no_login_goes_nowhere(
    container: Container, playbook: Playbook, content: str | None, message: str
) -> None:
    source = playbook.folder / "home" / ".codex" / "auth.json"
    if content is not None:
        log_in_here(playbook, content)
    run = journey(playbook, "copy_credentials", accounts(container, "one"))
    assert run.rc == 2, run.output
    assert message.format(source=source) in words_of_table(run)
    assert not container.exists(auth_of("one"))


def test_another_account_stays(container: Container, playbook: Playbook) -> None:
    log_in_here(playbook, encode(login("alice")))
    container.write(auth_of("one"), encode(login("bob")), USERS["one"])
    run = journey(playbook, "copy_credentials", accounts(container, "one"))
    assert run.rc == 2, run.output
    assert copy_of(container, "one")["tokens"]["account_id"] == "bob"
