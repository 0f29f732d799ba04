# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Desired and described homes of Windows hosts, without one."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME as HOME_SPEC
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._platform import paths
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AccessFacts, FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.options import with_defaults

PROFILE = "C:\\Users\\alice"
CODEX_HOME = f"{PROFILE}\\.codex"


def acl(**more: t.Any) -> AccessFacts:
    """What describe says of a file that only its user, SYSTEM and Administrators have access to; ``more``: and else."""
    facts = {"owner_is_user": True, "user": True, "readers": [], "writers": [], "everyone": False}
    return t.cast(AccessFacts, {**facts, "inherits": False, "read_only": False, **more})


def on_windows(file: FileFacts, **more: t.Any) -> FileFacts:
    """The facts about the same file on a Windows host; ``more``: of its access."""
    return t.cast(FileFacts, {**{key: file[key] for key in file if key != "mode"}, "access": acl(**more)})


def registry(**variables: str) -> FileFacts:
    """The facts about variables in the registry."""
    digests = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in variables.items()}
    return t.cast(FileFacts, {"kind": "file", "variables": digests})


def desired(where: str = "", **arguments: t.Any) -> DesiredHome:
    """The home of alice on a Windows host that an entry of ``homes`` with these options declares."""
    options = with_defaults({"user": "alice", **arguments}, HOME_SPEC)
    return desired_home(options, lambda name: b"", where, is_windows=True)


def describe(home: DesiredHome, **files: FileFacts) -> HomeAnswer:
    """What describe answers for a home with these files and no others; names as in the request, "." as "__"."""
    codex_home = home.codex_home or CODEX_HOME
    folders = {"codex_home": codex_home, "home_directory": PROFILE, "host": "C:\\", "environment": "HKEY_USERS\\S-1"}
    described: dict[str, FileFacts] = {}
    for query in describe_request(home)["files"]:
        path = query["path"].replace("%ProgramData%", "C:\\ProgramData")
        described[query["name"]] = {"path": paths.join(folders[query["base"]], path), "kind": "absent"}
    for name in described.keys() & {"user_environment", "machine_environment"}:
        described[name] |= registry()
    for name, facts in files.items():
        described[name.replace("__", ".")] |= facts
    return {
        "user": home.user,
        "user_info": {"name": "alice", "sid": "S-1-5-21-1-2-3-1001", "home_directory": PROFILE},
        "codex_home": codex_home,
        "real_home": codex_home,
        "folder": {"path": codex_home, "kind": "directory", "access": acl()},
        "files": described,
        "leftovers": [],
        "profiles": [],
        "all_profiles": True,
        "is_root": True,
        "unsaved_logins": [],
        "all_unsaved_logins": True,
        "home_directory_exists": True,
        "system": "windows",
    }
