# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The fenced blocks of README.md, the role's README.md and docs/, for the tests that run them as they are printed.

A test module that runs blocks names them in its list ``RUN`` and takes them from there; test_pages.py unites these
lists. A block that no test can run has a comment directly above its fence: ``<!-- not run: REASON -->``.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

PAGES = (
    *("README.md", "roles/codex/README.md"),
    *(f"docs/{path.name}" for path in sorted((CHECKOUT / "docs").glob("*.md"))),
)

MARK = re.compile(r"<!-- *not run:(.*?)-->", re.S)
_HEADING = re.compile(r"^#+ (.+)$", re.M)
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})([\w-]*)[^\n]*\n(.*?)^\1\2 *$", re.M | re.S)
_MARKED = re.compile(rf"{MARK.pattern}\n\Z", re.S)
_NAMED = re.compile(r"# ([\w./-]+\.(?:yml|yaml|cfg|ini|json|txt|md|service)|hosts|\S+/\S+)\n")


class Block(t.NamedTuple):
    """A fenced block, without the indentation of its fence; ``not_run`` is the reason of its mark, None without one."""

    page: str
    heading: str
    line: int  # of the fence
    language: str
    text: str
    not_run: str | None

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def file(self) -> str | None:
        """The path that a comment in the first line gives: the block is this file of somebody's repository."""
        found = _NAMED.match(self.text)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.heading}): {self.first_line}"


class Step(t.NamedTuple):
    """A command of a console block as it is typed, with its line breaks, and the lines that the page shows below it."""

    command: str
    output: str


def blocks_of(text: str, page: str) -> list[Block]:
    """The blocks of a page's text, in order."""
    found = []
    heading, end = "", 0
    for fence in _FENCE.finditer(text):
        between = text[end : fence.start()]
        heading = [heading, *_HEADING.findall(between)][-1]
        mark = _MARKED.search(between[between.rfind("<!--") :]) if "<!--" in between else None
        indent, _backticks, language, body = fence.groups()
        lines = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        reason = " ".join(mark[1].split()) if mark else None
        found.append(Block(page, heading, text.count("\n", 0, fence.start()) + 1, language, lines, reason))
        end = fence.end()
    return found


def mistakes(text: str) -> list[str]:
    """What of a page's text would be passed over: fences, comments and commands that are not found."""
    found = blocks_of(text, "")
    fences = len(re.findall(r"^[ >\t]*(?:`{3,}|~{3,})", text, re.M))
    comments = len(re.findall(r"<!--[^>]*\brun\b", text))
    marked = sum(block.not_run is not None for block in found)
    console = [block for block in found if block.language == "console"]
    return [
        *(["A fence is not closed, or is in a quotation."] if fences != 2 * len(found) else []),
        *(["A mark is not directly above a block, or is misspelled."] if comments != marked else []),
        *(f"There is no prompt: {block.first_line}" for block in console if not block.text.startswith(("$ ", "PS> "))),
    ]


def text_of(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str | None = None) -> list[Block]:
    """The blocks of a page (its path from the checkout) in order, all or those of one language, marked or not."""
    return [block for block in blocks_of(text_of(page), page) if language in (None, block.language)]


def steps(block: Block, prompt: str = "$ ") -> list[Step]:
    """What a console block types at a prompt; a line that ends in a backslash, ``&&`` or ``|`` goes on in the next."""
    found: list[Step] = []
    goes_on = False
    for line in block.text.splitlines():
        if goes_on:
            found[-1] = Step(f"{found[-1].command}\n{line}", "")
        elif line.startswith(prompt):
            found.append(Step(line.removeprefix(prompt), ""))
        elif found:
            found[-1] = Step(found[-1].command, f"{found[-1].output}{line}\n")
        goes_on = line.endswith(("\\", "&&", "|")) and (goes_on or line.startswith(prompt))
    return found
