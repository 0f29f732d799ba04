# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Desired homes and described ones, without a target, and the plan between them."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from datetime import UTC, datetime, timedelta

import tomli
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_api_key, from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._config.environment import shell_line
from ansible_collections.fleet.codex.plugins.plugin_utils._options.home import desired_home
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import HOME as HOME_SPEC
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.home import HomePlan
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.homes import plan_homes
from ansible_collections.fleet.codex.plugins.plugin_utils._plan.request import describe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import Diff
from ansible_collections.fleet.codex.plugins.plugin_utils.desired_state import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer, Operation
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document
from ansible_collections.fleet.codex.tests.support.options import with_defaults

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY = "fleet-test-key-SECRETMARKER"
HOME = "/home/alice"
EVERYTHING: dict[str, t.Any] = {
    "auth": {"api_key": KEY},
    "config": {"preferred_auth_method": "apikey"},
    "environment": {"OPENAI_API_KEY": KEY},
}
"""Options that declare all parts of a home."""

SYSTEM, MANAGED, REQUIREMENTS = (f"/etc/codex/{name}.toml" for name in ("config", "managed_config", "requirements"))
FORCED_API, FORCED_CHATGPT = b'forced_login_method = "api"\n', b'forced_login_method = "chatgpt"\n'


def chatgpt(**more: t.Any) -> dict[str, t.Any]:
    """An auth.json with ChatGPT tokens, which expire a day after NOW."""
    options = {"last_refresh": NOW, "access_expires": NOW + timedelta(days=1), "marker": "x", **more}
    return t.cast("dict[str, t.Any]", chatgpt_document("account-1", "a@example.com", "plus", **options))


def desired(where: str = "", **arguments: t.Any) -> DesiredHome:
    """The home of alice that an entry of ``homes`` with these options declares; ``where`` names it in messages."""
    options = with_defaults({"user": "alice", **arguments}, HOME_SPEC)
    return desired_home(options, lambda name: b"", where)


def layer(name: str, version: str | None = None, **config: t.Any) -> DesiredHome:
    """The home of alice that declares a file of this layer."""
    return desired(config={"layer": name, **config}, codex_version=version)


def plan_all(
    homes: t.Sequence[DesiredHome],
    described: t.Sequence[HomeAnswer],
    now: datetime = NOW,
    others: t.Sequence[HomeAnswer] = (),
) -> list[HomePlan]:
    """The plans of homes none of which is refused. Raises the CodexError of the first that is."""
    plans = []
    for plan in plan_homes(homes, described, now, others):
        if isinstance(plan, CodexError):
            raise plan
        plans.append(plan)
    return plans


def describe(home: DesiredHome, user: str = "alice", shell: str = "/bin/bash", **files: FileFacts) -> HomeAnswer:
    """What describe answers for a home with these files and no others; names as in the request, "." as "__"."""
    codex_home = home.codex_home or f"/home/{user}/.codex"
    folders = {"codex_home": f"{codex_home}/", "home_directory": f"/home/{user}/", "host": ""}
    described: dict[str, FileFacts] = {}
    for query in describe_request(home)["files"]:
        folder = "" if query["path"].startswith("/") else folders[query["base"]]
        described[query["name"]] = {"path": f"{folder}{query['path']}", "kind": "absent"}
    for name, facts in files.items():
        described[name.replace("__", ".")] |= facts
    return {
        "user": user,
        "user_info": {
            "name": user,
            "uid": 1000,
            "gid": 1000,
            "home_directory": f"/home/{user}",
            "shell": shell,
        },
        "codex_home": codex_home,
        "real_home": codex_home,
        "folder": {"path": codex_home, "kind": "directory", "mode": 0o700},
        "files": described,
        "leftovers": [],
        "profiles": [],
        "all_profiles": True,
        "is_root": True,
        "unsaved_logins": [],
        "home_directory_exists": True,
        "system": "linux",
    }


def other_home(name: str, auth: FileFacts | None = None, **files: FileFacts) -> HomeAnswer:
    """What describe answers for the home of a user that the task does not name."""
    return describe(DesiredHome(user=name), user=name, **({"auth": auth} if auth else {}), **files)


def everything_there() -> dict[str, FileFacts]:
    """The files of a home that is as EVERYTHING declares it."""
    line = shell_line(f"{HOME}/.codex/codex.env", describe(desired())["user_info"])
    return {
        "auth": auth_file({"api_key": KEY}),
        "config": config_file(b'# mine\npreferred_auth_method = "apikey"\n'),
        "codex__env": file(f"OPENAI_API_KEY={KEY}\n".encode()),
        "__profile": file(lines=[line]),
        "__bashrc": file(lines=[line]),
        "__config/environment__d/60-fleet-codex__conf": file(link=f"{HOME}/.codex/codex.env"),
    }


def plan(home: DesiredHome, answer: HomeAnswer) -> HomePlan:
    """The plan for one home."""
    return plan_all([home], [answer], NOW)[0]


def file(data: bytes = b"", mode: int = 0o600, **more: t.Any) -> FileFacts:
    """The facts about a file of alice's with these bytes."""
    digest = hashlib.sha256(data).hexdigest()
    return t.cast(FileFacts, {"kind": "file", "mode": mode, "owner": "alice", "sha256": digest, **more})


def auth_file(arguments: dict[str, t.Any], mode: int = 0o600) -> FileFacts:
    """The facts about the auth.json that these options of codex_auth_file make."""
    key = arguments.get("api_key")
    credential = from_api_key(key, "") if key else from_document(arguments["content"], "")
    return file(credential.render(), mode, auth=credential.summary())


def config_file(content: bytes, mode: int = 0o600) -> FileFacts:
    """The facts about a config.toml with these bytes."""
    return file(content, mode, content=base64.b64encode(content).decode())


def host_file(content: bytes, mode: int = 0o644, owner: str = "root") -> FileFacts:
    """The facts about a configuration file of the whole host with these bytes."""
    return config_file(content, mode) | t.cast(FileFacts, {"owner": owner})


def host_folder(mode: int = 0o755) -> FileFacts:
    """The facts about the folder of the host's files."""
    return t.cast(FileFacts, {"kind": "directory", "mode": mode, "owner": "root"})


def operations(plan: HomePlan) -> list[str]:
    """The operations of a plan in words, such as "write auth.json"."""
    return [f"{change.operation['operation']} {change.operation['path']}".strip() for change in plan.changes]


def operation(plan: HomePlan) -> Operation:
    """The one operation of a plan."""
    (change,) = plan.changes
    return change.operation


def diffs(plan: HomePlan) -> list[Diff]:
    """What --diff shows of a plan."""
    return [change.diff for change in plan.changes if change.diff]


def written(plan: HomePlan, path: str) -> bytes | None:
    """The bytes that the plan writes to a file; None where it writes none."""
    contents = [
        base64.b64decode(change.operation["content"])
        for change in plan.changes
        if change.operation["operation"] == "write" and change.operation["path"] == path
    ]
    assert len(contents) <= 1
    return contents[0] if contents else None


def data_written(plan: HomePlan, path: str) -> dict[str, t.Any]:
    """The data of the TOML file that the plan writes."""
    return tomli.loads((written(plan, path) or b"").decode())
