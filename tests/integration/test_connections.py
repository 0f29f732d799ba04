# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_home over every kind of connection and become, and what the task's keywords do to it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Container, Host, Machine, become
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import CORES, kept
from ansible_collections.fleet.codex.tests.support.skips import unavailable

KEY = "fleet-test-key-connections"
AUTH = f'{{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "{KEY}"\n}}'.encode()
CONFIG = b'model = "gpt-5"\n'
VALUES = f"OPENAI_API_KEY={KEY}\n".encode()
REMOTE_TMP = "ansible-tmp-"


@dataclasses.dataclass
class Way:
    """One way to a Codex home; ``piped``: nothing but the home itself is ever on the target's disk."""

    host: Host
    variables: dict[str, t.Any]
    codex_home: str
    owner: str
    home: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    play: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    piped: bool = True
    watched: tuple[str, ...] = ("/tmp", "/var/tmp", "/root", "/home")


IN_CONTAINER: dict[str, t.Callable[[Container], Way]] = {
    "ssh": lambda c: Way(c, c.ssh("alice"), "/home/alice/.codex", "alice"),
    "ssh_named_user": lambda c: Way(c, c.ssh("alice"), "/home/alice/.codex", "alice", {"user": "alice"}),
    "ssh_sudo": lambda c: Way(c, c.ssh("deploy") | become("root"), "/home/alice/.codex", "alice", {"user": "alice"}),
    "ssh_sudo_password": lambda c: Way(
        c, c.ssh("deploypw") | become("root", password="deploypw"), "/home/bob/.codex", "bob", {"user": "bob"}
    ),
    "ssh_sudo_unprivileged": lambda c: Way(c, c.ssh("deploy") | become("bob"), "/home/bob/.codex", "bob"),
    "ssh_su_root": lambda c: Way(
        c, c.ssh("alice") | become("root", "su", "root"), "/home/bob/.codex", "bob", {"user": "bob"}, piped=False
    ),
    "ssh_su_unprivileged": lambda c: Way(
        c, c.ssh("alice") | become("bob", "su", "bob"), "/home/bob/.codex", "bob", piped=False
    ),
    "ssh_tty": lambda c: Way(
        c, c.ssh("alice") | {"ansible_ssh_extra_args": "-tt"}, "/home/alice/.codex", "alice", piped=False
    ),
    "docker": lambda c: Way(c, c.docker(), "/home/alice/.codex", "alice", {"user": "alice"}),
    "docker_root_itself": lambda c: Way(c, c.docker(), "/root/.codex", "root"),
    "docker_user": lambda c: Way(c, c.docker("carol"), "/home/carol/.codex", "carol"),
    "docker_sudo_unprivileged": lambda c: Way(c, c.docker() | become("alice"), "/home/alice/.codex", "alice"),
    "docker_su": lambda c: Way(c, c.docker() | become("dora", "su"), "/home/dora/.codex", "dora", piped=False),
    "docker_api": lambda c: Way(c, c.docker(plugin="docker_api"), "/home/alice/.codex", "alice", {"user": "alice"}),
    "docker_far_home": lambda c: Way(
        c, c.docker(), "/srv/codex/alice", "alice", {"user": "alice", "codex_home": "/srv/codex/alice"}
    ),
}


def declared(way: Way, **further: t.Any) -> dict[str, t.Any]:
    home = {
        "auth": {"api_key": KEY},
        "config": {"settings": {"model": "gpt-5"}},
        "environment": {"OPENAI_API_KEY": KEY},
        **way.home,
    }
    return {"fleet.codex.codex_home": {"homes": [{**home, **further}]}}


