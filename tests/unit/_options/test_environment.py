"""Variables of a user: text that shells, systemd and Docker all read alike."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils._options.environment import check_variables
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.tests.support.planning import desired


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"A": ""}, "A is empty"),
        ({"A": "\n"}, "A is empty"),
        ({"A": "two words"}, "A has a character"),
        ({"A": "$HOME"}, "A has a character"),
        ({"A": "a\nb"}, "A has a character"),
        ({"A": "a'b"}, "A has a character"),
        ({"A": "é"}, "A has a character"),
        ({"A-B": "x"}, "has a name that no variable can have"),
        ({"1A": "x"}, "has a name that no variable can have"),
        ({"": "x"}, "has a name that no variable can have"),
        ({"A": None}, "A is empty"),
        ({"A": True}, "A must be text"),
        ({"A": 0.5}, "A must be text"),
    ],
)
def test_variables_that_readers_would_disagree_about(variables: dict[str, t.Any], words: str) -> None:
    with pytest.raises(CodexError, match=words) as refused:
        desired(environment=variables)
    assert str(refused.value).startswith("environment")


def test_variables_are_text_without_a_line_end_that_a_lookup_leaves_behind() -> None:
    assert check_variables({"A": "x\n", "b_2": 5, "_": "a/b@c%d+e=f:g,h.-"}, "environment") == {
        "A": "x",
        "b_2": "5",
        "_": "a/b@c%d+e=f:g,h.-",
    }


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(CodexError) as refused:
        check_variables({"A": "SECRET MARKER"}, "environment")
    assert str(refused.value) == (
        "environment: A has a character that shells, systemd and Docker would each read differently. Allowed are "
        "letters, digits and _ @ % + = : , . / -"
    )
