# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request as commands of sh, for hosts without Python. The program there reads no JSON."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from ansible_collections.fleet.codex.plugins.module_utils._apply.merging import with_unknown_fields
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileQuery, HomeRequest, Operation

Contents = t.Mapping[str | None, bytes]
"""Files as describe saw them, by their SHA-256. The program in sh sends them; it cannot merge or edit them itself."""

DETAILS: t.Final = {"auth": "auth", "lock": "lock"}
"""Beside "lines", the only details that the program makes a difference between: it sends contents whole."""


class Unquotable(Exception):
    """A value that no word of sh can hold."""


def quoted(value: str | bytes) -> bytes:
    """A value as one word of sh, whatever is in it: all values of a request go through here.

    Raises Unquotable for a NUL.
    """
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if b"\0" in data:
        raise Unquotable
    return b"'" + data.replace(b"'", b"'\\''") + b"'"


def words(*values: str | bytes) -> bytes:
    """A command with its arguments."""
    return b" ".join([str(values[0]).encode(), *map(quoted, values[1:])])


def home_commands(home: HomeRequest, contents: Contents, run: str) -> bytes:
    """The commands that serve one home of a request.

    contents: of the files that its operations change; run: hexadecimal digits that no other request has.
    """
    calls = [query(item) for item in home.get("files", [])]
    for number, item in enumerate(home.get("operations", [])):
        try:
            calls.append(operation(item, contents, f"{run}{number:02x}"))
        except Unquotable:  # of a file that somebody else may have written
            return words("refuse_home", home["user"] or "", item["path"])
    asked = [word for key, word in (("detect_version", "version"), ("login_status", "status")) if home.get(key)]
    start_check = base64.b64decode(home.get("start_check") or "").replace(b"\0", b"")  # no TOML has a NUL
    lines = [
        b"calls=" + quoted(b"\n".join(calls or [b":"])),
        b"ask_codex=" + quoted(" ".join(asked)),
        b"start_check=" + quoted(start_check) + b" quoted_start_check=" + quoted(quoted(start_check)),
        words("serve_every_user")
        if home.get("every_user")
        else words("serve_home", home["user"] or "", home["codex_home"] or ""),
    ]
    return b"\n".join(lines)


def query(item: FileQuery) -> bytes:
    """The command for a file query."""
    details = item.get("details")
    word = "lines" if isinstance(details, dict) else DETAILS.get(str(details), "content")
    return words("query", item["name"], item["base"], item["path"], word)


def operation(item: Operation, contents: Contents, name: str) -> bytes:
    """The command for an operation. name: hexadecimal digits for the names of its temporary files."""
    kind: str = item["operation"]
    is_in_part = kind == "lines" or "preserve_unknown_except" in item
    if is_in_part and item["expected"] and item["expected"] not in contents:
        kind = "unseen"
    return words("operation", kind, item["base"], item["path"], *ARGUMENTS[kind](item, contents, name))


def _mode(item: Operation) -> str:
    return f"{item['mode']:o}"


def _directory(item: Operation, _contents: Contents, _name: str) -> list[str | bytes]:
    return [_mode(item), "yes" if item.get("create_as_root") else ""]


def _changing(item: Operation) -> list[str | bytes]:
    keep = item.get("backup_keep")
    return [
        "yes" if item.get("backup") else "no",
        "" if keep is None else str(keep),
        " ".join(item.get("locks", ())),
        str(round(item["watch_seconds"] * 10)) if "watch_seconds" in item else "",
    ]


def _write(item: Operation, contents: Contents, name: str) -> list[str | bytes]:
    content, expected = base64.b64decode(item["content"]), t.cast(str | None, item["expected"])
    if "preserve_unknown_except" in item:
        content = with_unknown_fields(content, contents[expected], item["preserve_unknown_except"])
    return [_mode(item), expected or "", hashlib.sha256(content).hexdigest(), *_changing(item), name, content]


def _remove(item: Operation, _contents: Contents, name: str) -> list[str | bytes]:
    return [t.cast(str, item["expected"]) or "", *_changing(item), name]


def _lines(item: Operation, contents: Contents, name: str) -> list[str | bytes]:
    expected, marker, line = t.cast(str | None, item["expected"]), item["marker"].encode(), item["line"]
    before = contents[expected] if expected else b""
    kept = [old for old in before.split(b"\n") if not old.rstrip().endswith(marker)]
    if line is not None:
        kept.insert(0, line.encode())
    content = b"\n".join(kept)
    mode = _mode(item) if expected is None else f"kept {_mode(item)}"
    return [mode, expected or "", hashlib.sha256(content).hexdigest(), name, content]


ARGUMENTS: t.Final[dict[str, t.Callable[[Operation, Contents, str], list[str | bytes]]]] = {
    "directory": _directory,
    "write": _write,
    "mode": lambda item, _contents, _name: [_mode(item)],
    "remove": _remove,
    "lines": _lines,
    "link": lambda item, _contents, _name: [item["to"] or ""],
    "clean": lambda _item, _contents, _name: [],
    "unseen": lambda _item, _contents, _name: [],
    "give": lambda _item, _contents, _name: [],
}
"""The arguments of each operation, as _sh_apply/operations.sh says them."""
