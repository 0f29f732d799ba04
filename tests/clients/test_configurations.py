# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Files as people and Codex write them, edited by codex_config and read by a real Codex before and after.

The files in configurations/ are written for this test, of settings that Codex documents, each in a style of its own.
They are stored with LF; other line ends, a byte order mark and a missing end of the last line come from FORMS.
"""

from __future__ import annotations

import copy
import pathlib
import re
import typing as t

import pytest
import tomli
from ansible_collections.fleet.codex.tests.support import credentials
from ansible_collections.fleet.codex.tests.support.codex_client import scratch
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import start, write_auth
from .untouched import BOM, added_lines, lines_of

VERSIONS = ("0.94.0", "0.171.0")
FILES = {path.stem: path for path in sorted((pathlib.Path(__file__).parent / "configurations").glob("*.toml"))}

FORMS: dict[str, t.Callable[[bytes], bytes]] = {
    "crlf": lambda content: content.replace(b"\n", b"\r\n"),
    "bom": lambda content: BOM + content,
    "unterminated": lambda content: content.removesuffix(b"\n"),
    "mixed": lambda content: b"".join(
        line.replace(b"\n", b"\r\n") if number % 2 else line for number, line in enumerate(lines_of(content))
    ),
}
# Each file as it is, and some in another form, too.
CASES = {name: path.read_bytes() for name, path in FILES.items()} | {
    f"{name}-{form}": FORMS[form](FILES[name].read_bytes())
    for form, names in {
        "crlf": ("approval", "blank_lines", "boxes", "instructions", "mcp_stdio"),
        "bom": ("azure", "banner_then_table", "quoted_keys"),
        "unterminated": ("mcp_http", "otel", "projects_inline", "removed_last"),
        "mixed": ("long", "mcp_dotted", "other_languages", "tabs"),
    }.items()
    for name in names
}

# One edit for all of them: a scalar, a nested table, a trusted project, and two tables that are to go.
MODEL = "fleet-test-model"
SERVER = {"command": "fleet-mcp", "args": ["--level", "2"], "env": {"FLEET.LEVEL": "2", "FLEET_TEXT": "fleet\nfleet"}}
PROJECT = "/srv/fleet café/v1.2"
EDIT = {
    "settings": {
        "model": MODEL,
        "mcp_servers": {"fleet": SERVER},
        "projects": {PROJECT: {"trust_level": "trusted"}},
    },
    "absent": [["mcp_servers", "old"], ["profiles", "old"]],
}

# The lines of what is to go; where nothing stands here, and it is there, it is these two.
TWO_LINES = '[mcp_servers.old]\ncommand = "old-server"'
REMOVED: dict[str, tuple[str, ...]] = {
    "blank_lines": ('[ mcp_servers . "old" ]\ncommand="old-server"',),
    "instructions": ('[mcp_servers.old]\ncommand = """old-server"""\nargs = [\'\'\'one\ntwo\'\'\', "three"]',),
    "long": ("# Replaced by billing-1 and never removed.\n" + TWO_LINES + '\nargs = [\n  "--slow",\n]',),
    "mcp_dotted": ('mcp_servers.old.command = "old-server"',),
    "mcp_http": (
        "# Goes away with the move to the new tracker.\n"
        '[mcp_servers.old]\nurl = "https://old.example.com/mcp"\nenabled = false',
    ),
    "mcp_inline_servers": ('old = { command = "old-server", env = { OLD_MODE = "slow" } }',),
    "mcp_one_line": ('mcp_servers = { docs = { command = "docs-server" }, old = { command = "old-server" } }',),
    "mcp_stdio": (
        TWO_LINES + '\nargs = ["--port", "8080"]\ncwd = "/opt/old"',
        '[mcp_servers.old.env]\nOLD_MODE = "slow"',
    ),
    "other_languages": ('[mcp_servers.old] # ancien\ncommand = "old-server"',),
    "out_of_order": (TWO_LINES, '[mcp_servers.old.env]\nLEFT = "behind"'),
    "profiles": (
        '# Nobody uses this one.\n# It can go.\n[profiles.old]\nmodel = "gpt-4.1"\napproval_policy = "never"',
    ),
    "quoted_keys": ('["mcp_servers".\'old\']\n"command" = "old-server"',),
    "tabs": ('\t[mcp_servers.old]\n\tcommand\t= "old-server"',),
    "written_by_codex": (TWO_LINES + '\nargs = ["-x"]',),
}

pytestmark = pytest.mark.xdist_group("configurations")  # two runs of one playbook serve all of them


def data_of(content: bytes) -> dict[str, t.Any]:
    return tomli.loads(content.removeprefix(BOM).decode())


def edited_data(content: bytes) -> dict[str, t.Any]:
    """What the edit is to make of the data."""
    data = copy.deepcopy(data_of(content))
    for above, key in EDIT["absent"]:
        t.cast("dict[str, t.Any]", data.get(above, {})).pop(key, None)
    data["model"] = MODEL
    data.setdefault("mcp_servers", {})["fleet"] = SERVER
    data.setdefault("projects", {})[PROJECT] = {"trust_level": "trusted"}
    return data


def removed_blocks(case: str) -> tuple[str, ...]:
    name = case.partition("-")[0]
    data = data_of(CASES[case])
    is_there = any("old" in data.get(above, {}) for above, _old in EDIT["absent"])
    return REMOVED.get(name, (TWO_LINES,)) if is_there else ()


def changed_line(content: bytes) -> dict[str, str]:
    """The line of the model, and what it is to be; the value changes, and neither the space around it nor a comment."""
    model = data_of(content).get("model")
    for line in content.removeprefix(BOM).decode().splitlines():
        match = re.match(r"(\s*[\"']?model[\"']?\s*=\s*)([\"'])(.*?)\2", line)
        if match and match[3] == model:
            return {line: f'{match[1]}"{MODEL}"{line[match.end() :]}'}
    assert model is None
    return {}


class Edited(t.NamedTuple):
    """A file after the edit, and what the two runs of the playbook returned."""

    codex_home: pathlib.Path
    results: list[dict[str, t.Any]]
    stats: list[tuple[int, int]]
    contents: list[bytes]


@pytest.fixture(name="all_edited", scope="module")
def _all_edited(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Edited]]:
    """One host for each file, so that two runs of a playbook do everything."""
    with scratch() as folder:
        homes = {case: folder / case / ".codex" for case in CASES}
        for case, home in homes.items():
            home.mkdir(parents=True, mode=0o700)
            (home / "config.toml").write_bytes(CASES[case])
        playbook = Playbook(tmp_path_factory.mktemp("playbook"), folder)
        hosts = {case: {"ansible_connection": "local", "home": str(home)} for case, home in homes.items()}
        task = {"name": "edit", "fleet.codex.codex_config": {"codex_home": "{{ home }}", **EDIT}}
        edited = {case: Edited(home, [], [], []) for case, home in homes.items()}
        for _round in range(2):
            run = playbook.run(hosts, [task])
            for case, (home, results, stats, contents) in edited.items():
                results.append(run.of_host(case).result)
                path = home / "config.toml"
                stats.append((path.stat().st_ino, path.stat().st_mtime_ns))
                contents.append(path.read_bytes())
        yield edited


@pytest.fixture(name="edited")
def _edited(all_edited: dict[str, Edited], case: str) -> Edited:
    return all_edited[case]


each_case = pytest.mark.parametrize("case", CASES)
each_version = pytest.mark.parametrize("version", kept(["0.171.0"], VERSIONS, reason="another version"))


@each_version
@pytest.mark.parametrize("name", FILES)
def test_codex_accepts_the_file_as_it_is(version: str, name: str, home: pathlib.Path) -> None:
    write_auth(home, credentials.api_key_document("fleet-test-key-configurations"))
    (home / ".codex" / "config.toml").write_bytes(CASES[name])
    status = start(version, home).login_status()
    assert (status.rc, status.method) == (0, "apikey"), status.text


@each_case
def test_the_edit_touches_no_other_line(case: str, edited: Edited) -> None:
    old, new = CASES[case], edited.contents[0]
    assert edited.results[0].get("changed"), edited.results[0]
    assert data_of(new) == edited_data(old)
    added = added_lines(old, new, removed_blocks(case), changed_line(old))
    ours = ("fleet", "FLEET", "trust_level", "--level")
    strangers = [line for line in added if line.strip() and not any(word in line for word in ours)]
    assert [line for line in strangers if line not in ("[mcp_servers]", "[projects]")] == []


@each_case
def test_the_second_run_changes_nothing(case: str, edited: Edited) -> None:
    assert edited.results[1].get("changed") is False, edited.results[1]
    assert edited.stats[0] == edited.stats[1]
    assert edited.contents[0] == edited.contents[1]


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("-crlf")])
def test_all_lines_of_a_crlf_file_end_with_it(case: str, edited: Edited) -> None:
    assert all(line.endswith(b"\r\n") for line in lines_of(edited.contents[0]))


@each_version
@each_case
def test_codex_reads_the_old_settings_and_the_edit(version: str, case: str, edited: Edited) -> None:
    """The app server shows the whole file and accepts nearly everything; the list of servers needs all to be valid."""
    before = (edited.codex_home / "config.toml").read_bytes()
    codex = start(version, edited.codex_home.parent)
    found = codex.configuration()
    assert with_plain_line_ends(found) == edited_data(CASES[case])
    assert found["mcp_servers"]["fleet"] == SERVER
    rc, text = codex.command("mcp", "list")
    assert rc == 0, text
    servers = [line.split()[0] for line in text.splitlines() if line.strip()]
    assert "fleet" in servers
    assert "old" not in servers
    assert (edited.codex_home / "config.toml").read_bytes() == before


def with_plain_line_ends(value: t.Any) -> t.Any:
    """Codex keeps the CRLF of a file in a text of several lines, and tomli does not (measured)."""
    if isinstance(value, dict):
        return {key: with_plain_line_ends(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_plain_line_ends(item) for item in value]
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


@each_version
@pytest.mark.parametrize("case", ["approval-crlf", "history", "out_of_order", "tabs", "written_by_codex"])
def test_the_model_takes_effect(version: str, case: str, edited: Edited, home: pathlib.Path) -> None:
    """In what Codex says of itself before a turn."""
    write_auth(home, credentials.api_key_document("fleet-test-key-configurations"))
    (home / ".codex" / "config.toml").write_bytes(edited.contents[0])
    assert f"model: {MODEL}\n" in start(version, home).execute().text
