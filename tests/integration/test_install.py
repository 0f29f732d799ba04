# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_install of the role: the program is there, or a real npm installs it, and everything else is one sentence."""

from __future__ import annotations

import io
import json
import pathlib
import shutil
import subprocess
import tarfile
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import binary
from ansible_collections.fleet.codex.tests.support.hosts import Container, Machine
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run
from ansible_collections.fleet.codex.tests.support.repeats import on_core
from ansible_collections.fleet.codex.tests.support.role import ROLE
from ansible_collections.fleet.codex.tests.support.skips import unavailable

from .containers import RunBox

OLD, NEW = "0.34.0", "0.45.0"
BROKEN = "0.36.0"  # the registry has it without the package for this system
KEY = "sk-fleet-test-key-of-the-installation"
PORT = 4873
REGISTRY = f"http://127.0.0.1:{PORT}/"
WITH_NPM = {"codex_install": "npm", "codex_install_registry": REGISTRY}
CODEX = "/usr/local/bin/codex"

# As in @openai/codex: a program in JavaScript that starts the one of the package for the system.
_STARTER = """\
#!/usr/bin/env node
const system = require.resolve("@openai/codex-linux-x64/package.json");
const program = require("path").join(require("path").dirname(system), "vendor", "codex");
const done = require("child_process").spawnSync(program, process.argv.slice(2), {stdio: "inherit"});
process.exit(done.status ?? 1);
"""


def archive(path: pathlib.Path, package: dict[str, t.Any], **files: str) -> None:
    """What `npm pack` makes, of programs."""
    files["package.json"] = json.dumps({"name": "@openai/codex", **package})
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.mode, member.size = 0o755, len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))


def archives(folder: pathlib.Path) -> None:
    """The two packages of each version, as Codex is published since 0.99; the real program is the one of the host."""
    for version in (OLD, BROKEN, NEW):
        for_system = f"{version}-linux-x64"
        links = {"@openai/codex-linux-x64": f"npm:@openai/codex@{for_system}"}
        package = {"version": version, "bin": {"codex": "codex.js"}, "optionalDependencies": links}
        archive(folder / f"codex-{version}.tgz", package, **{"codex.js": _STARTER})
        if version != BROKEN:
            program = f'#!/bin/sh\nexec /opt/codex/{version} "$@"\n'
            archive(folder / f"codex-{for_system}.tgz", {"version": for_system}, **{"vendor/codex": program})


