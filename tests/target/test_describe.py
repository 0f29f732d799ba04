"""What describe reports: everything that is needed to decide, and no secret."""

from __future__ import annotations

import base64
import json
import os
import pwd
import shlex
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeRequest
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document, jwt
from ansible_collections.fleet.codex.tests.support.target_program import FILES, TargetProgram, is_private, sha256, write

KEY = "fleet-test-key-of-describe"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NO_HOME = "HOME does not count on Windows, for Codex either"
NO_LINKS = "Wine shows programs no links"


def chatgpt(marker: str = "describe") -> dict[str, object]:
    return chatgpt_document(
        "account-1", "one@example.com", "plus", last_refresh=NOW, access_expires=NOW + timedelta(days=10), marker=marker
    )


def tokens(id_token: str) -> bytes:
    """An auth.json of a ChatGPT login with this id token."""
    return json.dumps({"tokens": {"id_token": id_token, "access_token": "a", "refresh_token": "r"}}).encode()


def test_nothing_there(target_program: TargetProgram, home: Path) -> None:
    answer = target_program.describe(home / "codex")
    assert answer["folder"]["kind"] == "absent"
    assert answer["folder"]["writable"]
    assert {file["kind"] for file in answer["files"].values()} == {"absent"}
    assert not (home / "codex").exists()


def test_the_summary_of_a_file_equals_the_controllers_own(target_program: TargetProgram, home: Path) -> None:
    for credential in (from_api_key(KEY, "api_key"), from_document(chatgpt(), "content")):
        (home / "auth.json").write_bytes(credential.render())
        (home / "auth.json").chmod(0o600)
        file = target_program.describe(home)["files"]["auth"]
        assert file["auth"] == credential.summary()
        assert (file["kind"], file["sha256"]) == ("file", sha256(credential.render()))
        assert is_private(file)


def test_no_secret_of_auth_json_is_reported(target_program: TargetProgram, home: Path) -> None:
    document = chatgpt("SECRETMARKER")
    document["OPENAI_API_KEY"] = "SECRETMARKER-key"
    (home / "auth.json").write_text(json.dumps(document))
    answer = target_program.describe(home)
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
        tokens("no JWT"),
        tokens(jwt({}).rpartition(".")[0]),
        tokens(jwt({}) + ".fourth"),
        tokens("e30.no JSON.unsigned"),
        tokens("e30.W10.unsigned"),  # whose payload is a list
        b'{"auth_mode": 5}',
        b'{"last_refresh": 1700000000}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"OPENAI_API_KEY": "x"} trailing',
    ],
)
def test_what_codex_cannot_read_is_malformed_and_not_absent(
    target_program: TargetProgram, home: Path, content: bytes
) -> None:
    (home / "auth.json").write_bytes(content)
    file = target_program.describe(home)["files"]["auth"]
    assert (file["kind"], file["auth"]) == ("file", {"malformed": True})


