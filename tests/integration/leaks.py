# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Made-up secrets that can be found wherever they went, and in whatever form."""

from __future__ import annotations

import base64
import io
import json
import os
import pathlib
import secrets
import subprocess
import tarfile
import threading
import time
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import Container


class Secrets:
    """All secrets of one test. Each is one random core, the same in all of them, and a name.

    The beginning or the end of a core counts as a leak, too. A core is made of letters
    and digits, so that URL quoting, JSON, shells and Python's repr leave it as it is.
    """

    def __init__(self) -> None:
        self.core = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _n in range(32))
        parts = (self.core[:16], self.core[16:])
        self.forms = {form: name for part in parts for name, form in _forms(part.encode())}

    def make(self, name: str) -> str:
        """A secret; its name distinguishes it from the others when it is found."""
        return f"{self.core}-{name}"

    def jwt(self, name: str, claims: t.Mapping[str, object]) -> str:
        """A JWT with the secret in a claim and in the signature's place."""
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {**claims, "jti": self.make(f"{name}-claim")})]
        encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
        return ".".join([*encoded, self.make(f"{name}-signature")])

    def find(self, data: bytes, where: str) -> list[str]:
        """Each kind of leak in the data, once, with what stands around it."""
        found = {}
        for form, name in self.forms.items():
            place = data.find(form)
            if place >= 0 and name not in found:
                around = data[max(0, place - 120) : place + 80].replace(b"\0", b" ")
                found[name] = f"{where}: {name}: …{around.decode('utf-8', 'replace')}…"
        return list(found.values())


def _forms(word: bytes) -> t.Iterator[tuple[str, bytes]]:
    """What a word looks like after what programs do to words."""
    yield "plain", word
    yield "upper case", word.upper()
    yield "reversed", word[::-1]
    yield "hex", word.hex().encode()
    yield "upper hex", word.hex().upper().encode()
    yield "URL quoted throughout", b"".join(b"%%%02X" % byte for byte in word)
    yield "JSON escaped throughout", b"".join(b"\\u%04x" % byte for byte in word)
    once = list(_base64(word))
    yield from (("base64", form) for form in once)
    yield from (("base64 of base64", form) for inner in once for form in _base64(inner))


def _base64(word: bytes) -> t.Iterator[bytes]:
    """What base64 makes of a word in the midst of others: by where it begins, without the ends that they share."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + word)
        first = (before * 8 + 5) // 6
        last = (before + len(word)) * 8 // 6
        yield encoded[first:last]


class Processes:
    """Looks, while it is entered, at the arguments and variables of every process of this machine.

    Containers are on the same kernel, so targets are among them. What was there before cannot have got a secret of the
    run: it is not looked at, so that one look takes less long.
    """

    def __init__(self, wanted: Secrets) -> None:
        self.leaks: list[str] = []
        self.looks = 0
        self._wanted = wanted
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processes:
        self._before = {name for name in os.listdir("/proc") if name.isdigit()}
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        seen: dict[str, bytes] = {}
        while not self._end.is_set():
            pids = {name for name in os.listdir("/proc") if name.isdigit()}
            self._before &= pids  # the number of one that ended may come again
            for pid in pids - self._before:
                for kind in ("cmdline", "environ"):
                    path = f"/proc/{pid}/{kind}"
                    try:
                        with open(path, "rb") as file:
                            data = file.read()
                    except OSError:
                        continue
                    if data and seen.get(path) != data:
                        seen[path] = data
                        self.leaks += self._wanted.find(data, kind)
            self.looks += 1
            time.sleep(0.004)  # less than the shortest execution by far


def in_folder(wanted: Secrets, *folders: pathlib.Path) -> dict[str, list[str]]:
    """Files below these folders that hold a secret, in bytes or name; what vanishes meanwhile does not count."""
    found = {}
    for folder in folders:
        walk = os.walk(folder) if folder.is_dir() else [(str(folder.parent), [], [folder.name])]
        for parent, folder_names, file_names in walk:
            for name in folder_names + file_names:
                path = pathlib.Path(parent, name)
                try:
                    data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                except OSError:
                    data = b""
                leaks = wanted.find(os.fsencode(path) + b"\0" + data, str(path))
                if leaks:
                    found[str(path)] = leaks
    return found


def in_container(wanted: Secrets, container: Container) -> dict[str, list[str]]:
    """The same for a container: everything that a run could have written."""
    folders = ["tmp", "var/tmp", "var/log", "var/lib/homes", "root", "home", "run", "etc", "srv", "dev/shm", "opt"]
    done = subprocess.run([*container.prefix(None), "tar", "-c", "-C", "/", *folders], capture_output=True, check=False)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            data = f"{member.name} {member.linkname}\0".encode() + (file.read() if file else b"")
            leaks = wanted.find(data, member.name)
            if leaks:
                found[f"/{member.name}"] = leaks
    return found
