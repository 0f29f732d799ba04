# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that are sent to POSIX targets with Python, and the shell command that starts one."""

from __future__ import annotations

import functools
import pathlib
import re
import shlex
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest

PACKAGE: t.Final = "ansible_collections.fleet.codex.plugins.module_utils"
FOLDER: t.Final = pathlib.Path(__file__).parent.parent.parent / "module_utils"

Name = t.Literal["describe", "apply", "ask_api", "login"]

PYTHONS: t.Final = (
    "/usr/bin/python3",
    "/usr/libexec/platform-python",
    "python3",
    "/usr/local/bin/python3",
    "/opt/homebrew/bin/python3",
    *(f"python3.{minor}" for minor in range(14, 5, -1)),
)
"""Where a Python is looked for, the fastest to start first: the first one on PATH may be a slow shim."""

NO_PYTHON: t.Final = 65  # exit status of the command
BEGUN: t.Final = "fleet.codex has begun"

START: t.Final = f"""import os, sys
def fail(*error):
    sys.__excepthook__(*error)
    sys.stderr.flush()
    os._exit(0)
sys.excepthook = fail
sys.stdout.write("\\n{BEGUN}\\n")
sys.stdout.flush()
def add(name, source):
    module = sys.modules[name] = type(sys)(name)
    exec(compile(source, name, "exec"), module.__dict__)
    return module
"""
"""What every program begins with.

`fail`: a program that fails ends with 0 as well, since any other status means that the next Python is to be tried.
`BEGUN` tells a program that was killed from one that was never started. `add` makes a module from its source; an
import finds it in sys.modules, without the packages above it.
"""


@functools.cache
def program_code(name: Name, with_codex: bool) -> bytes:
    """A program as `boot` reads it: each of its modules is added after those that it imports, then `main` is called."""
    modules = program_modules(name, with_codex)
    added = [f"add({module!r}, {source!r})" for module, source in modules.items()]
    return (START + "\n".join(added) + ".main()\n").encode()


def program_modules(name: Name, with_codex: bool = False) -> dict[str, str]:
    """The sources of a program's modules by their full names, each after those that it imports.

    with_codex: whether it has to run the user's `codex`. The modules for that are sent only when they are needed, since
    the target compiles all that it gets: a third of what an execution costs there.
    """
    modules: dict[str, str] = {}

    def add(module: str) -> None:
        source = (FOLDER / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        for needed in imports(source, r"\n *" if with_codex else r"\n"):
            if f"{PACKAGE}.{needed}" not in modules:
                add(needed)
        modules[f"{PACKAGE}.{module}"] = without_comments(source)

    add(name)
    return modules


def needs_codex(homes: t.Iterable[HomeRequest]) -> bool:
    """Whether a request has the user's `codex` run on the target."""
    return any(home.get(key) for home in homes for key in ("detect_version", "login_status", "start_check"))


def imports(source: str, before: str = r"\n") -> list[str]:
    """The modules for targets that a module imports. before: pattern of what may stand before an import."""
    return re.findall(rf"{before}from {re.escape(PACKAGE)}\.([\w.]+) import ", source)


def without_comments(source: str) -> str:
    """Python source without docstrings and without lines that are comments; each line keeps its number."""

    def blank(found: re.Match[str]) -> str:
        return f'{found[1]}""' + "\n" * found[0].count("\n")

    source = re.sub(r'^( *)"""(?:.|\n)*?"""$', blank, source, flags=re.M)
    return re.sub(r"^ *#.*$", "", source, flags=re.M)


def boot(size: int) -> str:
    """Python code, from 2.7 on, that runs as many bytes of the standard input. A Python before 3.6 reads none of it."""
    return f"import sys; sys.version_info < (3, 6) and sys.exit(1); exec(sys.stdin.buffer.read({size}))"


def command(
    interpreters: t.Sequence[str], size: int, input_file: str | None = None, otherwise: str = f"exit {NO_PYTHON}"
) -> str:
    """The shell command that starts the first usable Python with what comes over standard input.

    size: bytes of the program, which the input begins with. A Python that is missing, broken or too old ends with
    another status than 0 and has read nothing, so that the next one finds the whole input. otherwise: the command for
    a host without any.

    The command means the same to sh, zsh, csh and fish, and survives a login shell that reads it once more, as with
    `sudo -i`, where variables are expanded and line ends are lost: it is one line without any of $ ` ! \\ and without
    an assignment.
    """
    source = f" < {shlex.quote(input_file)}" if input_file else ""

    def start(python: str) -> str:
        return f'env LC_ALL=C.UTF-8 {shlex.quote(python)} -I -S -c "{boot(size)}"{source}'

    first, *others = interpreters
    if not others:
        return f"{start(first)} || {otherwise}"
    # One shell finds out which of the others are there, since each `env` that finds none costs a millisecond.
    tries = [f"command -v {shlex.quote(python)} >/dev/null && {start(python)} && exit" for python in others]
    return f"{start(first)} || /bin/sh -c {shlex.quote('; '.join([*tries, otherwise]))}"


def prepare() -> None:
    """Makes the programs that most runs need, once for all hosts when a process calls it before it forks."""
    program_code("describe", False)
    program_code("apply", False)
