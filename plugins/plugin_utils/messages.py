# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences for what target programs report by a code: errors of a home, files that cannot be used, failed probes.

Whatever else is refused has its sentence where it is decided.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, TargetErrorFacts

TARGET_ERRORS: t.Final[dict[str, str]] = {
    "unknown_user": "There is no user {user} on this host. Create the user first, or correct the name.",
    "needs_root": "Working for the user {user} needs root, and the task runs as {running}. Set become to true.",
    "every_user_needs_root": "Finding every user needs root, and the task runs as {running}. Set become to true.",
    "needs_administrator": (
        "Working for the user {user} needs an administrator, and the task runs as {running}. Connect as one, or run "
        "the task as {user} with become and become_method runas."
    ),
    "every_user_needs_administrator": (
        "Finding every user needs an administrator, and the task runs as {running}. Connect as one."
    ),
    "missing_utility": (
        "This host has neither Python 3.6 nor {utility}, one of which fleet.codex needs. Install python3 or {utility}."
    ),
    "nul": (
        "{path} has a NUL character, which cannot be sent to a host without Python. Take the character out, or install "
        "python3 there."
    ),
    "no_home_directory": "The home directory of {user}, {path}, does not exist. Create it, or set codex_home.",
    "no_profile": (
        "The user {user} has no profile on this host yet, so there is no place for the Codex home. Log on once as "
        "{user}, or create the profile with community.windows.win_user_profile."
    ),
    "relative": (
        "{path} is not an absolute path on this host, so it cannot be a Codex home. Correct codex_home, or CODEX_HOME "
        "or HOME in the task's environment."
    ),
    "system_folder": (
        "{path} is a disk, a profile or a folder of Windows, or one above such a folder, so it cannot be a Codex home: "
        "it would become private. Correct codex_home."
    ),
    "network_path": (
        "{path} is on another host. Locks and access rights of a Codex home can be relied on only on a local disk: "
        "choose another codex_home."
    ),
    "dangling": "{path} is a symbolic link to nothing. Create the folder it points to, or remove the link.",
    "not_a_directory": "{path} is not a folder, so it cannot hold a Codex home. Correct codex_home, or move it away.",
    "foreign": (
        "{path} belongs to {owner} and not to {user}, so it is not a safe place for the Codex home of {user}. "
        "Name the right user with the option user, choose another codex_home, or change the owner."
    ),
    "not_writable": (
        "The user {user} cannot create {path}, and root creates it only below folders that root alone can write. "
        "Create the folder first, owned by {user}."
    ),
    "host_needs_root": "Writing {path} needs root, and the task runs as {running}. Set become to true.",
    "unsafe_parent": (
        "{path} can be changed by users other than root, so it is not a safe place for a file that every user's Codex "
        "reads. Make root its owner, and take write permission from group and others."
    ),
    "writable_by_others": (
        "{path} can be changed by users other than root and {user}, so it is not a safe way to what {user} keeps "
        "below it. Take write permission on it from group and others (chmod go-w)."
    ),
    "changeable": (
        "{path} can be changed by {who}, so it is not a safe way to what {user} keeps below it. Take the right to "
        "change it away from them (icacls)."
    ),
    "changeable_host": (
        "{path} can be changed by {who}, so it is not a safe place for a file that every user's Codex reads. Leave the "
        "right to change it to SYSTEM and Administrators (icacls)."
    ),
    "link_of_user": (
        "{path} is a link, which {user} could lead elsewhere while an administrator writes there. Put a folder in its "
        "place, or run the task as {user} with become and become_method runas."
    ),
    "host_needs_administrator": (
        "Writing {path} needs an administrator, and the task runs as {running}. Connect as one."
    ),
    "codex_needs_user": (
        "An administrator must not run the codex of another user, which {user} can replace. Set codex_version to the "
        "version and leave out verify, or run the task as {user} with become and become_method runas."
    ),
    "no_codex": (
        "The user {user} has no codex on this host that says its version, so nobody can sign in with it. Install it, "
        "where the user's PATH leads."
    ),
    "no_supervisor": (
        "The sign-in of {user} did not start within {seconds} seconds. Look at the load of this host, and run the play "
        "again."
    ),
    "no_sign_in": (
        "The sign-in in {path} is over: its time ran out, or another one took its place. Nothing was installed. Run "
        "the play again."
    ),
    "too_slow": (
        "The work for the user {user} did not end within {seconds} seconds and was stopped. A program of the user, or "
        "a file system, may hold it up: look at both, and run the play again."
    ),
    "child_died": (
        "The work for the user {user} ended without an answer. A program of the user may have stopped it. Run the play "
        "again; the host's log may say more."
    ),
}
"""By the reason of a TargetError. ``system`` is not among them: its sentence comes from SYSTEM_ERRORS."""

