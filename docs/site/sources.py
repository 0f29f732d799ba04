# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Writes what Sphinx makes the site of, but for what antsibull-docs adds: sources.py FOLDER.

The pages of docs/, the role's README and the changelog become pages of their own, and README.md the first page, which
also has the navigation. A page of docs/ that is not named in NAVIGATION ends the build with a warning of Sphinx.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from pages import playbook_page, with_links, without_topics

CHECKOUT = Path(__file__).resolve().parents[2]

NAVIGATION = {
    "First steps": ["quickstart", "install", "chatgpt-logins", "journeys"],
    "Using it": ["fleet", "config", "containers", "windows", "The role <role>", "molecule"],
    "Help": ["faq", "troubleshooting"],
    "Background": ["security", "codex-versions", "architecture", "protocol", "Changes <changelog>"],
}
"""The pages by heading, in the order in which somebody new wants them. The reference comes before the background."""


def reference() -> dict[str, list[str]]:
    """The reference pages by heading, each with the name that the navigation shows."""

    def names(folder: str, pattern: str) -> list[str]:
        return sorted({path.stem for path in (CHECKOUT / folder).glob(pattern)})

    return {
        "Modules": [f"{name} <reference/{name}_module>" for name in names("plugins/modules", "[!_]*.*")],
        "Playbooks": [f"{name} <reference/{name}_playbook>" for name in names("playbooks", "*.yml")],
        "Role and filter": [
            "codex, variables of the role <reference/codex_role>",
            *(f"{name}, a filter <reference/{name}_filter>" for name in names("plugins/filter", "[!_]*.py")),
        ],
    }


def navigation(repository: str) -> str:
    """What the first page says of all others, in Markdown of MyST. The theme shows it beside every page."""
    *guide, background = NAVIGATION.items()
    lists = {**dict(guide), **reference(), **dict([background]), "Project": [f"Repository <{repository}>"]}
    return "".join(
        "\n".join(["", "```{toctree}", ":hidden:", f":caption: {heading}", "", *entries, "```", ""])
        for heading, entries in lists.items()
    )


def write(folder: Path) -> None:
    repository = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    pages = {f"docs/{path.name}": path.stem for path in sorted((CHECKOUT / "docs").glob("*.md"))}
    pages |= {"README.md": "index", "roles/codex/README.md": "role", "CHANGELOG.md": "changelog"}
    texts = {path: (CHECKOUT / path).read_text(encoding="utf-8") for path in pages}
    texts["README.md"] += navigation(repository)
    texts["CHANGELOG.md"] = without_topics(texts["CHANGELOG.md"])
    (folder / "reference").mkdir(parents=True)
    for path, text in texts.items():
        page = folder / f"{pages[path]}.md"
        page.write_text(with_links(text, path, pages, repository), encoding="utf-8")
    for playbook in (CHECKOUT / "playbooks").glob("*.yml"):
        page = folder / "reference" / f"{playbook.stem}_playbook.md"
        text = playbook.read_text(encoding="utf-8")
        page.write_text(playbook_page(playbook.stem, text, repository), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
