# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Prints a survey for AWX that asks for variables of the role fleet.codex.codex, made from its argument specification.

    python3 awx_survey.py [VARIABLE...]

The output is JSON, as the option ``survey_spec`` of the module ``awx.awx.job_template`` and the address
``/api/v2/job_templates/ID/survey_spec/`` of AWX take it. It needs PyYAML, which the Python that runs Ansible has.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import typing as t

try:
    import yaml
except ImportError:
    raise SystemExit(
        "PyYAML is missing. Run this script with the Python that runs Ansible, which `ansible --version` shows."
    ) from None

ROLE = pathlib.Path(__file__).resolve().parent.parent / "roles" / "codex"
MOST_USED = [
    *("codex_user", "codex_api_key", "codex_auth_src"),
    *("codex_settings", "codex_version", "codex_export_api_key"),
]
SECRET = ("codex_api_key", "codex_personal_access_token", "codex_auth_content")
LOGINS = (*SECRET, "codex_auth_src")
"""The role refuses an empty one of these, and AWX passes on an answer that was left empty. So a playbook has to decide
what that means, and the answer is in a variable of its own, whose name begins with ``survey_``."""
REQUIRED = ("codex_user",)
"""The role refuses an empty one, too, and there is nothing to decide."""
CHOICES = {
    "codex_state": ("present", "absent"),
    "codex_auth_update": ("if_newer", "always", "on_create"),
    "codex_on_account_mismatch": ("fail", "replace"),
    "codex_preferred_auth_method": ("apikey", "chatgpt"),
    "codex_environment_level": ("user", "machine"),
    "codex_install": ("none", "present", "npm"),
}
JSON = ("codex_settings",)
"""A dictionary that the role takes as text, too."""
NOT_AS_TEXT = ("codex_container", "codex_environment", "codex_homes")
"""Beside all lists, what the role does not take as text, which every answer of a survey is."""


def question(name: str, option: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The question for a variable; option: what the role's argument specification says of it."""
    default = option.get("default")
    asked: dict[str, t.Any] = {
        "variable": f"survey_{name}" if name in LOGINS else name,
        "question_name": name,
        "question_description": plain(option["description"]),
        "required": name in REQUIRED,
        "type": "text",
        "choices": "",
        "default": "",
        "min": 1 if name in REQUIRED else 0,
        "max": None,
    }
    if name in SECRET:
        asked["type"] = "password"
        del asked["default"]  # AWX encrypts it, and shows an empty one as if there were one
    elif isinstance(default, bool):
        asked |= {"type": "multiplechoice", "choices": "true\nfalse", "default": str(default).lower()}
    elif name in CHOICES:
        asked |= {"type": "multiplechoice", "choices": "\n".join(CHOICES[name]), "default": default or ""}
    elif name in JSON:
        asked["type"] = "textarea"
        asked["question_description"] += " Written as JSON."
    elif default is not None:
        asked["default"] = str(default)
    return asked


def plain(description: t.Sequence[str]) -> str:
    """The first sentence of a description, without the marks of Ansible's documentation."""
    text = re.sub(r"\b[A-Z]\((?:[\w.]+#module:)?([^()]*)\)", r"\1", description[0])
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def survey(names: t.Sequence[str]) -> dict[str, t.Any]:
    """The survey for these variables in their order.

    Raises SystemExit for a name that is not one of the role's variables, or that no survey can ask for.
    """
    text = (ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    options = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    unknown = [name for name in names if name not in options]
    if unknown:
        raise SystemExit(f"The role has no variable {' and no '.join(unknown)}. Its README.md lists all variables.")
    no_text = [name for name in names if name in NOT_AS_TEXT or isinstance(options[name].get("default"), list)]
    if no_text:
        raise SystemExit(f"A survey answers with text, which is no value for {' and '.join(no_text)}. Leave this out.")
    return {
        "name": "",
        "description": "Variables of the role fleet.codex.codex",
        "spec": [question(name, options[name]) for name in names],
    }


if __name__ == "__main__":
    print(json.dumps(survey(sys.argv[1:] or MOST_USED), indent=2))
