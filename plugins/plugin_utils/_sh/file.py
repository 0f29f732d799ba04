# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of one file, out of the fields that the program in sh prints about it."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.module_utils._describe.content import describe_content
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.fields import kind_and_mode, number, text
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.system_errors import code_and_cause

NAMES: t.Final = (
    *("path", "kind", "link", "mode", "owner", "hard_links", "writable", "said", "oversized", "content"),
    *("mount_point", "folder_writable"),
)
"""The fields about a file that a process of its owner may print."""

KINDS_WITHOUT_MODE: t.Final = ("absent", "dangling", "unreadable")


class File:
    """One file. details: as in its query; contents: where its bytes are kept, by their SHA-256."""

    def __init__(self, details: t.Any, contents: dict[str | None, bytes]) -> None:
        self.details = details
        self.contents = contents
        self.facts: dict[str, t.Any] = {"kind": "absent"}

    def take(self, name: str, value: bytes) -> None:
        """Takes in one field."""
        facts = self.facts
        if name == "mode":
            facts["kind"], facts["mode"] = kind_and_mode(value)
        elif name == "kind":
            facts["kind"] = text(value) if text(value) in KINDS_WITHOUT_MODE else "unreadable"
        elif name in ("path", "owner", "link"):
            facts[name] = text(value)
        elif name == "unsafe_parent":
            facts[name] = text(value) or None
        elif name == "hard_links" and self.details == "auth":
            facts[name] = number(value)
        elif name in ("writable", "mount_point"):
            facts[name] = True
        elif name == "folder_writable":
            facts[name] = value == b"1"
        elif name == "said":
            for known in ("sha256", "content", "variables", "lines", "auth"):  # of the part that could be read
                facts.pop(known, None)
            facts["kind"], facts["reason"] = "unreadable", "system"
            facts["code"], facts["cause"] = code_and_cause(text(value))
        elif name == "oversized":
            facts["kind"], facts["sha256"] = "oversized", text(value)
        elif name == "content":
            self._take_content(value)

    def _take_content(self, data: bytes) -> None:
        facts = self.facts
        facts["sha256"] = hashlib.sha256(data).hexdigest()
        self.contents[facts["sha256"]] = data
        if self.details == "auth":
            facts["auth"] = summarise(data)
        else:
            facts.update(describe_content(data, self.details))

    def finish(self) -> None:
        """Adds what the program leaves out where it is not so."""
        facts, details = self.facts, self.details
        if facts["kind"] == "file":
            if details == "lock" or isinstance(details, dict):
                facts.setdefault("writable", False)
            if details == "auth" or (facts.get("owner", "root") != "root" and "unsafe_parent" in facts):
                facts.setdefault("mount_point", False)

    @property
    def is_whole(self) -> bool:
        """Whether it has the facts without which nobody can decide about it."""
        facts = self.facts
        needed = {"path", "mode"} if facts["kind"] == "file" else {"path"}
        return needed <= facts.keys() and (facts["kind"] != "file" or "sha256" in facts or "writable" in facts)
