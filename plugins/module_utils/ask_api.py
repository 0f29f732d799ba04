# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the Responses API whether an API key may write Responses, by a request that it must refuse.

Runs on POSIX targets with the modules that it imports, from standard input, under ``python -I -S`` 3.6
or later, with the standard library only. It takes one request and prints one answer, as
docs/protocol.md says. It does not judge: it reports what the API answered, or what kept it from asking.

From top to bottom: the proxy, one request, the retries, main.
"""

import base64
import http.client
import os
import re
import signal
import socket
import time
import urllib.parse
import urllib.request

from ansible_collections.fleet.codex.plugins.module_utils._target.wire import serve

try:
    import ssl
except ImportError:  # a Python that was built without it
    ssl = None

BODY = b"{}"  # without a model and an input: the API refuses it before there is anything to bill
BODY_LIMIT = 64 * 1024  # bytes of an answer that are read
WAIT_LIMIT = 60  # seconds to wait for another try; who asks for more is not waited for
BACKOFF_LIMIT = 8  # seconds, where the API does not say how long to wait


class ProbeError(Exception):
    """What kept this program from an answer of the API.

    reason: a key of the controller's messages.PROBE_ERRORS; cause: a word about it from the system or of TLS.
    """

    def __init__(self, reason, cause=""):
        Exception.__init__(self, reason)
        self.facts = {"error": reason, "cause": cause}


class OutOfTime(Exception):
    """The time for one request is over."""


def why(error):
    """An OSError in words, without its arguments."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


# ---------------------------------------------------------------------------------- the proxy


def find_proxy(request, url):
    """The proxy to go through as (host, port, authorization); None to go directly.

    Plain http is for this machine alone, and never goes through a proxy, which would see the key.
    """
    if url.scheme == "http":
        return None
    text = request["proxy"]
    if text is None:
        proxies = urllib.request.getproxies_environment()
        if urllib.request.proxy_bypass_environment(url.netloc, proxies):
            return None
        text = proxies.get("https") or proxies.get("all")
    if not text:
        return None
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else "http://" + text)
        port = parts.port or 80
    except ValueError:
        raise ProbeError("proxy_url") from None
    if parts.scheme != "http" or not parts.hostname:
        raise ProbeError("proxy_url")
    authorization = None
    if parts.username is not None:
        user = urllib.parse.unquote(parts.username) + ":" + urllib.parse.unquote(parts.password or "")
        authorization = "Basic " + base64.b64encode(user.encode("utf-8")).decode("ascii")
    return parts.hostname, port, authorization


def open_tunnel(connection, url, authorization):
    """Has the proxy open a tunnel to the API. The key is not part of this; it follows inside TLS."""
    host = "[%s]" % url.hostname if ":" in url.hostname else url.hostname
    place = "%s:%d" % (host, url.port or 443)
    lines = ["CONNECT %s HTTP/1.1" % place, "Host: %s" % place, "User-Agent: fleet.codex"]
    if authorization:
        lines.append("Proxy-Authorization: " + authorization)
    try:
        connection.sendall("\r\n".join(lines + ["", ""]).encode("ascii"))
        response = http.client.HTTPResponse(connection, method="CONNECT")
        response.begin()
        response.close()
    except socket.timeout:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise ProbeError("proxy", type(error).__name__) from None
    if response.status // 100 != 2:
        raise ProbeError("proxy_refused", "HTTP %d" % response.status)


# -------------------------------------------------------------------------------- one request


def make_context(ca_file):
    """A TLS context that verifies the API's certificate, by the host's authorities or those of the file."""
    if ssl is None:
        raise ProbeError("no_ssl")
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise ProbeError("ca_file", "it holds no certificate in PEM form") from None
    except OSError as error:
        raise ProbeError("ca_file", why(error)) from None


def connect(host, port, seconds, reasons):
    """A connection. `reasons`: of the ProbeError for a host that has no address, and for one that does not answer."""
    try:
        return socket.create_connection((host, port), seconds)
    except socket.timeout:
        raise
    except (socket.gaierror, UnicodeError):
        raise ProbeError(reasons[0]) from None
    except OSError as error:
        raise ProbeError(reasons[1], why(error)) from None


