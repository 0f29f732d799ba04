# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields of an auth.json that stay when it is replaced.

Runs on the target, and on the controller for hosts without Python.
"""

import json


def with_unknown_fields(content, there, unwanted):
    """The JSON of `content` with those fields of the file, and of its tokens, that `content` does not have.

    unwanted: names of fields that belong to the old login and go with it.
    """
    new, old = json.loads(content.decode("utf-8")), json.loads(there.decode("utf-8"))
    merged = dict(old, **new)
    if isinstance(new.get("tokens"), dict) and isinstance(old.get("tokens"), dict):
        kept = {name: old["tokens"][name] for name in old["tokens"] if name not in unwanted}
        merged["tokens"] = dict(kept, **new["tokens"])
    ordered = {name: merged[name] for name in list(new) + [name for name in old if name not in new]}
    return json.dumps(ordered, indent=2, ensure_ascii=False).encode("utf-8")
