"""The options of codex_api_key_info: which are refused before anything is asked, and what the target gets."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._api_key.request import check_base_url, probe_request
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import API_KEY
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import ProbeRequest
from ansible_collections.fleet.codex.tests.support.options import with_defaults

KEY = "fleet-test-key.0123456789"


def request(**options: t.Any) -> ProbeRequest:
    return probe_request(with_defaults({"api_key": KEY, **options}, API_KEY))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1"),
        ("https://gateway.example.com:8443", "https://gateway.example.com:8443"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("HTTPS://api.openai.com/v1", "HTTPS://api.openai.com/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
    ],
)
def test_base_urls(given: str, kept: str) -> None:
    assert check_base_url(given) == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "must be a URL"),
        ("api.openai.com/v1", "must be a URL"),
        ("https:///v1", "must be a URL"),
        ("https://host:port/v1", "must be a URL"),
        ("https://host:99999/v1", "must be a URL"),
        ("https://host:0/v1", "must be a URL"),
        ("https://[::1/v1", "must be a URL"),
        ("https://host/v1 ", "must be a URL"),
        ("https://host/v1\r\nX: y", "must be a URL"),
        ("https://höst/v1", "must be a URL"),
        (
            "https://user:SECRETMARKER@host/v1",
            r"^base_url must not hold a user or a password\. The key alone is sent\.$",
        ),
        ("https://host/v1?api-version=SECRETMARKER", "without a query"),
        ("https://host/v1#SECRETMARKER", "without a query"),
        (
            "http://api.openai.com/v1",
            "^base_url must begin with https://, since anybody on the way could read the key otherwise. It may begin "
            "with http:// only for the host that asks itself, such as 127.0.0.1.$",
        ),
        ("http://127.0.0.1.example.com/v1", "must begin with https://"),
        ("http://localhost.example.com/v1", "must begin with https://"),
        ("http://10.0.0.1/v1", "must begin with https://"),
        ("ftp://127.0.0.1/v1", "must begin with https://"),
        ("file://localhost/v1", "must begin with https://"),
    ],
)
def test_base_urls_that_are_refused(given: str, words: str) -> None:
    with pytest.raises(CodexError, match=words) as caught:
        check_base_url(given)
    assert str(caught.value).startswith("base_url") and "SECRETMARKER" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": f"{KEY} "}, "api_key contains blanks"),
        ({"api_key": f"{KEY}\n{KEY}"}, "api_key has more than one line"),
        (
            {"ca_file": "ca.pem"},
            r"^ca_file must be an absolute path on the host that asks\. Write the path out\.$",
        ),
        ({"ca_file": "~/ca.pem"}, "ca_file must be an absolute path"),
        ({"ca_file": "/ca\0.pem"}, "ca_file must be an absolute path"),
        ({"timeout": 0}, "timeout must be a number from 1 to 300"),
        ({"timeout": 301}, "timeout must be a number from 1 to 300"),
        ({"retries": -1}, "retries must be a number from 0 to 10"),
        ({"retries": 11}, "retries must be a number from 0 to 10"),
    ],
)
def test_options_that_are_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words) as caught:
        request(**options)
    assert KEY not in str(caught.value)


def test_a_line_end_after_the_key_is_dropped() -> None:
    assert request(api_key=f"{KEY}\n", ca_file="") == request()


def test_what_the_target_gets() -> None:
    assert request() == {
        "api_key": KEY,
        "base_url": "https://api.openai.com/v1",
        "proxy": None,
        "ca_file": None,
        "timeout": 30,
        "retries": 3,
    }
    given: t.Any = {
        "base_url": "https://gateway.example.com/v1/",
        "proxy": "http://user:SECRETMARKER@proxy:3128",
        "ca_file": "/etc/ssl/own.pem",
        "timeout": 300,
        "retries": 0,
    }
    assert request(**given) == {"api_key": KEY, **given, "base_url": "https://gateway.example.com/v1"}
