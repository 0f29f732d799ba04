# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""docs/awx_survey.py makes a survey that AWX accepts of the role's argument specification."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from ansible_collections.fleet.codex.plugins.plugin_utils._options.given import ADVICE
from ansible_collections.fleet.codex.plugins.plugin_utils._options.specs import MODULES
from ansible_collections.fleet.codex.tests.support.awx import check_survey, make_survey
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT

OPTIONS = yaml.safe_load((CHECKOUT / "roles" / "codex" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
    "argument_specs"
]["main"]["options"]
LISTS = {name for name, option in OPTIONS.items() if isinstance(option.get("default"), list)}
NO_TEXT = {"codex_container", "codex_environment", "codex_homes"} | LISTS
ASKED = [name for name in OPTIONS if name not in NO_TEXT]
ALL = {question["question_name"]: question for question in make_survey(*ASKED)["spec"]}
HOME = MODULES["codex_home"]["homes"]["options"]


def test_awx_accepts_a_survey_of_every_variable() -> None:
    check_survey(make_survey(*ASKED))
    assert list(ALL) == ASKED


def test_the_survey_is_of_the_variables_that_the_readme_calls_most_used() -> None:
    survey = make_survey()
    check_survey(survey)
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    table = text.partition("The variables of the role that are used most:")[2].partition("\n\n[")[0]
    assert [question["question_name"] for question in survey["spec"]] == re.findall(r"^\| `(\w+)` \|", table, re.M)


def test_secrets_are_asked_for_as_passwords_and_have_no_default() -> None:
    passwords = {name for name, question in ALL.items() if question["type"] == "password"}
    secret = {name for name, option in HOME["auth"]["options"].items() if option.get("no_log") and name != "backup"}
    assert passwords == {"codex_auth_content" if name == "content" else f"codex_{name}" for name in secret}
    assert [name for name in passwords if "default" in ALL[name]] == []


def test_an_empty_answer_that_the_role_refuses_is_not_accepted_or_has_a_name_of_its_own() -> None:
    """The playbook of the page passes those on that have one."""
    of_options = {"src": "codex_auth_src", "content": "codex_auth_content"}
    refused = {of_options.get(name, f"codex_{name}") for name in ADVICE} & ALL.keys()
    for name, question in ALL.items():
        own_name = question["variable"] == f"survey_{name}"
        assert own_name or question["variable"] == name
        assert (question["required"] or own_name) == (name in refused), name


@pytest.mark.parametrize("name", ASKED)
def test_a_question_fits_its_variable(name: str) -> None:
    question, default = ALL[name], OPTIONS[name].get("default")
    described = "".join(OPTIONS[name]["description"])
    if isinstance(default, bool):
        assert question["choices"].splitlines() == ["true", "false"]
        assert question["default"] == ("true" if default else "false")
    elif question["type"] == "multiplechoice":
        assert all(f"V({choice})" in described for choice in question["choices"].splitlines())
        assert question["default"] == (default or "")
    elif isinstance(default, dict):
        assert question["type"] == "textarea"
    assert not re.search(r"[A-Z]\(|\)$|#module", question["question_description"])
    assert question["question_description"].endswith(".")


def test_choices_are_those_of_the_options() -> None:
    auth, config = HOME["auth"]["options"], HOME["config"]["options"]
    for name, option in {
        "codex_state": HOME["state"],
        "codex_auth_update": auth["update"],
        "codex_on_account_mismatch": auth["on_account_mismatch"],
        "codex_preferred_auth_method": config["preferred_auth_method"],
        "codex_environment_level": HOME["environment_level"],
    }.items():
        assert set(ALL[name]["choices"].splitlines()) == set(option["choices"]), name


def test_an_unknown_variable_is_refused() -> None:
    command = [sys.executable, str(CHECKOUT / "docs" / "awx_survey.py"), "codex_user", "codex_apikey"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "The role has no variable codex_apikey. Its README.md lists all variables.\n"


@pytest.mark.parametrize("name", sorted(NO_TEXT))
def test_what_text_cannot_say_is_refused(name: str) -> None:
    command = [sys.executable, str(CHECKOUT / "docs" / "awx_survey.py"), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"A survey answers with text, which is no value for {name}. Leave this out.\n"


def test_a_python_without_pyyaml_is_told() -> None:
    command = [sys.executable, "-S", str(CHECKOUT / "docs" / "awx_survey.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("PyYAML is missing. Run this script with the Python that runs Ansible")