def secure(connection, context, host):
    """The same connection inside of TLS."""
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except socket.timeout:
        raise
    except ssl.CertificateError as error:  # in Python 3.6 another kind, for a wrong name alone
        raise ProbeError("certificate", getattr(error, "verify_message", "").rstrip(".") or "another name") from None
    except ssl.SSLError as error:
        reason = "certificate" if error.reason == "CERTIFICATE_VERIFY_FAILED" else "tls"
        raise ProbeError(reason, (error.reason or "").lower().replace("_", " ")) from None
    except OSError as error:
        raise ProbeError("tls", why(error)) from None


def ask_once(request, url, proxy, context):
    """The API's answer as (status, seconds to wait by its own word or None, body)."""
    seconds = request["timeout"]
    if proxy:
        connection = connect(proxy[0], proxy[1], seconds, ("proxy_unknown", "proxy"))
    else:
        port = url.port or (80 if url.scheme == "http" else 443)
        connection = connect(url.hostname, port, seconds, ("unknown_host", "connect"))
    try:
        if proxy:
            open_tunnel(connection, url, proxy[2])
        if context:
            connection = secure(connection, context, url.hostname)
        return post(connection, request, url)
    finally:
        connection.close()


def post(connection, request, url):
    """The answer to the one request, in the form of ask_once()."""
    client = http.client.HTTPConnection(url.hostname)
    client.sock = connection  # so that it opens none of its own
    headers = {
        "Host": url.netloc,
        "Authorization": "Bearer " + request["api_key"],
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "fleet.codex",
        "Connection": "close",
    }
    try:
        client.request("POST", url.path + "/responses", BODY, headers)
        response = client.getresponse()  # follows no redirection
        body = response.read(BODY_LIMIT) if response.status >= 400 else b""
    except socket.timeout:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise ProbeError("no_http", type(error).__name__) from None
    asked = re.match(r"\d{1,9}(\.\d{1,9})?$", response.getheader("Retry-After", ""))
    return response.status, float(asked.group(0)) if asked else None, body


def expired(_number, _frame):
    """Handles SIGALRM."""
    raise OutOfTime


def in_time(request, url, proxy, context):
    """ask_once() within the time for it as a whole; a socket's own limit restarts with every byte."""
    signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, request["timeout"])
    try:
        return ask_once(request, url, proxy, context)
    except (OutOfTime, socket.timeout):
        raise ProbeError("timeout") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


# -------------------------------------------------------------------------------- the retries


def may_pass(status, body):
    """Whether another try may get another answer. Waiting does not bring back a credit that is used up."""
    return status >= 500 or (status == 429 and b'"insufficient_quota"' not in body)


def ask(request):
    """The last answer of the API, and how many it took."""
    url = urllib.parse.urlsplit(request["base_url"])
    proxy = find_proxy(request, url)
    context = make_context(request["ca_file"]) if url.scheme == "https" else None
    attempts = 0
    while True:
        attempts += 1
        status, asked, body = in_time(request, url, proxy, context)
        wait = min(2 ** (attempts - 1), BACKOFF_LIMIT) if asked is None else asked
        if attempts > request["retries"] or wait > WAIT_LIMIT or not may_pass(status, body):
            break
        time.sleep(wait)
    text = base64.b64encode(body).decode("ascii")
    return {"status": status, "body": text, "attempts": attempts, "retry_after": asked}


# --------------------------------------------------------------------------------------- main


def guarded(request):
    """ask()'s answer, or the facts of what kept it from one; never a traceback, which might quote a header."""
    try:
        return ask(request)
    except ProbeError as error:
        return error.facts
    except Exception as error:
        return {"error": "failed", "cause": type(error).__name__}


def main():
    """Answers the request on standard input."""
    serve(lambda request: {"api": guarded(request)})
