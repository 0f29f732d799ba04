# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""The Responses API as it answers to a request without content, and a proxy before it; for any Python 3.9 or later.

    python responses_api.py CERTIFICATE KEY
        serves the API at port 443 and the proxy at port 3128, on loopback, until it is ended

Standard library only and one file, so that a container can run it. The first part of a path names
the answer: /unknown/v1/responses. The proxy leads every name to loopback.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import selectors
import socket
import socketserver
import ssl
import sys
import threading
import typing as t

INCOMPLETE = {
    "message": "Missing required parameter: 'model'.",
    "type": "invalid_request_error",
    "param": "model",
    "code": "missing_required_parameter",
}
LACKS = (
    "You have insufficient permissions for this operation. Missing scopes: {scopes}. Check that you have the correct "
    "role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a restricted "
    "API key, that it has the necessary scopes."
)
PAGE = "<!DOCTYPE html><title>Sign in</title><p>{key}</p>"


class Answer(t.NamedTuple):
    """One answer; ``{key}`` in it becomes the key of the request, as the API quotes it."""

    status: int
    body: str
    headers: t.Mapping[str, str] = {}


def error(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return Answer(status, json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()})


GOOD = Answer(400, json.dumps({"error": INCOMPLETE}))
BUSY = "Rate limit reached for requests."

# What each path answers, in turn; the last one stays.
ANSWERS: dict[str, list[Answer]] = {
    "v1": [GOOD],
    "unknown": [error(401, "Incorrect API key provided: {key}. You can find your API key at …", "invalid_api_key")],
    "scope-401": [error(401, LACKS.format(scopes="api.responses.write"))],
    "scope-403": [error(403, LACKS.format(scopes="api.responses.write, api.model.read"), "missing_scope")],
    "other": [error(401, "Something about {key}.", "{key}")],
    "quotes": [error(401, LACKS.format(scopes="{key}.write, api.responses.write"))],
    "busy": [error(429, BUSY, "rate_limit_exceeded", Retry_After="1"), GOOD],
    "busy-for-long": [error(429, BUSY, "rate_limit_exceeded", Retry_After="86400")],
    "no-credit": [error(429, "You exceeded your current quota.", "insufficient_quota")],
    "broken": [Answer(500, PAGE)],
    "recovers": [Answer(503, PAGE), GOOD],
    "page": [Answer(400, PAGE)],
    "page-403": [Answer(403, PAGE)],
    "moved": [Answer(307, "", {"Location": "/v1/responses"})],
    "accepts": [Answer(200, json.dumps({"id": "resp_fleet_test", "output": []}))],
    "nothing": [error(404, "Invalid URL")],
}


class ResponsesApi(http.server.ThreadingHTTPServer):
    """The API; ``requests`` are the ones it got: path, Authorization, body."""

    daemon_threads = True

    def __init__(self, certificate: tuple[str, str] | None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        self.requests: list[tuple[str, str | None, bytes]] = []
        self.refused: dict[str, str] = {}  # the name of the answer to a request with this Authorization
        self.over = threading.Event()
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake is done in the request's own thread, and may fail there.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def asked(self, name: str) -> int:
        """How many requests came for the answers of this name."""
        return len([path for path, _key, _body in self.requests if path.startswith(f"/{name}/")])

    def handle_error(self, *_request: object) -> None:
        """A client that does not trust the certificate, or does not wait; tests see what it says."""

    def __enter__(self) -> ResponsesApi:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ResponsesApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        authorization = self.headers.get("Authorization")
        name = self.server.refused.get(authorization or "", self.path.split("/")[1])
        self.server.requests.append((self.path, authorization, body))
        if name == "silent":
            self.server.over.wait(30)
            return
        if name == "drips":  # a byte now and then, so that no single read takes long
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 400 Bad Request\r\n" + b"X: y\r\n" * 60:
                    self.wfile.write(bytes([byte]))
                    if self.server.over.wait(0.2):
                        return
            return
        turns = ANSWERS.get(name, ANSWERS["nothing"])
        answer = turns[min(self.server.asked(name), len(turns)) - 1] if name != "v1" else GOOD
        key = (authorization or "").removeprefix("Bearer ")
        data = answer.body.replace("{key}", key).encode()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(data)))
        for header, value in answer.headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: ``requests`` say it all."""


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that knows CONNECT alone; ``requests`` are what it was asked for: place, credentials."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0, credentials: str | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Tunnel)
        self.port: int = self.server_address[1]
        self.credentials = credentials
        self.requests: list[tuple[str, str | None]] = []
        self.seen = b""  # what clients sent through it

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


class _Tunnel(socketserver.StreamRequestHandler):
    server: Proxy
    rbufsize = 0  # what follows the head belongs to the tunnel

    def handle(self) -> None:
        _method, place, _version = self.rfile.readline().decode().split()
        credentials = None
        while line := self.rfile.readline().decode().strip():
            name, _colon, value = line.partition(": ")
            if name.lower() == "proxy-authorization":
                credentials = base64.b64decode(value.removeprefix("Basic ")).decode()
        self.server.requests.append((place, credentials))
        if credentials != self.server.credentials:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2]))) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._relay(there)

    def _relay(self, there: socket.socket) -> None:
        ways = {self.connection: there, there: self.connection}
        with selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
            for way in ways:
                selector.register(way, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select():
                    data = t.cast(socket.socket, key.fileobj).recv(65536)
                    if not data:
                        return
                    if key.fileobj is self.connection:
                        self.server.seen += data
                    ways[t.cast(socket.socket, key.fileobj)].sendall(data)


if __name__ == "__main__":
    with ResponsesApi((sys.argv[1], sys.argv[2]), 443), Proxy(3128):
        print("ready", flush=True)
        threading.Event().wait()
