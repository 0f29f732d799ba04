# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_info
short_description: Reports how Codex homes are logged in and configured
description:
  - Reads the C(auth.json) and the configuration files of Codex homes, and reports what they say, without any secret.
  - The module changes nothing. Tokens do not leave the target, only what they say about themselves does.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home
  - fleet.codex.home.container
  - fleet.codex.attributes
  - fleet.codex.attributes.reads
options:
  users:
    description:
      - The names of the users whose C(~/.codex) is looked at, in place of O(user) and O(codex_home).
      - V(all) alone stands for every user in the user database of the host that has a C(~/.codex). It needs root on the
        target (C(become=true)). Users of a directory service that the database does not list are not found, and neither
        are Codex homes in other places.
      - On Windows, V(all) stands for every user with a profile that has a C(.codex) folder. It needs an administrator.
      - The task does not fail because of a user whose home cannot be looked at. The entry of such a user has
        RV(homes[].failed) and RV(homes[].msg).
    type: list
    elements: str
  homes:
    description:
      - The Codex homes that are looked at, in place of O(user), O(codex_home) and O(users), all in one execution.
      - A home that cannot be looked at has an entry as with O(users). The task fails then, after all others were looked
        at.
    type: list
    elements: dict
    suboptions:
      user:
        description: The user that the Codex home belongs to, as for O(user).
        type: str
      codex_home:
        description: The Codex home, if it is not the user's C(~/.codex), as for O(codex_home).
        type: str
  startup_files:
    description:
      - Also look into the files that the user's shells read, such as C(.profile), C(.bashrc) and C(.zshrc), for the
        variables that RV(homes[].login.conflicts) is about. Beside a ChatGPT login, E(OPENAI_API_KEY) is told, too,
        wherever it is set.
      - Lines C(NAME=value) are found, with C(export) before them or not. What a script computes, files of C(fish) and
        those in C(.config/environment.d) are not. On Windows, this option has no effect.
    type: bool
    default: false
  codex_version:
    description:
      - The version of Codex that reads the files, such as V(0.171.0), or V(detect) to run the user's own C(codex
        --version) on the target.
      - RV(homes[].login.refresh_due) and RV(homes[].config.removed_keys) need it, because they depend on the version.
      - Where V(detect) finds no C(codex), RV(homes[].codex_version) is V(null) and the task goes on.
      - On Windows, V(detect) is refused for another user than the one that the task runs as.
      - Quote a version of two numbers, such as V("0.34"). YAML reads it as a number otherwise.
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

- name: Show which account alice is logged in to
  ansible.builtin.debug:
    msg: "{{ codex.homes[0].login.method }} {{ codex.homes[0].login.account_id | default('') }}"

- name: Look at every user of the host that has a ~/.codex
  fleet.codex.codex_info:
    users: all
  register: codex_all
  become: true

- name: Show what keeps Codex from renewing or using each login
  ansible.builtin.debug:
    msg: >-
      {{ item.user }}: {{ item.msg | default(item.login.method) }}
      {{ (item.login.problems | default([]) + item.login.conflicts | default([])) | join(' ') }}
  loop: "{{ codex_all.homes }}"
  loop_control:
    label: "{{ item.user }}"

- name: Look at a Codex home in another place
  fleet.codex.codex_info:
    user: ci
    codex_home: /srv/codex/ci
  register: codex_ci
  become: true

- name: Find out where a key is left that was set by hand
  fleet.codex.codex_info:
    user: alice
    startup_files: true
  register: codex_left
  become: true

- name: Show these places
  ansible.builtin.debug:
    msg: "{{ codex_left.homes[0].login.conflicts }}"

- name: Look at two Codex homes
  fleet.codex.codex_info:
    homes:
      - user: alice
      - user: ci
        codex_home: /srv/codex/ci
  become: true

- name: Look at every user of a container, from the container's host
  fleet.codex.codex_info:
    container:
      name: agent
      engine: docker
      user: root
    users: all
  become: true
  when: "'docker_hosts' in group_names"

- name: Report that nobody is logged in there
  ansible.builtin.debug:
    msg: "Nobody is logged in to {{ codex_ci.homes[0].codex_home }}."
  when: codex_ci.homes[0].login.method == 'none'
