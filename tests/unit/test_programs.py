"""What is sent to targets: whole programs, one mask, and failures that say where and quote nothing."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils.wire import PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils import transport
from ansible_collections.fleet.codex.tests.conftest import CHECKOUT
from ansible_collections.fleet.codex.tests.target.half import Half


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


def test_a_failure_names_its_module_and_the_controller_quotes_none_of_its_words() -> None:
    half, secret = Half("/usr/bin/python3"), "fleet-test-key-in-a-traceback"
    home = {"user": None, "codex_home": None, "files": [{"name": "auth", "base": secret, "path": "auth.json"}]}
    request = {"protocol": PROTOCOL, "operation": "describe", "key": "00" * 32, "environment": {}, "homes": [home]}
    data = half.code() + json.dumps(request).encode()
    done = subprocess.run(half.command(), input=data, capture_output=True, check=False)
    stderr = done.stderr.decode()
    assert done.returncode == 1
    assert f'File "{transport.PACKAGE}.folders", line ' in stderr
    assert secret in stderr
    assert transport._last_words(stderr) == "; it said: KeyError"
