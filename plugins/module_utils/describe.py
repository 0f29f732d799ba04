# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry of the Python target program: describes Codex homes and the files in them, without a secret.

Runs on POSIX targets with the modules that it imports, from standard input, under ``python -I -S`` 3.6
or later, with the standard library only. It takes one request and prints one answer, as
docs/protocol.md says, and decides nothing.
"""

import os
import sys

from ansible_collections.fleet.codex.plugins.module_utils._describe.file_facts import describe_file, is_mount_point
from ansible_collections.fleet.codex.plugins.module_utils._target.folders import (
    check_home_directory,
    check_link,
    check_way,
    describe_folder,
    in_home,
    is_root_controlled,
    resolve,
    unsafe_parent,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.homes import serve_homes
from ansible_collections.fleet.codex.plugins.module_utils._target.leftovers import leftovers
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import SIZE_LIMIT
from ansible_collections.fleet.codex.plugins.module_utils._target.users import (
    in_child_as,
    with_effective_user,
    works_for_another,
)

PROFILE_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
NAME_LIMIT = 10000  # names that are looked at in a Codex home; its owner can have any number
UNSAVED_LIMIT = 20  # files with renewed logins that are read

HOST_FILES = {}  # (facts, leftovers beside it) of files of the whole host, by their queries: alike for all homes


def main():
    """Answers the request on standard input."""
    serve_homes(describe)


def describe(home, user, codex_home):
    """The facts about a home, as the user sees them, and about files of the whole host, as this process does."""
    check_home_directory(home["files"], user, codex_home)
    answer = with_effective_user(user, lambda: describe_home(home, user, codex_home))
    if "error" in answer:
        return answer
    unsure = answer.pop("unsure")
    if unsure:  # in a child, as below
        may_write = in_child_as(user, lambda: [os.access(folder, os.W_OK | os.X_OK) for _name, folder in unsure])
        for (name, _folder), is_writable in zip(unsure, may_write):
            facts = answer["files"][name]
            facts["folder_writable"] = is_writable and facts.get("folder_writable", True)
    files, left = describe_host(home)
    answer["files"].update(files)
    answer["leftovers"] += left
    answer["is_root"] = os.geteuid() == 0
    folder = answer["folder"]
    if folder["kind"] == "absent":
        # In a child, since access() goes by the real user: glibc up to 2.32 does so even with AT_EACCESS.
        folder["writable"] = in_child_as(user, lambda: os.access(folder["below"], os.W_OK | os.X_OK))
        can_be_root = not folder["writable"] and works_for_another(user)
        folder["create_as_root"] = can_be_root and is_root_controlled(codex_home)
    return answer


def describe_home(home, user, codex_home):
    """The facts about a Codex home and those of the queried files that are not of the whole host."""
    answer = {"folder": describe_folder(codex_home, user), "files": {}, "unsure": []}
    folders, checked = set(), set()
    for item in home["files"]:
        if item["base"] == "host":
            continue
        path = resolve(item, user, codex_home)
        if in_home(item):
            check_once(os.path.dirname(path), user, checked)
        facts = answer["files"][item["name"]] = describe_file(path, item.get("details"))
        if not os.path.isabs(item["path"]):  # others are not written
            if "link" in facts and user["uid"] == 0:  # who would follow it to where another user chooses
                check_link(path, user)
            real = os.path.realpath(path) if "link" in facts else path
            folders.add(os.path.dirname(real))
            places = ([path] if in_home(item) else []) + ([real] if real != path else [])
            answer["unsure"] += [(item["name"], folder) for folder in unsure_folders(places, user)]
            if facts["kind"] == "file" and "link" in facts:
                facts["folder_writable"] = True  # unless it is one of those
    names, is_whole = list_folder(codex_home)
    answer["leftovers"] = leftovers(folders)
    answer["profiles"], answer["all_profiles"] = describe_profiles(codex_home, names)
    answer["unsaved_logins"], answer["all_unsaved_logins"] = describe_unsaved_logins(codex_home, names)
    if not is_whole:
        answer["all_profiles"] = answer["all_unsaved_logins"] = False
    # Before any program of the user runs, which could put a link to another user's home in its place.
    answer["real_home"] = os.path.realpath(codex_home)
    answer["home_directory_exists"] = os.path.isdir(user["home_directory"])
    answer["system"] = sys.platform
    return answer


def unsure_folders(paths, user):
    """The folders of these files, or the nearest above that exist, but for those that the user can surely write in."""
    for path in paths:
        folder = os.path.dirname(path)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        status = os.stat(folder)
        if status.st_uid != user["uid"] or status.st_mode & 0o300 != 0o300:
            yield folder


def describe_host(home):
    """The queried files of the whole host, as this process sees them, and leftovers of killed runs beside them."""
    files, left = {}, set()
    for item in home["files"]:
        if item["base"] == "host":
            key = (item["name"], item["path"], str(item.get("details")))
            if key not in HOST_FILES:
                HOST_FILES[key] = describe_host_file(item)
            files[item["name"]], beside = HOST_FILES[key]
            left.update(beside)
    return files, sorted(left)


def describe_host_file(item):
    """The facts about one file of the whole host, and leftovers beside it, which root alone looks for."""
    facts = describe_file(item["path"], item.get("details"))
    facts["unsafe_parent"] = unsafe_parent(item["path"])
    real = os.path.realpath(item["path"])
    if facts.get("owner", "root") != "root":  # which replacing it changes, unless it is mounted by itself
        facts["mount_point"] = is_mount_point(real)
    is_safe = os.geteuid() == 0 and not facts["unsafe_parent"]
    return facts, leftovers([os.path.dirname(real)]) if is_safe else []


def check_once(folder, user, checked):
    """check_way for a folder that is not among those that were checked before, and adds it to them."""
    if folder not in checked:
        check_way(folder, user)
        checked.add(folder)


def list_folder(folder):
    """The names in a folder, sorted, and whether these are all; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _number, entry in zip(range(NAME_LIMIT + 1), entries)]
    except OSError:
        return [], True
    return sorted(names[:NAME_LIMIT]), len(names) <= NAME_LIMIT


def describe_unsaved_logins(codex_home, names):
    """Files with renewed logins that a killed Codex left before it could rename them (0.167.2 and later, measured).

    Second: whether those are all there are.
    """
    names = [name for name in names if name.startswith(".auth-")]
    files = names[:UNSAVED_LIMIT]
    found = [dict(describe_file(os.path.join(codex_home, name), "auth", attempts=1), name=name) for name in files]
    return [file for file in found if file["kind"] != "absent"], len(names) <= UNSAVED_LIMIT


def is_profile(name):
    """Whether a file's name is NAME.config.toml, with a NAME that Codex takes for a profile (measured)."""
    profile = name[: -len(".config.toml")]
    return name.endswith(".config.toml") and profile != "" and PROFILE_CHARACTERS.issuperset(profile)


def describe_profiles(codex_home, names):
    """The files NAME.config.toml, which Codex 0.134 and later read with --profile NAME (measured).

    Second: whether those are all there are. The home's owner could have any number of them read, so they count up
    to SIZE_LIMIT together, each for at least a block of the disk.
    """
    found, left = [], SIZE_LIMIT
    for name in names:
        if not is_profile(name):
            continue
        file = describe_file(os.path.join(codex_home, name), "content")
        left -= max(len(file.get("content", "")) * 3 // 4, 4096)
        if left < 0 or file["kind"] == "oversized":
            return found, False
        if file["kind"] == "file":
            found.append(file)
    return found, True
