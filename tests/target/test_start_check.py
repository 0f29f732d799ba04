"""Whether the user's `codex` starts with a new config.toml: asked before anything of the home is changed."""

from __future__ import annotations

import base64
import os
import pwd
import shlex
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram, write

pytestmark = pytest.mark.not_on_wine("the codex of these tests is a shell script; test_codex_exe.py has a real one")
CONFIG = b'model = "x"\n'
SCRIPT = Path(__file__).parent.parent / "environment" / "codex.sh"
NEWEST = "0.171.0"

# What codex-cli 0.171.0 prints for a value of a wrong kind, with the file's own lines.
REFUSAL = """Error loading configuration: {path}:2:12: invalid type: integer `7`, expected a string
  |
2 | my_secret = "SECRETMARKER"
  |             ^
"""


def check(
    target_program: TargetProgram,
    codex_home: Path,
    path: str,
    content: bytes = CONFIG,
    user: str | None = None,
    **more: t.Any,
) -> HomeAnswer:
    """The answer to a change of config.toml that is checked first."""
    home: HomeRequest = {
        "user": user,
        "codex_home": str(codex_home),
        "operations": [write("config.toml", content, None)],
        "start_check": base64.b64encode(content).decode(),
    }
    return target_program.execute("apply", [home], environment={"PATH": f"{path}:/usr/bin:/bin"}, **more)[0]


def make_codex(folder: Path, script: str) -> str:
    """A folder with a `codex`."""
    (folder / "codex").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "codex").chmod(0o755)
    return str(folder)


def refusing(record: Path, text: str = REFUSAL) -> str:
    """A `codex` that refuses a configuration that is not empty, and otherwise says that nobody is logged in."""
    facts = 'echo "$CODEX_HOME" "$HOME" "$@"; ls -A "$CODEX_HOME"; cat "$CODEX_HOME/config.toml"'
    told = shlex.quote(text).replace("{path}", "'\"$CODEX_HOME\"'/config.toml")
    return (
        f"{{ {facts}; }} >>{shlex.quote(str(record))}\n"
        f'if test -s "$CODEX_HOME/config.toml"; then printf %s {told} >&2; else echo Not logged in >&2; fi; exit 1'
    )


def test_a_refusal_is_told_without_the_lines_that_codex_quotes_and_nothing_is_done(
    target_program: TargetProgram, home: Path, tmp_path: Path
) -> None:
    record = tmp_path / "record"
    path = make_codex(tmp_path, refusing(record, f"WARNING: of something else\n{REFUSAL}"))
    answer = check(target_program, home, path)
    expected = "Error loading configuration: config.toml:2:12: invalid type: integer (hidden), expected a string"
    assert (answer["start_problem"], answer["results"]) == (expected, [])
    assert os.listdir(home) == []
    lines = record.read_text().splitlines()
    scratch, home_directory, *arguments = lines[0].split()
    assert arguments == ["login", "status"]
    assert scratch == home_directory
    assert scratch != str(home)
    assert not os.path.exists(scratch)
    assert lines[1:3] == ["config.toml", CONFIG.decode().rstrip()]  # no login is there


@pytest.mark.parametrize(
    "script",
    [
        "echo Not logged in >&2; exit 1",
        "echo Logged in using an API key",
        "echo Error checking login status: No such file or directory >&2; exit 1",
        "echo Error: this program is broken; exit 1",
        "echo Error loading configuration: /etc/codex/config.toml is broken; exit 1",
        "echo Error loading configuration: Model provider acme not found; exit 1",
        "echo Error checking login status: no keyring; exit 1",
        "exec sleep 300",
        "kill -KILL $$",
        "exec yes Error",
    ],
    ids=[
        "starts",
        "logged-in",
        "old",
        "never-starts",
        "elsewhere",
        "provider",
        "keyring",
        "never-ends",
        "killed",
        "prints-without-end",
    ],
)
def test_what_is_no_refusal_of_this_configuration_keeps_nothing_from_being_done(
    target_program: TargetProgram, home: Path, tmp_path: Path, script: str
) -> None:
    answer = check(target_program, home, make_codex(tmp_path, script), limits={"CODEX_TIME_LIMIT": 1})
    assert not answer.get("start_problem")
    assert [result["status"] for result in answer["results"]] == ["done"]


def test_without_a_codex_nothing_is_asked(target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
    answer = check(target_program, home, str(tmp_path))
    assert not answer.get("start_problem")
    assert (home / "config.toml").read_bytes() == CONFIG


def test_what_codex_says_is_short(target_program: TargetProgram, home: Path, tmp_path: Path) -> None:
    path = make_codex(tmp_path, refusing(tmp_path / "record", "Error loading configuration: " + "x" * 10_000))
    assert len(check(target_program, home, path)["start_problem"]) == 1000


@pytest.mark.needs_root
@pytest.mark.posix_only("nobody is become on Windows, and the codex of another user is never run")
def test_it_is_asked_as_the_user(target_program: TargetProgram, root_folder: Path, user: pwd.struct_passwd) -> None:
    home = root_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    path = make_codex(root_folder, f"id -u >{home}/id; {refusing(home / 'record')}")
    answer = check(target_program, home, path, user=user.pw_name)
    assert answer["start_problem"].startswith("Error loading configuration: config.toml:2:12: ")
    assert (home / "id").read_text() == f"{user.pw_uid}\n"
    assert not (home / "config.toml").exists()


@pytest.fixture(scope="module")
def real_codex() -> str:
    """The folder of the newest Codex."""
    found = subprocess.run(["sh", str(SCRIPT), NEWEST], check=True, capture_output=True, text=True)
    return str(Path(found.stdout.strip()).parent)


@pytest.mark.needs_root
class TestRealCodex:
    """It needs a network namespace, so that it reaches nobody."""

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (b'model = "x"\n', None),
            (b'approval_policy = "untrusted"\n', "approval_policy"),
            (b'mcp_servers.a = {command = "x", env = "a\\"SECRETMARKER"}\n', "expected a map"),
            (b'model_provider = "elsewhere"\n', None),
            (b'model = 7\nmodel_provider = "SECRETMARKER"\n', "config.toml:1"),
            (b'[model_providers.openai]\nname = "SECRETMARKER"\n', "openai"),
            (b'secret = "SECRETMARKER\n', "config.toml:1"),
        ],
    )
    def test_it_says_why_it_would_not_start(
        self, shared_program: TargetProgram, home: Path, real_codex: str, content: bytes, named: str | None
    ) -> None:
        answer = check(shared_program, home, real_codex, content, wrapper=["unshare", "-n"])
        if named is None:
            assert [result["status"] for result in answer["results"]] == ["done"]
        else:
            assert named in answer["start_problem"]
            assert "SECRETMARKER" not in str(answer)
            assert os.listdir(home) == []
