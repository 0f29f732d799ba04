# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target half for POSIX hosts: looks at Codex homes (describe) and changes their files (apply).

Runs on the target with the modules that it imports, from standard input, under ``python -I -S`` 3.6 or
later, with the standard library only; plugins/plugin_utils/transport.py sends them. It takes one
request and prints one answer, both JSON, as docs/architecture.md lays down. It decides nothing about
credentials: it reports what is there, without secrets, and does the operations it is given, each only
if the file is still what the controller saw.
"""

import os

from ansible_collections.fleet.codex.plugins.module_utils.accounts import every_account, find_account, owner_name
from ansible_collections.fleet.codex.plugins.module_utils.apply import apply, on_host
from ansible_collections.fleet.codex.plugins.module_utils.codex_program import ask_codex
from ansible_collections.fleet.codex.plugins.module_utils.describe import describe
from ansible_collections.fleet.codex.plugins.module_utils.obstacles import Obstacle, guarded
from ansible_collections.fleet.codex.plugins.module_utils.wire import serve


def main():
    os.umask(0o077)
    serve(work)


def work(request):
    """The answer to a request."""
    homes = guarded(lambda: homes_of(request))
    return {"homes": [homes] if isinstance(homes, dict) else work_on_all(homes, request)}


def homes_of(request):
    """The homes that are asked for, with those of all accounts in place of an entry that wants them."""
    homes = []
    for home in request["homes"]:
        if home.get("every_account") and os.geteuid() == 0:
            homes += [dict(home, user=name, every_account=False) for name in every_account()]
        else:
            homes.append(home)
    return homes


def work_on_all(homes, request):
    """The answers for all homes. A file of the whole host is written only after everything before it was."""
    answers = []
    for home in homes:
        operations = home.get("operations", [])
        results = [r for a in answers for r in a.get("results", [{"status": "failed"}])]
        complete = all(r["status"] == "done" and not r.get("rewritten") for r in results)
        if not complete and on_host(operations):
            answer = {"results": [{"status": "conflict", "path": operations[0]["path"]}]}
        else:
            answer = guarded(lambda home=home: work_on(home, request))
        answers.append(dict(answer, user=home["user"]))
    return answers


def work_on(home, request):
    """One home of a request: its answer."""
    if home.get("every_account"):
        raise Obstacle("every_account_needs_root", running=owner_name(os.geteuid()))
    account = find_account(home["user"], request["environment"])
    codex_home = find_codex_home(home, account, request["environment"])
    if request["operation"] == "describe":
        answer = describe(home, account, codex_home)
    else:
        answer = apply(home["operations"], account, codex_home)
    if "obstacle" not in answer and (home.get("detect_version") or home.get("login_status")):
        answer.update(ask_codex(home, account, codex_home))
    return dict(answer, account=account, codex_home=codex_home, real_home=os.path.realpath(codex_home))


def find_codex_home(home, account, environment):
    """The Codex home's absolute path; links are not followed."""
    if home["codex_home"]:
        path = home["codex_home"]
    elif home["user"] is None and environment.get("CODEX_HOME"):
        path = environment["CODEX_HOME"]
    else:
        path = os.path.join(account["home"], ".codex")
    if not os.path.isabs(path):
        raise Obstacle("relative", path=path)
    return os.path.normpath(path)
