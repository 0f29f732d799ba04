# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Runs a real Codex binary where it can reach nothing but a stand-in API.

Every run has a network namespace (loopback only) and a process namespace of
its own, so that no request gets out and no process outlives the call. Needs
Linux with ``unshare`` and ``ip``, and root or unprivileged user namespaces.
The texts matched here were measured on the binaries 0.20.0 to 0.171.0.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import typing as t

from ansible_collections.fleet.codex.tests.support.mock_api import RESPONSES, Request, read_record
from ansible_collections.fleet.codex.tests.support.paths import ENVIRONMENT

Method = t.Literal["apikey", "chatgpt", "none", "unreadable"]

FETCH = ENVIRONMENT / "codex.sh"
MOCK = pathlib.Path(__file__).resolve().with_name("mock_api.py")
_APP_SERVER = MOCK.with_name("app_server.py")

# Outside the default temporary folder: newer builds warn about a CODEX_HOME there.
SCRATCH = pathlib.Path("/var/tmp")

_UNAVAILABLE = 3

# Codex asks some hosts whatever the overrides say, and waits 5 s and more for a
# name server that cannot be reached (0.94, 0.169). Refused at once instead.
# The machine's own name is asked for too (0.139).
_HOSTS = f"""\
127.0.0.1 localhost {socket.gethostname()}
127.0.0.1 chatgpt.com ab.chatgpt.com api.openai.com auth.openai.com github.com api.github.com
"""
_RESOLVER = """\
nameserver 127.0.0.1
options timeout:1 attempts:1
"""

# Words in pairs up to "--" say what to lay over what, seen by this run alone.
_PREPARE = """\
set -e
ip link set lo up
while [ "$1" != -- ]; do
    [ ! -e "$2" ] || mount --bind "$1" "$2"
    shift 2
done
shift
exec "$@"
"""

# In this order: the first text found decides.
_STATUS: tuple[tuple[str, Method], ...] = (
    ("Logged in using an API key", "apikey"),  # to 0.163
    ("API key configured", "apikey"),  # 0.164 and later
    ("Logged in using ChatGPT", "chatgpt"),
    ("Not logged in", "none"),
    # 0.36 to 0.47 say so when there is no auth.json.
    ("Error checking login status: No such file or directory", "none"),
)


class ClientError(RuntimeError):
    """A run that says nothing about the credential: a time-out, an unknown answer."""


class Unavailable(ClientError):
    """This machine cannot run that version; the text says why in one sentence."""


class Status(t.NamedTuple):
    """What ``codex login status`` said."""

    rc: int
    text: str
    method: Method


@dataclasses.dataclass(frozen=True)
class Execution:
    """What ``codex exec`` said, and what it asked the stand-in API for."""

    rc: int
    text: str
    requests: list[Request]

    @property
    def turns(self) -> list[Request]:
        """The requests that ask the model for something."""
        return [r for r in self.requests if r["method"] == "POST" and r["path"].partition("?")[0] == RESPONSES]

    @property
    def authorization(self) -> list[str]:
        """Authorization of each turn sent; "" is a turn sent without one."""
        return [turn["authorization"] or "" for turn in self.turns]


@functools.cache
def binary(version: str) -> pathlib.Path:
    """The binary of a version, fetched into the cache if it is not there yet."""
    if not FETCH.exists():
        raise Unavailable(f"{FETCH.name} is missing, it fetches the Codex binaries.")
    done = subprocess.run([str(FETCH), version], capture_output=True, text=True, check=False, timeout=900)
    if done.returncode == _UNAVAILABLE:
        raise Unavailable(done.stderr.strip())
    if done.returncode != 0:
        raise ClientError(f"{FETCH.name} {version} ended with {done.returncode}: {done.stderr.strip()}")
    return pathlib.Path(done.stdout.strip())


