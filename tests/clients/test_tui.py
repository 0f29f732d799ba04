# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What a person sees who starts Codex after the role: no sign-in screen, and the declared login in /status."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.integration.authority import make_authority
from ansible_collections.fleet.codex.tests.support.codex_client import scratch
from ansible_collections.fleet.codex.tests.support.playbook import Playbook
from ansible_collections.fleet.codex.tests.support.role import ROLE
from ansible_collections.fleet.codex.tests.support.terminal import Terminal

from .harness import chatgpt, start

KEY = "fleet-test-key-in-the-terminal"
LOGINS: dict[str, dict[str, t.Any]] = {
    "apikey": {"codex_api_key": KEY},
    "chatgpt": {"codex_auth_content": chatgpt("terminal")},
}
STATUS = {"apikey": "API key configured", "chatgpt": "terminal@fleet.test (Plus)"}
READY = "To get started, describe a task"  # on the first screen of 0.34
SIGN_IN = "currently using API key while your preferred method is ChatGPT."
SERVER = pathlib.Path(__file__).resolve().parents[1] / "support" / "sign_in_server.py"
PROMPT = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "

# Starts the sign-in server beside what comes after its words, in the same network of their own.
_BESIDE = """\
"$1" -I "$2" serve "$3" 443 "$4" "$5" </dev/null >"$3/log" 2>&1 & shift 5
while [ ! -e "$1" ]; do sleep 0.1; done; shift
exec "$@"
"""


class Desk(t.NamedTuple):
    """Where a person works: with a HOME, and in a folder that Codex is told to trust."""

    playbook: Playbook
    home: pathlib.Path
    folder: pathlib.Path

    def deploy(self, version: str, **variables: t.Any) -> None:
        """The role, as the user who runs the tests, whose home directory is ``home``; a second run changes nothing."""
        projects = {str(self.folder / "work"): {"trust_level": "trusted"}}
        given = {"codex_version": version, "codex_export_api_key": False, "codex_settings": {"projects": projects}}
        play = {"roles": [{"role": ROLE}], "environment": {"HOME": str(self.home)}}
        host = {"host": {"ansible_connection": "local"}}
        first, second = (
            self.playbook.run(host, [], play=play, variables={**given, **variables}) for _number in range(2)
        )
        assert any(first.changes()) and not any(second.changes()), first.output

    @contextlib.contextmanager
    def codex(self, version: str) -> t.Iterator[Terminal]:
        """A running Codex, without any network but the call with which 0.169 and later ask for the account."""
        trust = make_authority(self.folder, ["chatgpt.com"])
        server = ["sh", "-c", _BESIDE, "sh", sys.executable, str(SERVER), str(self.folder)]
        server += [str(trust.certificate), str(trust.key), str(self.folder / "ready")]
        # Without it, 0.171 wants its whole package, and leaves servers behind.
        arguments = ["--no-daemon"] if version == "0.171.0" else []
        env = {"TERM": "xterm-256color", "SSL_CERT_FILE": str(trust.trusted)}
        command = start(version, self.home).command_line(self.folder, server, arguments, env)
        with Terminal(command, self.folder / "work") as terminal:
            yield terminal

    def status(self, version: str) -> str:
        """What /status shows."""
        with self.codex(version) as terminal:
            terminal.wait_for(PROMPT)
            terminal.enter(PROMPT, "/status")
            return terminal.wait_for("Account: ")


@pytest.fixture(name="desk")
def _desk(home: pathlib.Path, tmp_path: pathlib.Path) -> t.Iterator[Desk]:
    (home / "control").mkdir()
    with scratch() as folder:
        yield Desk(Playbook(tmp_path, home / "control"), home, folder)


@pytest.mark.parametrize(("preferred", "is_asked"), [("apikey", False), ("", True)])
def test_codex_0_34_asks_nobody_to_sign_in_who_prefers_the_api_key(preferred: str, is_asked: bool, desk: Desk) -> None:
    desk.deploy("0.34.0", **LOGINS["apikey"], codex_preferred_auth_method=preferred)
    with desk.codex("0.34.0") as terminal:
        screen = terminal.wait_for(SIGN_IN, READY)
    assert (SIGN_IN in screen, READY in screen) == (is_asked, not is_asked)


@pytest.mark.parametrize("version", ["0.45.0", "0.171.0"])
@pytest.mark.parametrize("method", LOGINS)
def test_status_shows_the_declared_login(version: str, method: str, desk: Desk) -> None:
    desk.deploy(version, **LOGINS[method], codex_preferred_auth_method=method)
    assert STATUS[method] in desk.status(version)


@pytest.mark.parametrize("version", ["0.45.0", "0.171.0"])
def test_status_shows_the_new_login_after_the_method_has_changed(version: str, desk: Desk) -> None:
    desk.deploy(version, **LOGINS["apikey"])
    desk.deploy(version, **LOGINS["chatgpt"], codex_on_account_mismatch="replace")
    assert STATUS["chatgpt"] in desk.status(version)
