"""Lets tests import ansible_collections.fleet.codex, through .venv/collections (tests/environment/collections.sh)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTIONS = CHECKOUT / ".venv" / "collections"

if not (COLLECTIONS / "ansible_collections" / "fleet" / "codex" / "galaxy.yml").exists():
    raise pytest.UsageError(f"{COLLECTIONS} does not lead to this checkout: run tests/environment/collections.sh")

# For Ansible's collection loader, here and in every ansible-playbook that a test starts.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
sys.path.insert(0, str(COLLECTIONS))

# Ansible's loader refuses collections that Python imported before it came, so it comes first.
try:
    from ansible.plugins.loader import init_plugin_loader
except ImportError:
    pass
else:
    init_plugin_loader()
