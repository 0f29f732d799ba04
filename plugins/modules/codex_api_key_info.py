# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_api_key_info
short_description: Checks whether Codex can use an API key
description:
  - Asks the Responses API, the one that Codex uses, whether an API key may write Responses.
  - The module sends one request without a model and without input. The API refuses the request as incomplete (HTTP 400)
    when the key is good, and because of the key (HTTP 401 or 403) when it is not. No model runs, so this costs nothing.
  - The request comes from the target, through the same network and proxies that Codex has there. With C(delegate_to),
    it can come from the controller.
  - A key that cannot be used does not fail the task. Check RV(responses_write) with M(ansible.builtin.assert). The task
    fails when the API cannot be asked, or gives an answer that says nothing about the key.
version_added: "0.2.0"
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
      - The group is for the modules that work on a Codex home.
  become:
    description: Works with become.
    support: full
    details:
      - It is only needed where not every user of the target can use the network or read O(ca_file).
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - The module never changes anything. It asks the API in check mode, too.
  platform:
    description: Target systems.
    platforms: posix
    support: full
    details:
      - The target needs Python 3.6 or later with its standard library, and nothing else.
      - For a Windows host, ask from the controller with C(delegate_to=localhost).
options:
  api_key:
    description:
      - The OpenAI API key to ask about. One newline at its end is dropped.
    type: str
    required: true
  base_url:
    description:
      - The URL of the API up to C(/v1), without C(/responses).
      - It must begin with C(https://). C(http://) is only accepted for the host that asks, such as
        V(http://127.0.0.1:8080/v1).
      - It must not contain a user, a password or a query. Redirects are not followed, because the key would be sent
        along.
    type: str
    default: https://api.openai.com/v1
  proxy:
    description:
      - The proxy to use, such as V(http://proxy.example.com:3128), or with C(USER:PASSWORD@) before the host.
        Characters of the password that have a meaning in URLs must be percent-encoded.
      - The proxy gets a C(CONNECT) request and sees neither the key nor the answer. Connections to the proxy by
        C(https://) or C(socks5://) are not supported.
      - Without it, E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) are used, also in lower case. They come from the
        C(environment) keyword of the task, or else from the environment that the connection provides.
      - An empty string means no proxy. A O(base_url) with C(http://) never uses a proxy.
    type: str
  ca_file:
    description:
      - A file with the certificates, in PEM format, of the authorities to trust in place of those that the host trusts.
      - It is an absolute path on the host that asks.
    type: str
  timeout:
    description:
      - The time for one request in seconds, from 1 to 300.
    type: int
    default: 30
  retries:
    description:
      - How often to ask again, from 0 to 10, when the API answers with HTTP 429 or with 500 to 599.
      - The delay is the one that the API asks for in C(Retry-After), up to 60 seconds. If it asks for more, the task
        fails at once. If it asks for none, the delays are 1, 2, 4 and then 8 seconds.
    type: int
    default: 3
seealso:
  - module: fleet.codex.codex_home
  - module: fleet.codex.codex_auth_file
  - module: fleet.codex.codex_info
notes:
  - The text of the API's answer is not returned, because it quotes a part of the key.
  - Other services with a Responses API may check the request before they check the key. The result means nothing then.
requirements:
  - tomli, tomledit and tomli-w (Python packages on the controller)
"""

EXAMPLES = r"""
- name: Ask from the host whether the key can be used
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
  register: key

- name: Stop before deploying a key that cannot work
  ansible.builtin.assert:
    that: key.responses_write
    fail_msg: "{{ key.message }}"

- name: Ask once, from the controller, as is needed for Windows hosts
  fleet.codex.codex_api_key_info:
    api_key: "{{ vault_openai_api_key }}"
  delegate_to: localhost
  run_once: true

- name: Ask through a proxy, and trust the company's certificate authority
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
  description: Whether the key is valid. V(null) where the API does not say so.
  returned: success
  type: bool
  sample: true
responses_write:
  description:
    - Whether the host that asked may write Responses with the key, as Codex does with every request.
    - V(null) where the API does not say so, because the credit is used up.
  returned: success
  type: bool
  sample: false
missing_scopes:
  description: The permissions that a valid key lacks, by the names that the API gives them.
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
  description: What the answer means, as one sentence.
  returned: success
  type: str
  sample: "The key is valid and lacks api.responses.write: give it this permission, or make another key."
"""
