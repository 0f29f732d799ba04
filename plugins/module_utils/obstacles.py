# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of working on a home. Runs on the target, as a part of store.py's program."""

import errno
import os


class Obstacle(Exception):
    """A home that cannot be worked on; the controller turns the reason into a sentence."""

    def __init__(self, reason, **details):
        Exception.__init__(self, reason)
        self.facts = dict(details, reason=reason)


def guarded(work):
    """work()'s result, or what stands in its way, as an answer."""
    try:
        return work()
    except Obstacle as obstacle:
        return {"obstacle": obstacle.facts}
    except OSError as error:
        return {"obstacle": failure(error)}


def failure(error, path=None):
    """An OSError as the facts of an obstacle; never its arguments beyond path and cause."""
    return {
        "reason": "system",
        "code": errno.errorcode.get(error.errno, str(error.errno)),
        "cause": os.strerror(error.errno) if error.errno else type(error).__name__,
        "path": path or error.filename,
    }
