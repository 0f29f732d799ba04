# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook fleet.codex.status: the logins of a fleet as a table, as JSON and as a page."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.page import Page
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .journeys import NOBODY_LISTENS, TABLE, table, words_of_table
from .leaks import Secrets

PLAYBOOK = "fleet.codex.status"
NOW = dt.datetime.now(dt.UTC)
GONE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}  # where nobody listens

Data = dict[str, t.Any]


class Folders:
    """Codex homes that are folders of this machine, each the only one of a host that is this machine."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.hosts: dict[str, Data] = {}

    def home(self, name: str) -> pathlib.Path:
        """The Codex home of a host, which is there from now on."""
        path = self.playbook.folder / "homes" / name
        path.mkdir(parents=True, exist_ok=True)
        self.hosts[name] = {"ansible_connection": "local", "codex_home": str(path)}
        return path

    def put(self, name: str, document: t.Mapping[str, object]) -> None:
        """A login in the home of a host."""
        (self.home(name) / "auth.json").write_text(encode(document))
        (self.home(name) / "auth.json").chmod(0o600)

    def facts(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything that lies in the homes."""
        files = [path for path in (self.playbook.folder / "homes").rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    def status(self, *arguments: str, **variables: t.Any) -> Run:
        return status(self.playbook, self.hosts, *arguments, **variables)

    @property
    def report(self) -> pathlib.Path:
        return self.playbook.folder / "report.json"


@pytest.fixture
def folders(playbook: Playbook) -> Folders:
    return Folders(playbook)


def status(playbook: Playbook, hosts: t.Mapping[str, Data], *arguments: str, **variables: t.Any) -> Run:
    extra = ["-e", json.dumps(variables)] if variables else []
    return playbook.run(hosts, [], name=PLAYBOOK, arguments=[*arguments, *extra])


def renewed(account: str, days: int, **more: t.Any) -> Data:
    """A login whose access token expires so many days from now, and a little."""
    return login(account, days * 24 + 1, since=NOW, **more)


def day(days: int) -> str:
    return f"{NOW + dt.timedelta(days=days, hours=1):%Y-%m-%d}"


# ---------------------------------------------------------------------------------------------------- the fleet


def test_every_user_of_a_fleet_with_a_host_that_is_gone(
    container: Container, nopython: Container, playbook: Playbook
) -> None:
    """One login on two hosts, one of them without Python; one that cannot be renewed; none; a home that is refused."""
    for host in (container, nopython):
        host.write("/home/alice/.codex/auth.json", encode(renewed("shared", 5)), "alice")
    container.write("/home/bob/.codex/auth.json", encode(renewed("bob", -3)), "bob")
    container.write("/home/carol/.codex/auth.json", encode(renewed("carol", -1, refresh_token="")), "carol")
    container.write("/home/deploy/.codex/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "deploy")
    container.run("install", "-d", "-o", "root", "/home/dora/.codex")
    nopython.run("install", "-d", "-o", "bob", "/home/bob/.codex")
    before = [host.list("/home") for host in (container, nopython)]
    hosts = {"web1": container.docker(), "web2": GONE, "web3": nopython.docker()}
    variables = {"codex_users": "all", "codex_version": "0.171.0", "codex_report": "fleet.json"}
    run = status(playbook, hosts, "--become", **variables)
    assert run.rc == 4, run.output
    lines = table(run)
    assert lines[0] == "3 hosts, 7 accounts: 6 ok, 1 failed, 1 unreachable. 5 need attention."
    start = lines.index("", 2)
    assert [" ".join(line.split()) for line in lines[2:start]] == [
        "HOST USER RESULT NOTE LOGIN ACCOUNT PLAN EXPIRES RENEW CODEX",
        "web2 unreachable [1]",
        "web1 dora failed [2]",
        f"web1 alice ok [3] ChatGPT shared@example.com plus {day(5)} 0.171.0",
        f"web1 carol ok [4] ChatGPT carol@example.com plus {day(-1)} never 0.171.0",
        f"web3 alice ok [3] ChatGPT shared@example.com plus {day(5)} 0.171.0",
        f"web1 bob ok ChatGPT bob@example.com plus {day(-3)} due 0.171.0",
        "web1 deploy ok API key 0.171.0",
        "web3 bob ok none 0.171.0",
    ]
    notes = " ".join(line.strip() for line in lines[start:])
    for words in (
        "[1] web2: ", "[2] web1 dora: ", "belongs to root and not to dora",
        "[3] web1 alice and web3 alice have the same ChatGPT login.", "[4] web1 carol: The access token expired at",
    ):  # fmt: skip
        assert words in notes
    assert NOBODY_LISTENS.search(notes)

    report = json.loads((playbook.folder / "fleet.json").read_text())
    assert (report["title"], report["check_mode"]) == ("Codex logins", False)
    accounts = report["accounts"]
    assert len(accounts) == start - 3
    for account, line in zip(accounts, lines[3:start], strict=True):
        shown = [account["host"], account["user"], account["state"], account["login"].get("email")]
        assert [word for word in line.split() if word in shown] == [*filter(None, shown)]
        assert ("[" in line) == bool(account["attention"])
        assert all(" ".join(sentence.split()) in notes for sentence in account["attention"])
    shared = [
        account["login"]["fingerprint"] for account in accounts if account["login"].get("email", "")[:6] == "shared"
    ]
    assert len(shared) == 2 and len({*shared}) == 1

    page_run = status(playbook, hosts, "--become", **{**variables, "codex_report": "fleet.html"})
    assert table(page_run) == lines
    page = Page((playbook.folder / "fleet.html").read_text())
    assert [cells[:2] for cells in page.accounts] == [
        [account["host"], account["user"] or "unreachable"] for account in accounts
    ]
    assert page.all("span", class_="shared") == ["same login 1"] * 2
    assert [host.list("/home") for host in (container, nopython)] == before


def test_declared_homes_alone(container: Container, playbook: Playbook) -> None:
    """Of codex_homes, with what these entries have for the role; without any, the user's own."""
    container.write("/home/alice/.codex/auth.json", encode(renewed("alice", 5)), "alice")
    container.write("/home/bob/.codex/auth.json", encode(renewed("bob", 5)), "bob")
    container.write("/srv/ci/auth.json", '{"OPENAI_API_KEY": "fleet-test-key"}', "bob")
    homes = [
        {"user": "alice", "auth": {"api_key": "fleet-test-other"}, "config": {"settings": {"model": "m"}}},
        {"user": "bob", "codex_home": "/srv/ci", "state": "present"},
    ]
    run = status(playbook, {"web1": {**container.docker(), "codex_homes": homes}}, "--become")
    assert run.rc == 0, run.output
    lines = [" ".join(line.split()) for line in table(run)]
    assert lines == [
        "1 host, 2 accounts: 2 ok",
        "",
        "HOST USER CODEX HOME RESULT LOGIN ACCOUNT PLAN EXPIRES",
        f"web1 alice ok ChatGPT alice@example.com plus {day(5)}",
        "web1 bob /srv/ci ok API key",
    ]
    run = status(playbook, {"web1": {**container.docker("bob"), "codex_homes": ""}})
    assert [line.split()[:2] for line in table(run)[3:]] == [["web1", "bob"]]
    run = status(playbook, {"web1": {**container.docker(), "codex_homes": homes}}, "--become", codex_users=["bob"])
    assert [line.split()[:2] for line in table(run)[3:]] == [["web1", "bob"]]


def test_a_declared_home_that_cannot_be_looked_at_fails_the_run_after_the_others(folders: Folders) -> None:
    folders.put("one", renewed("one", 5))
    folders.hosts["two"] = {"ansible_connection": "local", "codex_user": "fleet-test-nobody"}
    folders.put("three", renewed("three", 5))
    run = folders.status(codex_report=str(folders.report))
    assert run.rc == 2, run.output
    lines = table(run)
    assert lines[0] == "3 hosts, 3 accounts: 2 ok, 1 failed. 1 needs attention."
    assert [line.split()[0] for line in lines[3:6]] == ["two", "one", "three"]
    assert lines[7].startswith("[1] two fleet-test-nobody: There is no user fleet-test-nobody on this host.")
    states = {account["host"]: account["state"] for account in json.loads(folders.report.read_text())["accounts"]}
    assert states == {"one": "ok", "two": "failed", "three": "ok"}


def test_nothing_is_changed_by_any_run(folders: Folders) -> None:
    folders.put("one", renewed("one", 5))
    (folders.home("one") / "config.toml").write_text('model = "m"\n')
    folders.put("two", {"OPENAI_API_KEY": "fleet-test-key"})
    before = folders.facts()
    for arguments in ([], ["--check", "--diff"], []):
        run = folders.status(*arguments, codex_report=str(folders.report))
        assert run.rc == 0, run.output
        assert not any(task.changed for task in run.tasks)
        assert folders.facts() == before
        report = json.loads(folders.report.read_text())
        assert report["check_mode"] is bool(arguments)
        assert [account["state"] for account in report["accounts"]] == ["ok", "ok"]
    assert [*folders.playbook.local_tmp.iterdir()] == []


def test_hosts_are_chosen_by_a_variable(folders: Folders) -> None:
    for name in ("one", "two"):
        folders.put(name, renewed(name, 5))
    assert [line.split()[0] for line in table(folders.status(codex_hosts="two"))[3:]] == ["two"]
    assert [line.split()[0] for line in table(folders.status(codex_hosts=""))[3:]] == ["one", "two"]


# ---------------------------------------------------------------------------------------------------- the report


@pytest.mark.parametrize("name", ["fleet.json", "fleet.html", "FLEET.HTM"])
def test_the_report_is_for_its_owner_unless_it_was_opened_to_others(folders: Folders, name: str) -> None:
    folders.put("one", renewed("one", 5))
    path = folders.playbook.folder / "new" / name
    assert folders.status(codex_report=f"new/{name}").one(TABLE).result["dest"] == str(path)
    assert path.stat().st_mode & 0o7777 == 0o600
    first = path.read_text()
    assert first.startswith("<!DOCTYPE html>" if "htm" in name.lower() else "{\n")
    path.write_text("an older one")
    path.chmod(0o644)
    folders.status(codex_report=f"new/{name}")
    assert path.stat().st_mode & 0o7777 == 0o644
    assert len(path.read_text()) == len(first)
    assert os.listdir(path.parent) == [name]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "is a folder. Name a file for the report."),
        ("pipe", "is no regular file. Name a file for the report."),
        ("below a file", "cannot be written on the controller (Not a directory). Choose a place"),
    ],
)
def test_a_place_where_no_report_can_be_is_one_sentence_and_the_exit_code(
    folders: Folders, kind: str, words: str
) -> None:
    folders.put("one", renewed("one", 5))
    path = folders.playbook.folder / "place"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "below a file":
        path.write_text("x")
        path /= "report.json"
    run = folders.status(codex_report=str(path))
    message = run.failure()
    assert run.rc == 2
    assert message.startswith("dest: ")
    assert words in message
    assert "Traceback" not in run.output and "\n" not in message


