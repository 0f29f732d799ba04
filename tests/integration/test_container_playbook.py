# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The playbook fleet.codex.containers: it finds running containers on Docker hosts and logs each in."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t
import uuid

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import become
from ansible_collections.fleet.codex.tests.support.pages import blocks, steps
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import kept, on_core

from .containers import IMAGES, WITH_PYTHON, RunBox, derived_image, docker_host, remove_image
from .leaks import Processes, Secrets

PLAYBOOK = "fleet.codex.containers"
LOCAL = {"ansible_connection": "local"}
KEY = "fleet-test-key-containers"
AUTH = f'{{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "{KEY}"\n}}'.encode()
TASK = "Log in to Codex in each container"
SAID = "Say what became of each container"
FAILED = "Fail where a container could not be logged in"

Options = dict[str, t.Any]


@pytest.fixture(name="label")
def _label() -> str:
    """A label that no other container of this machine has, whoever runs it."""
    return f"fleet.codex.test.{uuid.uuid4().hex}"


def log_in(playbook: Playbook, *arguments: str, host: Options | None = None, **variables: t.Any) -> Run:
    """The playbook over one Docker host, this machine unless it is given."""
    return playbook.run({"host": {**(host or LOCAL), **variables}}, [], name=PLAYBOOK, arguments=arguments)


def became(run: Run) -> dict[str, str]:
    """What the playbook says of each container in the end."""
    said = [result["msg"] for result in run.one(SAID).result.get("results", [])]
    return dict(line.split(": ", 1) for line in said)


@pytest.mark.parametrize("image", kept([WITH_PYTHON, "busybox"], IMAGES, reason="another image without Python"))
def test_every_container_with_a_label_and_no_other(image: str, label: str, run_box: RunBox, playbook: Playbook) -> None:
    with_label = [run_box(image, "--label", f"{label}=yes") for _number in range(2)]
    others = [run_box(image, "--label", f"{label}=no"), run_box(image)]
    names = sorted(box.name for box in with_label)
    variables = {"codex_containers_labels": f"{label}=yes", "codex_api_key": KEY, "codex_settings": {"model": "gpt-5"}}

    checked = log_in(playbook, "--check", "--diff", **variables)
    assert (checked.rc, became(checked)) == (0, dict.fromkeys(names, "changed")), checked.output
    assert "OPENAI_API_KEY: ********" in checked.output
    assert [box.exists("/root/.codex") for box in with_label] == [False, False]

    done = log_in(playbook, **variables)
    assert (done.rc, became(done)) == (0, dict.fromkeys(names, "changed")), done.output
    before = [box.facts("/root/.codex/auth.json") for box in with_label]
    assert {(facts.uid, facts.mode, facts.content) for facts in before} == {(0, "600", AUTH)}

    again = log_in(playbook, **variables)
    assert (again.rc, became(again)) == (0, dict.fromkeys(names, "unchanged")), again.output
    assert not any(task.changed for task in again.tasks)
    assert [box.facts("/root/.codex/auth.json") for box in with_label] == before
    assert [box.exists("/root/.codex") for box in others] == [False, False]


def test_names_and_images_choose_containers(label: str, run_box: RunBox, playbook: Playbook) -> None:
    """A container must meet all that is given. What was built on an image counts, too."""
    image = derived_image(WITH_PYTHON, "true", f"LABEL {label}=image")
    built_on_it = derived_image(image, "true", f"LABEL {label}=built")
    try:
        first, second = run_box(image), run_box(built_on_it)
        other = run_box(WITH_PYTHON, "--label", f"{label}=image")
        stopped, paused = run_box(image), run_box(image)
        stopped.stop()
        paused.call("pause", paused.id)

        def found(**variables: t.Any) -> set[str]:
            run = log_in(playbook, "--check", codex_api_key=KEY, **variables)
            assert run.rc == 0, run.output
            return {*became(run)}

        assert found(codex_containers_images=image) == {first.name, second.name}
        assert found(codex_containers_images=[image], codex_containers_labels=[f"{label}=built"]) == {second.name}
        assert found(codex_containers_names=[first.name, other.name]) == {first.name, other.name}
        both = {"codex_containers_names": other.name, "codex_containers_labels": label}
        assert found(**both) == {other.name}
        assert found(**both, codex_containers_images=image) == set()
        assert found(codex_containers_names=stopped.name) == set()
        assert found(codex_containers_names=first.name[:-1]) == set()
    finally:
        for box in (first, second, stopped, paused):
            box.remove()
        remove_image(built_on_it)
        remove_image(image)


