# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OPENAI_API_KEY and CODEX_HOME for shells, systemd and containers: one file of values, and who reads it.

The values are in one place, ``codex.env`` in the Codex home (0600). systemd's ``EnvironmentFile=`` and
``docker --env-file`` take that file as it is; environment.d links to it; shells source it, by one
marked line in the user's own files.
"""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, FileQuery, UserInfo

VALUES_FILE = "codex.env"
MARKER = "# fleet.codex"
LINK = ".config/environment.d/60-fleet-codex.conf"
FISH_FOLDER = ".config/fish"
FISH_FILE = ".config/fish/conf.d/fleet-codex.fish"
SHELL_FILES = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv")

OTHER_SHELLS = ("csh", "tcsh", "elvish", "nu", "pwsh", "xonsh")
"""Login shells that can read neither a line of sh nor fish's file."""

VALUES_QUERY: FileQuery = {"name": VALUES_FILE, "base": "codex_home", "path": VALUES_FILE, "details": "variables"}
QUERIES: list[FileQuery] = [
    {"name": LINK, "base": "home_directory", "path": LINK},
    {"name": FISH_FOLDER, "base": "home_directory", "path": FISH_FOLDER},
    {"name": FISH_FILE, "base": "home_directory", "path": FISH_FILE},
]
QUERIES += [FileQuery(name=name, base="home_directory", path=name, details={"lines": MARKER}) for name in SHELL_FILES]
"""What describe looks at, beside the file of values, where a user's environment is declared."""


def values_file(variables: t.Mapping[str, str]) -> bytes:
    """The file of values: NAME=value lines that mean the same to all of its readers."""
    return "".join(f"{name}={value}\n" for name, value in sorted(variables.items())).encode()


def _reference(path: str, user: UserInfo) -> str:
    """The file's path in a shell line, by $HOME where it is below the home."""
    home = user["home_directory"].rstrip("/")
    if path.startswith(home + "/"):
        return '"$HOME"' + shlex.quote(path[len(home) :])
    return shlex.quote(path)


def shell_line(path: str, user: UserInfo) -> str:
    """The one line that sh, bash and zsh get. It does nothing while the file is not there."""
    file = _reference(path, user)
    return f"if [ -r {file} ]; then set -a; . {file}; set +a; fi {MARKER}"


def fish_file(path: str, user: UserInfo) -> bytes:
    """fish cannot source NAME=value lines; this file of its own reads them."""
    file = _reference(path, user)
    return (
        f"{MARKER} puts the variables of this file into the environment\n"
        f"if test -r {file}\n"
        f"    while read -l line\n"
        f"        set -gx (string split -m 1 = -- $line)\n"
        f"    end <{file}\n"
        f"end\n"
    ).encode()


def wanted_shell_files(user: UserInfo, files: t.Mapping[str, FileFacts]) -> set[str]:
    """Which of the user's shell files get the line.

    Every login shell but zsh and fish reads .profile, bash only while .bash_profile and .bash_login
    are missing. bash also reads .bashrc in `ssh host command`, zsh reads .zshenv always.
    """
    shell = user["shell"].rpartition("/")[2]
    wanted = {name for name in SHELL_FILES if files[name]["kind"] != "absent"}
    if shell in ("nologin", "false"):
        return wanted
    wanted.add(".profile")
    if shell == "bash":
        wanted.add(".bashrc")
    if shell == "zsh":
        wanted.add(".zshenv")
    return wanted


def reads_no_file(user: UserInfo) -> bool:
    """Whether the user's login shell reads none of the files that get the variables."""
    return user["shell"].rpartition("/")[2] in OTHER_SHELLS


def wants_fish(user: UserInfo, files: t.Mapping[str, FileFacts]) -> bool:
    """Whether the user uses fish: as the login shell, or there is a folder for it."""
    return user["shell"].endswith("/fish") or files[FISH_FOLDER]["kind"] == "directory"
