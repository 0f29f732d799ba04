# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the person who signs in gets to read while the task runs."""

from __future__ import annotations

import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils._login.output import Prompt
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable

NAME_LIMIT: t.Final = 200
"""Characters of a name that a host gave, of a user or an account."""


def invitation(who: str, prompt: Prompt, seconds: float) -> str:
    """What to do. who: the host and the user; seconds: how long there is time."""
    if prompt.code:
        what = f"Open this page in any browser and enter the code {prompt.code}:"
    else:
        what = "Open this address in a browser on the machine that Ansible runs on:"
    end = f"There is time for {duration(seconds)}. Ctrl-C gives up, and everything stays as it was."
    return f"\n{_name(who)}: sign in to Codex. {what}\n\n{prompt.address}\n\n{end}\n"


def progress(who: str, seconds: float) -> str:
    """That the sign-in is still waited for. seconds: how long there is time."""
    return f"{_name(who)}: waiting for the sign-in; {duration(seconds)} left."


def success(who: str, account: str) -> str:
    """That somebody signed in."""
    return f"{_name(who)}: signed in to {_name(account)}."


def duration(seconds: float) -> str:
    """A time in words, down to a second."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    parts = [_counted(minutes, "minute")] if minutes else []
    if rest or not minutes:
        parts.append(_counted(rest, "second"))
    return " and ".join(parts)


def _name(given: str) -> str:
    """A name in one line, without anything that could pass for a text of this program's."""
    return printable(given[:NAME_LIMIT])


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
