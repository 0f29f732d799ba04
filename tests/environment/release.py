# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Versions, for release.sh: whether one can be released, and where it is written.

release.py state VERSION FOLDER  prints `new`, or `prepared` if the newest entry of the changelog is VERSION already
release.py write VERSION FOLDER  writes VERSION into galaxy.yml, and into the examples of README.md and docs

FOLDER is a checkout. If VERSION cannot be released, one sentence says why, and the exit status is 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml


class RefusedError(Exception):
    """A sentence that says what is wrong and what to do."""


def parts(version: str) -> tuple[int, ...]:
    """MAJOR, MINOR and PATCH of a semantic version. Versions such as 1.0.0-rc.1 are not released."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise RefusedError(f"VERSION {version} is no semantic version of three numbers. Give one such as 0.2.0.")
    return tuple(int(part) for part in version.split("."))


def state(version: str, released: list[str], in_galaxy: str, fragments: list[str]) -> str:
    """``new`` or ``prepared``.

    ``released`` are the versions of changelogs/changelog.yaml, and ``in_galaxy`` is that of galaxy.yml. ``fragments``
    are the names of the files in changelogs/fragments.
    """
    wanted = parts(version)
    newest = max(released, key=parts, default=None)
    if newest is not None and wanted < parts(newest):
        raise RefusedError(f"VERSION {version} is older than {newest}, the newest of the changelog. Give a later one.")
    if version != newest:
        if not fragments:
            raise RefusedError("There is nothing to release: changelogs/fragments is empty. Add a fragment.")
        return "new"
    if fragments:
        raise RefusedError(
            f"The changelog has {version} already, without what is in changelogs/fragments. Give a later VERSION."
        )
    if in_galaxy != version:
        raise RefusedError(f"The changelog has {version} and galaxy.yml {in_galaxy}. Write {version} into galaxy.yml.")
    return "prepared"


def with_version(text: str, old: str, new: str) -> str:
    """galaxy.yml or a page with ``new`` for ``old``: in keys ``version``, archives and addresses of git."""
    before = r'^\s*version: "?(?:[>=]=)?|/fleet\.codex\.git,|\bfleet-codex-'
    return re.sub(rf"({before}){re.escape(old)}(?!\d|\.\d)", rf"\g<1>{new}", text, flags=re.M)


def version_in_galaxy(folder: Path) -> str:
    return str(yaml.safe_load((folder / "galaxy.yml").read_text(encoding="utf-8"))["version"])


def write(version: str, folder: Path) -> list[str]:
    """The names of the files that were changed."""
    old = version_in_galaxy(folder)
    changed = []
    for path in (folder / "galaxy.yml", folder / "README.md", *sorted((folder / "docs").glob("*.md"))):
        before = path.read_text(encoding="utf-8")
        after = with_version(before, old, version)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(str(path.relative_to(folder)))
    return changed


def main(action: str, version: str, folder: Path) -> str:
    if action == "write":
        return "\n".join(write(version, folder))
    changelogs = folder / "changelogs"
    released = yaml.safe_load((changelogs / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    fragments = [path.name for path in (changelogs / "fragments").glob("*.y*ml")]
    return state(version, list(released), version_in_galaxy(folder), fragments)


if __name__ == "__main__":
    try:
        print(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    except RefusedError as refusal:
        sys.exit(f"fleet.codex: {refusal}")