@pytest.fixture(name="npm_host", scope="module")
def _npm_host(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Container]:
    """A container with this machine's npm, and without a network: the registry is in it, too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        unavailable("npm is not installed; it installs Codex in these tests.")
    script = pathlib.Path(npm).resolve()
    mounts = {
        str(pathlib.Path(node).resolve()): "/usr/local/bin/node",
        str(script.parents[1]): "/opt/npm",
        **{str(binary(version)): f"/opt/codex/{version}" for version in (OLD, NEW)},
    }
    container = Container("shells", key, *(f"--volume={here}:{there}:ro" for here, there in mounts.items()))
    try:
        container.run("ln", "-s", f"/opt/npm/bin/{script.name}", "/usr/local/bin/npm")
        if not container.run("npm", "--version", check=False)[:1].isdigit():
            unavailable("The npm of this machine does not run in a container by itself.")
        archives(folder := tmp_path_factory.mktemp("registry"))
        for path in (*folder.iterdir(), pathlib.Path(__file__).with_name("npm_registry.py")):
            container.write(f"/opt/registry/{path.name}", path.read_bytes(), mode="644")
        container.run("chmod", "755", "/opt/registry")
        with subprocess.Popen(
            [*container.prefix(None), "python3", "/opt/registry/npm_registry.py", "/opt/registry", str(PORT)],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout and server.stdout.readline() == "ready\n"
            yield container
            container.remove()
    finally:
        container.remove()


@pytest.fixture(name="host")
def _host(npm_host: Container) -> Container:
    """Without a Codex."""
    npm_host.reset()
    npm_host.run("rm", "-rf", CODEX, "/usr/local/lib/node_modules", "/usr/bin/codex")
    return npm_host


def apply(playbook: Playbook, host: dict[str, t.Any], *arguments: str, **variables: t.Any) -> Run:
    """The role, for alice unless something else is said."""
    if "codex_homes" not in variables:
        variables = {"codex_user": "alice", "codex_api_key": KEY, **variables}
    return playbook.run(
        {"web": host}, [], play={"roles": [{"role": ROLE}]}, variables=variables, arguments=["-vvv", *arguments]
    )


def installed(host: Container, user: str = "alice") -> str:
    return host.run("codex", "--version", user=user).split()[-1]


@on_core("oldest")
def test_npm_installs_the_version_that_is_pinned(other_core: Playbook, host: Container) -> None:
    """And updates it, and with the version in place does nothing; check mode says what it would do."""
    _installs_and_updates(other_core, host)


def test_npm_installs_on_the_ansible_core_of_the_tests(playbook: Playbook, host: Container) -> None:
    _installs_and_updates(playbook, host)


def _installs_and_updates(playbook: Playbook, host: Container) -> None:
    for version in (OLD, NEW):
        given = {**WITH_NPM, "codex_install_version": version, "codex_version": "detect"}
        given["codex_settings"] = {"model": "gpt-5"}
        before = host.run("sh", "-c", f"ls -l {CODEX} 2>&1 || true")
        check = apply(playbook, host.docker(), "--check", **given)
        assert f"npm would install Codex {version}." in [task.message for task in check.tasks]
        assert any(check.changes())
        assert host.run("sh", "-c", f"ls -l {CODEX} 2>&1 || true") == before
        first = apply(playbook, host.docker(), **given)
        assert sum(first.changes()) == (2 if version == OLD else 1)
        assert installed(host) == version
        for arguments in ((), ("--check",)):
            again = apply(playbook, host.docker(), *arguments, **given)
            assert not any(again.changes()), again.output
    assert KEY not in first.output


def test_check_mode_tells_people_what_npm_would_do(playbook: Playbook, container: Container) -> None:
    """Without -v."""
    variables = {"codex_user": "alice", **WITH_NPM, "codex_install_version": NEW}
    play, arguments = {"roles": [{"role": ROLE}]}, ["--check"]
    hosts = {"web": container.docker()}
    run = playbook.run(hosts, [], play=play, variables=variables, arguments=arguments, callback="default")
    assert run.rc == 0 and f"npm would install Codex {NEW}." in run.stdout, run.output


def test_npm_installs_once_for_all_declared_users(playbook: Playbook, host: Container) -> None:
    homes = [{"user": name, "auth": {"api_key": KEY}} for name in ("alice", "bob")]
    homes += [{"user": "carol", "state": "absent"}]
    run = apply(playbook, host.docker(), **WITH_NPM, codex_install_version=OLD, codex_homes=homes)
    (task,) = [task for task in run.tasks if task.name.startswith(f"{ROLE} : Look after the program itself")]
    assert (task.changed, task.result["homes"]) == (True, [{"user": n, "codex_version": OLD} for n in ("alice", "bob")])
    for user in ("alice", "bob"):
        assert installed(host, user) == OLD
    assert not any(apply(playbook, host.docker(), **WITH_NPM, codex_install_version=OLD, codex_homes=homes).changes())


def test_npm_installs_an_archive_that_lies_on_the_host(playbook: Playbook, host: Container) -> None:
    """What it does not hold, such as the program for the system, comes from the registry."""
    given = {**WITH_NPM, "codex_install_version": OLD, "codex_install_source": f"/opt/registry/codex-{OLD}.tgz"}
    assert any(apply(playbook, host.docker(), **given).changes())
    assert installed(host) == OLD


def test_an_archive_of_another_version_is_told(playbook: Playbook, host: Container) -> None:
    source = f"{REGISTRY}codex-{OLD}.tgz"
    run = apply(playbook, host.docker(), **WITH_NPM, codex_install_version=NEW, codex_install_source=source)
    assert run.failure() == (
        f"npm installed Codex {NEW} on web, but the codex that alice would run there is {OLD}. Remove that one, or "
        "correct codex_install_source."
    )
    assert any(task.changed for task in run.tasks if task.result.get("failed"))  # npm did install something
    assert not host.exists("/home/alice/.codex")


def test_a_codex_that_comes_before_the_installed_one_is_told(playbook: Playbook, host: Container) -> None:
    host.write("/usr/local/sbin/codex", f'#!/bin/sh\nexec /opt/codex/{OLD} "$@"\n', mode="755")
    run = apply(playbook, host.docker(), **WITH_NPM, codex_install_version=NEW)
    host.run("rm", "/usr/local/sbin/codex")
    assert f"but the codex that alice would run there is {OLD}." in run.failure()


def test_a_package_without_the_program_for_the_system_is_told(playbook: Playbook, host: Container) -> None:
    """npm takes the package of the system for optional and reports success without it."""
    run = apply(playbook, host.docker(), **WITH_NPM, codex_install_version=BROKEN)
    assert run.failure() == (
        f"npm installed Codex {BROKEN} on web, but no codex works for alice there. See that the registry has the "
        "package for the system of the host, and that everybody can read what npm installed."
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"codex_install_version": "9.9.9"}, "notarget No matching version found for @openai/codex@9.9.9."),
        ({"codex_install_source": "/nowhere.tgz"}, "enoent ENOENT: no such file or directory, open '/nowhere.tgz'"),
        (
            {"codex_install_source": f"{REGISTRY}gone.tgz?token=fleet-test-token"},
            f"404 Not Found - GET {REGISTRY}gone.tgz?… ",
        ),
        ({"codex_install_registry": "http://127.0.0.1:9/"}, "connect ECONNREFUSED 127.0.0.1:9"),
    ],
    ids=lambda case: next(iter(case), "") if isinstance(case, dict) else "",
)
def test_what_npm_says_is_told(given: dict[str, str], words: str, playbook: Playbook, host: Container) -> None:
    # npm tries for minutes otherwise.
    host.write("/root/.npmrc", "fetch-retries=0\n")
    run = apply(playbook, host.docker(), **{**WITH_NPM, "codex_install_version": NEW, **given})
    message = run.failure()
    assert message.startswith(f"npm could not install Codex {given.get('codex_install_version', NEW)} on web. It ended")
    assert words in message
    assert len(message) < 520
    assert not host.exists("/home/alice/.codex")


def test_passwords_of_the_registry_that_npm_prints_are_masked(playbook: Playbook, host: Container) -> None:
    """As of a registry in the .npmrc; an npm that masks them by itself is not relied on."""
    said = f"npm error 404 Not Found - GET http://ci:fleet-test-password@127.0.0.1/x\\033[31m{'x' * 999}"
    host.write("/usr/local/sbin/npm", f"#!/bin/sh\nprintf 'npm error code E404\\n{said}\\n' >&2\nexit 1\n", mode="755")
    run = apply(playbook, host.docker(), **WITH_NPM, codex_install_version=NEW)
    host.run("rm", "/usr/local/sbin/npm")
    message = run.failure()
    assert "and said: 404 Not Found - GET http://…@127.0.0.1/x [31mxxx" in message
    assert message.endswith("x…") and len(message) < 520


@on_core("newest")
def test_a_host_without_npm_is_told(other_core: Playbook, container: Container) -> None:
    run = apply(other_core, container.docker(), codex_install="npm", codex_install_version=NEW)
    assert run.failure() == (
        "npm could not be started on web. Install Node.js with npm there so that it is in PATH, or install Codex by "
        "other means and set codex_install to present."
    )
    assert not container.exists("/home/alice/.codex")


def test_a_host_without_python_is_told(playbook: Playbook, nopython: Container) -> None:
    run = apply(playbook, nopython.docker(), codex_install="npm", codex_install_version=NEW)
    assert run.failure() == "codex_install: npm needs Python on web, and Ansible could not use one there."


LATEST = "codex_install_version must be all three numbers of a version, in quotes"
PASSWORD = "codex_install_source and codex_install_registry must have no user and no password in them"
REFUSALS: list[tuple[dict[str, t.Any], str]] = [
    ({"codex_install": "latest"}, "codex_install must be none, present or npm."),
    ({"codex_install": True}, "codex_install must be none, present or npm."),
    ({"codex_install": "npm"}, 'codex_install: npm needs codex_install_version, such as "0.171.0".'),
    ({"codex_install": "npm", "codex_install_version": "  "}, "codex_install: npm needs codex_install_version"),
    ({"codex_install": "npm", "codex_install_version": "latest"}, LATEST),
    ({"codex_install": "npm", "codex_install_version": 0.171}, LATEST),
    ({"codex_install": "npm", "codex_install_version": "0.171.0 --force"}, LATEST),
    ({"codex_install": "npm", "codex_install_version": NEW, "codex_install_source": "codex.tgz"}, "absolute path"),
    ({"codex_install": "npm", "codex_install_version": NEW, "codex_install_registry": "npm.example"}, "https://."),
    (
        {**WITH_NPM, "codex_install_version": NEW, "codex_install_registry": "https://ci:fleet-test-pw@npm.example/"},
        PASSWORD,
    ),
    ({**WITH_NPM, "codex_install_version": NEW, "codex_install_source": "http://fleet-test-pw@x/c.tgz"}, PASSWORD),
    (
        {**WITH_NPM, "codex_install_version": NEW, "codex_container": {"name": "agent"}},
        "codex_install: npm works on the host itself, but codex_container names a container.",
    ),
    (
        {**WITH_NPM, "codex_install_version": NEW, "ansible_shell_type": "powershell"},
        "codex_install: npm does not work on Windows hosts.",
    ),
]


def test_what_cannot_be_meant_is_refused_before_the_host_is_asked(playbook: Playbook) -> None:
    hosts = {
        f"web{number}": {"ansible_connection": "ssh", "ansible_ssh_executable": "/nowhere", **given}
        for number, (given, _words) in enumerate(REFUSALS)
    }
    variables = {"codex_user": "alice", "codex_api_key": KEY}
    run = playbook.run(hosts, [], play={"roles": [{"role": ROLE}]}, variables=variables)
    failed = {task.host: task.message for task in run.tasks if task.result.get("failed")}
    for number, (_given, words) in enumerate(REFUSALS):
        assert words in failed[f"web{number}"], run.output
    assert not any(task.result.get("unreachable") for task in run.tasks)
    assert "fleet-test-pw" not in str(failed)


# --------------------------------------------------------------------------------------------- present and none


def test_present_needs_a_codex_for_each_user(playbook: Playbook, container: Container) -> None:
    """The sentence names those without; a user who does not exist is left to the login, which says so."""
    homes = [{"user": name, "auth": {"api_key": KEY}} for name in ("alice", "bob", "carol")]
    container.write("/home/bob/.local/bin/codex", binary(OLD).read_bytes(), "bob", mode="755")
    container.run("chown", "-R", "bob", "/home/bob/.local")
    given = {"codex_install": "present", "codex_homes": homes, "codex_version": "0.171.0"}
    for arguments in ((), ("--check",)):
        run = apply(playbook, container.docker(), *arguments, **given)
        assert run.failure() == (
            "codex_install: present finds no codex that works for alice and carol on web. Install one that everybody "
            "there can run, such as with `npm install --global @openai/codex@VERSION`, or set codex_install to npm."
        )
        assert not container.exists("/home/bob/.codex/auth.json")
    given["codex_homes"] = [{"user": name, "auth": {"api_key": KEY}} for name in ("bob", "nobody-there")]
    run = apply(playbook, container.docker(), **given)
    assert "There is no user nobody-there" in run.failure()
    given["codex_homes"] = [{"user": "bob", "auth": {"api_key": KEY}}]
    run = apply(playbook, container.docker(), **given)
    assert not any(run.changes())
    assert run.executions() == 2, run.output  # one to look for the program, and one for the login


def test_present_on_a_host_without_python(playbook: Playbook, nopython: Container) -> None:
    """For the user that the task runs as, where none is declared."""
    given = {"codex_install": "present", "codex_user": "", "codex_homes": [{"auth": {"api_key": KEY}}]}
    run = apply(playbook, nopython.docker("alice"), **given)
    assert "finds no codex that works for alice on web." in run.failure()
    nopython.write("/usr/local/bin/codex", binary(OLD).read_bytes(), mode="755")
    assert any(apply(playbook, nopython.docker("alice"), **given).changes())
    nopython.run("rm", "/usr/local/bin/codex")


def test_present_in_a_container(playbook: Playbook, machine: Machine, run_box: RunBox) -> None:
    """It has the program or has it not, whatever the host of the container has; without a user, for its own."""
    box = run_box("bookworm")
    given = {"codex_install": "present", "codex_user": "{{ omit }}", "codex_container": {"name": box.name}}
    run = apply(playbook, machine.variables(), **given)
    assert run.failure() == (
        f"codex_install: present finds no codex that works for root on web in the container {box.name}. Install one "
        "that everybody there can run, such as with `npm install --global @openai/codex@VERSION`."
    )
    box.write("/usr/local/bin/codex", binary(OLD).read_bytes(), mode="755")
    assert any(apply(playbook, machine.variables(), **given).changes())


def test_the_module_by_itself(playbook: Playbook, container: Container) -> None:
    """Several users in one execution, in words of its own options; with defaults of the group, as other modules."""
    container.write("/home/bob/.local/bin/codex", binary(OLD).read_bytes(), "bob", mode="755")
    container.run("chown", "-R", "bob", "/home/bob/.local")
    homes = [{"user": "bob"}, {"user": "bob"}, {"user": "nobody-there"}, {}]
    look = {"name": "look", "fleet.codex.codex_program": {"install": "present", "homes": homes}}
    run = playbook.run({"web": container.docker()}, [look], arguments=["-vvv"])
    assert run.failure() == (
        "install: present finds no codex that works for root on web. Install one that everybody there can run, such as "
        "with `npm install --global @openai/codex@VERSION`, or set install to npm."
    )
    assert run.executions() == 1, run.output
    bob, nobody, root = run.one("look").result["homes"]
    assert (bob, root) == ({"user": "bob", "codex_version": OLD}, {"user": "root", "codex_version": None})
    assert (nobody["user"], nobody["failed"]) == ("nobody-there", True)
    look["fleet.codex.codex_program"] = {"install": "present", "homes": [{}]}
    defaults = {"group/fleet.codex.codex": {"user": "bob", "settings": {}}}
    run = playbook.run({"web": container.docker()}, [look], play={"module_defaults": defaults})
    assert run.one("look").result["homes"] == [bob]


@pytest.mark.parametrize("value", [None, "", " ", "none", False])
def test_without_it_the_role_looks_for_nothing(value: object, playbook: Playbook, container: Container) -> None:
    """Not an execution more than for the login, and nothing that an absent login would need."""
    apply(playbook, container.docker())
    again = apply(playbook, container.docker(), codex_install=value)
    assert again.executions() == 1, again.output


def test_a_login_that_is_removed_needs_no_codex(playbook: Playbook, container: Container) -> None:
    homes = [{"user": "alice"}, {"user": "bob", "state": "absent"}]
    for given in ({"codex_state": "absent", "codex_homes": homes[:1]}, {"codex_homes": homes[1:]}):
        for install in ({"codex_install": "present"}, {**WITH_NPM, "codex_install_version": NEW}):
            assert not any(apply(playbook, container.docker(), **install, **given).changes())


@pytest.mark.parametrize(("tags", "is_logged_in"), [("codex_install", False), ("codex", True)])
def test_the_installation_has_a_tag_of_its_own(
    tags: str, is_logged_in: bool, playbook: Playbook, host: Container
) -> None:
    run = apply(playbook, host.docker(), "--tags", tags, **WITH_NPM, codex_install_version=OLD)
    assert run.rc == 0, run.output
    assert installed(host) == OLD
    assert host.exists("/home/alice/.codex/auth.json") is is_logged_in
