# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""What examples need of the world: the API with a gateway and a proxy, and npm."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import typing as t

from ansible_collections.fleet.codex.tests.support.hosts import Container

from .authority import make_authority

# The headings of docs/fleet.md whose blocks are the files and tasks of one repository.
IN_A_REPOSITORY = ("In an existing infrastructure repository", "In your own roles and plays", "Tags and loops", "In CI")

# Where a Debian's Python looks for authorities, and the one of the example; neither is there by itself.
AUTHORITIES = ("/usr/lib/ssl/cert.pem", "/etc/ssl/certs/example.pem")


# In place of npm: a codex of the version that the examples name. test_install.py has a real one.
NPM = """\
#!/bin/sh
rm -f /usr/local/bin/codex
printf '#!/bin/sh\\necho codex-cli 0.171.0\\n' >/usr/local/bin/codex
chmod 755 /usr/local/bin/codex
"""


@contextlib.contextmanager
def serve_api(container: Container, folder: pathlib.Path) -> t.Iterator[None]:
    """The API, a gateway to it and a proxy, in the container: names, ports and certificates are right."""
    names = ["api.openai.com", "gateway.example.com", "proxy.example.com"]
    authority = make_authority(folder, names)
    for path in AUTHORITIES:
        container.write(path, authority.trusted.read_bytes(), mode="644")
    for name, path in (("certificate", authority.certificate), ("key", authority.key)):
        container.write(f"/opt/api/{name}.pem", path.read_bytes())
    container.write("/opt/api/responses_api.py", pathlib.Path(__file__).with_name("responses_api.py").read_bytes())
    hosts = container.file("/etc/hosts").content
    container.run("tee", "-a", "/etc/hosts", data=f"127.0.0.1 {' '.join(names)}\n".encode())
    command = ["python3", "/opt/api/responses_api.py", "/opt/api/certificate.pem", "/opt/api/key.pem"]
    with subprocess.Popen(
        [*container.prefix(None), "sh", "-c", 'echo $$; exec "$@"', "sh", *command], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        pid = server.stdout.readline().strip()
        assert server.stdout.readline() == "ready\n"
        yield
        container.run("kill", pid)
    container.run("tee", "/etc/hosts", data=hosts)
    container.run("rm", *AUTHORITIES)
