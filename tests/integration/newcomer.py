# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A new Debian that becomes somebody's controller, the server of the pages, and a shell that a person types in.

The server has the address that docs/quickstart.md shows, in a network without a way out. The new machine reaches that
network and the package registries, by the settings for pip and the certificates of the machine that runs the tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import LABEL, Host
from ansible_collections.fleet.codex.tests.support.pages import text_of
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from ansible_collections.fleet.codex.tests.support.terminal import InTerminal

NETWORK = "fleet-codex-test-pages"
ADDRESSES = "203.0.113.0/24"
SERVER = "203.0.113.10"
PERSON = "fleet"  # whose account the new machine has
PASSWORDS = {PERSON: "fleet-test-person", "admin": "fleet-test-admin"}
FOR_APT = {f"[sudo] password for {PERSON}:": PASSWORDS[PERSON], "Continue? [Y/n]": "y"}
"""What `sudo apt install` asks on the new machine."""
PATIENCE = 600  # seconds without any output
COLUMNS = 80

_OF_PIP = ("cert", "index-url", "extra-index-url", "proxy", "trusted-host", "timeout")
_OF_CURL = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_AUTHORITIES = "/opt/authorities.pem"  # not where Debian's own are, which apt may install
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_PROMPT = "person$ "

_EDITOR = """\
#!/bin/sh
# In the place of an editor and somebody who types: puts /tmp/typed into the file.
exec cp /tmp/typed "$1"
"""


class Newcomer(Host):
    """A new Debian in which `PERSON` may use sudo, has a key for ssh, and nothing is installed yet; ``remove`` ends it.

    key: for ssh, with the public one beside it. archive: of the collection, which is put there.
    """

    def __init__(self, key: pathlib.Path, archive: pathlib.Path) -> None:
        command = ["docker", "run", "--detach", "--label", LABEL, "fleet-codex-test:newcomer"]
        self.id = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        self.variables = {name: os.environ[name] for name in _OF_CURL if name in os.environ}
        self.archive = f"/opt/{archive.name}"
        try:
            self.write(self.archive, archive.read_bytes(), mode="644")
            self._prepare(key)
        except BaseException:
            self.remove()
            raise

    def _prepare(self, key: pathlib.Path) -> None:
        self.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", PERSON)
        self.run("chpasswd", data=f"{PERSON}:{PASSWORDS[PERSON]}\n".encode())
        for path in (key, key.with_suffix(".pub")):
            self.write(f"/home/{PERSON}/.ssh/id_ed25519{path.suffix}", path.read_bytes(), PERSON)
        settings = _settings_of_pip()
        if "cert" in settings:
            self.write(_AUTHORITIES, pathlib.Path(settings["cert"]).read_bytes(), mode="644")
            settings["cert"] = self.variables["SSL_CERT_FILE"] = _AUTHORITIES
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        self.write("/etc/pip.conf", f"[global]\n{lines}", mode="644")
        self.write("/usr/local/bin/vi", _EDITOR, mode="755")
        # As an installed Debian has them.
        try:
            self.apt_get("update", "-o", "APT::Update::Error-Mode=any")
        except AssertionError as error:
            unavailable(f"A container of this machine gets no packages of Debian: {error}")

    def apt_get(self, *arguments: str) -> None:
        """Has root run apt-get without a question."""
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        self.run("env", "DEBIAN_FRONTEND=noninteractive", *variables, "apt-get", "--yes", *arguments)

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", self.id], capture_output=True, check=False)

    def prefix(self, user: str | None) -> list[str]:
        return ["docker", "exec", "--interactive", *(["--user", user] if user else []), self.id]

    def shell(self) -> Shell:
        """A terminal in which the person's shell runs."""
        variables = {"LANG": "C.UTF-8", "PS1": _PROMPT, "PS2": "", "PROMPT_COMMAND": "", **self.variables}
        options = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        user = ["--user", PERSON, "--workdir", f"/home/{PERSON}"]
        shell = ["bash", "--noprofile", "--norc", "--noediting", "-i"]
        return Shell(["docker", "exec", "--interactive", "--tty", *user, *options, self.id, *shell])


Wait = t.Callable[[str], re.Match[str]]
"""Waits until the output of the running command has a pattern."""


