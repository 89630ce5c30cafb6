"""The test gateway on the wire: HTTP on the loopback, spoilt where the fault menu says so."""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import threading
from base64 import b64decode
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.peers.gateway_bank import Bank, Request, api_error, reply_to
from tests.peers.gateway_errors import ApiError
from tests.peers.gateway_faults import Call, Fault, Faults, Plan
from tests.peers.gateway_keys import Reply, in_progress
from tests.peers.gateway_page import page
from tests.peers.gateway_routes import find_route

_LOOK_AGAIN = 0.05


@dataclass
class Seen:
    """A request that reached the gateway, whatever became of it; `status` is 0 while and when no answer went out."""

    call: Call | None
    method: str
    path: str
    encoded: str
    key: str
    fault: Fault | None = None
    status: int = 0
    is_replayed: bool = False


class Wire(ThreadingHTTPServer):
    """Listens on 127.0.0.1 and knows every open line, so that it can cut them all when it ends."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self, bank: Bank, faults: Faults, seen: list[Seen], port: int, api_key: str, patience: float | None
    ) -> None:
        self.bank = bank
        self.faults = faults
        self.seen = seen
        self.api_key = api_key
        self.patience = patience
        self.bugs: list[Exception] = []
        self.is_over = threading.Event()
        self._lines: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Conversation)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the line before its thread starts."""
        self._lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let go of the line."""
        self._lines.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about a caller who went away, and keep anything else for whoever ends the gateway."""
        problem = sys.exception()
        if isinstance(problem, Exception) and not isinstance(problem, OSError):
            self.bugs.append(problem)

    def end(self) -> None:
        """Cut every line and wait for the threads behind them."""
        self.is_over.set()
        self.shutdown()
        for line in list(self._lines):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.server_close()


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "TestGateway"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Wire

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the library's
        """Say nothing on the terminal."""

    def do_GET(self) -> None:
        self._converse()

    def do_POST(self) -> None:
        self._converse()

    def do_DELETE(self) -> None:
        self._converse()

    def _converse(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if not url.path.startswith("/v1/"):
            status, html = page(self.server.bank, self.command, url.path, body.decode("utf-8", "replace"))
            self._send(Reply(status, html.encode(), "text/html; charset=utf-8"))
            return
        encoded = url.query if self.command == "GET" else body.decode("utf-8", "replace")
        request = Request(self.command, url.path, encoded, self.headers.get("Idempotency-Key", ""))
        call = _call(request)
        plan = self.server.faults.take(call) if call else None
        seen = Seen(call, request.method, request.path, encoded, request.key, plan.fault if plan else None)
        self.server.seen.append(seen)
        self._answer(request, plan, seen)

    def _answer(self, request: Request, plan: Plan | None, seen: Seen) -> None:
        fault = plan.fault if plan else None
        if fault is Fault.REFUSE:
            self._reset()
        elif fault in {Fault.TIMEOUT_BEFORE, Fault.HANG_UP_BEFORE}:
            self._stay_silent(fault is Fault.HANG_UP_BEFORE)
        elif fault in _SPOILT:
            self._send(_SPOILT[fault](request), seen)
        else:
            denied = self._denied()
            reply = reply_to(denied) if denied else self.server.bank.answer(request, plan)
            if fault in {Fault.TIMEOUT_AFTER, Fault.HANG_UP_AFTER}:
                self._stay_silent(fault is Fault.HANG_UP_AFTER)
            else:
                self._send(reply, seen, is_cut=fault is Fault.CUT_AFTER)

    def _send(self, reply: Reply, seen: Seen | None = None, *, is_cut: bool = False) -> None:
        if seen is not None and not is_cut:
            seen.status, seen.is_replayed = reply.status, reply.is_replayed
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Request-Id", self.server.bank.book.new_id("req_"))
        if reply.is_replayed:
            self.send_header("Idempotent-Replayed", "true")
        if reply.status == 500:
            self.send_header("Stripe-Should-Retry", "false")
        self.end_headers()
        if is_cut:
            self.close_connection = True
        self.wfile.write(reply.body[: len(reply.body) // 2] if is_cut else reply.body)
        self.wfile.flush()

    def _denied(self) -> ApiError | None:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            secret = b64decode(secret).decode("utf-8", "replace").partition(":")[0]
        if not secret:
            return ApiError(401, "invalid_request_error", "You did not provide an API key.")
        if secret != self.server.api_key:
            return ApiError(401, "invalid_request_error", f"Invalid API Key provided: {secret[:8]}***")
        return None

    def _reset(self) -> None:
        self.close_connection = True
        # Closed with nothing lingering, the line ends in a reset; detached, no goodbye is said before it.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _stay_silent(self, hangs_up: bool) -> None:
        self.close_connection = True
        waited = 0.0
        patience = 0.0 if hangs_up else self.server.patience
        while not self.server.is_over.is_set() and (patience is None or waited < patience):
            readable, _, _ = select.select([self.connection], [], [], _LOOK_AGAIN)
            if readable:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return
                self.server.is_over.wait(_LOOK_AGAIN)
            waited += _LOOK_AGAIN


_SPOILT = {
    Fault.ERROR_BEFORE: lambda _: reply_to(api_error()),
    Fault.EDGE: lambda _: Reply(502, b"<html><body>Bad gateway</body></html>", "text/html"),
    Fault.IN_PROGRESS: lambda request: reply_to(in_progress(request.key)),
    Fault.BUSY: lambda _: reply_to(
        ApiError(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit")
    ),
}


def _call(request: Request) -> Call | None:
    try:
        return find_route(request.method, request.path)[0].call
    except ApiError:
        return None
