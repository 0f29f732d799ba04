# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What becomes of the texts of this repository on the site: links, the changelog, and a page for each playbook."""

from __future__ import annotations

import posixpath
import re

CODE = re.compile(
    r"""(?<![\w/.~$-])(?:
        fleet\.codex\.\w+                  # a playbook, a module or the role
      | (?:codex|forced|preferred)_\w+     # a variable, or a key of config.toml
      | --[a-z-]+                          # an option of ansible-playbook
      | [~$]\w*/[\w./]+\w                  # a path
      | (?:[A-Z]+/)+[\w./]+\w              # a path with placeholders
      | [A-Z]:\\\w+                        # a path of Windows
      | DOMAIN\\\w+
      | [A-Z]+(?:_[A-Z]+)+                 # an environment variable
      | (?:auth\.json|config\.toml)
    )""",
    re.VERBOSE,
)
"""What header comments of playbooks leave without backticks."""


def with_links(text: str, path: str, pages: dict[str, str], repository: str) -> str:
    """The Markdown of a file of this repository, with its relative links as they have to be on the site.

    ``pages`` has the page of each file, by path, as in ``{"docs/install.md": "install"}``. All pages that are Markdown
    are in one folder. What is no page leads to the repository.
    """

    def link(match: re.Match[str]) -> str:
        target, hash_, anchor = match[1].partition("#")
        if "://" in target or not target:
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        address = f"{pages[file]}.md" if file in pages else f"{repository}/blob/main/{file}"
        return f"]({address}{hash_}{anchor})"

    blocks = re.split(r"^( *```.*?^ *```$)", text, flags=re.MULTILINE | re.DOTALL)  # every other one is code
    return "".join(
        block if number % 2 else re.sub(r"\]\(([^)\s]+)\)", link, block) for number, block in enumerate(blocks)
    )


def without_topics(changelog: str) -> str:
    """A changelog without the contents and the anchors that antsibull-changelog puts in. The site has its own."""
    changelog = re.sub(r"^\*\*Topics\*\*\n.*?(?=^<a id=|^#)", "", changelog, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r'^<a id="[^"]*"></a>\n', "", changelog, flags=re.MULTILINE)


def playbook_page(name: str, playbook: str, repository: str) -> str:
    """A page in Markdown of the text of a playbook, made of the comment at its beginning.

    In the comment, an empty line ends a paragraph, a command is indented, and variables are a table: the name, at least
    two spaces, and the meaning, which may go on in indented lines.
    """
    lines = playbook.removeprefix("---\n").splitlines()
    comment = [line[2:] for line in lines[: next(n for n, line in enumerate(lines) if not line.startswith("#"))]]
    page = [f"# {name} playbook"]
    for paragraph in re.split(r"\n{2,}", "\n".join(comment)):
        if paragraph.startswith("  "):
            page.append(f"```console\n$ {re.sub('^  ', '', paragraph, flags=re.MULTILINE).strip()}\n```")
        elif re.match(r"\w+ {2,}\S", paragraph):
            page.append(f"## Variables\n\n{_table(paragraph)}")
        else:
            page.append(_marked(" ".join(paragraph.split())))
    page.append(f"[The playbook itself]({repository}/blob/main/playbooks/{name}.yml) is in the repository.")
    return "\n\n".join(page) + "\n"


def _table(paragraph: str) -> str:
    rows: list[list[str]] = []
    for line in paragraph.splitlines():
        if named := re.match(r"(\w+) {2,}(\S.*)", line):
            rows.append([named[1], named[2]])
        else:
            rows[-1][1] += f" {line.strip()}"
    cells = [f"| `{name}` | {_marked(meaning).replace('|', chr(92) + '|')} |" for name, meaning in rows]
    return "\n".join(["| Variable | Meaning |", "|---|---|", *cells])


def _marked(text: str) -> str:
    """The text with names as code, where they are not yet between backticks."""
    parts = re.split("(`[^`]*`)", text)  # every other one is code already
    return "".join(part if number % 2 else CODE.sub(r"`\g<0>`", part) for number, part in enumerate(parts))
