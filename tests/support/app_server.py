# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Asks an app server of Codex what it reads in the user's config.toml.

    python app_server.py COMMAND...
        COMMAND speaks the protocol of ``codex app-server`` (JSON, one message a line) on its standard input and
        output. The last line of the output is the content of config.toml as JSON. Return code 1: no answer.

Waits for the answer before it closes the input, because 0.169 ends with its input, answered or not (measured).
Standard library only and one file, so that it runs anywhere a Python is.
"""

from __future__ import annotations

import json
import subprocess
import sys

_MESSAGES = (
    {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "fleet-test", "version": "1"}}},
    {"method": "initialized"},
    {"id": 2, "method": "config/read", "params": {"includeLayers": True}},
)


def main(command: list[str]) -> int:
    """Starts the command, asks, and prints the answer."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdin
            assert server.stdout
            for message in _MESSAGES:
                server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            for line in server.stdout:
                answer = json.loads(line)
                if "error" in answer:
                    print(line)
                    return 1
                if answer.get("id") == 2:
                    layers = answer["result"]["layers"]
                    print(json.dumps(next(layer["config"] for layer in layers if layer["name"]["type"] == "user")))
                    return 0
        finally:
            server.kill()  # it may have telemetry to send before it ends by itself, and nowhere to send it to
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
