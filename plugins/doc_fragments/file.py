# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that all written files have."""

from __future__ import annotations


class ModuleDocFragment:
    """fleet.codex.file"""

    DOCUMENTATION = r"""
options:
  mode:
    description:
      - The permissions of the file, in octal and in quotes.
      - The file can hold secrets, so only permissions for its owner are accepted, such as V("0600") or V("0400").
      - Without this option, a new file gets V(0600), and an existing file loses all permissions beyond V(0600).
      - On Windows, this option has no effect. The user, SYSTEM and Administrators have full control of the file there,
        and nobody else has access.
    type: raw
  backup:
    description:
      - Keep a copy of a file that is replaced or removed, beside it and with mode V(0600), on Windows without access
        for other users.
      - The name of the copy ends in the time and a V(~), on Windows in the time and V(.bak). All copies stay unless
        O(backup_keep) limits their number.
    type: bool
    default: false
  backup_keep:
    description:
      - How many copies of the file to keep when O(backup=true) makes one. The oldest ones are removed, also those that
        other modules made under such names.
      - Without this option, all copies stay. It needs O(backup=true), and must be 1 or more.
    type: int
"""
