"""A real SMTP server for tests, with faults, and its own journal file as the witness of what it took."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = b"desk", b"correct horse"


@dataclass
class Faults:
    """What the server does to the next messages; each list is used up from the front.

    `at_rcpt` and `at_data` hold replies (`451 ...`), `drop` (cut the line) or, after DATA, `reset` (take, then cut).
    """

    at_rcpt: list[str | None] = field(default_factory=list)
    at_data: list[str | None] = field(default_factory=list)


class Sink:
    """Takes mails and writes each one it took into its journal before it answers."""

    def __init__(self, journal: Path, faults: Faults) -> None:
        self.journal = journal
        self.faults = faults
        self.connections = 0
        self.port = 0

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        fault = self.faults.at_rcpt.pop(0) if self.faults.at_rcpt else None
        if fault == "drop":
            _cut(server)
            return "451 gone"
        if fault is not None:
            return fault
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.faults.at_data.pop(0) if self.faults.at_data else None
        if fault == "drop":
            _cut(server)
            return "451 gone"
        if fault is not None and fault != "reset":
            return fault
        self._write(envelope)
        if fault == "reset":
            _cut(server)
        return "250 Message accepted"

    def taken(self) -> list[EmailMessage]:
        """Return every mail that the server took, in order."""
        return [
            cast(
                EmailMessage,
                message_from_bytes(line["content"].encode("latin-1"), policy=policy.default),
            )
            for line in self.lines()
        ]

    def lines(self) -> list[dict[str, str]]:
        """Return the journal."""
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text("utf-8").splitlines()]

    def _write(self, envelope: Envelope) -> None:
        content = cast(bytes, envelope.content)
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": content.decode("latin-1"),
            "id": str(message_from_bytes(content)["Message-ID"]),
        }
        with self.journal.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _cut(server: SMTP) -> None:
    server.transport.abort()


class _FreePort(Controller):
    """A controller that lets the system choose the port, and tells its own self-check which one it was."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


def _check_login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object) -> AuthResult:
    given = cast(LoginPassword, login)
    if (given.login, given.password) == (USER, PASSWORD):
        return AuthResult(success=True)
    # handled=True, the default, would cut the line instead of answering 535.
    return AuthResult(success=False, handled=False)


@contextmanager
def smtp_sink(
    journal: Path,
    faults: Faults | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
) -> Iterator[Sink]:
    """Run the server on a free port of 127.0.0.1 until the block ends."""
    sink = Sink(journal, faults or Faults())
    controller = _FreePort(
        sink,
        hostname="127.0.0.1",
        port=0,
        enable_SMTPUTF8=True,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=login,
        auth_require_tls=tls is not None,
        authenticator=_check_login if login else None,
    )
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificates:
    """A certificate for localhost, and a client context that trusts its issuer."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certificates() -> Certificates:
    """Make a private authority and a certificate of it."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Certificates(server, client)
