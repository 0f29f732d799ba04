"""The rule about rooms: what each folder of plugins/plugin_utils and plugins/module_utils may need, and which others.

Everything in plugin_utils but _run is pure: it turns data into data, without Ansible, files, processes and clocks.
Everything in module_utils runs on targets, with the standard library alone.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT, COLLECTIONS

PLUGINS = CHECKOUT / "plugins"
PLUGIN_UTILS, MODULE_UTILS = PLUGINS / "plugin_utils", PLUGINS / "module_utils"
PACKAGE = "ansible_collections.fleet.codex.plugins"

FILES = sorted([*PLUGIN_UTILS.rglob("*.py"), *MODULE_UTILS.rglob("*.py")])
FOR_CONTROLLER = [path for path in FILES if PLUGIN_UTILS in path.parents]
PURE = [path for path in FOR_CONTROLLER if path.parent.name not in ("_run", "_transport")]
FOR_TARGETS = [path for path in FILES if MODULE_UTILS in path.parents]
ROOMS = sorted({path.parent for path in FILES})

IMPURE_MODULES = {
    *("ansible", "asyncio", "ctypes", "fcntl", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random"),
    *("secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time"),
    *("urllib.request",),
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCKS = {"now", "utcnow", "today"}
LIBRARIES = {"tomli", "tomli_w", "tomledit"}
BUILT_WITHOUT = {"_sha2", "_sha256"}  # of the standard library, in some versions


def name_of(path: Path) -> str:
    return str(path.relative_to(PLUGINS).with_suffix(""))


def by_name(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> t.Iterator[str]:
    """The names of the modules that are imported, anywhere in it: of `from a import b` it is a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports fail where Ansible loads a plugin by its path"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> set[Path]:
    """The files of plugin_utils and module_utils that a file imports, at its top or in a function."""
    found = set()
    for module in imports(parse(path)):
        if module.startswith(f"{PACKAGE}."):
            file = PLUGINS.joinpath(*module.removeprefix(f"{PACKAGE}.").split(".")).with_suffix(".py")
            if file in FILES:
                found.add(file)
    return found


