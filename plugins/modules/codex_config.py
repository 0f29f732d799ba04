# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_config
short_description: Manages settings in the config.toml of a Codex home
description:
  - Merges settings into the C(config.toml) of the Codex CLI and removes keys from it. O(layer) chooses another one of
    the files that Codex takes its configuration from.
  - Comments, order and all other settings stay as they are, also those that Codex writes itself, such as trusted
    projects.
  - Each edit is verified before it is written. The new text must hold the old data plus exactly the change, and every
    other line must be as it was. The task fails otherwise.
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
options:
  layer:
    description:
      - Which configuration file of Codex to manage.
      - V(user) is the C(config.toml) in the Codex home.
      - V(profile:NAME) is what C(codex --profile NAME) adds to it. Codex before 0.134 reads a profile from the table
        C(profiles.NAME) in C(config.toml), and later versions read it from C(NAME.config.toml) beside that file, so
        O(codex_version) must be given.
      - V(system) is C(/etc/codex/config.toml), the defaults of the host, which the settings of each user override
        (Codex 0.80 and later).
      - V(managed) is C(/etc/codex/managed_config.toml), which overrides the settings of the users (Codex 0.45 and
        later).
      - V(requirements) is C(/etc/codex/requirements.toml), the limits that an administrator sets (Codex 0.80 and
        later).
      - On Windows, V(system) and V(requirements) are in C(%ProgramData%\OpenAI\Codex) (Codex 0.101 and later), and
        V(managed) is C(managed_config.toml) in the Codex home (Codex 0.45 to 0.148). V(managed) needs O(codex_version)
        there.
      - The last three, on Windows V(system) and V(requirements), are files of the whole host. They are written as root
        with mode V(0644), on Windows by an administrator and readable for all users, and values that may be secrets are
        refused in them. The task fails where such a file would make Codex delete the login of any user with a
        C(~/.codex).
    type: str
    default: user
  preferred_auth_method:
    description:
      - The value of C(preferred_auth_method), the key by which Codex 0.23 to 0.34 choose between an API key and ChatGPT
        tokens.
      - If O(codex_version) is a version that does not act on this key, it is left out, with a warning unless
        O(enforce_login_method) takes its place. Without O(codex_version), the task warns when it writes the key.
      - It also chooses the method for O(enforce_login_method). In the layers V(system) and V(managed) that is its only
        use.
    type: str
    choices: [apikey, chatgpt]
  enforce_login_method:
    description:
      - Also write C(forced_login_method), which makes Codex 0.49 and later refuse all other methods of login. It is
        left out if O(codex_version) is before 0.49.
      - The method is O(preferred_auth_method), or else the one of the C(auth.json) in the Codex home. The task fails
        where there is neither.
      - The task also fails where the C(auth.json) holds a login by another method, because Codex would delete it.
    type: bool
    default: false
  force_method:
    description:
      - The method of login that Codex is to use. It sets and removes C(preferred_auth_method) and
        C(forced_login_method) so that the file has only the one that the Codex of O(codex_version) acts on. That also
        starts with C(--strict-config).
      - V(apikey) and V(chatgpt) set C(preferred_auth_method) for 0.23 to 0.34, and C(forced_login_method) for 0.49 and
        later. The other key is removed. For all other versions, both are removed, with a warning. They need
        O(codex_version).
      - V(none) removes both keys.
      - V(follow) has the keys that are in the file name the method of the login that will be there, and adds
        C(preferred_auth_method) for 0.23 to 0.34. One that O(settings) or O(absent) names is left to them.
      - It is for the layer V(user) alone. Where Codex would delete the login because of the keys, the task fails.
    type: str
    choices: [apikey, chatgpt, none, follow]
  settings:
    description:
      - Settings to merge into the file. Tables are merged key by key, and all other values are replaced as a whole.
        That includes lists, unless O(lists) has an entry for them.
      - Strings, numbers, booleans, dates, dates with a time, lists and dictionaries are written as their TOML types.
        V(null) is refused. To remove a key, use O(absent).
      - A key at the top with a dot in its name is refused, because Codex has no such key. Write a table as a nested
        dictionary.
      - With O(codex_version), a key or a value that keeps that version of Codex from starting is refused, such as
        C(profile) in 0.134 and later. Without it, only a value that keeps every version from starting is refused.
      - With O(codex_version), the task warns when it writes a key that this version ignores.
    type: dict
    default: {}
  absent:
    description:
      - Keys to remove, each as the list of keys that leads to it from the top of the file, such as
        V([mcp_servers, old]).
      - A path that does not exist in the file is ignored. A path that O(settings) sets is refused, and so is one that
        consists of a single key with a dot in its name.
      - A table that becomes empty stays if it has a header of its own, and goes if only its contents implied it.
    type: list
    elements: raw
    default: []
  lists:
    description:
      - How lists in O(settings) are merged into the file. A list without an entry here is replaced as a whole.
      - With O(lists[].append), items that are not in the list yet are added at its end. Items are only the same if
        their types are the same, too.
      - With O(lists[].match), a list of dictionaries is merged item by item. An item of O(settings) is merged into the
        item of the file that has the same value at this key, as tables are merged. All others are added at the end.
      - In both cases, items that O(settings) does not have stay as they are, with their comments and in their order.
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
          - Add the items that are not there yet. Give either this option or O(lists[].match).
        type: bool
        default: false
      match:
        description:
          - The key that identifies an item. Each item of this list in O(settings) must have it, and no two items may
            have the same value.
        type: str
  force:
    description:
      - Replace a file that is not valid TOML or not UTF-8 by a new one, which holds O(settings) alone. Without this
        option, such a file is left alone and the task fails.
      - It needs O(backup=true), because everything in the old file is lost.
      - A file that can be read is edited as usual.
    type: bool
    default: false
  drop_removed_keys:
    description:
      - In the same edit, also remove the keys that the version of Codex in O(codex_version) no longer acts on, with
        everything below them. These are the keys that RV(removed_keys) lists without this option.
      - A key stays if O(settings) sets it or something below it.
      - Whole tables are removed, too, such as C(profiles) for 0.134 and later. Move what you still need first, or keep
        a copy with O(backup).
      - It needs O(codex_version).
    type: bool
    default: false
  secret_keys:
    description:
      - Keys whose values C(--diff) hides, with everything below them and whatever their names are. Each is the list of
        keys that leads to it from the top of the file.
      - Many values are hidden without this option, because of the name of their key or of a table around it. So are
        values of O(settings) that are encrypted inline with C(!vault).
      - A path that consists of a single key with a dot in its name is refused.
      - The option does not change the file.
    type: list
    elements: raw
    default: []
  public_keys:
    description:
      - Keys whose values C(--diff) shows, with everything below them, although their names look like those of secrets.
        Each is the list of keys that leads to it from the top of the file.
      - Such values are also accepted in a file of the whole host, where values that may be secrets are refused.
      - A path that O(secret_keys) hides is refused here. The other way round, O(secret_keys) can hide a path below one
        of these.
      - A path that consists of a single key with a dot in its name is refused.
    type: list
    elements: raw
    default: []
  state:
    description:
      - V(absent) removes the whole file, with everything that Codex and its user wrote to it. Of a profile that is a
        table in C(config.toml), it removes the table.
    type: str
    choices: [present, absent]
    default: present
  mode:
    description:
      - The permissions of the file, in octal and in quotes.
      - The file can hold secrets, so only permissions for its owner are accepted, such as V("0600") or V("0400").
      - Without this option, a new file gets V(0600), and an existing file loses all permissions beyond V(0600).
      - A file of the whole host is different. It must be readable for all users, so only V("0644") and V("0444") are
        accepted, and a new file gets V(0644).
      - On Windows, this option has no effect. The user, SYSTEM and Administrators have full control of the file there,
        and nobody else has access. All users can read a file of the whole host.
