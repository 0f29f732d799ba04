# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What each version of Codex sent and said, as a table that a person reads."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

TABLE = CHECKOUT / "tests" / "output" / "matrix.txt"
PROPERTY = "matrix"
"""The user property of a test's report that holds its Cell; reports reach the main process of pytest-xdist."""

_HEAD = """\
Real Codex binaries after the role ran: what `codex exec` sent, and what `codex login status` said.
One row for each version, one column for each preference that was declared beside the login: none,
preferred_auth_method, enforce_login_method, the same in the host's /etc/codex/config.toml, and a profile, with
which `codex exec --profile` ran.

sent   key, token   exactly the API key, or the access token, that was declared for this home
       nothing      no request, or one without a credential
       OTHER        any other credential, or more than one
said   key          Logged in using an API key
       configured   API key configured
       chatgpt      Logged in using ChatGPT
       none         Not logged in
*      the role wrote preferred_auth_method
!      the role wrote forced_login_method; (!) in a file that this version did not read
LOST   auth.json is gone, or no longer as it was deployed
"""


class Cell(t.TypedDict):
    """One version with one login and one preference; ``marks`` are those of the table's head."""

    login: str
    preference: str
    version: str
    sent: str
    said: str
    marks: str


def render(cells: t.Sequence[Cell]) -> str:
    """The table, a block for each login; its columns are in the order in which the cells come."""
    lines = [_HEAD]
    for login in sorted({cell["login"] for cell in cells}):
        block = [cell for cell in cells if cell["login"] == login]
        preferences = list(dict.fromkeys(cell["preference"] for cell in block))
        found = {(cell["version"], cell["preference"]): cell for cell in block}
        rows = [[login, *preferences]]
        for version in sorted({cell["version"] for cell in block}, key=number):
            rows.append([version, *(_text(found.get((version, preference))) for preference in preferences)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        lines.append("")
    return "\n".join(lines)


def write(cells: t.Sequence[Cell]) -> pathlib.Path:
    """Writes the table, in place of the one of an earlier run."""
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(render(cells), encoding="utf-8")
    return TABLE


def _text(cell: Cell | None) -> str:
    return f"{cell['sent']}/{cell['said']} {cell['marks']}".rstrip() if cell else "-"


def number(version: str) -> tuple[int, ...]:
    """A version's order among others."""
    return tuple(map(int, version.split(".")))
