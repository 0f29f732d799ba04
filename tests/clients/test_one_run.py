# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What the command line changes for one run, by version: docs/config.md and docs/codex-versions.md say it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import Execution
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import chatgpt, start, write_auth

KEY = "fleet-test-key-one-run"
TOKENS = chatgpt("one-run")
AS_API_KEY = "preferred_auth_method=apikey"  # what a shell makes of preferred_auth_method="apikey"


def key_and_tokens() -> dict[str, t.Any]:
    return {**TOKENS, "OPENAI_API_KEY": KEY}


SENT = {"key": f"Bearer {KEY}", "tokens": f"Bearer {TOKENS['tokens']['access_token']}"}


def run(version: str, home: pathlib.Path, **options: t.Any) -> tuple[Execution, list[str]]:
    """One run, and the kinds of credential that it sent."""
    execution = start(version, home).execute(**options)
    kinds = {header: kind for kind, header in SENT.items()}
    return execution, [kinds.get(header, header) for header in execution.authorization]


# ------------------------------------------------------------------------------------------ the login


@pytest.mark.parametrize(
    ("version", "override", "sent"),
    [
        ("0.34.0", None, "tokens"),
        ("0.34.0", AS_API_KEY, "key"),
        ("0.34.0", "preferred_auth_method=chatgpt", "tokens"),
        # From here on the file alone decides: a key in it counts, from 0.94 on what auth_mode says.
        ("0.49.0", "preferred_auth_method=chatgpt", "key"),
        ("0.58.0", "preferred_auth_method=chatgpt", "key"),
        ("0.94.0", AS_API_KEY, "tokens"),
        ("0.171.0", AS_API_KEY, "tokens"),
    ],
)
def test_preferred_auth_method_chooses_in_old_versions_only(
    version: str, override: str | None, sent: str, home: pathlib.Path
) -> None:
    path = write_auth(home, key_and_tokens())
    before = path.read_bytes()
    execution, kinds = run(version, home, overrides=[override] if override else [])
    assert (execution.rc, kinds) == (0, [sent]), execution
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "refused"),
    kept(
        [("0.34.0", False), ("0.49.0", True), ("0.171.0", True)],
        [("0.34.0", False), ("0.49.0", True), ("0.58.0", True), ("0.94.0", True), ("0.171.0", True)],
        reason="another version",
    ),
)
@pytest.mark.parametrize(("method", "there"), [("api", "tokens"), ("chatgpt", "key")])
def test_forced_login_method_deletes_the_other_login(
    version: str, refused: bool, method: str, there: str, home: pathlib.Path
) -> None:
    path = write_auth(home, TOKENS if there == "tokens" else credentials.api_key_document(KEY))
    execution, kinds = run(version, home, overrides=[f"forced_login_method={method}"])
    assert (execution.rc, kinds) == ((1, []) if refused else (0, [there])), execution
    assert path.exists() is not refused
    # Nor was anybody asked to revoke it: a copy of the deleted login stays good.
    assert not refused or execution.requests == []


@pytest.mark.parametrize(
    "version", kept(["0.49.0", "0.171.0"], ["0.49.0", "0.58.0", "0.94.0", "0.171.0"], reason="another version")
)
@pytest.mark.parametrize(("method", "there"), [("api", "key"), ("chatgpt", "tokens")])
def test_forced_login_method_leaves_its_own_login(version: str, method: str, there: str, home: pathlib.Path) -> None:
    path = write_auth(home, TOKENS if there == "tokens" else credentials.api_key_document(KEY))
    before = path.read_bytes()
    execution, kinds = run(version, home, overrides=[f"forced_login_method={method}"])
    assert (execution.rc, kinds) == (0, [there]), execution
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["0.137.0", "0.171.0"])
def test_strict_config_refuses_preferred_auth_method(version: str, home: pathlib.Path) -> None:
    path = write_auth(home, TOKENS)
    before = path.read_bytes()
    execution, kinds = run(version, home, arguments=["--strict-config"])
    assert (execution.rc, kinds) == (0, ["tokens"]), execution
    execution, kinds = run(version, home, arguments=["--strict-config"], overrides=[AS_API_KEY])
    assert (execution.rc, kinds) == (1, []), execution
    assert "unknown configuration field `preferred_auth_method`" in execution.text
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "sent"),
    kept(
        [("0.34.0", "tokens"), ("0.49.0", "key"), ("0.171.0", "key")],
        [("0.34.0", "tokens"), ("0.49.0", "key"), ("0.58.0", "key"), ("0.94.0", "key"), ("0.171.0", "key")],
        reason="another version",
    ),
)
def test_a_key_in_the_environment_for_one_run(version: str, sent: str, home: pathlib.Path) -> None:
    path = write_auth(home, TOKENS)
    before = path.read_bytes()
    execution, kinds = run(version, home, env={"CODEX_API_KEY": KEY})
    assert (execution.rc, kinds) == (0, [sent]), execution
    assert path.read_bytes() == before


