# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anybody is asked to sign in, what needs no sign-in, and which account may be signed in to."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.fleet.codex.plugins.plugin_utils import described_file, messages
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.soundness import soundness_problems
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.summary import account_of, describe_account, method_of
from ansible_collections.fleet.codex.plugins.plugin_utils._config import versions
from ansible_collections.fleet.codex.plugins.plugin_utils._config.login import credentials_store
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Sources, read_sources, value_of
from ansible_collections.fleet.codex.plugins.plugin_utils._login.credential import expected_login, with_login
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan, complete, plan_parts
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.step import codex_version
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import AuthSummary, HomeAnswer

LoginMethod = t.Literal["browser", "device_code"]

NOT_STARTED: t.Final = "Nothing was started."
NOT_INSTALLED: t.Final = "It was not installed, and nothing was changed."


@dataclass(frozen=True)
class WantedSignIn:
    """A sign-in for a Codex home.

    timeout: seconds for the person who signs in. replace: also where the home has a ChatGPT login that Codex can use.
    account_id: the account that is to be signed in to; None: any that the configuration allows.
    """

    home: DesiredHome
    method: LoginMethod
    timeout: int
    replace: bool = False
    account_id: str | None = None
    allow_mounted_file: bool = False


def arguments_of_codex(method: LoginMethod, version: versions.Version | None) -> list[str]:
    """The arguments with which a version of Codex signs in; None: one that was not found out."""
    if method == "browser":
        return ["login"]
    is_new = version is None or versions.DEVICE_AUTH.works_in(version)
    return ["login", "--device-auth" if is_new else "--experimental_use-device-code"]


def plan_start(wanted: WantedSignIn, described: HomeAnswer, now: datetime) -> HomePlan:
    """The plan for the login that the sign-in will make. Raises CodexError for what is refused before it starts."""
    if "error" in described:
        raise CodexError(messages.target_error(described["error"]))
    _check_version(wanted, described)
    sources = read_sources(described, {})
    _check_configuration(sources, codex_version(wanted.home, described))
    login = expected_login(wanted.account_id or _first_workspace(sources))
    home = with_login(wanted.home, login, allow_mounted_file=wanted.allow_mounted_file)
    plan = plan_parts(home, described, now)
    complete(plan, {})
    return plan


def _check_version(wanted: WantedSignIn, described: HomeAnswer) -> None:
    user, version = described["user_info"]["name"], codex_version(wanted.home, described)
    if version is None:
        raise CodexError(messages.TARGET_ERRORS["no_codex"].format(user=user))
    if version < versions.OLDEST_VERSION:
        raise CodexError(
            f"{user}'s codex is {versions.number(version)}, and 0.20 is the oldest that is supported. Update it. "
            f"{NOT_STARTED}"
        )
    if wanted.method == "device_code" and not versions.DEVICE_CODE.works_in(version):
        raise CodexError(
            f"{user}'s codex is {versions.number(version)}, and only {versions.DEVICE_CODE.range()} can sign in with a "
            f"device code. Update it, or set method to browser. {NOT_STARTED}"
        )


def _check_configuration(sources: Sources, version: versions.Version | None) -> None:
    for source in (sources.user, sources.managed, sources.system, sources.requirements):
        if source.problem:
            raise CodexError(f"{source.problem} {NOT_STARTED}")
    store, path = credentials_store(sources, version)
    if store != "file":
        raise CodexError(
            f"{path} sets cli_auth_credentials_store to something other than file, so the login would not be in "
            f"auth.json. Set it to file there. {NOT_STARTED}"
        )
    for view in sources.views():
        forced, path = value_of("forced_login_method", view)
        if forced == versions.FORCED_LOGIN_METHOD["apikey"]:
            raise CodexError(
                f'forced_login_method in {path} is "api", so Codex would refuse or delete a ChatGPT login. Remove the '
                f"setting there first. {NOT_STARTED}"
            )


def _workspaces(sources: Sources) -> t.Iterator[tuple[list[str], str]]:
    """The accounts that each way to run Codex allows, and the file that says so; none where any is allowed."""
    for view in sources.views():
        value, path = value_of("forced_chatgpt_workspace_id", view)
        if value:
            yield [str(item) for item in (value if isinstance(value, list) else [value])], path


def _first_workspace(sources: Sources) -> str:
    return next((allowed[0] for allowed, _path in _workspaces(sources)), "")


def needs_sign_in(wanted: WantedSignIn, described: HomeAnswer, now: datetime) -> bool:
    """Whether somebody has to sign in: not where Codex can use and renew the ChatGPT login that is there."""
    file = described["files"]["auth"]
    if wanted.replace or not described_file.exists(file) or described_file.is_empty(file):
        return True
    login = login_report(file["auth"], now)
    if login["method"] != "chatgpt" or not login["renewable"] or soundness_problems(file["auth"], file["path"]):
        return True
    return why_not_this_account(wanted, described, file["auth"]) is not None


def why_unusable(login: AuthSummary) -> str | None:
    """The sentence for a login of a sign-in that Codex could not use: its parts do not match."""
    if method_of(login) == "chatgpt" and not soundness_problems(login, "auth.json"):
        return None
    return (
        "The sign-in made an auth.json whose parts do not match (auth_mode, tokens, account, last_refresh), so Codex "
        f"cannot use it as a ChatGPT login. {NOT_INSTALLED} Update codex on the host, and run the play again."
    )


def why_not_this_account(wanted: WantedSignIn, described: HomeAnswer, login: AuthSummary) -> str | None:
    """The sentence for a login of an account that is not wanted, or that the configuration does not allow."""
    account, kept = account_of(login), NOT_INSTALLED
    if wanted.account_id and account != wanted.account_id:
        return (
            f"The sign-in was to {describe_account(login)}, and account_id is {wanted.account_id}. {kept} Sign in to "
            "that account, or correct account_id."
        )
    for allowed, path in _workspaces(read_sources(described, {})):
        if account not in allowed:
            return (
                f"The sign-in was to {describe_account(login)}, and forced_chatgpt_workspace_id in {path} does not "
                f"name that account. {kept} Sign in to {' or '.join(allowed)}, or correct the setting."
            )
    return None
