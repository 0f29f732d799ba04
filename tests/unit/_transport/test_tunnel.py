"""A forwarded port: how it begins, ends, and fails. In place of ssh there are small programs."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._login.forwarding import SshSettings
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import tunnel
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.tunnel import Tunnel, check_free, holder_of
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.skips import unavailable

LISTENS = """\
import re, socket, sys, time
port = int(re.search(r"127\\.0\\.0\\.1:(\\d+):", " ".join(sys.argv))[1])
server = socket.create_server(("127.0.0.1", port))
time.sleep(60)
"""
HANGS_UP = LISTENS.replace("time.sleep(60)", "[server.accept()[0].close() for _n in range(9)]")
FAILS = "import sys; sys.exit('alice@web1: Permission denied \\x1b[31m(publickey).')"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings(folder: pathlib.Path, code: str) -> SshSettings:
    path = folder / "ssh"
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)
    return SshSettings(host="web1", ssh_executable=str(path), timeout=1)


def has_ended(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b" Z " in pathlib.Path(f"/proc/{pid}/stat").read_bytes()
    return True


def test_a_tunnel_is_there_until_it_is_closed(tmp_path: pathlib.Path) -> None:
    port = free_port()
    made = Tunnel(settings(tmp_path, LISTENS), port)
    made.check()
    with pytest.raises(CodexError, match=r"Port \d+ on the machine .* is used by"):
        check_free(port)
    made.close()
    check_free(port)
    Tunnel(settings(tmp_path, LISTENS), port).close()
    assert made  # whose lock was given back, and not collected as garbage


def test_what_ssh_says_is_told_without_what_controls_a_terminal(tmp_path: pathlib.Path) -> None:
    with pytest.raises(CodexError, match=r"ssh says: alice@web1: Permission denied \?\[31m\(publickey\)\.$"):
        Tunnel(settings(tmp_path, FAILS), free_port())


def test_a_tunnel_that_ends_later_is_told(tmp_path: pathlib.Path) -> None:
    made = Tunnel(settings(tmp_path, LISTENS), free_port())
    made._process.kill()
    made._process.wait()
    with pytest.raises(CodexError, match="ended, and the sign-in with it"):
        made.check()
    made.close()


def test_an_ssh_that_cannot_listen_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    port = free_port()
    code = f"import sys, time\nprint('cannot listen to port: {port}', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    with pytest.raises(CodexError, match=rf"Port {port} on the machine .* is used by"):
        Tunnel(settings(tmp_path, code), port)


def test_an_ssh_that_ends_since_it_cannot_listen_is_told_as_a_busy_port(tmp_path: pathlib.Path) -> None:
    port = free_port()
    with pytest.raises(CodexError, match=rf"Port {port} on the machine .* is used by"):
        Tunnel(settings(tmp_path, "import sys; sys.exit('Could not request local forwarding.')"), port)


def test_a_second_sign_in_finds_the_port_busy_before_the_first_ones_ssh_listens(tmp_path: pathlib.Path) -> None:
    port = free_port()

    def meanwhile() -> None:
        with pytest.raises(CodexError, match=rf"Port {port} .* is used by another sign-in, and"):
            Tunnel(settings(tmp_path / "second", LISTENS), port)
        raise KeyboardInterrupt

    (tmp_path / "second").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tunnel, "MEANWHILE_SECONDS", 0)
        with pytest.raises(KeyboardInterrupt):
            Tunnel(settings(tmp_path, "import time; time.sleep(60)"), port, meanwhile)
    Tunnel(settings(tmp_path, LISTENS), port).close()  # a tunnel that was given up has left the port


def test_a_port_on_which_another_program_listens_by_now_is_busy(tmp_path: pathlib.Path) -> None:
    """It may have taken the port while ssh connected, before ssh says anything of that."""
    port = free_port()
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tunnel, "MEANWHILE_SECONDS", 0)
        called: list[None] = []

        def meanwhile() -> None:
            if not called:
                called.append(None)
                stack.enter_context(socket.create_server(("127.0.0.1", port)))

        with pytest.raises(CodexError, match=rf"is used by .* \({os.getpid()}\)"):
            Tunnel(settings(tmp_path, "import time; time.sleep(60)"), port, meanwhile)


def test_the_program_that_listens_may_be_a_child_of_ssh(tmp_path: pathlib.Path) -> None:
    """As it is where ansible_ssh_executable is a script."""
    settings(tmp_path, LISTENS)
    (tmp_path / "wrapper").write_text(f'#!/bin/sh\n"{tmp_path}/ssh" "$@"\nexit 1\n')
    (tmp_path / "wrapper").chmod(0o755)
    port = free_port()
    made = Tunnel(SshSettings(host="web1", ssh_executable=str(tmp_path / "wrapper"), timeout=1), port)
    try:
        made.check()
        for process, _name in tunnel._holders_by_proc(port):
            os.kill(process, 9)
    finally:
        made.close()


def test_a_tunnel_that_never_forwards_is_ended(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "READY_SECONDS", 0)
    with pytest.raises(CodexError, match="does not forward the port"):
        Tunnel(settings(tmp_path, "import time; time.sleep(60)"), free_port())


def test_a_host_that_does_not_forward_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(CodexError, match="AllowTcpForwarding"):
        Tunnel(settings(tmp_path, HANGS_UP), free_port())


def test_a_port_that_is_used_on_ipv6_alone_is_busy() -> None:
    """A browser that is sent to localhost goes there first."""
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        unavailable("This machine has no IPv6.")
    with server, pytest.raises(CodexError, match=rf"is used by .* \({os.getpid()}\)"):
        check_free(server.getsockname()[1])


def test_an_ssh_that_is_not_there_is_told() -> None:
    with pytest.raises(CodexError, match="ansible_ssh_executable"):
        Tunnel(SshSettings(host="web1", ssh_executable="/does/not/exist"), free_port())
    with pytest.raises(CodexError, match="quotes"):
        Tunnel(SshSettings(host="web1", ssh_args="'"), free_port())


def test_the_holder_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert str(holder_of(port)).endswith(f" ({os.getpid()})")
    assert holder_of(port) is None


def test_a_tunnel_ends_with_its_process_however_that_ends(tmp_path: pathlib.Path) -> None:
    """Not even a kill leaves it behind."""
    given = settings(tmp_path, LISTENS)
    module = "ansible_collections.fleet.codex.plugins.plugin_utils"
    code = (
        f"from {module}._login.forwarding import SshSettings\nfrom {module}._transport.tunnel import Tunnel\n"
        f"made = Tunnel(SshSettings(host='x', ssh_executable={given.ssh_executable!r}), {free_port()})\n"
        "print(made._process.pid, flush=True)\ninput()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        pid = int(t.cast("t.IO[str]", process.stdout).readline())
        process.kill()
    end = time.monotonic() + 30
    while not has_ended(pid):
        assert time.monotonic() < end
        time.sleep(0.02)