@functools.cache
def _unshare() -> tuple[str, ...]:
    """The command that cuts a run off. Ending it ends all processes in it."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *as_root, "--net", "--mount", "--pid", "--fork", "--kill-child")
    probe = [*command, "ip", "link", "set", "lo", "up"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=30)
    except FileNotFoundError as error:
        raise Unavailable(f"{error.filename} is missing, it cuts Codex off from the network.") from error
    if done.returncode != 0:
        raise Unavailable(f"No network namespace to run Codex in: {done.stderr.strip()}")
    return command


@contextlib.contextmanager
def scratch() -> t.Iterator[pathlib.Path]:
    """A folder outside the default temporary one that any user may walk through."""
    with tempfile.TemporaryDirectory(prefix="fleet-codex-", dir=SCRATCH, ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        yield folder


def own_etc(folder: pathlib.Path) -> pathlib.Path:
    """A copy of this machine's /etc, in which a program of a namespace of its own may write."""
    etc = folder / "etc"
    # Without what only root can read, where somebody else runs the tests.
    subprocess.run(["cp", "-a", "/etc", str(etc)], stderr=subprocess.DEVNULL, check=os.geteuid() == 0, timeout=60)
    return etc


def with_etc(program: pathlib.Path, etc: pathlib.Path, script: pathlib.Path) -> pathlib.Path:
    """A script that runs a program which finds the folder ``etc`` as /etc; nothing else of the machine does."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    inside = 'mount --bind "$1" /etc && shift && exec "$@"'
    command = ["unshare", *as_root, "--mount", "sh", "-c", inside, "sh", str(etc), str(program)]
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def method_of(rc: int, text: str) -> Method:
    """Which login ``login status`` reports. Warnings may stand before the answer."""
    for part, method in _STATUS:
        if part in text:
            return method
    if rc == 0:
        raise ClientError(f"login status gave an answer unknown so far: {text!r}")
    return "unreadable"


class Codex:
    """One version of Codex with one HOME, as one user.

    ``user`` (name or uid, needs root) runs Codex as somebody else; the HOME
    must let that user in. ``etc`` is a folder (see `own_etc`) that Codex finds
    as /etc. ``timeout`` is in seconds, for each run.
    """

    def __init__(
        self,
        version: str,
        home: pathlib.Path,
        *,
        user: str | int | None = None,
        etc: pathlib.Path | None = None,
        timeout: float = 60,
    ) -> None:
        self.version = version
        self.home = home
        self.timeout = timeout
        self.binary = binary(version)
        self._namespace = _unshare()
        self._identity = _identity(user)
        self._etc = () if etc is None else (str(etc), "/etc")

    def login_status(self, env: t.Mapping[str, str] | None = None) -> Status:
        """``codex login status``; ``env`` may set CODEX_HOME, else it is HOME/.codex."""
        with scratch() as folder:
            rc, text = self._run(folder, [], ["login", "status"], env or {})
        return Status(rc, text, method_of(rc, text))

    def command(self, *arguments: str, codex_home: pathlib.Path | None = None) -> tuple[int, str]:
        """The return code and the output of any other command that needs no server."""
        with scratch() as folder:
            return self._run(folder, [], arguments, {} if codex_home is None else {"CODEX_HOME": str(codex_home)})

    def configuration(self, codex_home: pathlib.Path | None = None) -> dict[str, t.Any]:
        """What this Codex reads in the config.toml of a home, as its app server (0.94 and later) answers."""
        with scratch() as folder:
            client = [sys.executable, "-I", str(_APP_SERVER)]
            env = {} if codex_home is None else {"CODEX_HOME": str(codex_home)}
            rc, text = self._run(folder, client, ["app-server"], env)
            if rc != 0:
                raise ClientError(f"The app server ended with {rc}: {text!r}")
            return t.cast("dict[str, t.Any]", json.loads(text.splitlines()[-1]))

    def exec_authorization(self, codex_home: pathlib.Path | None = None) -> list[str]:
        """The Authorization headers one ``codex exec`` sent its turns with."""
        return self.execute(codex_home).authorization

    def execute(
        self,
        codex_home: pathlib.Path | None = None,
        *,
        arguments: t.Sequence[str] = (),
        env: t.Mapping[str, str] | None = None,
        overrides: t.Sequence[str] = (),
        record: pathlib.Path | None = None,
        server_options: t.Sequence[str] = (),
    ) -> Execution:
        """One turn of ``codex exec`` against the stand-in API.

        The config.toml under test is read and left alone: the provider comes
        as ``-c`` overrides, ``overrides`` (``key=value``) come after them, and
        before all of these ``arguments``, further words for ``codex exec``.
        A ``record`` given more than once keeps spent refresh tokens spent;
        the requests returned are those of this run. ``server_options`` are
        those of ``mock_api.py``. Token refresh reaches the
        stand-in from 0.58 on, older versions cannot be redirected (measured).
        """
        with scratch() as folder:
            record = folder / "record.jsonl" if record is None else record
            before = len(read_record(record))
            server = [sys.executable, "-I", str(MOCK), "--port", "0", "--record", str(record), *server_options, "--"]
            values = [*provider_overrides(), *overrides]
            words = ["exec", "--skip-git-repo-check", *arguments]
            for value in values:
                words += ["-c", value]
            words.append("Say hello.")
            variables = {
                "CODEX_REFRESH_TOKEN_URL_OVERRIDE": "http://127.0.0.1:{port}/oauth/token",
                "CODEX_REVOKE_TOKEN_URL_OVERRIDE": "http://127.0.0.1:{port}/oauth/revoke",
                **({} if codex_home is None else {"CODEX_HOME": str(codex_home)}),
                **(env or {}),
            }
            rc, text = self._run(folder, server, words, variables)
            return Execution(rc, text, read_record(record)[before:])

    def command_line(
        self,
        folder: pathlib.Path,
        server: t.Sequence[str],
        arguments: t.Sequence[str],
        env: t.Mapping[str, str],
    ) -> list[str]:
        """The command that runs Codex cut off, below ``server`` (or another program that starts it) if there is one.

        It is to run in ``folder``/work, and whoever runs it must end it: that ends everything in it.
        """
        work, temporary, program = folder / "work", folder / "tmp", folder / "codex"
        for path in (work, temporary):
            path.mkdir()
            path.chmod(0o1777)
        # The cache may lie where another user cannot walk: bring the binary here.
        program.touch(0o755)
        hosts, resolver = folder / "hosts", folder / "resolv.conf"
        hosts.write_text(_HOSTS, encoding="ascii")
        resolver.write_text(_RESOLVER, encoding="ascii")
        environment = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(temporary),
            **env,
        }
        return [
            *self._namespace,
            *("sh", "-c", _PREPARE, "sh", *self._etc, str(self.binary), str(program)),
            *(str(hosts), "/etc/hosts", str(resolver), "/etc/resolv.conf", "--"),
            *server,
            *self._identity,
            *("env", "-i", *(f"{name}={value}" for name, value in environment.items())),
            *(str(program), *arguments),
        ]

    def _run(
        self,
        folder: pathlib.Path,
        server: t.Sequence[str],
        arguments: t.Sequence[str],
        env: t.Mapping[str, str],
    ) -> tuple[int, str]:
        """Run Codex as `command_line` says; both are cut off together."""
        command = self.command_line(folder, server, arguments, env)
        return _communicate(command, folder / "work", self.timeout)


def _identity(user: str | int | None) -> list[str]:
    if user is None:
        return []
    if os.geteuid() != 0:
        raise Unavailable("Running Codex as another user needs root.")
    entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]


def provider_overrides() -> list[str]:
    """Overrides that send every request of Codex 0.20.0 to 0.171.0 to the stand-in."""
    host = "http://127.0.0.1:{port}"
    return [
        'model_provider="mock"',
        'model_providers.mock.name="mock"',
        f'model_providers.mock.base_url="{host}/v1"',
        'model_providers.mock.wire_api="responses"',
        "model_providers.mock.requires_openai_auth=true",
        "model_providers.mock.request_max_retries=0",
        "model_providers.mock.stream_max_retries=0",
        f'chatgpt_base_url="{host}/backend-api/"',
        # 0.94 asks chatgpt.com itself for its models, with retries of 9 s in all.
        "features.remote_models=false",
    ]


def _communicate(command: t.Sequence[str], folder: pathlib.Path, timeout: float) -> tuple[int, str]:
    """Run to the end or to the time-out; nothing of it is left in either case."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output, _none = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            output, _none = process.communicate()
            text = output.decode("utf-8", "replace")
            raise ClientError(f"No end after {timeout:g} s, said so far: {text!r}") from error
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, output.decode("utf-8", "replace")
