# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_report
short_description: Shows what became of the Codex logins of many hosts as one table
description:
  - Takes what M(fleet.codex.codex_home) or M(fleet.codex.codex_info) returned for each host, and prints one table with
    a line for each account. Below it, it says what a person should look at. Of more than 200 accounts, those that need
    no attention are only counted in the table, and all are in the report.
  - All playbooks of this collection end with it. It runs on the controller alone and asks no host.
  - It finds ChatGPT logins that are in several places, which a task on one host cannot.
  - Accounts that need attention come first. So do homes without a login, as far as they were only looked at, as
    M(fleet.codex.codex_info) does. An access token that has expired needs none where Codex can renew the login.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.attributes
  - fleet.codex.attributes.reads
options:
  results:
    description:
      - What the task returned, by the name of the host. An empty dictionary stands for a host on which it did not run.
      - The results of a loop are taken apart into the homes of its items.
    type: dict
    required: true
  title:
    description: What the report is called.
    type: str
    default: Codex logins
  failed:
    description:
      - The hosts on which a task failed, whether or not the result in O(results) says so.
    type: list
    elements: str
    default: []
  dest:
    description:
      - A file on the controller for the report. It is a page for people if its name ends in V(.html) or V(.htm), and
        JSON otherwise. A relative path starts in the folder of the playbook.
      - The page is one file without scripts that loads nothing. What needs attention comes first, with the reason at
        each account, and a ChatGPT login that is in several places is marked in each. It says how old it is, since
        it does not change by itself.
      - As JSON, it has C(title), C(made_at) in UTC, C(check_mode) and C(accounts), a list with C(host), C(user),
        C(codex_home), C(codex_version), C(state), C(login) as in RV(fleet.codex.codex_info#module:homes[].login), and
        C(attention), the sentences below the table. C(state) is one of V(ok), V(changed), V(failed), V(unreachable)
        and V(not run). The last three may stand for a host that has told of no account, with V(null) as C(user).
      - It has no credential, but names, mail addresses and fingerprints of logins.
      - A new file gets mode V(0600), and an existing one keeps its mode. It is written in check mode, too, and never
        makes the task count as changed.
    type: str
attributes:
  action_group:
    support: none
    membership: []
    details:
      - It works on no Codex home.
  connection:
    support: none
  become:
    support: N/A
  platform:
    support: N/A
    details:
      - It runs on the controller alone.
seealso:
  - module: fleet.codex.codex_info
  - module: fleet.codex.codex_home
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Look at every user of every host
  fleet.codex.codex_info:
    users: all
  register: codex
  become: true

- name: Show all logins in one table, and keep them as a page
  fleet.codex.codex_report:
    results: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'codex'))) }}"
    title: Codex logins of the office
    dest: "{{ playbook_dir }}/fleet.html"
  run_once: true

- name: Show one host alone
  fleet.codex.codex_report:
    results:
      "{{ inventory_hostname }}": "{{ codex }}"
    failed: "{{ ansible_play_hosts_all | difference(ansible_play_hosts) }}"
"""

RETURN = r"""
msg:
  description: The lines of the table, and below it what needs attention.
  returned: success
  type: list
  elements: str
  sample:
    - "1 host, 1 account: 1 ok"
    - ""
    - "HOST  USER   RESULT  LOGIN"
    - "web1  alice  ok      API key"
dest:
  description: The path of the report.
  returned: when O(dest) is given
  type: str
  sample: /srv/infra/fleet.html
"""
