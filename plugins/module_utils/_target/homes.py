# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Codex homes of a request, one after the other. Runs on the target, for describe and for apply."""

import os

from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError, guarded
from ansible_collections.fleet.codex.plugins.module_utils._target.users import (
    find_user,
    owner_name,
    users_with_codex_home,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import serve


def serve_homes(work_on):
    """Answers a request; work_on(home, user, codex_home) gives the answer for one home.

    home: an entry of the request's `homes`.
    """
    os.umask(0o077)
    serve(lambda request: {"homes": answers_for(request, work_on)})


def answers_for(request, work_on):
    """The answers for all homes of a request, in their order. An error of one does not stop the others."""
    answers = []
    for home in expand_every_user(request["homes"]):
        held_back = held_back_by(answers, home)
        answer = held_back or guarded(lambda home=home: answer_for(home, request["environment"], work_on))
        answers.append(dict(answer, user=home["user"]))
    return answers


def expand_every_user(homes):
    """The homes, with one entry for each user that has a ~/.codex in place of an entry with `every_user`."""
    found = []
    for home in homes:
        if home.get("every_user") and os.geteuid() == 0:
            found += [dict(home, user=name, every_user=False) for name in users_with_codex_home()]
        else:
            found.append(home)
    return found


def held_back_by(answers, home):
    """The conflict of a home with files of the whole host when work on a home before it was not done; else None.

    A file that allows one method of login must not be there before the logins are.
    """
    operations = home.get("operations", [])
    failed = [{"status": "failed"}]  # an error, or a codex that does not start
    results = [r for a in answers for r in (failed if "start_problem" in a else a.get("results", failed))]
    is_done = all(r["status"] == "done" and not r.get("overwritten") for r in results)
    if is_done or not is_host_wide(operations):
        return None
    return {"results": [{"status": "conflict", "path": operations[0]["path"]}]}


def is_host_wide(operations):
    """Whether operations are on files of the whole host."""
    return any(operation["base"] == "host" for operation in operations)


def answer_for(home, environment, work_on):
    """The answer for one home of a request. Raises TargetError and OSError."""
    if home.get("every_user"):
        raise TargetError("every_user_needs_root", running=owner_name(os.geteuid()))
    user = find_user(home["user"], environment)
    codex_home = find_codex_home(home, user, environment)
    answer = work_on(home, user, codex_home)
    if "error" not in answer and (home.get("detect_version") or home.get("login_status")):
        # Here, since the controller sends this module with such requests only.
        from ansible_collections.fleet.codex.plugins.module_utils._target.codex_program import ask_codex

        answer.update(ask_codex(home, user, codex_home))
    return dict(answer, user_info=user, codex_home=codex_home)


def find_codex_home(home, user, environment):
    """The Codex home's absolute path, links not followed. Raises TargetError."""
    if home["codex_home"]:
        path = home["codex_home"]
    elif home["user"] is None and environment.get("CODEX_HOME"):
        path = environment["CODEX_HOME"]
    else:
        path = os.path.join(user["home_directory"], ".codex")
    if not os.path.isabs(path):
        raise TargetError("relative", path=path)
    return os.path.normpath(path)
