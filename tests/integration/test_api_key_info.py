# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""codex_api_key_info asks a server on loopback that answers as the API does, by itself and through a proxy."""

from __future__ import annotations

import pathlib
import socket
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.hosts import Machine
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run, Task

from .authority import Authority, make_authority
from .responses_api import Proxy, ResponsesApi

KEY = "fleet-test-key-4f1c"
MODULE = "fleet.codex.codex_api_key_info"


@pytest.fixture(scope="module", name="authority")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="api")
def _api(authority: Authority) -> t.Iterator[ResponsesApi]:
    with ResponsesApi((str(authority.certificate), str(authority.key))) as api:
        yield api


@pytest.fixture(name="proxy")
def _proxy() -> t.Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


class Asker:
    """Runs tasks that ask the server."""

    def __init__(self, playbook: Playbook, machine: Machine, api: ResponsesApi, authority: Authority) -> None:
        self.playbook, self.machine, self.api, self.authority = playbook, machine, api, authority

    def url(self, name: str = "") -> str:
        return f"https://127.0.0.1:{self.api.port}{name and '/' + name}/v1"

    def task(self, label: str, environment: dict[str, str] | None = None, **options: t.Any) -> Task:
        given = {"api_key": KEY, "base_url": self.url(), "ca_file": str(self.authority.trusted), **options}
        given = {name: value for name, value in given.items() if value is not None}
        return {
            "name": label,
            MODULE: given,
            "environment": environment or {},
            "ignore_errors": True,
        }

    def run(self, tasks: t.Sequence[Task], **options: t.Any) -> Run:
        run = self.playbook.run({"host": self.machine.variables()}, tasks, **options)
        assert run.rc == 0, run.output
        assert "Traceback" not in run.output
        assert KEY not in run.output
        assert [task.name for task in run.tasks] == [task["name"] for task in tasks]
        return run


@pytest.fixture(name="asker")
def _asker(
    playbook: Playbook, machine: Machine, api: ResponsesApi, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Asker:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):  # of whoever runs the tests
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Asker(playbook, machine, api, authority)


WRITE = "api.responses.write"
RESULTS: dict[str, tuple[bool | None, bool | None, list[str], int, str]] = {
    "v1": (True, True, [], 400, "may write Responses"),
    "unknown": (False, False, [], 401, "does not know this key"),
    "scope-401": (True, False, [WRITE], 401, WRITE),
    "scope-403": (True, False, [WRITE, "api.model.read"], 403, f"{WRITE}, api.model.read"),
    "other": (None, False, [], 401, "not known here"),
    "quotes": (True, False, [WRITE], 401, WRITE),
    "busy": (True, True, [], 400, "may write Responses"),
    "recovers": (True, True, [], 400, "may write Responses"),
    "no-credit": (True, None, [], 429, "no credit left"),
}


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_the_api_says_is_a_result(asker: Asker, check_mode: bool) -> None:
    tasks = [asker.task(name, base_url=asker.url(name if name != "v1" else "")) for name in RESULTS]
    run = asker.run(tasks, arguments=["--check"] if check_mode else [])
    for name, (valid, write, scopes, status, words) in RESULTS.items():
        task = run.one(name)
        assert not task.result.get("failed"), task.result
        values = {key: task.result[key] for key in ("valid", "responses_write", "missing_scopes", "status", "changed")}
        assert values == {
            "valid": valid,
            "responses_write": write,
            "missing_scopes": scopes,
            "status": status,
            "changed": False,
        }, name
        assert words in task.result["message"]
    # Once each, but for those that were asked to wait; always without anything that could be billed.
    counts = {name: asker.api.asked(name) for name in RESULTS}
    assert counts == dict.fromkeys(RESULTS, 1) | {"busy": 2, "recovers": 2}
    assert {(key, body) for _path, key, body in asker.api.requests} == {(f"Bearer {KEY}", b"{}")}


