# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what the modules support."""

from __future__ import annotations


class ModuleDocFragment:
    """fleet.codex.attributes, with either fleet.codex.attributes.writes or fleet.codex.attributes.reads"""

    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Runs as an action plugin on the controller, which sends a program of its own to the target.
    support: full
  action_group:
    description: Use C(group/fleet.codex.codex) in C(module_defaults) to set defaults for these modules.
    support: full
    details:
      - Each module takes the options that it has. M(fleet.codex.codex_home) takes those of its homes as defaults for
        each of them.
    membership:
      - fleet.codex.codex
  async:
    description: Can run in the background with C(async).
    support: none
  become:
    description: Works with become.
    support: full
    details:
      - Needed to work for another user than the one that the connection logs in as. On Windows, a connection that logs
        in as an administrator does not need it.
      - On Windows, C(become_method) must be C(runas). It has not been tried there yet.
  bypass_host_loop:
    description: Runs once for all hosts instead of once for each host.
    support: none
  connection:
    description: Uses the connection of the host.
    support: full
  delegation:
    description: Can be used with C(delegate_to).
    support: full
  facts:
    description: Sets facts.
    support: none
  platform:
    description: Target systems.
    platforms: posix, windows
    support: full
    details:
      - A POSIX target needs Python 3.6 or later with its standard library, and nothing else. Without it, a POSIX shell
        with the utilities of Debian, Alpine or busybox does.
      - A Windows target needs PowerShell 5.1 or 7, and nothing else.
"""

    WRITES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
  diff_mode:
    description: Shows what changed, or would change in C(check_mode), with C(--diff).
    support: full
    details:
      - Secrets are not shown. In place of a secret, the diff says that it changed.
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - The module never changes anything.
  diff_mode:
    description: Shows what changed, or would change in C(check_mode), with C(--diff).
    support: N/A
    details:
      - The module never changes anything.
"""
