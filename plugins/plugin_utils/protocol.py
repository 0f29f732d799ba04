# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of requests to target programs and of their answers, as docs/protocol.md describes them.

Target programs in all languages speak these. Their version is PROTOCOL in module_utils/_target/wire.py.
"""

from __future__ import annotations

import typing as t

Base = t.Literal["codex_home", "home_directory", "host", "environment"]
"""What a path is relative to: the Codex home, the user's home directory, or nothing.

On Windows, `environment` stands for variables in the registry: those of the path ``user``, or ``machine``.

Files of the whole host (``host``) are looked at and written as whoever runs the task, which must be root to write.
"""


class FileQuery(t.TypedDict):
    """A file that describe is to look at; ``details``: what it reports beyond kind, mode, owner and digest."""

    name: str
    base: Base
    path: str
    details: t.NotRequired[t.Literal["auth", "content", "variables", "lock"] | dict[t.Literal["lines"], str] | None]


class Operation(t.TypedDict):
    """One change; docs/protocol.md says which keys go with which operation."""

    operation: t.Literal[
        "directory", "write", "mode", "remove", "lines", "link", "clean", "give", "access", "variables"
    ]
    base: Base
    path: str
    mode: t.NotRequired[int]
    access: t.NotRequired[t.Literal["private", "readable_by_all"]]
    content: t.NotRequired[str]
    expected: t.NotRequired[str | dict[str, str | None] | None]
    set: t.NotRequired[dict[str, str]]
    remove: t.NotRequired[list[str]]
    backup: t.NotRequired[bool]
    backup_keep: t.NotRequired[int | None]
    line: t.NotRequired[str | None]
    marker: t.NotRequired[str]
    to: t.NotRequired[str | None]
    create_as_root: t.NotRequired[bool]
    locks: t.NotRequired[list[str]]
    preserve_unknown_except: t.NotRequired[list[str]]
    watch_seconds: t.NotRequired[float]


class HomeRequest(t.TypedDict):
    """What to do for one Codex home; ``user`` None is the one that the task runs as.

    ``every_user``: the entry, which has no ``codex_home``, means one entry for each user that has a ~/.codex.
    """

    user: str | None
    codex_home: str | None
    every_user: t.NotRequired[bool]
    files: t.NotRequired[list[FileQuery]]
    operations: t.NotRequired[list[Operation]]
    detect_version: t.NotRequired[bool]
    login_status: t.NotRequired[bool]
    start_check: t.NotRequired[str]
    login: t.NotRequired[SignInRequest]


class SignInRequest(t.TypedDict):
    """One step of a sign-in; ``name``: 16 hexadecimal digits that the controller chose for it.

    start has ``arguments`` for `codex`, the ``environment`` of the task for it, and the ``seconds`` that it may take;
    wait what was ``seen``, the length of the output and the digest of the auth.json; install the digest ``sha256`` of
    the auth.json, and ``drop_api_key``.
    """

    step: t.Literal["start", "wait", "install", "stop"]
    name: str
    arguments: t.NotRequired[list[str]]
    environment: t.NotRequired[dict[str, str]]
    seconds: t.NotRequired[int]
    seen: t.NotRequired[list[int | str | None]]
    sha256: t.NotRequired[str]
    drop_api_key: t.NotRequired[bool]


class AuthSummary(t.TypedDict, total=False):
    """An auth.json without its secrets: ``secrets`` has their SHA-256 by their names."""

    malformed: bool
    fields: list[str]
    auth_mode: str | None
    last_refresh: str | None
    account_id: str | None
    secrets: dict[str, str]
    claims: dict[str, dict[str, t.Any]]


class AccessFacts(t.TypedDict):
    """Who may do what with a file on Windows: others are named, beside the user, SYSTEM and Administrators."""

    owner_is_user: bool
    user: bool
    readers: list[str]
    writers: list[str]
    everyone: bool
    inherits: bool
    read_only: bool


class FileFacts(t.TypedDict):
    """A file as describe found it; ``kind`` is absent, file, directory, dangling, unreadable, …"""

    path: str
    kind: str
    mode: t.NotRequired[int]
    access: t.NotRequired[AccessFacts]
    owner: t.NotRequired[str]
    link: t.NotRequired[str]
    sha256: t.NotRequired[str]
    auth: t.NotRequired[AuthSummary]
    hard_links: t.NotRequired[int]
    mount_point: t.NotRequired[bool]
    writable: t.NotRequired[bool]
    folder_writable: t.NotRequired[bool]
    unsafe_parent: t.NotRequired[str | None]
    unsafe_who: t.NotRequired[str | None]
    content: t.NotRequired[str]
    lines: t.NotRequired[list[str]]
    variables: t.NotRequired[dict[str, str]]
    reason: t.NotRequired[str]
    code: t.NotRequired[str]
    cause: t.NotRequired[str]


class UnsavedLogin(FileFacts):
    """A file that a killed Codex left before it could rename it to auth.json; ``name`` is without the folder."""

    name: str


class FolderFacts(t.TypedDict):
    """The Codex home; while it is absent, whether the user, or root for the user, can make it."""

    path: str
    kind: t.Literal["absent", "directory"]
    mode: t.NotRequired[int]
    access: t.NotRequired[AccessFacts]
    below: t.NotRequired[str]
    writable: t.NotRequired[bool]
    create_as_root: t.NotRequired[bool]


class UserInfo(t.TypedDict):
    """A user of the target, from its user database; with a SID on Windows, with the other three on POSIX."""

    name: str
    home_directory: str
    uid: t.NotRequired[int]
    gid: t.NotRequired[int]
    shell: t.NotRequired[str]
    sid: t.NotRequired[str]


class TargetErrorFacts(t.TypedDict, total=False):
    """Why a home cannot be worked on, or an operation not be done."""

    reason: t.Required[str]
    path: str
    owner: str
    user: str
    running: str
    utility: str
    who: str
    code: str
    cause: str


class LoginStatus(t.TypedDict):
    """What the host's own ``codex login status`` says of a home; ``codex``: its path, None where there is none."""

    codex: str | None
    method: str


