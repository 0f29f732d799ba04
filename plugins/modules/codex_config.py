# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_config
short_description: Manages settings in the config.toml of a Codex home
description:
  - Merges settings into the C(config.toml) of the Codex CLI and removes keys from it. O(layer) names the other files
    that Codex takes its configuration from.
  - Comments, order and every other setting stay as they are, also those that Codex writes itself, such as trusted
    projects.
  - Each edit is proven before it is written. The new text must hold the old data plus exactly the change, and every
    line that the change does not concern must be there as it was, or the task fails.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.account
  - fleet.codex.account.version
  - fleet.codex.file
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  safe_file_operations:
    description: Replaces files whole, so that no reader sees a part of one.
    support: partial
    details:
      - A file that is a mount point of its own is rewritten in place, with a warning. A reader can see a part of it.
options:
  layer:
    description:
      - Which of the files that Codex takes its configuration from.
      - V(user) is the C(config.toml) in the Codex home.
      - V(profile:NAME) is what C(codex --profile NAME) adds to it. Codex before 0.134 reads it from the table
        C(profiles.NAME) in C(config.toml), and later ones from C(NAME.config.toml) beside it, so O(codex_version) must
        be given.
      - V(system) is C(/etc/codex/config.toml), the host's defaults, which each account's own settings outrank (0.80 and
        later).
      - V(managed) is C(/etc/codex/managed_config.toml), which outranks what the accounts say (0.45 and later).
      - V(requirements) is C(/etc/codex/requirements.toml), the limits that an administrator sets (0.80 and later).
      - The last three are files of the whole host. They are written as root with mode V(0644), and nothing that may be
        a secret goes into them. The task fails where one would make Codex delete the login of any account that has a
        C(~/.codex).
    type: str
    default: user
  preferred_auth_method:
    description:
      - Written as C(preferred_auth_method), the key with which Codex 0.23 to 0.34 choose between an API key and
        ChatGPT tokens.
      - With O(codex_version) it is left out, with a warning, for versions that do not act on it. Without
        O(codex_version) it is written, and the task warns when it is.
      - It also says which method O(enforce_login_method) enforces. In the layers V(system) and V(managed) it is given
        for that alone.
    type: str
    choices: [apikey, chatgpt]
  enforce_login_method:
    description:
      - Also write C(forced_login_method), which makes Codex 0.49 and later refuse the other kind of login. It is left
        out for a O(codex_version) before 0.49.
      - The method is O(preferred_auth_method), or else the one of the C(auth.json) beside the file. Without either
        the task fails.
      - The task also fails where the C(auth.json) holds the other kind of login, because Codex would delete it.
    type: bool
    default: false
  settings:
    description:
      - Settings to merge into the file. Tables are merged key by key, and any other value is replaced whole. Lists
        are, too, unless O(lists) says otherwise.
      - A string, a number, a boolean, a date, a date with a time, a list and a dictionary become what TOML has for
        them. V(null) is refused.
      - A value with which the Codex of O(codex_version) does not start is refused, and without O(codex_version) one
        with which no version does. So is a key with which it does not start any more, such as C(profile) in 0.134 and
        later.
      - A key that this version ignores is written, with a warning when it is.
    type: dict
    default: {}
  absent:
    description:
      - Keys to remove, each as the list of keys that leads to it from the top of the file, such as
        V([mcp_servers, old]).
      - A path that leads nowhere is no error. A path that O(settings) sets too is one.
      - A table that this empties stays where it has a header of its own, and goes where only its contents implied it.
    type: list
    elements: raw
    default: []
  lists:
    description:
      - How lists in O(settings) are brought into the file. A list that has no entry here is replaced whole.
      - With O(lists[].append), items that are not there yet are added at the end. Items are the same if their types
        are the same, too.
      - With O(lists[].match), a list of dictionaries is merged item by item. An item of O(settings) is merged into the
        one in the file that has the same value at this key, as tables are merged. Others are added at the end.
      - Items that O(settings) does not name stay as they are in both cases, with their comments and their order.
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
          - Add what is not there yet. Give either this or O(lists[].match).
        type: bool
        default: false
      match:
        description:
          - The key that tells which item is which. Each item of this list in O(settings) must have it, and no two the
            same value.
        type: str
  force:
    description:
      - Replace a file that is not valid TOML or not UTF-8 by a new one, which holds O(settings) alone. Without it such
        a file is not touched and the task fails.
      - Only together with O(backup=true), because everything in the old file goes.
      - A file that can be read is edited as ever.
    type: bool
    default: false
  drop_removed_keys:
    description:
      - Also remove the keys that the Codex of O(codex_version) once acted on and does not any more, in the same
        edit. Those are the ones in RV(removed_keys), with all that is below them.
      - A key stays where O(settings) sets it or something below it.
      - Tables go too, such as C(profiles) for 0.134 and later. Move what is still wanted first, or keep a copy with
        O(backup).
      - It needs O(codex_version), and without it the task fails.
    type: bool
    default: false
  secret_keys:
    description:
      - Paths of keys whose values C(--diff) hides, each with all that is below it, whatever they are called. Each is
        the list of keys that leads to it from the top of the file.
      - Many values are hidden without that, by the name of their key or of a table around it, and those of
        O(settings) that are encrypted inline with C(!vault).
      - It changes nothing in the file.
    type: list
    elements: raw
    default: []
  public_keys:
    description:
      - Paths of keys whose values C(--diff) shows, each with all that is below it, although their names sound like
        secrets.
      - They may also stand in a file of the whole host, which takes no value that may be a secret.
      - What O(secret_keys) hides cannot be shown, and such a path is refused. What is only below a path here can
        be in O(secret_keys).
    type: list
    elements: raw
    default: []
  state:
    description:
      - V(absent) removes the whole file, with what Codex and its user put there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleet.codex.codex_home
    description: Login, configuration and environment of any number of accounts in one task.
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_info
notes:
  - A file that is not valid TOML is not touched, and the task fails with the line and the column. See O(force).
  - Each line keeps its line end. New lines get CRLF only where the file has nothing else. A file without a line end
    after its last line stays one.
  - A file with which Codex would delete an C(auth.json) is not written, and the task fails. That is one
    whose C(forced_login_method) or C(forced_chatgpt_workspace_id) does not go with the login, or with C(CODEX_API_KEY)
    or C(CODEX_ACCESS_TOKEN) in C(codex.env) or C(/etc/environment). All files are looked at together, those of profiles
    and of the whole host too.
  - Settings that C(/etc/codex/managed_config.toml) has other values for are written, and the task warns that Codex will
    not use them.
  - C(--diff) shows the settings that change. Values of keys whose names sound like secrets, and everything in tables
    such as C(env) and C(http_headers), are hidden. O(secret_keys) and O(public_keys) say otherwise.
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

