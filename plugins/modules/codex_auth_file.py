# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_auth_file
short_description: Manages the login of a Codex home
description:
  - Puts an C(auth.json), the file that the Codex CLI keeps its login in, into a Codex home, or removes it.
  - The login is an API key or a ChatGPT login that C(codex login) made on another machine.
  - Tokens that Codex has renewed on the target are kept. A login of another account is only replaced when the task
    says so.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.account
  - fleet.codex.file
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  safe_file_operations:
    description: Replaces files whole, so that no reader sees a part of one.
    support: partial
    details:
      - A file that is a mount point of its own is rewritten in place, with a warning. A reader can see a part of it.
  vault:
    description: Reads files that are encrypted with Ansible Vault.
    support: full
    details:
      - This is for O(src).
options:
  api_key:
    description:
      - An OpenAI API key to log in with. One line end after it is dropped.
      - Exactly one of O(api_key), O(personal_access_token), O(content) and O(src) must be given, unless
        O(state=absent).
    type: str
  personal_access_token:
    description:
      - A personal access token of a ChatGPT workspace to log in with. Codex 0.139 and later know this kind of login.
      - Older versions cannot read such an C(auth.json) at all.
    type: str
  content:
    description:
      - The content of an C(auth.json), as text or as a dictionary.
      - It must hold one login, an API key, ChatGPT tokens or a personal access token. ChatGPT tokens need their
        C(last_refresh), as Codex wrote it.
    type: raw
  src:
    description:
      - An C(auth.json) on the controller, plain or encrypted with Ansible Vault.
      - A relative path is looked for as M(ansible.builtin.copy) looks for its O(ansible.builtin.copy#module:src), so
        in C(files) beside the playbook or in the role first.
      - Its content has to be as O(content) asks for.
    type: path
  update:
    description:
      - Whether an C(auth.json) that is there may be replaced by a login that differs.
      - V(if_newer) replaces an API key by another API key, and ChatGPT tokens by fresher tokens of the same account.
        It keeps tokens that are as fresh or fresher. What is another account or another kind of login is up to
        O(on_account_mismatch). A file without a login is replaced, and so is one that mixes two logins, unless
        it has tokens of the given account that are as fresh or fresher. Such a one, one that Codex cannot read, or
        one with a kind of login that this collection does not deploy, is left alone and the task fails.
      - An API key beside ChatGPT tokens counts as a ChatGPT login where C(auth_mode) is C(chatgpt), else as a mixture.
      - V(always) replaces whatever login is there, another account's too. It also puts older tokens in place of newer
        ones, which usually ends a ChatGPT login, because each refresh token can be used once.
      - V(on_create) only writes where there is no C(auth.json).
      - The given ChatGPT login is also written where it is there without C(last_refresh), as it cannot work then.
      - A ChatGPT login without a refresh token never takes the place of one that has its own.
      - An empty file counts as none.
    type: str
    choices: [if_newer, always, on_create]
    default: if_newer
  on_account_mismatch:
    description:
      - What to do with O(update=if_newer) when the target is logged in to another ChatGPT account, or with an API key
        where the task gives a ChatGPT login, or the other way round.
      - V(fail) fails and changes nothing. V(replace) replaces the login.
    type: str
    choices: [fail, replace]
    default: fail
  allow_shared_refresh_token:
    description:
      - Whether this ChatGPT login may go to other Codex homes in the same run, too.
      - A refresh token is good for one renewal, so the first home that renews the login ends it for the others. The
        task therefore fails where two hosts, or two homes of one host, would get the same refresh token, and writes
        nothing.
      - Each home goes by its own value of this option, whatever the others say.
      - A copy with an empty C(refresh_token) may go to any number of homes, and so may an API key.
    type: bool
    default: false
  state:
    description:
      - V(absent) removes the file on the target. It never runs C(codex logout), which would revoke the login for
        every copy of it.
      - Where the file is a link, the link is removed, and the file that it leads to keeps the login. Where it is a
        mount point of its own, it is emptied.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleet.codex.codex_home
    description: Login, configuration and environment of any number of accounts in one task.
  - module: fleet.codex.codex_config
  - module: fleet.codex.codex_info
  - module: fleet.codex.codex_api_key_info
notes:
  - Give each host and each account a ChatGPT login of its own. Two copies of one login use up each other's refresh
    tokens. Within one run of Ansible the module sees to that, see O(allow_shared_refresh_token).
  - A running Codex keeps the login it started with. RV(restart_required) tells when the account or the kind of login
    changed under one.
  - A C(config.toml) beside the file that forces the other kind of login or another workspace makes the task fail,
    because Codex 0.49 and later delete an C(auth.json) that does not match C(forced_login_method) or
    C(forced_chatgpt_workspace_id).
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Log alice in with an API key
  fleet.codex.codex_auth_file:
    user: alice
    api_key: "{{ vault_openai_api_key }}"
  become: true

- name: Log bob in with a ChatGPT login, and keep the tokens that Codex renews there
  fleet.codex.codex_auth_file:
    user: bob
    src: "credentials/{{ inventory_hostname }}/bob/auth.json"
    update: if_newer
  become: true

- name: Move alice from the API key to a ChatGPT login, and keep a copy of the old file
  fleet.codex.codex_auth_file:
    user: alice
    src: "credentials/{{ inventory_hostname }}/alice/auth.json"
    on_account_mismatch: replace
    backup: true
    backup_keep: 3
  become: true

- name: Log a service account in whose Codex home is elsewhere, from a variable that holds an auth.json
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci
    content: "{{ vault_codex_auth_ci }}"
    mode: "0600"
  become: true

- name: Log the build account in with a personal access token
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci
    personal_access_token: "{{ vault_codex_access_token }}"
    on_account_mismatch: replace
  become: true

- name: Put that login into a second home, for work that is over before Codex renews it
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci-nightly
    content: "{{ vault_codex_auth_ci }}"
    allow_shared_refresh_token: true
  become: true

- name: Remove the login of bob here, and revoke nothing
  fleet.codex.codex_auth_file:
    user: bob
    state: absent
  become: true
"""

RETURN = r"""
path:
  description: The C(auth.json) that was meant.
  returned: success
  type: str
  sample: /home/alice/.codex/auth.json
codex_home:
  description: The Codex home.
  returned: success
  type: str
  sample: /home/alice/.codex
reason:
  description: Why the file was, or in check mode would be, replaced or not.
  returned: success
  type: str
  sample: The target's tokens of this account are as fresh or fresher, so they stay.
auth:
  description: The login that is there afterwards, or in check mode would be. Never a secret.
  returned: success
  type: dict
  contains:
    mode:
      description:
        - The kind of login.
        - V(mixed) is a file with the logins of two accounts, or of both kinds unless C(auth_mode) is C(chatgpt).
          V(other) is one of a kind that this collection does not deploy. Both are only returned where such a file was
          kept.
      returned: success
      type: str
      choices: [apikey, chatgpt, personal_access_token, none, mixed, other, unreadable]
      sample: chatgpt
    fingerprint:
      description:
        - The first 16 hexadecimal digits of the SHA-256 of the API key, the personal access token or the refresh
          token. Of the access token where a ChatGPT login has no refresh token.
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
restart_required:
  description:
    - Whether programs of the account run that keep the login that was there before, since it was replaced by one of
      another account or kind, or removed.
    - V(null) in check mode where that would be looked at. Running programs are only seen on Linux.
  returned: success
  type: bool
  sample: false
restart_reason:
  description: Why, as one sentence.
  returned: when RV(restart_required=true)
  type: str
  sample: "These programs of alice run, and keep the login that they started with: codex (4711)."
processes:
  description: The programs that are to be restarted.
  returned: when RV(restart_required=true)
  type: list
  elements: dict
  contains:
    pid:
      description: The number of the process.
      returned: success
      type: int
      sample: 4711
    name:
      description: The name of the program.
      returned: success
      type: str
      sample: codex
backup_file:
  description: The copy that was kept.
  returned: when O(backup=true) and a file was replaced or removed
  type: str
  sample: /home/alice/.codex/auth.json.18422.2026-11-23@17:11:08~
"""
