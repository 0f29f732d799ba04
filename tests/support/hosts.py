# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The hosts that tests work on: containers without a network, and this machine.

A container is reached by community.docker, and by ssh through a real sshd that ``docker exec``
starts for each connection: no port is opened, and no address is needed.
"""

from __future__ import annotations

import pathlib
import shlex
import subprocess
import typing as t

LABEL = "fleet.codex.test"
PASSWORDS = {"root": "fleet-test-root", "bob": "fleet-test-bob", "deploypw": "fleet-test-deploypw"}

# Users: alice (bash), bob (zsh), carol (fish), dora (dash), edna (tcsh, sudo), deploy (sudo), deploypw (sudo with its
# password), deploytty (sudo, in a terminal only).
_USERS = """\
set -e
shell() { command -v "$1" || echo /bin/bash; }
useradd -m -s /bin/bash alice
useradd -m -s "$(shell zsh)" bob
useradd -m -s "$(shell fish)" carol
useradd -m -s /bin/dash dora
useradd -m -s "$(shell tcsh)" edna
useradd -m -s /bin/bash deploy
useradd -m -s /bin/bash deploypw
useradd -m -s /bin/bash deploytty
cat >/etc/sudoers.d/fleet-test <<END
deploy, deploytty, edna ALL=(ALL) NOPASSWD: ALL
deploypw ALL=(ALL) ALL
Defaults:deploytty requiretty
END
chmod 440 /etc/sudoers.d/fleet-test
chpasswd
mkdir -p /run/sshd
# The engine starts a container with a /root that others may enter, and no home was used yet.
mkdir /var/lib/homes
cp -a /home/. /var/lib/homes
cp -a /root /var/lib/homes/root
"""

_RESET = """\
set -e
rm -rf /home/* /root /srv/* /etc/codex /tmp/* /tmp/.[!.]* /var/tmp/* /usr/local/bin/codex
cp -a /var/lib/homes/root /root
for home in /var/lib/homes/*; do [ "$home" = /var/lib/homes/root ] || cp -a "$home" /home; done
"""


def become(user: str, method: str = "sudo", password: str | None = None, flags: str | None = None) -> dict[str, t.Any]:
    """Variables to become a user; ``password`` names whose password is asked for."""
    variables = {"ansible_become": True, "ansible_become_method": method, "ansible_become_user": user}
    variables |= {"ansible_become_flags": flags} if flags else {}
    return variables | ({"ansible_become_password": PASSWORDS[password]} if password else {})


class File(t.NamedTuple):
    """A file as it lies on a host."""

    owner: str
    mode: str
    inode: int
    mtime: str
    content: bytes


class Host:
    """What tests ask of a host behind Ansible's back."""

    def run(self, *command: str, user: str | None = None, data: bytes = b"", check: bool = True) -> str:
        """What a command printed; stdout and stderr together."""
        done = subprocess.run(
            [*self.prefix(user), *command], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        text = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0 or not check, f"{command} ended with {done.returncode}: {text}"
        return text

    def prefix(self, user: str | None) -> list[str]:
        raise NotImplementedError

    def file(self, path: str) -> File:
        """A regular file that must be there."""
        script = 'stat -L -c "%U %a %i %.9Y" "$1" && cat "$1"'
        done = subprocess.run([*self.prefix(None), "sh", "-c", script, "sh", path], capture_output=True, check=False)
        assert done.returncode == 0, f"{path}: {done.stderr.decode('utf-8', 'replace')}"
        facts, _newline, content = done.stdout.partition(b"\n")
        shown = facts.decode().split()
        return File(shown[0], shown[1], int(shown[2]), shown[3], content)

    def mode(self, path: str) -> tuple[str, str]:
        """Owner and mode."""
        owner, mode = self.run("stat", "-c", "%U %a", path).split()
        return owner, mode

    def write(self, path: str, content: bytes | str, owner: str = "root", mode: str = "600") -> None:
        """A file as a user would have left it, with the folders above it."""
        data = content if isinstance(content, bytes) else content.encode()
        folder = shlex.quote(str(pathlib.PurePosixPath(path).parent))
        quoted = shlex.quote(path)
        script = f"[ -d {folder} ] || install -d -m 700 -o {owner} {folder}; cat >{quoted} && chown {owner} {quoted}"
        self.run("sh", "-c", f"{script} && chmod {mode} {quoted}", data=data)

    def exists(self, path: str) -> bool:
        return self.run("sh", "-c", f"[ -e {shlex.quote(path)} ] && echo yes || true") == "yes\n"

    def list(self, *folders: str) -> list[str]:
        """All paths below these folders."""
        return sorted(self.run("find", *folders, "-mindepth", "1", check=False).splitlines())


class Machine(Host):
    """This machine, with a folder of the test's own in place of a home."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def prefix(self, user: str | None) -> list[str]:
        return [] if user is None else ["runuser", "-u", user, "--"]

    def variables(self, connection: str = "local") -> dict[str, t.Any]:
        # Where requests go as files, instead of the home of whoever runs the tests.
        return {"ansible_connection": connection, "ansible_remote_tmp": str(self.folder / "remote")}


class Container(Host):
    """A container without a network; ``remove`` ends it. ``options`` are further ones of docker run."""

    def __init__(self, image: str, key: pathlib.Path, *options: str) -> None:
        self.key = key
        command = ["docker", "run", "--detach", "--network", "none", "--label", LABEL, *options]
        command.append(f"fleet-codex-test:{image}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.id = done.stdout.strip()
        try:
            passwords = "".join(f"{name}:{word}\n" for name, word in PASSWORDS.items())
            self.run("sh", "-c", _USERS, data=passwords.encode())
            self.write("/etc/ssh/fleet-test-keys", key.with_suffix(".pub").read_bytes(), mode="644")
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", self.id], capture_output=True, check=False)

    def reset(self) -> None:
        """Homes and temporary folders as they were."""
        self.run("sh", "-c", _RESET)

    def prefix(self, user: str | None) -> list[str]:
        return ["docker", "exec", "--interactive", *(["--user", user] if user else []), self.id]

    def docker(self, user: str | None = None, plugin: str = "docker") -> dict[str, t.Any]:
        """Variables for a connection by community.docker."""
        variables: dict[str, t.Any] = {"ansible_connection": f"community.docker.{plugin}", "ansible_host": self.id}
        return variables | ({"ansible_user": user} if user else {})

    def sshd_command(self) -> str:
        """Starts an sshd for one connection, on its standard input and output."""
        return f"docker exec -i {self.id} /usr/sbin/sshd -i -o AuthorizedKeysFile=/etc/ssh/fleet-test-keys"

    def ssh_options(self) -> list[str]:
        return [
            *("-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes"),
            *("-o", f"ProxyCommand={self.sshd_command()}"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"),
        ]

    def ssh(self, user: str) -> dict[str, t.Any]:
        """Variables for a connection by ssh."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": f"{self.id[:12]}.test",
            "ansible_user": user,
            "ansible_ssh_common_args": shlex.join(self.ssh_options()),
        }

    def ssh_run(self, user: str, *command: str) -> str:
        """What `ssh user@host command` printed."""
        done = subprocess.run(
            ["ssh", *self.ssh_options(), f"{user}@host.test", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
