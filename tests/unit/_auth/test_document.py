"""What a playbook may give as a login, and how it is refused: by one sentence that quotes no secret."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, date, datetime, timedelta

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._auth.document import (
    from_api_key,
    from_document,
    from_personal_access_token,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.credentials import chatgpt_document, jwt

MARKER = "SECRETMARKER"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chatgpt(**changes: t.Any) -> dict[str, t.Any]:
    """A good ChatGPT document, then with changes; ... removes a field, and tokens__x is one of tokens."""
    document = chatgpt_document(
        "account-1", "one@example.com", "plus", last_refresh=NOW, access_expires=NOW + timedelta(days=1), marker=MARKER
    )
    for name, value in changes.items():
        place = document["tokens"] if name.startswith("tokens__") else document
        if value is ...:
            del place[name.removeprefix("tokens__")]
        else:
            place[name.removeprefix("tokens__")] = value
    return document


def test_an_api_key_becomes_the_file_that_codex_writes() -> None:
    assert from_api_key("fleet-test-key", "api_key").render() == (
        b'{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "fleet-test-key"\n}'
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_newline_at_the_end_of_a_key_is_trimmed(end: str) -> None:
    assert from_api_key(f"fleet-test-key{end}", "api_key") == from_api_key("fleet-test-key", "api_key")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "api_key is empty"),
        ("\n", "api_key is empty"),
        (f"{MARKER}\nsecond", "more than one line"),
        (f"{MARKER}\n\n", "more than one line"),
        (f"{MARKER} blank", "blanks"),
        (f" {MARKER}", "blanks"),
        (f"{MARKER}\t", "blanks"),
        (f"\u201c{MARKER}\u201d", "characters that no key has"),
        (f"['{MARKER}']", "characters that no key has"),
        (f"<{MARKER}>", "characters that no key has"),
        (5, "api_key is a number, not a key"),
        (True, "api_key is a boolean"),
        ([MARKER], "api_key is no text"),
        ("op://vault/item/key", "a reference to a store of secrets"),
        (f"https://x:{MARKER}@example.com", "is a URL"),
        (f"vault:secret/{MARKER}", "a reference to a store of secrets"),
        ("None", "a word for no value"),
        ("null", "a word for no value"),
        ("TRUE", "a word for no value"),
        (f"__omit_place_holder__{MARKER}", "omit"),
        ("12345", "is a number, not a key"),
        (f"OPENAI_API_KEY={MARKER}", "a line NAME=value"),
        (f"export OPENAI_API_KEY={MARKER}", "a line NAME=value"),
        (f"~/{MARKER}", "is a path"),
        (f"/run/secrets/{MARKER}", "is a path"),
        ("sk-...abcd", "is shortened"),
        (f"at-{MARKER}", "is a personal access token and no API key"),
    ],
)
def test_keys_that_are_refused(key: object, words: str) -> None:
    with pytest.raises(CodexError) as refused:
        from_api_key(key, "api_key")
    assert words in str(refused.value)
    assert MARKER not in str(refused.value)


def test_a_chatgpt_document_as_text_bytes_and_data_is_the_same() -> None:
    text = json.dumps(chatgpt())
    credential = from_document(text, "content")
    assert credential == from_document(text.encode(), "src") == from_document(chatgpt(), "content")
    assert credential.method == "chatgpt"
    assert json.loads(credential.render()) == chatgpt()


def test_auth_mode_is_always_written_and_first_and_unknown_fields_stay() -> None:
    document = {"later": 1, **chatgpt(auth_mode=...)}
    document["tokens"]["oauth_provenance"] = {"issuer": "x"}
    rendered = json.loads(from_document(document, "content").render())
    assert next(iter(rendered)) == "auth_mode"
    assert rendered["auth_mode"] == "chatgpt"
    assert rendered["later"] == 1
    assert rendered["tokens"]["oauth_provenance"] == {"issuer": "x"}


def test_a_document_with_a_key_loses_the_empty_fields_of_tokens() -> None:
    credential = from_document({"OPENAI_API_KEY": "fleet-test-key", "tokens": None, "last_refresh": None}, "content")
    assert credential == from_api_key("fleet-test-key", "api_key")


def test_a_document_with_a_token_loses_the_empty_fields_of_the_others() -> None:
    empty = {"OPENAI_API_KEY": None, "tokens": None, "last_refresh": None}
    credential = from_document({"personal_access_token": "at-fleet-test", **empty}, "content")
    assert credential == from_personal_access_token("at-fleet-test", "personal_access_token")


def test_other_kinds_of_login_that_are_empty_do_not_count() -> None:
    document = {**chatgpt(), "personal_access_token": "", "agent_identity": {}}
    assert json.loads(from_document(document, "content").render()) == chatgpt()


def test_a_copy_without_a_refresh_token_is_accepted() -> None:
    assert from_document(chatgpt(tokens__refresh_token=""), "content").method == "chatgpt"


BAD: list[tuple[object, str]] = [
    (b"", "is empty"),
    (f"{{{MARKER}".encode(), "line 1, column 2"),
    (f'{{"a": 1}} {MARKER}'.encode(), "not valid JSON"),
    (b"\xef\xbb\xbf" + json.dumps(chatgpt()).encode(), "byte order mark"),
    (json.dumps(chatgpt()).encode("utf-16"), "UTF-16"),
    (json.dumps(chatgpt()).encode("utf-16-le"), "UTF-16"),
    (b'{"OPENAI_API_KEY": "\xe9"}', "not UTF-8"),
    (f'{{"OPENAI_API_KEY": "{MARKER}", "OPENAI_API_KEY": "x"}}', "a key twice"),
    ("[" * 100_000, "nested too deeply"),
    ("[]", "must be a JSON object"),
    ([MARKER], "must be a JSON object"),
    (
        {},
        "content has no login: OPENAI_API_KEY, tokens and personal_access_token are all missing. Take the file that "
        "`codex login` wrote.",
    ),
    (
        {"OPENAI_API_KEY": "", "tokens": None},
        "has no login: OPENAI_API_KEY, tokens and personal_access_token are all missing",
    ),
    ({"name": MARKER}, "has no login: OPENAI_API_KEY, tokens and personal_access_token are all missing"),
    (
        chatgpt(OPENAI_API_KEY=MARKER),
        "content holds an API key and a ChatGPT login together, and Codex versions disagree on which counts. Set all "
        "but one of OPENAI_API_KEY, tokens and personal_access_token to null.",
    ),
    ({"tokens": {"id_token": jwt({})}}, "tokens in content is incomplete: access_token, refresh_token must be text."),
    (chatgpt(auth_mode="apikey"), "auth_mode"),
    (chatgpt(auth_mode="ChatGPT"), "auth_mode"),
    ({"auth_mode": "chatgpt", "OPENAI_API_KEY": MARKER}, "auth_mode"),
    ({"OPENAI_API_KEY": f"{MARKER} x"}, "blanks"),
    ({"OPENAI_API_KEY": 5}, "is a number"),
    ({"OPENAI_API_KEY": f"at-{MARKER}"}, "is a personal access token"),
    ({"OPENAI_API_KEY": f"OPENAI_API_KEY={MARKER}"}, "a line NAME=value"),
    ({"personal_access_token": "op://vault/item/token"}, "a reference to a store of secrets"),
    ({"tokens": [MARKER]}, "tokens in content must be an object"),
    (chatgpt(tokens__refresh_token=...), "refresh_token"),
    (chatgpt(tokens__access_token=None), "access_token"),
    (chatgpt(tokens__access_token=""), "access_token"),
    (chatgpt(tokens__id_token=5), "id_token"),
    (chatgpt(tokens__account_id=5), "account_id"),
    (chatgpt(tokens__id_token=MARKER), "not a JWT"),
    (chatgpt(tokens__id_token=f"{MARKER}.{MARKER}.{MARKER}"), "not a JWT"),
    (chatgpt(tokens__id_token=jwt({}).rpartition(".")[0]), "not a JWT"),
    (chatgpt(last_refresh=...), "no last_refresh"),
    (chatgpt(last_refresh=None), "no last_refresh"),
    (chatgpt(last_refresh=1_700_000_000), "RFC 3339"),
    (chatgpt(last_refresh="2026-01-31"), "RFC 3339"),
    (chatgpt(last_refresh="2026-01-31T12:00:00"), "RFC 3339"),
    (chatgpt(last_refresh="2026-13-31T12:00:00Z"), "RFC 3339"),
    ({"agent_identity": {"x": MARKER}}, "agent_identity"),
    ({"bedrock_api_key": {"x": MARKER}}, "bedrock_api_key"),
    ({"personal_access_token": f"at-{MARKER} x"}, "blanks"),
    ({"personal_access_token": MARKER}, "begin with at-"),
    ({"personal_access_token": MARKER, "OPENAI_API_KEY": "x"}, "together"),
    (chatgpt(personal_access_token=MARKER, auth_mode=None), "together"),
    ({"personal_access_token": MARKER, "auth_mode": "apikey"}, "auth_mode"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=[f"{n}-{words}" for n, (_content, words) in enumerate(BAD)])
def test_documents_that_are_refused(content: object, words: str) -> None:
    with pytest.raises(CodexError) as refused:
        from_document(content, "content")
    assert words in str(refused.value)
    assert "content" in str(refused.value)
    assert MARKER not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_credential_shows_no_secret_when_it_is_printed() -> None:
    assert MARKER not in repr(from_api_key(MARKER, "api_key"))


def test_tokens_under_the_id_of_another_account_are_refused() -> None:
    """As Codex up to 0.163 leaves them behind."""
    document = chatgpt(tokens__account_id="account-2")
    with pytest.raises(CodexError, match=r"^tokens in src are of more than one account.* Log in again, and take"):
        from_document(document, "src")


def test_half_of_a_surrogate_pair_is_refused_wherever_it_is() -> None:
    document = {"OPENAI_API_KEY": "fleet-test-key-1", "more": "\ud800"}
    with pytest.raises(CodexError, match=r"^content has a character that is not Unicode text"):
        from_document(document, "content")


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        ({1: 2}, "a key that is not text"),
        ([{"a": {None: 1}}], "a key that is not text"),
        ([10**5000], "a number that is too large, or is none"),
        (float("nan"), "a number that is too large, or is none"),
        (b"x", "a value of the type bytes"),
        (date(2026, 1, 31), "a value of the type date"),
        (json.loads("[" * 200 + "]" * 200), "values that are nested too deeply"),
    ],
)
def test_data_that_an_auth_json_cannot_hold_is_refused_wherever_it_is(odd: t.Any, what: str) -> None:
    document = chatgpt()
    for content in ({**document, "x": odd}, {**document, "tokens": {**document["tokens"], "x": [odd]}}):
        with pytest.raises(CodexError, match=f"^content has {what}, which no login has. Take the file"):
            from_document(content, "content")


def test_an_integer_with_more_digits_than_python_reads_is_refused() -> None:
    with pytest.raises(CodexError, match=r"^src has a number that is too large, which no login has\."):
        from_document('{"OPENAI_API_KEY": "k", "x": ' + "9" * 5000 + "}", "src")


@pytest.mark.parametrize("odd", [["x"], 5, {}, "x" * 5000])
def test_an_id_token_whose_claims_are_not_text_is_refused(odd: t.Any) -> None:
    document = chatgpt()
    document["tokens"]["id_token"] = jwt({"email": odd})
    with pytest.raises(
        CodexError, match=r"^tokens\.id_token in src is not a JWT .* whose claims of the account are text"
    ):
        from_document(document, "src")


@pytest.mark.parametrize("odd", [{"x" * 5000: 1}, {str(n): n for n in range(500)}])
def test_more_than_any_login_has_is_refused(odd: dict[str, t.Any]) -> None:
    with pytest.raises(CodexError, match=r"^src has names, texts or more fields than any login has\."):
        from_document({**chatgpt(), **odd}, "src")
