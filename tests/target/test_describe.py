"""What a target half reports: everything that is needed to decide, and no secret."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import from_api_key, from_document
from ansible_collections.fleet.codex.tests.clients.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.target.conftest import needs_root
from ansible_collections.fleet.codex.tests.target.half import Half, sha256

KEY = "fleet-test-key-of-describe"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chatgpt(marker: str = "describe") -> dict[str, object]:
    return chatgpt_document(
        "account-1", "one@example.com", "plus", last_refresh=NOW, access_expires=NOW + timedelta(days=10), marker=marker
    )


def test_nothing_there(half: Half, home: Path) -> None:
    answer = half.describe(home / "codex")
    assert answer["folder"]["kind"] == "absent"
    assert answer["folder"]["writable"]
    assert {file["kind"] for file in answer["files"].values()} == {"absent"}
    assert not (home / "codex").exists()


def test_the_summary_of_a_file_equals_the_controllers_own(half: Half, home: Path) -> None:
    for credential in (from_api_key(KEY, "api_key"), from_document(chatgpt(), "content")):
        (home / "auth.json").write_bytes(credential.render())
        (home / "auth.json").chmod(0o600)
        file = half.describe(home)["files"]["auth"]
        assert file["auth"] == credential.summary()
        assert (file["kind"], file["mode"], file["sha256"]) == ("file", 0o600, sha256(credential.render()))


def test_no_secret_of_auth_json_is_reported(half: Half, home: Path) -> None:
    document = chatgpt("SECRETMARKER")
    document["OPENAI_API_KEY"] = "SECRETMARKER-key"
    (home / "auth.json").write_text(json.dumps(document))
    answer = half.describe(home)
    assert answer["files"]["auth"]["auth"]["secrets"].keys() == {
        "OPENAI_API_KEY",
        "id_token",
        "access_token",
        "refresh_token",
    }
    assert "SECRETMARKER" not in json.dumps(answer)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"OPENAI_API_KEY": 1}',
        b'{"tokens": []}',
        b'{"tokens": {"id_token": "a"}}',
        b'{"auth_mode": 5}',
        b'{"last_refresh": 1700000000}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"OPENAI_API_KEY": "x"} trailing',
    ],
)
def test_what_codex_cannot_read_is_malformed_and_not_absent(half: Half, home: Path, content: bytes) -> None:
    (home / "auth.json").write_bytes(content)
    file = half.describe(home)["files"]["auth"]
    assert (file["kind"], file["auth"]) == ("file", {"malformed": True})


def test_a_file_that_is_being_rewritten_is_looked_at_again(half: Half, home: Path) -> None:
    file = home / "auth.json"
    file.write_bytes(b"")
    started = threading.Event()

    def finish() -> None:
        started.wait()
        time.sleep(0.12)
        file.write_bytes(from_api_key(KEY, "api_key").render())

    writer = threading.Thread(target=finish)
    writer.start()
    started.set()
    seen = half.describe(home)["files"]["auth"]["auth"]
    writer.join()
    assert seen == from_api_key(KEY, "api_key").summary()


def test_kinds(half: Half, home: Path) -> None:
    (home / "auth.json").mkdir()
    os.mkfifo(home / "config.toml")
    kinds = {name: file["kind"] for name, file in half.describe(home)["files"].items()}
    assert kinds == {"auth": "directory", "config": "fifo"}


def test_links(half: Half, home: Path) -> None:
    (home / "auth.json").symlink_to("nothing")
    (home / "real.toml").write_bytes(b"a = 1\n")
    (home / "config.toml").symlink_to("real.toml")
    files = half.describe(home)["files"]
    assert (files["auth"]["kind"], files["auth"]["link"]) == ("dangling", "nothing")
    assert (files["config"]["kind"], files["config"]["link"]) == ("file", "real.toml")
    assert base64.b64decode(files["config"]["content"]) == b"a = 1\n"


def test_a_file_too_large_is_not_read(half: Half, home: Path) -> None:
    with (home / "config.toml").open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    facts = half.describe(home)["files"]["config"]
    assert facts["kind"] == "oversized"
    assert "content" not in facts


def test_only_marked_lines_of_a_users_file_are_reported(half: Half, home: Path) -> None:
    (home / ".bashrc").write_text("export PRIVATE=1\n. file # our mark\nalias x=y\n")
    answer = half.describe(
        home, files=[{"name": "rc", "base": "codex_home", "path": ".bashrc", "report": {"lines": "# our mark"}}]
    )
    assert answer["files"]["rc"]["lines"] == [". file # our mark"]
    assert "PRIVATE" not in json.dumps(answer)


def test_home_and_codex_home_of_the_tasks_environment(half: Half, home: Path) -> None:
    answer = half.describe(None, environment={"HOME": str(home)})
    assert answer["codex_home"] == f"{home}/.codex"
    answer = half.describe(None, environment={"HOME": str(home), "CODEX_HOME": f"{home}/other"})
    assert answer["codex_home"] == f"{home}/other"


def test_unknown_account(half: Half) -> None:
    assert half.describe(None, user="no-such-account")["obstacle"] == {
        "reason": "unknown_account",
        "user": "no-such-account",
    }


@pytest.mark.parametrize("below", ["", "/codex"])
def test_codex_home_that_is_a_file(half: Half, home: Path, below: str) -> None:
    (home / "file").write_text("")
    assert half.describe(f"{home}/file{below}")["obstacle"] == {"reason": "not_a_directory", "path": f"{home}/file"}


def test_codex_home_that_is_a_link_to_nothing(half: Half, home: Path) -> None:
    (home / "codex").symlink_to("nothing")
    assert half.describe(home / "codex")["obstacle"] == {"reason": "dangling", "path": f"{home}/codex"}


@needs_root
class TestAccounts:
    """Work for other accounts than the one that runs."""

    def test_another_account_without_root(self, half: Half, account, other_account) -> None:
        command = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        half = Half("/usr/bin/python3")  # which that account can reach
        answer = half.describe(None, user=other_account.pw_name, command=command + half.command())
        assert answer["obstacle"] == {
            "reason": "needs_root",
            "user": other_account.pw_name,
            "running": account.pw_name,
        }

    def test_a_folder_of_another_account_is_refused(
        self, half: Half, root_folder: Path, account, other_account
    ) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        os.chown(theirs, other_account.pw_uid, other_account.pw_gid)
        for path in (theirs, theirs / "codex"):
            assert half.describe(path, user=account.pw_name)["obstacle"] == {
                "reason": "foreign",
                "path": str(theirs),
                "owner": other_account.pw_name,
                "user": account.pw_name,
            }

    def test_roots_own_task_does_not_work_in_an_accounts_folder(self, half: Half, root_folder: Path, account) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        os.chown(theirs, account.pw_uid, account.pw_gid)
        assert half.describe(theirs / ".codex")["obstacle"]["reason"] == "foreign"

    def test_where_root_alone_writes_root_can_make_the_folder(self, half: Half, root_folder: Path, account) -> None:
        folder = half.describe(root_folder / "codex" / "home", user=account.pw_name)["folder"]
        assert (folder["kind"], folder["writable"], folder["by_root"]) == ("absent", False, True)
        root_folder.chmod(0o775)
        folder = half.describe(root_folder / "codex" / "home", user=account.pw_name)["folder"]
        assert not folder["by_root"]

    def test_a_link_that_the_account_made_does_not_make_root_create_anything(
        self, half: Half, root_folder: Path, account
    ) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        (theirs / "link").symlink_to(root_folder)
        for path in (theirs, theirs / "link"):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        answer = half.describe(theirs / "link" / "made-by-root", user=account.pw_name)
        assert (answer["folder"]["writable"], answer["folder"]["by_root"]) == (False, False)
        make = {"operation": "directory", "base": "codex_home", "path": "", "mode": 0o700, "by_root": True}
        home = {"user": account.pw_name, "codex_home": f"{theirs}/link/made-by-root", "operations": [make]}
        assert half.execute("apply", [home])[0]["obstacle"]["reason"] == "not_writable"
        assert os.listdir(root_folder) == ["theirs"]

    def test_a_link_that_root_made_is_followed(self, half: Half, root_folder: Path, account) -> None:
        (root_folder / "real").mkdir(mode=0o755)
        (root_folder / "link").symlink_to("real")
        assert half.describe(root_folder / "link" / "new", user=account.pw_name)["folder"]["by_root"]

    def test_a_link_of_another_account_on_the_way_is_refused(
        self, half: Half, root_folder: Path, account, other_account
    ) -> None:
        (root_folder / "home").mkdir(mode=0o700)
        os.chown(root_folder / "home", account.pw_uid, account.pw_gid)
        (root_folder / "link").symlink_to("home")
        os.chown(root_folder / "link", other_account.pw_uid, other_account.pw_gid, follow_symlinks=False)
        assert half.describe(root_folder / "link", user=account.pw_name)["obstacle"]["reason"] == "foreign"

    def test_a_loop_of_links(self, half: Half, root_folder: Path) -> None:
        (root_folder / "a").symlink_to("b")
        (root_folder / "b").symlink_to("a")
        assert half.describe(root_folder / "a" / "home")["obstacle"]["code"] == "ELOOP"

    def test_files_are_read_as_the_account(self, half: Half, root_folder: Path, account) -> None:
        home = root_folder / "home"
        home.mkdir(mode=0o700)
        (home / "auth.json").write_text("{}")
        (home / "auth.json").chmod(0o600)
        (home / "config.toml").symlink_to("/etc/shadow")
        os.chown(home, account.pw_uid, account.pw_gid)
        files = half.describe(home, user=account.pw_name)["files"]
        assert files["auth"]["kind"] == files["config"]["kind"] == "unreadable"
        assert "content" not in files["config"]
