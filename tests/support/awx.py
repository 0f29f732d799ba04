# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What AWX does with a survey: the rules by which it accepts one, and the variables that it makes of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

Question = dict[str, t.Any]

TYPES = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")


def make_survey(*names: str) -> dict[str, t.Any]:
    """The survey that docs/awx_survey.py prints for these variables of the role, or for those that are used most."""
    command = [sys.executable, str(CHECKOUT / "docs" / "awx_survey.py"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    survey: dict[str, t.Any] = json.loads(done.stdout)
    return survey


def check_survey(survey: t.Mapping[str, t.Any]) -> None:
    """Fails where AWX would not accept a survey at /api/v2/job_templates/ID/survey_spec/."""
    assert isinstance(survey["name"], str)
    assert isinstance(survey["description"], str)
    questions: list[Question] = survey["spec"]
    assert questions
    names = [question["variable"] for question in questions]
    assert len(names) == len(set(names))
    for question in questions:
        assert all(isinstance(question[name], str) for name in ("type", "question_name", "variable"))
        assert isinstance(question["required"], bool)
        assert question["type"] in TYPES
        for limit in ("min", "max"):
            assert question[limit] is None or isinstance(question[limit], int)
        default = question.get("default", "")
        assert isinstance(default, str)  # as of all types that the script uses
        assert not default.startswith("$encrypted$")
        if question["type"] in ("multiplechoice", "multiselect"):
            choices = question["choices"].splitlines()
            assert choices
            assert default in ("", *choices)


def answer(survey: t.Mapping[str, t.Any], empty: object = "", **answers: object) -> dict[str, object]:
    """The extra variables of a job. Fails for an answer that AWX would not accept.

    answers: by the name of the role's variable. empty: what an answer becomes that was left out and has no default,
    which is "" in most versions of AWX, and null in some.
    """
    questions: dict[str, Question] = {question["question_name"]: question for question in survey["spec"]}
    assert not answers.keys() - questions.keys()
    variables = {}
    for name, question in questions.items():
        value = answers.get(name, question.get("default") or empty)
        if question["required"]:
            assert isinstance(value, str) and len(value) >= (question["min"] or 0), f"{name} is required"
        if question["type"] == "multiplechoice" and value != empty:
            assert value in question["choices"].splitlines(), f"{value} is no choice of {name}"
        variables[question["variable"]] = value
    return variables
