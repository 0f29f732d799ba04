# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to say of a sign-in under way, and the login that it ends with. Runs on the target, as the user."""

import json
import os
import time

from ansible_collections.fleet.codex.plugins.module_utils._describe.file_facts import describe_file
from ansible_collections.fleet.codex.plugins.module_utils._login.scratch import (
    FINISH,
    HOME,
    LEASE,
    OUTPUT,
    is_supervised,
    read_state,
    touch,
)
from ansible_collections.fleet.codex.plugins.module_utils._login.supervisor import OUTPUT_LIMIT
from ansible_collections.fleet.codex.plugins.module_utils._target.errors import TargetError
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest, read_file

WAIT_SECONDS = 3  # after which there is an answer in any case
END_SECONDS = 5  # that `codex` gets for its last page; it would wait for ever for a browser that does not fetch it
KILL_SECONDS = 10  # that the supervisor gets to end it


def auth_path(scratch):
    """The auth.json that `codex` writes."""
    return os.path.join(scratch, HOME, "auth.json")


def look(scratch):
    """What there is to say of a sign-in.

    output: what `codex` printed so far, up to OUTPUT_LIMIT also where the user wrote the file; status: how it ended,
    None while it runs; is_alive: whether anybody looks after it; auth: the facts about its auth.json.
    """
    state = read_state(scratch)
    status = state.get("status")
    if not os.path.isdir(scratch):
        return {"is_alive": False, "output": "", "status": None, "auth": {"path": scratch, "kind": "absent"}}
    try:
        output = (read_file(os.path.join(scratch, OUTPUT)) or b"")[:OUTPUT_LIMIT].decode("utf-8", "replace")
    except OSError:
        output = ""
    return {
        "is_alive": is_supervised(scratch),
        "output": output or str(state.get("cause", ""))[:OUTPUT_LIMIT],
        "status": status if isinstance(status, int) else None,
        "auth": describe_file(auth_path(scratch), "auth"),
    }


def wait_for_news(scratch, seen):
    """The answer of look() as soon as it is not what the controller saw, or after WAIT_SECONDS.

    seen: the length of the output and the digest of the auth.json. The supervisor is told that somebody asks.
    """
    end = time.monotonic() + WAIT_SECONDS
    if os.path.isdir(scratch):
        touch(scratch, LEASE)
    while True:
        news = look(scratch)
        is_new = [len(news["output"]), news["auth"].get("sha256")] != seen
        if is_new or news["status"] is not None or not news["is_alive"] or time.monotonic() > end:
            return news
        time.sleep(0.1)


def signed_in_file(scratch, expected, drop_api_key):
    """The auth.json (bytes) of a finished sign-in, when its `codex` has ended. Raises TargetError without it.

    expected: its digest. drop_api_key: without the API key that 0.22 and later may put beside the tokens (measured).
    """
    touch_if_there(scratch, LEASE)
    if not has_ended(scratch, END_SECONDS):
        touch_if_there(scratch, FINISH)
        has_ended(scratch, KILL_SECONDS)
    data = read_file(auth_path(scratch))
    if digest(data) != expected or not is_supervised(scratch):
        raise TargetError("no_sign_in", path=os.path.dirname(scratch))
    if drop_api_key:
        document = json.loads(data.decode("utf-8"))
        document["OPENAI_API_KEY"] = None
        data = json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8")
    return data


def touch_if_there(scratch, file):
    """touch() where the folder of the sign-in is still there."""
    if os.path.isdir(scratch):
        touch(scratch, file)


def has_ended(scratch, seconds):
    """Whether `codex` has ended, or ends within so many seconds."""
    end = time.monotonic() + seconds
    while "status" not in read_state(scratch) and time.monotonic() < end:
        if not is_supervised(scratch):
            return True
        time.sleep(0.1)
    return "status" in read_state(scratch)
