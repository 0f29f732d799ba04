# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_info
short_description: Tells how a Codex home is logged in and configured
description:
  - Reads the C(auth.json) and the C(config.toml) of a Codex home and tells what they say, without any secret.
  - It changes nothing. Tokens do not leave the target, only what they say about themselves does.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.account
  - fleet.codex.attributes
  - fleet.codex.attributes.reads
options:
  accounts:
    description:
      - The accounts whose C(~/.codex) is looked at, in place of O(user) and O(codex_home), as a list of names.
      - V(all) alone stands for every account in the host's account database that has a C(~/.codex). It needs root on
        the target (C(become=true)). Accounts of a directory service that the database does not list are not found,
        and neither are Codex homes elsewhere.
      - An account that cannot be looked at is no error then. Its entry has RV(homes[].obstacle).
    type: list
    elements: str
  codex_version:
    description:
      - The version of Codex that reads the files, such as V(0.169.0), or V(detect) to run the account's own C(codex
        --version) on the target.
      - It is needed for RV(homes[].auth.refresh_due), since the versions differ in when they renew a login.
      - Where V(detect) finds no C(codex), RV(homes[].codex_version) is V(null) and that is no error.
    type: str
seealso:
  - module: fleet.codex.codex_home
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_config
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Look at the login of alice
  fleet.codex.codex_info:
    user: alice
    codex_version: detect
  register: codex
  become: true

- name: Say which account alice is logged in to
  ansible.builtin.debug:
    msg: "{{ codex.homes[0].auth.mode }} {{ codex.homes[0].auth.account_id | default('') }}"

- name: Look at every account of the host that uses Codex
  fleet.codex.codex_info:
    accounts: all
  register: codex_all
  become: true

- name: Say which logins are to be made anew
  ansible.builtin.debug:
    msg: "{{ item.user }}: {{ item.auth.mode }} {{ item.auth.problems | default([]) | join(' ') }}"
  loop: "{{ codex_all.homes }}"
  loop_control:
    label: "{{ item.user }}"

- name: Look at a Codex home that is elsewhere
  fleet.codex.codex_info:
    user: ci
    codex_home: /srv/codex/ci
  register: codex_ci
  become: true

- name: Say so when nobody is logged in there
  ansible.builtin.debug:
    msg: "Nobody is logged in to {{ codex_ci.homes[0].codex_home }}."
  when: codex_ci.homes[0].auth.mode == 'none'
