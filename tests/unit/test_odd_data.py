"""Odd data of a target or of a source is a refusal of one home, or a file that cannot be read: never an exception.

Thousands of documents, each a real one that a few choices have changed: odd values in place of others, odd keys, and
bytes that are lost, added or others. Whatever comes of it, only CodexError leaves, and what is shown has no secret and
no character that controls a terminal.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import dumps
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import from_document
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.decision import deployable
from ansible_collections.fleet.codex.plugins.plugin_utils._fetch.plan import plan_fetch
from ansible_collections.fleet.codex.plugins.plugin_utils._report.info import home_report
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import CONTROL, printable_result
from ansible_collections.fleet.codex.plugins.plugin_utils.answers import checked_answer, checked_summary
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import FileFacts, HomeAnswer
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.planning import (
    NOW,
    chatgpt,
    config_file,
    describe,
    desired,
    file,
    host_file,
    plan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

Item = t.TypeVar("Item")

MARKER = "SECRETMARKER"
LOGIN = chatgpt(marker=MARKER)
SECRETS = (MARKER, *(part for name in ("id_token", "access_token") for part in LOGIN["tokens"][name].split(".")[1:2]))
KEY, TOKEN = f"fleet-test-key-{MARKER}", f"at-fleet-test-{MARKER}"

DIGITS = "9" * 5000
ODD_JSON = (
    *("null", "true", "5", "-1.5", "[]", "{}", '""', '["x"]', '[[1], {"a": null}]', '{"a": {"b": [1]}}', '"x"'),
    *(DIGITS, f"-{DIGITS}", f"{DIGITS}.0", f"0.{DIGITS}", f"1e{DIGITS}", "1e400", "18446744073709551616", "1E3"),
    *("NaN", "Infinity", "-Infinity", "[NaN]", "-0", "-0.0", "253402300800", "-62135596801", "1e18"),
    *(r'"\ud800"', r'["\udfff"]', r'{"\ud800": 1}', r'"\u0000"', r'"\u001b]0;x\u0007"', r'"\u202e\u009b2J"', r'"\n"'),
    *(f'"{"x" * 5000}"', f'"2026-01-31T12:00:00.{DIGITS}Z"', f'"{DIGITS}"', '"a@b@\\u001b[31m"', '"@"'),
    *('"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"2026-01-31T12:00:60Z"', '"2026-01-31"'),
    *("[" * 90 + "]" * 90, "[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500, "[" * 100_000),
)
ODD_KEYS = (r"\ud800", r"\u0000", r"\u001b[2J", "x" * 5000, "", "agent_identity", "bedrock_x", "tokens", "auth_mode")
ODD_PYTHON: tuple[t.Any, ...] = (
    *(None, True, 5, [], {}, "", ["x"], 10**5000, -(10**5000), 2**63, 2**64, 1e300, float("nan"), float("inf")),
    *("\ud800", ["\udfff"], {"\ud800": 1}, "\0", "\x1b]0;x\x07", "\u202e", "x" * 5000, b"x", {1}, object(), (1,)),
    *({1: 2}, {None: 1}, {(1, 2): 3}, {True: {2.5: 1}}, dt.datetime(2026, 1, 31, 12), dt.date(2026, 1, 31)),
    *(dt.time(1, 2), json.loads("[" * 500 + "]" * 500), json.loads('{"a":' * 90 + "1" + "}" * 90)),
)
ODD_TOML = (
    *("1", "-0.0", "true", '""', "[]", "{}", "[[1], {a = 2}]", "{a.b = 1}", "'x'", "1979-05-27", "07:32:00.5"),
    *(DIGITS, f"-{DIGITS}", f"0x{'f' * 5000}", f"{DIGITS}.0", f"0.{DIGITS}", f"1e{DIGITS}", "1e400", "-1e400"),
    *("inf", "-inf", "nan", "9223372036854775807", "9223372036854775808", "0b" + "1" * 70, f"[{DIGITS}]"),
    *(f"07:32:00.{DIGITS}", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1979-05-27T07:32:60Z"),
    *(r'"\ud800"', r'"\u0000\u001b[2J\u009b"', r'"\U0010ffff\u202e"', '"\x1b"', f'"{"x" * 5000}"', '"' * 3 + "\n" * 3),
    *("[" * 70 + "]" * 70, "[" * 90 + "]" * 90, "[" * 5000 + "]" * 5000, "{a=" * 90 + "1" + "}" * 90, "[" * 50_000),
    *('"""a\n\\\n  b"""', "'''\n'''", "[\n1, # x\n]", "0o7", "1_0", "+1", "1979-05-27 07:32:00Z"),
)
ODD_TOML_KEYS = (
    *("forced_login_method", "preferred_auth_method", "cli_auth_credentials_store", "profile", "profiles", "model"),
    *("forced_chatgpt_workspace_id", "mcp_servers", "mcp_servers.x.bearer_token", "model_providers.x.wire_api"),
    *(r'"\u001b[2J"', r'"\u202e"', '""', "a." * 90 + "a", "a." * 5000 + "a", "x" * 5000, "'\x1b'", "k", '"\\ud800"'),
)
CONFIGURATIONS = [path.read_bytes() for path in sorted((CHECKOUT / "tests/clients/configurations").glob("*.toml"))]


class Choices:
    """Choices that bytes spell out; when these are at their end, always the first one."""

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)

    def below(self, limit: int) -> int:
        """A number from 0 to one below the limit."""
        return (next(self._bytes, 0) * 256 + next(self._bytes, 0)) % limit

    def of(self, items: t.Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]


choices = st.binary(min_size=12, max_size=40).map(Choices)
EACH = settings(max_examples=2000, derandomize=True, deadline=None, database=None)


class Raw(str):
    """A value that is written into a document as it is."""

    __slots__ = ()


def as_json(value: t.Any) -> str:
    """JSON in which `Raw` texts, and keys that are ones, are written as they are."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        keys = (f'"{key}"' if isinstance(key, Raw) else json.dumps(key) for key in value)
        return (
            "{" + ", ".join(f"{key}: {as_json(inner)}" for key, inner in zip(keys, value.values(), strict=True)) + "}"
        )
    return json.dumps(value)


