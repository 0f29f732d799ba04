# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A port of the controller that ssh forwards to a host for as long as somebody signs in, and who else has the port."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._login import forwarding
from ansible_collections.fleet.codex.plugins.plugin_utils._login.forwarding import SshSettings
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import CONTROL
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

SET_PARENT_DEATH_SIGNAL: t.Final = 1  # of prctl(2)
READY_SECONDS: t.Final = 20  # beyond the time-out of the connection, for a tunnel to be there
PROBE_SECONDS: t.Final = 1.5  # for a host to say that it does not forward
MEANWHILE_SECONDS: t.Final = 5  # between two calls of what the caller does until the tunnel is there
END_SECONDS: t.Final = 5  # for ssh to end when it is asked to
LSOF_SECONDS: t.Final = 10
SAID_LIMIT: t.Final = 64 * 1024  # bytes of what ssh prints that are looked at


class Tunnel:
    """127.0.0.1:PORT here, forwarded to 127.0.0.1:PORT on a host. Raises CodexError where that cannot be had.

    meanwhile: what is called every few seconds until it is there. It ends with `close`, and on Linux with this process,
    however that ends.
    """

    def __init__(self, settings: SshSettings, port: int, meanwhile: t.Callable[[], None] = lambda: None) -> None:
        self._port = port
        with contextlib.ExitStack() as stack:
            stack.enter_context(_only_one(port))
            self._start(settings, meanwhile)
            self._lock = stack.pop_all()

    def _start(self, settings: SshSettings, meanwhile: t.Callable[[], None]) -> None:
        port = self._port
        check_free(port)
        try:
            command = forwarding.forwarding_command(settings, port)
        except ValueError as error:
            raise CodexError(
                f"The ssh arguments of this host cannot be read ({error}). Correct their quotes."
            ) from None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                preexec_fn=_end_with_parent(),
            )
        except OSError as error:
            self._said.close()
            raise CodexError(
                f"{settings.ssh_executable} cannot be started ({error.strerror}). Correct ansible_ssh_executable."
            ) from None
        try:
            self._await_ready(settings.timeout + READY_SECONDS, meanwhile)
        except BaseException:
            self._end()
            raise

    def _await_ready(self, seconds: float, meanwhile: t.Callable[[], None]) -> None:
        begin = called = time.monotonic()
        while not _is_listening("127.0.0.1", self._port):
            self.check()
            now = time.monotonic()
            if now - called >= MEANWHILE_SECONDS:
                meanwhile()
                called = time.monotonic()
            if now > begin + seconds:
                raise CodexError(forwarding.tunnel_failure(self._port, "nothing, and does not forward the port"))
            time.sleep(0.1)
        self.check()
        if not _stays_open(self._port):
            self.check()
            raise CodexError(forwarding.REFUSED)
        self.check()
        if not _is_listener_of(self._process.pid, self._port):
            raise CodexError(forwarding.busy_port(self._port, holder_of(self._port)))

    def check(self) -> None:
        """Raises CodexError where the tunnel has ended, or never forwarded the port."""
        has_ended = self._process.poll() is not None
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - SAID_LIMIT))
        said = self._said.read(SAID_LIMIT).decode("utf-8", "replace").replace("\r", "")
        if f"cannot listen to port: {self._port}\n" in said or (has_ended and "request local forwarding" in said):
            raise CodexError(forwarding.busy_port(self._port, holder_of(self._port)))
        if has_ended:
            lines = "\n".join(CONTROL.sub("?", line) for line in said.split("\n"))
            raise CodexError(forwarding.tunnel_failure(self._port, lines))

    def close(self) -> None:
        """Ends the tunnel."""
        self._end()
        self._lock.close()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._said.close()


def _end_with_parent() -> t.Callable[[], None] | None:
    """What has a child ended with this process, where the system can; None elsewhere."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    parent = os.getpid()

    def prepare() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _only_one(port: int) -> socket.socket:
    """What keeps every other sign-in on this machine from the port for as long as it is open. Raises CodexError.

    Two that begin at once would both find the port free. The lock is the port of the same number for UDP, which nobody
    needs: all users and network namespaces have it as they have the port itself, and it ends with its process.
    """
    lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        lock.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        raise CodexError(forwarding.busy_port(port, holder_of(port) or "another sign-in")) from None
    return lock


def check_free(port: int) -> None:
    """Raises CodexError, which names the holder, for a port of this machine's loopback that is used.

    Also on IPv6, where a browser looks for `localhost` first.
    """
    if _is_listening("::1", port):
        raise CodexError(forwarding.busy_port(port, holder_of(port)))
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CodexError(forwarding.busy_port(port, holder_of(port))) from None


def _is_listening(address: str, port: int) -> bool:
    """Whether somebody takes calls to a port of this machine's loopback."""
    try:
        with socket.create_connection((address, port), 1):
            return True
    except OSError:
        return False


def _stays_open(port: int) -> bool:
    """Whether the other end of the tunnel takes calls: where it does not, ssh takes them here and hangs up.

    Nothing is sent, since `codex login` 0.20 ends after a request that it does not expect.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as probe:
            probe.settimeout(PROBE_SECONDS)
            return probe.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def holder_of(port: int) -> str | None:
    """The program that listens on a port of this machine, as "name (pid)"; None where that cannot be seen."""
    if not os.path.isdir("/proc/self/fd"):
        found = _holder_by_lsof(port)
    else:
        found = next((f"{name} ({process})" for process, name in _holders_by_proc(port)), None)
    return CONTROL.sub("?", found) if found else None


def _is_listener_of(pid: int, port: int) -> bool:
    """Whether a process, or one that it started, listens on a port of this machine; True where that cannot be seen."""
    if not os.access(f"/proc/{pid}/fd", os.R_OK):
        return True
    for process, _name in _holders_by_proc(port):
        while process not in (0, pid):
            process = _parent_of(process)
        if process == pid:
            return True
    return False


def _parent_of(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _holders_by_proc(port: int) -> t.Iterator[tuple[int, str]]:
    """The processes that listen on a port, as far as this user may see them, and their names."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) in sockets:
                        yield int(process.name), (process / "comm").read_text(errors="replace").strip()
                        break
        except OSError:
            continue  # another user's, or it has ended


def _listening_inodes(port: int) -> t.Iterator[str]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                    yield fields[9]


def _holder_by_lsof(port: int) -> str | None:
    if shutil.which("lsof") is None:
        return None
    command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LSOF_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    fields = {line[0]: line[1:] for line in reversed(done.stdout.splitlines()) if line}
    return f"{fields['c']} ({fields['p']})" if {"c", "p"} <= fields.keys() else None
