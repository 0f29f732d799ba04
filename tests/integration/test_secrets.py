# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""No secret gets out: not into output at any verbosity, logs, leftovers or process lists.

Secrets come in by vars_files, as vaults would, and by lookups; whoever writes them into a task's
name or a loop's items shows them himself.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import pathlib
import re
import time
import typing as t

import pytest
import yaml
from ansible_collections.fleet.codex.tests.support.hosts import Container, Host, Machine, become
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run, Task
from ansible_collections.fleet.codex.tests.support.repeats import CORES, kept

from .authority import make_authority
from .leaks import Processes, Secrets, in_container, in_folder
from .responses_api import Proxy, ResponsesApi

NOW = dt.datetime.now(dt.UTC)
DECLARED = ("auth.json", "config.toml", "codex.env")


@dataclasses.dataclass
class Place:
    """Where a leak is looked for: a target, with two Codex homes on it that can be worked on."""

    host: Host
    variables: dict[str, t.Any]
    homes: dict[str, dict[str, t.Any]]  # name: user or codex_home
    paths: dict[str, str]
    owners: dict[str, str]
    play: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def leftovers(self, wanted: Secrets) -> dict[str, list[str]]:
        """Files on the target that hold a secret and are not those that were declared or lay there."""
        found = (
            in_container(wanted, self.host)
            if isinstance(self.host, Container)
            else in_folder(wanted, t.cast(Machine, self.host).folder)
        )
        known = [f"{path}/{name}" for path in self.paths.values() for name in DECLARED]
        return {path: leaks for path, leaks in found.items() if path not in known and not path.endswith("/.profile")}


def users_of(container: Container, variables: dict[str, t.Any]) -> Place:
    container.write("/usr/local/bin/codex", FAKE_CODEX, mode="755")
    users = ("alice", "bob")
    return Place(
        container,
        variables,
        {user: {"user": user} for user in users},
        {user: f"/home/{user}/.codex" for user in users},
        {user: user for user in users},
    )


