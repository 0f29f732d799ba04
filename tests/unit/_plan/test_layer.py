"""What a layer means for its file: where it is written, who reads it, and that no secret is opened to all."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._report.diffs import file_diff
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts
from ansible_collections.fleet.codex.tests.support.planning import (
    HOME,
    KEY,
    MANAGED,
    REQUIREMENTS,
    SYSTEM,
    config_file,
    data_written,
    describe,
    diffs,
    host_file,
    host_folder,
    layer,
    operation,
    operations,
    plan,
)


@pytest.mark.parametrize(
    ("name", "version", "base", "path", "data"),
    [
        ("user", None, "codex_home", "config.toml", {"model": "gpt-5"}),
        ("system", None, "host", SYSTEM, {"model": "gpt-5"}),
        ("managed", "0.45.0", "host", MANAGED, {"model": "gpt-5"}),
        ("requirements", "0.169.0", "host", REQUIREMENTS, {"model": "gpt-5"}),
        ("profile:work", "0.133.0", "codex_home", "config.toml", {"profiles": {"work": {"model": "gpt-5"}}}),
        ("profile:work", "0.134.0", "codex_home", "work.config.toml", {"model": "gpt-5"}),
    ],
)
def test_each_layer_goes_where_that_codex_reads_it(
    name: str, version: str | None, base: str, path: str, data: dict[str, t.Any]
) -> None:
    wanted = layer(name, version, settings={"model": "gpt-5"})
    made = plan(wanted, describe(wanted, **({"host_folder": host_folder()} if base == "host" else {})))
    write = operation(made)
    assert (write["base"], write["path"], write["mode"]) == (base, path, 0o644 if base == "host" else 0o600)
    assert data_written(made, path) == data
    assert made.result["config"]["path"] == (path if base == "host" else f"{HOME}/.codex/{path}")


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        (
            "profile:work",
            None,
            "layer: Codex before 0.134 reads a profile from config.toml and later ones from a file of its own. Set "
            "codex_version to the version, or to detect.",
        ),
        (
            "system",
            "0.79.0",
            "Codex 0.79.0 does not read /etc/codex/config.toml; 0.80 and later do. Choose another layer, or update "
            "Codex first.",
        ),
        ("managed", "0.44.0", "0.45 and later"),
        ("requirements", "0.79.0", "0.80 and later"),
    ],
)
def test_a_layer_that_the_version_does_not_read_is_refused(name: str, version: str | None, words: str) -> None:
    wanted = layer(name, version, settings={"model": "gpt-5"})
    with pytest.raises(CodexError) as caught:
        plan(wanted, describe(wanted))
    assert words in str(caught.value)
    assert str(caught.value).startswith(("layer: Codex before", f"Codex {version} does not read /etc/codex/"))


def test_a_table_that_keeps_codex_from_reading_the_profile_is_a_warning() -> None:
    wanted = layer("profile:work", "0.134.0", settings={"model": "b"})
    warnings = plan(wanted, describe(wanted, config=config_file(b'[profiles.work]\nmodel = "b"\n'))).warnings
    assert any("still has the table profiles.work" in warning for warning in warnings)
    assert not plan(wanted, describe(wanted, config=config_file(b'[profiles.play]\nmodel = "b"\n'))).warnings


def test_the_folder_of_the_host_is_made_and_opened() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    made = plan(wanted, describe(wanted))
    assert operations(made) == ["directory /etc/codex", f"write {SYSTEM}"]
    assert made.changes[0].operation["mode"] == 0o755
    there = {"host_folder": host_folder(0o700), "system": host_file(b'model = "gpt-5"\n', 0o600)}
    made = plan(wanted, describe(wanted, **there))
    assert [(change.operation["path"], change.operation["mode"]) for change in made.changes] == [
        ("/etc/codex", 0o755),
        (SYSTEM, 0o644),
    ]
    assert [(diff["before"], diff["after"]) for diff in diffs(made)] == [
        ("folder, mode 0700\n", "folder, mode 0755\n"),
        ("mode 0600\n", "mode 0644\n"),
    ]
    there = {"host_folder": host_folder(), "system": host_file(b'model = "gpt-5"\n')}
    assert not plan(wanted, describe(wanted, **there)).changes


@pytest.mark.parametrize(
    ("given", "there", "mode"),
    [
        (None, None, 0o644),
        (None, 0o600, 0o644),
        (None, 0o444, 0o444),
        (None, 0o666, 0o644),
        ("0444", None, 0o444),
        ("0444", 0o644, 0o444),
    ],
)
def test_a_file_of_the_host_has_a_mode_with_which_every_user_can_read_it(
    given: str | None, there: int | None, mode: int
) -> None:
    wanted = layer("system", settings={"model": "b"}, mode=given)
    files = {} if there is None else {"system": host_file(b'model = "a"\n', there)}
    assert operation(plan(wanted, describe(wanted, host_folder=host_folder(), **files)))["mode"] == mode


SECRET = f'[otel.exporter.otlp-http.headers]\nany = "{KEY}"\n'.encode()


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"managed": host_file(SECRET, 0o640)}, MANAGED),
        ({"managed": host_file(SECRET, 0o644), "host_folder": host_folder(0o750)}, MANAGED),
        ({"managed": host_file(b""), "system": host_file(SECRET), "host_folder": host_folder(0o750)}, SYSTEM),
        ({"managed": host_file(b""), "system": host_file(SECRET, 0o640), "host_folder": host_folder(0o750)}, None),
        ({"managed": host_file(SECRET)}, None),
        ({"managed": host_file(b"", 0o640)}, None),
    ],
)
def test_what_may_be_a_secret_is_not_opened_to_every_user(files: dict[str, FileFacts], refused: str | None) -> None:
    """An administrator may have given a file, or the folder, to a group."""
    wanted = layer("managed", settings={"model": "gpt-5"})
    answer = describe(wanted, **{"host_folder": host_folder(), **files})
    if refused is None:
        assert plan(wanted, answer).changes
        return
    with pytest.raises(CodexError, match=f"^{refused}: otel.*any may hold a secret") as caught:
        plan(wanted, answer)
    assert str(caught.value).endswith("Remove the key first, or name it in public_keys if it is not a secret.")
    assert KEY not in str(caught.value)
    public = layer("managed", settings={"model": "gpt-5"}, public_keys=[["otel"]])
    assert plan(public, describe(public, **{"host_folder": host_folder(), **files})).changes


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            "file",
            "/etc/codex is not a folder, so it cannot hold the host's configuration files. Move it away.",
        ),
        ("dangling", "/etc/codex is a symbolic link to nothing. Create the folder it points to, or remove the link."),
    ],
)
def test_what_is_in_the_place_of_the_hosts_folder_is_named_as_what_it_is(kind: str, words: str) -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    with pytest.raises(CodexError) as caught:
        plan(wanted, describe(wanted, host_folder=t.cast(FileFacts, {"kind": kind, "mode": 0o644, "owner": "root"})))
    assert str(caught.value) == words


def test_how_a_diff_shows_the_folder_of_the_host() -> None:
    wanted = layer("system", settings={"model": "gpt-5"})
    for there, before in ({}, ""), ({"host_folder": host_folder(0o700)}, "folder, mode 0700\n"):
        assert diffs(plan(wanted, describe(wanted, **there)))[0] == file_diff(
            "/etc/codex", before, "folder, mode 0755\n"
        )


@pytest.mark.parametrize(
    ("given", "there", "mode"), [(None, 0o640, 0o600), (None, 0o400, 0o400), ("0400", 0o600, 0o400)]
)
def test_a_file_of_a_user_is_for_that_user_alone(given: str | None, there: int, mode: int) -> None:
    wanted = layer("user", settings={"model": "b"}, mode=given)
    assert operation(plan(wanted, describe(wanted, config=config_file(b'model = "a"\n', there))))["mode"] == mode
