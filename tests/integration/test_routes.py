# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Roads that ping can take: login shells that read the command once more, sudo that wants a terminal, Mitogen."""

from __future__ import annotations

import importlib.util
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.integration.test_connections import REMOTE_TMP, Way, declared, four_steps
from ansible_collections.fleet.codex.tests.support.hosts import Container, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, mitogen
from ansible_collections.fleet.codex.tests.support.repeats import CORES, kept
from ansible_collections.fleet.codex.tests.support.skips import unavailable

LOGIN_SHELL = "-H -S -n -i"


def way(container: Container, login: str, user: str, **more: t.Any) -> Way:
    return Way(container, container.ssh(login) | become(user, **more), f"/home/{user}/.codex", user)


def fish(container: Container) -> Way:
    container.run("su", "-", "carol", "-c", "true")  # fish leaves files of its own at its first start
    return way(container, "deploy", "carol", flags=LOGIN_SHELL)


def requiretty(container: Container) -> Way:
    variables = container.ssh("deploytty") | become("root")
    return Way(container, variables, "/home/alice/.codex", "alice", {"user": "alice"}, piped=False)


ROUTES: dict[str, t.Callable[[Container], Way]] = {
    "tcsh": lambda c: Way(c, c.ssh("edna"), "/home/edna/.codex", "edna"),
    "tcsh_sudo": lambda c: way(c, "edna", "dora"),
    # The login shell of the user that sudo becomes reads the command once more.
    "sudo_i_bash": lambda c: way(c, "deploy", "alice", flags=LOGIN_SHELL),
    "sudo_i_zsh": lambda c: way(c, "deploy", "bob", flags=LOGIN_SHELL),
    "sudo_i_fish": fish,
    "sudo_i_dash": lambda c: way(c, "deploy", "dora", flags=LOGIN_SHELL),
    "sudo_i_tcsh": lambda c: way(c, "deploy", "edna", flags=LOGIN_SHELL),
    "requiretty": requiretty,
}


# The odd ones; on the other cores below there are sudo_i_zsh and requiretty.
@pytest.mark.parametrize(
    "name", kept(["sudo_i_fish", "sudo_i_tcsh"], ROUTES, reason="a plainer route, or another core")
)
def test_route(name: str, container: Container, playbook: Playbook) -> None:
    four_steps(ROUTES[name](container), playbook)


def by_mitogen(container: Container, login: str, owner: str, variables: dict[str, t.Any], **home: t.Any) -> Way:
    # Not called piped, since Mitogen makes Ansible's folder at its start, whatever it runs then.
    return Way(container, container.ssh(login) | variables, f"/home/{owner}/.codex", owner, home, piped=False)


MITOGEN: dict[str, t.Callable[[Container], Way]] = {
    "ssh": lambda c: by_mitogen(c, "alice", "alice", {}),
    "sudo": lambda c: by_mitogen(c, "deploy", "alice", become("root"), user="alice"),
    "sudo_unprivileged": lambda c: by_mitogen(c, "deploy", "bob", become("bob")),
}


@pytest.mark.repeats("another core, of which the test below has the newest")
@pytest.mark.parametrize("name", MITOGEN)
def test_mitogen(name: str, container: Container, playbook: Playbook) -> None:
    playbook.env = mitogen(playbook.program)
    four_steps(MITOGEN[name](container), playbook)


def test_libssh_with_a_password_for_sudo_leaves_no_request(container: Container, playbook: Playbook) -> None:
    """It has no terminal for sudo's prompt, so the command fails, as ping does; and then it awaits prompts for ever."""
    if importlib.util.find_spec("pylibsshext") is None:
        unavailable("ansible-pylibssh is not installed (requirements-test.txt).")
    variables = {
        "ansible_connection": "ansible.netcommon.libssh",
        "ansible_host": "host.test",
        "ansible_user": "deploypw",
        "ansible_private_key_file": str(container.key),
        "ansible_libssh_proxy_command": container.sshd_command(),
    }
    run = playbook.run(
        {"host": variables | become("root", password="deploypw")},
        [declared(Way(container, {}, "", "", {"user": "alice"}))],
    )
    assert run.failure().startswith("The host did not start the target program of fleet.codex (status -1).")
    left = [path for path in container.list("/home/deploypw", "/tmp", "/root") if REMOTE_TMP in path]
    assert left == []
    assert not container.exists("/home/alice/.codex")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param({"ansible_ssh_use_tty": False}, "Set ansible_ssh_extra_args to -tt", id="no terminal"),
        pytest.param({"ansible_become_user": "nobody-here"}, "(status 1; sudo: unknown user", id="sudo fails"),
    ],
)
def test_what_keeps_a_host_from_starting_it_is_named_without_the_banner(
    variables: dict[str, t.Any], words: str, container: Container, playbook: Playbook
) -> None:
    container.write("/etc/ssh/banner", "Authorized use only.\nsshd watches you.\n", mode="644")
    container.write("/etc/ssh/sshd_config.d/banner.conf", "Banner /etc/ssh/banner\n", mode="644")
    try:
        host = requiretty(container).variables | variables
        # With a banner that the client shows.
        host["ansible_ssh_common_args"] = host["ansible_ssh_common_args"].replace("LogLevel=ERROR", "LogLevel=INFO")
        run = playbook.run({"host": host}, [declared(Way(container, {}, "", "", {"user": "alice"}))])
    finally:
        container.run("rm", "/etc/ssh/sshd_config.d/banner.conf")
    message = run.failure()
    assert words in message
    assert "Run the play again" not in message
    assert "watches you" not in message and "Authorized" not in message


# ---------------------------------------------------------------- other ansible-core versions


OTHER_ROUTES = ("tcsh", "sudo_i_bash", "sudo_i_zsh", "sudo_i_dash", "requiretty")


@pytest.mark.parametrize(
    ("other_core", "name"),
    kept([("oldest", "sudo_i_zsh"), ("newest", "requiretty")], CORES, OTHER_ROUTES, reason="another route and core"),
    indirect=["other_core"],
)
def test_route_of_another_core(name: str, container: Container, other_core: Playbook) -> None:
    four_steps(ROUTES[name](container), other_core)


@pytest.mark.parametrize(
    ("other_core", "name"),
    kept([("newest", "sudo_unprivileged")], CORES, MITOGEN, reason="another route and core"),
    indirect=["other_core"],
)
def test_mitogen_of_another_core(name: str, container: Container, other_core: Playbook) -> None:
    other_core.env = mitogen(other_core.program)
    four_steps(MITOGEN[name](container), other_core)
