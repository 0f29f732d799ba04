# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A migration of one host: it looks at all homes before anything is changed, and says in the end what is left to do."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import startup_queries
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.entries import MigrateTo
from ansible_collections.fleet.codex.plugins.plugin_utils._migrate.findings import (
    attention,
    check_homes,
    needs_sign_in,
    with_version_asked,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils._run.engine import Executor
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer


class Migration:
    """The homes of one host, as desired and as they were found.

    where: the host, and the container in it, as messages name them. Raises CodexError where a home cannot be migrated.
    """

    def __init__(
        self, executor: Executor, homes: t.Sequence[DesiredHome], migrate_to: MigrateTo, where: str, *, check_mode: bool
    ) -> None:
        self._migrate_to = migrate_to
        self.homes = [with_version_asked(home) if _is_login(home) else home for home in homes]
        places = [n for n, home in enumerate(self.homes) if _is_login(home)]
        requests = [describe_request(self.homes[n]) for n in places]
        for n, request in zip(places, requests, strict=True):
            request["files"] += startup_queries(self.homes[n].is_windows)
        answers = executor.execute("describe", requests) if requests else []
        self._found: dict[int, HomeAnswer] = dict(zip(places, answers, strict=True))
        found = [(self.homes[n], answer) for n, answer in self._found.items()]
        check_homes(found, migrate_to, where, check_mode=check_mode)

    @property
    def sign_in(self) -> list[dict[str, str]]:
        """The homes for which somebody has to sign in first, each as the options user and codex_home."""
        homes = [self.homes[n] for n, answer in self._found.items() if needs_sign_in(self.homes[n], answer)]
        places = [{"user": home.user, "codex_home": home.codex_home} for home in homes]
        return [{name: value for name, value in place.items() if value} for place in places]

    def complete(self, results: t.Sequence[dict[str, t.Any]]) -> None:
        """Adds to the results of the homes what is left for a person to do, and the login where none was given."""
        for n, answer in self._found.items():
            results[n]["attention"] = attention(self.homes[n], answer, results[n], self._migrate_to)
            if "auth" not in results[n]:
                results[n]["login"] = login_report(answer["files"]["auth"].get("auth"), datetime.now(UTC))


def _is_login(home: DesiredHome) -> bool:
    return home.config is None or home.config.layer.kind == "user"
