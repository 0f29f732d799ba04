# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Containers as hosts and through their hosts: users, homes and mounts that only containers have."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import subprocess
import typing as t
import uuid

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import CONTAINER, MODULES
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.credentials import encode, login
from ansible_collections.fleet.codex.tests.support.hosts import Container, Machine, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .containers import (
    IMAGES,
    WITH_PYTHON,
    Box,
    RunBox,
    derived_image,
    remove_image,
    with_kubectl,
)
from .leaks import Processes, Secrets

KEY = "fleet-test-key-containers"
AUTH = f'{{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "{KEY}"\n}}'.encode()
LOCAL = {"ansible_connection": "local"}
RECIPE = "mount the folder of its Codex home from the Docker host and deploy to that folder there."

Options = dict[str, t.Any]


EACH_PROGRAM = kept([WITH_PYTHON, "busybox"], IMAGES, reason="another image without Python")


@pytest.fixture(scope="module", name="with_user")
def _with_user(docker: None) -> t.Iterator[t.Callable[[str], str]]:
    """Images whose user is alice and whose HOME is not hers in the user database, made when they are needed."""
    script = "id alice >/dev/null 2>&1 || useradd -u 1001 alice; mkdir -p /data/home && chown alice /data/home"
    made: dict[str, str] = {}

    def image(base: str) -> str:
        if base not in made:
            made[base] = derived_image(base, script, "USER alice", "ENV HOME=/data/home")
        return made[base]

    yield image
    for name in made.values():
        remove_image(name)


def declared(home: Options | None = None, **options: t.Any) -> Options:
    config = {"settings": {"model": "gpt-5"}}
    homes = [{"auth": {"api_key": KEY}, "config": config, **(home or {})}]
    return {"fleet.codex.codex_home": {"homes": homes, **options}}


def there_and_back(
    playbook: Playbook,
    box: Box,
    variables: Options,
    codex_home: str,
    uid: int,
    is_named: bool = False,
    **options: t.Any,
) -> None:
    """Deploys, and removes, each as check, run, check, run; what is said to be written is read by another process."""
    home = {"codex_home": codex_home} if is_named else {}
    steps: list[Options] = [{"check_mode": True}, {}]
    run = playbook.run({"host": variables}, [declared(home, **options) | step for step in steps + steps])
    assert run.changes() == [True, True, False, False]
    assert {task.result["homes"][0]["codex_home"] for task in run.tasks} == {codex_home}
    for name, content in (("auth.json", AUTH), ("config.toml", b'model = "gpt-5"\n')):
        facts = box.facts(f"{codex_home}/{name}")
        assert (facts.uid, facts.mode, facts.content) == (uid, "600", content)
    absent = {"auth": {"state": "absent"}, "config": {"state": "absent"}, **home}
    run = playbook.run({"host": variables}, [declared(absent, **options) | step for step in steps + steps])
    assert run.changes() == [True, True, False, False]
    left = box.run("find", codex_home, "-type", "f", user="0").split()
    # Where there is no flock, no lock of Codex's is taken, and none is made.
    is_locked = box.run("sh", "-c", "command -v flock python3 || true", user="0") != ""
    assert sorted(left) == ([f"{codex_home}/auth.json.lock", f"{codex_home}/auth.lock"] if is_locked else [])
    assert "ansible-tmp-" not in box.run("find", "/tmp", "/root", user="0", check=False)


# --------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize(
    ("plugin", "image"),
    kept(
        [("docker", WITH_PYTHON), ("docker", "nopython"), ("docker_api", "busybox")],
        ("docker", "docker_api"),
        IMAGES,
        reason="another image on the same connection",
    ),
)
def test_docker(plugin: str, image: str, run_box: RunBox, playbook: Playbook) -> None:
    box = run_box(image)
    there_and_back(playbook, box, box.connection(f"community.docker.{plugin}"), "/root/.codex", 0)


