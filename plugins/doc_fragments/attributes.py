# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what the modules support."""

from __future__ import annotations


class ModuleDocFragment:
    """fleet.codex.attributes; fleet.codex.attributes.writes or .reads goes with it"""

    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Runs as an action plugin on the controller, which sends its own program to the target.
    support: full
  action_group:
    description: Use C(group/fleet.codex.codex) in C(module_defaults) to set defaults for these modules.
    support: full
    membership:
      - fleet.codex.codex
  async:
    description: Can run in the background.
    support: none
  become:
    description: Works with become.
    support: full
    details:
      - Needed to work for another account than the one that the connection logs in as.
  bypass_host_loop:
    description: Runs once for all hosts instead of once for each.
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
    platforms: posix
    support: full
    details:
      - The target needs Python 3.6 or later with its standard library, and nothing else.
"""

    WRITES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what would change without changing it.
    support: full
  diff_mode:
    description: Says what changed, or in C(check_mode) would change, with C(--diff).
    support: full
    details:
      - Secrets are not in it. Instead of a value it says that the value changed.
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what would change without changing it.
    support: full
    details:
      - It never changes anything.
  diff_mode:
    description: Says what changed, or in C(check_mode) would change, with C(--diff).
    support: N/A
    details:
      - It never changes anything.
"""
