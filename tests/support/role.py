# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role, as playbooks name it."""

from __future__ import annotations

import yaml
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

ROLE = "fleet.codex.codex"

_TASKS = CHECKOUT / "roles" / "codex" / "tasks" / "main.yml"

LOG_IN: str = yaml.safe_load(_TASKS.read_text(encoding="utf-8"))[0]["name"]
"""The name of the role's task that changes homes."""
