# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry of the Python target program: changes files of Codex homes, each only if it is what the controller saw.

Runs on POSIX targets with the modules that it imports, from standard input, under ``python -I -S`` 3.6
or later, with the standard library only. It takes one request and prints one answer, as
docs/protocol.md says. It decides nothing about credentials: it does the operations that it is given.
"""

import binascii
import os

from ansible_collections.fleet.codex.plugins.module_utils._apply.making import give_to, make_folder_for
from ansible_collections.fleet.codex.plugins.module_utils._apply.operations import OPERATIONS, lock_paths
from ansible_collections.fleet.codex.plugins.module_utils._apply.processes import (
    is_unchanged_after,
    of_other_homes,
    running_codex,
)
from ansible_collections.fleet.codex.plugins.module_utils._apply.writing import Conflict
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError, system_error
from ansible_collections.fleet.codex.plugins.module_utils._target.folders import (
    check_home_directory,
    check_way,
    describe_folder,
    in_home,
    is_root_controlled,
    resolve,
    unsafe_parent,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.homes import is_host_wide, serve_homes
from ansible_collections.fleet.codex.plugins.module_utils._target.users import (
    in_child_as,
    owner_name,
    works_for_another,
)


def main():
    """Answers the request on standard input."""
    serve_homes(apply)


def apply(home, user, codex_home):
    """Does a home's operations: those on files of the whole host as root, all others as the home's user.

    Nothing is done where the user's `codex` does not start with the configuration that the request has for it.
    """
    operations = home["operations"]
    if home.get("start_check"):
        # Here, since the controller sends this module with such requests only.
        from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import start_problem, with_codex

        content = binascii.a2b_base64(home["start_check"])
        problem = with_codex(user, lambda: {"start_problem": start_problem(user, content)})
        if problem["start_problem"]:
            return dict(problem, results=[])
    if is_host_wide(operations):
        check_host_files(operations)
        return {"results": apply_all(operations, user, codex_home, ())}
    check_home_directory(operations, user, codex_home)
    make_home_as_root(operations, user, codex_home)
    others = of_other_homes(user, codex_home) if any("watch_seconds" in o for o in operations) else ()

    def work():
        check_places(operations, user, codex_home)
        return {"results": apply_all(operations, user, codex_home, others)}

    return in_child_as(user, work)


def check_places(operations, user, codex_home):
    """Raises TargetError unless root and the user alone can still change where the operations' files are."""
    describe_folder(codex_home, user)
    for operation in operations:
        if in_home(operation):
            check_way(os.path.dirname(resolve(operation, user, codex_home)), user)


def make_home_as_root(operations, user, codex_home):
    """Makes a Codex home that the user cannot make, and gives away files of root's, where operations say so.

    Raises TargetError.
    """
    if not works_for_another(user):
        return
    for operation in operations:
        if operation["operation"] == "directory" and operation.get("create_as_root") and not os.path.isdir(codex_home):
            if not is_root_controlled(codex_home):
                raise TargetError("not_writable", path=codex_home, user=user["name"])
            make_folder_for(codex_home, user, operation["mode"])
        if operation["operation"] == "give":
            give_to(user, resolve(operation, user, codex_home))


def check_host_files(operations):
    """Raises TargetError unless root writes the files of the whole host and nobody else can change where they are."""
    if os.geteuid() != 0:
        raise TargetError("host_needs_root", path=operations[0]["path"], running=owner_name(os.geteuid()))
    for operation in operations:
        folder = unsafe_parent(operation["path"])
        if folder:
            raise TargetError("unsafe_parent", path=folder)


def apply_all(operations, user, codex_home, others):
    """The results of the operations, done in their order; the first that cannot be done is the last one tried.

    others: the process ids of programs that are not asked about.
    """

    def running_here():
        return {pid: name for pid, name in running_codex(user["uid"]).items() if pid not in others}

    results = []
    for operation in operations:
        if operation["operation"] == "give":  # done before, as root
            results.append({"status": "done"})
            continue
        path = resolve(operation, user, codex_home)
        running = running_here() if "watch_seconds" in operation else {}
        try:
            result = OPERATIONS[operation["operation"]](path, operation) or {}
            written = result.pop("sha256", None)
            if "watch_seconds" in operation:
                running.update(running_here())
                is_unchanged = is_unchanged_after(path, written, running, user["uid"], operation["watch_seconds"])
                result["overwritten"] = not is_unchanged
                result["processes"] = [{"pid": pid, "name": running[pid]} for pid in sorted(running)]
            results.append(dict(result, status="done"))
        except Conflict:
            results.append({"status": "conflict", "path": path})
            break
        except OSError as error:
            named = error.filename if error.filename in lock_paths(path, operation) else path
            results.append(dict(system_error(error, named), status="failed"))
            break
    return results
