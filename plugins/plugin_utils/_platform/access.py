# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may read and change a file: as permission bits on POSIX, as an access control list on Windows."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AccessFacts, FileFacts, FolderFacts

FILE_MODE = 0o600
FOLDER_MODE = 0o700
HOST_FILE_MODE = 0o644
HOST_FOLDER_MODE = 0o755


class Access(t.TypedDict, total=False):
    """The keys of an operation that say who may read and change a file: `mode` on POSIX, `access` on Windows."""

    mode: int
    access: t.Literal["private", "readable_by_all"]


PRIVATE: t.Final[Access] = {"access": "private"}
READABLE_BY_ALL: t.Final[Access] = {"access": "readable_by_all"}


def private_file(file: FileFacts, mode: int | None, is_windows: bool) -> Access:
    """The access that the user's own file is to have. mode: as desired, None for no wider than the default."""
    if is_windows:
        return PRIVATE
    return {"mode": mode if mode is not None else file.get("mode", FILE_MODE) & FILE_MODE}


def host_file(file: FileFacts, mode: int | None, is_windows: bool) -> Access:
    """The access that a file of the whole host is to have. mode: as desired, None for as its readers need it."""
    if is_windows:
        return READABLE_BY_ALL
    return {"mode": mode if mode is not None else file.get("mode", HOST_FILE_MODE) & HOST_FILE_MODE | 0o444}


def codex_home(folder: FolderFacts, is_windows: bool) -> Access:
    """The access that a Codex home is to have."""
    return PRIVATE if is_windows else {"mode": folder.get("mode", FOLDER_MODE) & FOLDER_MODE}


def host_folder(folder: FileFacts, is_windows: bool) -> Access:
    """The access that the folder of the whole host's files is to have."""
    return READABLE_BY_ALL if is_windows else {"mode": folder.get("mode", 0) | HOST_FOLDER_MODE}


def has_access(file: FileFacts | FolderFacts, wanted: Access) -> bool:
    """Whether a file, or a folder, that is there has the wanted access."""
    if "mode" in wanted:
        return file["mode"] == wanted["mode"]
    found = file["access"]
    if found["writers"] or found["read_only"]:
        return False
    return found["everyone"] if wanted == READABLE_BY_ALL else found["user"] and not found["readers"]


def is_closed(file: FileFacts, is_folder: bool = False) -> bool:
    """Whether a file, or a folder, of the whole host is there and not readable for every user."""
    if "access" in file:
        return not file["access"]["everyone"]
    bits = 0o005 if is_folder else 0o004
    return file.get("mode", bits) & bits != bits


def wanted_words(wanted: Access, user: str) -> str:
    """The wanted access as `--diff` shows it. user: whose file it is."""
    if "mode" in wanted:
        return f"mode {wanted['mode']:04o}"
    return "access: readable by all" if wanted == READABLE_BY_ALL else f"access: {user}, SYSTEM and Administrators"


def found_words(file: FileFacts | FolderFacts) -> str:
    """The access that a file, or a folder, has, as `--diff` shows it."""
    return f"access: {_others(file['access'])}" if "access" in file else f"mode {file['mode']:04o}"


def _others(found: AccessFacts) -> str:
    """What is wrong with an access on Windows."""
    words = [f"{who} may change it" for who in found["writers"]]
    words += [f"{who} may read it" for who in found["readers"] if who not in found["writers"]]
    words += [] if found["user"] else ["the user may not"]
    words += ["read-only"] if found["read_only"] else []
    return ", ".join(words) or "as it was"


def exposure_warnings(file: FileFacts | FolderFacts) -> list[str]:
    """A warning about a private file, or folder, on Windows that others have access to; on POSIX, modes say it."""
    who = sorted({*file["access"]["readers"], *file["access"]["writers"]}) if "access" in file else []
    if not who:
        return []
    return [
        f"{file['path']} is open to {', '.join(who)}, and is made private. Replace what is secret in it if they may "
        "have read it."
    ]
