# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Where the checkout is, and where Ansible finds it as a collection."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = Path(__file__).absolute().parents[5]  # this module is imported from there, through links or not
ENVIRONMENT = CHECKOUT / "tests" / "environment"