seealso:
  - module: fleet.codex.codex_home
    description: Login, configuration and environment of any number of users in one task.
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_info
notes:
  - A file that is not valid TOML is left alone, and the task fails and names the line and the column. See O(force).
  - Each line keeps its line ending. New lines get CRLF only where the whole file has CRLF. A file without a newline at
    its end stays without one.
  - A file because of which Codex would delete an C(auth.json) is not written, and the task fails. In such a file
    C(forced_login_method) or C(forced_chatgpt_workspace_id) does not match the login, or does not allow
    C(CODEX_API_KEY) or C(CODEX_ACCESS_TOKEN) that C(codex.env), C(/etc/environment) or the registry of Windows sets.
    All configuration files count together, also those of profiles and of the whole host.
  - Settings for which C(managed_config.toml) has other values are written, and the task warns that Codex uses the
    others.
  - C(--diff) shows the settings that change. Values of keys whose names sound like secrets, and everything in tables
    such as C(env) and C(http_headers), are hidden. O(secret_keys) and O(public_keys) change that.
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Set the model of alice, trust a project, and remove an MCP server
  fleet.codex.codex_config:
    user: alice
    settings:
      model: gpt-5
      projects:
        /srv/app:
          trust_level: trusted
    absent:
      - [mcp_servers, old]
    backup: true
    backup_keep: 3
  become: true

