# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The role as AWX runs it: by ansible-runner, from a private data directory. Nothing that runner keeps holds a secret.

AWX writes survey answers to env/extravars, and the password of a vault where runner answers Ansible's question for it.
Both are input: AWX removes the directory with the end of the job, and keeps the artifacts.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.awx import answer, make_survey
from ansible_collections.fleet.codex.tests.support.credentials import api_key_document, encode
from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.pages import blocks
from ansible_collections.fleet.codex.tests.support.paths import COLLECTIONS

from .leaks import Secrets, in_folder

RUN = [block for block in blocks("docs/install.md", "yaml") if block.heading == "AWX"]
BIN = pathlib.Path(sys.executable).parent


class Job:
    """A private data directory with the page's playbook as its project.

    host: variables of the one host. password: of the vault.
    """

    def __init__(self, folder: pathlib.Path, host: t.Mapping[str, t.Any], password: str = "fleet-test-vault") -> None:
        self.folder = folder
        self._password = password
        for name in ("env", "inventory", "project"):
            (folder / name).mkdir(parents=True)
        (playbook,) = RUN
        assert playbook.file
        self.playbook = playbook.file
        (folder / "project" / playbook.file).write_text(playbook.text)
        (folder / "project" / "ansible.cfg").write_text("[defaults]\nhost_key_checking = false\n")
        (folder / "inventory" / "hosts.json").write_text(json.dumps({"all": {"hosts": {"web1": host}}}))
        (folder / "env" / "cmdline").write_text("--ask-vault-pass")
        (folder / "env" / "passwords").write_text(json.dumps({"^Vault password:\\s*?$": password}))

    def vault(self, **variables: str) -> None:
        """Puts vaulted variables for all hosts into the project."""
        lines = []
        for name, value in variables.items():
            options = ["--vault-password-file", "/dev/stdin", "--name", name]
            command = [str(BIN / "ansible-vault"), "encrypt_string", *options, value]
            done = subprocess.run(command, input=self._password, capture_output=True, text=True, check=True)
            lines.append(done.stdout)
        path = self.folder / "project" / "group_vars" / "all.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(lines))

    def run(self, answers: t.Mapping[str, t.Any], *arguments: str) -> tuple[int, str]:
        """The status of a job with these extra variables, and what it printed."""
        (self.folder / "env" / "extravars").write_text(json.dumps(answers))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {
            "PATH": f"{BIN}:{environment['PATH']}",
            "HOME": str(self.folder / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        }
        command = [str(BIN / "ansible-runner"), "run", str(self.folder), "--playbook", self.playbook, *arguments]
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def kept(self) -> list[pathlib.Path]:
        """All files of the artifacts."""
        return [path for path in (self.folder / "artifacts").rglob("*") if path.is_file()]


@pytest.mark.parametrize("verbosity", [(), ("-vvv",)], ids=["", "-vvv"])
def test_the_artifacts_of_a_job_have_no_secret(
    verbosity: tuple[str, ...], container: Container, tmp_path: pathlib.Path
) -> None:
    """Of one that changes, one that does not, one in check mode with a diff, and one that fails."""
    secrets = Secrets()
    key, header = secrets.make("key"), secrets.make("header")
    job = Job(tmp_path / "job", container.docker(), secrets.make("vault"))
    job.vault(vault_header=header)
    settings = json.dumps({"model_providers": {"a": {"name": "a", "http_headers": {"X-Key": "{{ vault_header }}"}}}})
    survey = make_survey()
    given = {"codex_user": "alice", "codex_api_key": key, "codex_settings": settings}
    outcomes = []
    for more in ({}, {}, {"codex_api_key": secrets.make("other")}, {"codex_user": "nobody-there"}):
        arguments = ["--cmdline", "--ask-vault-pass --check --diff"] if "codex_api_key" in more else []
        status, output = job.run(answer(survey, **{**given, **more}), *arguments, *verbosity)
        assert secrets.find(output.encode(), "the output") == []
        outcomes.append((status, "changed=1" in output, "There is no user nobody-there" in output))
    assert outcomes == [(0, True, False), (0, False, False), (0, True, False), (2, False, True)]
    written = container.file("/home/alice/.codex/auth.json").content.decode()
    assert json.loads(written)["OPENAI_API_KEY"] == key
    assert header in container.file("/home/alice/.codex/config.toml").content.decode()
    names = {path.name for path in job.kept}
    assert {"stdout", "rc", "status", "command"} <= names
    assert len([path for path in job.kept if path.parent.name == "job_events"]) > 20
    assert in_folder(secrets, job.folder / "artifacts") == {}
    # The search would find them: the input has them.
    assert {pathlib.Path(path).name for path in in_folder(secrets, job.folder / "env")} == {"extravars", "passwords"}


def test_empty_answers_do_what_leaving_them_out_does(container: Container, tmp_path: pathlib.Path) -> None:
    """With one of the two logins, with the other one, and without any: then the login stays."""
    job = Job(tmp_path / "job", container.docker())
    survey, user, key = make_survey(), {"codex_user": "alice"}, "fleet-test-key-survey"
    file = tmp_path / "auth.json"
    file.write_text(encode(api_key_document(f"{key}-2")))
    for answers, status, words in (
        ({**user, "survey_codex_api_key": key}, 0, "changed=1"),
        (answer(survey, "", **user, codex_api_key=key), 0, "changed=0"),
        (answer(survey, None, **user, codex_api_key=key), 0, "changed=0"),
        (answer(survey, "", **user, codex_auth_src=str(file)), 0, "changed=1"),
        ({**user, "survey_codex_auth_src": str(file)}, 0, "changed=0"),
        (user, 0, "changed=0"),
        (answer(survey, "", **user), 0, "changed=0"),
    ):
        done, output = job.run(answers)
        assert (done, words in output) == (status, True), f"{answers}\n{output}"
