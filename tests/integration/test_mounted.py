# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""An auth.json that is mounted into a container by itself: it can be written, emptied and filled again, not renamed."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

from .tasks import run_config

AUTH = "/srv/codex/auth.json"


def test_a_mounted_file_is_filled_emptied_and_filled_again(
    docker: None, key: pathlib.Path, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.touch(mode=0o600)
    container = Container("shells", key, "--volume", f"{outside}:{AUTH}")

    def run(**options: t.Any) -> Run:
        task = {"name": "task", "fleet.codex.codex_auth_file": {"codex_home": "/srv/codex", **options}}
        info = {"name": "info", "fleet.codex.codex_info": {"codex_home": "/srv/codex"}}
        return playbook.run({"host": container.docker()}, [task, info])

    def method(run: Run) -> str:
        return str(run.one("info").result["homes"][0]["login"]["method"])

    try:
        inode = outside.stat().st_ino
        for _round in range(2):
            filled = run(api_key="fleet-test-key-1")
            assert (filled.changes(), method(filled)) == ([True, False], "apikey")
            assert b"fleet-test-key-1" in outside.read_bytes()
            emptied = run(state="absent")
            assert (emptied.changes(), method(emptied)) == ([True, False], "none")
            assert "mount point of its own and was emptied" in emptied.one("task").result["reason"]
            assert outside.read_bytes() == b""
            again = run(state="absent")
            assert (again.changes(), method(again)) == ([False, False], "none")
        assert outside.stat().st_ino == inode
        assert container.list("/srv/codex") == [AUTH, "/srv/codex/auth.json.lock", "/srv/codex/auth.lock"]
    finally:
        container.remove()


def test_a_mounted_file_of_the_host_is_named_by_its_path_and_without_a_word_on_logins(
    docker: None, key: pathlib.Path, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    outside, inside = tmp_path / "outside.toml", "/etc/codex/requirements.toml"
    outside.touch(mode=0o644)
    container = Container("shells", key, "--volume", f"{outside}:{inside}")
    present: dict[str, t.Any] = {"settings": {"allowed_approval_policies": ["never"]}}
    try:
        for more, changed, what in [
            (present, True, "rewritten in place"),
            (present, False, None),
            ({"state": "absent"}, True, "emptied"),
            ({"state": "absent"}, False, None),
        ]:
            run = run_config(playbook, container.docker(), layer="requirements", **more)
            assert run.changes() == [changed]
            warning = f"{inside} is a mount point of its own and was {what}. Mount its folder instead."
            assert run.one("config").result.get("warnings") == ([warning] if what else None)
        assert outside.read_bytes() == b""
    finally:
        container.remove()