def test_no_secret_is_in_the_output_or_in_a_report(folders: Folders) -> None:
    wanted = Secrets()
    claims = {"email": "someone@example.com", "exp": int(NOW.timestamp()) + 864000}
    tokens = {"id_token": wanted.jwt("id", claims), "access_token": wanted.jwt("access", claims)}
    tokens |= {"refresh_token": wanted.make("refresh"), "account_id": "account"}
    document = {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
    folders.put("one", document)
    folders.put("two", {"OPENAI_API_KEY": wanted.make("key")})
    (folders.home("two") / "codex.env").write_text(f"CODEX_API_KEY={wanted.make('variable')}\n")
    (folders.home("one") / ".auth-x1Y2z3").write_text(json.dumps(document))
    (folders.home("one") / "config.toml").write_text(f'model = "{wanted.make("config")}"\nbroken\n')
    page = folders.playbook.folder / "fleet.html"
    for report in (folders.report, page):
        run = folders.status("-vvv", codex_report=str(report), codex_version="0.171.0")
        assert run.rc == 0, run.output
        assert "someone@example.com" in report.read_text()
        assert wanted.find(run.output.encode(), "output") == []
        assert wanted.find(report.read_bytes(), report.name) == []
    attention = [text for text in Page(page.read_text()).all("li") if "CODEX_API_KEY" in text]
    assert len(attention) == 1  # so that the files with the secrets were read


def test_what_a_host_says_is_text_in_the_page(folders: Folders) -> None:
    hostile = "<script>alert(1)</script>\u202e\x1b[31m"
    document = renewed("one", 5)
    document["tokens"]["account_id"] = hostile
    claims = {"email": f"{hostile}@example.com"}
    document["tokens"]["id_token"] = Secrets().jwt("id", claims)
    folders.put("one", document)
    page = folders.playbook.folder / "fleet.html"
    run = folders.status(codex_report=str(page))
    assert run.rc == 0, run.output
    text = page.read_text()
    assert not {"\u202e", "\x1b"} & {*text}
    assert Page(text).all("script") == []
    assert "<script>alert(1)</script>\\u202e\\x1b[31m@example.com" in Page(text).accounts[0]


# ---------------------------------------------------------------------------------------------------- the module


def report(playbook: Playbook, *arguments: str, **options: t.Any) -> Run:
    """The module alone, with results that no task returned."""
    task = {"name": "report", "fleet.codex.codex_report": options}
    return playbook.run({"host": {"ansible_connection": "local"}}, [task], arguments=arguments)


def test_the_module_takes_what_people_give_it(playbook: Playbook) -> None:
    home = {
        "user": "alice",
        "codex_home": "/home/alice/.codex",
        "changed": True,
        "auth": {"login": {"method": "apikey"}},
    }
    results = {"web1": {"changed": True, "homes": [home]}, "web2": {}, "web3": "nothing", 4: None}
    run = report(playbook, results=results, failed=["web2"], dest="fleet.json", title="Office")
    assert run.changes() == [False]
    assert run.one("report").result["msg"] == [
        "4 hosts, 1 account: 1 changed, 2 not run, 1 failed. 1 needs attention.",
        "",
        "HOST  USER   RESULT   NOTE  LOGIN",
        "web2         failed   [1]",
        "web1  alice  changed        API key",
        "",
        "[1] web2: A task failed there, or the host could not be reached. The output of the run says why.",
    ]
    written = json.loads((playbook.folder / "fleet.json").read_text())  # a relative path starts there
    assert (written["title"], [account["host"] for account in written["accounts"]]) == (
        "Office",
        ["web2", "web1", "web3", "4"],
    )
    checked = report(playbook, "--check", results=results)
    assert checked.one("report").result["msg"][0].startswith("Check mode, nothing was changed: 4 hosts")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"results": {}, "dest": " "}, "dest is empty. Name the file."),
        ({"results": {}, "dest": "a\0b"}, "a\\x00b cannot be written on the controller (embedded null byte)."),
        ({"results": "x y"}, "results"),
        ({}, "missing required arguments: results"),
    ],
)
def test_the_module_refuses_in_one_sentence(playbook: Playbook, options: Data, words: str) -> None:
    run = report(playbook, **options)
    assert words in run.failure()
    assert "Traceback" not in run.output


# ------------------------------------------------------------------------------------------- versions of ansible-core


def test_the_oldest_and_the_newest_core(other_core: Playbook) -> None:
    folders = Folders(other_core)
    folders.put("one", renewed("shared", 5))
    folders.hosts["gone"] = GONE
    folders.put("two", renewed("shared", 5))
    run = folders.status(codex_report="fleet.html")
    assert run.rc == 4, run.output
    lines = table(run)
    assert lines[0] == "3 hosts, 2 accounts: 2 ok, 1 unreachable. 3 need attention."
    assert NOBODY_LISTENS.search(words_of_table(run))
    page = Page((other_core.folder / "fleet.html").read_text())
    assert [cells[0] for cells in page.accounts] == ["gone", "one", "two"]
    assert page.all("span", class_="shared") == ["same login 1"] * 2
