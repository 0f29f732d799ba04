# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each operation of an apply request does with its file. Runs on the target, as a part of apply."""

import binascii
import errno
import os
import stat

from ansible_collections.fleet.codex.plugins.module_utils._apply.backups import backed_up
from ansible_collections.fleet.codex.plugins.module_utils._apply.locks import Locks
from ansible_collections.fleet.codex.plugins.module_utils._apply.making import make_folder
from ansible_collections.fleet.codex.plugins.module_utils._apply.merging import with_unknown_fields
from ansible_collections.fleet.codex.plugins.module_utils._apply.writing import (
    Conflict,
    check,
    rewrite,
    sync_folder,
    write_file,
)
from ansible_collections.fleet.codex.plugins.module_utils._target.leftovers import leftovers
from ansible_collections.fleet.codex.plugins.module_utils._target.reading import digest, read_file


def apply_directory(path, operation):
    """Makes a folder, or gives an existing one its mode."""
    if os.path.isdir(path):
        os.chmod(path, operation["mode"])
    else:
        make_folder(os.path.realpath(path), operation["mode"])


def apply_write(path, operation):
    """Replaces a file, or makes it, with the folder that it is in. Raises Conflict."""
    there = read_file(path)
    if digest(there) != operation["expected"]:
        raise Conflict()
    if not os.path.isdir(os.path.dirname(path)):
        make_folder(os.path.dirname(path), 0o755 if operation["base"] == "host" else 0o700)
    content = binascii.a2b_base64(operation["content"])
    if "preserve_unknown_except" in operation:
        content = with_unknown_fields(content, there, operation["preserve_unknown_except"])
    locks = lock_paths(path, operation)

    def replace():
        return write_file(path, content, operation["mode"], operation["expected"], locks)

    return dict(backed_up(path, operation, replace), sha256=digest(content))


def apply_mode(path, operation):
    """Gives a file its mode."""
    os.chmod(path, operation["mode"])


def apply_remove(path, operation):
    """Removes a file, or a link in its place; empties a file that is a mount point. Raises Conflict."""
    expected = digest(read_file(path)) if os.path.islink(path) else operation["expected"]
    check(path, expected)

    def remove():
        with Locks(lock_paths(path, operation)):
            check(path, expected)
            try:
                os.unlink(path)
                return False
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                rewrite(path, b"", stat.S_IMODE(os.stat(path).st_mode))
                return True

    result = backed_up(path, operation, remove)
    sync_folder(os.path.dirname(path))
    return dict(result, sha256=digest(read_file(path)))


def apply_lines(path, operation):
    """Puts one marked line first in a file, in place of all lines with that marker; None: none.

    First, because Debian's .bashrc returns at once in a shell that is not interactive, and because
    taking the line out again then gives back the very bytes there were.
    """
    data = read_file(path)
    if digest(data) != operation["expected"]:
        raise Conflict()
    marker = operation["marker"].encode("utf-8")
    kept = [line for line in (data or b"").split(b"\n") if not line.rstrip().endswith(marker)]
    if operation["line"] is not None:
        kept.insert(0, operation["line"].encode("utf-8"))
    new = b"\n".join(kept)
    if not new and not os.path.islink(path):
        os.unlink(path)
        return None
    mode = stat.S_IMODE(os.stat(path).st_mode) if data is not None else operation["mode"]
    return {"in_place": write_file(path, new, mode, operation["expected"])}


def apply_link(path, operation):
    """Makes a symbolic link, or removes it (`to` None). Raises OSError where anything but a link is there."""
    if os.path.islink(path):
        os.unlink(path)
    if operation["to"] is not None:
        if not os.path.isdir(os.path.dirname(path)):
            make_folder(os.path.dirname(path), 0o700)
        os.symlink(operation["to"], path)


def apply_clean(path, operation):
    """Removes what killed runs left in a folder."""
    for name in leftovers([path]):
        try:
            os.unlink(name)
        except FileNotFoundError:
            pass  # another run was here first


def lock_paths(path, operation):
    """Codex's lock files for an operation; they lie beside the file that Codex knows, not where a link leads."""
    return [os.path.join(os.path.dirname(path), name) for name in operation.get("locks", ())]


OPERATIONS = {
    "directory": apply_directory,
    "write": apply_write,
    "mode": apply_mode,
    "remove": apply_remove,
    "lines": apply_lines,
    "link": apply_link,
    "clean": apply_clean,
}