NEED_RIGHTS_FOR_ALL: t.Final = ("every_user_needs_root", "every_user_needs_administrator")
"""The reasons of a TargetError because of which there is no answer about any user."""

SYSTEM_ERRORS: t.Final[dict[str, tuple[str, str]]] = {
    "ENOSPC": ("The disk is full", "Make room, and run the play again."),
    "EDQUOT": ("The quota is used up", "Make room, and run the play again."),
    "EROFS": ("The file system is read-only", "Mount it for writing, or choose another codex_home."),
    "EBUSY": ("Another program holds the file open", "Close it, and run the play again."),
    "ENAMETOOLONG": ("The path is too long for this host", "Choose a shorter codex_home."),
    "EAGAIN": ("Codex, or another program, held a lock for too long", "Run the play again when it has ended."),
    "EISDIR": ("There is a folder where a file belongs", "Remove it, and run the play again."),
    "ELOOP": ("There is a symbolic link where none may be", "Remove it, and run the play again."),
    "EACCES": ("Permission was denied", "Correct the owner and the permissions on the way there."),
    "EPERM": ("Permission was denied", "Correct the owner and the permissions on the way there."),
}
"""By the name of a system error: what is wrong, and what to do."""

UNUSABLE_FILES: t.Final[dict[str, str]] = {
    "directory": (
        "{path} is a directory where a file belongs. Docker makes one when it mounts a file that is missing. Remove it."
    ),
    "dangling": "{path} is a symbolic link to nothing. Remove the link, or create the file that it points to.",
    "unreadable": "{path} cannot be read by its user ({cause}). Correct its owner or its mode.",
    "oversized": "{path} is larger than 4 MiB, so Codex did not write it. Find out what it is, and move it away.",
}
"""By the kind of a file that is there and is not a readable regular file."""

PROBE_ERRORS: t.Final[dict[str, str]] = {
    "unknown_host": "{host} has no address on this host. Correct base_url, or set proxy where only a proxy knows it.",
    "connect": "{host} cannot be reached from this host ({cause}). Correct base_url, or set proxy.",
    "proxy_url": (
        "The proxy to {host} must be http://HOST:PORT. Correct proxy, or HTTPS_PROXY in the environment of the task."
    ),
    "proxy_unknown": "The proxy to {host} has no address here. Correct proxy, or HTTPS_PROXY in the environment.",
    "proxy": "The proxy to {host} gives no usable answer ({cause}). Correct proxy, or HTTPS_PROXY in the environment.",
    "proxy_refused": (
        "The proxy refuses to connect to {host} ({cause}). Give it a user and a password, or allow the host there."
    ),
    "certificate": (
        "The certificate of {host} is not trusted on this host ({cause}). Name the file of its authority with ca_file."
    ),
    "tls": "TLS with {host} failed ({cause}). Correct base_url, or check the proxies and firewalls on the way.",
    "ca_file": "ca_file cannot be used on the host that asks {host} ({cause}). Put the authority's certificate there.",
    "no_ssl": "The Python on this host has no TLS to reach {host}. Name another one with ansible_python_interpreter.",
    "no_http": (
        "{host} closed the connection, or does not speak HTTP ({cause}). Correct base_url, or check the proxies and "
        "firewalls on the way."
    ),
    "timeout": "{host} did not answer in time. Raise timeout, or set proxy if only a proxy leads there.",
    "failed": "Asking {host} failed on this host ({cause}). Report this with the version of Python there.",
}
"""By the reason of a ProbeError."""


def target_error(facts: TargetErrorFacts) -> str:
    """Why a home cannot be worked on, and what to do."""
    if facts["reason"] == "system":
        unknown = (facts.get("cause", "It failed"), "Correct that, and run the play again.")
        cause, advice = SYSTEM_ERRORS.get(facts.get("code", ""), unknown)
        return f"{cause} at {facts.get('path') or 'the home'}: nothing was changed there. {advice}"
    return TARGET_ERRORS[facts["reason"]].format(**facts)


def unusable_file(file: FileFacts) -> str:
    """Why a file that is there, but is not a readable regular file, cannot be used, and what to do."""
    text = UNUSABLE_FILES.get(file["kind"], "{path} is a {kind} where a file belongs. Remove it.")
    return text.format(**{"cause": "permission denied", **file})


def unusable_folder(folder: FileFacts) -> str:
    """Why the folder of the host's files cannot be used, and what to do."""
    if folder["kind"] == "dangling":
        return TARGET_ERRORS["dangling"].format(**folder)
    return f"{folder['path']} is not a folder, so it cannot hold the host's configuration files. Move it away."
