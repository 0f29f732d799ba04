# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a home cannot be worked on, as facts that the controller turns into a sentence. Runs on the target."""

import errno
import os


class TargetError(Exception):
    """A home that cannot be worked on.

    reason: a key of the controller's messages.TARGET_ERRORS; details: what its sentence names.
    """

    def __init__(self, reason, **details):
        Exception.__init__(self, reason)
        self.facts = dict(details, reason=reason)


def guarded(work):
    """work()'s result, a dict, or {"error": facts} where a TargetError or an OSError keeps it from one."""
    try:
        return work()
    except TargetError as error:
        return {"error": error.facts}
    except OSError as error:
        return {"error": system_error(error)}


def system_error(error, path=None):
    """An OSError as the facts of a TargetError: its code, its text and the path, nothing else of it."""
    return {
        "reason": "system",
        "code": errno.errorcode.get(error.errno, str(error.errno)),
        "cause": os.strerror(error.errno) if error.errno else type(error).__name__,
        "path": path or error.filename,
    }