class Process(t.TypedDict):
    """A running program of a user."""

    pid: int
    name: str


class OperationResult(t.TypedDict):
    """How one operation ended. The first that is not done is the last one that was tried."""

    status: t.Literal["done", "conflict", "failed"]
    path: t.NotRequired[str]
    in_place: t.NotRequired[bool]
    backup_file: t.NotRequired[str | None]
    processes: t.NotRequired[list[Process]]
    overwritten: t.NotRequired[bool]
    reason: t.NotRequired[str]
    code: t.NotRequired[str]
    cause: t.NotRequired[str]


class SignInFacts(t.TypedDict):
    """A sign-in under way: all that `codex` printed, its exit status when it has ended, and the auth.json it wrote.

    is_alive: whether its supervisor still looks after it.
    """

    is_alive: bool
    output: str
    status: int | None
    auth: FileFacts


class HomeAnswer(t.TypedDict, total=False):
    """The answer for one home: an error, or what describe found, or how apply went."""

    user: str | None
    error: TargetErrorFacts
    user_info: UserInfo
    codex_home: str
    real_home: str
    folder: FolderFacts
    files: dict[str, FileFacts]
    leftovers: list[str]
    profiles: list[FileFacts]
    all_profiles: bool
    is_root: bool
    unsaved_logins: list[UnsavedLogin]
    all_unsaved_logins: bool
    home_directory_exists: bool
    system: str
    can_lock: bool
    can_give: bool
    codex_version: str | None
    login_status: LoginStatus
    results: list[OperationResult]
    start_problem: str
    login: SignInFacts


class Envelope(t.TypedDict):
    """What every request has. ``key`` masks the answer, since Ansible prints the output of commands.

    in_container: whether HOME and CODEX_HOME of the process count as if they were in ``environment``.
    """

    protocol: int
    key: str
    environment: dict[str, str]
    in_container: t.NotRequired[bool]


class HomesRequest(t.TypedDict):
    """What describe, apply and login are asked, beside the envelope."""

    operation: t.Literal["describe", "apply", "login"]
    homes: list[HomeRequest]


class ProbeRequest(t.TypedDict):
    """What ask_api is asked, beside the envelope; ``timeout`` in seconds, for each HTTP request."""

    api_key: str
    base_url: str
    proxy: str | None
    ca_file: str | None
    timeout: int
    retries: int


class ProbeAnswer(t.TypedDict, total=False):
    """The API's last answer, or ``error``: what kept ask_api from getting one."""

    status: int
    body: str
    attempts: int
    retry_after: float | None
    error: str
    cause: str