- name: Make an older Codex use the API key
  fleet.codex.codex_config:
    user: alice
    codex_version: "0.34.0"
    preferred_auth_method: apikey
  become: true

- name: Make a newer Codex refuse all logins but an API key
  fleet.codex.codex_config:
    user: ci
    codex_home: /srv/codex/ci
    codex_version: "0.171.0"
    preferred_auth_method: apikey
    enforce_login_method: true
    mode: "0600"
  become: true

- name: Have Codex use the ChatGPT login, with the key that its version knows
  fleet.codex.codex_config:
    user: alice
    codex_version: detect
    force_method: chatgpt
  become: true

- name: Add two MCP servers, hide the URL of one in the diff, and show the arguments of the other
  fleet.codex.codex_config:
    user: alice
    settings:
      mcp_servers:
        docs:
          command: docs-server
          args: [--stdio]
        search:
          url: https://mcp.example.com/alice
    secret_keys:
      - [mcp_servers, search, url]
    public_keys:
      - [mcp_servers, docs, args]
  become: true

- name: Remove the keys that a newer Codex no longer reads
  fleet.codex.codex_config:
    user: alice
    codex_version: "0.171.0"
    drop_removed_keys: true
    backup: true
  become: true

- name: Give a profile a model of its own, for codex --profile review
  fleet.codex.codex_config:
    user: alice
    layer: profile:review
    codex_version: "0.171.0"
    settings: {model: gpt-5-mini}
  become: true

- name: Set defaults for all users of the host
  fleet.codex.codex_config:
    layer: system
    settings:
      model: gpt-5
      cli_auth_credentials_store: file
  become: true

- name: Allow all users of the host to log in with an API key only
  fleet.codex.codex_config:
    layer: managed
    settings:
      forced_login_method: api
  become: true

- name: Add a folder that Codex may write to, switch one skill off, and keep all other items of both lists
  fleet.codex.codex_config:
    user: alice
    settings:
      sandbox_workspace_write:
        writable_roots: [/srv/build]
      skills:
        config:
          - path: /srv/skills/deploy/SKILL.md
            enabled: false
    lists:
      - path: [sandbox_workspace_write, writable_roots]
        append: true
      - path: [skills, config]
        match: path
  become: true

- name: Override the settings of a user of a Windows host, for a Codex before 0.149
  fleet.codex.codex_config:
    user: alice
    layer: managed
    codex_version: "0.148.0"
    settings: {model: gpt-5}
  when: "'windows' in group_names"

- name: Set the model for the user of a container, from the container's host
  fleet.codex.codex_config:
    container:
      name: agent
      engine: docker
      user: "1000"
    settings:
      model: gpt-5
  become: true
  when: "'docker_hosts' in group_names"

- name: Write a configuration, even if the old one is not valid TOML any more
  fleet.codex.codex_config:
    user: bob
    settings:
      model: gpt-5
    force: true
    backup: true
  become: true

- name: Remove the configuration
  fleet.codex.codex_config:
    user: bob
    state: absent
    backup: true
  become: true
"""

RETURN = r"""
path:
  description: The path of the C(config.toml), or of the file of another O(layer).
  returned: success
  type: str
  sample: /home/alice/.codex/config.toml
codex_home:
  description: The Codex home.
  returned: success
  type: str
  sample: /home/alice/.codex
changes:
  description: The keys that were, or in check mode would be, changed. Empty where the whole file is removed.
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description:
        - The path of the key, as TOML writes it. A new table is listed as one key.
        - The position of an item in a list is in brackets, from 0, such as C(skills.config[1].enabled).
      returned: success
      type: str
      sample: projects."/srv/app".trust_level
    action:
      description: How the key changes.
      returned: success
      type: str
      choices: [added, changed, removed]
      sample: added
removed_keys:
  description:
    - Keys in the file that the version of Codex in O(codex_version) no longer acts on, as TOML writes their paths.
      Those that O(drop_removed_keys) removes are in RV(changes) instead.
    - It is always empty without O(codex_version).
  returned: success
  type: list
  elements: str
  sample: [preferred_auth_method, profiles]
problems:
  description: Why O(force_method) chose no method, as one sentence.
  returned: where the version of Codex has no key for it
  type: list
  elements: str
  sample: []
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and a file was replaced or removed
  type: str
  sample: /home/alice/.codex/config.toml.18436.2026-11-23@17:11:08~
"""
