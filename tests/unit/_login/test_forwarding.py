"""The command that forwards a port with a host's own SSH settings, and the sentences where there is no tunnel."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._login.forwarding import (
    SshSettings,
    busy_port,
    forwarding_command,
    tunnel_failure,
    why_no_tunnel,
)


def test_the_command_has_the_settings_of_the_host_after_its_own() -> None:
    """ssh takes the first of two values, so a user's ControlMaster does not count."""
    settings = SshSettings(
        host="web1.example.com",
        ssh_executable="/opt/bin/ssh",
        ssh_args="-C -o ControlMaster=auto -o ControlPersist=60s",
        ssh_common_args="-o 'ProxyCommand=ssh -W %h:%p jump'",
        ssh_extra_args="-v",
        host_key_checking=False,
        port=2222,
        remote_user="alice",
        private_key_file="/keys/one two",
        timeout=7,
    )
    command = forwarding_command(settings, 1457)
    assert command[:2] == ["/opt/bin/ssh", "-N"] and command[-2:] == ["--", "web1.example.com"]
    assert "127.0.0.1:1457:127.0.0.1:1457" in command
    options = [command[n + 1] for n, word in enumerate(command) if word == "-o"]
    assert options.index("ControlMaster=no") < options.index("ControlMaster=auto")
    for option in (
        "ExitOnForwardFailure=no",
        "ControlPath=none",
        "BatchMode=yes",
        "ProxyCommand=ssh -W %h:%p jump",
        "StrictHostKeyChecking=no",
        "Port=2222",
        'User="alice"',
        'IdentityFile="/keys/one two"',
        "ConnectTimeout=7",
    ):
        assert option in options


def test_nothing_is_said_of_what_is_not_set() -> None:
    command = " ".join(forwarding_command(SshSettings(host="web1"), 1455))
    for word in ("StrictHostKeyChecking", "Port=", "User=", "IdentityFile="):
        assert word not in command


@pytest.mark.parametrize("transport", ["ssh", "local"])
def test_ssh_and_the_own_machine_need_no_other_way(transport: str) -> None:
    assert why_no_tunnel(transport, False) is None


@pytest.mark.parametrize(
    ("transport", "in_container", "what"),
    [
        ("docker", False, "the connection docker"),
        ("paramiko_ssh", False, "the connection paramiko_ssh"),
        ("libssh", False, "the connection libssh"),
        ("ssh", True, "the container"),
    ],
)
def test_other_ways_are_told_of_the_device_code(transport: str, in_container: bool, what: str) -> None:
    sentence = str(why_no_tunnel(transport, in_container))
    assert what in sentence and "codex_login_method" in sentence


def test_a_tunnel_that_ends_is_told_with_the_last_words_of_ssh() -> None:
    said = "** WARNING: about quantum computers\n\nbob@web1: Permission denied (publickey).\n** again\n"
    assert tunnel_failure(1455, said).endswith("ssh says: bob@web1: Permission denied (publickey).")
    assert tunnel_failure(1455, "").endswith("ssh says: nothing")
    assert len(tunnel_failure(1455, "x" * 5000)) < 500


def test_a_busy_port_is_told_with_its_holder() -> None:
    assert "is used by firefox (4711)" in busy_port(1455, "firefox (4711)")
    assert "is used by a program of another user" in busy_port(1455, None)
