"""After the role, a real Codex of each version is logged in and sends exactly the declared credential."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import Codex, scratch
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.repeats import kept

from .harness import VERSIONS, chatgpt, start

KEY = "fleet-test-key-of-the-role"
CHATGPT = chatgpt("role")
LOGINS: dict[str, tuple[dict[str, t.Any], str]] = {
    "apikey": ({"codex_api_key": KEY}, KEY),
    "chatgpt": ({"codex_auth_content": CHATGPT}, CHATGPT["tokens"]["access_token"]),
}


EACH = kept(["0.20.0", "0.171.0"], VERSIONS, reason="another version")


class Deployed(t.NamedTuple):
    """A home the role was applied to with ``method``; ``secret`` is what requests must carry."""

    home: pathlib.Path
    method: str
    secret: str


@pytest.fixture(
    name="deployed", scope="module", params=kept(["chatgpt"], LOGINS, reason="test_matrix.py has the other login")
)
def _deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Deployed]:
    """One run of the role and a second one that changes nothing; all versions then read the same home."""
    variables, secret = LOGINS[request.param]
    folder = tmp_path_factory.mktemp("playbook")
    with scratch() as home:
        role = {
            "name": "fleet.codex.codex",
            "vars": {
                **variables,
                "codex_preferred_auth_method": request.param,
                "codex_settings": {"model": "gpt-5"},
                "codex_settings_absent": [["mcp_servers", "old"]],
            },
        }
        # HOME of the task's environment stands for the home directory of the user that runs the tests.
        play = {"environment": {"HOME": str(home)}}
        task = {"name": "role", "ansible.builtin.include_role": {"name": role["name"]}, "vars": role["vars"]}
        control = home / "control"
        control.mkdir()
        playbook = Playbook(folder, control)
        host = {"host": {"ansible_connection": "local"}}
        first, second = (playbook.run(host, [task], play=play) for _run in range(2))
        assert any(first.changes())
        assert not any(second.changes())
        yield Deployed(home, request.param, secret)


@pytest.fixture(name="client")
def _client(deployed: Deployed, request: pytest.FixtureRequest) -> t.Iterator[Codex]:
    """The version's own copy of the home: Codex writes into its home."""
    with scratch() as home:
        (home / ".codex").mkdir(mode=0o700)
        for name in ("auth.json", "config.toml"):
            (home / ".codex" / name).write_bytes((deployed.home / ".codex" / name).read_bytes())
        yield start(request.param, home)


@pytest.mark.parametrize("client", EACH, indirect=True)
def test_codex_is_logged_in_as_declared(client: Codex, deployed: Deployed) -> None:
    status = client.login_status()
    assert (status.rc, status.method) == (0, deployed.method), status.text


@pytest.mark.parametrize("client", EACH, indirect=True)
def test_codex_sends_the_declared_credential(client: Codex, deployed: Deployed) -> None:
    before = (client.home / ".codex" / "auth.json").read_bytes()
    assert client.exec_authorization() == [f"Bearer {deployed.secret}"]
    assert (client.home / ".codex" / "auth.json").read_bytes() == before
