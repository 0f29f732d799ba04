# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings a home's login to a file of the controller: describe, plan, get the one file, write it."""

from __future__ import annotations

import hashlib
import pathlib
import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.decision import OnAccountMismatch
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import Credential, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.decision import deployable
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.plan import FetchPlan, plan_fetch
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._run import controller_file
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import ROUNDS, Executor
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, HomeRequest


@dataclass(frozen=True)
class Destination:
    """The controller's file, and what may be done to it.

    encrypt: encrypts it where it is new or plain; None: it stays as it is. vault: the run's VaultLib. only_renewable:
    leave a login on the target that Codex does not renew.
    """

    path: pathlib.Path
    vault: t.Any
    encrypt: t.Callable[[bytes], bytes] | None
    on_account_mismatch: OnAccountMismatch
    only_renewable: bool = False


def fetch(
    executor: Executor,
    home: DesiredHome,
    destination: Destination,
    reserve: t.Callable[[HomeAnswer], None],
    *,
    check_mode: bool,
) -> FetchPlan:
    """Brings the login to the destination, and returns the plan that was carried out.

    One execution where the copy stays, two where it is replaced. reserve: is called with the described home before
    anything is written, and raises CodexError to refuse. Raises CodexError.
    """
    request = describe_request(home)
    for _round in range(ROUNDS):
        described = _describe(executor, request)
        reserve(described)
        stored = controller_file.read(destination.path, destination.vault)
        kept = None if stored is None else from_document(stored.content, f"dest ({destination.path})")
        plan = plan_fetch(
            described,
            kept,
            destination.on_account_mismatch,
            str(destination.path),
            datetime.now(UTC),
            encrypt=destination.encrypt is not None,
            is_encrypted=stored is not None and stored.encrypt is not None,
            only_renewable=destination.only_renewable,
        )
        if check_mode or not plan.writes:
            return plan
        login = _get(executor, request, plan.login_file) if plan.login_file else kept
        if login is None:
            continue  # Codex renewed the login meanwhile
        encrypt = (stored and stored.encrypt) or destination.encrypt
        content = encrypt(login.render()) if encrypt else login.render()
        if controller_file.replace(destination.path, content, stored.raw if stored else None):
            return plan
        # Another run wrote the file meanwhile.
    raise CodexError(
        f"The login, or {destination.path}, kept changing, {ROUNDS} times in a row. Nothing was written; run again."
    )


def _describe(executor: Executor, request: HomeRequest) -> HomeAnswer:
    (described,) = executor.execute("describe", [request])
    if "error" in described:
        raise CodexError(messages.target_error(described["error"]))
    return described


def _get(executor: Executor, request: HomeRequest, file: FileFacts) -> Credential | None:
    """The login of exactly the file that was described; None where it has changed."""
    name = described_file.name_of(file)
    described = _describe(
        executor, {**request, "files": [{"name": name, "base": "codex_home", "path": name, "details": "content"}]}
    )
    content = described_file.content_of(described["files"][name])
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        return None
    return deployable(content, file["path"])
