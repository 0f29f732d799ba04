# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_api_key_info
short_description: Tells whether an API key may be used by Codex
description:
  - Asks the Responses API, the one that Codex works with, whether an API key may write Responses.
  - It sends one request without a model and without a text. The API refuses it as incomplete (HTTP 400) when the key
    is good, and because of the key (HTTP 401 or 403) when it is not. No model runs, so it costs nothing.
  - The request comes from the target, over the same network and proxies that Codex has there. With C(delegate_to) it
    comes from the controller.
  - A key that is not good is a result and no failure. Let M(ansible.builtin.assert) look at RV(responses_write).
    The task fails when the API cannot be asked, or gives no answer that tells something about the key.
version_added: "0.1.0"
author:
  - The fleet.codex authors (@fleet-codex)
extends_documentation_fragment:
  - fleet.codex.attributes
  - fleet.codex.attributes.reads
attributes:
  action_group:
    description: Use C(group/fleet.codex.codex) in C(module_defaults) to set defaults for these modules.
    support: none
    details:
      - The group is for modules that work on a Codex home.
  become:
    description: Works with become.
    support: full
    details:
      - It is not needed, unless only some accounts may use the network or read O(ca_file).
  check_mode:
    description: Can run in C(check_mode) and say what would change without changing it.
    support: full
    details:
      - It never changes anything. The API is asked in check mode, too.
options:
  api_key:
    description:
      - The OpenAI API key to ask about. One line end after it is dropped.
    type: str
    required: true
  base_url:
    description:
      - The address of the API up to C(/v1), without C(/responses).
      - It must begin with C(https://). Only for the host that asks, as in V(http://127.0.0.1:8080/v1), may it begin
        with C(http://).
      - It must hold neither a user with a password nor a query. Redirections are not followed, since the key would go
        with them.
    type: str
    default: https://api.openai.com/v1
  proxy:
    description:
      - The proxy to go through, as V(http://proxy.example.com:3128), or with C(USER:PASSWORD@) before the host.
        Characters of the password that have a meaning in URLs must be percent-encoded.
      - The proxy gets a C(CONNECT) request and sees neither the key nor the answer. Proxies that are spoken to by
        C(https://) or C(socks5://) are not supported.
      - Without it, E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) count, also in lower case, from the C(environment)
        keyword of the task and else from the environment that the connection gives.
      - An empty text means no proxy at all. A O(base_url) with C(http://) never goes through one.
    type: str
  ca_file:
    description:
      - A file with the certificates, in PEM form, of the authorities to trust, instead of those that the host trusts.
      - It is an absolute path on the host that asks.
    type: str
  timeout:
    description:
      - Seconds for one request, from 1 to 300.
    type: int
    default: 30
  retries:
    description:
      - How often to ask again, from 0 to 10, when the API answers HTTP 429 or any of 500 to 599.
      - The time between is what the API asks for in C(Retry-After), if that is no more than 60 seconds. Where it asks
        for more, the task fails at once. Where it says nothing, it is 1, 2, 4 and then 8 seconds.
    type: int
    default: 3
seealso:
  - module: fleet.codex.codex_home
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_info
notes:
  - What the API says in words is not returned, because it quotes a part of the key.
  - Other services that speak the Responses API may look at the request before they look at the key. The answer means
    nothing then.
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Ask from the host whether the key may be used
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
  register: key

- name: Stop before a key is deployed that cannot work
  ansible.builtin.assert:
    that: key.responses_write
    fail_msg: "{{ key.message }}"

- name: Ask once, from the controller
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
  delegate_to: localhost
  run_once: true

- name: Ask through a proxy, with a certificate authority of the company
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
    base_url: https://gateway.example.com/v1
    proxy: http://proxy.example.com:3128
    ca_file: /etc/ssl/certs/example.pem
    timeout: 60
    retries: 5

- name: Ask through the proxy that the environment names
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
  environment:
    HTTPS_PROXY: http://proxy.example.com:3128
"""

RETURN = r"""
valid:
  description: Whether the API knows the key. V(null) where it does not say.
  returned: success
  type: bool
  sample: true
responses_write:
  description:
    - Whether the host that asked may write Responses with the key, which Codex does with every request.
    - V(null) where the API does not say, which is when the credit is used up.
  returned: success
  type: bool
  sample: false
missing_scopes:
  description: The permissions that a valid key lacks, as the API names them.
  returned: success
  type: list
  elements: str
  sample: [api.responses.write]
status:
  description: The HTTP status of the last answer.
  returned: success
  type: int
  sample: 401
message:
  description: What the answer means, in a sentence.
  returned: success
  type: str
  sample: "The key is valid and lacks api.responses.write: give it this permission, or make another key."
"""
