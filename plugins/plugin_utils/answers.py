# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of targets as the plan may rely on them, checked once, where they come in.

What a target says of a login and of a version is from files and programs of a user: short text and numbers, or it is
taken for a file that cannot be read, or for no version. Errors and results come from a process of the user, who can
make it say anything: what is none is taken for the end of that process.
"""

from __future__ import annotations

import string
import typing as t

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import (
    FIELD_LIMIT,
    TOKENS,
    is_text,
    usable_claims,
)
from ansible_collections.fleet.codex.plugins.plugin_utils import messages
from ansible_collections.fleet.codex.plugins.plugin_utils._config.versions import parse_version
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import (
    AuthSummary,
    FileFacts,
    HomeAnswer,
    SignInFacts,
)

OUTPUT_LIMIT: t.Final = 64 * 1024
"""Characters of what a `codex login` prints."""

UNREADABLE: t.Final[AuthSummary] = {"malformed": True}


def checked_answer(answer: HomeAnswer) -> HomeAnswer:
    """The answer for a home with every summary of an auth.json, and the version of Codex, as `protocol` says."""
    checked: HomeAnswer = {**answer}
    results: object = answer.get("results", [])
    has_results = isinstance(results, list) and all(map(is_result, results))
    if not has_results or ("error" in answer and not is_error(answer["error"])):
        return {"user": answer.get("user"), "error": {"reason": "child_died", "user": answer.get("user") or ""}}
    if "files" in answer:
        checked["files"] = {name: _checked_file(file) for name, file in answer["files"].items()}
    if "unsaved_logins" in answer:
        checked["unsaved_logins"] = [_checked_file(file) for file in answer["unsaved_logins"]]
    if "codex_version" in answer:
        checked["codex_version"] = checked_version(answer["codex_version"])
    if "login" in answer:
        checked["login"] = checked_sign_in(answer["login"])
    return checked


def is_error(error: object) -> bool:
    """Whether an error has a sentence, and all that the sentence names."""
    if not isinstance(error, dict) or not all(_is_word(value) for value in error.values()):
        return False
    if error.get("reason") == "system":
        return True
    sentence = messages.TARGET_ERRORS.get(error.get("reason") or "", "{no such reason}")
    names = [name for _text, name, _format, _conversion in string.Formatter().parse(sentence)]
    return all(name is None or error.get(name) is not None for name in names)


def is_result(result: object) -> bool:
    """Whether this says how an operation ended."""
    if not isinstance(result, dict) or result.get("status") not in ("done", "conflict", "failed"):
        return False
    processes = result.get("processes", [])
    return (
        all(_is_word(result.get(name)) for name in ("path", "reason", "code", "cause", "backup_file"))
        and (result["status"] != "failed" or result.get("reason") is not None)
        and all(isinstance(result.get(name, False), bool) for name in ("in_place", "overwritten"))
        and isinstance(processes, list)
        and all(
            isinstance(process, dict) and isinstance(process.get("pid"), int) and isinstance(process.get("name"), str)
            for process in processes
        )
        and ("processes" in result) == ("overwritten" in result)
    )


def checked_sign_in(login: object) -> SignInFacts:
    """What there is to say of a sign-in; one that is over in place of what is none."""
    facts: t.Any = login if isinstance(login, dict) else {}
    file, status, output = facts.get("auth"), facts.get("status"), facts.get("output")
    if not isinstance(file, dict) or not all(isinstance(file.get(name), str) for name in ("path", "kind")):
        file = {"path": "", "kind": "absent"}
    if not _is_word(file.get("sha256")) or ("auth" in file and "sha256" not in file):
        file = {"path": file["path"], "kind": "unreadable"}
    return {
        "is_alive": facts.get("is_alive") is True,
        "output": output[:OUTPUT_LIMIT] if isinstance(output, str) else "",
        "status": status if isinstance(status, int) else None,
        "auth": _checked_file(t.cast(FileFacts, file)),
    }


def _is_word(value: object) -> bool:
    return value is None or isinstance(value, str)


Facts = t.TypeVar("Facts", bound=FileFacts)


def _checked_file(file: Facts) -> Facts:
    return t.cast(Facts, {**file, "auth": checked_summary(file["auth"])}) if "auth" in file else file


def checked_summary(summary: object) -> AuthSummary:
    """The summary, with the claims that are what they should be; a malformed one in place of anything else."""
    if not isinstance(summary, dict) or summary.get("malformed"):
        return UNREADABLE
    fields, secrets = summary.get("fields"), summary.get("secrets")
    claims: t.Any = summary.get("claims")
    texts = {name: summary.get(name) for name in ("auth_mode", "last_refresh", "account_id")}
    is_whole = (
        isinstance(fields, list)
        and len(fields) <= FIELD_LIMIT
        and all(map(is_text, fields))
        and all(text is None or is_text(text) for text in texts.values())
        and isinstance(secrets, dict)
        and len(secrets) <= FIELD_LIMIT
        and all(is_text(text) for pair in secrets.items() for text in pair)
        and isinstance(claims, dict)
        and all(isinstance(claims.get(name, {}), dict) for name in TOKENS)
    )
    if not is_whole:
        return UNREADABLE
    return t.cast(
        AuthSummary,
        {
            "fields": fields,
            **texts,
            "secrets": secrets,
            "claims": {name: usable_claims(claims[name]) for name in TOKENS if name in claims},
        },
    )


def checked_version(version: object) -> str | None:
    """The version of Codex; None for what is none."""
    if not isinstance(version, str) or not is_text(version):
        return None
    try:
        parse_version(version)
    except CodexError:
        return None
    return version
