# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A program in a terminal of the tests: keys for it, and what is on its screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import termios
import time
import typing as t

import pyte

LINES, COLUMNS = 50, 120
PATIENCE = 60  # seconds for a text to come
BETWEEN_KEYS = 0.05  # seconds

# What programs ask of newer terminals, such as the keyboard's protocol, and pyte takes for something else.
_UNKNOWN = re.compile(rb"\x1b\[(?:[<=>][0-9;:]*[a-zA-Z]|\?[0-9;]*u)")
_UNFINISHED = re.compile(rb"\x1b(?:\[[<=>?]?[0-9;:]*)?$")


class _Screen(pyte.Screen):
    """Answers what a program asks its terminal, such as where the cursor is."""

    def __init__(self, answer: t.Callable[[str], None]) -> None:
        super().__init__(COLUMNS, LINES)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


class InTerminal:
    """A running program whose terminal is open here. The end of the block kills the program and its process group.

    command: runs in the folder ``cwd``, or in the one of the tests. The environment is the one of the tests.
    """

    def __init__(self, command: t.Sequence[str], *, lines: int, columns: int, cwd: pathlib.Path | None = None) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),  # so that it is /dev/tty, too
        )
        os.close(theirs)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._ours)

    def send(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._ours, keys.encode())


class Terminal(InTerminal):
    """A running program and its screen."""

    def __init__(self, command: t.Sequence[str], cwd: pathlib.Path) -> None:
        self._screen = _Screen(self.send)
        self._stream = pyte.ByteStream(self._screen)
        self._rest = b""
        super().__init__(command, lines=LINES, columns=COLUMNS, cwd=cwd)

    @property
    def text(self) -> str:
        """The lines of the screen, without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self._screen.display).strip("\n")

    def wait_for(self, *texts: str) -> str:
        """The screen, as soon as one of these texts is on it. Fails with the screen where none comes."""
        end = time.monotonic() + PATIENCE
        while not any(text in self.text for text in texts):
            assert time.monotonic() < end, f"{' or '.join(texts)} is not on the screen:\n{self.text}"
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"ended before {' or '.join(texts)} was on the screen:\n{self.text}")
        return self.text

    def enter(self, prompt: str, text: str) -> None:
        """Types a text behind a prompt and presses Enter, as a person does.

        Each key comes when the one before is on the screen, and after a while: faster ones count as a pasted text, in
        which Enter is a new line.
        """
        for number, key in enumerate(text, 1):
            self.send(key)
            self.wait_for(prompt + text[:number])
            time.sleep(BETWEEN_KEYS)
        self.send("\r")

    def _read(self, seconds: float) -> bool:
        """Puts what the program prints next on the screen; False where the program has ended."""
        if not select.select([self._ours], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # how Linux says that nobody has the terminal open any more
            return False
        data = self._rest + data
        unfinished = _UNFINISHED.search(data)
        cut = unfinished.start() if unfinished else len(data)
        self._rest = data[cut:]
        self._stream.feed(_UNKNOWN.sub(b"", data[:cut]))
        return True
