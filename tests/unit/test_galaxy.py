"""What the collection says about itself agrees with what is in it."""

from __future__ import annotations

import ast

import yaml
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT


def test_name_and_version() -> None:
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
    assert (galaxy["namespace"], galaxy["name"]) == ("fleet", "codex")
    assert [part.isdigit() for part in galaxy["version"].split(".")] == [True] * 3


def test_every_module_of_the_action_group_has_documentation_and_an_action() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    expected = [
        f"plugins/{kind}/{module}.py" for module in runtime["action_groups"]["codex"] for kind in ("modules", "action")
    ]
    assert [path for path in expected if not (CHECKOUT / path).is_file()] == []


def test_the_action_group_has_every_module_that_does_not_say_why_it_is_not_in_it() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    outside = set()
    for path in (CHECKOUT / "plugins" / "modules").glob("*.py"):
        constants = {
            node.targets[0].id: node.value.value
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if isinstance(node.targets[0], ast.Name)
        }
        stated = yaml.safe_load(str(constants["DOCUMENTATION"])).get("attributes", {}).get("action_group", {})
        if stated.get("support") == "none" and stated.get("details"):
            outside.add(path.stem)
    modules = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    assert modules - outside == set(runtime["action_groups"]["codex"])
