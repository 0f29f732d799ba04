# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""An auth.json that is mounted into a container by itself: it can be written, emptied and filled again, not renamed."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import Container
from ansible_collections.fleet.codex.tests.support.playbook import Playbook, Run

AUTH = "/srv/codex/auth.json"


def test_a_mounted_file_is_filled_emptied_and_filled_again(
    docker: None, key: pathlib.Path, playbook: Playbook, tmp_path: pathlib.Path
) -> None:
    outside = tmp_path / "outside.json"
    outside.touch(mode=0o600)
    container = Container("shells", key, "--volume", f"{outside}:{AUTH}")

    def run(*names: str, **options: t.Any) -> Run:
        """The same task under each of the names, with a look at the home after each."""
        tasks = []
        for name in names:
            tasks.append({"name": name, "fleet.codex.codex_auth_file": {"codex_home": "/srv/codex", **options}})
            tasks.append({"name": f"after {name}", "fleet.codex.codex_info": {"codex_home": "/srv/codex"}})
        return playbook.run({"host": container.docker()}, tasks)

    def method(run: Run, name: str) -> str:
        return str(run.one(f"after {name}").result["homes"][0]["login"]["method"])

    try:
        inode = outside.stat().st_ino
        for _round in range(2):
            done = run("filled", api_key="fleet-test-key-1")
            assert (done.changes(), method(done, "filled")) == ([True, False], "apikey")
            assert b"fleet-test-key-1" in outside.read_bytes()
            done = run("emptied", "again", state="absent")
            assert done.changes() == [True, False, False, False]
            assert {method(done, name) for name in ("emptied", "again")} == {"none"}
            assert "mount point of its own and was emptied" in done.one("emptied").result["reason"]
            assert outside.read_bytes() == b""
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
        for more, what in ((present, "rewritten in place"), ({"state": "absent"}, "emptied")):
            task = {"fleet.codex.codex_config": {"layer": "requirements", **more}}
            run = playbook.run({"host": container.docker()}, [task, task])
            assert run.changes() == [True, False]
            warning = f"{inside} is a mount point of its own and was {what}. Mount its folder instead."
            assert [task.result.get("warnings") for task in run.tasks] == [[warning], None]
        assert outside.read_bytes() == b""
    finally:
        container.remove()