def test_names_that_are_not_found_are_told(label: str, run_box: RunBox, playbook: Playbook) -> None:
    box = run_box(WITH_PYTHON)
    run = log_in(playbook, codex_api_key=KEY, codex_containers_names=[f"{label}-none", box.name])
    assert (run.rc, became(run)) == (0, {box.name: "changed"})
    told = run.one("Say which names were not found").result["results"]
    assert [item["msg"] for item in told] == [f"{label}-none: not found among the running containers"]
    none = log_in(playbook, codex_api_key=KEY, codex_containers_labels=label)
    assert none.rc == 0
    assert none.one("Say that no container was found").message == "No running container of this host was chosen."


@pytest.mark.parametrize("given", [{}, {"codex_containers_names": [], "codex_containers_labels": ""}])
def test_to_choose_none_does_not_mean_all(given: Options, docker: None, playbook: Playbook) -> None:
    run = log_in(playbook, codex_api_key=KEY, **given)
    assert run.failure() == ("Set codex_containers_names, codex_containers_labels or codex_containers_images.")


def test_one_that_stops_meanwhile_is_told_and_the_others_go_on(
    label: str, run_box: RunBox, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    """The second one ends as soon as the first one is logged in."""
    first, second, third = (f"{label}-{number}" for number in range(3))
    tmp_path.chmod(0o755)
    shared = tmp_path / "first"
    shared.mkdir(mode=0o700)
    options = ["--label", label, "--name"]
    boxes = [run_box(WITH_PYTHON, *options, first, "--volume", f"{shared}:/root/.codex")]
    until = "until [ -s /first/auth.json ]; do sleep 0.01; done"
    boxes.append(run_box(WITH_PYTHON, *options, second, "--volume", f"{shared}:/first:ro", command=["sh", "-c", until]))
    boxes.append(run_box(WITH_PYTHON, *options, third))
    run = log_in(playbook, codex_api_key=KEY, codex_containers_labels=label)
    assert run.rc == 0, run.output
    assert became(run) == {
        first: "changed",
        second: "no longer runs, so it was passed over",
        third: "changed",
    }
    assert boxes[2].facts("/root/.codex/auth.json").content == AUTH
    assert log_in(playbook, codex_api_key=KEY, codex_containers_labels=label).rc == 0


def test_one_that_cannot_be_logged_in_fails_the_host_after_the_others(
    label: str, run_box: RunBox, without_shell: str, playbook: Playbook
) -> None:
    bad, good = f"{label}-a", f"{label}-b"
    run_box(without_shell, "--label", label, "--name", bad)
    box = run_box(WITH_PYTHON, "--label", label, "--name", good)
    run = log_in(playbook, codex_api_key=KEY, codex_containers_labels=label)
    assert run.rc != 0
    said = became(run)
    assert said[good] == "changed"
    assert said[bad].startswith(f"The container {bad} has no /bin/sh, so nothing can run in it. Instead, mount")
    assert run.one(FAILED).message == f"Not logged in: {bad}. The task before says why."
    assert box.facts("/root/.codex/auth.json").content == AUTH


def test_variables_that_fail_for_every_container_fail_the_host(label: str, run_box: RunBox, playbook: Playbook) -> None:
    box = run_box(WITH_PYTHON, "--label", label)
    run = log_in(playbook, codex_api_key="{{ no_such_variable }}", codex_containers_labels=label)
    assert run.rc != 0
    assert "no_such_variable" in run.output
    assert not box.exists("/root/.codex")


def test_several_users_and_a_login_for_each_container(label: str, run_box: RunBox, playbook: Playbook) -> None:
    boxes = [run_box(WITH_PYTHON, "--label", label) for _number in range(2)]
    for box in boxes:
        box.run("useradd", "--create-home", "alice")
        path = playbook.folder / "credentials" / box.name / "auth.json"
        path.parent.mkdir(parents=True)
        path.write_text(encode(login(box.name)))
    homes = [
        {"user": "root", "auth": {"api_key": KEY}},
        {"user": "alice", "auth": {"src": f"{playbook.folder}/credentials/{{{{ codex_containers_name }}}}/auth.json"}},
    ]
    variables = {"codex_homes": homes, "codex_containers_labels": label, "codex_containers_user": 0}
    run = log_in(playbook, **variables)
    assert run.rc == 0, run.output
    for box in boxes:
        assert box.facts("/root/.codex/auth.json").content == AUTH
        alices = box.facts("/home/alice/.codex/auth.json")
        assert (alices.uid, alices.mode) == (1000, "600")
        assert login(box.name)["tokens"]["refresh_token"].encode() in alices.content
    again = log_in(playbook, **variables)
    assert [*became(again).values()] == ["unchanged"] * 2


def test_podman(label: str, podman: str, run_box: RunBox, playbook: Playbook) -> None:
    playbook.env = {"CONTAINERS_CONF": podman}
    image = f"localhost/fleet-codex-test:{WITH_PYTHON}"
    box = run_box(image, "--label", label, engine="podman", settings=podman)
    run_box(WITH_PYTHON, "--label", label)  # of Docker, which is not asked
    variables = {"codex_api_key": KEY, "codex_containers_labels": label, "codex_containers_engine": "podman"}
    assert became(log_in(playbook, **variables)) == {box.name: "changed"}
    assert became(log_in(playbook, **variables)) == {box.name: "unchanged"}
    assert box.facts("/root/.codex/auth.json").content == AUTH


def test_a_host_with_nothing_but_docker(label: str, run_box: RunBox, key: pathlib.Path, playbook: Playbook) -> None:
    """No Python is there, and none is needed: raw finds the containers."""
    box = run_box(WITH_PYTHON, "--label", label)
    with docker_host("nopython", key) as host:
        assert not host.run("sh", "-c", "command -v python3 || true")
        before = host.list("/root", "/tmp")
        run = log_in(playbook, host=host.docker(), codex_api_key=KEY, codex_containers_labels=label)
        assert (run.rc, became(run)) == (0, {box.name: "changed"}), run.output
        assert host.list("/root", "/tmp") == before


def test_no_secret_is_on_a_command_line_or_shown(
    label: str, run_box: RunBox, key: pathlib.Path, playbook: Playbook
) -> None:
    secrets = Secrets()
    boxes = [run_box(WITH_PYTHON, "--label", label) for _number in range(2)]
    (playbook.folder / "group_vars").mkdir()
    (playbook.folder / "group_vars" / "all.yml").write_text(yaml.safe_dump({"codex_api_key": secrets.make("key")}))
    with docker_host("shells", key) as host, Processes(secrets) as processes:
        way = host.ssh("deploy") | become("root")
        run = log_in(playbook, "-vvvvv", "--diff", host=way, codex_containers_labels=label)
    assert run.rc == 0, run.output
    assert [secrets.make("key").encode() in box.facts("/root/.codex/auth.json").content for box in boxes] == [True] * 2
    assert processes.looks > 10
    assert processes.leaks == []
    assert secrets.find(run.output.encode(), "output") == []


@on_core("oldest")
def test_other_core(label: str, run_box: RunBox, without_shell: str, other_core: Playbook) -> None:
    good = run_box(WITH_PYTHON, "--label", label)
    bad = run_box(without_shell, "--label", label)
    variables = {"codex_api_key": KEY, "codex_containers_labels": label}
    run = log_in(other_core, **variables)
    assert run.one(FAILED).message == f"Not logged in: {bad.name}. The task before says why."
    assert became(run)[good.name] == "changed"
    bad.remove()
    assert became(log_in(other_core, **variables)) == {good.name: "unchanged"}


(VARIABLES,) = (block for block in blocks("docs/containers.md", "yaml") if block.file)
(COMMAND,) = (block for block in blocks("docs/containers.md", "console") if PLAYBOOK in block.text)
(FOR_ONE,) = (block for block in blocks("docs/containers.md", "yaml") if "    container:\n" in block.text)
RUN = [VARIABLES, COMMAND, FOR_ONE]


def test_the_examples_of_the_page(run_box: RunBox, playbook: Playbook) -> None:
    """As they are printed: the variables in a file, and the command below them. A codex in the container is asked.

    The task for one container has the name of the test's own.
    """
    (label,) = yaml.safe_load(VARIABLES.text)["codex_containers_labels"]
    volume = f"{binary('0.34.0')}:/usr/local/bin/codex:ro"
    box = run_box(WITH_PYTHON, "--label", label, "--volume", volume)
    assert VARIABLES.file
    (playbook.folder / "hosts").write_text(
        f"[{pathlib.PurePath(VARIABLES.file).stem}]\nhost ansible_connection=local vault_openai_api_key={KEY}\n"
    )
    (playbook.folder / "group_vars").mkdir()
    (playbook.folder / VARIABLES.file).write_text(VARIABLES.text)
    (step,) = steps(COMMAND)
    for outcome in ("changed", "unchanged"):
        run = playbook.shell(step.command)
        assert (run.rc, became(run)) == (0, {box.name: outcome}), run.output
    status = subprocess.run([*box.prefix(None), "codex", "login", "status"], capture_output=True, text=True, check=True)
    assert "Logged in using an API key" in status.stdout + status.stderr
    (task,) = yaml.safe_load(FOR_ONE.text.replace("name: agent\n", f"name: {box.name}\n"))
    box.run("rm", "/root/.codex/auth.json")
    for changes in (True, False):
        run = playbook.run({"host": LOCAL}, [task], variables={"vault_openai_api_key": KEY})
        assert run.changes() == [changes]
    assert box.facts("/root/.codex/auth.json").content == AUTH
