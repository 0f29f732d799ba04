"""A home's configuration files as they are read: which wins, and which cannot be read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.sources import (
    Source,
    overruled,
    read_sources,
    value_of,
)
from ansible_collections.fleet.codex.plugins.plugin_utils._toml.document import Table
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    MANAGED,
    REQUIREMENTS,
    SYSTEM,
    config_file,
    describe,
    desired,
    host_file,
    layer,
    operations,
    plan,
)

CONFIG = f"{HOME}/.codex/config.toml"


def profile(name: str, content: bytes) -> FileFacts:
    return config_file(content) | t.cast(FileFacts, {"path": f"{HOME}/.codex/{name}.config.toml"})


def test_a_run_of_codex_reads_the_files_by_rank_with_one_profile_or_without() -> None:
    answer = describe(desired(), config=config_file(b"k = 'user'"), system=host_file(b"k = 'system'"))
    answer["profiles"] = [profile("work", b"k = 'work'"), profile("play", b"k = 'play'")]
    sources = read_sources(answer, {})
    assert [[source.path for source in view] for view in sources.views()] == [
        [MANAGED, CONFIG, SYSTEM],
        [MANAGED, f"{HOME}/.codex/work.config.toml", CONFIG, SYSTEM],
        [MANAGED, f"{HOME}/.codex/play.config.toml", CONFIG, SYSTEM],
    ]
    assert [value_of("k", view)[0] for view in sources.views()] == ["user", "work", "play"]
    assert value_of("k", sources.views()[0]) == ("user", CONFIG)
    assert value_of("other", sources.views()[0]) == (None, "")
    assert sources.problems == []


def test_what_the_plan_writes_counts_in_place_of_what_is_there() -> None:
    answer = describe(layer("profile:work", "0.169.0"), config=config_file(b"k = 1"), managed=host_file(b"k = \n"))
    work = f"{HOME}/.codex/work.config.toml"
    sources = read_sources(answer, {CONFIG: {"k": 2}, MANAGED: {}, work: {"k": 3}})
    assert (sources.user.data, sources.managed.data, sources.profiles["work"].data) == ({"k": 2}, {}, {"k": 3})
    assert sources.problems == []


def test_a_profile_of_the_task_is_one_with_what_describe_found() -> None:
    answer = describe(layer("profile:work", "0.169.0"), profile=config_file(b"k = 1"))
    answer["profiles"] = [profile("work", b"k = 1"), profile("play", b"k = 2")]
    assert list(read_sources(answer, {}).profiles) == ["work", "play"]


def test_an_answer_that_says_nothing_of_profiles_has_none() -> None:
    answer = describe(desired())
    del answer["profiles"], answer["all_profiles"]
    assert read_sources(answer, {}).problems == []
    assert read_sources(answer, {}).profiles == {}


def test_profiles_that_were_not_all_read_are_a_warning() -> None:
    wanted = desired(auth={"api_key": KEY})
    answer = describe(wanted) | t.cast(HomeAnswer, {"all_profiles": False})
    (warning,) = plan(wanted, answer).warnings
    assert warning.startswith(
        "/home/alice/.codex has more than 10,000 files, or more than 4 MiB of profile files, and only"
    )


def test_a_broken_config_beside_a_login_is_a_warning_and_stays() -> None:
    wanted = desired(auth={"api_key": KEY})
    result = plan(wanted, describe(wanted, config=config_file(b"a = \n")))
    assert operations(result) == ["write auth.json"]
    assert "line 1" in result.warnings[0]


def test_a_file_of_the_host_that_codex_cannot_read_is_a_warning() -> None:
    wanted = desired(auth={"api_key": KEY})
    warnings = plan(wanted, describe(wanted, managed=host_file(b"model = \n"))).warnings
    assert any(warning.startswith(f"{MANAGED} is not valid TOML (line 1") for warning in warnings)


@pytest.mark.parametrize("kind", ["oversized", "directory", "unreadable"])
def test_a_configuration_file_that_cannot_be_read_is_a_warning(kind: str) -> None:
    wanted = desired(auth={"api_key": KEY})
    facts = t.cast(FileFacts, {"kind": kind, "mode": 0o644, "owner": "root"})
    assert [w for w in plan(wanted, describe(wanted, managed=facts)).warnings if w.startswith(MANAGED)]


def test_every_file_that_cannot_be_read_has_a_sentence_and_counts_as_empty() -> None:
    answer = describe(
        desired(),
        config=config_file(b"a = \n"),
        system=host_file(b"\xff"),
        managed=t.cast(FileFacts, {"kind": "directory"}),
        requirements=t.cast(FileFacts, {"kind": "dangling"}),  # which Codex takes for none
    )
    answer["profiles"] = [profile("work", b"=")]
    sources = read_sources(answer, {})
    paths = [problem.partition(" ")[0] for problem in sources.problems]
    assert paths == [CONFIG, SYSTEM, MANAGED, f"{HOME}/.codex/work.config.toml"]
    assert (sources.user.data, sources.system.data, sources.managed.data, sources.requirements.data) == ({}, {}, {}, {})
    assert sources.requirements.path == REQUIREMENTS


@pytest.mark.parametrize(
    ("declared", "above", "found"),
    [
        ({"model": "b"}, {"model": "a"}, [("model",)]),
        ({"model": "b"}, {"model": "b"}, []),
        ({"n": 1}, {"n": 1.0}, [("n",)]),
        ({"n": 1}, {}, []),
        ({"tui": {"a": 1, "b": 2}}, {"tui": {"a": 1, "b": 3}}, [("tui", "b")]),
        ({"tui": {"a": 1}}, {"tui": 1}, [("tui",)]),
        ({"tui": 1}, {"tui": {"a": 1}}, [("tui",)]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2, "d": 3}}}, [("a", "b", "c")]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": 1}}, [("a", "b")]),
        ({"l": [1]}, {"l": [1, 2]}, [("l",)]),
    ],
)
def test_declared_values_that_another_file_overrules(
    declared: Table, above: Table, found: list[tuple[str, ...]]
) -> None:
    assert overruled(declared, Source("/above", above)) == found
