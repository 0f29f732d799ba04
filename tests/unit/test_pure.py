"""What plans must not need: Ansible, files, processes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.fleet.codex.tests.conftest import CHECKOUT, COLLECTIONS

PLUGIN_UTILS = "ansible_collections.fleet.codex.plugins.plugin_utils"


@pytest.mark.parametrize("module", ["plan", "api_key"])
def test_the_plan_imports_no_ansible_and_no_editor(module: str) -> None:
    code = f"import sys; import {PLUGIN_UTILS}.{module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=True
    )
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ansible_collections" in modules
    assert not modules & {"ansible", "tomledit", "subprocess", "socket", "tempfile"}


def test_the_benchmark_of_plans_still_plans() -> None:
    """Its figures are for people; that an unchanged file needs no editor, and a change one operation, is for us."""
    code = (
        "import importlib.util as u; s = u.spec_from_file_location('plan', 'benchmarks/plan.py');"
        "m = u.module_from_spec(s); s.loader.exec_module(m); found = m.answer(m.config());"
        "print([m.plan_once(settings, found)[1:] for settings in m.SETTINGS.values()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(COLLECTIONS)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[(0, False), (1, True)]\n"
