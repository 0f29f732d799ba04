# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that name a Codex home, the container it is in, and the version that reads it."""

from __future__ import annotations


class ModuleDocFragment:
    """fleet.codex.home; fleet.codex.home.container; fleet.codex.home.version"""

    DOCUMENTATION = r"""
options:
  user:
    description:
      - The user that the Codex home belongs to.
      - Without this option, it is the user that the task runs as. With become, that is the one in C(become_user).
      - An empty or null value is refused, since it would mean another user. Any other option that is empty or null
        counts as not given, except for those that give a login or name a file, which are refused, too.
      - Naming another user needs root on the target (C(become=true)). The files are still read and written as that
        user.
      - On Windows, the name is one such as V(alice), V(DOMAIN\\alice) or V(alice@example.com), or a SID. The user must
        have a profile on the host, so must have logged on once. Naming another user needs an administrator there, whose
        rights are used.
    type: str
  codex_home:
    description:
      - The Codex home, as an absolute path. On Windows, it begins with a drive, as in V(C:\\codex-ci).
      - Without this option, it is C(.codex) in the home directory of the user. If O(user) is not given either,
        E(CODEX_HOME) and E(HOME) in the C(environment) keyword of the task take precedence, and in a container
        those that it runs with. On Windows, the home directory is the profile of the user, and E(HOME) has no effect.
      - Every folder on the path must belong to root or to the user, because the owner of a folder can replace what is
        in it. On Windows, nobody but the user, SYSTEM and Administrators may be able to rename or remove such a folder.
        A folder on another host is refused there.
      - Modules that write create a missing folder with mode V(0700). If the user cannot create it, root does, but
        only below folders that root alone can write to. On Windows, the user, SYSTEM and Administrators have full
        control of the folder, and nobody else has access.
      - Write the path out. V(~) is refused, because it is not expanded.
    type: str
"""

    VERSION = r"""
options:
  codex_version:
    description:
      - The version of Codex that reads the files, such as V(0.171.0), or V(detect) to run the user's own C(codex
        --version) on the target.
      - It decides which login settings are written to C(config.toml), and which logins, files and values are refused
        because this version cannot use them.
      - If V(detect) finds no C(codex), a task that manages a configuration file fails. A task that manages a login
        alone goes on as if O(codex_version) were not given.
      - On Windows, V(detect) is refused for another user than the one that the task runs as.
      - Quote a version of two numbers, such as V("0.34"). YAML reads it as a number otherwise.
    type: str
"""

    CONTAINER = r"""
options:
  container:
    description:
      - A running container of the host. The task then works in it, by C(docker exec) or C(podman exec) on the host,
        and users, paths and variables are those of the container.
      - The host needs nothing but the command of the engine, and the container needs what any target needs and
        C(/bin/sh). C(become) is for the host, where it gives the right to use the engine.
      - C(ansible_python_interpreter) of the host has no effect in the container, where a Python is looked for.
      - Without this option, the task works on the host itself. An empty or null value is refused.
      - It is not supported on Windows hosts.
    type: dict
    suboptions:
      name:
        description: The name or the ID of the container.
        type: str
        required: true
      engine:
        description: The command that runs something in the container.
        type: str
        choices: [docker, podman]
        default: docker
      user:
        description:
          - Whom the task works as in the container, as a name or a number, also with a group as in V("1000:50").
          - Without this option, it is the one that the container was started with, or else the user of its
            image.
        type: str
"""
