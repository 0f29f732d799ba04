# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Codex each user has, as describe found it, and whether that is the one that is wanted."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._program.wanted import WantedProgram
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer

Found = dict[str, t.Any]
"""An entry of the result ``homes``: ``user``, and ``codex_version`` (None: none works) or ``failed`` and ``msg``."""


def could_not_look(wanted: WantedProgram, reason: str) -> CodexError:
    """The refusal of a host on which nobody can be asked for a version."""
    return CodexError(f"{wanted.names.install}: {wanted.install} could not look for Codex on {wanted.place}: {reason}")


def found_programs(
    users: t.Sequence[str | None], answers: t.Sequence[HomeAnswer], wanted: WantedProgram
) -> list[Found]:
    """What each user has, in the order of the answers. A named user who cannot be asked is one of the results.

    users: for each answer, whom the task names; None for the user that it runs as. Raises CodexError where that user
    cannot be asked. On Windows also where any other cannot: a task must not run the codex of another user there.
    """
    found: list[Found] = []
    for user, answer in zip(users, answers, strict=True):
        if "error" not in answer:
            found.append({"user": answer["user_info"]["name"], "codex_version": answer.get("codex_version")})
            continue
        reason = messages.target_error(answer["error"])
        if wanted.place.is_windows or user is None:
            raise could_not_look(wanted, reason)
        found.append({"user": user, "failed": True, "msg": reason})
    return found


def needs_npm(found: t.Sequence[Found], wanted: WantedProgram) -> bool:
    """Whether npm has to install the program. Also where none of the users could be asked: the program is for all."""
    if wanted.install != "npm" or not found:
        return False
    return not _asked(found) or problem(found, wanted) is not None


def problem(found: t.Sequence[Found], wanted: WantedProgram) -> str | None:
    """Why what the users have is not what is wanted, with npm: after it was installed. None where it is."""
    names, place = wanted.names, wanted.place
    lacking = _people(entry for entry in _asked(found) if not entry["codex_version"])
    if wanted.install == "present":
        if not lacking:
            return None
        otherwise = f", or set {names.install} to npm." if place.can_have_npm else "."
        return (
            f"{names.install}: present finds no codex that works for {lacking} on {place}. Install one that everybody "
            f"there can run, such as with `npm install --global {wanted.package}`{otherwise}"
        )
    if lacking:
        return (
            f"npm installed Codex {wanted.version} on {place}, but no codex works for {lacking} there. See that the "
            "registry has the package for the system of the host, and that everybody can read what npm installed."
        )
    others = [entry for entry in _asked(found) if entry["codex_version"] != wanted.version]
    if others:
        return (
            f"npm installed Codex {wanted.version} on {place}, but the codex that {_people(others)} would run there is "
            f"{others[0]['codex_version']}. Remove that one, or correct {names.source}."
        )
    return None


def _asked(found: t.Iterable[Found]) -> list[Found]:
    """Without the users who could not be asked: whoever logs them in says why."""
    return [entry for entry in found if not entry.get("failed")]


def _people(found: t.Iterable[Found]) -> str:
    return " and ".join(dict.fromkeys(entry["user"] for entry in found))