"""

RETURN = r"""
homes:
  description:
    - The Codex homes, one for each of the O(users) or O(homes), or else the one of O(user) and O(codex_home).
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The user.
      returned: success
      type: str
      sample: alice
    failed:
      description:
        - Always V(true). The home of the user cannot be looked at.
        - RV(homes[].user), RV(homes[].msg) and RV(homes[].login.method), which is V(unreadable), are the only other
          values of such an entry.
      returned: with O(users) or O(homes), for a home that cannot be looked at
      type: bool
      sample: true
    msg:
      description: Why the home of the user cannot be looked at, and what to do.
      returned: when RV(homes[].failed) is there
      type: str
      sample: "There is no user carol on this host. Create the user first, or correct the option user."
    codex_home:
      description: The Codex home. It may not exist.
      returned: unless RV(homes[].failed)
      type: str
      sample: /home/alice/.codex
    login:
      description: The login.
      returned: success
      type: dict
      contains:
        method:
          description:
            - The method of the login.
            - V(none) means that there is no C(auth.json), or one without a login.
            - V(mixed) is a file with the logins of two accounts, or with an API key and ChatGPT tokens unless
              C(auth_mode) is C(chatgpt) or C(chatgptAuthTokens). Some versions of Codex leave such a file behind.
            - V(other) is a kind of login that this collection does not deploy. V(unreadable) is a file that Codex
              cannot read.
          returned: success
          type: str
          choices: [apikey, chatgpt, personal_access_token, none, mixed, other, unreadable]
          sample: chatgpt
        fingerprint:
          description:
            - The first 16 hexadecimal digits of the SHA-256 of the API key, the personal access token or the refresh
              token. Of a ChatGPT login that Codex cannot renew, it is the one of the access token.
            - The same fingerprint in two places means that both have the same login.
          returned: when there is one of them
          type: str
          sample: 4292713cc80adf20
        account_id:
          description: The ID of the ChatGPT account, as the tokens give it.
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: str
          sample: 11111111-2222-3333-4444-555555555555
        email:
          description: The mail address of the account.
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: str
          sample: alice@example.com
        plan:
          description: The plan of the account.
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: str
          sample: pro
        last_refresh:
          description: When the tokens were made or last renewed.
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: str
          sample: "2026-11-23T17:11:08.120022000Z"
        expires_at:
          description: When the access token expires. Codex renews it by itself if RV(homes[].login.renewable=true).
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: str
          sample: "2026-11-28T17:11:08Z"
        expired:
          description: Whether the access token has expired. V(null) where the token does not say when it expires.
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: bool
          sample: false
        renewable:
          description:
            - Whether Codex can renew the login. That takes a refresh token, and an C(auth_mode) other than
              C(chatgptAuthTokens).
          returned: when RV(homes[].login.method) is V(chatgpt) or V(mixed)
          type: bool
          sample: true
        refresh_due:
          description:
            - Whether this version of Codex renews the tokens before its next request. V(null) where the file does not
              show that.
          returned: when RV(homes[].login.method) is V(chatgpt) and the version of Codex is known
          type: bool
          sample: false
        problems:
          description:
            - What keeps Codex from using the C(auth.json), such as a C(last_refresh) that is missing or no time, as one
              sentence each.
            - What keeps Codex from saving a renewed login in this home. Codex loses the login then. That includes lock
              files that the user cannot write.
          returned: when there is an C(auth.json) that can be read
          type: list
          elements: str
          sample: []
        conflicts:
          description:
            - What makes Codex ignore the C(auth.json), as one sentence each. That is C(CODEX_API_KEY),
              C(CODEX_ACCESS_TOKEN) or a variable of workload identity in C(codex.env) or in C(/etc/environment),
              another credentials store in the configuration, or a C(model_provider) to which Codex does not send the
              login. C(codex login status) does not show the latter.
            - On Windows, the registry takes the place of C(/etc/environment). The variables of all users are looked
              at, and those of the user only where neither O(user) nor O(users) is given.
            - Variables that shells and services set elsewhere are not seen. O(startup_files) adds the files of the
              user's shells, and E(OPENAI_API_KEY) beside a ChatGPT login, which Codex does not use but other programs
              may.
          returned: unless RV(homes[].failed)
          type: list
          elements: str
          sample: []
    attention:
      description: That nobody is logged in, as one sentence.
      returned: with O(homes), for a home without a login
      type: list
      elements: str
      sample: ["Nobody is logged in here. Deploy a login, or run `codex login`."]
    config:
      description: The C(config.toml), and what it means together with the configuration files of the host.
      returned: unless RV(homes[].failed)
      type: dict
      contains:
        path:
          description: The path of the C(config.toml).
          returned: success
          type: str
          sample: /home/alice/.codex/config.toml
        exists:
          description: Whether the file exists.
          returned: success
          type: bool
          sample: true
        valid:
          description: Whether the file is valid TOML. Also V(true) where there is no file.
          returned: success
          type: bool
          sample: true
        preferred_auth_method:
          description: The value of C(preferred_auth_method) in the file, or V(null).
          returned: when RV(homes[].config.valid=true)
          type: str
          sample: apikey
        forced_login_method:
          description:
            - The value of C(forced_login_method) that Codex uses, or V(null). C(managed_config.toml) of the host comes
              before the user's C(config.toml), and C(config.toml) of the host comes after it.
          returned: when RV(homes[].config.valid=true)
          type: str
          sample: api
        credentials_store:
          description:
            - The value of C(cli_auth_credentials_store) that Codex uses. Codex is only sure to read C(auth.json) with
              V(file).
          returned: when RV(homes[].config.valid=true)
          type: str
          sample: file
        problems:
          description:
            - What keeps Codex from starting, in any of the configuration files, as one sentence each. Without
              O(codex_version), only what keeps every version from starting is listed.
          returned: success
          type: list
          elements: str
          sample: []
        removed_keys:
          description:
            - Keys in the file that the version of Codex in O(codex_version) no longer acts on.
            - It is always empty without O(codex_version).
          returned: when RV(homes[].config.valid=true)
          type: list
          elements: str
          sample: [preferred_auth_method]
        host_files:
          description: The configuration files of the whole host that exist.
          returned: success
          type: list
          elements: str
          sample: [/etc/codex/config.toml]
    unsaved_logins:
      description:
        - Files C(.auth-…) that a killed Codex left behind. One of them may be the only copy of a renewed login.
          M(fleet.codex.codex_auth_fetch) brings it to the controller then.
      returned: unless RV(homes[].failed)
      type: list
      elements: dict
      contains:
        path:
          description: The path of the file.
          returned: success
          type: str
          sample: /home/alice/.codex/.auth-x1Y2z3
        login:
          description: The login in it, with the keys of RV(fleet.codex.codex_auth_file#module:login).
          returned: success
          type: dict
          sample: {method: chatgpt, last_refresh: "2026-11-23T17:11:08.120022000Z"}
    codex_version:
      description: The version that O(codex_version) gives or that was detected, or V(null).
      returned: unless RV(homes[].failed)
      type: str
      sample: 0.171.0
"""
