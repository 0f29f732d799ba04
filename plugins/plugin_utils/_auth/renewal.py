# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Codex can renew a ChatGPT login at the server but not save it, which loses the login.

Measured on 0.58 to 0.171: the refresh token is spent first, and nothing is printed about the failed save.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer

LOCKS: t.Final[t.Mapping[str, str]] = {"auth.lock": "0.166", "auth.json.lock": "0.167.2"}
"""What Codex itself locks around a write, in its order, and the first version that takes each (measured)."""


def locks_to_give(described: HomeAnswer) -> list[str]:
    """The locks in a home that a program of root's left there, and that a deployment as root gives to the user."""
    if (
        not described.get("can_give", described["system"] != "windows")
        or not described["is_root"]
        or described["user_info"]["uid"] == 0
    ):
        return []
    found = ((name, described["files"].get(name)) for name in LOCKS)
    return [
        name
        for name, file in found
        if file and file["kind"] == "file" and "link" not in file and file.get("owner") == "root"
    ]


def renewal_problems(
    described: HomeAnswer, *, mode: int | None, replaced: bool, given: t.Collection[str] = ()
) -> list[str]:
    """What keeps Codex from saving renewed tokens in this home, a sentence each.

    mode: of the auth.json that will be there, None without one and on Windows; replaced: whether it is a new file by
    then; given: locks that will be the user's by then.
    """
    file, user, path = described["files"]["auth"], described["user_info"]["name"], described["files"]["auth"]["path"]
    problems = []
    if file.get("mount_point"):
        problems.append(
            f"{path} is a mount point of its own, and Codex 0.167.2 and later cannot save a renewed ChatGPT login "
            "there: it loses the login. Mount the folder instead of the file."
        )
    if file.get("hard_links", 1) > 1 and not replaced:
        problems.append(
            f"{path} has a second hard link, and Codex 0.167.2 and later cannot save a renewed ChatGPT login then: "
            "it loses the login. Remove the other name."
        )
    access = file.get("access")
    if access and not replaced:
        if not access["user"]:
            problems.append(
                f"{path} does not let {user} change it, so Codex cannot save a renewed ChatGPT login: it loses the "
                f"login. Give {user} full control of it."
            )
        if access["read_only"]:
            problems.append(
                f"{path} is read-only, so Codex cannot save a renewed ChatGPT login: it loses the login. Take the "
                "attribute away (attrib -R)."
            )
    elif not access and not replaced and file["kind"] == "file" and file.get("owner") != user:
        problems.append(
            f"{path} belongs to {file.get('owner')}, so {user}'s Codex cannot save a renewed ChatGPT login: it "
            "loses the login. Change the owner."
        )
    elif mode is not None and not mode & 0o200:
        problems.append(
            f"{path} is read-only, so Codex cannot save a renewed ChatGPT login: it loses the login. Give it mode 0600."
        )
    if file.get("folder_writable") is False:
        problems.append(
            f"{path} is a link to a file in a folder where {user} cannot write, so Codex 0.167.2 and later cannot save "
            "a renewed ChatGPT login: it loses the login. Let the user write in that folder, or put the file in place "
            "of the link."
        )
    problems += _lock_problems(described, given)
    folder = described["folder"]
    if folder["kind"] == "directory" and (
        folder.get("mode", 0o700) & 0o300 != 0o300 or not folder.get("access", {"user": True})["user"]
    ):
        how = "Give it mode 0700." if "mode" in folder else f"Give {user} full control of it."
        problems.append(
            f"{described['codex_home']} is not writable for {user}, so Codex cannot save a renewed ChatGPT login: it "
            f"loses the login. {how}"
        )
    if described["unsaved_logins"]:
        names = ", ".join(file["name"] for file in described["unsaved_logins"])
        names += "" if described.get("all_unsaved_logins", True) else " and more, which were not looked at"
        problems.append(
            f"{described['codex_home']} has {names}, left by a killed Codex: it may be the only copy of a renewed "
            "login. codex_auth_fetch brings it to the controller if it is; remove it then."
        )
    return problems


def lock_warnings(described: HomeAnswer) -> list[str]:
    """A sentence where Codex's locks cannot be held while a ChatGPT login is replaced."""
    if described.get("can_lock", True):
        return []
    path = described["files"]["auth"]["path"]
    return [
        f"This host has no flock, so {path} is changed without Codex's locks: a Codex that renews its ChatGPT login in "
        "that moment can lose it. Install flock (util-linux) or python3."
    ]


def _lock_problems(described: HomeAnswer, given: t.Collection[str]) -> list[str]:
    """A sentence for each lock file that the user cannot open for writing, as Codex does before it saves a login.

    Beside a link to a login, the second lock is not in the Codex home but where the link leads.
    """
    files, user = described["files"], described["user_info"]["name"]
    names = [name for name in LOCKS if name not in given and (name == "auth.lock" or "link" not in files["auth"])]
    problems = []
    for name in names:
        lock = files.get(name)
        if lock is None or lock["kind"] in ("absent", "dangling") or lock.get("writable", lock["kind"] == "file"):
            continue
        if lock["kind"] == "file":
            what, how = f"belongs to {lock.get('owner')}", f"Make {user} its owner, with mode 0600."
            if described["system"] == "windows":
                what, how = "cannot be written", f"Give {user} full control of it."
            elif lock.get("owner") == user:
                what, how = "is read-only", "Give it mode 0600."
        else:
            what, how = "is no file", "Move it away."
        problems.append(
            f"{lock['path']} {what}, so {user}'s Codex {LOCKS[name]} and later cannot lock it, and cannot save a "
            f"renewed ChatGPT login: it loses the login. {how}"
        )
    return problems
