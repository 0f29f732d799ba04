# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What is wrong is said in a message that names the option or the file; nothing changes and nothing is quoted.

The refusals themselves have tests in tests/unit and tests/target. These show that each of them reaches the person
who runs the playbook.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._run import libraries
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.credentials import login
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.snapshots import snapshot

SECRET = "SECRETMARKER"

Options = dict[str, t.Any]


def document(**changes: t.Any) -> str:
    return json.dumps({**login(), "marker": SECRET, **changes})


# name: (module, options, words of the sentence); {home} and {files} are filled in.
ON_THE_CONTROLLER: dict[str, tuple[str, Options, str]] = {
    "empty key": ("auth_file", {"api_key": ""}, "api_key is empty"),
    "no user": ("auth_file", {"api_key": SECRET, "user": ""}, "user is empty. Name the user"),
    "null as user": ("auth_file", {"api_key": SECRET, "user": None}, "user is empty. Name the user"),
    "no user in a home": ("home", {"homes": [{"user": None, "auth": {"api_key": SECRET}}]}, "user is empty"),
    "null as key": ("auth_file", {"api_key": None}, "api_key is empty"),
    "no value": ("home", {"homes": [{"environment": {"A": None}}]}, "environment: A is empty"),
    "a reference": ("auth_file", {"api_key": f"op://{SECRET}/key"}, "api_key is a URL or a reference to a store of"),
    "a word": ("auth_file", {"api_key": "None"}, "api_key is a word for no value"),
    "a variable": ("auth_file", {"api_key": f"OPENAI_API_KEY={SECRET}"}, "api_key is a line NAME=value"),
    "another token": ("auth_file", {"api_key": f"at-{SECRET}"}, "Give it as personal_access_token"),
    "a boolean": ("auth_file", {"api_key": True}, "api_key is a boolean"),
    "a number": ("auth_file", {"api_key": 12345678}, "api_key is a number"),
    "a word to ask with": ("api_key_info", {"api_key": "None"}, "api_key is a word for no value"),
    "src is the text": ("auth_file", {"src": document()}, "src holds the text of a file"),
    "src is a key": ("auth_file", {"src": f"sk-{SECRET}"}, "src holds a key or a token"),
    "several lines": ("auth_file", {"api_key": f"{SECRET}\nx"}, "api_key has more than one line"),
    "blank in key": ("auth_file", {"api_key": f"{SECRET} x"}, "api_key contains blanks"),
    "two logins": ("auth_file", {"api_key": SECRET, "content": document()}, "Only one of api_key, content"),
    "three logins": (
        "auth_file",
        {"api_key": SECRET, "content": "{}", "src": "x"},
        "Only one of api_key, content, src",
    ),
    "no login": ("auth_file", {}, "One of api_key, personal_access_token, content and src must be given"),
    "src missing": ("auth_file", {"src": "nowhere.json"}, "src: there is no file nowhere.json"),
    "src not JSON": ("auth_file", {"src": "{files}/broken.json"}, "broken.json) is not valid JSON (line 1"),
    "src with BOM": ("auth_file", {"src": "{files}/bom.json"}, "byte order mark"),
    "src UTF-16": ("auth_file", {"src": "{files}/utf16.json"}, "UTF-16"),
    "src other JSON": ("auth_file", {"src": "{files}/other.json"}, "has no login: OPENAI_API_KEY, tokens and"),
    "src a vault": (
        "auth_file",
        {"src": "{files}/vault.json"},
        "vault.json is encrypted, and this run has no vault password",
    ),
    "key and tokens": ("auth_file", {"content": document(OPENAI_API_KEY=SECRET)}, "together"),
    "tokens incomplete": ("auth_file", {"content": document(tokens={"id_token": SECRET})}, "is incomplete"),
    "no last_refresh": ("auth_file", {"content": document(last_refresh=None)}, "no last_refresh"),
    "bad last_refresh": ("auth_file", {"content": document(last_refresh="today")}, "last_refresh in content is not an"),
    "unknown user": ("auth_file", {"api_key": SECRET, "user": "no-such"}, "no user no-such"),
    "relative home": ("auth_file", {"api_key": SECRET, "codex_home": "codex"}, "codex_home must be an absolute path"),
    "tilde": ("auth_file", {"api_key": SECRET, "codex_home": "~/.codex"}, "codex_home must be an absolute path"),
    "bad mode": ("auth_file", {"api_key": SECRET, "mode": "0644"}, "mode must be an octal mode"),
    "unknown option": ("auth_file", {"apikey": SECRET}, "Unsupported parameters"),
    "null in settings": ("config", {"settings": {"a": {"b": None}}}, "settings: a.b is null"),
    "huge integer": ("config", {"settings": {"a": 2**63}}, "settings: a is an integer beyond 64 bits"),
    "empty path": ("config", {"absent": [[]]}, "absent must be a list of key paths, and each of these a list"),
    "one path only": ("config", {"absent": ["mcp_servers", "old"]}, "[[mcp_servers, old], [profile]] names two keys"),
    "text for paths": ("config", {"absent": "profiles"}, "absent must be a list of key paths"),
    "settings of no file": ("config", {"state": "absent", "settings": {"a": 1}}, "so settings has no effect"),
    "no such list": (
        "config",
        {"settings": {"a": [1]}, "lists": [{"path": ["b"], "append": True}]},
        "lists names b, which is not in settings",
    ),
    "a list and no rule": (
        "config",
        {"settings": {"a": [1]}, "lists": [{"path": ["a"]}]},
        "one of append: true and match",
    ),
    "force without a copy": ("config", {"settings": {"a": 1}, "force": True}, "force replaces a file that cannot be"),
    "bad preference": ("config", {"preferred_auth_method": "api"}, "preferred_auth_method must be one of"),
    "a number as version": ("config", {"settings": {"a": 1}, "codex_version": 0.130}, "codex_version 0.13.0 is older"),
    "bad version": ("config", {"settings": {"a": 1}, "codex_version": "new"}, "codex_version must be a version"),
    "no codex": ("config", {"settings": {"a": 1}, "codex_version": "detect"}, "has no codex that runs"),
    "bad variable": ("home", {"homes": [{"environment": {"A": f"{SECRET} x"}}]}, "environment: A has a character"),
    "twice": (
        "home",
        {"homes": [{"auth": {"api_key": SECRET}}, {"auth": {"api_key": SECRET}}]},
        "is declared twice",
    ),
    "second home wrong": (
        "home",
        {"homes": [{"auth": {"api_key": SECRET}}, {"user": "", "auth": {"api_key": SECRET}}]},
        "homes[1].user is empty",
    ),
    "key in a home": ("home", {"homes": [{"auth": {"api_key": ""}}]}, "auth.api_key is empty"),
}