def test_an_access_token_need_not_be_a_jwt(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_bytes(tokens(jwt({"email": "one@example.com"})))
    auth = target_program.describe(home)["files"]["auth"]["auth"]
    assert auth["claims"] == {"id_token": {"email": "one@example.com"}, "access_token": {}}


def test_an_empty_key_is_not_a_secret(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_text('{"OPENAI_API_KEY": ""}')
    auth = target_program.describe(home)["files"]["auth"]["auth"]
    assert (auth["fields"], auth["secrets"]) == (["OPENAI_API_KEY"], {})


def test_a_file_that_is_being_rewritten_is_looked_at_again(target_program: TargetProgram, home: Path) -> None:
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
    seen = target_program.describe(home)["files"]["auth"]["auth"]
    writer.join()
    assert seen == from_api_key(KEY, "api_key").summary()


def test_kinds(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").mkdir()
    (home / "config.toml").touch()
    kinds = {name: file["kind"] for name, file in target_program.describe(home)["files"].items()}
    assert kinds == {"auth": "directory", "config": "file"}


@pytest.mark.posix_only("Windows has no FIFO among its files")
def test_a_fifo(target_program: TargetProgram, home: Path) -> None:
    os.mkfifo(home / "config.toml")
    assert target_program.describe(home)["files"]["config"]["kind"] == "fifo"


@pytest.mark.not_on_wine(NO_LINKS)
def test_links(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").symlink_to("nothing")
    (home / "real.toml").write_bytes(b"a = 1\n")
    (home / "config.toml").symlink_to("real.toml")
    files = target_program.describe(home)["files"]
    assert (files["auth"]["kind"], files["auth"]["link"]) == ("dangling", "nothing")
    assert (files["config"]["kind"], files["config"]["link"]) == ("file", "real.toml")
    assert base64.b64decode(files["config"]["content"]) == b"a = 1\n"


def test_a_file_too_large_is_not_read(target_program: TargetProgram, home: Path) -> None:
    with (home / "config.toml").open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    facts = target_program.describe(home)["files"]["config"]
    assert facts["kind"] == "oversized"
    assert "content" not in facts


@pytest.mark.posix_only("the login shells' files, of which Windows has none")
def test_only_marked_lines_of_a_users_file_are_reported(target_program: TargetProgram, home: Path) -> None:
    (home / ".bashrc").write_text("export PRIVATE=1\n. file # our mark\nalias x=y\n")
    answer = target_program.describe(
        home, files=[{"name": "rc", "base": "codex_home", "path": ".bashrc", "details": {"lines": "# our mark"}}]
    )
    assert answer["files"]["rc"]["lines"] == [". file # our mark"]
    assert "PRIVATE" not in json.dumps(answer)


def test_codex_home_of_the_tasks_environment(target_program: TargetProgram, home: Path) -> None:
    answer = target_program.describe(None, environment={"HOME": str(home), "CODEX_HOME": f"{home}/other"})
    assert answer["codex_home"] == f"{home}/other"


@pytest.mark.not_on_wine(NO_HOME)
def test_home_of_the_tasks_environment(target_program: TargetProgram, home: Path) -> None:
    for written in (str(home), f"{home}//.//none/.."):
        answer = target_program.describe(None, environment={"HOME": written})
        assert answer["codex_home"] == f"{home}/.codex"


@pytest.mark.posix_only(NO_HOME)
def test_home_of_the_process_does_not_count_for_a_user_of_the_user_database(
    target_program: TargetProgram, home: Path
) -> None:
    entry = pwd.getpwuid(os.geteuid())
    for user in (None, entry.pw_name):
        homes = [{"user": user, "codex_home": None, "operations": []}]
        answer = target_program.execute("apply", homes, env={**os.environ, "HOME": str(home), "CODEX_HOME": str(home)})[
            0
        ]
        assert answer["user_info"]["home_directory"] == entry.pw_dir
        assert answer["codex_home"] == f"{entry.pw_dir}/.codex"


@pytest.mark.posix_only(NO_HOME)
def test_home_and_codex_home_of_the_tasks_environment_are_not_a_named_users(
    target_program: TargetProgram, home: Path
) -> None:
    entry = pwd.getpwuid(os.geteuid())
    homes = [{"user": entry.pw_name, "codex_home": None, "operations": []}]
    answer = target_program.execute("apply", homes, environment={"HOME": str(home), "CODEX_HOME": str(home)})[0]
    assert answer["user_info"]["home_directory"] == entry.pw_dir
    assert answer["codex_home"] == f"{entry.pw_dir}/.codex"


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"CODEX_HOME": "codex"}, "codex"),
        pytest.param({"HOME": "home"}, "home", marks=pytest.mark.posix_only(NO_HOME)),
    ],
)
def test_a_relative_codex_home_is_refused(
    target_program: TargetProgram, environment: dict[str, str], path: str
) -> None:
    for operation, files in (("describe", {"files": []}), ("apply", {"operations": []})):
        answer = target_program.execute(
            operation, [{"user": None, "codex_home": None, **files}], environment=environment
        )[0]
        assert answer == {"user": None, "error": {"reason": "relative", "path": path}}


