"""What the action plugin refuses by itself, what it takes from the connection, and what an interrupt does."""

from __future__ import annotations

import os
import signal
import types
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.action import codex_remote_login as module
from ansible_collections.fleet.codex.plugins.action.codex_remote_login import ActionModule, _Person
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES, defaults
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


class Connection:
    """A connection plugin with options."""

    def __init__(self, transport: str, **options: t.Any) -> None:
        self.transport = transport
        self.options = options

    def get_option(self, name: str) -> t.Any:
        return self.options[name]


def action(transport: str = "ssh", **options: t.Any) -> t.Any:
    made = object.__new__(ActionModule)
    made._connection = Connection(transport, **options)
    made._play_context = types.SimpleNamespace(remote_addr="web1.example.com", password=None)
    return made


def refusal(given: t.Any, is_windows: bool = False, **arguments: t.Any) -> str:
    transport: t.Any = types.SimpleNamespace(is_windows=is_windows, container=None)
    with pytest.raises(CodexError) as caught:
        given.work({**defaults(MODULES["codex_remote_login"]), **arguments}, transport)
    return str(caught.value)


def test_what_cannot_be_signed_in_on_is_refused_before_the_host_is_asked() -> None:
    assert "Windows" in refusal(action(), is_windows=True)
    for timeout in (0, -1, 86401, 10**30):
        assert "must be from 1 to 86400" in refusal(action(), timeout=timeout)
    assert "the connection libssh" in refusal(action("ansible.netcommon.libssh"))


@pytest.mark.parametrize(
    ("option", "words"), [("password", "cannot log in with a password"), ("private_key", "ansible_private_key")]
)
def test_a_login_that_a_tunnel_cannot_use_is_refused(option: str, words: str) -> None:
    sentence = refusal(action(**{option: "fleet-test-secret"}))
    assert words in sentence and "fleet-test-secret" not in sentence


def test_the_tunnel_gets_the_settings_of_the_connection() -> None:
    given = action(
        host=None, port=2222, remote_user="alice", ssh_common_args="-J jump", host_key_checking=False, timeout=7
    )
    settings = _Person(given, has_container=False)._settings()
    assert (settings.host, settings.port, settings.remote_user) == ("web1.example.com", 2222, "alice")
    assert (settings.ssh_common_args, settings.host_key_checking, settings.timeout) == ("-J jump", False, 7)
    assert settings.ssh_executable == "ssh"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_work_first_and_then_does_what_it_would(number: signal.Signals) -> None:
    order = []
    before = signal.signal(number, lambda *_arguments: order.append("as before"))
    try:
        with pytest.raises(module._Interrupted), module._interruptible():
            try:
                os.kill(os.getpid(), number)
                order.append("not reached")
            finally:
                os.kill(os.getpid(), number)  # a second one does not stop this
                order.append("undone")
    finally:
        signal.signal(number, before)
    assert order == ["undone", "as before"]
