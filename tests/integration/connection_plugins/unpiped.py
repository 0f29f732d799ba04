# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that takes no input on standard input, as some plugins cannot: `local` without that."""

from __future__ import annotations

DOCUMENTATION = """
name: unpiped
short_description: local, without pipelining
description: Stands for connection plugins that cannot pipe. Only for tests.
author: The fleet.codex authors
extends_documentation_fragment: connection_pipelining
options:
  become_success_timeout:
    type: int
    default: 10
    description: As in local.
    vars: [{name: ansible_local_become_success_timeout}]
  become_strip_preamble:
    type: bool
    default: true
    description: As in local.
    vars: [{name: ansible_local_become_strip_preamble}]
"""

from ansible.plugins.connection.local import Connection as LocalConnection  # noqa: E402  # after DOCUMENTATION, as everywhere


class Connection(LocalConnection):
    """local, which refuses input."""

    transport = "unpiped"
    has_pipelining = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        if in_data:
            raise AssertionError("input was given to a connection that cannot take it")
        return super().exec_command(cmd, in_data=None, sudoable=sudoable)
