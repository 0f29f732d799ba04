# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of the program in sh, a row of fields, as the answer that docs/protocol.md describes.

What comes from a user's own process may be anything: what is not as expected is left out, or ends that home's answer.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleet.codex.plugins.module_utils._target.codex_words import words_of
from ansible_collections.fleet.codex.plugins.plugin_utils._sh import file
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.fields import (
    KINDS,
    Boundaries,
    Field,
    fields,
    kind_and_mode,
    number,
    text,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._sh.system_errors import code_and_cause
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest

Facts = dict[str, t.Any]

OF_CODEX: t.Final = ("codex", "version_said", "login_method", "scratch", "start_said")
SAID: t.Final = {
    "describe_as_user": (
        *("folder", "folder_mode", "below", "leftover", "more", "home_directory_exists", "file", "profile", "unsaved"),
        *file.NAMES,
    ),
    "apply_as_user": ("in_place", "backup_file", "overwritten", "process", "path", "said", "result"),
    "ask_codex_as_user": OF_CODEX,
    "check_start_as_user": OF_CODEX,
}
"""What a process of the user may say, beside an error, by the function that it does."""

LEFT_OUT: t.Final = {
    "profiles": {"other", "oversized", *KINDS.values(), *file.KINDS_WITHOUT_MODE} - {"file"},
    "unsaved_logins": {"absent"},
}
KILLED: t.Final = ("124", "137")
"""Statuses of a process that its time ran out for."""


@dataclass
class Seen:
    """What an answer holds beside the protocol's: whether the host has flock, and all contents by their SHA-256."""

    can_lock: bool = False
    contents: dict[str | None, bytes] = field(default_factory=dict)


def read_answer(data: bytes, homes: t.Sequence[HomeRequest], boundaries: Boundaries, seen: Seen) -> list[Facts] | None:
    """The answers for the homes of a request; None where the end is missing."""
    answers: list[Facts] = []
    system, is_whole = "", False
    rows: list[tuple[str, list[Field]]] = []
    for name, value in fields(data, boundaries.outer):
        if name == "system":
            system = text(value).lower()
        elif name == "can_lock":
            seen.can_lock = True
        elif name == "end":
            is_whole = True
        elif name == "home":
            rows.append((text(value), []))
        elif rows:
            rows[-1][1].append((name, value))
    if not is_whole:
        return None
    for n, (user, found) in enumerate(rows):
        # An entry for every user is the last one, and alone stands for several.
        request = homes[min(n, len(homes) - 1)]
        home = Home(request, system, seen)
        home.read(found, boundaries.inner)
        answers.append({**home.answer, "user": user if request.get("every_user") and user else request["user"]})
    return answers


class Home:
    """The answer for one home, field by field."""

    def __init__(self, request: HomeRequest, system: str, seen: Seen) -> None:
        self.request = request
        self.seen = seen
        self.details = {query["name"]: query.get("details") for query in request.get("files", [])}
        self.answer: Facts = {}
        if "files" in request:
            self.answer = {
                "files": {},
                "leftovers": [],
                "profiles": [],
                "all_profiles": True,
                "unsaved_logins": [],
                "all_unsaved_logins": True,
                "is_root": False,
                "home_directory_exists": False,
                "system": system,
                "can_lock": seen.can_lock,
                "can_give": False,
            }
        else:
            self.answer["results"] = []
        if request.get("login_status"):
            self.answer["login_status"] = {"codex": None, "method": "unknown"}
        if request.get("detect_version"):
            self.answer["codex_version"] = None
        self.info: Facts = {}
        self.error: Facts | None = None
        self.create_as_root = False
        self.is_in_child = False
        self.child = ""  # the function that the next process of the user does
        self.seconds = ""  # that the next process of the user may take
        self.files: dict[str, file.File] = {}  # that were asked about
        self.file: file.File | None = None  # that the next fields are about
        self.pending: Facts = {}  # what comes before a result
        self.scratch = ""

    def read(self, found: t.Iterable[Field], inner: bytes) -> None:
        """Takes in all fields of the home. Its answer is an error where there is one."""
        for name, value in found:
            if self.error is not None and not name.startswith("error "):
                break
            if name == "child":
                self.read_child(value, inner)
            else:
                self.take(name, value)
        self.finish_file()
        if self.error is not None:
            self.answer = {"error": self.error}
            return
        for name in {"profiles", "unsaved_logins"} & self.answer.keys():
            self.answer[name] = [file for file in self.answer[name] if file["kind"] not in LEFT_OUT[name]]
        folder = self.answer.get("folder")
        if folder and folder["kind"] == "absent":
            folder["create_as_root"] = self.create_as_root and not folder["writable"]
        self.answer["user_info"] = self.info

    def read_child(self, said: bytes, inner: bytes) -> None:
        """What a process of the user said, and after the last NUL how it ended."""
        body, _nul, status = said.rpartition(b"\0")
        is_whole = False
        self.is_in_child = True
        for name, value in fields(body, inner):
            if name == "whole":
                is_whole = True
            elif name.startswith("error") or name in SAID.get(self.child, ()):
                self.take(name, value)
        self.finish_file()
        self.is_in_child = False
        if self.child == "describe_as_user" and not self.is_described():
            is_whole = False
        if self.error is None and not is_whole:
            reason = "too_slow" if text(status) in KILLED else "child_died"
            self.error = {"reason": reason, "user": self.info.get("name", "")}
            if reason == "too_slow":
                self.error["seconds"] = self.seconds

    def is_described(self) -> bool:
        """Whether the user's process said something of all that it was asked about."""
        asked = [query["name"] for query in self.request["files"] if query["base"] != "host"]
        folder = self.answer.get("folder", {"kind": "absent"})
        is_whole = ("mode" if folder["kind"] == "directory" else "below") in folder
        return is_whole and all(name in self.files and self.files[name].is_whole for name in asked)

    def take(self, name: str, value: bytes) -> None:
        """Takes in one field."""
        if name in ("uid", "gid"):
            self.info[name] = number(value)
        elif name in ("user", "home_directory", "shell"):
            self.info["name" if name == "user" else name] = text(value)
        elif name == "child_of":
            self.child = text(value)
        elif name == "seconds":
            self.seconds = text(value)
        elif name == "codex_home":
            self.answer[name] = text(value)
        elif name == "error":
            self.error = {"reason": text(value)}
        elif name.startswith("error "):
            self.take_error(name[6:], text(value))
        elif name in ("file", "profile", "unsaved") and "files" in self.answer:
            self.begin_file(name, text(value))
        elif self.take_of_folder(name, value) or self.take_of_result(name, value) or self.take_of_codex(name, value):
            pass
        elif self.file:
            self.file.take(name, value)

    def take_error(self, name: str, value: str) -> None:
        """One more fact of the error."""
        if self.error is not None:
            if name == "said":
                self.error["code"], self.error["cause"] = code_and_cause(value)
            else:
                self.error[name] = value

    def take_of_folder(self, name: str, value: bytes) -> bool:
        """Takes in a field about the Codex home as a whole; False for any other field."""
        answer, folder = self.answer, self.answer.get("folder", {})
        if "files" not in answer:
            return False
        if name == "folder":
            kind = "directory" if value == b"directory" else "absent"
            answer["folder"] = {"path": answer.get("codex_home", ""), "kind": kind}
            if kind == "absent":
                answer["folder"]["writable"] = False
        elif name == "folder_mode":
            folder["mode"] = kind_and_mode(value)[1]
        elif name == "below":
            folder["below"] = text(value)
        elif name == "writable" and not self.file:
            folder["writable"] = True
        elif name == "leftover":
            self.finish_file()
            answer["leftovers"].append(text(value))
        elif name == "more" and value in (b"profiles", b"unsaved_logins"):
            answer[f"all_{text(value)}"] = False
        elif name in ("is_root", "home_directory_exists"):
            answer[name] = True
        elif name == "real_home":
            self.finish_file()
            answer[name] = text(value)
        elif name == "create_as_root":
            self.create_as_root = True
        else:
            return False
        return True

    def may_be_told(self, name: str) -> bool:
        """Whether the part of the answer that is read may say something of this file: of the host's, root alone."""
        bases: list[str] = [query["base"] for query in self.request["files"] if query["name"] == name]
        return bases != [] and (bases[0] == "host") != self.is_in_child

    def begin_file(self, kind: str, name: str) -> None:
        """The fields that follow are about another file."""
        self.finish_file()
        details = self.details.get(name) if kind == "file" else {"profile": "content"}.get(kind, "auth")
        self.file = file.File(details, self.seen.contents)
        if kind == "profile":
            self.answer["profiles"].append(self.file.facts)
        elif kind == "unsaved":
            self.file.facts["name"] = name
            self.answer["unsaved_logins"].append(self.file.facts)
        elif self.may_be_told(name):
            self.files[name] = self.file
            self.answer["files"][name] = self.file.facts

    def finish_file(self) -> None:
        """There are no more fields about the file."""
        if self.file:
            self.file.finish()
        self.file = None

    def take_of_result(self, name: str, value: bytes) -> bool:
        """Takes in a field about how an operation went; False for any other field. `result` comes after its facts."""
        if "results" not in self.answer:
            return False
        pending = self.pending
        if name == "in_place":
            pending[name] = value == b"1"
        elif name == "backup_file":
            pending[name] = text(value) or None
        elif name == "overwritten":
            pending[name] = value == b"1"
            pending.setdefault("processes", [])
        elif name == "process":
            pid, _slash, program = text(value).partition("/")
            pending.setdefault("processes", []).append({"pid": number(pid.encode()), "name": program})
        elif name == "path":
            pending[name] = text(value)
        elif name == "said":
            pending["code"], pending["cause"] = code_and_cause(text(value))
            pending["reason"] = "system"
        elif name == "result":
            self.answer["results"].append({**pending, "status": text(value)})
            self.pending = {}
        else:
            return False
        return True

    def take_of_codex(self, name: str, value: bytes) -> bool:
        """Takes in what the user's codex said; False for any other field."""
        answer = self.answer
        if name == "codex":
            if "login_status" in answer:
                answer["login_status"]["codex"] = text(value)
        elif name == "version_said":
            said = text(value).split()
            is_version = said and len(said[-1]) <= 50 and re.match(r"\d+\.\d+\.\d+", said[-1])
            answer["codex_version"] = said[-1] if is_version else None
        elif name == "login_method":
            answer.setdefault("login_status", {"codex": None})["method"] = text(value)
        elif name == "scratch":
            self.scratch = text(value)
        elif name == "start_said":
            said_of_it = value.decode("utf-8", "replace").replace(f"{self.scratch}/", "")
            answer["start_problem"] = words_of(said_of_it) or "Error loading configuration"
        else:
            return False
        return True