def four_steps(way: Way, playbook: Playbook) -> None:
    """Create, then remove, each as check, run, check, run; everything read back, nothing left over."""
    before = way.host.list(*way.watched)
    steps = [{"check_mode": True}, {}]

    created = playbook.run({"host": way.variables}, [declared(way) | step for step in steps], play=way.play)
    assert created.changes() == [True, True], created.output
    files = {name: way.host.file(f"{way.codex_home}/{name}") for name in ("auth.json", "config.toml", "codex.env")}
    assert {(file.owner, file.mode) for file in files.values()} == {(way.owner, "600")}
    assert way.host.mode(way.codex_home) == (way.owner, "700")
    assert files["auth.json"].content == AUTH
    assert files["config.toml"].content == CONFIG
    far = not way.codex_home.endswith("/.codex")
    assert files["codex.env"].content == (f"CODEX_HOME={way.codex_home}\n".encode() if far else b"") + VALUES

    again = playbook.run({"host": way.variables}, [declared(way) | step for step in steps], play=way.play)
    assert again.changes() == [False, False], again.output
    assert {name: way.host.file(f"{way.codex_home}/{name}") for name in files} == files

    absent = {"fleet.codex.codex_home": {"homes": [{**way.home, "state": "absent"}]}}
    removed = playbook.run({"host": way.variables}, [absent | step for step in steps + steps], play=way.play)
    assert removed.changes() == [True, True, False, False], removed.output
    assert way.host.file(f"{way.codex_home}/config.toml") == files["config.toml"]

    after = way.host.list(*way.watched)
    # Codex's lock files stay: taking one away would split a lock that somebody holds.
    kept = ("", "/config.toml", "/auth.lock", "/auth.json.lock")
    allowed = [f"{way.codex_home}{name}" for name in kept]
    assert {way.host.file(f"{way.codex_home}/{name}").content for name in ("auth.lock", "auth.json.lock")} == {b""}
    if not way.piped:
        # Ansible makes its own folder where there is none, and leaves it, empty.
        allowed += [path for path in after if path.endswith(("/.ansible", "/.ansible/tmp", "/remote"))]
    else:
        assert not [path for path in after if "/.ansible" in path and path not in before]
    # What was made for the environment and is empty now may be the user's own.
    folders = (".config", ".config/environment.d", ".config/fish", ".config/fish/conf.d")
    allowed += [path for path in after if path.endswith(folders)]
    assert [path for path in after if path not in before and path not in allowed] == []
    assert not [path for path in after if REMOTE_TMP in path]
    assert list(playbook.local_tmp.iterdir()) == []
    assert list(playbook.tmp.iterdir()) == []


# The odd ones. On the other cores below there are sudo and su over ssh, and a terminal in test_routes.py.
IN_TEST = ["docker_su", "docker_api", "docker_far_home"]


@pytest.mark.parametrize("name", kept(IN_TEST, IN_CONTAINER, reason="a plainer connection"))
def test_container(name: str, container: Container, playbook: Playbook) -> None:
    four_steps(IN_CONTAINER[name](container), playbook)


def local_way(machine: Machine, connection: str, user: str | None) -> Way:
    home = machine.folder / "home"
    home.mkdir()
    owner = machine.run("id", "-un").strip() if user is None else user
    if user is not None:
        if os.geteuid() != 0 or shutil.which("sudo") is None:
            unavailable("Becoming another user on this machine needs root and sudo.")
        shutil.chown(home, user)
    return Way(
        machine,
        machine.variables(connection) | (become(user) if user else {}),
        f"{home}/.codex",
        owner,
        # All that goes into a home directory goes there.
        play={"environment": {"HOME": str(home)}},
        piped=connection == "local",
        watched=(str(machine.folder),),
    )


@pytest.mark.parametrize(
    ("connection", "user"),
    kept(
        [("local", "nobody"), ("unpiped", None)],
        ("local", "unpiped"),
        (None, "nobody"),
        reason="another user and connection",
    ),
)
def test_this_machine(connection: str, user: str | None, machine: Machine, playbook: Playbook) -> None:
    four_steps(local_way(machine, connection, user), playbook)


# ---------------------------------------------------------------- other ansible-core versions


OTHER = ("ssh_sudo_password", "ssh_su_unprivileged", "docker", "local")


@pytest.mark.parametrize(
    ("other_core", "name"),
    kept([("oldest", "ssh_sudo_password"), ("newest", "ssh_su_unprivileged")], CORES, OTHER, reason="another core"),
    indirect=["other_core"],
)
def test_other_core(name: str, container: Container, machine: Machine, other_core: Playbook) -> None:
    way = local_way(machine, "local", None) if name == "local" else IN_CONTAINER[name](container)
    four_steps(way, other_core)


