# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans of all homes of a host, which can be in each other's way and share the host's configuration files."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config.login import check_login_survives, workspace_warnings
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import login_rules, read_sources
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import outranking_variables
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan, complete, plan_parts
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer

WAITING: t.Final = (
    "Nothing was written for the whole host, since another home of this task failed: a file that every user's Codex "
    "reads may allow one method of login only, so all logins have to be there first. Correct that home, and run again."
)


Planned = HomePlan | CodexError
"""What a home needs, or why nothing is done to it."""


def plan_homes(
    desired: t.Sequence[DesiredHome],
    described: t.Sequence[HomeAnswer],
    now: datetime,
    others: t.Sequence[HomeAnswer] = (),
) -> list[Planned]:
    """The plans of all homes of a host, in their order. A home that is refused is not in the way of the others.

    But files of the whole host need all of them: a file that allows one method of login must not be there before the
    logins are. Raises CodexError for homes that are declared in each other's way.

    others: homes that are not declared, whose Codex reads a declared file of the host.
    """
    planned = [_attempt(plan_parts, home, answer, now) for home, answer in zip(desired, described, strict=True)]
    _check_declared_once([plan for plan in planned if isinstance(plan, HomePlan)])
    planned = _without_links_to_others(planned)
    host_wide: dict[str, Table] = {}
    for plan in planned:
        if isinstance(plan, HomePlan) and plan.desired.is_host_wide:
            host_wide.update(plan.config.after)
    planned = [_attempt(_completed, plan, host_wide) if isinstance(plan, HomePlan) else plan for plan in planned]
    return _check_host_wide(planned, host_wide, others)


def _attempt(work: t.Callable[..., HomePlan], *arguments: t.Any) -> Planned:
    """What work returns, or the CodexError that it raises."""
    try:
        return work(*arguments)
    except CodexError as error:
        return error


def _completed(plan: HomePlan, host_wide: t.Mapping[str, Table]) -> HomePlan:
    """The plan, put together. Raises CodexError."""
    complete(plan, host_wide)
    return plan


def _check_host_wide(
    planned: list[Planned], host_wide: t.Mapping[str, Table], others: t.Sequence[HomeAnswer]
) -> list[Planned]:
    """The plans, but for those with files of the whole host where another home, declared or not, is in their way."""
    made = [plan for plan in planned if isinstance(plan, HomePlan)]
    if not made:
        return planned
    writing = [plan for plan in made if plan.desired.is_host_wide and plan.changes]
    reason = CodexError(WAITING) if len(made) < len(planned) else None
    declared = {plan.described["real_home"] for plan in made if plan.desired.is_about_the_home}
    for answer in others:
        if answer.get("real_home") in declared:
            continue
        try:
            made[0].warnings += _check_other_home(answer, host_wide if writing else {})
        except CodexError as error:
            reason = reason or error
    return [reason if reason and any(plan is one for one in writing) else plan for plan in planned]


def _check_declared_once(plans: t.Sequence[HomePlan]) -> None:
    """Raises CodexError for what is declared twice: a home, a file of the host, the environment of a user."""
    homes: dict[str, str] = {}
    files: set[str] = set()
    users: set[str] = set()
    for plan in plans:
        name, codex_home = plan.described["user_info"]["name"], plan.described["codex_home"]
        if plan.desired.is_host_wide:
            path = plan.config.result["path"]
            if path in files:
                raise CodexError(f"The file {path} is declared twice. Declare it once.")
            files.add(path)
        if not plan.desired.is_about_the_home:
            continue
        if codex_home in homes:
            raise CodexError(
                f"The Codex home {codex_home} is declared twice, for {homes[codex_home]} and for {name}. Declare it "
                "once."
            )
        homes[codex_home] = name
        if plan.environment.result.get("variables"):
            if name in users:
                raise CodexError(
                    f"The environment of the user {name} is declared twice. Declare it with one home only."
                )
            users.add(name)


def _without_links_to_others(planned: list[Planned]) -> list[Planned]:
    """The plans; of homes that are one folder, by links that a user may have made, one alone.

    That is the one that is declared by its real path, else the first.
    """
    kept: dict[str, HomePlan] = {}
    plans = [plan for plan in planned if isinstance(plan, HomePlan) and plan.desired.is_about_the_home]
    for plan in sorted(plans, key=lambda plan: plan.described["codex_home"] != plan.described["real_home"]):
        kept.setdefault(plan.described["real_home"], plan)

    def checked(plan: Planned) -> Planned:
        if isinstance(plan, CodexError) or not plan.desired.is_about_the_home:
            return plan
        own, first = plan.described, kept[plan.described["real_home"]]
        if first is plan:
            return plan
        return CodexError(
            f"{own['codex_home']} leads to {own['real_home']}, which is declared as {first.described['codex_home']} as "
            "well. Declare it once, or remove the link."
        )

    return [checked(plan) for plan in planned]


def _check_other_home(described: HomeAnswer, host_wide: t.Mapping[str, Table]) -> list[str]:
    """Raises CodexError for files of the host with which Codex deletes the login of a home that is not declared.

    host_wide: by path, what the files that change will hold. A login that Codex would delete already without them is
    a warning: what is in one user's home must not stop the run for all.
    """
    if "error" in described:
        if described["error"]["reason"] in messages.NEED_RIGHTS_FOR_ALL:
            return []  # nothing can be written then
        return [
            f"{messages.target_error(described['error'])} Whether the host's files allow its login was not checked."
        ]
    sources, auth = read_sources(described, host_wide), described["files"]["auth"]
    variables = outranking_variables(described, None)
    lost = []
    for view, before in zip(sources.views(), read_sources(described, {}).views(), strict=True):
        try:
            check_login_survives([view], auth.get("auth"), auth["path"], variables)
        except CodexError as error:
            if login_rules(view) != login_rules(before):
                raise
            lost.append(str(error))
    return [*sources.problems, *lost[:1], *workspace_warnings(sources, auth.get("auth"))]
