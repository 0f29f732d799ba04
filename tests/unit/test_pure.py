"""What plans must not need: Ansible, files, processes. What targets are sent."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils.wire import mask
from ansible_collections.fleet.codex.plugins.plugin_utils import transport
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


def test_the_mask_is_the_documented_one() -> None:
    """A half in another language is written against docs/architecture.md."""
    data, key = bytes(range(256)) + b"cut", b"k" * 32
    blocks = [hashlib.sha256(key + bytes([0] * 7 + [n])).digest() for n in range(9)]
    assert mask(data, key) == bytes(byte ^ b"".join(blocks)[n] for n, byte in enumerate(data))
    assert mask(mask(data, key), key) == data


@pytest.mark.parametrize("name", ["store", "api_key"])
def test_a_program_takes_all_it_imports_along(name: t.Literal["store", "api_key"]) -> None:
    """In an order in which each module finds those it imports, and nothing of the collection beyond them."""
    sent: list[str] = []
    for module, source in json.loads(transport.program_code(name)):
        imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
        wanted = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
        assert {name for name in wanted if str(name).startswith("ansible")} <= {*sent}
        sent.append(module)
    assert sent[-1] == f"{transport.PACKAGE}.{name}"
    assert len(sent) == len({*sent}) > 1


def test_every_module_for_targets_is_part_of_a_program() -> None:
    sent = {module for name in ("store", "api_key") for module, _source in json.loads(transport.program_code(name))}
    files = {f"{transport.PACKAGE}.{path.stem}" for path in (CHECKOUT / "plugins" / "module_utils").glob("*.py")}
    assert sent == files