def folders_of(machine: Machine, connection: str) -> Place:
    owner = machine.run("id", "-un").strip()
    (machine.folder / "home").mkdir()
    machine.write(f"{machine.folder}/bin/codex", FAKE_CODEX, owner, "755")
    paths = {"alice": f"{machine.folder}/home/.codex", "bob": f"{machine.folder}/bob"}
    path = f"{machine.folder}/bin:/usr/local/bin:/usr/bin:/bin"
    return Place(
        machine,
        machine.variables(connection) | {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        {name: {"codex_home": path} for name, path in paths.items()},
        paths,
        dict.fromkeys(paths, owner),
        {"environment": {"HOME": f"{machine.folder}/home", "PATH": path}},
    )


# Shows more than the real one, which shows 13 characters of the key.
FAKE_CODEX = '#!/bin/sh\ncat "$CODEX_HOME/auth.json"; env; echo "Logged in using an API key"\n'

PLACES: dict[str, t.Callable[[Container, Machine], Place]] = {
    "docker": lambda c, m: users_of(c, c.docker()),
    "ssh": lambda c, m: users_of(c, c.ssh("deploypw") | become("root", password="deploypw")),
    "ssh_su": lambda c, m: users_of(c, c.ssh("dora") | become("root", "su", "root")),
    "local": lambda c, m: folders_of(m, "local"),
    "unpiped": lambda c, m: folders_of(m, "unpiped"),
}


def chatgpt(wanted: Secrets, name: str, account: str, age: int = 1) -> dict[str, t.Any]:
    """A ChatGPT auth.json with a secret in each token."""
    issued = int((NOW - dt.timedelta(days=age)).timestamp())
    claims = {
        "email": "someone@fleet.test",
        "iat": issued,
        "exp": issued + 864000,
        "https://api.openai.com/auth": {"chatgpt_account_id": account, "chatgpt_user_id": "user"},
    }
    return {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {
            "id_token": wanted.jwt(f"{name}-id", claims),
            "access_token": wanted.jwt(f"{name}-access", claims),
            "refresh_token": wanted.make(f"{name}-refresh"),
            "account_id": account,
        },
        "last_refresh": f"{NOW - dt.timedelta(days=age):%Y-%m-%dT%H:%M:%SZ}",
    }


def there_before(wanted: Secrets, place: Place) -> None:
    """What lies on the target: a login, a configuration and variables, all with secrets."""
    m = wanted.make
    config = f"""\
# {m("there-comment")}
model = "o3"
notes = "{m("there-notes")}"
[mcp_servers.old]
command = "old"
args = ["--token", "{m("there-args")}"]
env = {{ "OLD" = "{m("there-env")}" }}
[mcp_servers.kept]
url = "https://mcp.fleet.test"
bearer_token = "{m("there-bearer")}"
[model_providers.kept]
experimental_bearer_token = "{m("there-provider")}"
http_headers = {{ "X-Key" = "{m("there-header")}" }}
"""
    files = {"auth.json": json.dumps(chatgpt(wanted, "there", "account-a", 9)), "config.toml": config}
    files["codex.env"] = f"OLD={m('there-variable')}\n"
    for name, path in place.paths.items():
        for file, content in files.items():
            place.host.write(f"{path}/{file}", content, place.owners[name])
    home = place.paths["alice"].removesuffix("/.codex")
    place.host.write(f"{home}/.profile", f"export OWN={m('there-profile')}\n", place.owners["alice"], "644")


def given(wanted: Secrets, playbook: Playbook) -> None:
    """What the controller has: variables, and files to look up."""
    folder = playbook.folder / "given"
    folder.mkdir()
    m = wanted.make
    settings = {
        "mcp_servers": {
            "new": {"command": "new", "env": {"NEW": m("given-env")}, "args": [m("given-args")]},
            "kept": {"bearer_token": m("given-bearer")},
        },
        "model_providers": {"kept": {"experimental_bearer_token": m("given-provider")}},
    }
    variables = {
        "api_key": m("given-key"),
        "login": chatgpt(wanted, "given", "account-a"),
        "other_login": chatgpt(wanted, "other", "account-b"),
        "settings": settings,
        "variables": {"OPENAI_API_KEY": m("given-key"), "OWN_SECRET": m("given-variable")},
        "broken_json": f'{{"OPENAI_API_KEY": "{m("broken-json")}", oops "{m("broken-json-later")}"}}',
        "broken_jwt": {**chatgpt(wanted, "jwt", "a"), "tokens": {n: m(f"jwt-{n}") for n in TOKENS}},
        "secret": m("misplaced"),
        "access_token": f"at-{m('given-access-token')}",
    }
    (folder / "password").write_text(m("vault-password"), encoding="utf-8")
    (folder / "damaged.json").write_text(variables["broken_json"], encoding="utf-8")
    (folder / "secrets.json").write_text(json.dumps(variables), encoding="utf-8")
    (folder / "broken.json").write_text(variables["broken_json"], encoding="utf-8")
    (folder / "login.json").write_text(json.dumps(variables["login"]), encoding="utf-8")
    for name in ("alice", "bob"):
        (folder / f"{name}.key").write_text(m(f"looked-up-{name}"), encoding="utf-8")


TOKENS = ("id_token", "access_token", "refresh_token")


def failing(place: Place) -> list[Task]:
    """Tasks that must fail without showing what was wrong with which value."""
    alice = place.homes["alice"]
    auth = "fleet.codex.codex_auth_file"
    config = "fleet.codex.codex_config"
    home = "fleet.codex.codex_home"
    fetch = "fleet.codex.codex_auth_fetch"
    check = "fleet.codex.codex_api_key_info"
    nobody = "https://127.0.0.1:1/v1"
    tasks: list[tuple[str, dict[str, t.Any]]] = [
        (auth, {"content": "{{ broken_json }}"}),
        (auth, {"content": ["{{ secret }}"]}),
        (auth, {"content": {"OPENAI_API_KEY": ["{{ secret }}"]}}),
        (auth, {"content": {"OPENAI_API_KEY": "{{ secret }}", "tokens": "{{ login.tokens }}"}}),
        (auth, {"content": "{{ broken_jwt }}"}),
        (auth, {"content": "{{ login | combine({'last_refresh': secret}) }}"}),
        (auth, {"content": "{{ login | combine({'auth_mode': secret}) }}"}),
        (auth, {"content": "{{ other_login }}"}),
        (auth, {"api_key": "{{ api_key }}"}),
        (auth, {"api_key": ["{{ secret }}"]}),
        (auth, {"api_key": {"key": "{{ secret }}"}}),
        (auth, {"api_key": "{{ secret }} and more"}),
        (auth, {"api_key": "{{ secret }}\n{{ secret }}"}),
        (auth, {"api_key": "{{ secret }}", "content": "{{ login }}"}),
        (auth, {"api_kee": "{{ secret }}"}),
        (auth, {"src": "{{ playbook_dir }}/given/broken.json"}),
        (auth, {"personal_access_token": "{{ secret }}"}),
        (auth, {"personal_access_token": "{{ access_token }} x"}),
        (auth, {"content": {"personal_access_token": "{{ access_token }}", "OPENAI_API_KEY": "{{ secret }}"}}),
        (fetch, {"dest": "given/damaged.json"}),
        (fetch, {"dest": "given/login.json/x"}),
        (fetch, {"dest": "given/other.json", "encrypt_vault_id": "nobody"}),
        (config, {"settings": "{{ secret }}"}),
        (config, {"settings": ["{{ secret }}"]}),
        (config, {"settings": {"mcp_servers": "{{ secret }}"}}),
        (config, {"settings": {"mcp_servers": {"kept": "{{ secret }}"}}}),
        (config, {"settings": {"mcp_servers": {"new": {"env": {"X": None, "Y": "{{ secret }}"}}}}}),
        (config, {"settings": {"model": {"env": "{{ secret }}"}}}),
        (config, {"settings": {"forced_login_method": "{{ secret }}"}}),
        (config, {"settings": {"profile": "{{ secret }}"}, "codex_version": "0.169.0"}),
        (config, {"settings": {"mcp_servers": {"x": {"bearer_token": "{{ secret }}"}}}, "codex_version": "0.169.0"}),
        (config, {"secret_keys": ["{{ secret }}"]}),
        (config, {"layer": "system", "settings": {"note": "{{ secret }}"}, "secret_keys": [["note"]]}),
        (check, {"api_key": "{{ api_key }}", "base_url": nobody}),
        (check, {"api_key": ["{{ secret }}"], "base_url": nobody}),
        (check, {"api_key": "{{ secret }} and more", "base_url": nobody}),
        (check, {"api_key": "{{ api_key }}", "base_url": "https://u:{{ secret }}@127.0.0.1:1/v1"}),
        (check, {"api_key": "{{ api_key }}", "base_url": nobody, "proxy": "http://u:{{ secret }}@127.0.0.1:1"}),
        (check, {"api_key": "{{ api_key }}", "base_url": nobody, "proxy": "http://u:{{ secret }}@:x"}),
        (home, {"homes": "{{ secret }}"}),
        (home, {"homes": [{**alice, "auth": "{{ secret }}"}]}),
        (home, {"homes": [{**alice, "environment": "{{ secret }}"}]}),
        (home, {"homes": [{**alice, "environment": {"X": ["{{ secret }}"]}}]}),
        (home, {"homes": [{**alice, "environment": {"X": "{{ secret }} $HOME"}}]}),
        (home, {"homes": [{**alice, "environment": {"{{ secret }} x": "y"}}]}),
        (home, {"homes": [{**alice, "environment": {"X": "{{ secret }}"}, "auth": {"api_keys": "{{ secret }}"}}]}),
    ]
    return [
        {
            "name": f"failing {n}",
            module: options if module in (home, check) else {**alice, **options},
            "ignore_errors": True,
        }
        for n, (module, options) in enumerate(tasks)
    ]


def working(place: Place) -> list[Task]:
    """Tasks that change things, show their results, and change nothing the second time."""
    alice = place.homes["alice"]
    login = {
        "name": "login",
        "fleet.codex.codex_home": {
            "homes": [
                {
                    **alice,
                    "auth": {"content": "{{ login }}", "backup": False},
                    "config": {"settings": "{{ settings }}", "absent": [["mcp_servers", "old"]]},
                    "environment": "{{ variables }}",
                }
            ]
        },
        "register": "outcome",
    }
    show = {"name": "show", "ansible.builtin.debug": {"var": "outcome"}}
    loop = {
        "name": "loop",
        "fleet.codex.codex_auth_file": {
            "user": "{{ homes[item].user | default(omit) }}",
            "codex_home": "{{ homes[item].codex_home | default(omit) }}",
            "api_key": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/given/' ~ item ~ '.key') }}",
            "on_account_mismatch": "replace",
        },
        "loop": ["alice", "bob"],
        "register": "outcome",
    }
    info = {"name": "info", "fleet.codex.codex_info": alice, "register": "outcome"}
    token = {
        "name": "token",
        "fleet.codex.codex_auth_file": {
            **alice,
            "personal_access_token": "{{ access_token }}",
            "on_account_mismatch": "replace",
        },
        "register": "outcome",
    }
    fetches = [
        {
            "name": f"fetch {name}",
            "fleet.codex.codex_auth_fetch": {
                **place.homes[home],
                "dest": f"given/fetched/{name}.json",
                "on_account_mismatch": "replace",
                **options,
            },
            "register": "outcome",
        }
        # The plain copy lies among what was given, where nothing is looked for; the encrypted one does not.
        for name, home, options in (
            ("plain", "alice", {}),
            ("vault", "alice", {"dest": "fetched/vault.json", "encrypt_vault_id": "codex"}),
            ("again", "alice", {"dest": "fetched/vault.json", "encrypt_vault_id": "codex"}),
            ("bob", "bob", {"dest": "fetched/bob.json", "encrypt_vault_id": "codex"}),
        )
    ]
    source = {
        "name": "source",
        "fleet.codex.codex_auth_file": {
            **alice,
            "src": "{{ playbook_dir }}/given/login.json",
            "on_account_mismatch": "replace",
        },
    }
    role = {
        "name": "role",
        "ansible.builtin.include_role": {"name": "fleet.codex.codex"},
        "vars": {
            **{f"codex_{name}": value for name, value in alice.items()},
            **({"codex_home": alice["codex_home"]} if "codex_home" in alice else {}),
            "codex_api_key": "{{ api_key }}",
            "codex_on_account_mismatch": "replace",
            "codex_settings": "{{ settings }}",
            "codex_environment": "{{ variables }}",
            "codex_verify": "{{ not ansible_check_mode }}",
        },
    }
    role["vars"].pop("codex_codex_home", None)
    return [
        *(login, show, login | {"name": "again"}, *fetches, show, loop, show, source, info, show, token, show),
        *(fetches[0] | {"name": "fetch token"}, show, role),
    ]


def on_broken_target(place: Place) -> list[Task]:
    """Tasks that fail by what lies in bob's home."""
    bob = place.homes["bob"]
    return [
        {"name": "bad config", "fleet.codex.codex_config": {**bob, "settings": {"model": "x"}}, "ignore_errors": True},
        {"name": "bad auth", "fleet.codex.codex_auth_file": {**bob, "api_key": "{{ api_key }}"}, "ignore_errors": True},
        {"name": "bad info", "fleet.codex.codex_info": bob},
    ]


class Suite:
    """One play over one place, and all that is looked at while and after it runs."""

    def __init__(self, wanted: Secrets, place: Place, playbook: Playbook) -> None:
        self.wanted, self.place, self.playbook = wanted, place, playbook
        self.log = playbook.folder / "ansible.log"

    def run(self, tasks: t.Sequence[Task], **options: t.Any) -> tuple[Run, list[str]]:
        """How it went, and every leak."""
        env = {"ANSIBLE_LOG_PATH": str(self.log), "ANSIBLE_LOG_VERBOSITY": "5", **options.pop("env", {})}
        begun = time.time() - 1
        play = {"vars_files": ["given/secrets.json"], **self.place.play}
        variables = {"homes": self.place.homes}
        with Processes(self.wanted) as processes:
            run = self.playbook.run(
                {"host": self.place.variables}, tasks, play=play, variables=variables, env=env, **options
            )
        assert processes.looks > 10
        leaks = self.wanted.find(run.stdout.encode(), "stdout") + self.wanted.find(run.stderr.encode(), "stderr")
        leaks += self.wanted.find(self.log.read_bytes(), "log") + processes.leaks
        found = in_folder(self.wanted, self.playbook.folder, self.playbook.tmp)
        found |= in_folder(self.wanted, *_new_temporary(self.playbook.folder, begun))
        own = str(self.playbook.folder)
        # What was given lies in a folder of its own; what is logged was looked at.
        controller = {
            path: leak
            for path, leak in found.items()
            if not path.startswith((f"{own}/given/", str(self.log)))
            and not (isinstance(self.place.host, Machine) and path.startswith(str(self.place.host.folder)))
        }
        for found in (controller, self.place.leftovers(self.wanted)):
            leaks += [leak for several in found.values() for leak in several]
        return run, leaks


def _new_temporary(folder: pathlib.Path, since: float) -> list[pathlib.Path]:
    """What came into this machine's temporary folders meanwhile; other tests' folders may be among it."""
    found = []
    for parent in (pathlib.Path("/tmp"), pathlib.Path("/var/tmp"), pathlib.Path("/dev/shm")):
        for path in parent.iterdir() if parent.is_dir() else ():
            try:
                if path not in folder.parents and path.stat().st_mtime >= since:
                    found.append(path)
            except OSError:
                continue  # gone
    return found


@pytest.fixture
def wanted() -> Secrets:
    return Secrets()


VERY_VERBOSE = ["-vvvvv", "--diff", "--vault-id", "codex@given/password"]
MODES: dict[str, dict[str, t.Any]] = {
    "verbose": {
        "arguments": VERY_VERBOSE,
        "env": {"ANSIBLE_DEBUG": "1"},
        "callback": "ansible.builtin.default",
    },
    "json": {"arguments": VERY_VERBOSE},
    "check": {"arguments": [*VERY_VERBOSE, "--check"]},
}


RUNS = [
    *(("docker", mode) for mode in MODES),
    *(("ssh", "verbose"), ("ssh_su", "verbose"), ("ssh_su", "json")),
    *(("local", "verbose"), ("local", "check"), ("unpiped", "json")),
]


# Of these and of those on other cores below, so many that each mode, each core, a host behind a pipe, one behind files
# and this machine are among them.
@pytest.mark.parametrize(
    ("name", "mode"), kept([("docker", "json"), ("local", "check")], RUNS, reason="another place and mode")
)
def test_nothing_leaks(
    name: str, mode: str, wanted: Secrets, container: Container, machine: Machine, playbook: Playbook
) -> None:
    nothing_leaks(name, mode, wanted, container, machine, playbook)


@pytest.mark.parametrize("mode", kept(["verbose"], ("verbose", "json"), reason="another mode"))
def test_without_python(mode: str, wanted: Secrets, nopython: Container, machine: Machine, playbook: Playbook) -> None:
    """What is in the files travels from such a host, under another mask."""
    nothing_leaks("docker", mode, wanted, nopython, machine, playbook)


@pytest.mark.parametrize(
    ("other_core", "name", "mode"),
    kept(
        [("oldest", "ssh_su", "verbose"), ("newest", "docker", "json")],
        [(core, *run) for core in CORES for run in (("ssh_su", "verbose"), ("docker", "json"))],
        reason="another core",
    ),
    indirect=["other_core"],
)
def test_other_core(
    name: str, mode: str, wanted: Secrets, container: Container, machine: Machine, other_core: Playbook
) -> None:
    """Other versions print and wrap other things."""
    nothing_leaks(name, mode, wanted, container, machine, other_core)


def nothing_leaks(
    name: str, mode: str, wanted: Secrets, container: Container, machine: Machine, playbook: Playbook
) -> None:
    place = PLACES[name](container, machine)
    there_before(wanted, place)
    given(wanted, playbook)
    suite = Suite(wanted, place, playbook)

    failures = failing(place)
    run, leaks = suite.run([*failures, *working(place)], **MODES[mode])
    assert leaks == [], "\n\n".join(leaks)
    assert run.rc == 0, run.output
    assert "Traceback" not in run.output
    if mode != "verbose":
        failed = [task.name for task in run.tasks if task.result.get("failed")]
        assert failed == [task["name"] for task in failures], run.output
    if mode == "json":
        outcomes = {task.name: task.changed for task in run.tasks if task.name in ("login", "again", "loop", "info")}
        assert outcomes == {"login": True, "again": False, "loop": True, "info": False}

    path, owner = place.paths["bob"], place.owners["bob"]
    place.host.write(f"{path}/config.toml", f'model = "x"\nkey = "{wanted.make("broken-toml")}\n', owner)
    place.host.write(f"{path}/auth.json", f'{{"OPENAI_API_KEY": "{wanted.make("broken-auth")}', owner)
    run, leaks = suite.run(on_broken_target(place), **MODES[mode])
    assert leaks == [], "\n\n".join(leaks)
    if mode != "verbose":
        assert [bool(task.result.get("failed")) for task in run.tasks] == [True, True, False]


@pytest.mark.parametrize("mode", kept(["json"], MODES, reason="another mode"))
def test_an_api_that_quotes_the_key(
    mode: str, wanted: Secrets, container: Container, machine: Machine, playbook: Playbook
) -> None:
    """The real one quotes a part of the key, and this one all of it, in whatever can be quoted."""
    place = PLACES["local"](container, machine)
    place.play["environment"]["NO_PROXY"] = "127.0.0.1"
    given(wanted, playbook)
    authority = make_authority(playbook.folder)
    names = ["unknown", "scope-401", "other", "quotes", "page", "moved", "broken"]
    with (
        ResponsesApi((str(authority.certificate), str(authority.key))) as api,
        Proxy(credentials=f"u:{wanted.make('misplaced')}") as proxy,
    ):
        tasks: list[Task] = [
            {
                "name": name,
                "fleet.codex.codex_api_key_info": {
                    "api_key": "{{ api_key }}",
                    "base_url": f"https://127.0.0.1:{api.port}/{name}/v1",
                    "ca_file": str(authority.trusted),
                    "retries": 0,
                    "proxy": "http://u:{{ secret }}@127.0.0.1:" + str(proxy.port),
                },
                "register": "outcome",
                "ignore_errors": True,
            }
            for name in names
        ]
        show = {"name": "show", "ansible.builtin.debug": {"var": "outcome"}}
        run, leaks = Suite(wanted, place, playbook).run(
            [step for task in tasks for step in (task, show)], **MODES[mode]
        )
        assert [key for _path, key, _body in api.requests] == [f"Bearer {wanted.make('given-key')}"] * len(names)
        assert len(proxy.requests) == len(names)
        assert wanted.find(proxy.seen, "proxy") == []
    assert leaks == [], "\n\n".join(leaks)
    assert run.rc == 0, run.output
    assert "Traceback" not in run.output
    if mode == "json":
        assert [task.name for task in run.tasks if task.result.get("failed")] == ["page", "moved", "broken"]


SECRET_SETTINGS: dict[str, dict[str, t.Any]] = {
    "policy": {"shell_environment_policy": {"set": {"GITHUB_PAT": "{{ secret }}"}}},
    "notify": {"notify": ["curl", "-H", "Authorization: {{ secret }}"]},
    "url user": {"mcp_servers": {"n": {"url": "https://u:{{ secret }}@fleet.test"}}},
    "url query": {"mcp_servers": {"n": {"url": "https://fleet/?k={{ secret }}"}}},
    "otel": {"otel": {"exporter": {"otlp-http": {"headers": {"x": "{{ secret }}"}}}}},
    "query_params": {"model_providers": {"new": {"query_params": {"code": "{{ secret }}"}}}},
    "args": {"mcp_servers": {"new": {"command": "new", "args": ["--pat={{ secret }}"]}}},
}


def test_diff_hides(wanted: Secrets, container: Container, machine: Machine, playbook: Playbook) -> None:
    """Where else Codex takes secrets in config.toml: added, changed and removed with --diff, one setting at a time."""
    place = PLACES["docker"](container, machine)
    given(wanted, playbook)
    tasks = []
    for name, settings in SECRET_SETTINGS.items():
        changed = json.loads(json.dumps(settings).replace("{{ secret }}", "{{ secret }}2"))
        for step, options in (
            ("added", {"settings": settings}),
            ("changed", {"settings": changed}),
            ("removed", {"absent": [[next(iter(settings))]]}),
        ):
            tasks.append({"name": f"{name} {step}", "fleet.codex.codex_config": {"user": "alice", **options}})
    run, leaks = Suite(wanted, place, playbook).run(tasks, arguments=["-vvv", "--diff"])
    assert leaks == [], "\n\n".join(leaks)
    assert run.rc == 0, run.output
    assert [task.name for task in run.tasks if not (task.changed and task.result["diff"])] == []
    assert len(run.tasks) == 3 * len(SECRET_SETTINGS)


def test_key_of_the_wrong_type(container: Container, playbook: Playbook) -> None:
    """A list is no key, also where Ansible would make text of it."""
    run = playbook.run(
        {"host": container.docker()},
        [{"fleet.codex.codex_auth_file": {"user": "alice", "api_key": ["fleet-test-key"]}}],
    )
    assert "api_key" in run.failure()
    assert not container.exists("/home/alice/.codex/auth.json")


SECURITY = CHECKOUT / "docs" / "security.md"
LOOPS = [
    *(yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", SECURITY.read_text(), re.DOTALL)),
    [
        {
            "ansible.builtin.include_role": {"name": "fleet.codex.codex"},
            "vars": {"codex_user": "{{ item }}", "codex_api_key": "{{ codex_keys[item] }}"},
            "loop": ["alice", "bob"],
        }
    ],
]


@pytest.mark.parametrize("tasks", LOOPS)
def test_a_failed_item_of_a_loop_shows_no_secret(
    tasks: list[Task], wanted: Secrets, container: Container, machine: Machine, playbook: Playbook
) -> None:
    """The examples of docs/security.md; bob's home is refused."""
    place = PLACES["docker"](container, machine)
    given(wanted, playbook)
    container.run("sh", "-c", "mkdir -m 700 /home/bob/.codex && mkfifo /home/bob/.codex/auth.json")
    container.run("chown", "-R", "bob", "/home/bob/.codex")
    keys = {"alice": wanted.make("key-of-alice"), "bob": wanted.make("key-of-bob")}
    (playbook.folder / "given" / "keys.json").write_text(json.dumps({"codex_keys": keys}))
    play_files = {"vars_files": ["given/keys.json"], **place.play}
    options: dict[str, t.Any] = {"arguments": ["-vvv", "--diff"], "callback": "ansible.builtin.default"}
    run = playbook.run({"host": place.variables}, tasks, play=play_files, **options)
    assert run.rc != 0 and "/home/bob/.codex/auth.json" in run.output, run.output
    assert wanted.find(run.output.encode(), "output") == []
    # What the page warns of: a label hides nothing.
    leaking = {
        "fleet.codex.codex_auth_file": {"user": "{{ item.name }}", "api_key": "{{ item.key }}"},
        "loop": [{"name": "bob", "key": "{{ codex_keys.bob }}"}],
        "loop_control": {"label": "{{ item.name }}"},
    }
    run = playbook.run({"host": place.variables}, [leaking], play=play_files, **options)
    assert wanted.find(run.output.encode(), "output")


# ------------------------------------------------------------------- does the detector detect


@pytest.mark.parametrize(
    "name", kept(["local", "docker"], ("local", "docker", "ssh"), reason="another way to the disk of the same host")
)
def test_detector(name: str, wanted: Secrets, container: Container, machine: Machine, playbook: Playbook) -> None:
    """What leaks on purpose is found: in output and log by a diff, in argv, in a variable, in leftovers."""
    place = PLACES[name](container, machine)
    given(wanted, playbook)
    suite = Suite(wanted, place, playbook)
    folder = str(machine.folder) if name == "local" else "/var/tmp"
    sleep = ["sh", "-c", "sleep 0.5"]
    run, leaks = suite.run(
        [
            {"ansible.builtin.copy": {"content": "{{ secret }}", "dest": f"{folder}/copied", "mode": "0600"}},
            {"ansible.builtin.command": {"argv": [*sleep, "{{ secret }}"]}},
            {"ansible.builtin.command": {"argv": sleep}, "environment": {"LEAK": "{{ secret }}"}},
            {"ansible.builtin.debug": {"msg": "{{ [secret | b64encode, secret[::-1]] }}"}},
        ],
        arguments=["-vvv", "--diff"],
    )
    assert run.rc == 0, run.output
    found = {tuple(leak.split(": ")[:2]) for leak in leaks}
    expected = {("stdout", "plain"), ("stdout", "base64"), ("stdout", "reversed"), ("log", "plain")}
    expected |= {("cmdline", "plain"), ("environ", "plain")}
    assert expected <= found, sorted(found)
    assert any(leak.startswith((f"{folder}/copied", "var/tmp/copied")) for leak in leaks), leaks


def test_forms(wanted: Secrets) -> None:
    """Each form of a secret is found, whatever stands before it, and so is a part of it; nothing else is."""
    secret = wanted.make("key").encode()
    for before in (b"", b"a", b"ab"):
        text = before + secret + b"!"
        once = base64.b64encode(text)
        for form in (text, once, base64.urlsafe_b64encode(text), base64.b64encode(b"x" + once), text.hex().encode()):
            assert wanted.find(b"some " + form + b" more", "here"), form
    assert wanted.find(secret[:20], "here")
    assert wanted.find(secret[12:], "here")
    assert wanted.find(secret[::-1], "here")
    assert wanted.find(secret.upper(), "here")
    assert not wanted.find(Secrets().make("key").encode(), "here")
    token = wanted.jwt("id", {"email": "x@fleet.test"})
    assert all(wanted.find(part.encode(), "here") for part in token.split(".")[1:])
