# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries that the controller needs."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

with contextlib.suppress(ImportError):
    # Every run needs it. Ansible imports action plugins before it forks a process for each host, so this is paid once.
    importlib.import_module("tomli")

LIBRARIES: t.Final = {"tomli": "tomli", "tomledit": "tomledit", "tomli_w": "tomli-w"}
"""Import name and package of what the controller needs."""


def missing_libraries() -> list[str]:
    """The packages of libraries that are missing."""
    return [package for name, package in LIBRARIES.items() if importlib.util.find_spec(name) is None]


HAS_ALL: t.Final = not missing_libraries()  # looked for once, before processes are forked


def check_libraries() -> None:
    """Raises CodexError, with the command that installs them, where libraries are missing."""
    missing = [] if HAS_ALL else missing_libraries()  # again: the play may have installed them
    if missing:
        raise CodexError(
            f"fleet.codex needs {', '.join(missing)} on the controller. "
            f"Run: {sys.executable} -m pip install {' '.join(LIBRARIES.values())}"
        )
