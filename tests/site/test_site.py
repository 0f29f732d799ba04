"""The site of the documentation is built without a warning, is whole, and leads nowhere that is not there."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT, ENVIRONMENT

SITE = CHECKOUT / "tests" / "output" / "site"
REPOSITORY = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
WITHOUT_TEXT = {"script", "style", "code", "pre", "svg"}
LOADING = {"audio", "embed", "iframe", "img", "input", "link", "object", "script", "source", "track", "video"}


class Page(HTMLParser):
    """The anchors, the links, the addresses of what is loaded, and the text outside of code."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.text = ""
        self._without_text = 0
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in LOADING:
            self.loaded += [values[name] for name in ("src", "href", "data", "srcset") if name in values]
        self._without_text += tag in WITHOUT_TEXT

    def handle_endtag(self, tag: str) -> None:
        self._without_text -= tag in WITHOUT_TEXT

    def handle_data(self, data: str) -> None:
        if not self._without_text:
            self.text += data


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """All pages, by their path below the site. They are built as `make docs` does."""
    done = subprocess.run(["sh", str(ENVIRONMENT / "docs.sh")], capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        pytest.fail(f"docs.sh ended with status {done.returncode}:\n{done.stdout}{done.stderr}", pytrace=False)
    assert Path(done.stdout.splitlines()[-1]) == SITE / "index.html"
    return {str(path.relative_to(SITE)): Page(path) for path in sorted(SITE.rglob("*.html"))}


def expected_pages() -> set[str]:
    names = {
        "{}.html": CHECKOUT.glob("docs/*.md"),
        "reference/{}_module.html": [*CHECKOUT.glob("plugins/modules/*.py"), *CHECKOUT.glob("plugins/modules/*.yml")],
        "reference/{}_filter.html": CHECKOUT.glob("plugins/filter/*.py"),
        "reference/{}_role.html": CHECKOUT.glob("roles/*"),
        "reference/{}_playbook.html": CHECKOUT.glob("playbooks/*.yml"),
    }
    found = {name.format(path.stem) for name, paths in names.items() for path in paths}
    return found | {"index.html", "role.html", "changelog.html"}


def test_everything_has_a_page_and_is_in_the_navigation(pages: dict[str, Page]) -> None:
    assert expected_pages() == set(pages) - {"search.html"}
    assert expected_pages() - {"index.html"} - set(pages["index.html"].links) == set()


def test_every_link_within_the_site_leads_to_a_page_and_an_anchor(pages: dict[str, Page]) -> None:
    wrong, checked = [], 0
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = str((SITE / name).parent.joinpath(unquote(parts.path)).resolve().relative_to(SITE))
            target = target if parts.path else name
            checked += 1
            if target not in pages or (parts.fragment and unquote(parts.fragment) not in pages[target].anchors):
                wrong.append(f"{name}: {link}")
    assert wrong == []
    assert checked > 1000


def test_every_link_to_the_repository_names_a_file_of_it(pages: dict[str, Page]) -> None:
    files = {
        link.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")[0]
        for page in pages.values()
        for link in page.links
        if link.startswith(f"{REPOSITORY}/blob/main/")
    }
    assert "playbooks/deploy.yml" in files
    assert [file for file in sorted(files) if not (CHECKOUT / file).exists()] == []


def test_no_page_shows_raw_markup(pages: dict[str, Page]) -> None:
    """Neither that of Ansible's documentation, nor Markdown, nor reStructuredText."""
    raw = re.compile(r"\b(?:[BCEIMOPUV]|RV)\([^)\n]*\)|\]\(|```|\|---|:ref:|:ans\w+:")
    found = {name: raw.findall(page.text) for name, page in pages.items()}
    assert {name: markup for name, markup in found.items() if markup} == {}


def test_nothing_is_loaded_from_another_host(pages: dict[str, Page]) -> None:
    loaded = [f"{name}: {address}" for name, page in pages.items() for address in page.loaded]
    assert len(loaded) > 100
    assert [line for line in loaded if re.search(r": *(?:\w+:)?//", line)] == []
    for sheet in SITE.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?\s*(?:\w+:)?//[^\s)]*", sheet.read_text(encoding="utf-8")) == []


@pytest.mark.usefixtures("pages")
def test_names_lead_to_their_reference_pages() -> None:
    """Those in the text, not in the navigation."""
    link = '<p>module <a class="reference internal" href="reference/codex_home_module.html">'
    assert link in (SITE / "index.html").read_text(encoding="utf-8")
