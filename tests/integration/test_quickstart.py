# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""docs/quickstart.md as a newcomer reads it: on a new Debian, with a new server, and with no step that is not there.

In place of Galaxy, the archive of this checkout is installed. In place of ChatGPT, the sign-in server of these tests
answers a real Codex. A person's editor writes what the page shows.
"""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from ansible_collections.fleet.codex.tests.support.codex_client import Unavailable, binary
from ansible_collections.fleet.codex.tests.support.hosts import Host
from ansible_collections.fleet.codex.tests.support.pages import Block, blocks, steps, text_of
from ansible_collections.fleet.codex.tests.support.skips import unavailable

from .containers import Box
from .newcomer import FOR_APT, PASSWORDS, PERSON, SERVER, Newcomer, Reader, Wait, build_archive, network, prepare_server
from .sign_in import AUTHORITY, SignInHost
from .sign_in import SERVER as BROWSER

PAGE = "docs/quickstart.md"
AUTH = "/home/alice/.codex/auth.json"
KEY = "fleet-test-key-of-a-newcomer"
VAULT_PASSWORD = "fleet-test-vault-password"
ANSWERS = {
    **FOR_APT,
    "Are you sure you want to continue connecting (yes/no/[fingerprint])?": "yes",
    "BECOME password:": PASSWORDS["admin"],
    "Vault password:": VAULT_PASSWORD,
}

FOLDER = f"/home/{PERSON}/codex"
INSTALL = "Install Ansible and the collection"
INVENTORY = "Say which server"
API_KEY = "With an API key"
CHATGPT = "With a ChatGPT login"
FIRST, *OTHERS = blocks(PAGE)
RUN = [FIRST, *(block for block in OTHERS if block.heading in (INSTALL, INVENTORY, API_KEY, CHATGPT))]
pytestmark = pytest.mark.xdist_group("quickstart")


def read(reader: Reader, section: t.Sequence[Block], visit: t.Callable[[Wait], None] | None = None) -> None:
    """Does what blocks say, in their order. visit: signs in, where a command asks for that."""
    for number, block in enumerate(section):
        if block.language == "console":
            for step in steps(block):
                if "ansible-vault create" in step.command:
                    reader.write("/tmp/typed", section[number + 1].text.replace("sk-…", KEY))
                reader.type(step.command, meanwhile=visit)
        elif block.language == "text":
            compare(block, reader.last)
        elif block.file:
            reader.write(f"{FOLDER}/{block.file}", block.text)


def under(heading: str) -> list[Block]:
    found = [block for block in RUN if block.heading == heading]
    assert found, f"{PAGE} has no block below {heading}"
    return found


def compare(block: Block, output: str) -> None:
    """Fails unless the output has what the page shows, apart from names and dates and with … for anything."""
    shown = [re.escape(line).replace("…", ".*") for line in simple(block.text).splitlines()]
    pattern = "\n".join(shown)
    assert re.search(pattern, simple(output)), f"{block} shows\n{block.text}\nbut there was\n{output}"


def simple(text: str) -> str:
    text = re.sub(r"[\w.…-]+@example\.com", "…", text)
    text = re.sub(r"\d{4}-\d\d-\d\d|\d{8}-\d{4}-[\d-]+", "…", text)
    return re.sub(r"[ *]+", " ", re.sub(r"[ *]+$", "", text, flags=re.M))


class Place(t.NamedTuple):
    """The network of the page, a new machine with Ansible in it, and a shell there."""

    connect: t.Callable[[str, str | None], None]
    newcomer: Newcomer
    reader: Reader


@pytest.fixture(scope="module", name="place")
def _place(docker: None, key: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    newcomer = Newcomer(key, build_archive(tmp_path_factory.mktemp("archive")))
    try:
        newcomer.write("/opt/browser.py", BROWSER.read_bytes(), mode="644")
        with newcomer.shell() as shell:
            reader = Reader(PAGE, newcomer, shell, ANSWERS)
            reader.type(reader.inline("sudo apt install "))
            read(reader, under(INSTALL))
            with network() as connect:
                connect(newcomer.id, None)
                yield Place(connect, newcomer, reader)
    finally:
        newcomer.remove()


def begin(place: Place, server: Host, container: str, key: pathlib.Path) -> Reader:
    """A new folder with an inventory of the server, which is reached at its address."""
    prepare_server(server)
    server.write("/home/admin/.ssh/authorized_keys", key.with_suffix(".pub").read_bytes(), "admin")
    place.connect(container, SERVER)
    place.reader.type("cd; rm -rf codex .ssh/known_hosts")
    place.reader.type(place.reader.inline("mkdir codex"))
    read(place.reader, under(INVENTORY))

    def leave(wait: Wait) -> None:
        wait(r"\$ $")
        place.reader.press("exit\n")

    place.reader.type(place.reader.inline("ssh admin@"), leave)
    return place.reader


def check_messages(reader: Reader) -> None:
    """Fails unless two mistakes lead to the messages that the page has."""
    command = reader.typed[-1]
    for mistake, message in (
        (command.replace(" --ask-become-pass", ""), "Missing sudo password"),
        (f"{command} -e codex_user=alice2", "There is no user alice2 on this host."),
    ):
        assert f"| `{message.replace('alice2', 'alice')}` |" in text_of(PAGE)
        output = reader.type(f"! {mistake}")
        assert message in output, output


def test_with_an_api_key(place: Place, key: pathlib.Path) -> None:
    """The server has nothing but ssh and sudo, not even Python. The second run changes nothing."""
    try:
        codex = binary("0.171.0")
    except Unavailable as error:
        unavailable(str(error))
    server = Box("server", "--volume", f"{codex}:/opt/codex:ro")
    try:
        reader = begin(place, server, server.id, key)
        read(reader, under(API_KEY))
        assert FIRST.text.removeprefix("$ ").strip() in reader.typed
        assert "changed=0 " in reader.type_again()
        assert KEY not in reader.last
        check_messages(reader)
        assert KEY not in server.run("su", "-", "alice", "-c", "env")
        server.run("ln", "-s", "/opt/codex", "/usr/local/bin/codex")
        status = server.run("su", "-", "alice", "-c", "codex login status")
        assert "API key" in status, status
        vault = place.newcomer.run("cat", f"{FOLDER}/group_vars/servers/vault.yml")
        assert vault.startswith("$ANSIBLE_VAULT;")
    finally:
        server.remove()


def test_with_a_chatgpt_login(place: Place, key: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The browser is on the new machine, as the person is. The copy deploys the login on the server again."""
    try:
        server = SignInHost(key, tmp_path)
    except Unavailable as error:
        unavailable(str(error))
    try:
        server.install("0.171.0")
        server.run("install", "-D", "--mode", "644", AUTHORITY, "/etc/ssl/certs/ca-certificates.crt")
        reader = begin(place, server, server.id, key)

        def visit(wait: Wait) -> None:
            address = wait(r"^(https://\S+)\n")[1]
            pages = place.newcomer.run("python3", "/opt/browser.py", "visit", address, user=PERSON)
            assert pages.split() == ["302", "200"]

        sign_in, shown, collect, line = under(CHATGPT)
        account = re.search(r"signed in to (\S+) ", shown.text)
        assert account
        server.set(account=account[1])
        read(reader, [sign_in, shown], visit)
        login = server.file(AUTH)
        assert login[:2] == ("alice", "600")
        again = reader.type_again()
        assert "changed=0 " in again and "https://" not in again
        assert server.file(AUTH) == login

        read(reader, [collect])
        copy = place.newcomer.run("cat", f"{FOLDER}/credentials/server1/alice/auth.json")
        assert copy.startswith("$ANSIBLE_VAULT;")
        (playbook,) = [block for block in under(API_KEY) if block.file]
        text = re.sub(r"codex_api_key: .*\n", line.text, playbook.text)
        reader.write(f"{FOLDER}/{playbook.file}", text)
        server.run("rm", "-r", "/home/alice/.codex")
        command = next(step.command for block in under(API_KEY)[::-1] for step in steps(block))
        assert "changed=1 " in reader.type(command)
        assert json.loads(server.file(AUTH).content) == json.loads(login.content)
        assert "changed=0 " in reader.type_again()

        reader.type(reader.inline("ansible-playbook -i hosts fleet.codex.status"))
        assert re.search(r"server1 +alice .*ChatGPT", reader.last), reader.last
    finally:
        server.remove()