def test_the_path_of_the_codex_home_is_normalised(target_program: TargetProgram, home: Path) -> None:
    untidy = f"{home}//.//none/../codex/"
    assert target_program.describe(untidy)["codex_home"] == f"{home}/codex"
    assert target_program.describe(None, environment={"CODEX_HOME": untidy})["codex_home"] == f"{home}/codex"


@pytest.mark.not_on_wine(NO_LINKS)
def test_the_real_home_is_where_links_lead(target_program: TargetProgram, home: Path) -> None:
    (home / "real").mkdir()
    (home / "middle").symlink_to("real")
    (home / "codex").symlink_to(home / "middle")
    for below in ("", "/absent"):
        answer = target_program.describe(f"{home}/codex{below}")
        assert (answer["codex_home"], answer["real_home"]) == (f"{home}/codex{below}", f"{home}/real{below}")


@pytest.mark.not_in_sh("the controller writes each request as a program")
def test_another_protocol_is_answered_without_a_look_at_any_home(target_program: TargetProgram, home: Path) -> None:
    homes = [{"user": None, "codex_home": str(home), "operations": [write("auth.json", b"new", None)]}]
    answer = target_program.ask("apply", homes, protocol=PROTOCOL + 1)
    assert answer.keys() == {"protocol", "program", "python"}
    assert answer["protocol"] == PROTOCOL
    assert os.listdir(home) == []


def test_unknown_user(target_program: TargetProgram) -> None:
    assert target_program.describe(None, user="no-such-user")["error"] == {
        "reason": "unknown_user",
        "user": "no-such-user",
    }


@pytest.mark.parametrize("below", ["", "/codex"])
def test_codex_home_that_is_a_file(target_program: TargetProgram, home: Path, below: str) -> None:
    (home / "file").write_text("")
    assert target_program.describe(f"{home}/file{below}")["error"] == {
        "reason": "not_a_directory",
        "path": f"{home}/file",
    }


@pytest.mark.not_on_wine(NO_LINKS)
def test_codex_home_that_is_a_link_to_nothing(target_program: TargetProgram, home: Path) -> None:
    (home / "codex").symlink_to("nothing")
    assert target_program.describe(home / "codex")["error"] == {"reason": "dangling", "path": f"{home}/codex"}


