"""Variables that Codex uses instead of auth.json."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.variables import (
    left_key_warnings,
    outranking_variables,
    startup_queries,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    chatgpt,
    config_file,
    describe,
    desired,
    file,
    operations,
    plan,
)

WORKLOAD_IDENTITY = ("OPENAI_FEDERATION_RULE_ID", "OPENAI_IDENTITY_TOKEN_FILE", "OPENAI_IDENTITY_TOKEN_SOURCE")
VALUES, SYSTEM = f"{HOME}/.codex/codex.env", "/etc/environment"
FILES = {
    "codex__env": file(variables=dict.fromkeys(["A", "CODEX_API_KEY"], "digest")),
    "/etc/environment": file(variables=dict.fromkeys(["CODEX_ACCESS_TOKEN", "CODEX_API_KEY"], "digest")),
}


def test_every_file_that_sets_one_is_named() -> None:
    answer = describe(desired(), **FILES)
    system = [("CODEX_API_KEY", SYSTEM), ("CODEX_ACCESS_TOKEN", SYSTEM)]
    assert outranking_variables(answer, None) == [("CODEX_API_KEY", VALUES), *system]
    # What is declared counts in place of what is in the user's file.
    assert outranking_variables(answer, {}) == system
    assert outranking_variables(answer, {"CODEX_ACCESS_TOKEN": "x"}) == [("CODEX_ACCESS_TOKEN", VALUES), *system]
    assert outranking_variables(describe(desired()), None) == []


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("CODEX_API_KEY", "0.43.0", None),
        ("CODEX_API_KEY", "0.44.0", "Codex 0.44 and later uses it instead of auth.json in `codex exec`"),
        ("CODEX_API_KEY", None, "Codex 0.44 and later uses it instead of auth.json in `codex exec`"),
        ("CODEX_ACCESS_TOKEN", "0.129.0", None),
        ("CODEX_ACCESS_TOKEN", "0.130.0", "Codex 0.130 and later uses it instead of auth.json. Remove it"),
        ("OPENAI_FEDERATION_RULE_ID", "0.149.0", None),
        ("OPENAI_FEDERATION_RULE_ID", "0.150.0", "Codex 0.150 and later uses it instead of auth.json. Remove it"),
        ("OPENAI_IDENTITY_TOKEN_FILE", None, "Codex 0.150 and later uses it instead of auth.json. Remove it"),
        ("OPENAI_IDENTITY_TOKEN_SOURCE", "0.169.0", None),
        ("OPENAI_IDENTITY_TOKEN_SOURCE", "0.171.0", "Codex 0.171 and later uses it instead of auth.json. Remove it"),
        ("OPENAI_API_KEY", None, None),
    ],
)
def test_a_variable_that_outranks_the_login_is_a_warning(name: str, version: str | None, words: str | None) -> None:
    wanted = desired(auth={"api_key": KEY}, codex_version=version)
    made = plan(wanted, describe(wanted, **{"/etc/environment": file(variables=dict.fromkeys([name], "digest"))}))
    assert operations(made) == ["write auth.json"]
    if words is None:
        assert made.warnings == []
    else:
        (warning,) = made.warnings
        assert warning.startswith(f"{SYSTEM} sets {name}, and ")
        assert words in warning


def test_a_declared_variable_that_outranks_the_login_is_a_warning() -> None:
    wanted = desired(auth={"api_key": KEY}, environment={"CODEX_API_KEY": "x"})
    (warning,) = plan(wanted, describe(wanted)).warnings
    assert warning.startswith(f"{VALUES} sets CODEX_API_KEY, and ")
    removed = desired(auth={"api_key": KEY}, environment={})
    there = {"codex__env": file(variables={"CODEX_API_KEY": "digest"})}
    assert plan(removed, describe(removed, **there)).warnings == []


def test_without_a_declared_login_there_is_nothing_to_outrank() -> None:
    wanted = desired(config={"settings": {"model": "gpt-5"}})
    assert plan(wanted, describe(wanted, **FILES)).warnings == []


@pytest.mark.parametrize("method", ["api", "chatgpt"])
@pytest.mark.parametrize("name", WORKLOAD_IDENTITY)
def test_workload_identity_never_makes_codex_delete_the_login(method: str, name: str) -> None:
    wanted = desired(auth={"api_key": KEY} if method == "api" else {"content": chatgpt()})
    config = config_file(f'forced_login_method = "{method}"\n'.encode())
    made = plan(wanted, describe(wanted, config=config, codex__env=file(variables=dict.fromkeys([name], "digest"))))
    assert operations(made) == ["write auth.json"]
    assert len(made.warnings) == 1


def with_startup_files(**variables: str) -> HomeAnswer:
    """What describe answers where it was asked for the files of shells: by the file, a variable that it sets."""
    answer = describe(desired())
    for query in startup_queries(is_windows=False):
        path = query["path"]
        name = variables.get(path[1:])
        facts = file(variables={name: "digest"}) if name else t.cast(FileFacts, {"kind": "absent"})
        answer["files"][query["name"]] = t.cast(FileFacts, {**facts, "path": f"{HOME}/{path}"})
    return answer


def test_files_of_shells_count_where_they_were_looked_at() -> None:
    answer = with_startup_files(bashrc="CODEX_API_KEY", zprofile="CODEX_ACCESS_TOKEN", profile="OPENAI_API_KEY")
    assert outranking_variables(answer, {}) == [
        ("CODEX_API_KEY", f"{HOME}/.bashrc"),
        ("CODEX_ACCESS_TOKEN", f"{HOME}/.zprofile"),
    ]
    assert left_key_warnings(answer) == [
        f"{HOME}/.profile sets OPENAI_API_KEY. Codex does not use it while there is a ChatGPT login, but other "
        "programs may. Remove it there if none needs it."
    ]
    assert startup_queries(is_windows=True) == []


def test_a_key_is_left_wherever_a_file_sets_it() -> None:
    names = dict.fromkeys(["OPENAI_API_KEY"], "digest")
    answer = describe(desired(), **{"codex__env": file(variables=names), SYSTEM: file(variables=names)})
    assert [warning.partition(" ")[0] for warning in left_key_warnings(answer)] == [VALUES, SYSTEM]
    assert left_key_warnings(describe(desired())) == []
