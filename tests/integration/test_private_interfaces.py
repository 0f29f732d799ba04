# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What is used of Ansible without its promise, on the oldest and the newest ansible-core (docs/architecture.md).

Beside these: pipelining and become in test_connections.py, a task's `notify` in test_running_codex.py, values from a
vault in test_redaction.py.
"""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import typing as t

from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document, encode
from ansible_collections.fleet.codex.tests.support.hosts import Machine
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import on_core

PASSWORD = "fleet-test-vault-password"
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def login() -> str:
    document = chatgpt_document(
        "account-1", "a@example.com", "plus", last_refresh=NOON, access_expires=NOON, marker="private"
    )
    return encode(document)


def run(playbook: Playbook, machine: Machine, tasks: list[dict[str, t.Any]], **variables: t.Any) -> Run:
    host = machine.variables() | {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **variables}
    (playbook.folder / "password").write_text(PASSWORD)
    return playbook.run({"host": host}, tasks, arguments=["--vault-id", "codex@password"])


def encrypt(playbook: Playbook, path: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(login())
    (playbook.folder / "password").write_text(PASSWORD)
    command = [str(playbook.program.with_name("ansible-vault")), "encrypt", "--vault-id", "codex@password", str(path)]
    environment = {"HOME": str(playbook.folder / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(command, cwd=playbook.folder, env=environment, capture_output=True, check=True)


def test_a_source_is_found_and_decrypted_and_fetched_back_encrypted(other_core: Playbook, machine: Machine) -> None:
    """_find_needle, get_real_file, the run's vault secrets."""
    encrypt(other_core, other_core.folder / "files" / "logins" / "one.json")
    home = str(machine.folder / "codex")
    done = run(
        other_core,
        machine,
        [
            {"name": "deploy", "fleet.codex.codex_auth_file": {"codex_home": home, "src": "logins/one.json"}},
            {
                "name": "fetch",
                "fleet.codex.codex_auth_fetch": {
                    "codex_home": home,
                    "dest": "back/one.json",
                    "encrypt_vault_id": "codex",
                },
            },
        ],
    )
    assert done.changes() == [True, True]
    assert json.loads((machine.folder / "codex" / "auth.json").read_bytes()) == json.loads(login())
    assert (other_core.folder / "back" / "one.json").read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;codex\n")


@on_core("newest")
def test_a_missing_source_is_named(other_core: Playbook, machine: Machine) -> None:
    """AnsibleFileNotFound."""
    options = {"codex_home": str(machine.folder / "codex"), "src": "missing.json"}
    done = run(other_core, machine, [{"fleet.codex.codex_auth_file": options}])
    assert done.failure() == "src: there is no file missing.json on the controller. Correct the path."


@on_core("newest")
def test_all_processes_of_a_run_share_reservations(other_core: Playbook, machine: Machine) -> None:
    """C.DEFAULT_LOCAL_TMP: the second host's process sees what the first one's wrote."""
    tasks = [{"fleet.codex.codex_auth_file": {"codex_home": "{{ home }}", "content": login()}}]
    interpreter = "{{ ansible_playbook_python }}"
    variables = machine.variables() | {"ansible_python_interpreter": interpreter}
    hosts = {name: variables | {"home": str(machine.folder / name)} for name in ("one", "two")}
    done = other_core.run(hosts, tasks)
    written = [name for name in hosts if (machine.folder / name / "auth.json").exists()]
    assert len(written) == 1
    assert "One ChatGPT login would go to" in done.failure()


def test_a_connection_that_cannot_pipe_gets_a_file_and_the_environment(other_core: Playbook, machine: Machine) -> None:
    """_make_tmp_path, _transfer_data, _remote_chmod, _fixup_perms2, _remove_tmp_path, _compute_environment_string."""
    home = machine.folder / "elsewhere"
    task = {
        "fleet.codex.codex_auth_file": {"api_key": "fleet-test-key-1"},
        "environment": {"CODEX_HOME": str(home)},
    }
    done = run(other_core, machine, [task], ansible_connection="unpiped")
    assert done.changes() == [True]
    assert (home / "auth.json").exists()
    assert machine.list(str(machine.folder / "remote")) == []


@on_core("newest")
def test_windows_is_recognized(other_core: Playbook, machine: Machine) -> None:
    """_connection._shell._IS_WINDOWS, and _is_pipelining_enabled, which says no for the connection local."""
    task = {"fleet.codex.codex_auth_file": {"api_key": "fleet-test-key-1"}}
    done = run(other_core, machine, [task], ansible_shell_type="powershell")
    assert done.failure().startswith("Ansible would put the request, which holds secrets, into a file on this host.")
