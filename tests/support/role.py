# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role, as playbooks name it."""

from __future__ import annotations

import re

import yaml
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

ROLE = "fleet.codex.codex"

_TASKS = CHECKOUT / "roles" / "codex" / "tasks" / "main.yml"


def log_in(user: str | None = None) -> str:
    """The name of the role's task that changes homes, where it is for this user; without one, for codex_homes."""
    tasks = yaml.safe_load(_TASKS.read_text(encoding="utf-8"))
    (name,) = (task["name"] for task in tasks if "fleet.codex.codex_home" in task)
    default = re.findall(r"default\('(.*?)'", name)[0]
    return re.sub(r"\{\{.*\}\}", user or default, name)