@pytest.mark.parametrize(
    ("way", "image"),
    kept(
        [("connection", WITH_PYTHON), ("from its host", "busybox")],
        ("connection", "from its host"),
        (WITH_PYTHON, "busybox"),
        reason="another image on the same connection",
    ),
)
def test_podman(way: str, image: str, podman: str, run_box: RunBox, playbook: Playbook) -> None:
    """As a host, podman's plugin cannot pipe, so the request is a file in the container for the moment."""
    box = run_box(f"localhost/fleet-codex-test:{image}", engine="podman", settings=podman)
    playbook.env = {"CONTAINERS_CONF": podman}
    if way == "connection":
        there_and_back(playbook, box, box.connection("containers.podman.podman"), "/root/.codex", 0)
    else:
        container = {"name": box.name, "engine": "podman"}
        there_and_back(playbook, box, LOCAL, "/root/.codex", 0, container=container)


@pytest.mark.parametrize("image", kept(["nopython"], IMAGES, reason="another image on the same connection"))
def test_kubectl(image: str, run_box: RunBox, playbook: Playbook, tmp_path: pathlib.Path) -> None:
    playbook.env = with_kubectl(tmp_path)
    box = run_box(image)
    there_and_back(playbook, box, box.connection("kubernetes.core.kubectl"), "/root/.codex", 0)


# ------------------------------------------------------------------------- users, homes and volumes


@dataclasses.dataclass(frozen=True)
class Case:
    """What a container is run with, and where the home of its user is then."""

    options: tuple[str, ...]
    codex_home: str
    uid: int = 0
    has_user: bool = False  # whether its image has
    is_named: bool = False  # whether the task names the home


CASES = {
    "user and home of the image": Case((), "/data/home/.codex", 1001, has_user=True),
    "user without an account": Case(
        ("--user", "4711:4711", "--env", "HOME=/home/app", "--tmpfs", "/home/app:uid=4711,gid=4711,mode=0700"),
        "/home/app/.codex",
        4711,
    ),
    "home in memory": Case(("--tmpfs", "/root:mode=0700"), "/root/.codex"),
    "volume for CODEX_HOME": Case(("--volume", "VOLUME:/srv/codex", "--env", "CODEX_HOME=/srv/codex"), "/srv/codex"),
    "read-only root and a volume": Case(("--read-only", "--volume", "VOLUME:/data"), "/data/codex", is_named=True),
}


@pytest.fixture(name="volume")
def _volume(docker: None) -> t.Iterator[str]:
    """A name for a volume. Ask for it before run_box, whose containers have to be gone before it."""
    name = f"fleet-codex-test-{uuid.uuid4().hex}"
    yield name
    subprocess.run(["docker", "volume", "rm", "--force", name], capture_output=True, check=False)


@pytest.mark.parametrize(
    ("way", "name", "image"),
    kept(
        [pair for name in CASES for pair in (("docker", name, WITH_PYTHON), ("from its host", name, "busybox"))],
        ("docker", "from its host"),
        CASES,
        IMAGES,
        reason="the same in another image or by the other way",
    ),
)
def test_users_homes_and_volumes(
    way: str, name: str, image: str, volume: str, run_box: RunBox, with_user: t.Callable[[str], str], playbook: Playbook
) -> None:
    case = CASES[name]
    options = [option.replace("VOLUME", volume) for option in case.options]
    box = run_box(with_user(image) if case.has_user else image, *options)
    host, more = box.connection("community.docker.docker"), {}
    if way == "from its host":
        host, more = LOCAL, {"container": {"name": box.name}}
    there_and_back(playbook, box, host, case.codex_home, case.uid, case.is_named, **more)


