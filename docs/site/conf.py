# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""How Sphinx makes the site. tests/environment/docs.sh runs it."""

from __future__ import annotations

from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

galaxy = yaml.safe_load((Path(__file__).parents[2] / "galaxy.yml").read_text(encoding="utf-8"))

project = "fleet.codex"
version = release = galaxy["version"]
author = ", ".join(galaxy["authors"])
project_copyright = author
extensions = ["myst_parser", "sphinx_antsibull_ext"]
# Lists of antsibull-docs, which the navigation replaces.
exclude_patterns = ["reference/index.rst", "reference/environment_variables.rst"]
language = "en"
smartquotes = False
highlight_language = "none"

# The pages are written for GitHub: with its anchors of headings, and without what MyST adds to Markdown.
myst_heading_anchors = 4
myst_disable_syntax = ["myst_block_break", "myst_line_comment", "myst_role", "myst_target"]

html_theme = "furo"  # its fonts are those of the reader's system
html_title = f"fleet.codex {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_domain_indices = False
html_use_index = False
antsibull_ext_color_scheme = "none"  # its dark colours would not follow the switch of the page


def antsibull_colours(kind: str, required: str, added: str, default: str) -> dict[str, str]:
    """The colours of option tables. Those of backgrounds are the theme's own."""
    return {
        "antsibull-table-background-header": "var(--color-table-header-background)",
        "antsibull-table-background-even": "transparent",
        "antsibull-table-background-odd": "transparent",
        "antsibull-table-border": "var(--color-table-border)",
        "antsibull-narrowtable-background": "var(--color-background-secondary)",
        "antsibull-option-type": kind,
        "antsibull-option-elements": kind,
        "antsibull-option-required": required,
        "antsibull-option-version-added": added,
        "antsibull-option-aliases": added,
        "antsibull-option-default": default,
        "antsibull-option-sample": default,
        "antsibull-option-sample-header": "var(--color-foreground-primary)",
        "antsibull-attribute-support-none": required,
        "antsibull-attribute-support-partial": "inherit",
        "antsibull-attribute-support-full": added,
        "antsibull-attribute-support-na": "inherit",
    }


html_theme_options = {
    "light_css_variables": antsibull_colours(kind="#7a1f8a", required="#b30000", added="#1b6b2a", default="#1d4ed8"),
    "dark_css_variables": antsibull_colours(kind="#e6a0f5", required="#ff8282", added="#71d471", default="#9db8ff"),
}

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
PAGES_OF_ANSIBLE = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
}


def lead_to_ansible(
    _app: Sphinx, _env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """A link to the page of Ansible that antsibull-docs refers to, or None, of which Sphinx warns."""
    target = node["reftarget"]
    address = PAGES_OF_ANSIBLE.get(target)
    if target.startswith("ansible_collections.ansible.builtin."):
        address = f"{ANSIBLE}/collections/ansible/builtin/{target.split('.')[-1]}.html"
    return nodes.reference("", "", content, refuri=address, internal=False) if address else None


def simplify_reference(_app: Sphinx, doctree: nodes.document) -> None:
    """Takes from a page of antsibull-docs what the theme shows beside it, and a part of its title.

    "fleet.codex.codex_home module -- Manages homes" becomes the title "codex_home module", and a paragraph.
    """
    for contents in list(doctree.findall(nodes.topic)):
        contents.parent.remove(contents)
    titles = list(doctree.findall(nodes.title))
    for title in titles:
        title.attributes.pop("refid", None)  # led back to the contents
    name, dashes, description = titles[0].astext().partition(" -- ")
    if dashes:
        titles[0].parent.insert(1, nodes.paragraph("", f"{description}."))
        titles[0].replace_self(nodes.title("", name.removeprefix("fleet.codex.")))


def prepare_tables(_app: Sphinx, doctree: nodes.document) -> None:
    """Gives static/site.css what it needs to show each row of a table as a card, where there is no room for columns.

    Each cell but the first gets the heading of its column, unless there are only two columns. A row whose first cell is
    empty goes on with what the row above it says.
    """
    for table in doctree.findall(nodes.table):
        if "ansible-option-table" in table["classes"]:
            continue  # antsibull-docs does so in its own way
        table["classes"].append("cards")
        rows = list(table.findall(nodes.row))
        headings = [entry.astext() for entry in rows[0]]
        if not any(headings):
            rows[0].parent.parent.remove(rows[0].parent)
        for row in rows[1:]:
            row["classes"] += [] if row[0].astext() else ["continued"]
            for heading, entry in zip(headings, row, strict=True):
                if not entry.astext():
                    entry["classes"].append("empty")
                elif heading and entry is not row[0] and len(headings) > 2:
                    entry[0].insert(0, nodes.inline("", heading, classes=["column-heading"]))


def link_names(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Links names in code to their reference pages: `fleet.codex.NAME`, and "module `NAME`" or "playbook `NAME`"."""
    kinds = ["module", "playbook", "filter"]
    for literal in list(doctree.findall(nodes.literal)):
        place = literal.parent.index(literal)
        before = literal.parent[place - 1].astext() if place else ""
        collection, dot, name = literal.astext().rpartition(".")
        if collection == "fleet.codex":
            pages = ["role"] if name == "codex" else [f"reference/{name}_{kind}" for kind in kinds]
        else:
            pages = [f"reference/{name}_{kind}" for kind in kinds if not dot and before.endswith(f"{kind} ")]
        linked = isinstance(literal.parent, (nodes.reference, nodes.title))
        for page in pages:
            if page in app.env.found_docs and page != docname and not linked:
                address = app.builder.get_relative_uri(docname, page)
                literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=address, internal=True))


def setup(app: Sphinx) -> None:
    app.connect("missing-reference", lead_to_ansible)
    app.connect("doctree-read", simplify_reference)
    app.connect("doctree-read", prepare_tables)
    app.connect("doctree-resolved", link_names)
