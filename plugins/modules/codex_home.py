# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_home
short_description: Manages the login, configuration and environment of Codex homes
description:
  - Deploys the login (C(auth.json)), the configuration (C(config.toml)) and the environment variables of the Codex CLI,
    for any number of users of a host in one task.
  - The module executes once on a host where nothing has to change, and writes nothing there. It executes twice where
    something has to change.
  - What an entry does not name stays as it is.
  - The homes of a host are planned together. One that is refused stays as it was, and the others go on. Where the task
    itself is wrong, such as with an unknown option, nothing is written for any of them.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home.container
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
      - This applies to O(homes[].auth.src).
options:
  homes:
    description:
      - The Codex homes, each with what it is to hold.
      - Each Codex home can be listed only once, also if a symbolic link gives it a second path.
    type: list
    elements: dict
    required: true
    suboptions:
      user:
        description:
          - The user that the Codex home belongs to.
          - Without this option, it is the user that the task runs as. With become, that is the one in C(become_user).
          - An empty or null value is refused, since it would mean another user. Any other option that is empty or null
            counts as not given, except for those that give a login or name a file, which are refused, too.
          - Naming another user needs root on the target (C(become=true)). The files are still read and written as that
            user.
          - On Windows, the name is one such as V(alice), V(DOMAIN\\alice) or V(alice@example.com), or a SID. The user
            must have a profile on the host, so must have logged on once. Naming another user needs an administrator
            there, whose rights are used.
        type: str
      codex_home:
        description:
          - The Codex home, as an absolute path. On Windows, it begins with a drive, as in V(C:\\codex-ci).
          - Without this option, it is C(.codex) in the home directory of the user. If O(homes[].user) is not given
            either, E(CODEX_HOME) and E(HOME) in the C(environment) keyword of the task take precedence, and in a
            container those that it runs with. On Windows, the home directory is the profile of the user, and E(HOME)
            has no effect.
          - Every folder on the path must belong to root or to the user, because the owner of a folder can replace what
            is in it. On Windows, nobody but the user, SYSTEM and Administrators may be able to rename or remove such a
            folder. A folder on another host is refused there.
          - A missing folder is created with mode V(0700). If the user cannot create it, root does, but only below
            folders that root alone can write to. On Windows, the user, SYSTEM and Administrators have full control of
            the folder, and nobody else has access.
          - Write the path out. V(~) is refused, because it is not expanded.
        type: str
      state:
        description:
          - V(absent) removes the C(auth.json) and everything that O(homes[].environment) put in place. The
            C(config.toml), the sessions and the history stay, and O(homes[].config) is ignored.
          - It never runs C(codex logout), which would revoke the login for every copy of it.
          - Where the C(auth.json) is a symbolic link, the link is removed, and the file that it points to keeps the
            login.
        type: str
        choices: [present, absent]
        default: present
      codex_version:
        description:
          - The version of Codex that reads the files, such as V(0.171.0), or V(detect) to run the user's own C(codex
            --version) on the target.
          - It decides which login settings are written to C(config.toml), and which logins, files and values are
            refused because this version cannot use them.
          - If V(detect) finds no C(codex), the task fails if O(homes[].config) is given. Otherwise it goes on as if
            O(homes[].codex_version) were not given.
          - On Windows, V(detect) is refused for another user than the one that the task runs as.
          - Quote a version of two numbers, such as V("0.34"). YAML reads it as a number otherwise.
        type: str
      auth:
        description:
          - The login. These are the options of M(fleet.codex.codex_auth_file).
        type: dict
        suboptions:
          api_key:
            description:
              - An OpenAI API key to log in with. One newline at its end is dropped.
              - Values that are plainly no key are refused, such as C(op://…), C(None), C(NAME=value) or a number.
              - Exactly one of O(homes[].auth.api_key), O(homes[].auth.personal_access_token), O(homes[].auth.content)
                and O(homes[].auth.src) must be given, unless O(homes[].auth.state=absent).
            type: str
          personal_access_token:
            description:
              - A personal access token of a ChatGPT workspace to log in with. It begins with C(at-).
              - Codex 0.139 and later read such a login. Older versions cannot read the C(auth.json) at all, so the task
                fails when O(homes[].codex_version) is one of them.
            type: str
          content:
            description:
              - The content of an C(auth.json), as text or as a dictionary.
              - It must hold exactly one login, which is an API key, ChatGPT tokens or a personal access token. ChatGPT
                tokens need their C(last_refresh), as Codex wrote it.
            type: raw
          src:
            description:
              - An C(auth.json) on the controller, plain or encrypted with Ansible Vault.
              - A relative path is searched for as M(ansible.builtin.copy) does it for its
                O(ansible.builtin.copy#module:src), so first in C(files) beside the playbook or in the role.
              - The requirements for O(homes[].auth.content) apply to the content of the file, too.
            type: path
          update:
            description:
              - When the given login replaces a different one in an existing C(auth.json).
              - With V(if_newer), an API key replaces another API key, a personal access token replaces another one, and
                ChatGPT tokens replace older tokens of the same account. Tokens that are newer or of the same age stay.
                O(homes[].auth.on_account_mismatch) decides about a login of another account or by another method.
              - V(if_newer) also replaces a file without a login, and one that mixes two logins. The task fails instead
                where such a mixture has tokens of the given account that are newer or of the same age, where Codex
                cannot read the file, and where it holds a kind of login that this collection does not deploy.
              - An API key beside ChatGPT tokens counts as a ChatGPT login where C(auth_mode) is C(chatgpt) or
                C(chatgptAuthTokens), and as a mixture otherwise.
              - With V(if_newer), a ChatGPT login that Codex cannot renew does not replace one of the same account that
                it can renew.
              - V(always) replaces any other login, also one of another account. It even puts older tokens in place of
                newer ones. That usually ends a ChatGPT login, because each refresh token can be used only once.
              - V(on_create) only writes where there is no C(auth.json). An empty file counts as none.
              - Whatever the value, a ChatGPT login is also written where the target has the same one without
                C(last_refresh), because Codex cannot use such a login.
            type: str
            choices: [if_newer, always, on_create]
            default: if_newer
          on_account_mismatch:
            description:
              - What O(homes[].auth.update=if_newer) does when the target is logged in to another ChatGPT account or by
                another method.
              - V(fail) fails and changes nothing. V(replace) replaces the login.
            type: str
            choices: [fail, replace]
            default: fail
          without_refresh_token:
            description:
              - Deploy a ChatGPT login without its refresh token, for homes that are not to renew it. It works until the
                access token expires, and one login can go to any number of homes like that. Deploy a new copy before
                then.
              - It has no effect on API keys and personal access tokens.
              - Such a copy does not replace a login of the same account that Codex can renew, unless
                O(homes[].auth.update=always).
            type: bool
            default: false
          allow_shared_refresh_token:
            description:
              - Whether this ChatGPT login may go to a Codex home although another home got it earlier in the same run.
              - A refresh token can be used for one renewal only, so the first home that renews the login ends it for
                the others. Therefore only the first home of a run gets the login. For every other home, on the same
                host or on another one, the task fails before anything is written there.
              - Each home goes by its own value. Set it for all homes that share the login.
              - Logins that Codex does not renew can go to any number of homes. These are API keys, personal access
                tokens, and ChatGPT tokens with an empty C(refresh_token) or with the C(auth_mode) C(chatgptAuthTokens).
            type: bool
            default: false
          allow_mounted_file:
            description:
              - Whether a ChatGPT login that Codex renews may be written to an C(auth.json) that is mounted into a
                container by itself.
              - Codex 0.167.2 and later cannot save the renewed login there, and lose it. The way is to mount the
                folder. So without this option the task fails before anything is written, unless
                O(homes[].codex_version) is an older version.
              - A login that is there already only gets a warning.
            type: bool
            default: false
          state:
            description:
              - V(absent) removes the file on the target. It never runs C(codex logout), which would revoke the login
                for every copy of it.
              - Where the file is a symbolic link, the link is removed, and the file that it points to keeps the login.
                A file that is a mount point of its own is emptied.
            type: str
            choices: [present, absent]
            default: present
          mode:
            description:
              - The permissions of the file, in octal and in quotes.
              - The file can hold secrets, so only permissions for its owner are accepted, such as V("0600") or
                V("0400").
              - Without this option, a new file gets V(0600), and an existing file loses all permissions beyond V(0600).
              - On Windows, this option has no effect. The user, SYSTEM and Administrators have full control of the file
                there, and nobody else has access.
            type: raw
          backup:
            description:
              - Keep a copy of a file that is replaced or removed, beside it and with mode V(0600), on Windows without
                access for other users.
              - The name of the copy ends in the time and a V(~), on Windows in the time and V(.bak). All copies stay
                unless O(homes[].auth.backup_keep) limits their number.
            type: bool
            default: false
          backup_keep:
            description:
              - How many copies of the file to keep when O(homes[].auth.backup=true) makes one. The oldest ones are
                removed, also those that other modules made under such names.
              - Without this option, all copies stay. It needs O(homes[].auth.backup=true), and must be 1 or more.
            type: int
      config:
        description:
          - The configuration. These are the options of M(fleet.codex.codex_config).
        type: dict
        suboptions:
          layer:
            description:
              - Which configuration file of Codex to manage.
              - V(user) is the C(config.toml) in the Codex home.
              - V(profile:NAME) is what C(codex --profile NAME) adds to it. Codex before 0.134 reads a profile from the
                table C(profiles.NAME) in C(config.toml), and later versions read it from C(NAME.config.toml) beside
                that file, so O(homes[].codex_version) must be given.
              - V(system) is C(/etc/codex/config.toml), the defaults of the host, which the settings of each user
                override (Codex 0.80 and later).
              - V(managed) is C(/etc/codex/managed_config.toml), which overrides the settings of the users (Codex 0.45
                and later).
              - V(requirements) is C(/etc/codex/requirements.toml), the limits that an administrator sets (Codex 0.80
                and later).
              - On Windows, V(system) and V(requirements) are in C(%ProgramData%\OpenAI\Codex) (Codex 0.101 and later),
                and V(managed) is C(managed_config.toml) in the Codex home (Codex 0.45 to 0.148). V(managed) needs
                O(homes[].codex_version) there.
              - The last three, on Windows V(system) and V(requirements), are files of the whole host. They are written
                as root with mode V(0644), on Windows by an administrator and readable for all users, after the logins
                of all homes, and values that may be secrets are refused in them. The task fails where such a file would
                make Codex delete the login of any user with a C(~/.codex).
            type: str
            default: user
          preferred_auth_method:
            description:
              - The value of C(preferred_auth_method), the key by which Codex 0.23 to 0.34 choose between an API key and
                ChatGPT tokens.
              - If O(homes[].codex_version) is a version that does not act on this key, it is left out, with a warning
                unless O(homes[].config.enforce_login_method) takes its place. Without O(homes[].codex_version), the
                task warns when it writes the key.
              - It also chooses the method for O(homes[].config.enforce_login_method). In the layers V(system) and
                V(managed) that is its only use.
            type: str
            choices: [apikey, chatgpt]
          enforce_login_method:
            description:
              - Also write C(forced_login_method), which makes Codex 0.49 and later refuse all other methods of login.
                It is left out if O(homes[].codex_version) is before 0.49.
              - The method is O(homes[].config.preferred_auth_method), or else the one of the C(auth.json) in the Codex
                home. The task fails where there is neither.
              - The task also fails where the C(auth.json) holds a login by another method, because Codex would delete
                it.
            type: bool
            default: false
          force_method:
            description:
              - The method of login that Codex is to use. It sets and removes C(preferred_auth_method) and
                C(forced_login_method) so that the file has only the one that the Codex of O(homes[].codex_version) acts
                on. That also starts with C(--strict-config).
              - V(apikey) and V(chatgpt) set C(preferred_auth_method) for 0.23 to 0.34, and C(forced_login_method) for
                0.49 and later. The other key is removed. For all other versions, both are removed, with a warning. They
                need O(homes[].codex_version).
              - V(none) removes both keys.
              - V(follow) has the keys that are in the file name the method of the login that will be there, and adds
                C(preferred_auth_method) for 0.23 to 0.34. One that O(homes[].config.settings) or
                O(homes[].config.absent) names is left to them.
              - It is for the layer V(user) alone. Where Codex would delete the login because of the keys, the task
                fails.
            type: str
            choices: [apikey, chatgpt, none, follow]
          settings:
            description:
              - Settings to merge into the file. Tables are merged key by key, and all other values are replaced as a
                whole. That includes lists, unless O(homes[].config.lists) has an entry for them.
              - Strings, numbers, booleans, dates, dates with a time, lists and dictionaries are written as their TOML
                types. V(null) is refused. To remove a key, use O(homes[].config.absent).
              - A key at the top with a dot in its name is refused, because Codex has no such key. Write a table as a
                nested dictionary.
              - With O(homes[].codex_version), a key or a value that keeps that version of Codex from starting is
                refused, such as C(profile) in 0.134 and later. Without it, only a value that keeps every version from
                starting is refused.
              - With O(homes[].codex_version), the task warns when it writes a key that this version ignores.
            type: dict
            default: {}
          absent:
            description:
              - Keys to remove, each as the list of keys that leads to it from the top of the file, such as
                V([mcp_servers, old]).
              - A path that does not exist in the file is ignored. A path that O(homes[].config.settings) sets is
                refused, and so is one that consists of a single key with a dot in its name.
              - A table that becomes empty stays if it has a header of its own, and goes if only its contents implied
                it.
            type: list
            elements: raw
            default: []
          lists:
            description:
              - How lists in O(homes[].config.settings) are merged into the file. A list without an entry here is
                replaced as a whole.
              - With O(homes[].config.lists[].append), items that are not in the list yet are added at its end. Items
                are only the same if their types are the same, too.
              - With O(homes[].config.lists[].match), a list of dictionaries is merged item by item. An item of
                O(homes[].config.settings) is merged into the item of the file that has the same value at this key, as
                tables are merged. All others are added at the end.
              - In both cases, items that O(homes[].config.settings) does not have stay as they are, with their comments
                and in their order.
            type: list
            elements: dict
            default: []
            suboptions:
              path:
                description:
                  - The list, as the list of keys that leads to it from the top of the file.
                  - For a list inside the items of another list, give the keys of both lists, one after the other.
                type: list
                elements: str
                required: true
              append:
                description:
                  - Add the items that are not there yet. Give either this option or O(homes[].config.lists[].match).
                type: bool
                default: false
              match:
                description:
                  - The key that identifies an item. Each item of this list in O(homes[].config.settings) must have it,
                    and no two items may have the same value.
                type: str
          force:
            description:
              - Replace a file that is not valid TOML or not UTF-8 by a new one, which holds O(homes[].config.settings)
                alone. Without this option, such a file is left alone and the task fails.
              - It needs O(homes[].config.backup=true), because everything in the old file is lost.
              - A file that can be read is edited as usual.
            type: bool
            default: false
          drop_removed_keys:
            description:
              - In the same edit, also remove the keys that the version of Codex in O(homes[].codex_version) no longer
                acts on, with everything below them. These are the keys that RV(homes[].config.removed_keys) lists
                without this option.
              - A key stays if O(homes[].config.settings) sets it or something below it.
              - Whole tables are removed, too, such as C(profiles) for 0.134 and later. Move what you still need first,
                or keep a copy with O(homes[].config.backup).
              - It needs O(homes[].codex_version).
            type: bool
            default: false
          secret_keys:
            description:
              - Keys whose values C(--diff) hides, with everything below them and whatever their names are. Each is the
                list of keys that leads to it from the top of the file.
              - Many values are hidden without this option, because of the name of their key or of a table around it. So
                are values of O(homes[].config.settings) that are encrypted inline with C(!vault).
              - A path that consists of a single key with a dot in its name is refused.
              - The option does not change the file.
            type: list
            elements: raw
            default: []
          public_keys:
            description:
              - Keys whose values C(--diff) shows, with everything below them, although their names look like those of
                secrets. Each is the list of keys that leads to it from the top of the file.
              - Such values are also accepted in a file of the whole host, where values that may be secrets are refused.
              - A path that O(homes[].config.secret_keys) hides is refused here. The other way round,
                O(homes[].config.secret_keys) can hide a path below one of these.
              - A path that consists of a single key with a dot in its name is refused.
            type: list
            elements: raw
            default: []
          state:
            description:
              - V(absent) removes the whole file, with everything that Codex and its user wrote to it. Of a profile that
                is a table in C(config.toml), it removes the table.
            type: str
            choices: [present, absent]
            default: present
          mode:
            description:
              - The permissions of the file, in octal and in quotes.
              - The file can hold secrets, so only permissions for its owner are accepted, such as V("0600") or
                V("0400").
              - Without this option, a new file gets V(0600), and an existing file loses all permissions beyond V(0600).
              - A file of the whole host is different. It must be readable for all users, so only V("0644") and
                V("0444") are accepted, and a new file gets V(0644).
              - On Windows, this option has no effect. The user, SYSTEM and Administrators have full control of the file
                there, and nobody else has access. All users can read a file of the whole host.
            type: raw
          backup:
            description:
              - Keep a copy of a file that is replaced or removed, beside it and with mode V(0600), on Windows without
                access for other users.
              - The name of the copy ends in the time and a V(~), on Windows in the time and V(.bak). All copies stay
                unless O(homes[].config.backup_keep) limits their number.
            type: bool
            default: false
          backup_keep:
            description:
              - How many copies of the file to keep when O(homes[].config.backup=true) makes one. The oldest ones are
                removed, also those that other modules made under such names.
              - Without this option, all copies stay. It needs O(homes[].config.backup=true), and must be 1 or more.
            type: int
      environment:
        description:
          - Environment variables for the user's shells and systemd user services, and for other programs that read the
            file.
          - They replace all variables that an earlier run set. V({}) removes them all.
          - They are written to C(codex.env) in the Codex home, with mode V(0600). The start-up files of the shells get
            a line that reads it, fish gets a file, and C(environment.d) gets a link.
          - On Windows, they are written to C(codex.env), too, from which nothing reads them, and to the registry, as
            O(homes[].environment_level) says. A variable there that somebody gave another value since then is left
            alone. Programs and sessions that are open do not see the change, and the task warns of that.
          - E(CODEX_HOME) is added where the Codex home is not C(~/.codex) of the user, also with V({}).
          - A value may hold letters, digits and C(_@%+=:,./-), because shells, systemd and Docker read other characters
            differently. The same values are accepted on Windows.
          - Only one of the Codex homes of a user can have variables.
          - C(--diff) shows the values, except for those that sound like secrets by their names, were encrypted inline
            with Ansible Vault, or are the key of the login.
          - A shell file that is a link to where the user cannot write is left alone, with a warning. The task also
            warns where the shell of the user, such as tcsh, reads none of these files.
        type: dict
      environment_level:
        description:
          - On Windows, whether the variables of O(homes[].environment) are the user's own (V(user)) or those of all
            users (V(machine)), which every user can read. V(machine) needs an administrator, and includes
            E(CODEX_HOME) where that is added.
          - To remove variables that V(machine) has set, leave it at V(machine).
          - On other systems, only V(user) is accepted.
        type: str
        choices: [user, machine]
        default: user
  verify:
    description:
      - Run the user's own C(codex login status) afterwards, and fail where it does not see the login that
        O(homes[].auth) declares.
      - In check mode, this is only done where nothing would change.
      - It needs a C(codex) on the target. Codex asks no server, except about a personal access token, so this does not
        show whether a login is still valid.
      - On Windows, it is refused for another user than the one that the task runs as.
    type: bool
    default: false
  migrate_to:
    description:
      - Moves the homes to logins of this method, from API keys to ChatGPT or back. The playbook C(fleet.codex.migrate)
        does the same with the variables of the role.
      - It first looks at all homes. If a user has no C(codex), or one before 0.20.0, the task fails and changes
        nothing.
      - Then each home gets the login of the method that O(homes[].auth) gives, also in place of one of the other method
        or of another account. A newer ChatGPT login of the same account stays. What O(homes[].auth) gives for the other
        method is passed over. O(homes[].config.force_method) is V(follow).
      - With V(chatgpt), E(OPENAI_API_KEY) and E(CODEX_API_KEY) in O(homes[].environment) are removed.
      - With V(chatgpt), if no login is given for a home that has no ChatGPT login, nothing is changed, and RV(sign_in)
        has the homes for M(fleet.codex.codex_remote_login).
      - Homes with O(homes[].state=absent) are passed over.
    type: str
    choices: [apikey, chatgpt]
  migrate_backup:
    description: Whether O(migrate_to) keeps a copy of each file that is replaced, as O(homes[].auth.backup) does.
    type: bool
    default: true
  restart_handlers:
    description:
      - Handlers to notify when a login was replaced by another one or removed while programs are running that keep it,
        see RV(homes[].auth.restart_required), or when a variable was changed from which a model provider takes its key,
        see RV(homes[].environment.restart_required). Handlers in C(notify) of the task are notified of every change.
      - Ansible notifies no handler of a task that failed. If a home fails, the message names the users whose programs
        are to be restarted.
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
  - name: The role fleet.codex.codex
    description: Does this from variables.
    link: https://github.com/fleet-codex/fleet.codex/blob/main/roles/codex/README.md
notes:
  - The task fails when a configuration file would make Codex delete the C(auth.json), because its
    C(forced_login_method) or C(forced_chatgpt_workspace_id) does not match the login.
  - The login is written first, then the configuration, and the environment last. The order is reversed where a login is
    removed.
  - Give each user on each host a ChatGPT login of its own. Two copies of one login use up each other's refresh tokens.
    Within one run of Ansible the module prevents that, see O(homes[].auth.allow_shared_refresh_token).
  - A running Codex keeps the login that it started with. RV(homes[].auth.restart_required) says whether such programs
    keep a login that was replaced or removed.
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

- name: Manage three users and the defaults of the host in one task
  fleet.codex.codex_home:
    homes:
      - user: alice
        codex_version: "0.171.0"
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
          force_method: follow
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

- name: Log the build user in with a personal access token
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci
        codex_version: "0.171.0"
        auth:
          personal_access_token: "{{ vault_codex_access_token }}"
          on_account_mismatch: replace
  become: true

- name: Put the login of ci into a second home, for work that ends before Codex renews the login
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci-nightly
        auth:
          content: "{{ vault_codex_auth_ci }}"
          allow_shared_refresh_token: true
          allow_mounted_file: true
  become: true

- name: Give a runner an access token that lasts for some days
  fleet.codex.codex_home:
    homes:
      - user: ci
        codex_home: /srv/codex/ci-runner
        auth:
          content: "{{ vault_codex_auth_ci }}"
          without_refresh_token: true
  become: true

- name: Ask the Codex on the host whether it sees the login
  fleet.codex.codex_home:
    homes:
      - user: alice
        codex_version: detect
        auth:
          api_key: "{{ vault_openai_api_key }}"
    verify: true
    restart_handlers: [Restart the Codex agent]
  become: true

- name: Remove the login of bob and all environment variables of bob
  fleet.codex.codex_home:
    homes:
      - user: bob
        state: absent
  become: true

- name: Move alice from an API key to ChatGPT, and keep no copy of the key
  fleet.codex.codex_home:
    migrate_to: chatgpt
    migrate_backup: false
    homes:
      - user: alice
        auth:
          src: "credentials/{{ inventory_hostname }}/alice/auth.json"
        environment: {}
  become: true

- name: Log the build agent of a Windows host in, and set the proxy for all users of the host
  fleet.codex.codex_home:
    homes:
      - user: build
        auth:
          api_key: "{{ vault_openai_api_key }}"
        environment:
          HTTPS_PROXY: http://proxy.example.com:3128
        environment_level: machine
  when: "'windows' in group_names"

- name: Log the user of a container in, from the container's host
  fleet.codex.codex_home:
    container:
      name: agent
      engine: docker
      user: "1000"
    homes:
      - auth:
          api_key: "{{ vault_openai_api_key }}"
  become: true
  when: "'docker_hosts' in group_names"

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
sign_in:
  description:
    - The homes for which somebody has to sign in before O(migrate_to=chatgpt) can do its work. Nothing was changed
      then.
  returned: with O(migrate_to=chatgpt), if there is such a home
  type: list
  elements: dict
  sample: [{user: alice}]
homes:
  description: The result for each home, in the order of O(homes).
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The user.
      returned: success
      type: str
      sample: alice
    codex_home:
      description: The Codex home.
      returned: success
      type: str
      sample: /home/alice/.codex
    changed:
      description: Whether anything in the home was, or in check mode would be, changed.
      returned: success
      type: bool
      sample: true
    failed:
      description:
        - Whether the home was refused, or the work on it failed. The other homes go on, and the task fails in the end.
        - Files of the whole host are only written if no home fails.
      returned: when it failed
      type: bool
      sample: true
    msg:
      description: Why, as one sentence.
      returned: when RV(homes[].failed=true)
      type: str
      sample: There is no user carol on this host. Create the user first, or correct the name.
    attention:
      description: What O(migrate_to) leaves for a person to do, as one sentence each.
      returned: with O(migrate_to)
      type: list
      elements: str
      sample: []
    login:
      description: The login that the home has, with the keys of RV(fleet.codex.codex_auth_file#module:login).
      returned: with O(migrate_to), where no login is given for the home
      type: dict
      sample: {method: chatgpt}
    auth:
      description: The result for the C(auth.json).
      returned: when O(homes[].auth) is given or O(homes[].state=absent)
      type: dict
      contains:
        changed:
          description: Whether the file was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        path:
          description: The path of the file.
          returned: success
          type: str
          sample: /home/alice/.codex/auth.json
        reason:
          description: Why the file was, or in check mode would be, written, removed or kept.
          returned: success
          type: str
          sample: There was no auth.json with a login.
        login:
          description:
            - The login that the file holds afterwards, or in check mode would hold. It never contains a secret.
            - The keys are those of RV(fleet.codex.codex_auth_file#module:login).
          returned: success
          type: dict
          sample: {method: apikey, fingerprint: 4064d5de0865b736}
        restart_required:
          description:
            - Whether programs of the user are running that keep a login that was replaced by another one or removed.
              Newer tokens of the same ChatGPT account are not another login.
            - V(null) in check mode where the task would look for such programs. They are only found on Linux and on
              Windows.
          returned: success
          type: bool
          sample: false
        restart_reason:
          description: Why, as one sentence.
          returned: when RV(homes[].auth.restart_required=true)
          type: str
          sample: "These programs of alice are running and keep the login that they started with: codex (4711)."
        processes:
          description: The programs to restart.
          returned: when RV(homes[].auth.restart_required=true)
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
          returned: when O(homes[].auth.backup=true) and a file was replaced or removed
          type: str
          sample: /home/alice/.codex/auth.json.18422.2026-11-23@17:11:08~
    config:
      description: The result for the C(config.toml), or for the file of another O(homes[].config.layer).
      returned: when O(homes[].config) is given and O(homes[].state=present)
      type: dict
      contains:
        changed:
          description: Whether the file was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        path:
          description: The path of the file.
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
            - Keys in the file that the version of Codex in O(homes[].codex_version) no longer acts on.
            - Those that O(homes[].config.drop_removed_keys) removes are in RV(homes[].config.changes) instead.
          returned: success
          type: list
          elements: str
          sample: []
        problems:
          description: Why O(homes[].config.force_method) chose no method, as one sentence.
          returned: where the version of Codex has no key for it
          type: list
          elements: str
          sample: []
        backup_file:
          description: The copy of the old file.
          returned: when O(homes[].config.backup=true) and a file was replaced or removed
          type: str
          sample: /home/alice/.codex/config.toml.18422.2026-11-23@17:11:08~
    environment:
      description: The result for the C(codex.env) and the files that read it.
      returned: when O(homes[].environment) is given or O(homes[].state=absent)
      type: dict
      contains:
        changed:
          description: Whether any of these files was, or in check mode would be, changed.
          returned: success
          type: bool
          sample: true
        restart_required:
          description:
            - Whether programs of the user are running that keep the old value of a variable that the C(env_key) of a
              model provider names. RV(homes[].environment.restart_reason) and RV(homes[].environment.processes) are as
              for RV(homes[].auth).
            - V(null) in check mode where the task would look for such programs.
          returned: success
          type: bool
          sample: false
        restart_reason:
          description: Why, as one sentence.
          returned: when RV(homes[].environment.restart_required=true)
          type: str
          sample: "These programs of alice are running and keep the variables that they started with: codex (4711)."
        processes:
          description: The programs to restart, as in RV(homes[].auth.processes).
          returned: when RV(homes[].environment.restart_required=true)
          type: list
          elements: dict
          sample: [{pid: 4711, name: codex}]
        path:
          description: The path of the C(codex.env).
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
      description: What the user's own C(codex login status) says.
      returned: when O(verify=true), except in check mode for a home that would change
      type: dict
      contains:
        codex:
          description: The path of the C(codex) that was run.
          returned: success
          type: str
          sample: /usr/local/bin/codex
        method:
          description: The method of the login that it sees.
          returned: success
          type: str
          choices: [apikey, chatgpt, personal_access_token, none, other, unreadable]
          sample: apikey
"""
