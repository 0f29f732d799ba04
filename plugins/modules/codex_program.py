# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_program
short_description: Checks that users have Codex, or installs one version of it with npm
description:
  - Runs C(codex --version) as each user of a host, and fails where one has no C(codex) that works.
  - Or has the host's own C(npm) install one version for all users, unless it is the one that they have. Then it asks
    again, and fails where a user still has another one or none.
  - The variable C(codex_install) of the role P(fleet.codex.codex#role) does the same.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home.container
  - fleet.codex.attributes
options:
  install:
    description:
      - V(present) fails where a user has no C(codex) that works, whichever version it is.
      - V(npm) installs O(version) with C(npm install --global), as the user that the task runs as. It needs Python on
        the host, and works neither on Windows hosts nor in a container.
    type: str
    required: true
  version:
    description:
      - All three numbers of the version that O(install=npm) installs, such as V(0.171.0).
      - A name such as C(latest) is refused, because a later run would install another version.
    type: str
  source:
    description:
      - An archive that O(install=npm) installs instead of the package of the registry, as an absolute path on the host
        or as an address that begins with C(http://) or C(https://). It must be of O(version).
      - From Codex 0.99 on, an archive does not hold the program itself, which npm gets from the registry.
      - An address with a password is refused, because every user of the host could read it while npm runs. This goes
        for O(registry), too. Passwords belong into the C(.npmrc) of the user that the task runs as.
    type: str
  registry:
    description:
      - The address of the registry that npm gets packages from, such as a mirror. Without this option, it is the one
        that npm is set up for.
    type: str
  homes:
    description:
      - The Codex homes whose users are asked. Without any, the task does nothing.
      - A named user who cannot be asked, such as one who does not exist, is one of the results. The task fails where
        the user that it runs as cannot be asked, and on Windows where any user cannot.
    type: list
    elements: dict
    required: true
    suboptions:
      user:
        description:
          - The user who is asked. Without this option, it is the user that the task runs as. An empty value is refused.
          - Naming another user needs root on the target (C(become=true)). On Windows, no other can be asked.
        type: str
      codex_home:
        description: The Codex home, if it is not the user's C(~/.codex).
        type: str
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
  diff_mode:
    description: Shows what changed, or would change in C(check_mode), with C(--diff).
    support: none
seealso:
  - module: fleet.codex.codex_info
  - module: fleet.codex.codex_home
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Fail where alice has no codex
  fleet.codex.codex_program:
    install: present
    homes:
      - user: alice
  become: true

- name: Install Codex for everybody from a mirror, and see that alice and bob have it
  fleet.codex.codex_program:
    install: npm
    version: "0.171.0"
    registry: https://npm.example.com/
    homes:
      - user: alice
      - user: bob
        codex_home: /home/bob/.codex-ci
  become: true

- name: Install Codex from an archive on the host
  fleet.codex.codex_program:
    install: npm
    version: "0.171.0"
    source: /srv/codex-0.171.0.tgz
    homes:
      - {}
  become: true

- name: Fail where the container has no codex
  fleet.codex.codex_program:
    install: present
    homes:
      - {}
    container:
      name: agent
      engine: podman
      user: ci
  when: "'podman_hosts' in group_names"
"""

RETURN = r"""
homes:
  description: What each user has, in the order of O(homes); a home that is declared twice is asked once.
  returned: when the users could be asked
  type: list
  elements: dict
  contains:
    user:
      description: The user.
      returned: success
      type: str
      sample: alice
    codex_version:
      description:
        - The version that the C(codex) of the user tells, or V(null) where none works. In check mode, it is the one
          that is there now.
      returned: unless RV(homes[].failed)
      type: str
      sample: 0.171.0
    failed:
      description: V(true) for a user who could not be asked.
      returned: when the user could not be asked
      type: bool
      sample: true
    msg:
      description: Why the user could not be asked.
      returned: when RV(homes[].failed)
      type: str
      sample: There is no user alice on this host. Create the user first, or correct the name.
msg:
  description: What npm would install, or why the task failed.
  returned: in check mode when npm would install something, and on failure
  type: str
  sample: npm would install Codex 0.171.0.
"""
