# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A registry for npm: serves the packages @openai/codex of the archives in a folder, on a port of the loopback.

npm_registry.py FOLDER PORT. What is asked for is printed, one line for each request, after the line "ready". Standard
library only, since it runs in a container.
"""

import base64
import hashlib
import http.server
import json
import pathlib
import sys
import tarfile
import urllib.parse

FOLDER, PORT = pathlib.Path(sys.argv[1]), int(sys.argv[2])


def packument():
    """What npm asks first: all versions, each with its package.json, and where its archive is."""
    versions = {}
    for archive in sorted(FOLDER.glob("*.tgz")):
        with tarfile.open(archive) as tar:
            package = json.load(tar.extractfile("package/package.json"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        address = f"http://127.0.0.1:{PORT}/{archive.name}"
        versions[package["version"]] = {**package, "dist": {"tarball": address, "integrity": "sha512-" + digest}}
    # As at the real registry, the newest is one that nobody pinned.
    return {"name": "@openai/codex", "dist-tags": {"latest": max(versions)}, "versions": versions}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.unquote(self.path).lstrip("/")
        if path == "@openai/codex":
            body = json.dumps(packument()).encode()
        elif path in [archive.name for archive in FOLDER.glob("*.tgz")]:
            body = (FOLDER / path).read_bytes()
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        print(format % arguments, flush=True)


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
server.serve_forever()