# ------------------------------------------------------------------------ what is on the target


@pytest.mark.parametrize("user", ["alice", None])
def test_no_python(user: str | None, nopython: Container, playbook: Playbook) -> None:
    """Root becomes alice, and alice works for herself."""
    variables = nopython.docker(user=None if user else "alice")
    four_steps(Way(nopython, variables, "/home/alice/.codex", "alice", {"user": user} if user else {}), playbook)


def test_no_python_at_an_interpreter_that_is_named(nopython: Container, playbook: Playbook) -> None:
    variables = nopython.docker() | {"ansible_python_interpreter": "/usr/bin/python3"}
    run = playbook.run({"host": variables}, [declared(Way(nopython, {}, "", "", {"user": "alice"}))])
    assert run.failure() == (
        "ansible_python_interpreter is /usr/bin/python3, which is not a Python 3.6 or later on this host. Correct it, "
        "or leave it out to have one found."
    )
    assert not nopython.exists("/home/alice/.codex")


def test_interpreter_is_honoured(container: Container, playbook: Playbook) -> None:
    """The one that is named runs: it leaves a trace, and another one would not."""
    container.write("/srv/python", '#!/bin/sh\ntouch /srv/trace\nexec /usr/bin/python3 "$@"\n', mode="755")
    variables = container.docker() | {"ansible_python_interpreter": "/srv/python"}
    run = playbook.run({"host": variables}, [{"fleet.codex.codex_info": {"user": "alice"}}])
    assert run.rc == 0, run.output
    assert container.exists("/srv/trace")


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(None, "", id="missing"),
        pytest.param("#!/bin/sh\necho no such thing >&2\nexit 1\n", "755", id="failing"),
        pytest.param("no program", "644", id="not executable"),
    ],
)
def test_wrong_interpreter(content: str | None, mode: str, container: Container, playbook: Playbook) -> None:
    """The message says which one was wrong, or what it printed."""
    if content is not None:
        container.write("/srv/python", content, mode=mode)
    variables = container.docker() | {"ansible_python_interpreter": "/srv/python"}
    run = playbook.run({"host": variables}, [declared(Way(container, {}, "", "", {"user": "alice"}))])
    message = run.failure()
    assert not container.exists("/home/alice/.codex")
    assert "/srv/python" in message or "no such thing" in message, message


# -------------------------------------------------------------------------- the task's keywords


def test_environment_sets_home(container: Container, playbook: Playbook) -> None:
    """HOME and CODEX_HOME of the task count, but only for the user that the task runs as."""
    task = {"fleet.codex.codex_home": {"homes": [{"auth": {"api_key": KEY}}]}}
    named = {"fleet.codex.codex_home": {"homes": [{"user": "alice", "auth": {"api_key": KEY}}]}}
    container.run("mkdir", "/srv/home")
    run = playbook.run(
        {"host": container.docker()},
        [
            task | {"name": "home", "environment": {"HOME": "/srv/home"}},
            task | {"name": "codex", "environment": [{"CODEX_HOME": "/srv/codex"}]},
            named | {"name": "named", "environment": {"HOME": "/srv/no", "CODEX_HOME": "/srv/no"}},
        ],
    )
    assert run.rc == 0, run.output
    paths = {name: run.one(name).result["homes"][0]["codex_home"] for name in ("home", "codex", "named")}
    assert paths == {"home": "/srv/home/.codex", "codex": "/srv/codex", "named": "/home/alice/.codex"}
    for path in paths.values():
        assert container.file(f"{path}/auth.json").content == AUTH
    assert not container.exists("/srv/no")


@pytest.mark.parametrize("module", ["codex_home", "codex_info"])
def test_async_is_refused(module: str, container: Container, playbook: Playbook) -> None:
    options: dict[str, t.Any] = {"homes": [{"auth": {"api_key": KEY}}]} if module == "codex_home" else {}
    run = playbook.run({"host": container.docker()}, [{f"fleet.codex.{module}": options, "async": 10, "poll": 1}])
    assert "async" in run.failure()
    assert "Traceback" not in run.output
    assert not container.exists("/root/.codex")


