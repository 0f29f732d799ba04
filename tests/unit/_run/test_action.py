"""Options as Python's own types, whatever Ansible wraps them in."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._config.redaction import Vaulted
from ansible_collections.fleet.codex.plugins.plugin_utils._run.action import plain

TEXT = "fleet-test-text"


class Unsafe(str):
    """As Ansible marks a text that must not be a template."""

    def __str__(self) -> str:  # pylint: disable=invalid-str-returned  # as Ansible's own does
        return self


class AnsibleVaultEncryptedUnicode:
    """As ansible-core 2.18 and earlier hand a text from a vault on."""

    def __str__(self) -> str:
        return TEXT


class Mapping(dict[str, t.Any]):
    """As ansible-core 2.19 and later hand a dictionary on."""


def test_values_stay_what_they_are() -> None:
    value = {"a": [1, 2.5, True, None, "x", {"b": []}], "c": (1,)}
    assert plain(value) == {"a": [1, 2.5, True, None, "x", {"b": []}], "c": [1]}


def test_types_of_ansible_become_those_of_python() -> None:
    made = plain(Mapping({Unsafe("key"): [Unsafe(TEXT)]}))
    assert made == {"key": [TEXT]}
    ((key, (text,)),) = made.items()
    assert [type(value) for value in (made, key, text)] == [dict, str, str]


def test_a_text_from_a_vault_is_marked_and_nothing_else_is() -> None:
    made = plain({"a": ["x", AnsibleVaultEncryptedUnicode()]})
    assert made == {"a": ["x", TEXT]}
    assert [isinstance(text, Vaulted) for text in made["a"]] == [False, True]


def test_a_text_that_ansible_tagged_as_decrypted_is_marked() -> None:
    tags = pytest.importorskip("ansible._internal._datatag._tags", reason="ansible-core 2.19 and later have tags")
    made = plain([tags.VaultedValue(ciphertext="x").tag(TEXT), tags.Origin(path="/x").tag(TEXT)])
    assert made == [TEXT, TEXT]
    assert [isinstance(text, Vaulted) for text in made] == [True, False]