def token(claims: t.Any) -> str:
    payload = base64.urlsafe_b64encode(as_json(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.unsigned"


def an_auth_json(pick: Choices, values: t.Sequence[t.Any], keys: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """A login with up to three odd values or keys in it, some of them in its tokens' claims."""
    auth = {"chatgpt_account_id": "account-1", "chatgpt_plan_type": "plus", "chatgpt_user_id": "u"}
    claims = [
        {"email": "a@example.com", "sub": "u", "iat": 1, "exp": 2, "https://api.openai.com/auth": dict(auth)}
        for _token in range(2)
    ]
    tokens: dict[t.Any, t.Any] = {
        "id_token": "",
        "access_token": "",
        "refresh_token": f"r-{MARKER}",
        "account_id": "account-1",
    }
    document: dict[t.Any, t.Any] = pick.of(
        [
            {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": LOGIN["last_refresh"]},
            {"auth_mode": "apikey", "OPENAI_API_KEY": KEY},
            {"auth_mode": "personalAccessToken", "personal_access_token": TOKEN},
        ]
    )
    places = [document]
    if "tokens" in document:
        places += [tokens, *claims, *(one["https://api.openai.com/auth"] for one in claims)]
    raw_claims = isinstance(values[0], Raw)
    for _change in range(1 + pick.below(3)):
        place = pick.of(places if raw_claims else places[:2])
        key = pick.of(keys) if pick.below(4) == 3 else pick.of(list(place) or [""])
        place[key] = pick.of(values)
    for name, one in zip(("id_token", "access_token"), claims, strict=True):
        if tokens.get(name) == "":
            tokens[name] = token({**one, "jti": MARKER})
    return document


def with_other_bytes(pick: Choices, data: bytes) -> bytes:
    """The bytes, in one of three cases cut off or with a few other ones."""
    at = pick.below(len(data) + 1)
    how = pick.below(12)
    if how == 1:
        return data[:at]
    if how == 2:
        return data[:at] + data[at + 1 + pick.below(3) :]
    if how == 3:
        return (
            data[:at]
            + pick.of([b"\xff", b"\0", b"\x1b", b"\xc2\x9b", b'"', b"\\", b"\n", b"\r", b"9" * 5000])
            + data[at:]
        )
    if how == 4:
        return b"\xef\xbb\xbf" + data
    return data


def a_config_toml(pick: Choices) -> bytes:
    """A real configuration with up to three odd values, and odd keys, in it."""
    lines = pick.of(CONFIGURATIONS).decode().split("\n")
    for _change in range(1 + pick.below(3)):
        at = pick.below(len(lines))
        key, equals, _value = lines[at].partition("=")
        if equals and not key.lstrip().startswith("#") and pick.below(3):
            lines[at] = f"{key}= {pick.of(ODD_TOML)}"
        else:
            table = pick.of(["", "[", "[["])
            name = pick.of(ODD_TOML_KEYS)
            lines.insert(at, f"{table}{name}{table.replace('[', ']')}" if table else f"{name} = {pick.of(ODD_TOML)}")
    return with_other_bytes(pick, "\n".join(lines).encode())


def outcome(work: t.Callable[[], t.Any]) -> str:
    """What is shown of a piece of work, checked: nothing but CodexError may leave it."""
    try:
        result = work()
    except CodexError as error:
        result = {"failed": True, "msg": str(error)}
    shown = printable_result(result)
    for text in texts(shown):
        assert not set(CONTROL.findall(text)) - {"\n", "\t"}, text
        assert not any(secret in text for secret in SECRETS), text
    return json.dumps(shown, ensure_ascii=False).encode().decode()


def texts(value: t.Any) -> t.Iterator[str]:
    """All texts in a result, keys among them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def planned(home: t.Any, answer: HomeAnswer) -> dict[str, t.Any]:
    """What a run shows of a plan, whose requests can be written, too."""
    made = plan(home, answer)
    json.dumps([change.operation for change in made.changes]).encode()
    return {
        "homes": [made.result],
        "warnings": made.warnings,
        "diff": [t.cast("dict[str, str]", change.diff) for change in made.changes if change.diff],
    }


def auth_facts(data: bytes) -> FileFacts:
    """What describe says of an auth.json with these bytes, after its way to the controller."""
    return file(data, auth=json.loads(dumps(summarise(data))))


OTHER_LOGIN = {**chatgpt(marker="other"), "last_refresh": "2026-02-01T00:00:00Z"}
HOMES = [
    desired(auth={"content": OTHER_LOGIN}),
    desired(auth={"content": OTHER_LOGIN, "on_account_mismatch": "replace", "update": "always"}),
    desired(auth={"content": LOGIN}, config={"enforce_login_method": True, "preferred_auth_method": "chatgpt"}),
    desired(auth={"api_key": "fleet-test-key", "on_account_mismatch": "replace"}),
    desired(auth={"personal_access_token": "at-x"}, codex_version="0.169.0"),
    desired(auth={"state": "absent"}),
    desired(config={"enforce_login_method": True}),
]
KEPT = [None, from_document(OTHER_LOGIN, "dest"), from_document({"OPENAI_API_KEY": "k"}, "dest")]


@given(choices)
@EACH
def test_an_auth_json_of_a_target(pick: Choices) -> None:
    raw = [Raw(text) for text in ODD_JSON]
    document = an_auth_json(pick, raw, [Raw(key) for key in ODD_KEYS])
    data = with_other_bytes(pick, as_json(document).encode())
    facts, home = auth_facts(data), pick.of(HOMES)
    outcome(lambda: planned(home, describe(home, auth=facts)))
    left = t.cast(t.Any, {**auth_facts(data), "path": "/home/alice/.codex/.auth-x", "name": ".auth-x"})
    answer: HomeAnswer = {**describe(home, auth=facts), "unsaved_logins": [left]}
    outcome(lambda: home_report(answer, None, NOW))
    kept = pick.of(KEPT)
    outcome(lambda: plan_fetch(answer, kept, "fail", "/x.json", NOW, encrypt=False, is_encrypted=False).result)
    outcome(lambda: {"method": deployable(data, "/x.json").method})


@given(choices)
@EACH
def test_an_auth_json_of_a_source(pick: Choices) -> None:
    raw = [Raw(text) for text in ODD_JSON]
    text = as_json(an_auth_json(pick, raw, [Raw(key) for key in ODD_KEYS]))
    data = with_other_bytes(pick, text.encode())
    document = an_auth_json(pick, ODD_PYTHON, (1, None, 2.5, (1, 2), "\ud800", "\x1b", "agent_identity"))
    for source in (pick.of([data, text]), document):
        outcome(lambda source=source: deployed(source))  # type: ignore[misc]


def deployed(source: t.Any) -> dict[str, t.Any]:
    credential = from_document(source, "src")
    # What is accepted can be written, and is what a target then reads.
    assert from_document(credential.render(), "src").summary() == credential.summary()
    home = desired(auth={"content": json.loads(credential.render())})
    return planned(home, describe(home))


VERSIONS = (None, "0.20.0", "0.50.0", "0.100.0", "0.169.0")


@given(choices)
@EACH
def test_a_config_toml_of_a_target(pick: Choices) -> None:
    facts = config_file(a_config_toml(pick))
    options = pick.of(
        [
            {"settings": {"model": "gpt-5", "mcp_servers": {"x": {"command": "y"}}}},
            {"settings": {"tools": {"web_search": True}}, "absent": [["model"], ["mcp_servers", "x"], ["k"]]},
            {"settings": {"notify": ["a"]}, "lists": [{"path": ["notify"], "append": True}]},
            {"preferred_auth_method": "apikey", "settings": {"profiles": {"p": {"model": "m"}}}},
            {"settings": {"k": [1, {"a": 2}]}, "force": True, "backup": True},
        ]
    )
    version = pick.of(VERSIONS)
    home = desired(config=options, auth={"api_key": KEY}, codex_version=version)
    outcome(lambda: planned(home, describe(home, config=facts)))
    answer = describe(home, **{pick.of(["config", "system", "managed", "requirements"]): facts})
    outcome(lambda: planned(home, answer))
    outcome(lambda: home_report(answer, version, NOW))


@given(choices)
@EACH
def test_settings_of_a_source(pick: Choices) -> None:
    given_settings: dict[t.Any, t.Any] = {"model": "gpt-5", "mcp_servers": {"x": {"args": ["a"], "env": {"K": MARKER}}}}
    places = [given_settings, given_settings["mcp_servers"], given_settings["mcp_servers"]["x"]]
    for _change in range(1 + pick.below(3)):
        odd = (1, None, "\ud800", "\x1b", "", (1,), 2.5)
        keys = odd if pick.below(4) == 3 else ("model", "x", "profile", "forced_login_method", "args")
        pick.of(places)[pick.of(keys)] = pick.of(ODD_PYTHON)
    version, layer = pick.of(VERSIONS), pick.of(["user", "system", "managed", "requirements"])
    facts = pick.of([{}, {"config": config_file(pick.of(CONFIGURATIONS))}, {"system": host_file(b"model = 1\n")}])

    def work() -> dict[str, t.Any]:
        home = desired(config={"settings": given_settings, "layer": layer}, codex_version=version)
        return planned(home, describe(home, **facts))

    outcome(work)


@pytest.mark.parametrize("version", ["9" * 5000 + ".1.2", "1", "", "0.1.2-\x1b[2J", "0." + "9" * 5000, "x", "٣.٤"])
def test_a_version_of_a_target(version: str) -> None:
    home = desired(auth={"api_key": KEY}, config={"settings": {"model": "m"}}, codex_version="detect")
    answer = checked_answer({**describe(home), "codex_version": version})
    outcome(lambda: planned(home, answer))
    assert outcome(lambda: home_report(answer, None, NOW)).count('"failed"') == 0


@given(choices)
@settings(max_examples=500, derandomize=True, deadline=None, database=None)
def test_a_summary_that_a_target_makes_up(pick: Choices) -> None:
    summary: dict[str, t.Any] = json.loads(dumps(summarise(json.dumps(LOGIN).encode())))
    assert checked_summary(summary) == summary
    places: list[dict[str, t.Any]] = [summary, summary["secrets"], summary["claims"], *summary["claims"].values()]
    for _change in range(1 + pick.below(3)):
        place = pick.of(places)
        if pick.below(4) == 3 and place:
            del place[pick.of(list(place))]
        else:
            place[pick.of(list(place) or ["x"])] = pick.of(ODD_PYTHON)
    home = pick.of(HOMES)
    facts = file(auth=t.cast(t.Any, pick.of([summary, *ODD_PYTHON]) if pick.below(9) == 8 else summary))
    answer = checked_answer(describe(home, auth=facts))
    outcome(lambda: planned(home, answer))
    outcome(lambda: home_report(answer, None, NOW))
    outcome(lambda: plan_fetch(answer, None, "fail", "/x.json", NOW, encrypt=False, is_encrypted=False).result)