"""

RETURN = r"""
homes:
  description: The Codex homes that were asked for. With O(accounts) one for each account, else one.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The account.
      returned: success
      type: str
      sample: alice
    obstacle:
      description: Why the account cannot be looked at, as one sentence.
      returned: with O(accounts), when that is so; RV(homes[].user) and RV(homes[].auth.mode) are all else there is then
      type: str
      sample: "There is no account carol on this host. Create it first, or correct user."
    codex_home:
      description: The Codex home. It need not exist.
      returned: success
      type: str
      sample: /home/alice/.codex
    auth:
      description: The login.
      returned: success
      type: dict
      contains:
        mode:
          description:
            - The kind of login.
            - V(none) means that there is no C(auth.json), or one without a login.
            - V(mixed) is a file with the logins of two accounts, or of both kinds unless its C(auth_mode) is
              C(chatgpt), as some versions of Codex leave behind. V(other) is a kind that this collection does not
              deploy. V(unreadable) is a file that Codex cannot read.
          returned: success
          type: str
          choices: [apikey, chatgpt, personal_access_token, none, mixed, other, unreadable]
          sample: chatgpt
        fingerprint:
          description:
            - The first 16 hexadecimal digits of the SHA-256 of the API key, the personal access token or the refresh
              token. Of the access token where a ChatGPT login has no refresh token.
            - The same fingerprint on two hosts means one login in two places.
          returned: when there is one of them
          type: str
          sample: 4292713cc80adf20
        account_id:
          description: The ChatGPT account, as the tokens say.
          returned: when there are ChatGPT tokens
          type: str
          sample: 11111111-2222-3333-4444-555555555555
        email:
          description: The mail address of the account.
          returned: when there are ChatGPT tokens
          type: str
          sample: alice@example.com
        plan:
          description: The plan of the account.
          returned: when there are ChatGPT tokens
          type: str
          sample: pro
        last_refresh:
          description: When the tokens were made or last renewed.
          returned: when there are ChatGPT tokens
          type: str
          sample: "2026-11-23T17:11:08.120022000Z"
        expires_at:
          description: When the access token expires. Codex renews it by itself.
          returned: when there are ChatGPT tokens
          type: str
          sample: "2026-11-28T17:11:08Z"
        expired:
          description: Whether the access token has expired. V(null) where it does not say when it does.
          returned: when there are ChatGPT tokens
          type: bool
          sample: false
        renewable:
          description: Whether there is a refresh token, so that Codex can renew the login.
          returned: when there are ChatGPT tokens
          type: bool
          sample: true
        refresh_due:
          description:
            - Whether this version of Codex renews the tokens before its next request. V(null) where that cannot be
              told.
          returned: when RV(homes[].auth.mode) is V(chatgpt) and the version of Codex is known
          type: bool
          sample: false
        problems:
          description:
            - What keeps Codex from saving a renewed login in this home, a sentence each. Codex loses the login then.
          returned: when RV(homes[].auth.mode) is V(chatgpt)
          type: list
          elements: str
          sample: []
    config:
      description: The C(config.toml).
      returned: success
      type: dict
      contains:
        path:
          description: The file.
          returned: success
          type: str
          sample: /home/alice/.codex/config.toml
        exists:
          description: Whether it is there.
          returned: success
          type: bool
          sample: true
        valid:
          description: Whether it is valid TOML. Also true while there is none.
          returned: success
          type: bool
          sample: true
        preferred_auth_method:
          description: The setting of this name, or V(null).
          returned: unless the file is no valid TOML
          type: str
          sample: apikey
        forced_login_method:
          description:
            - The setting of this name as Codex takes it, or V(null). The host's C(managed_config.toml) comes before
              the account's C(config.toml), and the host's C(config.toml) after it.
          returned: unless the file is no valid TOML
          type: str
          sample: api
        credentials_store:
          description:
            - The setting C(cli_auth_credentials_store) as Codex takes it. Codex may only read C(auth.json) with
              V(file).
          returned: unless the file is no valid TOML
          type: str
          sample: file
        problems:
          description:
            - What in the configuration files keeps Codex from starting, a sentence each. What depends on the version
              is only told with O(codex_version).
          returned: success
          type: list
          elements: str
          sample: []
        removed_keys:
          description: Keys in the file that the Codex of O(codex_version) does not read any more.
          returned: unless the file is no valid TOML
          type: list
          elements: str
          sample: [preferred_auth_method]
        host_files:
          description: The configuration files of the whole host that are there.
          returned: success
          type: list
          elements: str
          sample: [/etc/codex/config.toml]
    conflicts:
      description:
        - What makes Codex pass the C(auth.json) over, a sentence each. That is C(CODEX_API_KEY) or
          C(CODEX_ACCESS_TOKEN) in C(codex.env) or in C(/etc/environment), or another credentials store.
        - What shells and services set elsewhere is not seen.
      returned: success
      type: list
      elements: str
      sample: []
    unsaved_logins:
      description:
        - Files C(.auth-…) that a killed Codex left. One may be the only copy of a renewed login, which
          M(fleet.codex.codex_auth_fetch) brings to the controller.
      returned: success
      type: list
      elements: dict
      contains:
        path:
          description: The file.
          returned: success
          type: str
          sample: /home/alice/.codex/.auth-x1Y2z3
        auth:
          description: What it holds, with the keys of RV(homes[].auth).
          returned: success
          type: dict
          sample: {mode: chatgpt, last_refresh: "2026-11-23T17:11:08.120022000Z"}
    codex_version:
      description: The version that O(codex_version) gives or that was detected, or V(null).
      returned: success
      type: str
      sample: 0.169.0
"""
