# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An apply request for one home: which operation is done by whom, and where they stop.

Runs on the target, as a part of store.py's program.
"""

import errno
import os

from ansible_collections.fleet.codex.plugins.module_utils.accounts import as_account, owner_name, works_for_another
from ansible_collections.fleet.codex.plugins.module_utils.folders import (
    make_folder_for,
    not_roots,
    place,
    root_alone_leads,
)
from ansible_collections.fleet.codex.plugins.module_utils.obstacles import Obstacle, failure
from ansible_collections.fleet.codex.plugins.module_utils.operations import OPERATIONS
from ansible_collections.fleet.codex.plugins.module_utils.processes import running_codex, settles
from ansible_collections.fleet.codex.plugins.module_utils.writing import Conflict


def apply(operations, account, codex_home):
    """Does operations of one kind: a home's as its account, or those on files of the whole host as root."""

    def work():
        return {"results": apply_all(operations, account, codex_home)}

    if on_host(operations):
        check_host_files(operations)
        return work()
    make_home_as_root(operations, account, codex_home)
    return as_account(account, work)


def on_host(operations):
    """Whether operations are on files of the whole host."""
    return any(operation["base"] == "host" for operation in operations)


def make_home_as_root(operations, account, codex_home):
    """Makes a Codex home that the account cannot make, where an operation says so."""
    if not works_for_another(account):
        return
    for operation in operations:
        if operation["operation"] == "directory" and operation.get("by_root") and not os.path.isdir(codex_home):
            if not root_alone_leads(codex_home):
                raise Obstacle("not_writable", path=codex_home, user=account["name"])
            make_folder_for(codex_home, account, operation["mode"])


def check_host_files(operations):
    """Refuses to write a file of the whole host unless root does it and nobody else can change where that leads."""
    if os.geteuid() != 0:
        raise Obstacle("host_needs_root", path=operations[0]["path"], running=owner_name(os.geteuid()))
    for operation in operations:
        folder = not_roots(operation["path"])
        if folder:
            raise Obstacle("not_roots", path=folder)


def apply_all(operations, account, codex_home):
    """Does operations in order and stops at the first that cannot be done."""
    results = []
    for operation in operations:
        path = place(operation, account, codex_home)
        running = running_codex(account["uid"]) if "settle" in operation else {}
        try:
            result = OPERATIONS[operation["operation"]](path, operation) or {}
            written = result.pop("sha256", None)
            if "settle" in operation:
                running.update(running_codex(account["uid"]))
                result["rewritten"] = not settles(path, written, running, account, operation["settle"])
                result["processes"] = [{"pid": pid, "name": running[pid]} for pid in sorted(running)]
            results.append(dict(result, status="done"))
        except Conflict:
            results.append({"status": "conflict", "path": path})
            break
        except OSError as error:
            locked = error.errno == errno.EAGAIN
            results.append(dict(failure(error, error.filename if locked else path), status="failed"))
            break
    return results
