# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The page that codex_report writes, as a browser takes it apart. Standard library only."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta"}  # elements without an end
CELLS = {"user", "state", "login", "account", "plan", "expires", "version"}


class Page(HTMLParser):
    """A page as a browser takes it apart: its elements in order, each with its attributes and its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []  # of each element, with that of the elements in it
        self.declarations: list[str] = []
        self.open: list[int] = []
        self.feed(source)
        self.close()
        assert self.open == [], "an element was not closed"

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for n in self.open:
            self.texts[n] += data

    def all(self, tag: str, **attributes: str) -> list[str]:
        """The texts of the elements with this tag and these attributes; a class is one of several."""
        found = []
        for (name, given), text in zip(self.elements, self.texts, strict=True):
            classes = given.get("class", "").split()
            if name == tag and all(
                value in classes if key == "class_" else given.get(key) == value for key, value in attributes.items()
            ):
                found.append(" ".join(text.split()))
        return found

    @property
    def accounts(self) -> list[list[str]]:
        """The texts of the cells of each account, without those that are empty."""
        found: list[list[str]] = []
        for (name, given), text in zip(self.elements, self.texts, strict=True):
            if name == "tr" and given.get("class") == "what":
                found.append([])
            elif (name == "td" and given.get("class") in CELLS) or given.get("scope") == "row":
                found[-1].append(" ".join(text.split()))
        return found
