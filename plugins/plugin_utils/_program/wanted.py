# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of codex_program: which program is wanted, and what cannot be meant."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import Arguments
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

PACKAGE: t.Final = "@openai/codex"


@dataclass(frozen=True)
class Names:
    """What the options are called where they are set; ``none`` and ``without``: how to set none, as words."""

    install: str
    version: str
    source: str
    registry: str
    container: str
    none: str
    without: str


OF_MODULE: t.Final = Names("install", "version", "source", "registry", "container", "", "")
OF_ROLE: t.Final = Names(
    "codex_install",
    "codex_install_version",
    "codex_install_source",
    "codex_install_registry",
    "codex_container",
    "none, ",
    " or leave it out",
)


@dataclass(frozen=True)
class Place:
    """Where the program is wanted. host: by the name in the inventory; container: the name of one of its containers."""

    host: str
    container: str | None = None
    is_windows: bool = False

    def __str__(self) -> str:
        return f"{self.host} in the container {self.container}" if self.container else self.host

    @property
    def can_have_npm(self) -> bool:
        """Whether npm could be what installs Codex here."""
        return not self.is_windows and self.container is None


@dataclass(frozen=True)
class WantedProgram:
    """A program that works, whichever it is, or the version that npm installs where it is not there.

    version: of npm alone it is sure to be all three numbers. source, registry: "" for npm's own.
    """

    install: t.Literal["present", "npm"]
    version: str
    source: str
    registry: str
    place: Place
    names: Names = OF_MODULE

    @property
    def package(self) -> str:
        """The package with its version, as npm takes it."""
        return f"{PACKAGE}@{self.version or 'VERSION'}"


def wanted_program(arguments: Arguments, place: Place, names: Names = OF_MODULE) -> WantedProgram:
    """What the options ask for. Raises CodexError."""
    install = arguments["install"]
    version, source, registry = (arguments[name] or "" for name in ("version", "source", "registry"))
    if install not in ("present", "npm"):
        raise CodexError(f"{names.install} must be {names.none}present or npm.")
    if install == "npm":
        _check_place(place, names)
        _check_version(version, names)
        _check_addresses(source, registry, names)
    return WantedProgram(install, version, source, registry, place, names)


def _check_place(place: Place, names: Names) -> None:
    advice = f"and set {names.install} to present{names.without}."
    if place.is_windows:
        raise CodexError(
            f"{names.install}: npm does not work on Windows hosts. Install Codex there by other means, {advice}"
        )
    if place.container is not None:
        raise CodexError(
            f"{names.install}: npm works on the host itself, but {names.container} names a container. Put Codex into "
            f"the image of the container, {advice}"
        )


def _check_version(version: str, names: Names) -> None:
    if not version:
        raise CodexError(f'{names.install}: npm needs {names.version}, such as "0.171.0".')
    if not re.fullmatch("[0-9]+[.][0-9]+[.][0-9]+", version):
        raise CodexError(
            f'{names.version} must be all three numbers of a version, in quotes, such as "0.171.0". With a name such '
            "as latest, a later run would install another version."
        )


def _check_addresses(source: str, registry: str, names: Names) -> None:
    if not re.match("/|https?://|$", source):
        raise CodexError(
            f"{names.source} must be an absolute path on the host, or an address that begins with http:// or https://."
        )
    if not re.match("https?://|$", registry):
        raise CodexError(f"{names.registry} must be an address that begins with http:// or https://.")
    # A password in an address would be in npm's arguments. npm passes over further slashes, of either kind.
    if any(re.match(r"https?:[/\\]+[^/\\?#]*@", address) for address in (source, registry)):
        raise CodexError(
            f"{names.source} and {names.registry} must have no user and no password in them, which every user of the "
            "host could read while npm runs. Put them into the .npmrc of the user that runs npm."
        )