@pytest.mark.needs_root
@pytest.mark.posix_only("what other users may do is not told by owners and groups on Windows")
class TestUsers:
    """Work for other users than the one that runs."""

    def test_another_user_without_root(self, shared_program: TargetProgram, user, other_user) -> None:
        wrapper = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        answer = shared_program.describe(None, user=other_user.pw_name, wrapper=wrapper)
        assert answer["error"] == {
            "reason": "needs_root",
            "user": other_user.pw_name,
            "running": user.pw_name,
        }

    def test_a_folder_of_another_user_is_refused(
        self, target_program: TargetProgram, root_folder: Path, user, other_user
    ) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        os.chown(theirs, other_user.pw_uid, other_user.pw_gid)
        for path in (theirs, theirs / "codex"):
            assert target_program.describe(path, user=user.pw_name)["error"] == {
                "reason": "foreign",
                "path": str(theirs),
                "owner": other_user.pw_name,
                "user": user.pw_name,
            }

    def test_roots_own_task_does_not_work_in_the_folder_of_a_user(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        os.chown(theirs, user.pw_uid, user.pw_gid)
        assert target_program.describe(theirs / ".codex")["error"]["reason"] == "foreign"

    def test_where_root_alone_writes_root_can_make_the_folder(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        folder = target_program.describe(root_folder / "codex" / "home", user=user.pw_name)["folder"]
        assert (folder["kind"], folder["writable"], folder["create_as_root"]) == ("absent", False, True)
        closed = root_folder / "closed"
        closed.mkdir(mode=0o755)
        os.chown(closed, user.pw_uid, user.pw_gid)
        folder = target_program.describe(closed / "codex" / "home", user=user.pw_name)["folder"]
        assert (folder["writable"], folder["create_as_root"]) == (True, False)

    def test_a_link_that_the_user_made_does_not_make_root_create_anything(
        self, target_program: TargetProgram, root_folder: Path, user
    ) -> None:
        theirs = root_folder / "theirs"
        theirs.mkdir(mode=0o755)
        (theirs / "link").symlink_to(root_folder)
        for path in (theirs, theirs / "link"):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        answer = target_program.describe(theirs / "link" / "made-by-root", user=user.pw_name)
        assert (answer["folder"]["writable"], answer["folder"]["create_as_root"]) == (False, False)
        make = {"operation": "directory", "base": "codex_home", "path": "", "mode": 0o700, "create_as_root": True}
        home = {"user": user.pw_name, "codex_home": f"{theirs}/link/made-by-root", "operations": [make]}
        assert target_program.execute("apply", [home])[0]["error"]["reason"] == "not_writable"
        assert os.listdir(root_folder) == ["theirs"]

    def test_a_link_that_root_made_is_followed(self, target_program: TargetProgram, root_folder: Path, user) -> None:
        (root_folder / "real").mkdir(mode=0o755)
        (root_folder / "link").symlink_to("real")
        assert target_program.describe(root_folder / "link" / "new", user=user.pw_name)["folder"]["create_as_root"]

    def test_a_link_of_another_user_on_the_way_is_refused(
        self, target_program: TargetProgram, root_folder: Path, user, other_user
    ) -> None:
        (root_folder / "home").mkdir(mode=0o700)
        os.chown(root_folder / "home", user.pw_uid, user.pw_gid)
        (root_folder / "link").symlink_to("home")
        os.chown(root_folder / "link", other_user.pw_uid, other_user.pw_gid, follow_symlinks=False)
        assert target_program.describe(root_folder / "link", user=user.pw_name)["error"]["reason"] == "foreign"

    def test_a_loop_of_links(self, target_program: TargetProgram, root_folder: Path) -> None:
        (root_folder / "a").symlink_to("b")
        (root_folder / "b").symlink_to("a")
        assert target_program.describe(root_folder / "a" / "home")["error"]["code"] == "ELOOP"

    def test_files_are_read_as_the_user(self, target_program: TargetProgram, root_folder: Path, user) -> None:
        home = root_folder / "home"
        home.mkdir(mode=0o700)
        (home / "auth.json").write_text("{}")
        (home / "auth.json").chmod(0o600)
        (home / "config.toml").symlink_to("/etc/shadow")
        os.chown(home, user.pw_uid, user.pw_gid)
        files = target_program.describe(home, user=user.pw_name)["files"]
        assert files["auth"]["kind"] == files["config"]["kind"] == "unreadable"
        assert "content" not in files["config"]

    def test_root_has_its_groups_again_after_it_looked_as_a_user(
        self, target_program: TargetProgram, root_folder: Path, user, other_user
    ) -> None:
        """Root without its right to read everything, as on a network file system."""
        theirs, own = root_folder / "theirs", root_folder / "own"
        for folder in (theirs, own):
            folder.mkdir(mode=0o700)
        os.chown(theirs, user.pw_uid, user.pw_gid)
        extra = 54321
        for name, group in (("auth.json", 0), ("config.toml", extra)):
            (own / name).write_text("{}")
            (own / name).chmod(0o040)
            os.chown(own / name, other_user.pw_uid, group)
        homes = [
            {"user": user.pw_name, "codex_home": str(theirs), "files": FILES},
            {"user": None, "codex_home": str(own), "files": FILES},
        ]
        wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        kinds = [
            {file["kind"] for file in answer["files"].values()}
            for answer in target_program.execute("describe", homes, wrapper=wrapper, extra_groups=[extra])
        ]
        assert kinds == [{"absent"}, {"file"}]
        without = target_program.execute("describe", homes, wrapper=wrapper, extra_groups=[])[1]["files"]
        assert without["config"]["kind"] == "unreadable"


@pytest.mark.posix_only(NO_HOME)
def test_a_relative_home_directory_is_an_error_whatever_the_codex_home(
    target_program: TargetProgram, home: Path
) -> None:
    assert target_program.describe(home, environment={"HOME": "rel"})["error"] == {"reason": "relative", "path": "rel"}


@pytest.mark.posix_only(NO_HOME)
def test_a_missing_home_directory_is_reported_however_it_is_written(target_program: TargetProgram, home: Path) -> None:
    for written in (f"{home}/none", f"{home}//none", f"{home}/other/../none"):
        answer = target_program.describe(None, environment={"HOME": written})
        assert answer["error"]["reason"] == "no_home_directory"


@pytest.mark.posix_only("Codex for Windows replaces files of several names")
def test_what_keeps_codex_from_saving_a_login_is_reported(target_program: TargetProgram, home: Path) -> None:
    (home / "auth.json").write_text("{}")
    answer = target_program.describe(home)
    assert (answer["files"]["auth"]["hard_links"], answer["files"]["auth"]["mount_point"]) == (1, False)
    os.link(home / "auth.json", home / "second name")
    assert target_program.describe(home)["files"]["auth"]["hard_links"] == 2


def test_logins_that_codex_could_not_save_are_reported(target_program: TargetProgram, home: Path) -> None:
    assert target_program.describe(home)["unsaved_logins"] == []
    (home / ".auth-x1Y2z3").write_text("{}")
    answer = target_program.describe(home)
    assert [(file["name"], file["auth"]["fields"]) for file in answer["unsaved_logins"]] == [(".auth-x1Y2z3", [])]


def test_variables_are_reported_with_digests_of_their_values_and_never_with_values(
    target_program: TargetProgram, home: Path
) -> None:
    text = "A=1\nexport B='x'\n#C=1\nD=\n E=\"SECRETMARKER\"\nF=''\nnot a line\n"
    (home / "codex.env").write_text(text)
    query: FileQuery = {"name": "v", "base": "codex_home", "path": "codex.env", "details": "variables"}
    answer = target_program.describe(home, files=[query])
    assert answer["files"]["v"]["variables"] == {
        "A": sha256(b"1"),
        "B": sha256(b"'x'"),
        "E": sha256(b'"SECRETMARKER"'),
    }
    assert "SECRETMARKER" not in str(answer)


@pytest.mark.needs_root
def test_every_user_that_has_a_codex_home_is_found(shared_program: TargetProgram, tmp_path: Path) -> None:
    database = tmp_path / "passwd"
    lines = ["root:x:0:0::/root:/bin/sh", "odd:x:7:7::relative:/bin/sh"]
    for number, name in ((6001, "with"), (6002, "without"), (6003, "closed")):
        folder = tmp_path / name
        folder.mkdir()
        if name != "without":
            (folder / ".codex").mkdir(mode=0o700)
            os.chown(folder / ".codex", number, number)
        os.chown(folder, number, number)
        lines.append(f"{name}:x:{number}:{number}::{folder}:/bin/sh")
    (tmp_path / "closed").chmod(0o700)
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    database.write_text("\n".join(lines) + "\n")
    mount = f'mount --bind {database} /etc/passwd; mount -t tmpfs none /root; exec "$@"'
    wrapper = ["unshare", "--mount", "/bin/sh", "-c", mount, "sh"]
    homes: list[HomeRequest] = [{"user": None, "codex_home": None, "every_user": True, "files": FILES}]
    answers = shared_program.execute("describe", homes, wrapper=wrapper)
    assert [answer["user"] for answer in answers] == ["with", "closed"]
    assert all(answer["folder"]["kind"] == "directory" for answer in answers)


@pytest.mark.needs_root
def test_only_root_finds_every_user(shared_program: TargetProgram) -> None:
    homes: list[HomeRequest] = [{"user": None, "codex_home": None, "every_user": True, "files": FILES}]
    wrapper = ["setpriv", "--reuid=nobody", "--clear-groups"]
    assert shared_program.execute("describe", homes, wrapper=wrapper) == [
        {"user": None, "error": {"reason": "every_user_needs_root", "running": "nobody"}}
    ]


@pytest.mark.needs_root
@pytest.mark.posix_only("mount namespaces of Linux")
def test_a_file_mounted_by_itself_differs_from_one_in_a_mounted_folder(
    target_program: TargetProgram, tmp_path: Path
) -> None:
    home = tmp_path / "a home \\ with odd\tname"
    home.mkdir(mode=0o700)
    for name in ("auth.json", "outside"):
        (home / name).write_text("{}")
    quoted = shlex.quote(str(home))
    for setup, expected in (
        (f"mount --bind {quoted}/outside {quoted}/auth.json", True),
        (f"mount --bind {quoted} {quoted}", False),
    ):
        wrapper = ["unshare", "--mount", "/bin/sh", "-c", f'{setup}; exec "$@"', "sh"]
        assert target_program.describe(home, wrapper=wrapper)["files"]["auth"]["mount_point"] is expected


@pytest.mark.needs_root
def test_a_user_without_an_entry_in_the_database_is_its_number(
    shared_program: TargetProgram, root_folder: Path
) -> None:
    """As in a container that runs under an arbitrary uid."""
    home = root_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 54321, 54321)
    wrapper = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "env", f"HOME={home}"]
    answer = shared_program.describe(None, wrapper=wrapper)
    assert (answer["user_info"]["name"], answer["codex_home"]) == ("54321", f"{home}/.codex")
    assert answer["folder"]["writable"]
    assert shared_program.describe(None, wrapper=wrapper, environment={"HOME": "rel"})["error"]["reason"] == "relative"