def test_anything_else_is_a_failure(asker: Asker, tmp_path: pathlib.Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        other = tmp_path / "other"
        other.mkdir()
        plain = f"127.0.0.1:{asker.api.port}"
        # name: options beside the path, and what the message has
        cases: dict[str, tuple[dict[str, t.Any], str]] = {
            "busy-for-long": ({}, "86400 seconds"),
            "broken": ({"retries": 1}, "HTTP 500, 2 times"),
            "page": ({}, "does not answer as the Responses API"),
            "page-403": ({}, "does not answer as the Responses API"),
            "moved": ({}, "not followed"),
            "accepts": ({}, "does not answer as the Responses API"),
            "nothing": ({}, "no Responses API below base_url"),
            "silent": ({"timeout": 1}, "Raise timeout"),
            "drips": ({"timeout": 1}, "Raise timeout"),
            "refused": ({"base_url": f"https://{nobody}/v1"}, "Connection refused"),
            "unknown host": ({"base_url": "https://fleet-test.invalid/v1"}, "has no address"),
            "other authority": ({"ca_file": str(make_authority(other).trusted)}, "not trusted on this host"),
            "no ca_file": ({"ca_file": None}, "ca_file"),
            "other name": ({"base_url": f"https://localhost:{asker.api.port}/v1"}, "not trusted on this host"),
            "no authority": ({"ca_file": str(other / "nothing.pem")}, "No such file"),
            "empty authority": ({"ca_file": "/dev/null"}, "no certificate in PEM form"),
            "TLS to plain": ({"base_url": f"http://{plain}/v1"}, "does not speak HTTP"),
        }
        tasks = [
            asker.task(name, **{"base_url": asker.url(name.split()[0]), **options})
            for name, (options, _words) in cases.items()
        ]
        run = asker.run(tasks)
    for name, (options, words) in cases.items():
        task = run.one(name)
        assert task.result.get("failed"), name
        assert words in task.message, f"{name}: {task.message}"
        host = options.get("base_url", asker.url()).split("/")[2]
        assert host in task.message, f"{name}: {task.message}"
        assert "\n" not in task.message
    assert {name: asker.api.asked(name) for name in ("busy-for-long", "broken", "moved", "silent")} == {
        "busy-for-long": 1,
        "broken": 2,
        "moved": 1,
        "silent": 1,
    }
    assert ("/v1/responses", f"Bearer {KEY}", b"{}") not in asker.api.requests  # where "moved" leads


def test_plain_http_on_loopback(asker: Asker, proxy: Proxy) -> None:
    """Without TLS, and never through a proxy."""
    with ResponsesApi(None) as plain:
        options = {"base_url": f"http://127.0.0.1:{plain.port}/v1/", "ca_file": None}
        asked = f"http://127.0.0.1:{proxy.port}"
        run = asker.run([asker.task("plain", **options), asker.task("proxy", proxy=asked, **options)])
        assert [task.result["responses_write"] for task in run.tasks] == [True, True]
        assert [path for path, _key, _body in plain.requests] == ["/v1/responses"] * 2
    assert proxy.requests == []


def test_proxies(asker: Asker, proxy: Proxy) -> None:
    """By option, which counts before the environment; by the environment, with its exceptions; by neither."""
    port, there = asker.api.port, f"http://127.0.0.1:{proxy.port}"
    with Proxy(credentials="fleet-test-user:fleet-test-p@ss") as closed:
        key = f"http://fleet-test-user:fleet-test-p%40ss@127.0.0.1:{closed.port}"
        nobody = "http://127.0.0.1:1"
        good = {
            "option": asker.task("option", {"HTTPS_PROXY": nobody}, proxy=there),
            "environment": asker.task("environment", {"HTTPS_PROXY": there}),
            "lower case": asker.task("lower case", {"https_proxy": there.removeprefix("http://")}),
            "all": asker.task("all", {"ALL_PROXY": there}),
            "password": asker.task("password", proxy=key),
            "none": asker.task("none", {"HTTPS_PROXY": nobody}, proxy=""),
            "exception": asker.task("exception", {"HTTPS_PROXY": nobody, "NO_PROXY": "a.test,127.0.0.1"}),
        }
        bad = {
            "no password": asker.task("no password", proxy=f"http://127.0.0.1:{closed.port}"),
            "wrong kind": asker.task("wrong kind", {"HTTPS_PROXY": f"socks5://127.0.0.1:{proxy.port}"}),
            "nobody": asker.task("nobody", {"HTTPS_PROXY": nobody}),
            "unknown": asker.task("unknown", proxy="http://fleet-test.invalid:3128"),
            "no proxy": asker.task("no proxy", proxy=f"http://127.0.0.1:{port}"),
        }
        run = asker.run([*good.values(), *bad.values()])
        for name in good:
            assert run.one(name).result.get("responses_write") is True, run.one(name).result
        for name, words in {
            "no password": "HTTP 407",
            "wrong kind": "must be http://HOST:PORT",
            "nobody": "Connection refused",
            "unknown": "no address",
            "no proxy": "no usable answer",
        }.items():
            message = run.one(name).message
            assert words in message and f"127.0.0.1:{port}" in message and "roxy" in message, message
        assert proxy.requests == [(f"127.0.0.1:{port}", None)] * 4
        assert closed.requests == [
            (f"127.0.0.1:{port}", "fleet-test-user:fleet-test-p@ss"),
            (f"127.0.0.1:{port}", None),
        ]
    assert proxy.seen and KEY.encode() not in proxy.seen
    assert len(asker.api.requests) == len(good)


def test_delegated_to_the_controller(asker: Asker) -> None:
    """The host in the play is not reached at all."""
    task = {**asker.task("asked"), "delegate_to": "localhost", "run_once": True}
    hosts = {"host": {"ansible_connection": "ssh", "ansible_host": "fleet-test.invalid"}}
    run = asker.playbook.run(hosts, [task], play={"hosts": "host"})
    assert run.one("asked").result.get("responses_write") is True, run.output


def test_async_is_refused(asker: Asker) -> None:
    run = asker.run([{**asker.task("async"), "async": 10, "poll": 1}])
    assert "async" in run.one("async").message
    assert asker.api.requests == []
