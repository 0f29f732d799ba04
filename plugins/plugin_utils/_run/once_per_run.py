# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that the processes of one run share, each made once, and that are gone when the run ends.

Ansible works on each host in a process of its own. Its folder for temporary files on the controller
is the only place that all of them, and only they, see: one folder (0700) for the whole run.
"""

from __future__ import annotations

import fcntl
import json
import os
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

SUBFOLDER = "fleet.codex"


def once_per_run(folder: str, name: str, make: t.Callable[[], t.Any]) -> t.Any:
    """The run's value of that name. The first process that asks makes it while all others wait.

    folder: C.DEFAULT_LOCAL_TMP. make: returns what JSON can hold. Raises CodexError where the folder cannot be used.
    """
    path = os.path.join(folder, SUBFOLDER, name)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                return json.load(file)
            except ValueError:  # nothing is written yet, or only a part
                file.seek(0)
                file.truncate()
            value = make()
            json.dump(value, file)
            file.flush()
            return value
    except OSError as error:
        raise CodexError(
            f"{folder}, Ansible's folder for temporary files on the controller, cannot be used ({error.strerror}). "
            "fleet.codex keeps track there of which home gets which login. Make room, or set local_tmp."
        ) from None
