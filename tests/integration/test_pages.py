# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Every fenced block of the pages is run by a test, or says in a hidden comment why not."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.tests.support.pages import (
    PAGES,
    Block,
    Step,
    blocks,
    blocks_of,
    mistakes,
    steps,
    text_of,
)
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

FOLDER = pathlib.Path(__file__).parent
RUN = [block for block in blocks("docs/architecture.md") if block.heading == "Rooms"]
(ROOMS,) = RUN


def run_blocks() -> t.Iterator[Block]:
    """What the test modules have in their lists ``RUN``."""
    for path in sorted(FOLDER.glob("test_*.py")):
        if re.search(r"^RUN\b", path.read_text(encoding="utf-8"), re.M):
            yield from importlib.import_module(f".{path.stem}", __package__).RUN


def wrong_blocks(found: t.Iterable[Block], run: t.Collection[Block]) -> list[str]:
    """A sentence for each block that is neither run nor marked, or is both. The same text on two pages is one block."""
    texts = {block.text for block in run}
    sentences = []
    for block in found:
        if block.not_run is None and block.text not in texts:
            sentences.append(f"{block} is not run by a test. Run it, or say above it why not: <!-- not run: … -->")
        if block.not_run is not None and block.text in texts:
            sentences.append(f"{block} is run by a test. Remove the mark above it.")
        if block.not_run == "":
            sentences.append(f"{block} has a mark without a reason. Add the reason.")
    return sentences


def test_every_block_is_run_or_marked() -> None:
    found = [block for page in PAGES for block in blocks(page)]
    wrong = wrong_blocks(found, list(run_blocks()))
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_and_every_mark_is_understood(page: str) -> None:
    assert mistakes(text_of(page)) == []


OWN_VARIABLES = {"codex_keys", "codex_result"}
"""Of an example's own, and what the role registers."""


def keys_of(data: t.Any) -> t.Iterator[str]:
    """The keys of all dictionaries in it."""
    if isinstance(data, dict):
        yield from map(str, data)
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else []:
        yield from keys_of(item)


@pytest.mark.parametrize("page", PAGES)
def test_no_variable_is_misspelled(page: str) -> None:
    """Ansible ignores a variable that nobody reads, so a run does not show it."""
    sources = [*(CHECKOUT / "playbooks").glob("*.yml"), CHECKOUT / "roles" / "codex" / "meta" / "argument_specs.yml"]
    known = {name for path in sources for name in re.findall(r"\bcodex_\w+", path.read_text(encoding="utf-8"))}
    options = {name for spec in MODULES.values() for name in keys_of(spec)}
    given = {key for block in blocks(page, "yaml") for key in keys_of(yaml.safe_load(block.text))}
    assert {key for key in given if key.startswith("codex_")} - known - options - OWN_VARIABLES == set()


def test_the_tree_of_the_architecture_has_every_room() -> None:
    """And every other file that it names is there."""
    sections = re.findall(r"^(plugins/\S+) +\w.*\n((?: .*\n)*)", ROOMS.text, re.M)
    assert [name for name, _lines in sections if not (CHECKOUT / name).is_dir()] == []
    for name, lines in sections:
        rooms = {path.name for path in (CHECKOUT / name).glob("_*/") if path.name != "__pycache__"}
        assert set(re.findall(r"\b_[a-z_]+\b", lines)) == (rooms if lines else set()), name
        files = [file for names in re.findall(r"^ +([a-z].*?)  ", lines, re.M) for file in names.split(", ")]
        assert [file for file in files if not (CHECKOUT / name / f"{file}.py").is_file()] == [], name


PAGE = """\
# Page

```yaml
a: 1
```

## Part

<!-- not run:
a person does it -->
```console
$ one
# no heading
```

- item

  <!-- not run: -->
  ```text
  b
    c
  ```
"""


def test_blocks_are_read_with_their_headings_and_marks() -> None:
    assert blocks_of(PAGE, "page.md") == [
        Block("page.md", "Page", 3, "yaml", "a: 1\n", None),
        Block("page.md", "Part", 11, "console", "$ one\n# no heading\n", "a person does it"),
        Block("page.md", "Part", 19, "text", "b\n  c\n", ""),
    ]


def test_the_commands_of_a_block_are_read_with_their_outputs() -> None:
    block = blocks_of("```console\n$ one \\\n    two &&\n  three\nshown |\n  more\n\n$ four\n```\n", "page.md")[0]
    assert steps(block) == [Step("one \\\n    two &&\n  three", "shown |\n  more\n\n"), Step("four", "")]
    assert steps(block, "PS> ") == []


def test_a_file_is_known_by_its_first_line() -> None:
    names = {
        "# group_vars/a/b.yml": "group_vars/a/b.yml",
        "# hosts": "hosts",
        "# ansible.cfg": "ansible.cfg",
        "# Say so": None,
    }
    for line, name in names.items():
        assert blocks_of(f"```yaml\n{line}\na: 1\n```\n", "page.md")[0].file == name


def test_what_is_wrong_with_blocks_is_said() -> None:
    first, second, third = blocks_of(PAGE, "page.md")
    assert wrong_blocks([first, second], [first]) == []
    assert [sentence.partition(": ")[0] for sentence in wrong_blocks([first], [])] == ["page.md:3 (Page)"]
    assert "a: 1 is not run by a test" in wrong_blocks([first], [])[0]
    assert "is run by a test. Remove" in wrong_blocks([second], [second])[0]
    assert "without a reason" in wrong_blocks([third], [])[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a person does it -->\n", "a person does it -->\n\n"),  # not directly above
        ("not run:\na", "not  run:\na"),
        ("a: 1\n```", "a: 1\n"),
        ("```yaml", "> ```yaml"),
        ("$ one", "one"),
    ],
)
def test_what_would_not_be_understood_is_noticed(old: str, new: str) -> None:
    assert mistakes(PAGE) == []
    assert mistakes(PAGE.replace(old, new, 1)) != []
