# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Codex can renew a ChatGPT login at the server but not save it, which loses the login.

Measured on 0.58 to 0.169: the refresh token is spent first, and nothing is printed about the failed save.
"""

from __future__ import annotations

from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer


def renewal_problems(described: HomeAnswer, *, mode: int | None, replaced: bool) -> list[str]:
    """What keeps Codex from saving renewed tokens in this home, a sentence each.

    mode: of the auth.json that will be there, None without one; replaced: whether it is a new file by then.
    """
    file, user, path = described["files"]["auth"], described["user_info"]["name"], described["files"]["auth"]["path"]
    problems = []
    if file.get("mount_point"):
        problems.append(
            f"{path} is a mount point of its own, and Codex 0.169 cannot save a renewed ChatGPT login there: it loses "
            "the login. Mount the folder instead of the file."
        )
    if file.get("hard_links", 1) > 1 and not replaced:
        problems.append(
            f"{path} has a second hard link, and Codex 0.169 cannot save a renewed ChatGPT login then: it loses the "
            "login. Remove the other name."
        )
    if not replaced and file["kind"] == "file" and file.get("owner") != user:
        problems.append(
            f"{path} belongs to {file.get('owner')}, so {user}'s Codex cannot save a renewed ChatGPT login: it "
            "loses the login. Change the owner."
        )
    elif mode is not None and not mode & 0o200:
        problems.append(
            f"{path} is read-only, so Codex cannot save a renewed ChatGPT login: it loses the login. Give it mode 0600."
        )
    if described["folder"]["kind"] == "directory" and described["folder"]["mode"] & 0o300 != 0o300:
        problems.append(
            f"{described['codex_home']} is not writable for {user}, so Codex cannot save a renewed ChatGPT login: it "
            "loses the login. Give it mode 0700."
        )
    if described["unsaved_logins"]:
        names = ", ".join(file["name"] for file in described["unsaved_logins"])
        problems.append(
            f"{described['codex_home']} has {names}, left by a killed Codex: it may be the only copy of a renewed "
            "login. codex_auth_fetch brings it to the controller if it is; remove it then."
        )
    return problems
