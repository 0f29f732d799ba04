# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter login_info: what the text of an auth.json says of its login, without any secret."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleet.codex.plugins.module_utils._describe.auth_summary import summarise
from ansible_collections.fleet.codex.plugins.plugin_utils._report.login import login_report
from ansible_collections.fleet.codex.plugins.plugin_utils._report.printable import printable_result

DOCUMENTATION = r"""
name: login_info
short_description: What an auth.json says of its login
description:
  - Reads the text of an C(auth.json) on the controller, and says what login it holds, without any secret.
  - It never fails because of the text. What Codex cannot read has the method V(unreadable).
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
options:
  _input:
    description: The text of an C(auth.json). An empty text has the method V(none).
    type: str
    required: true
seealso:
  - plugin: fleet.codex.codex_info
    plugin_type: module
"""

EXAMPLES = r"""
- name: Stop where the copy in the repository has expired
  ansible.builtin.assert:
    that: not login.expired or login.renewable
    fail_msg: Log in again, and put the new auth.json into the vault.
  vars:
    login: >-
      {{ lookup('ansible.builtin.unvault', 'credentials/host1/alice/auth.json') | fleet.codex.login_info }}
"""

RETURN = r"""
_value:
  description: The login, with the keys of RV(fleet.codex.codex_auth_file#module:login).
  type: dict
"""


def login_info(text: object) -> dict[str, t.Any]:
    """The login in the text of an auth.json, as results of tasks have it under ``login``."""
    if not isinstance(text, (str, bytes)) or not text.strip():
        return {"method": "unreadable" if text and not isinstance(text, (str, bytes)) else "none"}
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return printable_result(login_report(summarise(data), datetime.now(UTC)))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name, as Ansible asks for them."""
        return {"login_info": login_info}
