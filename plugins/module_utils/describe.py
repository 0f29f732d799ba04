# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A describe request for one home: its folder, its files and those of the whole host.

Runs on the target, as a part of store.py's program.
"""

import base64
import errno
import os
import re
import stat
import sys
import time

from ansible_collections.fleet.codex.plugins.module_utils.accounts import (
    as_account,
    looking_as,
    owner_name,
    works_for_another,
)
from ansible_collections.fleet.codex.plugins.module_utils.auth_facts import summarise_auth
from ansible_collections.fleet.codex.plugins.module_utils.folders import (
    describe_folder,
    not_roots,
    place,
    root_alone_leads,
)
from ansible_collections.fleet.codex.plugins.module_utils.obstacles import failure
from ansible_collections.fleet.codex.plugins.module_utils.reading import SIZE_LIMIT, digest, read_file
from ansible_collections.fleet.codex.plugins.module_utils.writing import leftovers

KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def describe(home, account, codex_home):
    """The facts about a home, as the account sees them, and about files of the whole host, as this process does."""
    answer = looking_as(account, lambda: describe_home(home, account, codex_home))
    if "obstacle" in answer:
        return answer
    files, left = describe_host(home)
    answer["files"].update(files)
    answer["leftovers"] += left
    answer["root"] = os.geteuid() == 0
    folder = answer["folder"]
    if folder["kind"] == "absent":
        # In a child, since access() goes by the real user: glibc up to 2.32 does so even where told not to.
        folder["writable"] = as_account(account, lambda: os.access(folder["below"], os.W_OK | os.X_OK))
        folder["by_root"] = not folder["writable"] and works_for_another(account) and root_alone_leads(codex_home)
    return answer


def describe_home(home, account, codex_home):
    answer = {"folder": describe_folder(codex_home, account), "files": {}}
    folders = set()
    for item in home["files"]:
        if item["base"] != "host":
            path = place(item, account, codex_home)
            answer["files"][item["name"]] = describe_file(path, item.get("report"))
            folders.add(os.path.dirname(os.path.realpath(path)))
    answer["leftovers"] = leftovers(folders)
    answer["profiles"], answer["all_profiles"] = profiles(codex_home)
    answer["unsaved_logins"] = unsaved_logins(codex_home)
    answer["home_exists"] = os.path.isdir(account["home"])
    answer["system"] = sys.platform
    return answer


def describe_host(home):
    """The files of the whole host that are asked for, as whoever runs this sees them, and what killed runs left."""
    items = [item for item in home["files"] if item["base"] == "host"]
    files = {
        item["name"]: dict(describe_file(item["path"], item.get("report")), not_roots=not_roots(item["path"]))
        for item in items
    }
    for facts in files.values():
        if facts.get("owner", "root") != "root":  # which replacing it changes, unless it is mounted by itself
            facts["mount_point"] = is_mount_point(os.path.realpath(facts["path"]))
    safe = [item["path"] for item in items if not files[item["name"]]["not_roots"]]
    return files, leftovers({os.path.dirname(os.path.realpath(path)) for path in safe}) if os.geteuid() == 0 else []


def unsaved_logins(codex_home):
    """Files that a killed Codex left before it could rename them: renewed logins (0.169, measured)."""
    try:
        names = sorted(name for name in os.listdir(codex_home) if name.startswith(".auth-"))
    except OSError:
        return []
    found = [dict(describe_file(os.path.join(codex_home, name), "auth"), name=name) for name in names]
    return [file for file in found if file["kind"] != "absent"]


def profiles(codex_home):
    """The configuration files of profiles, NAME.config.toml, that Codex 0.134 and later read with --profile NAME.

    Second: whether those are all there are. Whose home it is could have any number of them read, so they count up to
    SIZE_LIMIT together, each for at least a block of the disk. Codex takes no other names (measured).
    """
    try:
        names = sorted(name for name in os.listdir(codex_home) if re.match(r"[A-Za-z0-9_-]+\.config\.toml\Z", name))
    except OSError:
        return [], True
    found, left = [], SIZE_LIMIT
    for name in names:
        file = describe_file(os.path.join(codex_home, name), "content")
        left -= max(len(file.get("content", "")) * 3 // 4, 4096)
        if left < 0 or file["kind"] == "oversized":
            return found, False
        if file["kind"] == "file":
            found.append(file)
    return found, True


def describe_file(path, report):
    """A file's kind, mode, owner and digest, and what `report` asks for.

    report: "auth" for a summary without secrets, "content" for the text (base64), "variables" for the
    names that NAME=value lines set, {"lines": marker} for the lines that carry the marker, None for no more.
    """
    facts = {"path": path, "kind": "absent"}
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            facts["link"] = os.readlink(path)
            facts["kind"] = "dangling"
            status = os.stat(path)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            facts["kind"] = "unreadable"
        return facts
    facts["kind"] = next((name for test, name in KINDS if test(status.st_mode)), "other")
    facts["mode"] = stat.S_IMODE(status.st_mode)
    facts["owner"] = owner_name(status.st_uid)
    if facts["kind"] != "file":
        return facts
    try:
        data = read_file(path)
        for _attempt in range(5):
            # Codex up to 0.166 truncates auth.json before it writes: look again, it takes moments.
            if report != "auth" or data is None or "malformed" not in summarise_auth(data):
                break
            time.sleep(0.05)
            data = read_file(path)
    except OSError as error:
        facts.update(failure(error, path), kind="unreadable")
        return facts
    if data is None:  # removed since lstat
        return {"path": path, "kind": "absent"}
    facts["sha256"] = digest(data)
    if len(data) > SIZE_LIMIT:
        facts["kind"] = "oversized"
    elif report == "auth":
        facts["auth"] = summarise_auth(data)
        facts["hard_links"] = status.st_nlink
        facts["mount_point"] = is_mount_point(os.path.realpath(path))
    elif report == "content":
        facts["content"] = base64.b64encode(data).decode("ascii")
        if not data:  # as it stays of a mounted file that was to be removed
            facts["mount_point"] = is_mount_point(os.path.realpath(path))
    elif report == "variables":
        found = re.findall(r"^[ \t]*(?:export[ \t]+)?(\w+)=[\"']?[^\s\"']", data.decode("utf-8", "replace"), re.M)
        facts["variables"] = sorted(set(found))
    elif report:
        marker = report["lines"].encode("utf-8")
        lines = [line for line in data.split(b"\n") if line.rstrip().endswith(marker)]
        facts["lines"] = [line.decode("utf-8", "replace") for line in lines]
    return facts


def is_mount_point(path):
    """Whether a file is mounted by itself, which its device number does not tell; Linux only, else False."""
    escaped = path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            return any(line.split(" ")[4] == escaped for line in mounts)
    except OSError:
        return False
