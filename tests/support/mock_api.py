# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A stand-in for the API and the token endpoint, on loopback only.

    python mock_api.py --port 0 --record FILE
        serves until it is stopped; the first line on stdout is the port
    python mock_api.py --port 0 --record FILE -- COMMAND...
        serves while COMMAND runs and ends with its return code; ``{port}`` in
        the command's words becomes the port

What a login does to Codex in the field is brought about by options: --lifetime
of access tokens, --expired (those handed out before are refused), --delay and
--hold of the token endpoint's answer.

FILE gets one JSON line per request. It is the memory as well: refresh tokens
that it names as spent stay spent in the next run with the same FILE.

Standard library only and one file, so that it runs anywhere a Python is.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import time
import typing as t

RESPONSES = "/v1/responses"
TOKEN = "/oauth/token"
# Whose a personal access token is, as Codex asks at every start (measured on 0.139.0 to 0.171.0).
WHOAMI = {
    "email": "token@fleet.test",
    "chatgpt_user_id": "user-token",
    "chatgpt_account_id": "account-token",
    "chatgpt_plan_type": "business",
    "chatgpt_account_is_fedramp": False,
}

# In a --hold folder: made by the endpoint when it was asked, and what it then waits for.
ASKED, ANSWER = "asked", "answer"

# A refresh token that names its account gets tokens of that account for it.
REFRESH_TOKEN = "fleet-test-refresh-{account}~{marker}"
_ACCOUNT = re.compile(r"fleet-test-refresh-([\w-]+)~")


class Request(t.TypedDict):
    """One line of the record."""

    method: str
    path: str
    authorization: str | None
    refresh_token: str | None
    model: str | None
    status: int


def read_record(record: pathlib.Path) -> list[Request]:
    """All requests in a record, oldest first; none if there is no record yet."""
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def successor(refresh_token: str) -> str:
    """The refresh token handed out for one: ``NAME``, ``NAME.1``, ``NAME.2``..."""
    match = re.fullmatch(r"(.*)\.(\d+)", refresh_token)
    stem, count = (match[1], int(match[2])) if match else (refresh_token, 0)
    return f"{stem}.{count + 1}"


def tokens_for(refresh_token: str, lifetime: int = 3600) -> dict[str, str]:
    """The endpoint's answer, handed out for the predecessor of this refresh token.

    Unsigned JWTs, whose ``jti`` is the refresh token. Without an account in its name there is no
    id_token: Codex keeps the one it has, and with it the account.
    """
    now = int(time.time())
    claims: dict[str, object] = {"iat": now, "exp": now + lifetime, "jti": refresh_token}
    named = _ACCOUNT.match(refresh_token)
    if named is None:
        return {"access_token": _jwt(claims), "refresh_token": refresh_token}
    user = "user-fleet-test"
    auth = {"chatgpt_account_id": named[1], "chatgpt_plan_type": "plus", "chatgpt_user_id": user, "user_id": user}
    claims |= {"sub": user, "email": f"{named[1]}@fleet.test", "https://api.openai.com/auth": auth}
    return {"id_token": _jwt(claims), "access_token": _jwt(claims), "refresh_token": refresh_token}


def _jwt(claims: t.Mapping[str, object]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "JWT"}, claims)
    ]
    return ".".join([*parts, "unsigned"])


def _events() -> bytes:
    """The three events that end a turn for Codex 0.20.0 to 0.171.0 (measured)."""
    item = {
        "type": "message",
        "id": "msg_fleet_test",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "fleet-test-answer"}],
    }
    usage = {
        "input_tokens": 1,
        "input_tokens_details": None,
        "output_tokens": 1,
        "output_tokens_details": None,
        "total_tokens": 2,
    }
    events: list[dict[str, object]] = [
        {"type": "response.created", "response": {"id": "resp_fleet_test"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"id": "resp_fleet_test", "usage": usage}},
    ]
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


