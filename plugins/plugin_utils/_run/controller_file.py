# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret file of the controller: read, and replaced whole, plain or encrypted with the run's vault secrets."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import stat
import tempfile
import typing as t
from dataclasses import dataclass

from ansible.errors import AnsibleError
from ansible.parsing.vault import (
    AnsibleVaultFormatError,
    VaultLib,
    is_encrypted,
    match_encrypt_vault_id_secret,
    parse_vaulttext_envelope,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError


@dataclass(frozen=True, repr=False)
class Stored:
    """A file's bytes as they lie on the disk and without their encryption; ``encrypt`` encrypts as it was."""

    raw: bytes
    content: bytes
    encrypt: t.Callable[[bytes], bytes] | None


def read(path: pathlib.Path, vault: VaultLib, option: str = "dest") -> Stored | None:
    """What a file holds; None where there is none. Raises CodexError for what cannot be read or decrypted.

    option: which one names the file.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise CodexError(f"{option}: {path} is a folder. Name the file itself.") from None
    except PermissionError:
        raise CodexError(
            f"{option}: {path} cannot be read on the controller (Permission denied). Allow the user that runs Ansible "
            "to read it."
        ) from None
    except OSError as error:
        raise CodexError(
            f"{option}: {path} cannot be read on the controller ({error.strerror}). Correct the path."
        ) from None
    return _decrypted(raw, vault, f"{option}: {path}") if is_encrypted(raw) else Stored(raw, raw, None)


def _decrypted(raw: bytes, vault: VaultLib, what: str) -> Stored:
    """What a vault file holds. Ansible's own errors are not quoted: they can hold the file's text."""
    try:
        vault_id = parse_vaulttext_envelope(raw)[3]
        if not vault.secrets:  # looked at here, since ansible-core has another error for it in each version
            raise CodexError(
                f"{what} is encrypted, and this run has no vault password. Give it with --vault-id {vault_id}@prompt, "
                "--ask-vault-pass or --vault-password-file."
            )
        content, _id_of_secret, secret = vault.decrypt_and_get_vault_id(raw)
    except AnsibleVaultFormatError:
        raise CodexError(f"{what} is a damaged vault file. Restore it, or encrypt the login again.") from None
    except AnsibleError:
        raise CodexError(
            f"{what} is encrypted, and none of this run's vault passwords opens it. Give the password of the vault id "
            f"{vault_id} that it was encrypted with."
        ) from None
    return Stored(raw, content, lambda plain: t.cast(bytes, vault.encrypt(plain, secret=secret, vault_id=vault_id)))


def encryption(vault: VaultLib, vault_id: str | None) -> t.Callable[[bytes], bytes] | None:
    """Encrypts with the run's secret of this vault id; without one, with the run's only secret.

    None where neither says which secret to take. Raises CodexError where the run does not have the vault id.
    """
    secrets = vault.secrets or []
    if not vault_id:
        if len(secrets) != 1:
            return None
        ((vault_id, secret),) = secrets
    else:
        try:
            vault_id, secret = match_encrypt_vault_id_secret(secrets, encrypt_vault_id=vault_id)
        except AnsibleError:
            raise CodexError(
                f"encrypt_vault_id: this run has no vault secret with the id {vault_id}. "
                f"Give it with --vault-id {vault_id}@…"
            ) from None
    return lambda plain: t.cast(bytes, vault.encrypt(plain, secret=secret, vault_id=vault_id))


def check_not_in_inventory(path: pathlib.Path, sources: t.Iterable[str]) -> None:
    """Raises CodexError for a file in a folder of ``sources``, where Ansible would read it as an inventory."""
    real = os.path.realpath(path)
    for source in sources:
        if os.path.isdir(source) and pathlib.Path(real).is_relative_to(os.path.realpath(source)):
            raise CodexError(
                f"dest: {path} is inside the inventory folder {source}, so Ansible would read the login as an "
                "inventory. Choose a folder outside it."
            )


def replace(path: pathlib.Path, content: bytes, expected: bytes | None, keep_mode: bool = False) -> bool:
    """Replaces the file whole, 0600 from its first moment; False where it no longer is what was read before.

    keep_mode: give the new file the mode of the old one, for what is no secret.
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
                    if keep_mode and final.exists():
                        os.fchmod(descriptor, stat.S_IMODE(final.stat().st_mode))
                    file.write(content)
                    file.flush()
                    os.fsync(descriptor)
                os.replace(temporary, final)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
    except OSError as error:
        raise CodexError(
            f"dest: {path} cannot be written on the controller ({error.strerror}). Choose a place where the user that "
            "runs Ansible can write."
        ) from None
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
