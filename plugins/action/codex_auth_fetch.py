# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin of codex_auth_fetch: brings the login of a target back to the controller."""

from __future__ import annotations

import hashlib
import os
import pathlib
import typing as t
from datetime import UTC, datetime

from ansible import constants as C
from ansible_collections.fleet.codex.plugins.plugin_utils import controller_file, obstacles, report
from ansible_collections.fleet.codex.plugins.plugin_utils.action_base import CodexAction
from ansible_collections.fleet.codex.plugins.plugin_utils.auth_document import Credential, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome, check_codex_home
from ansible_collections.fleet.codex.plugins.plugin_utils.engine import ROUNDS
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.fetch_decision import decide_fetch, deployable, find_login
from ansible_collections.fleet.codex.plugins.plugin_utils.plan import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, HomeRequest
from ansible_collections.fleet.codex.plugins.plugin_utils.run_notes import noted
from ansible_collections.fleet.codex.plugins.plugin_utils.transport import Transport


class ActionModule(CodexAction):
    """codex_auth_fetch."""

    def work(self, arguments: dict[str, t.Any], transport: Transport) -> dict[str, t.Any]:
        """One execution where the copy stays, two where it is replaced."""
        dest = pathlib.Path(self._loader.path_dwim(arguments["dest"]))
        if arguments["dest"].endswith("/"):
            raise CodexError("dest must name a file, and ends in a slash.")
        vault = self._loader._vault
        wanted = arguments["encrypt_vault_id"] and controller_file.encryption(vault, arguments["encrypt_vault_id"])
        home = DesiredHome(user=arguments["user"] or None, codex_home=check_codex_home(arguments["codex_home"]))
        request = describe_request(home)
        for _round in range(ROUNDS):
            found = _ask(transport, request)
            self._claim(dest, found)
            stored = controller_file.read(dest, vault)
            kept = None if stored is None else from_document(stored.content, f"dest ({dest})")
            file = find_login(found)
            result = {"changed": False, "dest": str(dest), "codex_home": found["codex_home"]}
            if file is None:
                return result | {"reason": "There is no login to bring back.", "auth": {"mode": "none"}}
            decision = decide_fetch(
                file["auth"], kept and kept.summary(), arguments["on_account_mismatch"], file["path"], str(dest)
            )
            encrypt = (stored and stored.encrypt) or wanted or None
            reason, new = decision.reason, kept
            changed = decision.replace
            if not changed and stored is not None and stored.encrypt is None and wanted:
                changed, reason = True, "The copy on the controller was not encrypted."
            result |= {"changed": changed, "reason": reason, "path": file["path"], "encrypted": encrypt is not None}
            if decision.replace and not self._task.check_mode:
                new = _fetch(transport, request, file)
                if new is None:
                    continue  # Codex renewed the login in between
            there = new.summary() if new and not decision.replace else file["auth"]
            result["auth"] = report.auth_report(there, datetime.now(UTC))
            if self._task.diff and changed:
                result["diff"] = [report.auth_diff(str(dest), kept and kept.summary(), there)]
            if changed and new is not None and not self._task.check_mode:
                content = new.render()
                expected = None if stored is None else stored.raw
                if not controller_file.replace(dest, encrypt(content) if encrypt else content, expected):
                    continue  # another run wrote in between
            return result
        raise CodexError(
            f"The login, or {dest}, kept changing, {ROUNDS} times in a row. Nothing was written; run again."
        )

    def _claim(self, dest: pathlib.Path, found: HomeAnswer) -> None:
        """Refuses a file that this run brings another home's login into."""
        host = self._task.delegate_to or self._variables["inventory_hostname"]
        own = [host, found["account"]["name"], found["real_home"]]
        name = hashlib.sha256(os.fsencode(os.path.realpath(dest))).hexdigest()
        first = noted(C.DEFAULT_LOCAL_TMP, f"copy-{name}", lambda: own)
        if first != own:
            raise CodexError(
                f"dest: {dest} is for the login of {first[1]} on {first[0]} already. Give each home a file of its own, "
                "for example with inventory_hostname in its path."
            )


def _ask(transport: Transport, request: HomeRequest) -> HomeAnswer:
    (found,) = transport.execute("describe", [request])
    if "obstacle" in found:
        raise CodexError(obstacles.sentence(found["obstacle"]))
    return found


def _fetch(transport: Transport, request: HomeRequest, file: FileFacts) -> Credential | None:
    """The login of that very file; None where it is no longer what was described."""
    name = file["path"].rpartition("/")[2]
    found = _ask(
        transport, {**request, "files": [{"name": name, "base": "codex_home", "path": name, "report": "content"}]}
    )
    content = report.content_of(found["files"][name])
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        return None
    return deployable(content, file["path"])
