# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a program that runs on a target gets its request and gives its answer (docs/protocol.md).

Part of every program for targets; the controller imports the names from here, too.
"""

import binascii
import os
import sys

from ansible_collections.fleet.codex.plugins.module_utils._target.json_text import dumps, loads
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import sha256

PROTOCOL = 4  # version of the requests and answers; a program that speaks another one is refused
MARK = "fleet.codex answer "  # put before the answer, since a login shell may print something, too


def mask(data, key):
    """data (bytes) XOR a key stream of SHA-256 over the key (bytes) and a counter; undone by doing it again.

    Ansible prints the output of commands at -vvv and in its debug log. The key came over standard
    input, which it never prints, so neither the target's configuration nor an API key that an
    answer quotes is shown.
    """
    blocks = (sha256(key + n.to_bytes(8, "big")).digest() for n in range(len(data) // 32 + 1))
    stream = b"".join(blocks)[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(data), "big")


def serve(work):
    """Reads the request and prints the answer, a dict that work(request) returns.

    A request in another version of the protocol is answered with this program's version alone.
    """
    line = sys.stdin.buffer.read().split(b"\n", 1)[0]  # after it comes the program for hosts without Python
    request = loads(line.decode("utf-8"))
    if request.get("in_container"):
        own = {name: os.environ[name] for name in ("HOME", "CODEX_HOME") if os.environ.get(name)}
        request["environment"] = dict(own, **request["environment"])
    os.environ.update(request["environment"])
    answer = {"protocol": PROTOCOL, "program": "python", "python": sys.version.split()[0]}
    if request["protocol"] == PROTOCOL:
        answer.update(work(request))
    masked = mask(dumps(answer).encode("ascii"), bytes.fromhex(request["key"]))
    sys.stdout.write("\n" + MARK + binascii.b2a_base64(masked).decode("ascii"))