def test_a_volume_keeps_the_login_for_the_next_container(volume: str, run_box: RunBox, playbook: Playbook) -> None:
    options = ["--volume", f"{volume}:/srv/codex", "--env", "CODEX_HOME=/srv/codex"]
    first = run_box(WITH_PYTHON, *options)
    deployed = playbook.run({"host": LOCAL}, [declared(container={"name": first.name})])
    assert deployed.changes() == [True]
    first.remove()
    second = run_box(WITH_PYTHON, *options)
    assert second.facts("/srv/codex/auth.json").content == AUTH
    assert playbook.run({"host": LOCAL}, [declared(container={"name": second.name})]).changes() == [False]


# --------------------------------------------------------------------------------- a file by itself


def mounted(run_box: RunBox, image: str, outside: pathlib.Path, mode: str) -> Box:
    return run_box(image, "--volume", f"{outside}:/root/.codex/auth.json:{mode}")


@pytest.mark.parametrize("image", EACH_PROGRAM)
def test_a_mounted_file_is_written_in_place(
    image: str, run_box: RunBox, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.touch(mode=0o600)
    inode = outside.stat().st_ino
    box = mounted(run_box, image, outside, "rw")
    task = {"fleet.codex.codex_auth_file": {"api_key": KEY}}
    steps: list[Options] = [{"check_mode": True}, {}]
    host = box.connection("community.docker.docker")
    run = playbook.run({"host": host}, [task | step for step in steps + steps])
    assert run.changes() == [True, True, False, False]
    (warning,) = run.tasks[1].result["warnings"]
    assert warning.startswith("/root/.codex/auth.json is a mount point of its own and was rewritten in place.")
    assert (outside.read_bytes(), outside.stat().st_ino) == (AUTH, inode)
    assert box.facts("/root/.codex/auth.json")[1:] == ("600", inode, AUTH)


@pytest.mark.parametrize("image", EACH_PROGRAM)
def test_a_chatgpt_login_goes_into_a_mounted_file_on_request_only(
    image: str, run_box: RunBox, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    """Codex renews it, and cannot save it there."""
    outside = tmp_path / "outside.json"
    outside.touch(mode=0o600)
    host = mounted(run_box, image, outside, "rw").connection("community.docker.docker")
    (playbook.folder / "auth.json").write_text(encode(login("alice")))

    def task(**options: t.Any) -> Options:
        return {"fleet.codex.codex_auth_file": {"src": "auth.json", **options}}

    refused = playbook.run({"host": host}, [task()])
    assert refused.failure() == (
        "/root/.codex/auth.json is a mount point of its own, and Codex 0.167.2 and later cannot save a renewed ChatGPT "
        "login there: it loses the login. Mount the folder instead of the file, or set allow_mounted_file to true."
    )
    assert outside.read_bytes() == b""
    on_request = playbook.run({"host": host}, [task(allow_mounted_file=True), task()])
    assert on_request.changes() == [True, False]
    for run in on_request.tasks:
        assert any("Mount the folder instead" in warning for warning in run.result["warnings"])
    assert login("alice")["tokens"]["refresh_token"].encode() in outside.read_bytes()


@pytest.mark.parametrize("image", EACH_PROGRAM)
def test_a_file_that_is_mounted_read_only_is_refused_and_stays(
    image: str, run_box: RunBox, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.write_bytes(b'{"OPENAI_API_KEY": "fleet-test-key-old"}')
    outside.chmod(0o600)
    before = outside.read_bytes(), outside.stat().st_mtime_ns
    box = mounted(run_box, image, outside, "ro")
    task = {"fleet.codex.codex_auth_file": {"api_key": KEY}}
    run = playbook.run({"host": box.connection("community.docker.docker")}, [task])
    message = run.failure()
    assert "/root/.codex/auth.json" in message and "read-only" in message.lower(), message
    assert KEY not in message
    assert (outside.read_bytes(), outside.stat().st_mtime_ns) == before


# -------------------------------------------------------------------------- from the container's host


HOSTS: dict[str, t.Callable[[Container], Options]] = {
    "sudo": lambda host: host.ssh("deploy") | become("root"),
    "sudo with a password": lambda host: host.ssh("deploypw") | become("root", password="deploypw"),
    "sudo -i": lambda host: host.ssh("deploy") | become("root", flags="-H -S -n -i"),
    "csh": lambda host: host.ssh("edna") | become("root"),
    "su, which cannot pipe": lambda host: host.ssh("alice") | become("root", "su", "root"),
    "requiretty": lambda host: host.ssh("deploytty") | become("root"),
    "docker": lambda host: host.docker(),
    "interpreter of the host": lambda host: host.docker() | {"ansible_python_interpreter": "/no/such/python"},
}


PLAIN = ("sudo", "sudo with a password", "docker")


@pytest.mark.parametrize("way", kept([way for way in HOSTS if way not in PLAIN], HOSTS, reason="a plainer way"))
def test_from_a_docker_host(way: str, docker_host: Container, run_box: RunBox, playbook: Playbook) -> None:
    """Nothing is left on the Docker host, whose own homes stay as they are."""
    docker_host.reset()
    before = docker_host.list("/root", "/home", "/srv")
    box = run_box(WITH_PYTHON)
    there_and_back(playbook, box, HOSTS[way](docker_host), "/root/.codex", 0, container={"name": box.name})
    left = [path for path in docker_host.list("/root", "/home", "/srv", "/tmp") if path not in before]
    assert [path for path in left if not path.endswith(("/.ansible", "/.ansible/tmp"))] == []


@pytest.mark.parametrize("image", EACH_PROGRAM)
def test_whom_to_work_as_and_where_come_from_the_task(
    image: str, run_box: RunBox, with_user: t.Callable[[str], str], playbook: Playbook
) -> None:
    """`container.user` is of the container, the user of a home as always, and the task's environment goes in."""
    box = run_box(with_user(image))
    box.run("sh", "-c", "mkdir -p /srv/home /home/alice && chown alice /home/alice", user="root")
    task = declared({"user": "alice", "config": None}, container={"name": box.id, "user": "root"})
    number = declared({"config": None}, container={"name": box.id, "user": "0:0"})
    run = playbook.run({"host": LOCAL}, [task, number | {"environment": {"HOME": "/srv/home"}}])
    assert run.changes() == [True, True]
    assert box.facts("/home/alice/.codex/auth.json")[:2] == (1001, "600")
    assert box.facts("/srv/home/.codex/auth.json")[:2] == (0, "600")


def test_secrets_go_over_standard_input_alone(
    run_box: RunBox, docker_host: Container, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    secrets = Secrets()
    box = run_box(WITH_PYTHON)
    (playbook.folder / "secrets.yml").write_text(yaml.safe_dump({"key": secrets.make("key")}))
    task = {
        "fleet.codex.codex_auth_file": {"api_key": "{{ key }}", "container": {"name": box.name}},
        "environment": {"MADE_UP": "{{ key }}"},
    }
    host = docker_host.ssh("deploy") | become("root")
    with Processes(secrets) as processes:
        run = playbook.run({"host": host}, [task], play={"vars_files": ["secrets.yml"]}, arguments=["-vvvvv", "--diff"])
    assert run.changes() == [True]
    assert secrets.make("key").encode() in box.facts("/root/.codex/auth.json").content
    assert processes.looks > 10
    assert processes.leaks == []
    assert secrets.find(run.output.encode(), "output") == []


def test_one_chatgpt_login_is_for_one_container(run_box: RunBox, playbook: Playbook) -> None:
    """The homes of two containers of one host have one path."""
    boxes = [run_box(WITH_PYTHON) for _number in range(2)]
    (playbook.folder / "auth.json").write_text(encode(login("alice")))
    task = {
        "fleet.codex.codex_auth_file": {"src": "auth.json", "container": {"name": "{{ item }}"}},
        "loop": [box.name for box in boxes],
    }
    run = playbook.run({"host": LOCAL}, [task])
    first, second = run.tasks[0].result["results"]
    assert first["changed"]
    assert second["msg"] == (
        f"One ChatGPT login would go to the user root on host, container {boxes[0].name} (/root/.codex) and to the "
        f"user root on host, container {boxes[1].name} (/root/.codex), and the first of them that renews it ends it "
        "for the other. Run `codex login` once for each home, or set allow_shared_refresh_token to true."
    )
    assert not boxes[1].exists("/root/.codex/auth.json")


WITH_CODEX = ("codex_program", "codex_remote_login")
"""They need a codex in the container, and somebody who signs in: test_install.py and test_remote_login.py have both."""

MODULES_IN_CONTAINERS = [name for name, spec in MODULES.items() if "container" in spec and name not in WITH_CODEX]


@pytest.mark.parametrize("module", MODULES_IN_CONTAINERS)
def test_the_modules_examples(module: str, run_box: RunBox, playbook: Playbook) -> None:
    box = run_box(WITH_PYTHON)
    box.run("useradd", "--create-home", "--uid", "1000", "app")
    documentation = importlib.import_module(f"ansible_collections.fleet.codex.plugins.modules.{module}")
    tasks = [task for task in yaml.safe_load(documentation.EXAMPLES) if "container" in str(task)]
    options = [task[f"fleet.codex.{module}"]["container"] for task in tasks if f"fleet.codex.{module}" in task]
    assert [option["name"] for option in options] == ["agent"]
    assert options[0].keys() == CONTAINER["container"]["options"].keys()
    options[0]["name"] = box.name  # which other tests may want, too
    (playbook.folder / "group_vars").mkdir()
    tasks = [{"ansible.builtin.group_by": {"key": "docker_hosts"}}, *tasks]
    run = playbook.run({"host": LOCAL}, tasks, variables={"vault_openai_api_key": KEY})
    assert run.rc == 0, run.output
    assert not any(task.result.get("skipped") for task in run.tasks)
    assert run.tasks[-1].changed is not module.endswith("_info")


def test_a_module_without_the_option_does_not_work_on_the_host_instead(playbook: Playbook) -> None:
    defaults = {"group/fleet.codex.codex": {"container": {"name": "agent"}}}
    task = {"fleet.codex.codex_auth_fetch": {"dest": "copy.json"}}
    run = playbook.run({"host": LOCAL}, [task], play={"module_defaults": defaults})
    assert run.failure().startswith("container in module_defaults has no effect on this module")


# ------------------------------------------------------------------------- what cannot be worked in


STATES: dict[str, tuple[str, str]] = {
    "missing": ("This host has no container NAME. Start it, or correct container.name.", "There is no such container."),
    "stopped": (f"The container NAME is not running. Start it, or {RECIPE}", "The container is not running."),
    "paused": (f"The container NAME is paused. Unpause it, or {RECIPE}", "The container is paused."),
    "no shell": (
        f"The container NAME has no /bin/sh, so nothing can run in it. Instead, {RECIPE}",
        "The container has no /bin/sh, so nothing can run in it.",
    ),
}


def in_state(state: str, run_box: RunBox, without_shell: str) -> Box:
    box = run_box(without_shell if state == "no shell" else WITH_PYTHON)
    if state == "stopped":
        box.stop()
    elif state == "paused":
        box.call("pause", box.id)
    elif state == "missing":
        box.remove()
    return box


@pytest.mark.parametrize("state", STATES)
def test_what_keeps_a_container_from_working(
    state: str, run_box: RunBox, without_shell: str, playbook: Playbook
) -> None:
    box = in_state(state, run_box, without_shell)
    hosts = {
        "through": LOCAL | {"container": {"name": box.name}},
        "docker": box.connection("community.docker.docker"),
        "docker_api": box.connection("community.docker.docker_api"),
    }
    task = {"fleet.codex.codex_info": {"container": "{{ container | default(omit) }}"}}
    run = playbook.run(hosts, [task])
    through, own = STATES[state]
    assert run.of_host("through").message == through.replace("NAME", box.name)
    assert run.of_host("docker").message.startswith(own)
    by_api = run.of_host("docker_api")
    if state == "no shell":
        assert by_api.message.startswith(own)
    else:  # its plugin asks the engine itself, and calls a stopped container a paused one
        assert by_api.result["unreachable"]
        assert ("Could not find container" if state == "missing" else "has been paused") in by_api.message


@pytest.mark.parametrize("state", ["missing", "stopped", "paused"])
def test_what_keeps_a_container_of_podman_from_working(
    state: str, podman: str, run_box: RunBox, playbook: Playbook
) -> None:
    """It says of a paused one what it says of a stopped one; and Ansible, that a folder for a file cannot be made."""
    box = run_box("localhost/fleet-codex-test:busybox", engine="podman", settings=podman)
    if state == "paused":
        box.call("pause", box.id)
    else:
        box.remove() if state == "missing" else box.stop()
    playbook.env = {"CONTAINERS_CONF": podman}
    hosts = {
        "through": LOCAL | {"container": {"name": box.name, "engine": "podman"}},
        "podman": box.connection("containers.podman.podman"),
    }
    task = {"fleet.codex.codex_info": {"container": "{{ container | default(omit) }}"}}
    run = playbook.run(hosts, [task])
    through, _own = STATES["missing" if state == "missing" else "stopped"]
    assert run.of_host("through").message == through.replace("NAME", box.name)
    assert run.of_host("podman").result["unreachable"]
    assert "Failed to create temporary directory" in run.of_host("podman").message


@pytest.mark.parametrize("way", ["through", "docker"])
def test_a_user_that_the_container_does_not_have(way: str, run_box: RunBox, playbook: Playbook) -> None:
    box = run_box("busybox")
    container = {"name": box.name, "user": "carol"}
    host = LOCAL if way == "through" else box.connection("community.docker.docker", "carol")
    options = {"container": container} if way == "through" else {}
    run = playbook.run({"host": host}, [{"fleet.codex.codex_info": options}])
    if way == "through":
        words = f"The container {box.name} has no such user carol. Correct container.user, or set it to a number."
    else:
        words = "The container has no such user. Correct ansible_user, or set it to a number."
    assert run.failure() == words


def test_an_engine_that_the_host_does_not_have(container: Container, playbook: Playbook) -> None:
    task = {"fleet.codex.codex_info": {"container": {"name": "agent", "engine": "podman"}}}
    run = playbook.run({"host": container.ssh("alice")}, [task])
    assert run.failure() == (
        "This host has no command podman, which the option container needs. Install it, or correct container.engine."
    )


def test_whoever_may_not_use_docker(docker_host: Container, playbook: Playbook) -> None:
    task = {"fleet.codex.codex_info": {"container": {"name": "agent"}}}
    run = playbook.run({"host": docker_host.ssh("alice")}, [task])
    assert run.failure() == (
        "The user that the task runs as may not use docker. Set become to true, or give this user the right."
    )


def test_the_recipe_for_a_container_without_a_shell_works(
    run_box: RunBox, without_shell: str, machine: Machine, playbook: Playbook
) -> None:
    """A codex in it, which needs nothing else, finds the login."""
    folder, codex = machine.folder / "codex", binary("0.34.0")
    folder.mkdir(mode=0o700)
    volumes = ["--volume", f"{folder}:/codex-home", "--volume", f"{codex}:/codex:ro"]
    box = run_box(without_shell, *volumes, "--env", "CODEX_HOME=/codex-home", "--env", "HOME=/codex-home")
    deploy = declared({"codex_home": str(folder)})
    run = playbook.run({"host": machine.variables()}, [deploy, deploy])
    assert run.changes() == [True, False]
    said = subprocess.run(
        ["docker", "exec", box.id, "/codex", "login", "status"], capture_output=True, text=True, check=False
    )
    assert "Logged in using an API key" in said.stdout + said.stderr
