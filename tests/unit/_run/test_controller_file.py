"""A secret file of the controller: private, replaced whole, and encrypted as it was."""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat
import tempfile
import typing as t

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.fleet.codex.plugins.plugin_utils._run.controller_file import (
    check_not_in_inventory,
    encryption,
    read,
    replace,
)
from ansible_collections.fleet.codex.plugins.plugin_utils.errors import CodexError

VAULT = VaultLib([("default", VaultSecret(b"one")), ("prod", VaultSecret(b"two"))])
OTHER = VaultLib([("default", VaultSecret(b"another"))])


def encrypt(vault: VaultLib, vault_id: str, content: bytes) -> bytes:
    """What a file holds that is encrypted with a vault id."""
    made = encryption(vault, vault_id)
    assert made is not None
    return made(content)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "logins" / "alice.json"


def test_a_new_file_is_private_and_so_is_its_folder(file: pathlib.Path) -> None:
    assert read(file, VAULT) is None
    assert replace(file, b"new", None)
    assert file.read_bytes() == b"new"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert os.listdir(file.parent) == [file.name]


def test_what_is_not_what_was_read_is_left_alone(file: pathlib.Path) -> None:
    assert not replace(file, b"new", b"seen")
    assert not file.exists()
    assert replace(file, b"old", None)
    for expected in (None, b"seen"):
        assert not replace(file, b"new", expected)
        assert file.read_bytes() == b"old"
    assert replace(file, b"new", b"old")
    assert file.read_bytes() == b"new"
    assert os.listdir(file.parent) == [file.name]


def test_a_link_is_kept_and_its_target_replaced(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "elsewhere" / "target.json"
    target.parent.mkdir()
    target.write_bytes(b"old")
    file.parent.mkdir()
    file.symlink_to(target)
    assert replace(file, b"new", b"old")
    assert (os.readlink(file), target.read_bytes()) == (str(target), b"new")


def test_a_plain_file_has_no_encryption(file: pathlib.Path) -> None:
    replace(file, b"content", None)
    stored = read(file, VAULT)
    assert stored is not None
    assert (stored.raw, stored.content, stored.encrypt) == (b"content", b"content", None)


@pytest.mark.parametrize("vault_id", ["default", "prod"])
def test_an_encrypted_file_is_encrypted_again_with_its_own_secret(file: pathlib.Path, vault_id: str) -> None:
    raw = encrypt(VAULT, vault_id, b"SECRETMARKER")
    assert b"SECRETMARKER" not in raw
    replace(file, raw, None)
    stored = read(file, VAULT)
    assert stored is not None and stored.encrypt is not None
    assert (stored.raw, stored.content) == (raw, b"SECRETMARKER")
    assert "SECRETMARKER" not in repr(stored)
    again = stored.encrypt(b"other")
    only = VaultLib([(vault_id, dict(VAULT.secrets)[vault_id])])
    assert only.decrypt(again) == b"other"
    # A vault id that is not the default one is named in the file.
    assert (f";{vault_id}\n".encode() in again) is (vault_id != "default")


@pytest.mark.parametrize("option", ["dest", "src"])
def test_no_password_the_wrong_one_and_a_damaged_file_are_three_sentences(file: pathlib.Path, option: str) -> None:
    raw = encrypt(OTHER, "default", b"SECRETMARKER")
    replace(file, raw, None)
    for secrets in (None, []):
        with pytest.raises(
            CodexError, match=f"^{option}: {file} is encrypted, and this run has no vault password. Give"
        ):
            read(file, VaultLib(secrets), option)
    with pytest.raises(CodexError, match=f"^{option}: {file} is encrypted, and none of .* opens it. Give the password"):
        read(file, VAULT, option)
    header, body = raw.split(b"\n", 1)
    for damaged in (raw[:-9], header, header[:14], header + b"\n" + body.replace(b"3", b"x")):
        file.write_bytes(damaged)
        with pytest.raises(CodexError, match=f"^{option}: {file} is .*(damaged vault file|opens it)"):
            read(file, OTHER, option)


@contextlib.contextmanager
def without_rights() -> t.Iterator[None]:
    """Nobody's rights, where the tests run as root, which may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_is_another_sentence(machine_folder: pathlib.Path) -> None:
    file = machine_folder / "alice.json"
    file.write_bytes(b"SECRETMARKER")
    file.chmod(0)
    with without_rights():
        with pytest.raises(
            CodexError, match=f"^src: {file} cannot be read on the controller .Permission denied.. Allow"
        ):
            read(file, VAULT, "src")
        with pytest.raises(CodexError, match=r"^dest: .* cannot be written on the controller .*\. Choose a place"):
            replace(pathlib.Path("/proc/none/alice.json"), b"new", None)


@pytest.fixture
def machine_folder() -> t.Iterator[pathlib.Path]:
    """A folder that any user may walk through, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="fleet-codex-", dir="/var/tmp") as name:
        os.chmod(name, 0o711)
        yield pathlib.Path(name)


def test_without_a_vault_id_the_only_password_of_the_run_encrypts() -> None:
    for vault_id in (None, ""):
        assert encryption(VaultLib(None), vault_id) is None
        assert encryption(VaultLib([]), vault_id) is None
        assert encryption(VAULT, vault_id) is None
        made = encryption(VaultLib([("prod", VaultSecret(b"two"))]), vault_id)
        assert made is not None and made(b"x").startswith(b"$ANSIBLE_VAULT;1.2;AES256;prod\n")


def test_a_folder_that_is_an_inventory_is_refused(tmp_path: pathlib.Path) -> None:
    folder, file = tmp_path / "inventory", tmp_path / "hosts"
    folder.mkdir()
    file.touch()
    (tmp_path / "link").symlink_to(folder)
    for dest in (folder / "copies" / "a.json", tmp_path / "link" / "a.json", folder / "x" / ".." / "a.json"):
        with pytest.raises(CodexError, match=f"is inside the inventory folder {folder}, .* Choose a folder outside it"):
            check_not_in_inventory(dest, ["host,", str(file), str(folder)])
    for dest in (tmp_path / "copies" / "a.json", tmp_path / "inventory2" / "a.json"):
        check_not_in_inventory(dest, ["host,", str(file), str(folder)])


def test_a_vault_id_that_the_run_does_not_have_is_refused() -> None:
    for vault in (VAULT, VaultLib(None)):
        with pytest.raises(CodexError, match="^encrypt_vault_id: this run has no vault secret with the id staging"):
            encryption(vault, "staging")


def test_what_is_not_a_file_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(CodexError, match="is a folder. Name the file itself"):
        read(tmp_path, VAULT)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CodexError, match="cannot be read on the controller"):
        read(tmp_path / "file" / "below", VAULT)
    with pytest.raises(CodexError, match="cannot be written on the controller"):
        replace(tmp_path / "file" / "below", b"new", None)


def test_a_file_that_cannot_be_replaced_stays_and_leaves_nothing_beside_it(
    file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(file, b"old", None)

    def fail(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CodexError, match=f"^dest: {file} cannot be written .*No space left on device"):
        replace(file, b"new", b"old")
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]