@pytest.mark.needs_root
@pytest.mark.parametrize("content", [b"{", b"nothing", b'{"tokens": {"id_token": "a.e.c"}} more', b"\xff", b""])
def test_what_is_no_json_is_malformed_also_where_the_user_cannot_read_this_python(
    every_python: TargetProgram, content: bytes, root_folder: Path, user: pwd.struct_passwd
) -> None:
    """Some Pythons import modules only when JSON turns out to be wrong, and by then with the user's rights."""
    codex_home = root_folder / "codex"
    codex_home.mkdir()
    (codex_home / "auth.json").write_bytes(content)
    for path in (codex_home, codex_home / "auth.json"):
        os.chown(path, user.pw_uid, user.pw_gid)
    described = every_python.describe(codex_home, user.pw_name)
    assert described["files"]["auth"]["auth"] == {"malformed": True}


@pytest.mark.needs_root
def test_a_child_answers_also_where_the_user_cannot_read_this_python(
    every_python: TargetProgram, root_folder: Path, user: pwd.struct_passwd
) -> None:
    described = every_python.describe(root_folder / "new", user.pw_name)
    assert (described["folder"]["writable"], described["folder"]["create_as_root"]) == (False, True)


def test_two_homes_can_ask_different_details_of_one_file_of_the_host(target_program: TargetProgram, home: Path) -> None:
    file = home / "config.toml"
    file.write_bytes(b"model = 'x'\n")
    queries: list[FileQuery] = [{"name": "system", "base": "host", "path": str(file), "details": None}]
    more: list[FileQuery] = [{"name": "system", "base": "host", "path": str(file), "details": "content"}]
    requests: list[HomeRequest] = [{"user": None, "codex_home": str(home), "files": files} for files in (queries, more)]
    one, other = (answer["files"]["system"] for answer in target_program.execute("describe", requests))
    assert "content" not in one
    assert base64.b64decode(other["content"]) == b"model = 'x'\n"
