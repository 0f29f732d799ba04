# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""npm: the command that installs Codex, and what is said where it fails."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import WantedProgram

WORDS_LIMIT: t.Final = 400  # characters of what npm said
LINES: t.Final = 2  # of it

_ABOUT_NPM: t.Final = re.compile("(code|errno|syscall|path|at|A complete log) ")
"""How lines begin that do not say in words what is wrong."""


def npm_command(wanted: WantedProgram) -> list[str]:
    """The arguments that install the program for all users of the host, the first one npm itself."""
    command = ["npm", "install", "--global", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if wanted.registry:
        command.append(f"--registry={wanted.registry}")
    return [*command, wanted.source or wanted.package]


def npm_failure(result: t.Mapping[str, t.Any], wanted: WantedProgram) -> str | None:
    """Why npm did not install the program, from what ansible.builtin.command returned; None where it did."""
    if result.get("rc") == 0 and not result.get("failed"):
        return None
    host, install = wanted.place.host, wanted.names.install
    if "cmd" not in result:
        return f"{install}: npm needs Python on {host}, and Ansible could not use one there."
    if result.get("msg") != "non-zero return code":
        return (
            f"npm could not be started on {host}. Install Node.js with npm there so that it is in PATH, or install "
            f"Codex by other means and set {install} to present."
        )
    said = npm_words(str(result.get("stderr") or result.get("stdout") or ""))
    return (
        f"npm could not install Codex {wanted.version} on {host}. It ended with {result.get('rc')} and said: "
        f"{said or 'nothing'}"
    )


def npm_words(said: str) -> str:
    """What npm's output says of the reason, as one line of at most `WORDS_LIMIT` characters.

    Without what only a terminal understands, and without the passwords and queries of addresses.
    """
    lines = [re.sub("[^ -~]+", " ", re.sub("^npm (error|ERR!) *", "", line)).strip() for line in said.splitlines()]
    words = " ".join([line for line in lines if line and not _ABOUT_NPM.match(line)][:LINES])
    words = re.sub("[?][^ ]*", "?…", re.sub("//[^/ ]*@", "//…@", words))
    return words if len(words) <= WORDS_LIMIT else f"{words[: WORDS_LIMIT - 1]}…"
