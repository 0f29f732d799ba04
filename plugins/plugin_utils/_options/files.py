# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that all files have: mode and backup."""

from __future__ import annotations

import re

from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import Backup
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def check_backup(arguments: Arguments, where: str = "") -> Backup:
    """The options ``backup`` and ``backup_keep``. Raises CodexError."""
    keep = arguments["backup_keep"]
    if keep is not None and keep < 1:
        raise CodexError(f"{where}backup_keep must be 1 or more. To keep no copy at all, set backup to false.")
    if keep is not None and not arguments["backup"]:
        raise CodexError(f"{where}backup_keep limits the copies, and none are made. Set backup to true.")
    return Backup(arguments["backup"], keep)


def check_mode(option: object, where: str = "") -> int | None:
    """The mode (permission bits) of a file that may hold secrets; None without the option. Raises CodexError."""
    mode = _permission_bits(option)
    if option is not None and (mode is None or mode & 0o077 or not mode & 0o400):
        raise CodexError(
            f'{where}mode must be an octal mode in quotes that gives access to the owner alone, such as "0600".'
        )
    return mode


def check_host_mode(option: object, where: str = "") -> int | None:
    """The mode of a file of the whole host, which every user must be able to read and root alone may write.

    None without the option. Raises CodexError.
    """
    mode = _permission_bits(option)
    if option is not None and (mode is None or mode & 0o444 != 0o444 or mode & ~0o644):
        raise CodexError(f'{where}mode must be "0644" or "0444" here: every user\'s Codex has to read the file.')
    return mode


def _permission_bits(option: object) -> int | None:
    """A mode in octal digits, as text or as YAML's octal number; None for anything else."""
    if isinstance(option, str) and re.fullmatch(r"0?[0-7]{3}", option):
        return int(option, 8)
    if isinstance(option, int) and not isinstance(option, bool) and 0 <= option <= 0o777:
        return option
    return None
