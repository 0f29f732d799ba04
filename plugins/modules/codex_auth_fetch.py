# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_auth_fetch
short_description: Brings the login of a Codex home to the controller
description:
  - Codex renews a ChatGPT login on the target, so a copy of it on the controller becomes outdated. This module replaces
    the copy by the login of the target, if that is newer.
  - A copy that is encrypted with Ansible Vault stays encrypted, with the same vault secret.
  - This is the only module of this collection that makes tokens leave the target. They travel masked, in the standard
    output of one command, and only where the copy is replaced.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  safe_file_operations:
    description: Replaces files as a whole, so that no reader sees a part of one.
    support: full
  vault:
    description: Reads and writes files that are encrypted with Ansible Vault.
    support: full
    details:
      - This applies to O(dest).
options:
  dest:
    description:
      - The file on the controller. It is written with mode V(0600). A relative path starts at the folder of the
        playbook.
      - Give each home a file of its own. Within one run, the task fails for a second home with the same file.
      - Missing folders are created with mode V(0700).
      - A file inside a folder that is an inventory of this run is refused, because Ansible would read the login as an
        inventory.
    type: str
    required: true
  encrypt_vault_id:
    description:
      - The vault ID, one of those that the run has secrets for, with which O(dest) is encrypted if it is new or not
        encrypted yet.
      - A file that is encrypted already keeps its own vault ID.
      - Without it, a run that has exactly one vault password encrypts with that one. In all other runs, O(dest) stays
        as it is, and a new one holds the refresh token in clear text. Every run warns of such a file. Do not commit it.
    type: str
  only_renewable:
    description:
      - Whether to fetch only a login that Codex renews, which is a ChatGPT login with a refresh token. An API key, a
        personal access token and a ChatGPT login without a refresh token stay on the target then, and RV(reason) says
        so.
    type: bool
    default: false
  on_account_mismatch:
    description:
      - What to do when O(dest) holds the login of another ChatGPT account, a login by another method, another API key
        or another personal access token.
      - V(fail) fails and changes nothing. V(replace) replaces the copy.
    type: str
    choices: [fail, replace]
    default: fail
seealso:
  - module: fleet.codex.codex_auth_file
    description: Deploys the login from the controller.
  - module: fleet.codex.codex_info
notes:
  - The login is taken from the C(auth.json), or from a C(.auth-…) that a killed Codex left beside it, if that is newer.
  - An API key that a login in the browser left beside ChatGPT tokens is not fetched, because versions of Codex disagree
    on which of the two counts.
  - A home without a login is not an error. Nothing is written then.
  - Root, on Windows an administrator, and the user on the target decide what is in the file that is fetched. The module
    reads it as an C(auth.json) only.
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Bring the login of alice back if it is one that Codex renews, and leave an API key on the target
  fleet.codex.codex_auth_fetch:
    user: alice
    dest: "credentials/{{ inventory_hostname }}/alice/auth.json"
    encrypt_vault_id: codex
    only_renewable: true
  become: true

- name: Keep the copy in the repository as new as the login of alice
  fleet.codex.codex_auth_fetch:
    user: alice
    dest: "credentials/{{ inventory_hostname }}/alice/auth.json"
    encrypt_vault_id: codex
  become: true

- name: Fetch the login of a user of a Windows domain
  fleet.codex.codex_auth_fetch:
    user: EXAMPLE\alice
    dest: "credentials/{{ inventory_hostname }}/alice/auth.json"
    encrypt_vault_id: codex
  when: "'windows' in group_names"

- name: Fetch the login of a Codex home in another place, whichever account it is logged in to
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
  description: The path of the file on the controller.
  returned: success
  type: str
  sample: /srv/infra/credentials/host1/alice/auth.json
codex_home:
  description: The Codex home on the target.
  returned: success
  type: str
  sample: /home/alice/.codex
path:
  description: The path of the file on the target that holds the login.
  returned: when there is a login
  type: str
  sample: /home/alice/.codex/auth.json
reason:
  description: Why the copy was, or in check mode would be, replaced, encrypted or kept.
  returned: success
  type: str
  sample: The target's login is newer than the copy on the controller.
encrypted:
  description: Whether the copy is, or in check mode would be, encrypted.
  returned: when there is a login
  type: bool
  sample: true
login:
  description:
    - The login that the copy holds afterwards, or in check mode would hold. It never contains a secret.
    - The keys are those of RV(fleet.codex.codex_auth_file#module:login).
  returned: success
  type: dict
  sample: {method: chatgpt, last_refresh: "2026-11-23T17:11:08.120022000Z"}
"""