- name: Make a newer Codex refuse everything but an API key
  fleet.codex.codex_config:
    user: ci
    codex_home: /srv/codex/ci
    codex_version: "0.169.0"
    preferred_auth_method: apikey
    enforce_login_method: true
    mode: "0600"
  become: true

- name: Add an MCP server, and hide its URL and show its arguments in the diff
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

- name: Clear away what a newer Codex does not read any more
  fleet.codex.codex_config:
    user: alice
    codex_version: "0.169.0"
    drop_removed_keys: true
    backup: true
  become: true

- name: Give a profile a model of its own, for codex --profile review
  fleet.codex.codex_config:
    user: alice
    layer: profile:review
    codex_version: "0.169.0"
    settings: {model: gpt-5-mini}
  become: true

- name: Let every account of the host start from these settings
  fleet.codex.codex_config:
    layer: system
    settings:
      model: gpt-5
      cli_auth_credentials_store: file
  become: true

- name: Let no account of the host use anything but an API key
  fleet.codex.codex_config:
    layer: managed
    settings:
      forced_login_method: api
  become: true

- name: Add a folder that Codex may write to, switch one skill off, and keep what is said of others
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

- name: Put a configuration in place, also where the old one cannot be read any more
  fleet.codex.codex_config:
    user: bob
    settings:
      model: gpt-5
    force: true
    backup: true
  become: true

- name: Start over with an empty configuration
  fleet.codex.codex_config:
    user: bob
    state: absent
    backup: true
  become: true
"""

RETURN = r"""
path:
  description: The C(config.toml) that was meant, or the file of another O(layer).
  returned: success
  type: str
  sample: /home/alice/.codex/config.toml
codex_home:
  description: The Codex home.
  returned: success
  type: str
  sample: /home/alice/.codex
changes:
  description: The keys that were, or in check mode would be, changed. Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description:
        - The key, as TOML writes its path. A table that is new stands there as one key.
        - The place of an item in a list is in brackets, from 0, such as C(skills.config[1].enabled).
      returned: success
      type: str
      sample: projects."/srv/app".trust_level
    action:
      description: What happens to the key.
      returned: success
      type: str
      choices: [added, changed, removed]
      sample: added
removed_keys:
  description:
    - Keys in the file that the Codex of O(codex_version) once acted on and does not any more, as TOML writes their
      paths. Those that O(drop_removed_keys) removes are in RV(changes) instead.
    - Always empty without O(codex_version).
  returned: success
  type: list
  elements: str
  sample: [preferred_auth_method, profiles]
backup_file:
  description: The copy that was kept.
  returned: when O(backup=true) and a file was replaced or removed
  type: str
  sample: /home/alice/.codex/config.toml.18436.2026-11-23@17:11:08~
"""
