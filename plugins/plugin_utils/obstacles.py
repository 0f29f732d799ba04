# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences for what a target half reports as standing in the way."""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, ObstacleFacts

SENTENCES = {
    "unknown_account": "There is no account {user} on this host. Create it first, or correct user.",
    "needs_root": "Working for the account {user} needs root, and the task runs as {running}. Set become to true.",
    "every_account_needs_root": "Finding every account needs root, and the task runs as {running}. Set become to true.",
    "no_home": "The home folder of {user}, {path}, does not exist. Create it, or give codex_home.",
    "relative": "{path} is no absolute path, so it is no Codex home. Correct CODEX_HOME or HOME in the environment.",
    "dangling": "{path} is a symbolic link to nothing. Create the folder it points to, or remove the link.",
    "not_a_directory": "{path} is not a folder, so no Codex home can be there. Correct codex_home, or move it away.",
    "foreign": (
        "{path} belongs to {owner} and not to {user}, so it is no safe place for the Codex home of {user}. "
        "Name the right account with user, choose another codex_home, or change the owner."
    ),
    "not_writable": (
        "The account {user} cannot create {path}, and root creates it only below folders that root alone can write. "
        "Create the folder first, owned by {user}."
    ),
    "host_needs_root": "Writing {path} needs root, and the task runs as {running}. Set become to true.",
    "not_roots": (
        "{path} can be changed by other accounts than root, so it is no safe place for what every account's Codex "
        "reads. Give it to root, and take the right to write from group and others."
    ),
    "child_died": "The work for the account {user} ended without an answer. Run again; the host's log may say why.",
}

CAUSES = {
    "ENOSPC": "The disk is full",
    "EDQUOT": "The quota is used up",
    "EROFS": "The file system is read-only",
    "EAGAIN": "Codex, or another program, kept a lock for too long",
    "EACCES": "Permission was denied",
    "EPERM": "Permission was denied",
}

KINDS = {
    "directory": (
        "{path} is a directory where a file belongs. Docker makes one when it mounts a file that is missing. Remove it."
    ),
    "dangling": "{path} is a symbolic link to nothing. Remove the link, or create the file that it points to.",
    "unreadable": "{path} cannot be read by the account ({cause}). Correct its owner or its mode.",
    "oversized": "{path} is larger than 4 MiB, so it is not what Codex would write. Look at it.",
}


def sentence(facts: ObstacleFacts) -> str:
    """What stands in the way of working on a home, and what to do."""
    if facts["reason"] == "system":
        cause = CAUSES.get(facts.get("code", ""), facts.get("cause", "It failed"))
        return f"{cause} at {facts.get('path') or 'the account'}: nothing was changed there."
    return SENTENCES[facts["reason"]].format(**facts)


def folder_sentence(folder: FileFacts) -> str:
    """Why the folder of the host's files is none."""
    if folder["kind"] == "dangling":
        return SENTENCES["dangling"].format(**folder)
    return f"{folder['path']} is not a folder, so no file of the host can be there. Move it away."


def file_sentence(file: FileFacts) -> str:
    """Why a file that is there, but is no readable regular file, cannot be worked on."""
    text = KINDS.get(file["kind"], "{path} is a {kind} where a file belongs. Remove it.")
    return text.format(**{"cause": "permission denied", **file})
