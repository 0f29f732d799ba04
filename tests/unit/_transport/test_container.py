"""Work in a container: the command for its Docker host, and the sentence for each thing that an engine says."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import program
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.container import Container, find_container
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.posix import silence
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.skips import unavailable

WEB = Container("web", "docker")


def options(**given: t.Any) -> dict[str, t.Any]:
    return {"name": "web", "engine": "docker", "user": None, **given}


def test_the_option_names_a_container() -> None:
    assert find_container(None, is_windows=True) is None
    assert find_container(options(), is_windows=False) == WEB
    for user in ("1000", "1000:50", "alice", "_apt:nogroup", "first.last@example.com"):
        found = find_container(options(name="a_b.c-1", engine="podman", user=user), is_windows=False)
        assert found == Container("a_b.c-1", "podman", user)


@pytest.mark.parametrize(
    ("given", "is_windows", "words"),
    [
        ({}, True, "container is not supported on Windows hosts"),
        ({"name": "--privileged"}, False, "container.name must be"),
        ({"name": "web db"}, False, "container.name must be"),
        ({"name": "web\n"}, False, "container.name must be"),
        ({"name": "$(id)"}, False, "container.name must be"),
        ({"user": "--privileged"}, False, "container.user must be"),
        ({"user": "1000:"}, False, "container.user must be"),
        ({"user": "a b"}, False, "container.user must be"),
    ],
)
def test_what_names_no_container_is_refused(given: dict[str, t.Any], is_windows: bool, words: str) -> None:
    with pytest.raises(CodexError, match=f"^{words}"):
        find_container(options(**given), is_windows)


@pytest.mark.parametrize("input_file", [None, "/tmp/a request"])
@pytest.mark.parametrize("user", [None, "1000:50"])
def test_the_command_survives_a_shell_that_reads_it_once_more(user: str | None, input_file: str | None) -> None:
    command = program.command([*program.PYTHONS, "/opt/my python"], 1234)
    assert not set("$`!\\\n") & set(Container("web", "podman", user).around(command, input_file))


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish", "tcsh"])
def test_the_command_means_the_same_to_every_shell(shell: str, by_file: bool, tmp_path: pathlib.Path) -> None:
    """With an engine that shows what it got and runs it here."""
    path = shutil.which(shell)
    if path is None:
        unavailable(f"{shell} is not installed.")
    engine = tmp_path / "docker"
    engine.write_text('#!/bin/sh\necho "$@" | cut -c 1-50\nshift 5\nexec "$@"\n')
    engine.chmod(0o755)
    code = b"print(sys.stdin.buffer.read().decode())\n"
    file = tmp_path / "a request"
    file.write_bytes(code + b"the request")
    inner = program.command(["/no/such/python", "/no such/python's", "/usr/bin/python3"], len(code))
    command = Container("web", str(engine), "1000").around(inner, str(file) if by_file else None)
    data = None if by_file else file.read_bytes()
    done = subprocess.run([path, "-c", command], input=data, stdout=subprocess.PIPE, check=False)
    shown, request = done.stdout.decode().splitlines()
    assert (done.returncode, request) == (0, "the request")
    assert shown.startswith("exec --interactive --user 1000 web /bin/sh -c env")


# What engines print, measured: Docker 20.10 and 28, Podman 4.3 with runc. What older clients of Docker and crun print
# is known from their sources.
MISSING = [
    "Error response from daemon: No such container: web",
    "Error: No such container: web",
    'Error: no container with name or ID "web" found: no such container',
]
STOPPED = [
    "Error response from daemon: Container 7cdb899843286ae9d2c36d7ae8be38ee806357c2 is not running",
    "Error: can only create exec sessions on running containers: container state improper",
]
PAUSED = ["Error response from daemon: Container web is paused, unpause the container before exec"]
NO_SHELL = [
    "OCI runtime exec failed: exec failed: unable to start container process: "
    'exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown',
    'Error: runc: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or '
    "directory: OCI runtime attempted to invoke a command that was not found",
    "Error: crun: executable file `/bin/sh` not found: No such file or directory: OCI runtime attempted to invoke a "
    "command that was not found",
]
NO_USER = [
    "unable to find user 1000: no matching entries in passwd file",
    "Error: unable to find user 1000: no matching entries in passwd file",
]
FORBIDDEN = [
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get x",
    "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
]
NOT_THERE = ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"]
NO_ENGINE = [
    "sh: 1: docker: not found",
    "bash: line 1: docker: command not found",
    "zsh:1: command not found: docker",
    "fish: Unknown command: docker",
    "docker: Command not found.",
]
RECIPE = "mount the folder of its Codex home from the Docker host and deploy to that folder there."


@pytest.mark.parametrize(
    ("said", "sentence", "of_a_connection"),
    [
        (MISSING, "This host has no container web. ", "There is no such container. "),
        (STOPPED, "The container web is not running. Start it, or mount", "The container is not running. "),
        (PAUSED, "The container web is paused. Unpause it, or mount", "The container is paused. "),
        (NO_SHELL, "The container web has no /bin/sh, so nothing can run in it.", "The container has no /bin/sh, "),
        (NO_USER, "The container web has no such user 1000. Correct container.user", "The container has no such user."),
        (FORBIDDEN, "The user that the task runs as may not use docker. Set become", "The user that the task runs as"),
        (NOT_THERE, "The container engine does not answer. ", "The container engine does not answer. "),
        (NO_ENGINE, "This host has no command docker, which", "The host did not start the target program"),
    ],
)
def test_what_keeps_a_container_from_working_has_one_sentence(
    said: list[str], sentence: str, of_a_connection: str
) -> None:
    """Docker says some of it on its standard output."""
    for line in said:
        for stdout, stderr in ((f"{line}\r\n", ""), ("", f"Authorized use only.\n{line}\n")):
            container = Container("web", "docker", "1000")
            found = silence(stdout, stderr, 1, container)
            assert found.startswith(sentence), line
            assert silence(stdout, stderr, 1).startswith(of_a_connection), line
            if said in (STOPPED, PAUSED, NO_SHELL):
                assert found.endswith(RECIPE)


def test_what_a_program_prints_is_nothing_that_an_engine_says() -> None:
    assert "cut off" in silence(f"{program.BEGUN}\n", f"{MISSING[0]}\n", 137, WEB)
    assert silence("", "All of our containers: docker is used here.\n", 1, WEB).startswith("The host did not start")
