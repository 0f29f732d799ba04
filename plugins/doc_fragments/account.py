# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that say whose Codex home is meant, and which Codex reads it."""

from __future__ import annotations


class ModuleDocFragment:
    """fleet.codex.account; fleet.codex.account.version"""

    DOCUMENTATION = r"""
options:
  user:
    description:
      - The account whose Codex home is meant.
      - Without it, that is the account the task runs as, so the one that C(become_user) names where the task uses
        become.
      - Naming another account needs root on the target (C(become=true)). All work on files is still done as that
        account.
    type: str
  codex_home:
    description:
      - The Codex home, as an absolute path.
      - Without it, that is C(.codex) in the home folder of the account. Where O(user) is not given either,
        E(CODEX_HOME) and E(HOME) in the C(environment) keyword of the task count before that.
      - Every folder on the way must belong to root or to the account, because the owner of a folder can exchange what
        is in it.
      - Modules that write create a folder that is missing, with mode V(0700). Where the account itself cannot create
        it, root does, but only below folders that root alone can write.
      - Write the path out. V(~) is not expanded, and refused.
    type: str
"""

    VERSION = r"""
options:
  codex_version:
    description:
      - The version of Codex that reads the files, such as V(0.169.0), or V(detect) to run the account's own C(codex
        --version) on the target.
      - It decides which login settings are written to C(config.toml), because not every version acts on them.
      - Quote a version of two numbers, such as V("0.34"). YAML takes it for a number otherwise.
    type: str
"""
