# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_auth_fetch
short_description: Brings the login of a Codex home back to the controller
description:
  - Codex renews a ChatGPT login on the target, and the copy in the vault grows old. This module replaces that copy by
    what is on the target, if that is the newer one.
  - A copy that is encrypted with Ansible Vault stays encrypted, with the same vault secret.
  - Tokens leave the target for the controller, which no other module of this collection makes them do. They travel on
    the standard output of one command, masked, and not at all where the copy is as new.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.account
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  safe_file_operations:
    description: Replaces files whole, so that no reader sees a part of one.
    support: full
  vault:
    description: Reads and writes files that are encrypted with Ansible Vault.
    support: full
    details:
      - This is for O(dest).
options:
  dest:
    description:
      - The file on the controller, with mode 0600. A relative path starts at the folder of the playbook.
      - Give each home a file of its own.
      - Folders that are missing are made with mode 0700.
    type: str
    required: true
  encrypt_vault_id:
    description:
      - The vault id, one of those that the run has secrets for, with which a new O(dest) is encrypted, and one that is
        there without encryption.
      - One that is encrypted already keeps its own.
      - Without it, a new O(dest) holds the refresh token in clear text. Do not commit such a file.
    type: str
  on_account_mismatch:
    description:
      - What to do when O(dest) holds the login of another account, another kind of login or another key.
      - V(fail) fails and changes nothing. V(replace) replaces the copy.
    type: str
    choices: [fail, replace]
    default: fail
seealso:
  - module: fleet.codex.codex_auth_file
    description: The way back.
  - module: fleet.codex.codex_info
notes:
  - The login is the C(auth.json), or a C(.auth-…) that a killed Codex left beside it where that one is fresher.
  - An API key that a login in the browser left beside ChatGPT tokens is not brought back, since Codex versions
    disagree on which of them counts.
  - A home without a login is no error. Nothing is written then.
  - What the target gives away is what root or the account there put into the file. It is only read as an C(auth.json).
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Keep the copy in the repository as fresh as the login of alice
  fleet.codex.codex_auth_fetch:
    user: alice
    dest: "credentials/{{ inventory_hostname }}/alice/auth.json"
    encrypt_vault_id: codex
  become: true

- name: Bring back the login of a Codex home that is elsewhere, whosever it is
  fleet.codex.codex_auth_fetch:
    user: ci
    codex_home: /srv/codex/ci
    dest: "credentials/{{ inventory_hostname }}/ci/auth.json"
    encrypt_vault_id: codex
    on_account_mismatch: replace
  become: true
"""

RETURN = r"""
dest:
  description: The file on the controller.
  returned: success
  type: str
  sample: /srv/infra/credentials/host1/alice/auth.json
codex_home:
  description: The Codex home on the target.
  returned: success
  type: str
  sample: /home/alice/.codex
path:
  description: The file on the target that holds the login.
  returned: when there is a login
  type: str
  sample: /home/alice/.codex/auth.json
reason:
  description: Why the copy was, or in check mode would be, replaced or not.
  returned: success
  type: str
  sample: The target's login is fresher than the copy on the controller.
encrypted:
  description: Whether the copy is, or in check mode would be, encrypted.
  returned: when there is a login
  type: bool
  sample: true
auth:
  description:
    - The login of the copy afterwards, or in check mode what it would be. Never a secret.
    - The keys are those of RV(fleet.codex.codex_auth_file#module:auth).
  returned: success
  type: dict
  sample: {mode: chatgpt, last_refresh: "2026-11-23T17:11:08.120022000Z"}
"""
