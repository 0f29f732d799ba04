# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a program that runs on a target gets its request and gives its answer (docs/architecture.md).

Runs on the target, as a part of every program; the controller takes the names from here, too.
"""

import base64
import hashlib
import json
import os
import sys

PROTOCOL = 2  # version of the requests and answers; a program that speaks another one is refused
MARK = "fleet.codex answer "  # what stands before the answer, which may follow a shell's own chatter


def mask(data, key):
    """data XOR a key stream of SHA-256 over the key and a counter; undone by doing it again.

    Ansible prints what a command answers at -vvv and in its debug log. The key came over standard
    input, which it never prints, so neither the configuration that lies on the target nor what an
    API quotes of a key is shown.
    """
    blocks = (hashlib.sha256(key + n.to_bytes(8, "big")).digest() for n in range(len(data) // 32 + 1))
    stream = b"".join(blocks)[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(data), "big")


def serve(work):
    """Reads the request and prints the answer: what work(request) says, unless they speak two versions."""
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    os.environ.update(request["environment"])
    answer = {"protocol": PROTOCOL, "half": "python", "python": sys.version.split()[0]}
    if request["protocol"] == PROTOCOL:
        answer.update(work(request))
    masked = mask(json.dumps(answer).encode("ascii"), bytes.fromhex(request["key"]))
    sys.stdout.write("\n" + MARK + base64.b64encode(masked).decode("ascii") + "\n")
