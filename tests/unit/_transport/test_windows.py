"""What a Windows target is sent, and what is said when it gives no answer."""

from __future__ import annotations

import base64
import json
import types
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL, mask
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.windows import MODULE, Unprintable, WindowsTarget
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

KEY = b"k" * 32
REQUEST = {"protocol": PROTOCOL, "homes": [{"user": "SECRETMARKER"}]}
ANSWER = {"protocol": PROTOCOL, "homes": []}


def target(result: dict[str, t.Any], can_pipe: bool = True) -> tuple[WindowsTarget, list[dict[str, t.Any]]]:
    """A Windows target whose module has this result, and the arguments with which it was started."""
    calls: list[dict[str, t.Any]] = []

    def execute(**arguments: t.Any) -> dict[str, t.Any]:
        calls.append(arguments)
        return result

    action: t.Any = types.SimpleNamespace(_is_pipelining_enabled=lambda style: can_pipe, _execute_module=execute)
    return WindowsTarget(action, {"variable": 1}), calls


def test_the_request_goes_to_the_module_and_is_not_printed() -> None:
    masked = base64.b64encode(mask(json.dumps(ANSWER).encode(), KEY)).decode()
    windows, calls = target({"changed": False, "answer": masked})
    assert windows.exchange("describe", REQUEST, KEY) == ANSWER
    (call,) = calls
    sent = call["module_args"]["request"]
    assert json.loads(base64.b64decode(sent)) == REQUEST
    assert call["module_name"] == MODULE
    assert call["task_vars"] == {"variable": 1}
    # As ActionBase prints them under ANSIBLE_DEBUG; on its way to the host it is the text itself.
    assert str(sent) not in f"{call['module_args']}"
    assert json.loads(json.dumps(call["module_args"])) == {"request": str(sent)}
    assert repr(Unprintable("x")) == "'(hidden)'"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            {"failed": True, "fault": "System.IO.IOException", "msg": "SECRETMARKER"},
            "failed with System.IO.IOException",
        ),
        ({"answer": "cut"}, r"cut off\. Run the play again"),
        ({"failed": True, "msg": "SECRETMARKER"}, r"Find out with ansible\.windows\.win_ping"),
    ],
)
def test_a_silence_has_one_sentence_that_quotes_nothing(result: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words) as error:
        target(result)[0].exchange("describe", REQUEST, KEY)
    assert "SECRETMARKER" not in str(error.value)


def test_a_request_is_never_put_into_a_file_of_the_host() -> None:
    windows, calls = target(ANSWER, can_pipe=False)
    with pytest.raises(CodexError, match="ANSIBLE_KEEP_REMOTE_FILES"):
        windows.exchange("apply", REQUEST, KEY)
    assert calls == []


def test_the_api_is_not_asked_from_windows() -> None:
    windows, calls = target(ANSWER)
    with pytest.raises(CodexError, match="delegate_to: localhost"):
        windows.exchange("ask_api", REQUEST, KEY)
    assert calls == []
