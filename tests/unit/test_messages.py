"""Every code that a target program may report has its sentence, which names what it is given and says what to do."""

from __future__ import annotations

import ast
import re
import string
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.file_facts import KINDS
from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._api_key.verdict import judge
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, ProbeRequest, TargetErrorFacts
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

MODULE_UTILS = CHECKOUT / "plugins" / "module_utils"
MODULES = CHECKOUT / "plugins" / "modules"
REQUEST: ProbeRequest = {
    "api_key": "fleet-test-key",
    "base_url": "https://api.openai.com/v1",
    "proxy": None,
    "ca_file": None,
    "timeout": 30,
    "retries": 3,
}


def raised(name: str) -> dict[str, set[str]]:
    """The reasons with which the programs for targets raise an error of this name, and the details given with each."""
    found: dict[str, set[str]] = {}
    for path in MODULE_UTILS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                for reason in texts(node.args[0]):
                    found.setdefault(reason, set()).update(str(keyword.arg) for keyword in node.keywords)
    for path in [*MODULE_UTILS.rglob("*.psm1"), *MODULES.glob("*.ps1")]:
        pattern = rf"New-Codex{name} -Reason (\w+) -Details (@\{{[^}}]*\}}|\S+)"
        for reason, details in re.findall(pattern, path.read_text(encoding="utf-8")):
            # Where they are a variable, they were put together before.
            names = re.findall(r"(\w+) *=", details) or TargetErrorFacts.__annotations__
            found.setdefault(reason, set()).update(names)
    for path in MODULE_UTILS.rglob("*.sh") if name == "TargetError" else ():
        code = re.sub(r"^ *#.*", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for reason, details in re.findall(r"\bfail ([a-z_]+)((?: [a-z]+ \S+)*)", code):
            found.setdefault(reason, set()).update(re.findall(r" ([a-z]+) \S+", details))
    return {reason: details for reason, details in found.items() if reason != "system"}


def texts(node: ast.expr) -> list[str]:
    """The texts that an expression may be, as far as it names them itself."""
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def test_every_error_of_a_target_has_a_sentence_and_each_sentence_its_error() -> None:
    errors = raised("TargetError")
    # The controller itself says host_needs_root and unsafe_parent, too, and none beside those that targets report.
    assert errors.keys() == messages.TARGET_ERRORS.keys()
    for reason, details in errors.items():
        fields = {
            name for _text, name, _format, _conversion in string.Formatter().parse(messages.TARGET_ERRORS[reason])
        }
        assert {name for name in fields if name} <= details, reason


def test_every_error_of_the_probe_has_a_sentence_and_each_sentence_its_error() -> None:
    code = (MODULE_UTILS / "ask_api.py").read_text(encoding="utf-8")
    # Where the reason is not in the call itself: connect() gets two, secure() chooses one, and a failure has its own.
    pattern = r'\("(\w+)", "(\w+)"\)|reason = "(\w+)" if .* else "(\w+)"|"error": "(\w+)"'
    indirect = {reason for found in re.findall(pattern, code) for reason in found if reason}
    assert {*raised("ProbeError"), *indirect} == messages.PROBE_ERRORS.keys()
    for reason in messages.PROBE_ERRORS:
        with pytest.raises(CodexError, match=r"api\.openai\.com"):
            judge({"error": reason, "cause": "cause"}, REQUEST)


ALL = {
    **messages.TARGET_ERRORS,
    **messages.UNUSABLE_FILES,
    **messages.PROBE_ERRORS,
}


@pytest.mark.parametrize("name", ALL)
def test_a_message_is_of_whole_sentences(name: str) -> None:
    assert re.fullmatch(r"[A-Z{\w].*\.", ALL[name])
    assert "\n" not in ALL[name]
    assert "  " not in ALL[name]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ENOSPC", "The disk is full at /x: nothing was changed there. Make room, and run the play again."),
        (
            "EACCES",
            "Permission was denied at /x: nothing was changed there. Correct the owner and the permissions on the way "
            "there.",
        ),
        ("EIO", "Input/output error at /x: nothing was changed there. Correct that, and run the play again."),
    ],
)
def test_an_error_of_the_system_names_its_cause_and_the_path(code: str, words: str) -> None:
    facts: TargetErrorFacts = {"reason": "system", "code": code, "cause": "Input/output error", "path": "/x"}
    assert messages.target_error(facts) == words


def test_an_error_of_the_system_without_any_facts_is_a_sentence_still() -> None:
    assert messages.target_error({"reason": "system"}) == (
        "It failed at the home: nothing was changed there. Correct that, and run the play again."
    )


def file(kind: str, **facts: t.Any) -> FileFacts:
    return t.cast(FileFacts, {"path": "/x/auth.json", "kind": kind, **facts})


@pytest.mark.parametrize(
    "kind", sorted({*messages.UNUSABLE_FILES, *(name for _test, name in KINDS if name != "file"), "other"})
)
def test_every_kind_of_file_that_cannot_be_used_has_a_sentence(kind: str) -> None:
    text = messages.unusable_file(file(kind))
    assert text.startswith("/x/auth.json ")
    assert text.endswith(".")


def test_what_cannot_be_read_names_the_cause_where_there_is_one() -> None:
    assert "(permission denied)" in messages.unusable_file(file("unreadable"))
    assert "(Input/output error)" in messages.unusable_file(file("unreadable", cause="Input/output error"))