# -------------------------------------------------------------------------------------------- profiles

TABLE = """\
model = "fleet-test-model-of-the-file"

[profiles.fast]
model = "fleet-test-model-of-the-table"
"""
FILE = 'model = "fleet-test-model-of-the-profile"\n'
OLD, NEW = ("0.34.0", "0.49.0", "0.58.0", "0.94.0"), ("0.137.0", "0.171.0")


def configure(home: pathlib.Path, config: str, profile: str | None = None) -> None:
    write_auth(home, credentials.api_key_document(KEY))
    (home / ".codex" / "config.toml").write_text(config, encoding="utf-8")
    if profile is not None:
        (home / ".codex" / "fast.config.toml").write_text(profile, encoding="utf-8")


def model(execution: Execution) -> str:
    """Which model was used, as Codex says it before the turn; "" where it did not get there."""
    lines = [line.split()[-1] for line in execution.text.splitlines() if line.startswith("model: ")]
    return lines[0].removeprefix("fleet-test-model-of-the-") if lines else ""


@pytest.mark.parametrize("version", kept(["0.34.0", "0.94.0"], OLD, reason="another version"))
def test_a_profile_is_a_table_in_old_versions(version: str, home: pathlib.Path) -> None:
    configure(home, TABLE, FILE)
    assert model(run(version, home)[0]) == "file"
    execution, kinds = run(version, home, arguments=["--profile", "fast"])
    assert (execution.rc, kinds, model(execution)) == (0, ["key"], "table"), execution


@pytest.mark.parametrize("version", kept(["0.34.0", "0.94.0"], OLD, reason="another version"))
def test_old_versions_do_not_find_a_profile_that_is_a_file(version: str, home: pathlib.Path) -> None:
    configure(home, 'model = "fleet-test-model-of-the-file"\n', FILE)
    execution, kinds = run(version, home, arguments=["--profile", "fast"])
    assert (execution.rc, kinds) == (1, []), execution
    assert "config profile `fast` not found" in execution.text


@pytest.mark.parametrize("version", NEW)
def test_a_profile_is_a_file_in_new_versions(version: str, home: pathlib.Path) -> None:
    """One whose file is missing is none, and nothing is said of it."""
    configure(home, 'model = "fleet-test-model-of-the-file"\n', FILE)
    assert model(run(version, home)[0]) == "file"
    execution, kinds = run(version, home, arguments=["--profile", "fast"])
    assert (execution.rc, kinds, model(execution)) == (0, ["key"], "profile"), execution
    execution, kinds = run(version, home, arguments=["--profile", "fats"])
    assert (execution.rc, kinds, model(execution)) == (0, ["key"], "file"), execution


@pytest.mark.parametrize("version", NEW)
def test_new_versions_refuse_a_profile_that_is_a_table_too(version: str, home: pathlib.Path) -> None:
    """The table does no harm as long as nobody asks for a profile of that name."""
    configure(home, TABLE, FILE)
    assert model(run(version, home)[0]) == "file"
    execution, kinds = run(version, home, arguments=["--profile", "fast"])
    assert (execution.rc, kinds) == (1, []), execution
    assert 'contains legacy `profile = "fast"` or `[profiles.fast]` config' in execution.text


@pytest.mark.parametrize(
    ("version", "starts"),
    kept(
        [("0.34.0", True), ("0.94.0", True), ("0.137.0", False), ("0.171.0", False)],
        [*((v, True) for v in OLD), *((v, False) for v in NEW)],
        reason="another version",
    ),
)
def test_a_default_profile_stops_new_versions(version: str, starts: bool, home: pathlib.Path) -> None:
    configure(home, f'profile = "fast"\n{TABLE}')
    execution, kinds = run(version, home)
    assert (execution.rc, kinds) == ((0, ["key"]) if starts else (1, [])), execution
    assert model(execution) == ("table" if starts else "")
    status = start(version, home).login_status()
    assert (status.rc, status.method) == ((0, "apikey") if starts else (1, "unreadable")), status
