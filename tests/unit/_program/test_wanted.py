"""The options of codex_program: what is refused before a host is asked, and by which names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import (
    OF_MODULE,
    OF_ROLE,
    Names,
    Place,
    WantedProgram,
    wanted_program,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.options import with_defaults

WEB = Place("web")
BOX = Place("web", "agent")
WINDOWS = Place("web", is_windows=True)
NPM: dict[str, t.Any] = {"install": "npm", "version": "0.171.0"}


def wanted(place: Place = WEB, names: Names = OF_MODULE, **options: t.Any) -> WantedProgram:
    return wanted_program(with_defaults({"homes": [], **options}, MODULES["codex_program"]), place, names)


def refusal(place: Place = WEB, names: Names = OF_MODULE, **options: t.Any) -> str:
    with pytest.raises(CodexError) as refused:
        wanted(place, names, **options)
    return str(refused.value)


def test_what_is_meant() -> None:
    assert wanted(**NPM) == WantedProgram("npm", "0.171.0", "", "", WEB)
    address = "https://npm.example.com/@openai/codex?a=b@c"
    given = wanted(**NPM, source="/srv/codex.tgz", registry=address)
    assert (given.source, given.registry) == ("/srv/codex.tgz", address)
    assert given.package == "@openai/codex@0.171.0"
    assert wanted(names=OF_ROLE, **NPM).names is OF_ROLE
    assert wanted(install="present").package == "@openai/codex@VERSION"


@pytest.mark.parametrize("place", [WEB, BOX, WINDOWS])
def test_present_goes_everywhere_and_looks_at_nothing_of_npm(place: Place) -> None:
    assert wanted(place, install="present", version="latest", registry="npm.example.com").install == "present"


def test_places() -> None:
    assert [(str(place), place.can_have_npm) for place in (WEB, BOX, WINDOWS)] == [
        ("web", True),
        ("web in the container agent", False),
        ("web", False),
    ]


@pytest.mark.parametrize("install", ["none", "latest", "True", "['npm']", "NPM"])
def test_only_two_things_can_be_done(install: str) -> None:
    assert refusal(install=install) == "install must be present or npm."
    assert refusal(names=OF_ROLE, install=install) == "codex_install must be none, present or npm."


def test_where_npm_cannot_install() -> None:
    assert refusal(WINDOWS, **NPM) == (
        "install: npm does not work on Windows hosts. Install Codex there by other means, and set install to present."
    )
    assert refusal(BOX, OF_ROLE, **NPM) == (
        "codex_install: npm works on the host itself, but codex_container names a container. Put Codex into the image "
        "of the container, and set codex_install to present or leave it out."
    )
    assert " but container names a container. " in refusal(BOX, **NPM)


def test_a_version_is_one_version() -> None:
    assert refusal(install="npm") == 'install: npm needs version, such as "0.171.0".'
    assert refusal(names=OF_ROLE, install="npm") == 'codex_install: npm needs codex_install_version, such as "0.171.0".'
    for version in ("latest", "0.171", "0.171.0 --force", "0.171.0\n", "^0.171.0", "0.171.0-alpha.1", "\u0660.171.0"):
        assert refusal(install="npm", version=version) == (
            'version must be all three numbers of a version, in quotes, such as "0.171.0". With a name such as latest, '
            "a later run would install another version."
        )


@pytest.mark.parametrize("source", ["codex.tgz", "./codex.tgz", "--force", "git+https://x/c", "HTTP://x/c.tgz"])
def test_sources_that_are_none(source: str) -> None:
    assert refusal(**NPM, source=source) == (
        "source must be an absolute path on the host, or an address that begins with http:// or https://."
    )


def test_a_registry_is_an_address() -> None:
    for registry in ("npm.example.com", "/srv/npm", "ftp://npm.example.com/"):
        words = "registry must be an address that begins with http:// or https://."
        assert refusal(**NPM, registry=registry) == words
    assert refusal(names=OF_ROLE, **NPM, registry="x").startswith("codex_install_registry must be an address")


@pytest.mark.parametrize("option", ["source", "registry"])
@pytest.mark.parametrize(
    "address",
    [
        "https://ci:fleet-test-pw@x/",
        "http://fleet-test-pw@x/c",
        "https:///ci:fleet-test-pw@x/",
        r"http://\ci:fleet-test-pw@x",
    ],
)
def test_passwords_are_for_the_npmrc(option: str, address: str) -> None:
    assert refusal(**NPM, **{option: address}) == (
        "source and registry must have no user and no password in them, which every user of the host could read while "
        "npm runs. Put them into the .npmrc of the user that runs npm."
    )
