# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries that the controller needs."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import pathlib
import sys
import sysconfig
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

with contextlib.suppress(ImportError):
    # Every run needs it. Ansible imports action plugins before it forks a process for each host, so this is paid once.
    importlib.import_module("tomli")

LIBRARIES: t.Final = {"tomledit": "tomledit>=1.2,<2", "tomli": "tomli>=2.2", "tomli_w": "tomli-w>=1.1"}
"""Import name of what the controller needs, and the package with its versions, as in requirements.txt."""


def missing_libraries() -> list[str]:
    """The packages of libraries that are missing, with their versions."""
    return [package for name, package in LIBRARIES.items() if importlib.util.find_spec(name) is None]


HAS_ALL: t.Final = not missing_libraries()  # looked for once, before processes are forked


def check_libraries() -> None:
    """Raises CodexError, with the command that installs them, where libraries are missing."""
    missing = [] if HAS_ALL else missing_libraries()  # again: the play may have installed them
    if missing:
        stdlib = pathlib.Path(sysconfig.get_path("stdlib"))
        advice = how_to_install(
            pathlib.Path(sys.prefix),
            sys.executable,
            has_pip=importlib.util.find_spec("pip") is not None,
            is_managed=sys.prefix == sys.base_prefix and (stdlib / "EXTERNALLY-MANAGED").exists(),
        )
        raise CodexError(f"fleet.codex needs {', '.join(missing)} on the controller. {advice}")


def how_to_install(prefix: pathlib.Path, executable: str, *, has_pip: bool, is_managed: bool) -> str:
    """What to do to give all libraries to the Python that runs Ansible.

    prefix: of that Python. is_managed: whether it is the system's own, which refuses pip (PEP 668).
    """
    packages = " ".join(f"'{package}'" for package in LIBRARIES.values())
    if prefix.parts[-3:-1] == ("pipx", "venvs"):
        return f"Run: pipx inject {prefix.name} {packages}"
    if not has_pip and not is_managed:  # as uv makes its environments
        return f"Run: uv pip install --python {executable} {packages}"
    if is_managed:
        return (
            f"{executable} belongs to the system and refuses pip. Install Ansible with pipx and run: pipx inject "
            f"ansible-core {packages}. Or install Ansible and these packages in a virtual environment."
        )
    return f"Run: {executable} -m pip install {packages}"
