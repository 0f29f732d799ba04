# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret file of the controller: read, and replaced whole, plain or encrypted with the run's vault secrets."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import tempfile
import typing as t
from dataclasses import dataclass

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_vault_id_secret, parse_vaulttext_envelope
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


@dataclass(frozen=True, repr=False)
class Stored:
    """A file's bytes as they lie on the disk and without their encryption; ``encrypt`` encrypts as it was."""

    raw: bytes
    content: bytes
    encrypt: t.Callable[[bytes], bytes] | None


def read(path: pathlib.Path, vault: VaultLib) -> Stored | None:
    """What a file holds; None where there is none. Raises CodexError for what cannot be read or decrypted."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise CodexError(f"dest: {path} is a folder. Name the file itself.") from None
    except OSError as error:
        raise CodexError(f"dest: {path} cannot be read on the controller ({error.strerror}).") from None
    if not is_encrypted(raw):
        return Stored(raw, raw, None)
    try:
        content, _id_of_secret, secret = vault.decrypt_and_get_vault_id(raw)
        vault_id = parse_vaulttext_envelope(raw)[3]
    except AnsibleError:  # its text can hold the file's
        raise CodexError(
            f"dest: {path} is encrypted, and none of this run's vault secrets opens it. Give its vault id or password."
        ) from None
    return Stored(raw, content, lambda plain: t.cast(bytes, vault.encrypt(plain, secret=secret, vault_id=vault_id)))


def encryption(vault: VaultLib, vault_id: str) -> t.Callable[[bytes], bytes]:
    """Encrypts with the run's secret of this vault id. Raises CodexError where the run has none."""
    try:
        name, secret = match_encrypt_vault_id_secret(vault.secrets or [], encrypt_vault_id=vault_id)
    except AnsibleError:
        raise CodexError(
            f"encrypt_vault_id: this run has no vault secret with the id {vault_id}. "
            f"Give it with --vault-id {vault_id}@…"
        ) from None
    return lambda plain: t.cast(bytes, vault.encrypt(plain, secret=secret, vault_id=name))


def replace(path: pathlib.Path, content: bytes, expected: bytes | None) -> bool:
    """Replaces the file whole, 0600 from its first moment; False where it no longer is what was read before.

    expected: the bytes that must still be there, None for no file. A link is kept and its target replaced.
    The folder is locked meanwhile, so of two runs the second one sees what the first one wrote. Raises CodexError
    where it cannot be written.
    """
    final = pathlib.Path(os.path.realpath(path))
    try:
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(final.parent):
            if (final.read_bytes() if final.exists() else None) != expected:
                return False
            descriptor, temporary = tempfile.mkstemp(prefix=".fleet-codex-", dir=final.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(descriptor)
                os.replace(temporary, final)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
    except OSError as error:
        raise CodexError(f"dest: {path} cannot be written on the controller ({error.strerror}).") from None
    return True


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> t.Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # a folder can be locked itself: no lock file is left behind
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
