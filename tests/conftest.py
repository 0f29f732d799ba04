"""Lets tests import ansible_collections.fleet.codex, from wherever it can be found as a collection."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def find_collections() -> Path | None:
    """The folder in which there is ansible_collections/fleet/codex; None without one.

    One that Python or Ansible knows already, as under ansible-test, or that this checkout is in, or .venv/collections.
    """
    known = [*sys.path, *os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)]
    for folder in [*filter(None, known), CHECKOUT / "../../..", CHECKOUT / ".venv" / "collections"]:
        if Path(folder, "ansible_collections", "fleet", "codex", "plugins").is_dir():
            return Path(os.path.abspath(folder))
    return None


COLLECTIONS = find_collections()
if COLLECTIONS is None:
    raise SystemExit(  # which pytest passes on as it is
        f"{CHECKOUT} cannot be imported as the collection fleet.codex: run tests/environment/collections.sh, which "
        "makes .venv/collections lead to it."
    )

# For Ansible's collection loader, here and in every ansible-playbook that a test starts.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
sys.path.insert(0, str(COLLECTIONS))

# Ansible's loader refuses collections that Python imported before it came, so it comes first.
try:
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig
except ImportError:
    pass
else:
    if AnsibleCollectionConfig.collection_finder is None:  # ansible-test has one
        init_plugin_loader()
