# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_auth_fetch and the playbook collect: the newer login comes back, into plain and into vault files."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import api_key_document, encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import kept, on_core

PASSWORD = "fleet-test-vault-password"


def saved(hours: int, account: str = "account-1") -> str:
    """auth.json of a login that was renewed so many hours after the first one."""
    return encode(login(account, hours))


class Place:
    """One local host with a Codex home, and a folder for copies."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.home = playbook.folder / "home"
        self.codex_home = self.home / ".codex"
        self.codex_home.mkdir(parents=True, mode=0o700)
        self.copy = playbook.folder / "copies" / "auth.json"
        (playbook.folder / "password").write_text(PASSWORD)

    def put(self, content: str, name: str = "auth.json") -> None:
        (self.codex_home / name).write_text(content)
        (self.codex_home / name).chmod(0o600)

    def keep(self, content: str) -> None:
        self.copy.parent.mkdir(exist_ok=True)
        self.copy.write_text(content)

    def fetch(self, *arguments: str, **options: t.Any) -> Run:
        task = {"name": "fetch", "fleet.codex.codex_auth_fetch": {"dest": "copies/auth.json", **options}}
        return self.playbook.run(
            {"host": {"ansible_connection": "local"}},
            [task],
            play={"environment": {"HOME": str(self.home)}},
            arguments=["-vvv", "--diff", *arguments],
        )

    def vault(self, action: str, *arguments: str) -> str:
        program = self.playbook.program.with_name("ansible-vault")
        command = [str(program), action, *arguments, str(self.copy)]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.playbook.folder).stdout


@pytest.fixture
def place(playbook: Playbook) -> Place:
    return Place(playbook)


def test_a_new_copy_in_four_steps(place: Place) -> None:
    place.put(saved(0))
    before = (place.codex_home / "auth.json").stat().st_mtime_ns
    check = place.fetch("--check")
    assert (check.changes(), check.executions(), place.copy.exists()) == ([True], 1, False)
    done = place.fetch()
    assert (done.changes(), done.executions()) == ([True], 2)
    assert json.loads(place.copy.read_text()) == json.loads(saved(0))
    assert place.copy.stat().st_mode & 0o777 == 0o600
    assert place.copy.parent.stat().st_mode & 0o777 == 0o700
    written = place.copy.stat()
    for arguments in (["--check"], []):
        again = place.fetch(*arguments)
        assert (again.changes(), again.executions()) == ([False], 1)
    assert (place.copy.stat().st_ino, place.copy.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert [path.name for path in place.copy.parent.iterdir()] == ["auth.json"]
    assert (place.codex_home / "auth.json").stat().st_mtime_ns == before
    assert "fleet-test-refresh" not in done.output


@pytest.mark.parametrize(
    ("there", "kept", "changed", "reason"),
    [
        (saved(1), saved(0), True, "newer than the copy"),
        (saved(0), saved(1), False, "newer or of the same age"),
        (saved(0), saved(0), False, "holds this login already"),
        (encode({**json.loads(saved(1)), "OPENAI_API_KEY": "fleet-test-minted"}), saved(0), True, "newer"),
        (encode(api_key_document("fleet-test-key-1")), None, True, "no copy"),
    ],
)
def test_only_the_newer_login_is_brought_back(
    place: Place, there: str, kept: str | None, changed: bool, reason: str
) -> None:
    place.put(there)
    if kept is not None:
        place.keep(kept)
    run = place.fetch()
    assert run.changes() == [changed]
    assert reason in run.one("fetch").result["reason"]
    wanted = {**json.loads(there)}
    if "tokens" in wanted:
        wanted["OPENAI_API_KEY"] = None
    assert json.loads(place.copy.read_text()) == (wanted if changed else json.loads(kept or ""))


@pytest.mark.parametrize("there", [saved(1, "account-2"), encode(api_key_document("fleet-test-key-1"))])
def test_another_login_replaces_the_copy_only_on_request(place: Place, there: str) -> None:
    place.put(there)
    place.keep(saved(0))
    message = place.fetch().failure()
    assert "a ChatGPT login of account-1 (…@example.com)" in message
    assert "on_account_mismatch" in message
    assert place.copy.read_text() == saved(0)
    assert place.fetch(on_account_mismatch="replace").changes() == [True]
    assert json.loads(place.copy.read_text()) == json.loads(there)


def test_what_a_killed_codex_left_is_brought_back_where_it_is_the_newer_one(place: Place) -> None:
    place.put(saved(0))
    place.put(saved(2), ".auth-x1Y2z3")
    place.put(saved(9, "account-2"), ".auth-other1")
    place.put('{"cut off', ".auth-cut012")
    run = place.fetch()
    assert run.one("fetch").result["path"] == f"{place.codex_home}/.auth-x1Y2z3"
    assert json.loads(place.copy.read_text()) == json.loads(saved(2))


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ('{"cut off', "is not an auth.json that Codex can read"),
        (encode({**json.loads(saved(0)), "OPENAI_API_KEY": "fleet-test-x", "auth_mode": None}), "mixes two logins"),
        ('{"agent_identity": "fleet-test-x"}', "does not deploy"),
    ],
)
def test_what_could_not_be_deployed_again_is_left_where_it_is(place: Place, there: str, words: str) -> None:
    place.put(there)
    place.keep(saved(0))
    assert words in place.fetch().failure()
    assert place.copy.read_text() == saved(0)


def test_a_home_without_a_login_is_no_error(place: Place) -> None:
    run = place.fetch()
    assert run.changes() == [False]
    assert run.one("fetch").result["reason"] == "There is no login to fetch."
    assert not place.copy.parent.exists()


def test_a_copy_stays_encrypted_with_its_own_secret(place: Place) -> None:
    place.keep(saved(0))
    place.vault("encrypt", "--vault-id", "codex@password", "--encrypt-vault-id", "codex")
    header = place.copy.read_text().splitlines()[0]
    place.put(saved(0))
    secrets = ["--vault-id", "codex@password"]
    before = place.copy.read_bytes()
    assert place.fetch(*secrets).changes() == [False]
    assert place.copy.read_bytes() == before
    place.put(saved(1))
    run = place.fetch(*secrets, "--check")
    assert (run.changes(), place.copy.read_bytes()) == ([True], before)
    assert place.fetch(*secrets).one("fetch").result["encrypted"] is True
    assert place.copy.read_text().splitlines()[0] == header == "$ANSIBLE_VAULT;1.2;AES256;codex"
    assert json.loads(place.vault("view", *secrets)) == json.loads(saved(1))


def test_a_new_copy_is_encrypted_on_request_and_so_is_a_plain_one(place: Place) -> None:
    secrets = ["--vault-id", "codex@password"]
    place.put(saved(0))
    for before, reason in ((None, "no copy"), (saved(0), "was not encrypted"), (saved(1), "was not encrypted")):
        place.copy.unlink(missing_ok=True)
        if before:
            place.keep(before)
        run = place.fetch(*secrets, encrypt_vault_id="codex")
        assert run.changes() == [True]
        assert reason in run.one("fetch").result["reason"]
        assert json.loads(place.vault("view", *secrets)) == json.loads(before or saved(0))
        assert place.copy.stat().st_mode & 0o777 == 0o600
        assert place.fetch(*secrets, encrypt_vault_id="codex").changes() == [False]


def test_a_copy_that_cannot_be_opened_or_written_is_an_error_and_left_alone(place: Place) -> None:
    place.put(saved(1))
    place.keep(saved(0))
    place.vault("encrypt", "--vault-id", "codex@password", "--encrypt-vault-id", "codex")
    before = place.copy.read_bytes()
    (place.playbook.folder / "wrong").write_text("fleet-test-wrong")
    for arguments, words in (
        ([], "this run has no vault password. Give it with --vault-id codex@prompt"),
        (["--vault-id", "codex@wrong"], "none of this run's vault passwords opens it. Give the password"),
    ):
        assert words in place.fetch(*arguments).failure()
        assert place.copy.read_bytes() == before
    message = place.fetch(dest="copies/other.json", encrypt_vault_id="nobody").failure()
    assert "no vault secret with the id nobody" in message
    for dest, words in (
        ("copies", "is a folder"),
        ("copies/", "ends in a slash"),
        ("copies/auth.json/auth.json", "cannot be read"),
        ("/proc/none/auth.json", "cannot be written"),
    ):
        assert words in place.fetch(dest=dest).failure()
    place.keep('{"OPENAI_API_KEY": ')
    assert "dest" in place.fetch().failure()
    assert sorted(path.name for path in place.copy.parent.iterdir()) == ["auth.json"]


def test_two_homes_never_share_a_copy(place: Place) -> None:
    other = place.playbook.folder / "other"
    for folder in (place.codex_home, other):
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / "auth.json").write_text(saved(0))
    task = {"name": "fetch", "fleet.codex.codex_auth_fetch": {"dest": "copies/auth.json", "codex_home": "{{ home }}"}}
    hosts = {
        name: {"ansible_connection": "local", "home": str(home)}
        for name, home in (("one", place.codex_home), ("two", other))
    }
    again = {**task, "name": "again", "when": "inventory_hostname == 'one'"}
    run = place.playbook.run(hosts, [task, again], arguments=["--forks", "1"])
    assert [(done.name, done.host, done.changed) for done in run.tasks if not done.result.get("failed")] == [
        ("fetch", "one", True),
        ("again", "one", False),
    ]
    (message,) = [done.message for done in run.tasks if done.result.get("failed")]
    assert "copies/auth.json already holds the login of root on one." in message


def test_a_link_stays_and_what_it_leads_to_is_replaced(place: Place) -> None:
    place.put(saved(1))
    place.keep(saved(0))
    real = place.copy.with_name("real.json")
    place.copy.rename(real)
    place.copy.symlink_to("real.json")
    assert place.fetch().changes() == [True]
    assert place.copy.is_symlink()
    assert json.loads(real.read_text()) == json.loads(saved(1))


@on_core("newest")
def test_other_cores(other_core: Playbook) -> None:
    place = Place(other_core)
    secrets = ["--vault-id", "codex@password"]
    for hours in (0, 1):
        place.put(saved(hours))
        assert place.fetch(*secrets, encrypt_vault_id="codex").changes() == [True]
        assert json.loads(place.vault("view", *secrets)) == json.loads(saved(hours))


def each_vault_trouble_has_a_sentence(place: Place) -> None:
    """For src, and for dest."""
    place.put(saved(0))
    assert place.fetch("--vault-id", "codex@password").changes() == [True]
    place.put(saved(1))
    (place.playbook.folder / "wrong").write_text("fleet-test-wrong")
    deploy = {"fleet.codex.codex_auth_file": {"src": "copies/auth.json", "codex_home": str(place.home / "other")}}
    fetch = {"fleet.codex.codex_auth_fetch": {"dest": "copies/auth.json", "codex_home": str(place.codex_home)}}
    for option, task in (("src", deploy), ("dest", fetch)):
        for secrets, words in (
            ([], "this run has no vault password. Give it with --vault-id codex@prompt"),
            (
                ["--vault-id", "codex@wrong"],
                "none of this run's vault passwords opens it. Give the password of the vault",
            ),
        ):
            run = place.playbook.run({"host": {"ansible_connection": "local"}}, [task], arguments=secrets)
            assert run.failure().startswith(f"{option}: {place.copy} is encrypted, and {words}")
        right = ["--vault-id", "codex@password", "--check"]
        assert place.playbook.run({"host": {"ansible_connection": "local"}}, [task], arguments=right).changes() == [
            True
        ]


@pytest.mark.repeats("another core")
def test_each_vault_trouble_has_a_sentence(place: Place) -> None:
    each_vault_trouble_has_a_sentence(place)


@on_core("newest")
def test_each_vault_trouble_has_a_sentence_on_other_cores(other_core: Playbook) -> None:
    each_vault_trouble_has_a_sentence(Place(other_core))


def test_collect_brings_back_the_logins_of_every_user(container: Container, playbook: Playbook) -> None:
    container.write("/home/alice/.codex/auth.json", saved(0), "alice")
    container.write("/home/bob/.codex/auth.json", saved(0, "account-2"), "bob")
    container.write("/home/carol/.codex/auth.json", encode(api_key_document("fleet-test-key-1")), "carol")
    (playbook.folder / "password").write_text(PASSWORD)
    secrets = ["--vault-id", "codex@password"]

    def collect(*arguments: str) -> Run:
        hosts = {"one": container.docker(), "two": container.docker()}
        return playbook.run(hosts, [], arguments=[*secrets, *arguments], name="fleet.codex.collect")

    folder = playbook.folder / "credentials"
    assert any(collect("--check").changes())
    assert not folder.exists()
    run = collect()
    assert any(run.changes())
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == [f"{host}/{user}/auth.json" for host in ("one", "two") for user in ("alice", "bob")]
    assert all(path.read_text().startswith("$ANSIBLE_VAULT") for path in folder.rglob("auth.json"))
    assert not any(collect().changes())
    container.write("/home/alice/.codex/auth.json", saved(1), "alice")
    before = {path: path.read_bytes() for path in folder.rglob("auth.json")}
    assert any(collect("-e", "codex_collect_hosts=one").changes())
    changed = [str(path.relative_to(folder)) for path, data in before.items() if path.read_bytes() != data]
    assert changed == ["one/alice/auth.json"]


def said(run: Run) -> list[str]:
    """What the playbook said of each login."""
    return [
        str(item["msg"])
        for task in run.tasks
        if task.name.startswith("Say ")
        for item in task.result.get("results", [])
        if "msg" in item
    ]


def collect_every_home(playbook: Playbook, container: Container) -> None:
    """Declared homes, given ones and a refused one; plain copies, which are a warning in each run."""
    container.write("/home/alice/.codex/auth.json", saved(0), "alice")
    container.write("/home/carol/.codex/auth.json", encode(api_key_document("fleet-test-key-1")), "carol")
    container.write("/srv/ci/auth.json", saved(0, "account-2"), "bob")
    container.run("chown", "bob", "/srv/ci")
    container.run("mkdir", "-m", "700", "/home/dora/.codex")
    container.run("mkfifo", "/home/dora/.codex/auth.json")
    container.run("chown", "-R", "dora", "/home/dora/.codex")
    homes = [
        {"user": "bob", "codex_home": "/srv/ci", "auth": {"api_key": "fleet-test-secret"}},
        {"user": "alice", "codex_home": "/home/alice/.codex"},
        {"user": "alice"},
        {"config": {"layer": "system", "settings": {"model": "x"}}},
    ]
    hosts = {
        "one": {**container.docker(), "codex_homes": homes},
        "two": {**container.docker(), "codex_user": "bob", "codex_home": "/srv/ci"},
        "gone": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        "three": {**container.docker(), "codex_user": "", "codex_homes": None},
    }
    run = playbook.run(hosts, [], name="fleet.codex.collect")
    assert run.rc != 0
    folder = playbook.folder / "credentials"
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    expected = [f"{host}/alice/auth.json" for host in ("one", "two", "three")]
    assert files == sorted([*expected, "one/bob/srv/ci/auth.json", "two/bob/srv/ci/auth.json"])
    told = said(run)
    assert len([text for text in told if text.startswith("dora") and "auth.json" in text]) == 3, told
    assert len([text for text in told if text.startswith("carol") and "API key" in text]) == 3, told
    assert len([text for text in told if text.startswith("alice")]) == 3, told
    assert any(task.host == "gone" and task.result.get("unreachable") for task in run.tasks)
    assert "clear text" in run.output
    assert "fleet-test-secret" not in run.output and "fleet-test-refresh" not in run.output
    container.run("rm", "/home/dora/.codex/auth.json")
    del hosts["gone"]
    again = playbook.run(hosts, [], name="fleet.codex.collect")
    assert not any(again.changes())
    assert "clear text" in again.output
    assert any(text.startswith("dora") and "no login" in text for text in said(again))
    # Those of one user, and what is given.
    given = json.dumps({"codex_collect_users": ["nobody-here"], "codex_collect_folder": "others"})
    assert playbook.run(hosts, [], arguments=["-e", given], name="fleet.codex.collect").rc != 0
    given = json.dumps(
        {
            "codex_collect_users": ["carol"],
            "codex_collect_homes": [{"user": "bob", "codex_home": "/srv/ci"}],
            "codex_collect_folder": "others",
        }
    )
    assert any(playbook.run(hosts, [], arguments=["-e", given], name="fleet.codex.collect").changes())
    files = sorted(str(path.relative_to(playbook.folder)) for path in (playbook.folder / "others").rglob("*.json"))
    assert files == sorted(f"others/{host}/bob/srv/ci/auth.json" for host in hosts)


@pytest.mark.repeats("another core")
def test_collect_brings_back_every_home(container: Container, playbook: Playbook) -> None:
    collect_every_home(playbook, container)


@on_core("oldest")
def test_collect_brings_back_every_home_on_other_cores(container: Container, other_core: Playbook) -> None:
    collect_every_home(other_core, container)


@pytest.mark.parametrize("name", ["fleet.codex.collect", str(CHECKOUT / "playbooks" / "collect.yml")])
@pytest.mark.parametrize("inventory", kept(["inventory", "."], ("one,", "inventory", "."), reason="another inventory"))
def test_collect_stays_out_of_inventories(place: Place, name: str, inventory: str) -> None:
    place.put(saved(0))
    playbook = place.playbook
    (playbook.folder / "inventory").mkdir()
    (playbook.folder / "inventory" / "hosts").write_text("one\n")
    (playbook.folder / "ansible.cfg").write_text(
        (playbook.folder / "ansible.cfg").read_text() + "\n[inventory]\nenable_plugins = host_list, ini\n"
    )
    home = {"user": "", "codex_home": str(place.codex_home)}
    given = {"ansible_connection": "local", "ansible_become": False, "codex_collect_homes": [home]}
    given |= {"codex_collect_users": ["root"], "codex_collect_hosts": "one"}
    run = playbook.run({}, [], arguments=["-i", inventory, "-e", json.dumps(given)], name=name)
    copies = [str(path.relative_to(playbook.folder)) for path in playbook.folder.rglob("auth.json")]
    kept = [path for path in copies if not path.startswith("home/")]
    assert not (CHECKOUT / "playbooks" / "credentials").exists()
    if inventory == ".":
        assert kept == []
        assert "is inside the inventory folder" in run.output
    else:
        assert kept == [f"credentials/one{place.codex_home}/auth.json"], run.output


@pytest.mark.parametrize("name", ["../evil", ".evil", "a/b"])
def test_collect_goes_nowhere_that_the_name_of_a_user_leads(
    name: str, container: Container, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    container.run(
        "sh", "-c", f"cp /etc/passwd /tmp/passwd && echo '{name}:x:7777:7777::/srv/evil:/bin/sh' >>/etc/passwd"
    )
    try:
        container.write("/srv/evil/.codex/auth.json", saved(0), "7777")
        run = playbook.run({"one": container.docker()}, [], name="fleet.codex.collect")
        assert run.rc == 0, run.output
        assert not list(playbook.folder.rglob("auth.json"))
        assert [text for text in said(run) if text.startswith(json.dumps(name))], run.output
    finally:
        container.run("cp", "/tmp/passwd", "/etc/passwd")
