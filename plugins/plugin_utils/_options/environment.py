# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``environment``."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import is_empty
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


def check_variables(variables: t.Mapping[str, t.Any], option: str) -> dict[str, str]:
    """The variables as text, `Vaulted` where it was.

    Raises CodexError for a value that shells, systemd and Docker would read differently, and for an empty one.
    """
    checked = {}
    for name, value in variables.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
            raise CodexError(f"{option} has a name that no variable can have. Use letters, digits and underscores.")
        if is_empty(value):
            raise CodexError(f"{option}: {name} is empty. Leave it out instead.")
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise CodexError(f"{option}: {name} must be text. Put its value in quotes.")
        text = str(value).removesuffix("\n")
        if not re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", text):
            raise CodexError(
                f"{option}: {name} has a character that shells, systemd and Docker would each read differently. "
                "Allowed are letters, digits and _ @ % + = : , . / -"
            )
        checked[str(name)] = Vaulted(text) if isinstance(value, Vaulted) else text
    return checked
