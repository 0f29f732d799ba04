"""What plans must not need: Ansible, files, processes."""

from __future__ import annotations

import subprocess
import sys

from ansible_collections.fleet.codex.plugins.plugin_utils import protocol, transport
from ansible_collections.fleet.codex.tests.conftest import COLLECTIONS

PLAN = "ansible_collections.fleet.codex.plugins.plugin_utils.plan"


def test_the_plan_imports_no_ansible_and_no_editor() -> None:
    code = f"import sys; import {PLAN}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=True
    )
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ansible_collections" in modules
    assert not modules & {"ansible", "tomledit", "subprocess", "socket", "tempfile"}


def test_both_halves_speak_one_protocol() -> None:
    namespace: dict[str, object] = {"__name__": "store"}
    exec(compile(transport.store_code(), "store.py", "exec"), namespace)
    assert namespace["PROTOCOL"] == protocol.PROTOCOL
    assert namespace["MARK"] == transport.MARK
    data, key = bytes(range(256)), b"k" * 32
    masked = namespace["mask"](data, key)  # type: ignore[operator]
    assert masked != data
    assert transport.mask(masked, key) == data