def at_import(tree: ast.AST) -> t.Iterator[str]:
    """The modules that are imported when the module is: not those that a function imports, or a type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        elif not isinstance(node, ast.FunctionDef) and not (
            isinstance(node, ast.If) and ast.unparse(node.test) == "t.TYPE_CHECKING"
        ):
            yield from at_import(node)


def top(module: str) -> str:
    return module.partition(".")[0]


def functions(tree: ast.Module | ast.ClassDef) -> t.Iterator[ast.FunctionDef]:
    """Functions and methods, but for functions within them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def own_raises(node: ast.AST) -> t.Iterator[ast.Raise]:
    """The raise statements of a function, but for those of functions within it, and of a CodexError that it handles."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            yield child
        elif isinstance(child, ast.Try) and "CodexError" in (
            ast.unparse(handler.type) for handler in child.handlers if handler.type
        ):
            for part in (*child.handlers, *child.orelse, *child.finalbody):
                yield from own_raises(part)
        elif not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from own_raises(child)


# ------------------------------------------------------------------------------------------ purity


@by_name(PURE)
def test_what_is_neither_in_run_nor_in_transport_is_pure(path: Path) -> None:
    tree = parse(path)
    used = {module for module in imports(tree) if module != "os.path"}
    # `import os.path` gives the whole of os.
    used |= {
        f"os.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "os" and node.attr != "path"
    }
    assert {module for module in used if top(module) in IMPURE_MODULES or module in IMPURE_MODULES} == set()
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert {call.id for call in calls if isinstance(call, ast.Name)} & IMPURE_CALLS == set()
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert names & CLOCKS == set()


@pytest.mark.parametrize(
    "module", ["_options.home", "_plan.homes", "_fetch.plan", "_report.info", "_api_key.request", "_api_key.verdict"]
)
def test_the_plan_imports_no_ansible_and_no_editor(module: str) -> None:
    """Not by what it imports either."""
    code = f"import sys; import {PACKAGE}.plugin_utils.{module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(COLLECTIONS)}, capture_output=True, text=True, check=True
    )
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ansible_collections" in modules
    assert not modules & {"ansible", "tomledit", "subprocess", "socket", "tempfile"}


@by_name(FOR_CONTROLLER)
def test_libraries_are_imported_where_they_are_used(path: Path) -> None:
    """A run without changes needs no editor; and where a library is missing, a sentence says so."""
    tree = parse(path)
    assert {*map(top, at_import(tree))} & LIBRARIES == set()
    assert "tomledit" not in map(top, imports(tree)) or path.parent.name == "_toml"


def test_the_benchmark_of_plans_still_plans() -> None:
    """Its figures are for people; that an unchanged file needs no editor, and a change one operation, is for us."""
    code = (
        "import importlib.util as u; s = u.spec_from_file_location('plan', 'benchmarks/plan.py');"
        "m = u.module_from_spec(s); s.loader.exec_module(m); described = m.answer(m.config());"
        "print([m.plan_once(settings, described)[1:] for settings in m.SETTINGS.values()])"
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


# ----------------------------------------------------------------------------------------- targets


@by_name(FOR_TARGETS)
def test_what_runs_on_targets_needs_the_standard_library_alone(path: Path) -> None:
    own = f"{PACKAGE}.module_utils."
    foreign = {top(module) for module in imports(parse(path)) if not module.startswith(own)}
    assert foreign - sys.stdlib_module_names - BUILT_WITHOUT == set()


@by_name(FOR_TARGETS)
def test_every_function_for_targets_has_a_docstring(path: Path) -> None:
    """There are no annotations: Python 3.6 has to read it."""
    bare = [function.name for function in functions(parse(path)) if not ast.get_docstring(function)]
    assert [name for name in bare if name != "__init__"] == []


@by_name(FOR_CONTROLLER)
def test_a_function_that_refuses_says_so(path: Path) -> None:
    silent = []
    for function in functions(parse(path)):
        raised = [node.exc for node in own_raises(function)]
        refuses = any(isinstance(exc, ast.Call) and getattr(exc.func, "id", "") == "CodexError" for exc in raised)
        if refuses and not function.name.startswith("_") and "Raises" not in (ast.get_docstring(function) or ""):
            silent.append(function.name)
    assert silent == []


# ------------------------------------------------------------------------------------------- rooms


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_a_room_is_small_and_its_files_are_named_within_it(room: Path) -> None:
    names = [path.stem for path in room.glob("*.py")]
    assert 1 <= len(names) <= 10
    assert [name for name in names if name.startswith(room.name.strip("_"))] == []
    assert "__init__" not in names  # Ansible needs none, and it would be sent to no target


def room_of(path: Path) -> str:
    """The room of a file; one outside all rooms is a room of its own."""
    return name_of(path.parent) if path.parent not in (PLUGIN_UTILS, MODULE_UTILS) else name_of(path)


def order(graph: dict[str, set[str]]) -> list[str]:
    """What is needed before what needs it. Raises CycleError."""
    return [*graphlib.TopologicalSorter(graph).static_order()]


def test_rooms_depend_on_each_other_without_a_cycle() -> None:
    graph: dict[str, set[str]] = {room_of(path): set() for path in FILES}
    for path in FILES:
        graph[room_of(path)] |= {room_of(other) for other in own_imports(path)} - {room_of(path)}
    rooms = order(graph)
    assert {"plugin_utils/_run", "plugin_utils/_plan", "module_utils/_target", "plugin_utils/errors"} <= {*rooms}
    # Nobody needs what runs, and reading TOML needs nothing that knows Codex.
    assert not [room for room, needed in graph.items() if "plugin_utils/_run" in needed]
    assert graph["plugin_utils/_toml"] == {"plugin_utils/errors"}
    assert {room for room, needed in graph.items() if not needed} == {
        "module_utils/_target",
        "plugin_utils/errors",
        "plugin_utils/protocol",
    }


def test_files_depend_on_each_other_without_a_cycle() -> None:
    assert len(order({name_of(path): {*map(name_of, own_imports(path))} for path in FILES})) == len(FILES)


def test_only_what_is_pure_of_module_utils_is_used_by_what_is_pure() -> None:
    """They are the same on targets and on the controller, which does them for hosts without Python."""
    used = {name_of(other) for path in PURE for other in own_imports(path) if MODULE_UTILS in other.parents}
    assert used == {
        "module_utils/_apply/merging",
        "module_utils/_describe/auth_summary",
        "module_utils/_describe/content",
        "module_utils/_target/codex_words",
    }
