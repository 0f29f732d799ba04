# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Plays OpenAI's sign-in for a real `codex login`, over TLS or plain HTTP, and the browser of whoever signs in.

A program of its own, with the standard library alone, so that it runs in any container and network namespace:

    sign_in_server.py serve FOLDER PORT [CERTIFICATE KEY]
    sign_in_server.py visit ADDRESS [ERROR]

``serve`` answers by FOLDER/settings.json, which is read again for each request (see `SETTINGS`), and puts each request
as a line of JSON into FOLDER/requests. It knows the sign-in with a browser and with a device code, refusals, revoking,
and the call by which the terminal interface of 0.169 and later asks chatgpt.com for the account. No token is signed.

``visit`` does for a printed address what a browser does on its way back from the sign-in: it calls the address that is
in it, and follows where that leads. It prints the status of each page.
"""

from __future__ import annotations

import base64
import http.client
import http.server
import json
import pathlib
import ssl
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

SETTINGS: dict[str, t.Any] = {
    "account": "account-1",
    "plan": "plus",
    "marker": "fleet-test-sign-in",  # in each token
    "api_key": None,  # what the exchange of an ID token for an API key answers; None: it is refused
    "token": "granted",  # or refused: what POST /oauth/token answers
    "device": "approved",  # or pending, denied, unknown: what polling for a device code answers
    "device_code": "ABCD-12345",
    "lifetime": 864000,  # seconds until the access token expires
}
AUTH_CLAIM = "https://api.openai.com/auth"
PATIENCE = 30  # seconds for a page


def jwt(claims: t.Mapping[str, object]) -> str:
    """An unsigned JWT."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "unsigned"])


def tokens(settings: t.Mapping[str, t.Any], number: int) -> dict[str, t.Any]:
    """What a granted sign-in answers; number: of the sign-in, since each has tokens of its own."""
    account, marker, now = settings["account"], f"{settings['marker']}-{number}", int(time.time())
    auth = {
        "chatgpt_account_id": account,
        "chatgpt_plan_type": settings["plan"],
        "chatgpt_user_id": f"user-{account}",
        "user_id": f"user-{account}",
    }
    if settings["api_key"]:  # without these, 0.20 asks for no key
        auth |= {"organization_id": "org-fleet-test", "project_id": "project-fleet-test"}
    claims = {"sub": f"user-{account}", "email": f"{account}@example.com", "iat": now, AUTH_CLAIM: auth}
    return {
        "id_token": jwt({**claims, "exp": now + 3600, "jti": f"{marker}-id"}),
        "access_token": jwt({**claims, "exp": now + settings["lifetime"], "jti": f"{marker}-access"}),
        "refresh_token": f"{marker}-refresh",
        "token_type": "Bearer",
        "expires_in": settings["lifetime"],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """One request; ``folder`` has the settings and the record."""

    protocol_version = "HTTP/1.1"
    folder: pathlib.Path
    lock = threading.Lock()
    granted = 0

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._record("")
        settings, path = self._settings(), urllib.parse.urlsplit(self.path).path
        if path.endswith("/wham/accounts/check"):
            account = {
                "id": self.headers.get("chatgpt-account-id") or settings["account"],
                "name": "fleet-test",
                "structure": "personal",
                "plan_type": settings["plan"],
                "workspace_backend_origin": "https://chatgpt.com",
                "account_routing_override": "us",
                "is_deactivated": False,
                "is_fedramp_compliant_workspace": False,
            }
            order = [account["id"]]
            self._answer(200, {"accounts": [account], "account_ordering": order, "default_account_id": order[0]})
        else:
            self._answer(404, {"error": "not_found"})

    def do_POST(self) -> None:
        body = self._body()
        self._record(body)
        settings, path = self._settings(), urllib.parse.urlsplit(self.path).path
        if path.endswith("/deviceauth/usercode"):
            # The interval is a text; a number makes `codex` fail.
            answer = {"device_auth_id": "device", "user_code": settings["device_code"], "interval": "1"}
            self._answer(*((404, {"error": "not_found"}) if settings["device"] == "unknown" else (200, answer)))
        elif path.endswith("/deviceauth/token"):
            pending = {"pending": (403, {"error": "authorization_pending"}), "denied": (400, {"error": "denied"})}
            code = {
                "authorization_code": f"{settings['marker']}-code",
                "code_challenge": "challenge",
                "code_verifier": "verifier",
            }
            self._answer(*pending.get(settings["device"], (200, code)))
        elif path == "/oauth/revoke":
            self._answer(200, {})
        elif path == "/oauth/token":
            self._grant(settings, body)
        else:
            self._answer(404, {"error": "not_found"})

    def _grant(self, settings: t.Mapping[str, t.Any], body: str) -> None:
        form = json.loads(body) if body.startswith("{") else dict(urllib.parse.parse_qsl(body))
        if form.get("grant_type", "").endswith(":token-exchange"):
            key = settings["api_key"]
            self._answer(*((200, {"access_token": key}) if key else (401, {"error": "no_organization"})))
        elif settings["token"] == "refused":
            self._answer(403, {"error": {"message": "fleet-test refusal", "code": "fleet_test"}})
        else:
            with self.lock:
                Handler.granted += 1
                number = Handler.granted
            self._answer(200, tokens(settings, number))

    def _settings(self) -> dict[str, t.Any]:
        file = self.folder / "settings.json"
        return SETTINGS | (json.loads(file.read_text(encoding="utf-8")) if file.exists() else {})

    def _body(self) -> str:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        parts = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return parts.decode("utf-8", "replace")

    def _record(self, body: str) -> None:
        line = json.dumps({"method": self.command, "path": self.path, "body": body})
        with self.lock, (self.folder / "requests").open("a", encoding="utf-8") as record:
            record.write(line + "\n")

    def _answer(self, status: int, document: t.Mapping[str, object]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(folder: pathlib.Path, port: int, files: t.Sequence[str]) -> None:
    """Answers for ever. files: the certificate and its key, for TLS."""
    Handler.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    (folder / "ready").touch()
    server.serve_forever()


def callback(address: str, error: str | None) -> str:
    """Where the sign-in page of an address sends the browser, with a code or an error."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    result = {"error": error, "error_description": f"{error} by fleet-test"} if error else {"code": "fleet-test-code"}
    return f"{query['redirect_uri']}?{urllib.parse.urlencode({**result, 'state': query.get('state', '')})}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Says where a page leads."""

    def redirect_request(self, *arguments: t.Any) -> urllib.request.Request | None:
        print(arguments[2])
        return super().redirect_request(*arguments)


def visit(address: str, error: str | None = None) -> None:
    """Plays the browser, without any proxy, and prints the status of each page.

    error: what the sign-in ends with; --only-callback for a browser that does not fetch the last page.
    """
    if error == "--only-callback":
        back = urllib.parse.urlsplit(callback(address, None))
        connection = http.client.HTTPConnection(back.netloc, timeout=PATIENCE)
        connection.request("GET", f"{back.path}?{back.query}")
        print(connection.getresponse().status)
        return
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects())
    try:
        with opener.open(callback(address, error), timeout=PATIENCE) as page:
            print(page.status)
    except urllib.error.HTTPError as refused:
        print(refused.code)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(pathlib.Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:6])
    else:
        visit(*sys.argv[2:4])
