# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of the request and the answer between controller and target half (docs/architecture.md).

Every target half, in whatever language, answers these; the behaviour tests are written against them. Their version
is PROTOCOL in module_utils/wire.py.
"""

from __future__ import annotations

import typing as t

Base = t.Literal["codex_home", "home", "host"]
"""What a path is relative to: the Codex home, the account's home, or nothing.

Files of the whole host (``host``) are looked at and written as whoever runs the task, which must be root to write.
"""


class FileQuery(t.TypedDict):
    """A file that describe shall look at; ``report`` says what beyond kind, mode, owner and digest."""

    name: str
    base: Base
    path: str
    report: t.NotRequired[t.Literal["auth", "content", "variables"] | dict[t.Literal["lines"], str] | None]


class Operation(t.TypedDict):
    """One change; which keys go with which operation stands in docs/architecture.md."""

    operation: t.Literal["directory", "write", "mode", "remove", "lines", "link", "clean"]
    base: Base
    path: str
    mode: t.NotRequired[int]
    content: t.NotRequired[str]
    expected: t.NotRequired[str | None]
    backup: t.NotRequired[bool]
    backup_keep: t.NotRequired[int | None]
    line: t.NotRequired[str | None]
    marker: t.NotRequired[str]
    to: t.NotRequired[str | None]
    by_root: t.NotRequired[bool]
    locks: t.NotRequired[list[str]]
    keep_unknown_but: t.NotRequired[list[str]]
    settle: t.NotRequired[float]


class HomeRequest(t.TypedDict):
    """What to do for one Codex home; ``user`` None is the account that the task runs as.

    ``every_account`` stands for one such entry, without a ``codex_home``, for each account that has a ~/.codex.
    """

    user: str | None
    codex_home: str | None
    every_account: t.NotRequired[bool]
    files: t.NotRequired[list[FileQuery]]
    operations: t.NotRequired[list[Operation]]
    detect_version: t.NotRequired[bool]
    login_status: t.NotRequired[bool]


class AuthSummary(t.TypedDict, total=False):
    """An auth.json without its secrets: these stand as SHA-256 under their names."""

    malformed: bool
    fields: list[str]
    auth_mode: str | None
    last_refresh: str | None
    account_id: str | None
    secrets: dict[str, str]
    claims: dict[str, dict[str, t.Any]]


class FileFacts(t.TypedDict):
    """A file as describe found it; ``kind`` is absent, file, directory, dangling, unreadable, …"""

    path: str
    kind: str
    mode: t.NotRequired[int]
    owner: t.NotRequired[str]
    link: t.NotRequired[str]
    sha256: t.NotRequired[str]
    auth: t.NotRequired[AuthSummary]
    hard_links: t.NotRequired[int]
    mount_point: t.NotRequired[bool]
    not_roots: t.NotRequired[str | None]
    content: t.NotRequired[str]
    lines: t.NotRequired[list[str]]
    variables: t.NotRequired[list[str]]
    reason: t.NotRequired[str]
    code: t.NotRequired[str]
    cause: t.NotRequired[str]


class UnsavedLogin(FileFacts):
    """A file that a killed Codex left before it could rename it to auth.json; ``name`` is without the folder."""

    name: str


class FolderFacts(t.TypedDict):
    """The Codex home; while it is absent, whether the account, or root for it, can make it."""

    path: str
    kind: t.Literal["absent", "directory"]
    mode: t.NotRequired[int]
    below: t.NotRequired[str]
    writable: t.NotRequired[bool]
    by_root: t.NotRequired[bool]


class Account(t.TypedDict):
    """An account of the target, from its account database."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


class ObstacleFacts(t.TypedDict, total=False):
    """Why a home cannot be worked on, or an operation not be done."""

    reason: t.Required[str]
    path: str
    owner: str
    user: str
    running: str
    code: str
    cause: str


class LoginStatus(t.TypedDict):
    """What the host's own ``codex login status`` made of a home; ``codex`` None: none found."""

    codex: str | None
    method: str


class Process(t.TypedDict):
    """A running program of an account."""

    pid: int
    name: str


class OperationResult(t.TypedDict):
    """How one operation ended; after the first that is not done, none follows."""

    status: t.Literal["done", "conflict", "failed"]
    path: t.NotRequired[str]
    in_place: t.NotRequired[bool]
    backup_file: t.NotRequired[str | None]
    processes: t.NotRequired[list[Process]]
    rewritten: t.NotRequired[bool]
    reason: t.NotRequired[str]
    code: t.NotRequired[str]
    cause: t.NotRequired[str]


class HomeAnswer(t.TypedDict, total=False):
    """The answer for one home: an obstacle, or what describe found, or how apply went."""

    user: str | None
    obstacle: ObstacleFacts
    account: Account
    codex_home: str
    real_home: str
    folder: FolderFacts
    files: dict[str, FileFacts]
    leftovers: list[str]
    profiles: list[FileFacts]
    all_profiles: bool
    root: bool
    unsaved_logins: list[UnsavedLogin]
    home_exists: bool
    system: str
    codex_version: str | None
    login_status: LoginStatus
    results: list[OperationResult]


class Envelope(t.TypedDict):
    """What every execution's input has. ``key`` masks the answer: Ansible prints what commands answer."""

    protocol: int
    key: str
    environment: dict[str, str]


class HomeQuestion(t.TypedDict):
    """What store.py is asked, beside the envelope."""

    operation: t.Literal["describe", "apply"]
    homes: list[HomeRequest]


class KeyQuestion(t.TypedDict):
    """What api_key.py is asked, beside the envelope; ``timeout`` in seconds, for each request."""

    api_key: str
    base_url: str
    proxy: str | None
    ca_file: str | None
    timeout: int
    retries: int


class KeyAnswer(t.TypedDict, total=False):
    """How api_key.py fared: the API's last answer, or what kept it from getting one."""

    status: int
    body: str
    attempts: int
    retry_after: float | None
    trouble: str
    cause: str
