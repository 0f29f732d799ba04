# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_auth_file
short_description: Manages the login of a Codex home
description:
  - Writes or removes C(auth.json), the file in which the Codex CLI keeps its login.
  - The login is an API key, a personal access token, or a ChatGPT login that C(codex login) made on another machine.
  - Tokens that Codex has renewed on the target are kept. A login of another account, or by another method, is only
    replaced when the task says so.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home
  - fleet.codex.home.container
  - fleet.codex.home.version
  - fleet.codex.file
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  safe_file_operations:
    description: Replaces files as a whole, so that no reader sees a part of one.
    support: partial
    details:
      - A file that is a mount point of its own is rewritten in place, with a warning. A reader can see a part of it.
  vault:
    description: Reads files that are encrypted with Ansible Vault.
    support: full
    details:
      - This applies to O(src).
options:
  api_key:
    description:
      - An OpenAI API key to log in with. One newline at its end is dropped.
      - Values that are plainly no key are refused, such as C(op://…), C(None), C(NAME=value) or a number.
      - Exactly one of O(api_key), O(personal_access_token), O(content) and O(src) must be given, unless
        O(state=absent).
    type: str
  personal_access_token:
    description:
      - A personal access token of a ChatGPT workspace to log in with. It begins with C(at-).
      - Codex 0.139 and later read such a login. Older versions cannot read the C(auth.json) at all, so the task fails
        when O(codex_version) is one of them.
    type: str
  content:
    description:
      - The content of an C(auth.json), as text or as a dictionary.
      - It must hold exactly one login, which is an API key, ChatGPT tokens or a personal access token. ChatGPT tokens
        need their C(last_refresh), as Codex wrote it.
    type: raw
  src:
    description:
      - An C(auth.json) on the controller, plain or encrypted with Ansible Vault.
      - A relative path is searched for as M(ansible.builtin.copy) does it for its O(ansible.builtin.copy#module:src),
        so first in C(files) beside the playbook or in the role.
      - The requirements for O(content) apply to the content of the file, too.
    type: path
  update:
    description:
      - When the given login replaces a different one in an existing C(auth.json).
      - With V(if_newer), an API key replaces another API key, a personal access token replaces another one, and ChatGPT
        tokens replace older tokens of the same account. Tokens that are newer or of the same age stay.
        O(on_account_mismatch) decides about a login of another account or by another method.
      - V(if_newer) also replaces a file without a login, and one that mixes two logins. The task fails instead where
        such a mixture has tokens of the given account that are newer or of the same age, where Codex cannot read the
        file, and where it holds a kind of login that this collection does not deploy.
      - An API key beside ChatGPT tokens counts as a ChatGPT login where C(auth_mode) is C(chatgpt) or
        C(chatgptAuthTokens), and as a mixture otherwise.
      - With V(if_newer), a ChatGPT login that Codex cannot renew does not replace one of the same account that it can
        renew.
      - V(always) replaces any other login, also one of another account. It even puts older tokens in place of newer
        ones. That usually ends a ChatGPT login, because each refresh token can be used only once.
      - V(on_create) only writes where there is no C(auth.json). An empty file counts as none.
      - Whatever the value, a ChatGPT login is also written where the target has the same one without C(last_refresh),
        because Codex cannot use such a login.
    type: str
    choices: [if_newer, always, on_create]
    default: if_newer
  on_account_mismatch:
    description:
      - What O(update=if_newer) does when the target is logged in to another ChatGPT account or by another method.
      - V(fail) fails and changes nothing. V(replace) replaces the login.
    type: str
    choices: [fail, replace]
    default: fail
  without_refresh_token:
    description:
      - Deploy a ChatGPT login without its refresh token, for homes that are not to renew it. It works until the access
        token expires, and one login can go to any number of homes like that. Deploy a new copy before then.
      - It has no effect on API keys and personal access tokens.
      - Such a copy does not replace a login of the same account that Codex can renew, unless O(update=always).
    type: bool
    default: false
  allow_shared_refresh_token:
    description:
      - Whether this ChatGPT login may go to a Codex home although another home got it earlier in the same run.
      - A refresh token can be used for one renewal only, so the first home that renews the login ends it for the
        others. Therefore only the first home of a run gets the login. For every other home, on the same host or
        on another one, the task fails before anything is written there.
      - Each home goes by its own value. Set it for all homes that share the login.
      - Logins that Codex does not renew can go to any number of homes. These are API keys, personal access tokens, and
        ChatGPT tokens with an empty C(refresh_token) or with the C(auth_mode) C(chatgptAuthTokens).
    type: bool
    default: false
  allow_mounted_file:
    description:
      - Whether a ChatGPT login that Codex renews may be written to an C(auth.json) that is mounted into a container by
        itself.
      - Codex 0.167.2 and later cannot save the renewed login there, and lose it. The way is to mount the folder. So
        without this option the task fails before anything is written, unless O(codex_version) is an older version.
      - A login that is there already only gets a warning.
    type: bool
    default: false
  state:
    description:
      - V(absent) removes the file on the target. It never runs C(codex logout), which would revoke the login for
        every copy of it.
      - Where the file is a symbolic link, the link is removed, and the file that it points to keeps the login. A file
        that is a mount point of its own is emptied.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleet.codex.codex_home
    description: Login, configuration and environment of any number of users in one task.
  - module: fleet.codex.codex_config
  - module: fleet.codex.codex_info
  - module: fleet.codex.codex_api_key_info
notes:
  - Give each user on each host a ChatGPT login of its own. Two copies of one login use up each other's refresh tokens.
    Within one run of Ansible the module prevents that, see O(allow_shared_refresh_token).
  - A running Codex keeps the login that it started with. RV(restart_required) says whether such programs keep a login
    that was replaced or removed.
  - The task fails when a configuration file forces another method or another workspace, because Codex 0.49 and later
    delete an C(auth.json) that does not match C(forced_login_method) or C(forced_chatgpt_workspace_id).
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

- name: Log a service user in whose Codex home is elsewhere, from a variable that holds an auth.json
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci
    content: "{{ vault_codex_auth_ci }}"
    mode: "0600"
  become: true

- name: Log the build user in with a personal access token, unless its Codex is too old to read one
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci
    codex_version: "0.171.0"
    personal_access_token: "{{ vault_codex_access_token }}"
    on_account_mismatch: replace
  become: true

- name: Put a login into a second home, for work that ends before Codex renews the login
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci-nightly
    content: "{{ vault_codex_auth_ci }}"
    allow_shared_refresh_token: true
    allow_mounted_file: true
  become: true

- name: Give a runner an access token that lasts for some days
  fleet.codex.codex_auth_file:
    user: ci
    codex_home: /srv/codex/ci-runner
    content: "{{ vault_codex_auth_ci }}"
    without_refresh_token: true
  become: true

- name: Log the build agent of a Windows host in, whose Codex home is not in the profile
  fleet.codex.codex_auth_file:
    user: build
    codex_home: C:\codex-build
    api_key: "{{ vault_openai_api_key }}"
  when: "'windows' in group_names"

- name: Log root of a container in, from the container's host
  fleet.codex.codex_auth_file:
    container:
      name: agent
      engine: docker
      user: root
    api_key: "{{ vault_openai_api_key }}"
  become: true
  when: "'docker_hosts' in group_names"

- name: Remove the login of bob from this host without revoking it
  fleet.codex.codex_auth_file:
    user: bob
    state: absent
  become: true
"""

RETURN = r"""
path:
  description: The path of the C(auth.json).
  returned: success
  type: str
  sample: /home/alice/.codex/auth.json
codex_home:
  description: The Codex home.
  returned: success
  type: str
  sample: /home/alice/.codex
reason:
  description: Why the file was, or in check mode would be, written, removed or kept.
  returned: success
  type: str
  sample: The target's tokens of this account are newer or of the same age, so they stay.
login:
  description: The login that the file holds afterwards, or in check mode would hold. It never contains a secret.
  returned: success
  type: dict
  contains:
    method:
      description:
        - The method of the login.
        - V(none) means that there is no C(auth.json), or one without a login.
        - V(mixed) is a file with the logins of two accounts, or with an API key and ChatGPT tokens unless C(auth_mode)
          is C(chatgpt) or C(chatgptAuthTokens). V(other) is a kind of login that this collection does not deploy.
          V(unreadable) is a file that Codex cannot read. These three are only returned where such a file was kept.
      returned: success
      type: str
      choices: [apikey, chatgpt, personal_access_token, none, mixed, other, unreadable]
      sample: chatgpt
    fingerprint:
      description:
        - The first 16 hexadecimal digits of the SHA-256 of the API key, the personal access token or the refresh
          token. Of a ChatGPT login that Codex cannot renew, it is the one of the access token.
      returned: when there is one of them
      type: str
      sample: 4292713cc80adf20
    account_id:
      description: The ID of the ChatGPT account, as the tokens give it.
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: str
      sample: 11111111-2222-3333-4444-555555555555
    email:
      description: The mail address of the account.
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: str
      sample: alice@example.com
    plan:
      description: The plan of the account.
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: str
      sample: pro
    last_refresh:
      description: When the tokens were made or last renewed.
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: str
      sample: "2026-11-23T17:11:08.120022000Z"
    expires_at:
      description: When the access token expires. Codex renews it by itself if RV(login.renewable=true).
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: str
      sample: "2026-11-28T17:11:08Z"
    expired:
      description: Whether the access token has expired. V(null) where the token does not say when it expires.
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: bool
      sample: false
    renewable:
      description:
        - Whether Codex can renew the login. That takes a refresh token, and an C(auth_mode) other than
          C(chatgptAuthTokens).
      returned: when RV(login.method) is V(chatgpt) or V(mixed)
      type: bool
      sample: true
restart_required:
  description:
    - Whether programs of the user are running that keep a login that was replaced by another one or removed. Newer
      tokens of the same ChatGPT account are not another login.
    - V(null) in check mode where the task would look for such programs. They are only found on Linux and on Windows.
  returned: success
  type: bool
  sample: false
restart_reason:
  description: Why, as one sentence.
  returned: when RV(restart_required=true)
  type: str
  sample: "These programs of alice are running and keep the login that they started with: codex (4711)."
processes:
  description: The programs to restart.
  returned: when RV(restart_required=true)
  type: list
  elements: dict
  contains:
    pid:
      description: The process ID.
      returned: success
      type: int
      sample: 4711
    name:
      description: The name of the program.
      returned: success
      type: str
      sample: codex
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and a file was replaced or removed
  type: str
  sample: /home/alice/.codex/auth.json.18422.2026-11-23@17:11:08~
"""