class MockApi(http.server.ThreadingHTTPServer):
    """The server; ``port`` is known once it exists."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        record: pathlib.Path,
        *,
        lifetime: int = 3600,
        expired: bool = False,
        delay: float = 0,
        hold: pathlib.Path | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        self._lifetime, self._expired, self._delay, self._hold = lifetime, expired, delay, hold
        self._handed_out: set[str] = set()
        self._record = record
        self._lock = threading.Lock()
        self._spent = {r["refresh_token"] for r in read_record(record) if r["refresh_token"] is not None}

    def note(self, request: Request) -> None:
        """Append one request to the record."""
        with self._lock, self._record.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(request) + "\n")

    def spend(self, refresh_token: str) -> bool:
        """Use a refresh token up; False if it was used before."""
        with self._lock:
            fresh = refresh_token not in self._spent
            self._spent.add(refresh_token)
            return fresh

    def refresh(self, refresh_token: str) -> dict[str, str] | None:
        """The answer for a refresh token, which is spent by then; None if it was before."""
        fresh = self.spend(refresh_token)
        if self._hold is not None:
            (self._hold / ASKED).touch()
            while not (self._hold / ANSWER).exists():
                time.sleep(0.01)
        time.sleep(self._delay)
        tokens = tokens_for(successor(refresh_token), self._lifetime) if fresh else None
        if tokens is not None:
            self._handed_out.add(f"Bearer {tokens['access_token']}")
        return tokens

    def accepts(self, authorization: str | None) -> bool:
        """Whether a turn is answered."""
        return not self._expired or authorization in self._handed_out


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MockApi

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == RESPONSES:
            # The websocket variant of the same call: refused, Codex then posts.
            self._answer(404, {"error": {"message": "no websockets here"}})
        elif path.endswith("/whoami"):
            self._answer(200, WHOAMI)
        elif path == "/v1/models":
            self._answer(200, {"object": "list", "data": [], "models": []})
        else:
            self._answer(200, {})

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        if path == RESPONSES:
            self._turn(json.loads(body)["model"])
        elif path == TOKEN:
            self._token(body)
        else:
            self._answer(200, {})

    def _turn(self, model: str) -> None:
        if self.server.accepts(self.headers.get("Authorization")):
            self._answer(200, _events(), "text/event-stream", model=model)
        else:
            error = {"code": "token_expired", "message": "This token has expired."}
            self._answer(401, {"error": error}, model=model)

    def _token(self, body: bytes) -> None:
        """One use per refresh token, as the official CI guide describes it."""
        refresh_token = str(json.loads(body)["refresh_token"])
        tokens = self.server.refresh(refresh_token) if refresh_token else None
        if tokens is not None:
            self._answer(200, tokens, refresh_token=refresh_token)
        else:
            message = "Your refresh token has already been used to generate a new access token."
            error = {"code": "refresh_token_reused", "message": message, "type": "invalid_request_error"}
            self._answer(401, {"error": error}, refresh_token=refresh_token)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(
        self,
        status: int,
        content: t.Mapping[str, object] | bytes,
        content_type: str = "application/json",
        *,
        refresh_token: str | None = None,
        model: str | None = None,
    ) -> None:
        """Record first: who has the answer may rely on the record."""
        self.server.note(
            {
                "method": self.command,
                "path": self.path,
                "authorization": self.headers.get("Authorization"),
                "refresh_token": refresh_token,
                "model": model,
                "status": status,
            }
        )
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the record says it all."""


def main(argv: t.Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Stand-in for the API that Codex talks to.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--record", type=pathlib.Path, required=True, metavar="FILE")
    parser.add_argument("--lifetime", type=int, default=3600, metavar="SECONDS", help="of access tokens")
    parser.add_argument("--expired", action="store_true", help="refuse access tokens not handed out since the start")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="before the token endpoint answers")
    parser.add_argument(
        "--hold", type=pathlib.Path, metavar="FOLDER", help=f"make {ASKED} there when asked, wait for {ANSWER}"
    )
    parser.add_argument("command", nargs="*", help="serve only while this runs")
    options = parser.parse_args(argv)
    server = MockApi(
        options.port,
        options.record,
        lifetime=options.lifetime,
        expired=options.expired,
        delay=options.delay,
        hold=options.hold,
    )
    if not options.command:
        print(server.port, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
        return 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [word.replace("{port}", str(server.port)) for word in options.command]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