def test_delegate_to(container: Container, machine: Machine, playbook: Playbook) -> None:
    """The delegate's connection, become and interpreter, not those of the host in the play."""
    hosts = {
        "there": container.ssh("deploy") | become("root") | {"ansible_python_interpreter": "/usr/bin/python3"},
        "here": machine.variables() | {"ansible_python_interpreter": "/nowhere/python"},
    }
    task = declared(Way(container, {}, "", "", {"user": "alice"}))
    limits = {"hosts": "here"}
    first = playbook.run(hosts, [task | {"delegate_to": "there"}], play=limits)
    assert first.changes() == [True]
    assert container.file("/home/alice/.codex/auth.json").content == AUTH
    second = playbook.run(hosts, [task | {"delegate_to": "there"}], play=limits)
    assert second.changes() == [False]


def test_module_defaults(container: Container, playbook: Playbook) -> None:
    defaults = {"group/fleet.codex.codex": {"user": "alice", "codex_home": "/srv/codex"}}
    run = playbook.run(
        {"host": container.docker()},
        [
            {"fleet.codex.codex_config": {"settings": {"model": "gpt-5"}}},
            {"fleet.codex.codex_auth_file": {"api_key": KEY}},
            {"name": "look", "fleet.codex.codex_info": None},
        ],
        play={"module_defaults": defaults},
    )
    assert run.rc == 0, run.output
    home = run.one("look").result["homes"][0]
    assert (home["user"], home["codex_home"], home["login"]["method"]) == ("alice", "/srv/codex", "apikey")
    assert container.file("/srv/codex/config.toml").owner == "alice"


def test_two_hosts_at_once(container: Container, nopython: Container, machine: Machine, playbook: Playbook) -> None:
    """A host that cannot be worked on holds up none of the others."""
    (machine.folder / "home").mkdir()
    hosts = {
        "good": container.docker() | {"codex_user": "alice"},
        "bad": nopython.docker() | {"codex_user": "alice", "ansible_python_interpreter": "/no/such/python"},
        "nopython": nopython.docker() | {"codex_user": "alice"},
        "unknown": container.ssh("deploy") | become("root") | {"codex_user": "nobody-here"},
    }
    home = {"user": "{{ codex_user }}", "auth": {"api_key": KEY}}
    run = playbook.run(hosts, [{"fleet.codex.codex_home": {"homes": [home]}}])
    results = {task.host: task for task in run.tasks}
    assert results["good"].changed
    assert results["nopython"].changed
    assert "Python" in results["bad"].message
    assert results["unknown"].message == (
        "There is no user nobody-here on this host. Create the user first, or correct the name."
    )


def test_needs_root(container: Container, playbook: Playbook) -> None:
    run = playbook.run({"host": container.ssh("alice")}, [declared(Way(container, {}, "", "", {"user": "bob"}))])
    assert run.failure() == ("Working for the user bob needs root, and the task runs as alice. Set become to true.")


def test_chatty_shell(container: Container, playbook: Playbook) -> None:
    """What a login script prints, before and after, does not get into the answer."""
    old = container.file("/home/alice/.bashrc").content
    container.write("/home/alice/.bashrc", b'echo "hello from the shell"\n' + old, "alice", "644")
    run = playbook.run({"host": container.ssh("alice")}, [{"name": "look", "fleet.codex.codex_info": {}}])
    assert run.one("look").result["homes"][0]["user"] == "alice", run.output


def test_results_are_json(container: Container, playbook: Playbook) -> None:
    """What the runner itself promises: each task's result, also at the highest verbosity."""
    run = playbook.run(
        {"host": container.docker()}, [{"name": "look", "fleet.codex.codex_info": {}}], arguments=["-vvvvv"]
    )
    assert json.loads(json.dumps(run.one("look").result))["homes"][0]["login"] == {"method": "none", "conflicts": []}
    assert "<" + container.id in run.stdout
