# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked of a file as describe reported it."""

from __future__ import annotations

import base64
import hashlib

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts

EMPTY_FILE = hashlib.sha256(b"").hexdigest()


def exists(file: FileFacts) -> bool:
    """Whether there is a readable regular file. Raises CodexError where something else is in its place."""
    if file["kind"] in ("file", "absent"):
        return file["kind"] == "file"
    raise CodexError(messages.unusable_file(file))


def is_removable(file: FileFacts) -> bool:
    """Whether there is a file, or a link to nothing. Raises CodexError where something else is in its place."""
    return file["kind"] == "dangling" or exists(file)


def is_empty(file: FileFacts) -> bool:
    """Whether a file has no byte: made for Docker to mount, or left by ``state: absent`` of a mounted one."""
    return file.get("sha256") == EMPTY_FILE


def is_emptied_mount(file: FileFacts) -> bool:
    """Whether a file is what ``state: absent`` leaves of one that is a mount point of its own."""
    return bool(file.get("mount_point")) and is_empty(file)


def content_of(file: FileFacts) -> bytes:
    """The bytes of a file whose content describe was asked for; none where it is absent or could not be read."""
    return base64.b64decode(file.get("content", ""))


def name_of(file: FileFacts) -> str:
    """The last part of a file's path."""
    return paths.name(file["path"])
