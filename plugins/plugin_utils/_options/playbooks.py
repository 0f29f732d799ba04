# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the collection's own playbooks: what a slip of the pen must not widen.

A variable that is not known is one that does not narrow the run: with codex_usres=alice, everybody would be logged out.
"""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import is_empty
from ansible_collections.fleet.codex.plugins.plugin_utils._options.role import (
    FOR_ALL,
    FOR_ONE_USER,
    INNER_PREFIXES,
    OF_PLAYBOOKS,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

LIKENESS_REFUSED: t.Final = 0.82
"""How much of a name must be that of a variable to be refused, from 0 to 1: more than to be warned of in the role."""

TAKES_USERS: t.Final = "__codex_takes_users"
"""Is true in the playbooks that act on codex_users."""


PLACES: t.Final = (
    *("codex_user", "codex_users", "codex_home", "codex_homes", "codex_container"),
    *("codex_method", "codex_migrate_to", "codex_version"),
)
"""The variables that say what a playbook works on. One that cannot be evaluated would count as not set in Jinja."""


def check_playbook_variables(variables: t.Mapping[str, t.Any]) -> None:
    """Raises CodexError for a variable that is nearly one of the playbooks', and for codex_users where it does nothing.

    variables: all of the host, as they are written. One that another variable refers to is somebody's own.
    """
    known = (*OF_PLAYBOOKS, *FOR_ALL, *FOR_ONE_USER)
    written = str([value for name, value in variables.items() if name in known])
    for name in sorted(name for name in variables if name.startswith("codex_") and name not in known):
        nearest = difflib.get_close_matches(name, known, 1, LIKENESS_REFUSED)
        if nearest and name not in written and not name.startswith(INNER_PREFIXES):
            raise CodexError(
                f"{name} is no variable of this playbook. Did you mean {nearest[0]}? Correct the name, or choose one "
                "that is less like it."
            )
    if not is_empty(variables.get("codex_users")) and not variables.get(TAKES_USERS):
        raise CodexError("codex_users has no effect in this playbook. Name the user in codex_user.")
