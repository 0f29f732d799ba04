# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_remote_login
short_description: Logs a Codex home in by a sign-in to ChatGPT
description:
  - Starts the user's own C(codex login) on the host and shows the address where somebody signs in to ChatGPT with a
    browser. The answer of the browser gets to the host through a tunnel that this module makes with the SSH settings of
    the host, and ends with the sign-in. With O(method=device_code), there is a code to enter in place of a tunnel.
  - The login is made on the host and never leaves it.
  - Codex 0.140 and later delete a login, and revoke it, the moment that another sign-in starts. This module lets
    C(codex login) work in a home of its own, C(.fleet-codex-login-…) inside the Codex home. Only when somebody has
    signed in, the new login replaces the old one, which is kept as a backup. If nobody does, or the task is
    interrupted, the old login stays as it was.
  - Everything that was started on the host ends with the task. Where the task cannot end it, because Ansible was killed
    or the network is lost, it ends by itself within 30 seconds.
version_added: "0.2.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.home
  - fleet.codex.home.container
  - fleet.codex.home.version
  - fleet.codex.attributes
  - fleet.codex.attributes.writes
attributes:
  check_mode:
    details:
      - In check mode, nobody is asked to sign in. The task says whether somebody would be.
  connection:
    details:
      - With O(method=browser), the connection must be C(ssh) with a key, or C(local).
  platform:
    platforms: posix
    details:
      - The host needs Python 3.6 or later with its standard library, and C(codex).
  safe_file_operations:
    description: Replaces files as a whole, so that no reader sees a part of one.
    support: partial
    details:
      - A file that is a mount point of its own is rewritten in place, with a warning. A reader can see a part of it.
options:
  codex_version:
    description:
      - The version of C(codex) on the host. Without this option, it is asked for it.
    type: str
  container:
    description:
      - A running container of the host, to sign in there. It needs O(method=device_code), because nothing is forwarded
        into a container.
    type: dict
  method:
    description:
      - How the person signs in.
      - With V(browser), on the machine that Ansible runs on. The page of the sign-in sends the browser to a port of
        that machine, 1455 or 1457, which must be free.
      - With V(device_code), with a browser anywhere, by a code that is shown. It needs Codex 0.45 or later, and an
        account that allows it.
    type: str
    choices: [browser, device_code]
    default: browser
  timeout:
    description:
      - How long to wait for the person, in seconds, from 1 to 86400. A device code is valid for 15 minutes only.
    type: int
    default: 900
  replace:
    description:
      - Whether to ask for a sign-in also where the home has a ChatGPT login that Codex can renew.
      - Without it, nothing is done there. An API key, a login that Codex cannot renew, and one of another account than
        O(account_id) are replaced in any case.
    type: bool
    default: false
  account_id:
    description:
      - The ID of the ChatGPT account to sign in to. The login of another account is not installed. An empty value is
        refused.
      - An account that C(forced_chatgpt_workspace_id) in the configuration of Codex does not allow is not installed
        either.
    type: str
  allow_mounted_file:
    description:
      - Whether to install a login in an C(auth.json) that is a mount point of its own. Codex 0.167.2 and later cannot
        save a renewed login there, and lose it.
    type: bool
    default: false
notes:
  - Set C(throttle) to 1 where several hosts sign in with a browser, because they share the port on the controller.
  - The address and the code are shown on the screen alone, and are not in the result.
  - The C(environment) keyword of the task has its effect on C(codex login), for instance with E(HTTPS_PROXY) or
    E(SSL_CERT_FILE).
seealso:
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_info
"""

EXAMPLES = r"""
- name: Sign in on a host that is reached by ssh
  fleet.codex.codex_remote_login:
    method: browser
  throttle: 1

- name: Sign in for alice to one account only, within 5 minutes, even if she has a login
  fleet.codex.codex_remote_login:
    user: alice
    codex_home: /srv/codex/alice
    codex_version: "0.171.0"
    account_id: 11111111-2222-3333-4444-555555555555
    timeout: 300
    replace: true
  become: true
  throttle: 1

- name: Sign in with a device code in a container whose auth.json is mounted by itself
  fleet.codex.codex_remote_login:
    container:
      name: agent
      engine: docker
      user: root
    method: device_code
    allow_mounted_file: true
  environment:
    HTTPS_PROXY: http://proxy.example.com:3128
"""

RETURN = r"""
homes:
  description: The result for the Codex home, in a list of one, as M(fleet.codex.codex_home) returns it.
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
      description: Whether a login was installed, or in check mode somebody would be asked to sign in.
      returned: success
      type: bool
      sample: true
    failed:
      description: Whether the home was refused, or nobody signed in. The login that was there is in place then.
      returned: when it failed
      type: bool
      sample: true
    msg:
      description: Why.
      returned: when RV(homes[].failed=true)
      type: str
      sample: Nobody signed in within 15 minutes, so the sign-in was ended; the login that was there is in place.
    auth:
      description: The result for the C(auth.json).
      returned: success
      type: dict
      contains:
        changed:
          description: Whether a login was installed, or in check mode somebody would be asked to sign in.
          returned: success
          type: bool
          sample: true
        path:
          description: The path of the file.
          returned: success
          type: str
          sample: /home/alice/.codex/auth.json
        reason:
          description: Why the login was, or in check mode would be, replaced or kept.
          returned: success
          type: str
          sample: Somebody signed in to 11111111-2222-3333-4444-555555555555 (…@example.com).
        login:
          description:
            - The login that the file holds afterwards; in check mode, the one that it holds now. It never contains a
              secret.
            - The keys are those of RV(fleet.codex.codex_auth_file#module:login).
          returned: success
          type: dict
          sample: {method: chatgpt, account_id: 11111111-2222-3333-4444-555555555555, plan: pro}
        restart_required:
          description:
            - Whether programs of the user are running that keep the login that was replaced.
            - V(null) in check mode where somebody would be asked to sign in.
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
          returned: when a file was replaced
          type: str
          sample: /home/alice/.codex/auth.json.18422.2026-11-23@17:11:08~
"""
