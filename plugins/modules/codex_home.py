# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_home
short_description: Manages the login, configuration and environment of Codex homes
description:
  - Puts the login (C(auth.json)), the configuration (C(config.toml)) and the environment variables of the Codex CLI
    in place, for any number of accounts of a host in one task.
  - A host where nothing has to change is looked at once and not written to. One where something has to change costs
    one execution more.
  - What an entry does not name is left as it is.
  - The homes are planned together. When one of them is refused, nothing is written for any of them.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
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
      - This is for O(homes[].auth.src).
options:
  homes:
    description:
      - The Codex homes, each with what it shall hold.
      - A Codex home can only be named once, also where another path leads to it through a link.
    type: list
    elements: dict
    required: true
    suboptions:
      user:
        description:
          - The account whose Codex home is meant.
          - Without it, that is the account the task runs as, so the one that C(become_user) names where the task uses
            become.
          - Naming another account needs root on the target (C(become=true)). All work on files is still done as that
            account.
        type: str
      codex_home:
        description:
          - The Codex home, as an absolute path.
          - Without it, that is C(.codex) in the home folder of the account. Where O(homes[].user) is not given
            either, E(CODEX_HOME) and E(HOME) in the C(environment) keyword of the task count before that.
          - Every folder on the way must belong to root or to the account, because the owner of a folder can exchange
            what is in it.
          - A folder that is missing is created with mode V(0700). Where the account itself cannot create it, root
            does, but only below folders that root alone can write.
          - Write the path out. V(~) is not expanded, and refused.
        type: str
      state:
        description:
          - V(absent) removes the C(auth.json) and everything that O(homes[].environment) put there. The
            C(config.toml), the sessions and the history stay, and O(homes[].config) is not looked at.
          - It never runs C(codex logout), which would revoke the login for every copy of it.
          - Where the C(auth.json) is a link, the link is removed, and the file that it leads to keeps the login.
        type: str
        choices: [present, absent]
        default: present
      codex_version:
        description:
          - The version of Codex that reads the files, such as V(0.169.0), or V(detect) to run the account's own
            C(codex --version) on the target.
          - It decides which login settings are written to C(config.toml), because not every version acts on them.
          - Quote a version of two numbers, such as V("0.34"). YAML takes it for a number otherwise.
        type: str
      auth:
        description:
          - The login. These are the options of M(fleet.codex.codex_auth_file).
        type: dict
        suboptions:
          api_key:
            description:
              - An OpenAI API key to log in with. One line end after it is dropped.
              - Exactly one of O(homes[].auth.api_key), O(homes[].auth.personal_access_token), O(homes[].auth.content)
                and O(homes[].auth.src) must be given, unless O(homes[].auth.state=absent).
            type: str
          personal_access_token:
            description:
              - A personal access token of a ChatGPT workspace to log in with. Codex 0.139 and later know this kind of
                login.
              - Older versions cannot read such an C(auth.json) at all.
            type: str
          content:
            description:
              - The content of an C(auth.json), as text or as a dictionary.
              - It must hold one login, an API key, ChatGPT tokens or a personal access token. ChatGPT tokens need
                their C(last_refresh), as Codex wrote it.
            type: raw
          src:
            description:
              - An C(auth.json) on the controller, plain or encrypted with Ansible Vault.
              - A relative path is looked for as M(ansible.builtin.copy) looks for its
                O(ansible.builtin.copy#module:src), so in C(files) beside the playbook or in the role first.
              - Its content has to be as O(homes[].auth.content) asks for.
            type: path
          update:
            description:
              - Whether an C(auth.json) that is there may be replaced by a login that differs.
              - V(if_newer) replaces an API key by another API key, and ChatGPT tokens by fresher tokens of the same
                account. It keeps tokens that are as fresh or fresher. What is another account or another kind of
                login is up to O(homes[].auth.on_account_mismatch). A file without a login is replaced, and so is one
                that mixes two logins, unless it has tokens of the given account that are as fresh or fresher. Such a
                one, one that Codex cannot read, or one with a kind of login that this collection does not deploy, is
                left alone and the task fails.
              - An API key beside ChatGPT tokens counts as a ChatGPT login where C(auth_mode) is C(chatgpt), else as a
                mixture.
              - V(always) replaces whatever login is there, another account's too. It also puts older tokens in place
                of newer ones, which usually ends a ChatGPT login, because each refresh token can be used once.
              - V(on_create) only writes where there is no C(auth.json).
              - The given ChatGPT login is also written where it is there without C(last_refresh), as it cannot work
                then.
              - A ChatGPT login without a refresh token never takes the place of one that has its own.
              - An empty file counts as none.
            type: str
            choices: [if_newer, always, on_create]
            default: if_newer
          on_account_mismatch:
            description:
              - What to do with O(homes[].auth.update=if_newer) when the target is logged in to another ChatGPT
                account, or with an API key where the task gives a ChatGPT login, or the other way round.
              - V(fail) fails and changes nothing. V(replace) replaces the login.
            type: str
            choices: [fail, replace]
            default: fail
          allow_shared_refresh_token:
            description:
              - Whether this ChatGPT login may go to other Codex homes in the same run, too.
              - A refresh token is good for one renewal, so the first home that renews the login ends it for the
                others. The task therefore fails where two hosts, or two homes of one host, would get the same refresh
                token, and writes nothing.
              - Each home goes by its own value of this option, whatever the others say.
              - A copy with an empty C(refresh_token) may go to any number of homes, and so may an API key.
            type: bool
            default: false
          state:
            description:
              - V(absent) removes the file on the target. It never runs C(codex logout), which would revoke the login
                for every copy of it.
              - Where the file is a link, the link is removed, and the file that it leads to keeps the login. Where it
                is a mount point of its own, it is emptied.
            type: str
            choices: [present, absent]
            default: present
          mode:
            description:
              - The permissions of the file, in octal and in quotes.
              - The file can hold secrets, so only permissions of its owner are accepted, such as V("0600") or
                V("0400").
              - Without it, a new file gets V(0600), and an existing one loses whatever goes beyond V(0600).
            type: raw
          backup:
            description:
              - Keep a copy of the file that is replaced or removed, beside it and with mode V(0600).
              - Its name ends in the time and a V(~). All copies stay unless O(homes[].auth.backup_keep) says how many.
            type: bool
            default: false
          backup_keep:
            description:
              - How many copies of the file stay when O(homes[].auth.backup=true) makes one. The oldest ones are
                removed, also those that other modules made under such names.
              - Without it, all stay.
            type: int
      config:
        description:
          - The configuration. These are the options of M(fleet.codex.codex_config).
        type: dict
        suboptions:
          layer:
            description:
              - Which of the files that Codex takes its configuration from.
              - V(user) is the C(config.toml) in the Codex home.
              - V(profile:NAME) is what C(codex --profile NAME) adds to it. Codex before 0.134 reads it from the table
                C(profiles.NAME) in C(config.toml), and later ones from C(NAME.config.toml) beside it, so
                O(homes[].codex_version) must be given.
              - V(system) is C(/etc/codex/config.toml), the host's defaults, which each account's own settings outrank
                (0.80 and later).
              - V(managed) is C(/etc/codex/managed_config.toml), which outranks what the accounts say (0.45 and later).
              - V(requirements) is C(/etc/codex/requirements.toml), the limits that an administrator sets (0.80 and
                later).
              - The last three are files of the whole host. They are written as root with mode V(0644), after the logins
                of all homes, and nothing that may be a secret goes into them. The task fails where one would make Codex
                delete the login of any account that has a C(~/.codex).
            type: str
            default: user
          preferred_auth_method:
            description:
              - Written as C(preferred_auth_method), the key with which Codex 0.23 to 0.34 choose between an API key
                and ChatGPT tokens.
              - With O(homes[].codex_version) it is left out, with a warning, for versions that do not act on it.
                Without O(homes[].codex_version) it is written, and the task warns when it is.
              - It also says which method O(homes[].config.enforce_login_method) enforces. In the layers V(system) and
                V(managed) it is given for that alone.
            type: str
            choices: [apikey, chatgpt]
          enforce_login_method:
            description:
              - Also write C(forced_login_method), which makes Codex 0.49 and later refuse the other kind of login. It
                is left out for a O(homes[].codex_version) before 0.49.
              - The method is O(homes[].config.preferred_auth_method), or else the one of the C(auth.json) beside the
                file. Without either the task fails.
              - The task also fails where the C(auth.json) holds the other kind of login, because Codex would delete
                it.
            type: bool
            default: false
          settings:
            description:
              - Settings to merge into the file. Tables are merged key by key, and any other value is replaced whole.
                Lists are, too, unless O(homes[].config.lists) says otherwise.
              - A string, a number, a boolean, a date, a date with a time, a list and a dictionary become what TOML has
                for them. V(null) is refused.
              - A value with which the Codex of O(homes[].codex_version) does not start is refused, and without
                O(homes[].codex_version) one with which no version does. So is a key with which it does not start any
                more, such as C(profile) in 0.134 and later.
              - A key that this version ignores is written, with a warning when it is.
            type: dict
            default: {}
          absent:
            description:
              - Keys to remove, each as the list of keys that leads to it from the top of the file, such as
                V([mcp_servers, old]).
              - A path that leads nowhere is no error. A path that O(homes[].config.settings) sets too is one.
              - A table that this empties stays where it has a header of its own, and goes where only its contents
                implied it.
            type: list
            elements: raw
            default: []
          lists:
            description:
              - How lists in O(homes[].config.settings) are brought into the file. A list that has no entry here is
                replaced whole.
              - With O(homes[].config.lists[].append), items that are not there yet are added at the end. Items are the
                same if their types are the same, too.
              - With O(homes[].config.lists[].match), a list of dictionaries is merged item by item. An item of
                O(homes[].config.settings) is merged into the one in the file that has the same value at this key, as
                tables are merged. Others are added at the end.
              - Items that O(homes[].config.settings) does not name stay as they are in both cases, with their comments
                and their order.
            type: list
            elements: dict
            default: []
            suboptions:
              path:
                description:
                  - The list, as the list of keys that leads to it from the top of the file.
                  - For a list within the items of another list, the keys of both one after the other.
                type: list
                elements: str
                required: true
              append:
                description:
                  - Add what is not there yet. Give either this or O(homes[].config.lists[].match).
                type: bool
                default: false
              match:
                description:
                  - The key that tells which item is which. Each item of this list in O(homes[].config.settings) must
                    have it, and no two the same value.
                type: str
          force:
            description:
              - Replace a file that is not valid TOML or not UTF-8 by a new one, which holds O(homes[].config.settings)
                alone. Without it such a file is not touched and the task fails.
              - Only together with O(homes[].config.backup=true), because everything in the old file goes.
              - A file that can be read is edited as ever.
            type: bool
            default: false
          drop_removed_keys:
            description:
              - Also remove the keys that the Codex of O(homes[].codex_version) once acted on and does not any more, in
                the same edit. Those are the ones in RV(homes[].config.removed_keys), with all that is below them.
              - A key stays where O(homes[].config.settings) sets it or something below it.
              - Tables go too, such as C(profiles) for 0.134 and later. Move what is still wanted first, or keep a copy
                with O(homes[].config.backup).
              - It needs O(homes[].codex_version), and without it the task fails.
            type: bool
            default: false
          secret_keys:
            description:
              - Paths of keys whose values C(--diff) hides, each with all that is below it, whatever they are called.
                Each is the list of keys that leads to it from the top of the file.
              - Many values are hidden without that, by the name of their key or of a table around it, and those of
                O(homes[].config.settings) that are encrypted inline with C(!vault).
              - It changes nothing in the file.
            type: list
            elements: raw
            default: []
          public_keys:
            description:
              - Paths of keys whose values C(--diff) shows, each with all that is below it, although their names sound
                like secrets.
              - They may also stand in a file of the whole host, which takes no value that may be a secret.
              - What O(homes[].config.secret_keys) hides cannot be shown, and such a path is refused. What is only
                below a path here can be in O(homes[].config.secret_keys).
            type: list
            elements: raw
            default: []
          state:
            description:
              - V(absent) removes the whole file, with what Codex and its user put there.
            type: str
            choices: [present, absent]
            default: present
          mode:
            description:
              - The permissions of the file, in octal and in quotes.
              - The file can hold secrets, so only permissions of its owner are accepted, such as V("0600") or
                V("0400").
              - Without it, a new file gets V(0600), and an existing one loses whatever goes beyond V(0600).
            type: raw
          backup:
            description:
              - Keep a copy of the file that is replaced or removed, beside it and with mode V(0600).
              - Its name ends in the time and a V(~). All copies stay unless O(homes[].config.backup_keep) says how
                many.
            type: bool
            default: false
          backup_keep:
            description:
              - How many copies of the file stay when O(homes[].config.backup=true) makes one. The oldest ones are
                removed, also those that other modules made under such names.
              - Without it, all stay.
            type: int
      environment:
        description:
          - The environment variables that the account's shells, its systemd user services and whoever reads the file
            get. Exactly these, so what an earlier run put there and is not named any more is removed. V({}) removes
            them all.
          - They are written to C(codex.env) in the Codex home, with mode V(0600). The start-up files of the shells,
            fish and C(environment.d) get one line, file or link that reads it.
          - E(CODEX_HOME) is added where the Codex home is not C(~/.codex) of the account, with V({}) too.
          - A value may hold letters, digits and C(_@%+=:,./-), since shells, systemd and Docker read anything else
            differently.
          - An account can have variables with one of its Codex homes only.
        type: dict
  verify:
    description:
      - Run the account's own C(codex login status) afterwards and fail where it does not see the login that
        O(homes[].auth) declares.
      - In check mode this is done where nothing would change.
      - It needs a C(codex) on the target and reaches out to no server, so it does not tell whether the login is still
        good.
    type: bool
    default: false
  restart_handlers:
    description:
      - Handlers to notify where a login was replaced by one of another account or kind, or was removed, while programs
        run that keep the old one, see RV(homes[].auth.restart_required). Those in C(notify) of the task are notified of
        every change.
    type: list
    elements: str
    default: []
seealso:
  - module: fleet.codex.codex_auth_file
    description: The login alone.
  - module: fleet.codex.codex_config
    description: The configuration alone.
  - module: fleet.codex.codex_info
  - module: fleet.codex.codex_api_key_info
  - ref: ansible_collections.fleet.codex.codex_role
    description: The role that does this from variables.
notes:
  - A C(config.toml) with which Codex would delete the C(auth.json) that will be there makes the task fail. That is one
    whose C(forced_login_method) or C(forced_chatgpt_workspace_id) does not go with the login.
  - The login is written before the configuration and the environment last. While things are removed it is the other
    way round.
  - Give each host and each account a ChatGPT login of its own. Two copies of one login use up each other's refresh
    tokens. Within one run of Ansible the module sees to that, see O(homes[].auth.allow_shared_refresh_token).
  - A running Codex keeps the login it started with. RV(homes[].auth.restart_required) tells when the account or the
    kind of login changed under one.
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Log alice in with an API key, choose her model and export the key
  fleet.codex.codex_home:
    homes:
      - user: alice
        auth:
          api_key: "{{ vault_openai_api_key }}"
        config:
          settings:
            model: gpt-5
        environment:
          OPENAI_API_KEY: "{{ vault_openai_api_key }}"
  become: true

- name: Three accounts and the defaults of the host in one task
  fleet.codex.codex_home:
    homes:
      - user: alice
        codex_version: "0.169.0"
        auth:
          api_key: "{{ vault_openai_api_key }}"
          mode: "0600"
        config:
          preferred_auth_method: apikey
          enforce_login_method: true
          drop_removed_keys: true
      - user: bob
        auth:
          src: "credentials/{{ inventory_hostname }}/bob/auth.json"
          update: if_newer
          on_account_mismatch: replace
          backup: true
          backup_keep: 3
        config:
          settings:
            model: gpt-5
            sandbox_workspace_write:
              writable_roots: [/srv/build]
            skills:
              config:
                - path: /srv/skills/deploy/SKILL.md
                  enabled: false
            projects:
              /srv/app:
                trust_level: trusted
          absent:
            - [mcp_servers, old]
          lists:
            - path: [sandbox_workspace_write, writable_roots]
              append: true
            - path: [skills, config]
              match: path
          force: true
          secret_keys:
            - [projects]
          public_keys:
            - [mcp_servers, docs, args]
          backup: true
          backup_keep: 3
          mode: "0600"
      - user: ci
        codex_home: /srv/codex/ci
        auth:
          content: "{{ vault_codex_auth_ci }}"
      - config:
          layer: system
          settings:
            cli_auth_credentials_store: file
  become: true

- name: Log the build account in with a personal access token
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci
        codex_version: "0.169.0"
        auth:
          personal_access_token: "{{ vault_codex_access_token }}"
          on_account_mismatch: replace
  become: true

- name: Put the login of ci into a second home, for work that is over before Codex renews it
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci-nightly
        auth:
          content: "{{ vault_codex_auth_ci }}"
          allow_shared_refresh_token: true
  become: true

- name: Ask the host's own Codex whether it sees the login
  fleet.codex.codex_home:
    homes:
      - user: alice
        codex_version: detect
        auth:
          api_key: "{{ vault_openai_api_key }}"
    verify: true
    restart_handlers: [Restart the Codex agent]
  become: true

- name: Take away the login of bob, and everything that was exported for bob
  fleet.codex.codex_home:
    homes:
      - user: bob
        state: absent
  become: true

- name: Remove the login and the configuration of ci, and keep the rest
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci
        auth:
          state: absent
        config:
          state: absent
  become: true
"""

RETURN = r"""
homes:
  description: What became of each home, in the order of O(homes).
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The account.
      returned: success
      type: str
      sample: alice
    codex_home:
      description: The Codex home.
      returned: success
      type: str
      sample: /home/alice/.codex
    changed:
      description: Whether anything of the home was, or in check mode would be, changed.
      returned: success
      type: bool
      sample: true
    auth:
      description: What became of the auth.json.
      returned: when O(homes[].auth) is given or O(homes[].state=absent)
      type: dict
      contains:
        changed:
          description: Whether it was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        path:
          description: The file.
          returned: success
          type: str
          sample: /home/alice/.codex/auth.json
        reason:
          description: Why the file was, or in check mode would be, replaced or not.
          returned: success
          type: str
          sample: There was no auth.json with a login.
        auth:
          description:
            - The login that is there afterwards, or in check mode would be. Never a secret.
            - The keys are those of RV(fleet.codex.codex_auth_file#module:auth).
          returned: success
          type: dict
          sample: {mode: apikey, fingerprint: 4064d5de0865b736}
        restart_required:
          description:
            - Whether programs of the account run that keep the login that was there before, since it was replaced by
              one of another account or kind, or removed.
            - V(null) in check mode where that would be looked at. Running programs are only seen on Linux.
          returned: success
          type: bool
          sample: false
        restart_reason:
          description: Why, as one sentence.
          returned: when RV(homes[].auth.restart_required=true)
          type: str
          sample: "These programs of alice run, and keep the login that they started with: codex (4711)."
        processes:
          description: The programs that are to be restarted.
          returned: when RV(homes[].auth.restart_required=true)
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
          returned: when a copy was asked for and a file was replaced or removed
          type: str
          sample: /home/alice/.codex/auth.json.18422.2026-11-23@17:11:08~
    config:
      description: What became of the C(config.toml), or of the file of another O(homes[].config.layer).
      returned: when O(homes[].config) is given and O(homes[].state=present)
      type: dict
      contains:
        changed:
          description: Whether it was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        path:
          description: The file.
          returned: success
          type: str
          sample: /home/alice/.codex/config.toml
        changes:
          description:
            - The keys that were, or in check mode would be, changed.
            - The keys of an element are those of RV(fleet.codex.codex_config#module:changes).
          returned: success
          type: list
          elements: dict
          sample: [{key: model, action: added}]
        removed_keys:
          description:
            - Keys in the file that the Codex of O(homes[].codex_version) once acted on and does not any more.
            - Those that O(homes[].config.drop_removed_keys) removes are in RV(homes[].config.changes) instead.
          returned: success
          type: list
          elements: str
          sample: []
        backup_file:
          description: The copy that was kept.
          returned: when a copy was asked for and a file was replaced or removed
          type: str
          sample: /home/alice/.codex/config.toml.18422.2026-11-23@17:11:08~
    environment:
      description: What became of the codex.env.
      returned: when O(homes[].environment) is given or O(homes[].state=absent)
      type: dict
      contains:
        changed:
          description: Whether it was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        path:
          description: The file.
          returned: success
          type: str
          sample: /home/alice/.codex/codex.env
        variables:
          description: The names of the variables that are set.
          returned: success
          type: list
          elements: str
          sample: [OPENAI_API_KEY]
    login_status:
      description: What the account's own C(codex login status) says.
      returned: when O(verify=true), except for a home that would change in check mode
      type: dict
      contains:
        codex:
          description: The program that was asked.
          returned: success
          type: str
          sample: /usr/local/bin/codex
        method:
          description: The login that it sees.
          returned: success
          type: str
          choices: [apikey, chatgpt, none, other, unreadable]
          sample: apikey
"""
