# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What this collection refuses is what a real Codex deletes a login for, over all layers, and nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.plugin_utils._config.layers import HOST_FILES
from ansible_collections.fleet.codex.plugins.plugin_utils._config.login import check_login_survives
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import Source, Sources
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.codex_client import own_etc, scratch
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import chatgpt, start, write_auth

API, CHATGPT = 'forced_login_method = "api"\n', 'forced_login_method = "chatgpt"\n'
OTHER = 'forced_chatgpt_workspace_id = "another-account"\n'
KEY: t.Final = {"auth_mode": "apikey", "OPENAI_API_KEY": "fleet-test-key-layers"}


@dataclasses.dataclass(frozen=True)
class Case:
    """A login, configuration files by layer, variables, and whether Codex keeps the login."""

    login: t.Literal["key", "chatgpt", "both", "two accounts"]
    files: dict[str, str]
    survives: bool
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    first: str = "0.94.0"


CASES = {
    "system": Case("key", {"system": CHATGPT}, False),
    "system, the right one": Case("key", {"system": API}, True),
    "managed": Case("chatgpt", {"managed": API}, False),
    "user over system": Case("key", {"user": API, "system": CHATGPT}, True),
    "managed over user": Case("key", {"managed": API, "user": CHATGPT}, True),
    "managed against user": Case("key", {"managed": CHATGPT, "user": API}, False),
    "key beside tokens": Case("both", {"system": CHATGPT}, False),
    "key beside tokens, the right one": Case("both", {"system": API}, True),
    "two accounts": Case("two accounts", {"system": API}, False),
    "two accounts, the right one": Case("two accounts", {"system": CHATGPT}, True),
    "requirements": Case("key", {"requirements": CHATGPT}, True),
    "another workspace": Case("chatgpt", {"system": OTHER}, False),
    "another workspace for a key": Case("key", {"system": OTHER}, True),
    "managed workspace empty": Case("chatgpt", {"managed": 'forced_chatgpt_workspace_id = ""\n', "user": OTHER}, True),
    "profile": Case("key", {"profile": CHATGPT}, False, first="0.139.0"),
    "user without the profile": Case("key", {"profile": API, "user": CHATGPT}, False, first="0.139.0"),
    "managed over profile": Case("key", {"managed": API, "profile": CHATGPT}, True, first="0.139.0"),
    "workspace in a profile": Case("chatgpt", {"profile": OTHER}, False, first="0.139.0"),
    "key variable": Case("chatgpt", {"user": CHATGPT}, False, {"CODEX_API_KEY": "fleet-test-key-variable"}),
    "key variable allowed": Case("key", {"user": API}, True, {"CODEX_API_KEY": "fleet-test-key-variable"}),
    "old key variable": Case("chatgpt", {"user": CHATGPT}, True, {"OPENAI_API_KEY": "fleet-test-key-variable"}),
}


def document_of(case: Case) -> dict[str, t.Any]:
    """The auth.json of a case; the last two are what Codex up to 0.163 leaves when a login is changed under it."""
    if case.login == "key":
        return dict(KEY)
    document: dict[str, t.Any] = dict(chatgpt("layers"))
    if case.login == "both":
        document |= {"auth_mode": None, "OPENAI_API_KEY": KEY["OPENAI_API_KEY"]}
    elif case.login == "two accounts":
        document["tokens"] = document["tokens"] | {"account_id": "another-account"}
    return document


VERSIONS = ("0.94.0", "0.139.0", "0.171.0")


def number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.fixture(name="etc", scope="module")
def _etc() -> t.Iterator[pathlib.Path]:
    with scratch() as folder:
        etc = own_etc(folder)
        (etc / "codex").mkdir()
        yield etc


# Codex before 0.134 reads no file of a profile.
CELLS = [
    (name, version) for name, case in CASES.items() for version in VERSIONS if number(version) >= number(case.first)
]


@pytest.mark.parametrize(
    ("name", "version"),
    kept([cell for cell in CELLS if cell[1] != "0.139.0"], CELLS, reason="a version between two others"),
)
@pytest.mark.xdist_group("layers")
def test_what_is_refused_is_what_codex_deletes_a_login_for(
    name: str, version: str, home: pathlib.Path, etc: pathlib.Path
) -> None:
    case = CASES[name]
    document = document_of(case)
    places = {layer: etc / pathlib.Path(path).relative_to("/etc") for layer, path in HOST_FILES.items()}
    places |= {"user": home / ".codex" / "config.toml", "profile": home / ".codex" / "work.config.toml"}
    for layer, place in places.items():
        place.unlink(missing_ok=True)
        if layer in case.files:
            place.write_text(case.files[layer])

    data = {layer: Source(layer, tomli.loads(case.files.get(layer, ""))) for layer in places}
    profile = data.pop("profile")
    sources = Sources(**data, profiles={"work": profile} if "profile" in case.files else {})
    variables = [(name, "codex.env") for name in case.variables if name != "OPENAI_API_KEY"]
    summary = summarise(json.dumps(document).encode())
    with contextlib.nullcontext() if case.survives else pytest.raises(CodexError, match="Codex would delete"):
        check_login_survives(sources.views(), summary, "auth.json", variables)

    # A profile is chosen for one run; without it the user's own file counts alone.
    for arguments in ([], ["--profile", "work"]) if "profile" in case.files else ([],):
        auth = write_auth(home, document)
        text = start(version, home, etc=etc).execute(env=case.variables, arguments=arguments).text
        if not auth.exists():
            break
    assert auth.exists() == case.survives, text