def make_directory(home: pathlib.Path) -> None:
    (home / "auth.json").mkdir()


def make_fifo(home: pathlib.Path) -> None:
    os.mkfifo(home / "auth.json")


def make_dangling(home: pathlib.Path) -> None:
    (home / "auth.json").symlink_to("nothing")


def make_file(name: str, content: bytes) -> t.Callable[[pathlib.Path], None]:
    return lambda home: t.cast(None, (home / name).write_bytes(content))


KEY_FILE = json.dumps({"OPENAI_API_KEY": f"other-{SECRET}"}).encode()
CONFIG: Options = {"settings": {"model": "gpt-5"}}
# name: (what lies in the Codex home, module, options, words of the sentence)
ON_THE_TARGET: dict[str, tuple[t.Callable[[pathlib.Path], None], str, Options, str]] = {
    "a directory": (make_directory, "auth_file", {"api_key": SECRET}, "auth.json is a directory"),
    "a FIFO": (make_fifo, "auth_file", {"api_key": SECRET}, "auth.json is a fifo"),
    "a dangling link": (make_dangling, "auth_file", {"api_key": SECRET}, "auth.json is a symbolic link to nothing"),
    "malformed": (make_file("auth.json", b"{" + SECRET.encode()), "auth_file", {"api_key": SECRET}, "not an auth.json"),
    "another login": (make_file("auth.json", KEY_FILE), "auth_file", {"content": document()}, "on_account_mismatch"),
    "bad TOML": (
        make_file("config.toml", f'ok = 1\nx = "{SECRET}\n'.encode()),
        "config",
        CONFIG,
        "config.toml is not valid TOML (line 2, column",
    ),
    "not UTF-8": (
        make_file("config.toml", b"a = '\xff'\n"),
        "config",
        CONFIG,
        "config.toml is not UTF-8 (line 1, column 6)",
    ),
    "zeros": (make_file("config.toml", b"\0" * 512), "config", CONFIG, "is not valid TOML (line 1, column 1)"),
    "cut off": (
        make_file("config.toml", f'[x]\ntoken = "{SECRET}"\nargs = ["a",'.encode()),
        "config",
        CONFIG,
        "is not valid TOML (line 3, column",
    ),
    "a key twice": (
        make_file("config.toml", f"a = '{SECRET}'\na = 2\n".encode()),
        "config",
        CONFIG,
        "To replace it by a new file with the settings alone, set force and backup to true.",
    ),
    "nested deeply": (
        make_file("config.toml", b"a = " + b"[" * 10_000 + b"]" * 10_000),
        "config",
        CONFIG,
        "config.toml is nested too deeply",
    ),
    "20 MB": (
        make_file("config.toml", b"# comment\n" * 2_000_000),
        "config",
        CONFIG,
        "config.toml is larger than 4 MiB",
    ),
    "scalar in the way": (
        make_file("config.toml", b"model = 'x'\n"),
        "config",
        {"settings": {"model": {"name": "y"}}},
        "has a value at model",
    ),
    "a file as home": (make_file("file", b""), "auth_file", {"api_key": SECRET, "codex_home": "{home}/file"}, "folder"),
}