class Shell(InTerminal):
    """An interactive shell of 80 columns; the end of the block closes it."""

    def __init__(self, command: t.Sequence[str]) -> None:
        super().__init__(command, lines=24, columns=COLUMNS)
        self._shown = ""
        self._read_until(lambda: self._shown.endswith(_PROMPT), PATIENCE)

    def type(
        self,
        command: str,
        answers: t.Mapping[str, str] | None = None,
        meanwhile: t.Callable[[Wait], None] | None = None,
    ) -> str:
        """Types a command, answers what it asks, and returns what it printed. Fails where it ends with another status.

        answers: by the end of the question. meanwhile: is called while the command runs.
        """
        output = self._type(command, answers or {}, meanwhile)
        status = self._type("echo $?", {}, None).strip()
        assert status == "0", f"$ {command}\n{output}\nended with {status}"
        return output

    def _type(
        self,
        command: str,
        answers: t.Mapping[str, str],
        meanwhile: t.Callable[[Wait], None] | None,
    ) -> str:
        self._shown = ""
        self.send(f"{command}\n")
        if meanwhile:
            meanwhile(lambda pattern: self._wait_for(pattern, answers))
        while not self._has_ended(command):
            self._read_until(lambda: self._has_ended(command) or self._question(answers) is not None, PATIENCE)
            self._answer(answers)
        echo = command.replace("\n", "\r\n")
        output = self._shown[self._shown.index(echo) + len(echo) :]
        output = output[: output.rindex(_PROMPT)]
        output = re.sub(r"\(\w+\) $", "", output)  # of an active environment
        # Of what was overwritten, such as a progress bar, the last is left.
        return re.sub(r"[^\n]*\r", "", _COLOURS.sub("", output.replace("\r\n", "\n"))).lstrip("\n")

    def _wait_for(self, pattern: str, answers: t.Mapping[str, str]) -> re.Match[str]:
        def found() -> re.Match[str] | None:
            return re.search(pattern, _COLOURS.sub("", self._shown.replace("\r\n", "\n")), re.M)

        while not found():
            self._read_until(lambda: bool(found()) or self._question(answers) is not None, PATIENCE)
            self._answer(answers)
        match = found()
        assert match
        return match

    def _has_ended(self, command: str) -> bool:
        return self._shown.endswith(_PROMPT) and self._shown.count("\n") > command.count("\n")

    def _question(self, answers: t.Mapping[str, str]) -> str | None:
        shown = _COLOURS.sub("", self._shown).rstrip(" ")
        return next((question for question in answers if shown.endswith(question)), None)

    def _answer(self, answers: t.Mapping[str, str]) -> None:
        question = self._question(answers)
        if question is not None:
            self._shown += "\0"  # so that it is answered once
            self.send(f"{answers[question]}\n")

    def _read_until(self, condition: t.Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"Nothing came for {seconds} seconds:\n{self._shown}"
            if not select.select([self._ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                data = b""
            assert data, f"The shell ended:\n{self._shown}"
            self._shown += data.decode("utf-8", "replace")
            end = time.monotonic() + seconds


class Reader:
    """Types the commands of a page in one shell. ``typed`` are all of them, ``last`` is what the last one printed.

    answers: to what they ask, by the end of the question.
    """

    def __init__(self, page: str, newcomer: Newcomer, shell: Shell, answers: t.Mapping[str, str]) -> None:
        self.typed: list[str] = []
        self.last = ""
        self.archive = newcomer.archive
        self._page = page
        self._newcomer = newcomer
        self._shell = shell
        self._answers = answers

    def type(self, command: str, meanwhile: t.Callable[[Wait], None] | None = None) -> str:
        """Types a command, with the archive where it asks Galaxy for the collection, and returns what it printed."""
        self.typed.append(command)
        if re.match(r"(\S*/)?ansible-galaxy collection (install|download) ", command):
            command = re.sub(r" fleet\.codex$", f" {self.archive}", command)
        self.last = self._shell.type(command, self._answers, meanwhile)
        return self.last

    def inline(self, beginning: str) -> str:
        """The command that the page has in its text, where that is too short for a block."""
        found = re.search(rf"`({re.escape(beginning)}[^`]*)`", re.sub(r"\n *", " ", text_of(self._page)))
        assert found, f"{self._page} has no `{beginning}…`"
        return found[1]

    def type_again(self) -> str:
        """Types the last command again."""
        return self.type(self.typed[-1])

    def press(self, keys: str) -> None:
        """Presses keys, for what a command asks that runs."""
        self._shell.send(keys)

    def write(self, path: str, text: str) -> None:
        """Writes a file with an editor."""
        self._newcomer.write(path, text, PERSON)


def prepare_server(server: Host) -> None:
    """Has a server that is reached with a key as admin, who uses sudo with a password, and a user alice."""
    server.run("sh", "-c", "id alice >/dev/null 2>&1 || useradd --create-home --shell /bin/bash alice")
    server.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "admin")
    server.run("chpasswd", data=f"admin:{PASSWORDS['admin']}\n".encode())
    server.run("sh", "-c", "mkdir -p /run/sshd && /usr/sbin/sshd")


def _settings_of_pip() -> dict[str, str]:
    """Where pip of this machine gets packages, as far as another machine can use it."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        name, _sign, value = line.partition("=")
        name, value = name.rpartition(".")[2], value.strip("'\"")
        words = [word for word in value.split() if not word.startswith("file:")]
        if name in _OF_PIP and words:
            found[name] = " ".join(words)
    return found


@contextlib.contextmanager
def network() -> t.Iterator[t.Callable[[str, str | None], None]]:
    """The network of the pages' addresses, without a way out, and what connects a container to it, with an address.

    A machine can have it only once: it waits for other runs of the tests. What a killed run left behind is removed.
    """
    with open(pathlib.Path(tempfile.gettempdir()) / f"{NETWORK}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_network()
        command = ["docker", "network", "create", "--internal", "--label", LABEL, "--subnet", ADDRESSES, NETWORK]
        subprocess.run(command, capture_output=True, check=True)
        try:
            yield _connect
        finally:
            _remove_network()


def _connect(container: str, address: str | None) -> None:
    # A container that was started without a network has to leave that first.
    subprocess.run(["docker", "network", "disconnect", "none", container], capture_output=True, check=False)
    option = ["--ip", address] if address else []
    subprocess.run(["docker", "network", "connect", *option, NETWORK, container], capture_output=True, check=True)


def _remove_network() -> None:
    shown = subprocess.run(
        ["docker", "network", "inspect", "--format", "{{range $id, $_ := .Containers}}{{$id}} {{end}}", NETWORK],
        capture_output=True,
        text=True,
        check=False,
    )
    for container in shown.stdout.split():
        subprocess.run(
            ["docker", "network", "disconnect", "--force", NETWORK, container], capture_output=True, check=False
        )
    subprocess.run(["docker", "network", "rm", NETWORK], capture_output=True, check=False)


def build_archive(folder: pathlib.Path) -> pathlib.Path:
    """The archive of the collection, which stands in for its name where Galaxy would be asked."""
    galaxy = pathlib.Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", "--output-path", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (archive,) = folder.glob("fleet-codex-*.tar.gz")
    return archive
