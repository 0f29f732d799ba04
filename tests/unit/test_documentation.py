"""The documentation says what the code does: options, defaults, examples, the role's variables, names and links."""

from __future__ import annotations

import ast
import functools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring
from ansible_collections.fleet.codex.plugins.module_utils._apply.operations import OPERATIONS
from ansible_collections.fleet.codex.plugins.module_utils._describe.file_facts import KINDS
from ansible_collections.fleet.codex.plugins.plugin_utils import messages, protocol
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES, Spec
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

ROLE = CHECKOUT / "roles" / "codex"
PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "roles/**/*.md")
    for path in sorted(CHECKOUT.glob(pattern))
    if path.name != "CHANGELOG.md"
]

PROPERTIES: dict[str, t.Any] = {"type": "str", "required": False, "default": None, "choices": None, "elements": None}
"""What documentation and argument spec must agree on, with what leaving it out means."""


@functools.cache
def documentation(module: str) -> tuple[dict[str, t.Any], str, dict[str, t.Any]]:
    """A module's DOCUMENTATION with its fragments merged in, EXAMPLES and RETURN, as ansible-doc reads them."""
    path = CHECKOUT / "plugins" / "modules" / f"{module}.py"
    docs, examples, returned, _metadata = get_docstring(
        str(path), fragment_loader, collection_name="fleet.codex", plugin_type="module"
    )
    return docs, examples, returned


def properties(option: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: option.get(name, default) for name, default in PROPERTIES.items()}


def flat(options: dict[str, t.Any], inner: str, above: str = "") -> dict[str, dict[str, t.Any]]:
    """All options and, under ``inner``, their suboptions, by their path."""
    found = {}
    for name, option in options.items():
        found[above + name] = option
        found |= flat(option.get(inner) or {}, inner, f"{above}{name}.")
    return found


def used(arguments: object, spec: Spec, above: str = "") -> set[str]:
    """The options that a task gives, by their path."""
    if isinstance(arguments, list):
        return set().union(*(used(item, spec, above) for item in arguments))
    assert isinstance(arguments, dict), f"{above or 'the task'} is not a dictionary"
    found = set()
    for name, value in arguments.items():
        assert name in spec, f"there is no option {above}{name}"
        found.add(above + name)
        if "options" in spec[name]:
            found |= used(value, spec[name]["options"], f"{above}{name}.")
    return found


# ------------------------------------------------------------------------------------------ modules


def test_every_module_is_documented_and_nothing_else_is() -> None:
    files = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    assert files == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_options_equal_the_argument_spec(module: str) -> None:
    documented = flat(documentation(module)[0]["options"], "suboptions")
    specified = flat(MODULES[module], "options")
    assert {name: properties(option) for name, option in documented.items()} == {
        name: properties(option) for name, option in specified.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_every_option_is_described(module: str) -> None:
    documented = flat(documentation(module)[0]["options"], "suboptions")
    assert [name for name, option in documented.items() if not all(option.get("description") or [None])] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_option_has_an_example(module: str) -> None:
    tasks = yaml.safe_load(documentation(module)[1])
    given: set[str] = set()
    for task in tasks:
        assert task["name"]
        given |= used(task.get(f"fleet.codex.{module}", {}), MODULES[module])
    assert set(flat(MODULES[module], "options")) - given == set()


@pytest.mark.parametrize("module", MODULES)
def test_return_values_are_complete(module: str) -> None:
    values = flat(documentation(module)[2], "contains")
    assert [
        name for name, value in values.items() if not all(value.get(key) for key in ("description", "returned", "type"))
    ] == []


# --------------------------------------------------------------------------------------------- role


def role_options() -> dict[str, dict[str, t.Any]]:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options: dict[str, dict[str, t.Any]] = specs["argument_specs"]["main"]["options"]
    return options


def test_role_defaults_equal_the_argument_specs() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert defaults == {name: option["default"] for name, option in role_options().items() if "default" in option}


def test_role_table_equals_the_argument_specs() -> None:
    rows = re.findall(
        r"^\| `(codex_\w+)` \| ([\w ]+) \| (?:`([^`]*)`)? ?\| \S.* \|$",
        (ROLE / "README.md").read_text(encoding="utf-8"),
        re.M,
    )
    table = {name: (kind, yaml.safe_load(default) if default else None) for name, kind, default in rows}
    options = role_options()
    assert {name: default for name, (_kind, default) in table.items()} == {
        name: option.get("default") for name, option in options.items()
    }
    for name, (kind, default) in table.items():  # the specs say raw where a type could make Ansible's check fail
        expected = type(default).__name__ if default is not None else options[name]["type"]
        assert "raw" in (expected, kind) or kind.split()[0] == expected, name


# --------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Links to files of this repository, and to headings in them."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _hash, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            wrong.append(target)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@functools.cache
def texts_of_the_plugins() -> list[str]:
    """Every text in the code, with a NUL for what is put into it, and the files that are not in Python."""
    files = [path for path in (CHECKOUT / "plugins").rglob("*") if path.is_file() and path.parent.name != "modules"]
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix in (".sh", ".psm1")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.suffix == ".py" else ():
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts.append("".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts))
    return texts


@pytest.mark.parametrize(("page", "section"), [("troubleshooting", "Login"), ("windows", "Signs of trouble")])
def test_the_messages_of_the_tables_are_those_of_the_code(page: str, section: str) -> None:
    """From this section on. On the pages, `…` stands for what is put into a message; those of others are marked."""
    text = (CHECKOUT / "docs" / f"{page}.md").read_text(encoding="utf-8").partition(f"\n## {section}\n")[2]
    cells = "\n".join(re.findall(r"^\| (.*?) \|", text, re.M))
    found = re.findall(r"(``.+?``|`[^`]+`)( \(from \w+\))?", cells)
    parts = {part.strip() for message, of_others in found if not of_others for part in message.strip("` ").split("…")}
    assert len(parts) > 1
    assert sorted(part for part in parts if not any(part in code for code in texts_of_the_plugins())) == []


@pytest.mark.parametrize("module", MODULES)
def test_readme_names_every_module(module: str) -> None:
    assert f"`{module}`" in (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_protocol_is_documented_whole() -> None:
    text = (CHECKOUT / "docs" / "protocol.md").read_text(encoding="utf-8")
    shapes = [shape for shape in vars(protocol).values() if t.is_typeddict(shape)]
    keys = {key for shape in shapes for key in shape.__annotations__}
    assert len(shapes) > 8
    kinds = {kind for _test, kind in KINDS}
    names = {*OPERATIONS, *messages.TARGET_ERRORS, *messages.UNUSABLE_FILES, *kinds, *keys}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