def fill(value: t.Any, **names: str) -> t.Any:
    if isinstance(value, dict):
        return {key: fill(item, **names) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("{") and value[1:5] in ("home", "file"):
        return value.format(**names)
    return value


def test_every_refusal_says_what_is_wrong(playbook: Playbook, tmp_path: pathlib.Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    good = document()
    (files / "broken.json").write_text("{" + SECRET)
    (files / "bom.json").write_bytes(b"\xef\xbb\xbf" + good.encode())
    (files / "utf16.json").write_bytes(good.encode("utf-16"))
    (files / "other.json").write_text(json.dumps({"name": SECRET}))
    (files / "vault.json").write_text("$ANSIBLE_VAULT;1.1;AES256\n3132\n")
    tasks, expected, homes = [], {}, []
    for name, (module, options, words) in ON_THE_CONTROLLER.items():
        home = tmp_path / "homes" / name.replace(" ", "-")
        home.mkdir(parents=True)
        homes.append(home)
        options = fill(options, files=str(files))
        tasks.append((name, home, module, options))
        expected[name] = words
    for name, (prepare, module, options, words) in ON_THE_TARGET.items():
        home = tmp_path / "homes" / name.replace(" ", "-")
        (home / ".codex").mkdir(parents=True, mode=0o700)
        prepare(home / ".codex")
        homes.append(home)
        tasks.append((name, home, module, fill(options, home=f"{home}/.codex")))
        expected[name] = words
    before = snapshot(tmp_path / "homes")
    names_before = sorted(map(str, (tmp_path / "homes").rglob("*")))
    run = playbook.run(
        {"host": {"ansible_connection": "local"}},
        [
            {
                "name": name,
                f"fleet.codex.codex_{module}": options,
                "environment": {"HOME": str(home), "PATH": "/nonexistent"},
                "ignore_errors": True,
            }
            for name, home, module, options in tasks
        ],
        arguments=["--diff"],
    )
    assert len(run.tasks) == len(expected)
    assert [task.name for task in run.tasks if task.result.get("failed") is not True] == []
    assert {task.name: task.message for task in run.tasks if expected[task.name] not in task.message} == {}
    assert "Traceback" not in run.output
    assert SECRET not in run.output
    assert snapshot(tmp_path / "homes") == before
    assert sorted(map(str, (tmp_path / "homes").rglob("*"))) == names_before


def test_a_missing_library_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tomledit" else found(name))
    spec = importlib.util.spec_from_file_location("fresh_libraries", libraries.__file__)
    assert spec and spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    with pytest.raises(
        CodexError, match="needs tomledit>=1.2,<2 on the controller. Run: .* install .*'tomledit>=1.2,<2'"
    ):
        fresh.check_libraries()


def test_force_replaces_a_configuration_that_cannot_be_read_and_keeps_a_copy(
    playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / ".codex"
    folder.mkdir(mode=0o700)
    broken = f'ok = 1\nx = "{SECRET}\n'.encode()
    (folder / "config.toml").write_bytes(broken)
    task = {
        "name": "config",
        "fleet.codex.codex_config": {"settings": {"args": [1]}, "force": True, "backup": True},
        "environment": {"HOME": str(tmp_path), "PATH": "/nonexistent"},
    }
    added = {"settings": {"args": [2]}, "lists": [{"path": ["args"], "append": True}]}
    adding = {**task, "fleet.codex.codex_config": added}
    host = {"host": {"ansible_connection": "local"}}
    assert playbook.run(host, [task], arguments=["--check"]).changes() == [True]
    assert (folder / "config.toml").read_bytes() == broken
    run = playbook.run(host, [task, task, adding, adding], arguments=["--diff"])
    assert run.changes() == [True, False, True, False], run.output
    assert SECRET not in run.output
    assert (folder / "config.toml").read_bytes() == b"args = [\n    1,\n    2,\n]\n"
    assert pathlib.Path(run.tasks[0].result["backup_file"]).read_bytes() == broken
    assert run.tasks[2].result["changes"] == [{"key": "args[1]", "action": "added"}]
