# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What `--diff` shows of config.toml where the playbook says what is secret, or has it from an inline vault."""

from __future__ import annotations

import json
import subprocess
import textwrap
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Machine
from ansible_collections.fleet.codex.tests.support.playbook import Playbook

from .leaks import Secrets

NAMES = ("direct", "inner", "listed", "marked", "url", "public")


def run(playbook: Playbook, machine: Machine, wanted: Secrets) -> tuple[str, str]:
    """The diff and the rest of the output of a task whose settings hold secrets of all kinds."""
    program = playbook.program.with_name("ansible-vault")
    (playbook.folder / "password").write_text("fleet-test-password")
    command = [str(program), "encrypt_string", "--vault-id", "codex@password", "--encrypt-vault-id", "codex"]
    lines = []
    for name in ("direct", "inner", "listed"):
        done = subprocess.run(
            [*command, "--stdin-name", f"{name}_value"],
            input=wanted.make(name),
            cwd=playbook.folder,
            env={"HOME": str(playbook.folder / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        )
        lines.append(done.stdout)
    inner = textwrap.indent(lines[1].replace("inner_value", "inner"), "  ")
    listed = textwrap.indent(lines[2].partition(":")[2].strip(), "      ").strip()
    (playbook.folder / "vault.yml").write_text(f"{lines[0]}\ntable:\n{inner}\n  list:\n    - x\n    - {listed}\n")
    plain = {name: wanted.make(name) for name in ("marked", "url", "public")}
    (playbook.folder / "plain.json").write_text(json.dumps({f"{name}_value": plain[name] for name in plain}))
    task: dict[str, t.Any] = {
        "name": "config",
        "fleet.codex.codex_config": {
            "codex_home": f"{machine.folder}/codex",
            "settings": {
                "direct": "{{ direct_value }}",
                "table": "{{ table }}",
                "marked": {"deep": {"note": "{{ marked_value }}"}, "other": [{"note": "{{ marked_value }}"}]},
                "url": "https://mcp.fleet.test/{{ url_value }}",
                "api_key": "{{ public_value }}",
            },
            "secret_keys": [["marked"], ["url"]],
            "public_keys": [["api_key"]],
        },
    }
    done = playbook.run(
        {"host": machine.variables("local") | {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
        [task],
        play={"vars_files": ["vault.yml", "plain.json"]},
        arguments=["--diff", "--check", "--vault-id", "codex@password"],
    )
    assert done.rc == 0, done.output
    result = done.one("config").result
    diff = result.pop("diff")[-1]  # after the folder's
    return diff["before"] + diff["after"], json.dumps(result) + done.stderr


def holds(playbook: Playbook, machine: Machine, shown: list[str]) -> None:
    wanted = Secrets()
    diff, rest = run(playbook, machine, wanted)
    assert [name for name in NAMES if wanted.make(name) in diff] == shown
    assert wanted.find(rest.encode(), "result") == []
    hidden = [line.split(" = ")[0] for line in diff.splitlines() if line.endswith("= ********")]
    assert [key for key in hidden if key.startswith(("marked", "url"))] == [
        "marked.deep.note",
        "marked.other[0].note",
        "url",
    ]


@pytest.mark.repeats("another core, of which test_other_core has the newest")
def test_what_is_marked_or_vaulted_is_hidden(playbook: Playbook, machine: Machine) -> None:
    holds(playbook, machine, ["public"])


def test_other_core(other_core: Playbook, machine: Machine, request: pytest.FixtureRequest) -> None:
    """Up to ansible-core 2.18, nobody can tell that the value of a variable came from a vault."""
    vaulted = ["direct", "inner", "listed"] if "oldest" in request.node.name else []
    holds(other_core, machine, [*vaulted, "public"])
