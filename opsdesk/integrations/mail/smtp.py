"""Hand mails to an SMTP server, and know afterwards what is known.

The dialogue is spoken step by step because one moment decides: until the final dot has left, the server cannot have
taken the mail and it may be tried again; from then to the server's answer nobody knows, and it must not be repeated
by itself (RFC 5321 4.2.5, 6.1: the dot's answer hands over the responsibility).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import OutgoingMail, Sender
from opsdesk.integrations.mail.messages import Envelope, compose
from opsdesk.integrations.ports import SendOutcome, SendResult

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_FORM = "Write it like smtp+starttls://user:password@mail.example:587."


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how mails are handed over. The password is in no repr, no log and no sentence."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def read_smtp_url(url: str) -> SmtpServer:
    """Read `smtp://`, `smtp+starttls://` or `smtps://`, with user and password where the server wants them.

    Raises:
        Invalid: it is none of these, or would send a password in clear over a network.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        # The cause quotes the URL, and with it the password.
        raise Invalid("smtp_url", f"OPSDESK_SMTP_URL cannot be read. {_FORM}") from error.with_traceback(None)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise Invalid("smtp_url", f"OPSDESK_SMTP_URL is not the address of a mail server. {_FORM}")
    server = SmtpServer(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], *_credentials(parts))
    if server.password and server.scheme == "smtp" and not _is_loopback(server.host):
        raise Invalid(
            "smtp_url",
            "OPSDESK_SMTP_URL would send the password in clear. Use smtp+starttls:// or smtps://.",
        )
    return server


def _credentials(parts: SplitResult) -> tuple[str, str]:
    return unquote(parts.username or ""), unquote(parts.password or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _NotNow(Exception):
    """The server cannot be used now; the mail itself is not at fault."""


class SmtpMailer:
    """The `Mailer` of the ports over one kept connection; several threads take turns."""

    def __init__(
        self,
        server: SmtpServer,
        sender: Sender,
        *,
        timeout_s: float = 20.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._timeout_s = timeout_s
        self._tls = tls
        self._connection: smtplib.SMTP | None = None
        self._turn = threading.Lock()

    def send(self, mail: OutgoingMail) -> SendOutcome:
        """Hand over one mail. Never raises for what a server or a network can do."""
        try:
            envelope = compose(mail, self._sender)
        except Invalid as error:
            return SendOutcome(SendResult.REJECTED, error.message)
        with self._turn:
            outcome = self._deliver(envelope)
            if outcome.result in (SendResult.TRY_LATER, SendResult.IN_DOUBT):
                self._hang_up()
            return outcome

    def check(self) -> str | None:
        """Say why no mail can be sent now, or None if it can."""
        with self._turn:
            try:
                self._connected()
            except (_NotNow, OSError, smtplib.SMTPException) as error:
                self._hang_up()
                return f"{self._server} cannot be used: {_cause(error)}."
            return None

    def close(self) -> None:
        """Let go of the connection."""
        with self._turn:
            self._hang_up()

    def _deliver(self, envelope: Envelope) -> SendOutcome:
        try:
            connection = self._connected()
            refusal = _address(connection, envelope)
            if refusal is not None:
                return refusal
            connection.send(_dotted(envelope.content))
        except (_NotNow, OSError, smtplib.SMTPException) as error:
            return SendOutcome(SendResult.TRY_LATER, _cause(error))
        try:
            connection.send(b".\r\n")
            code, reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return SendOutcome(SendResult.IN_DOUBT, f"cut off before the answer: {_cause(error)}")
        return _outcome(code, reply)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            try:
                if self._connection.rset()[0] == 250:
                    return self._connection
            except (OSError, smtplib.SMTPException):
                pass
            self._hang_up()
        self._connection = self._dial()
        return self._connection

    def _dial(self) -> smtplib.SMTP:
        server, tls = self._server, self._tls or ssl.create_default_context()
        connection: smtplib.SMTP
        if server.scheme == "smtps":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout_s, context=tls)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            if connection.sock is not None:
                # Content and final dot are sent apart; without this each mail waits 40 ms for a delayed ACK.
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.ehlo_or_helo_if_needed()
            if server.scheme == "smtp+starttls":
                _start_tls(connection, tls)
            if server.user:
                connection.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            connection.close()
            raise _NotNow(f"it refused the sign-in ({error.smtp_code})") from None
        except (_NotNow, OSError, smtplib.SMTPException):
            connection.close()
            raise
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


def _start_tls(connection: smtplib.SMTP, tls: ssl.SSLContext) -> None:
    if not connection.has_extn("starttls"):
        raise _NotNow("it offers no STARTTLS, and nothing is sent in clear")
    connection.starttls(context=tls)
    connection.ehlo_or_helo_if_needed()


def _address(connection: smtplib.SMTP, envelope: Envelope) -> SendOutcome | None:
    """Speak the dialogue up to the permission to send the content; return an outcome if it ends before."""
    if envelope.needs_utf8 and not connection.has_extn("smtputf8"):
        return SendOutcome(
            SendResult.REJECTED,
            "the mail server takes no addresses with letters beyond ASCII",
        )
    options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.needs_utf8 else []
    connection.command_encoding = "utf-8" if envelope.needs_utf8 else "ascii"
    code, reply = connection.mail(envelope.sender, options)
    if code != 250:
        # The sender is ours: a refusal of it is no fault of this mail.
        return SendOutcome(SendResult.TRY_LATER, _said(code, reply))
    code, reply = connection.rcpt(envelope.recipient)
    if code not in (250, 251):
        return _outcome(code, reply)
    code, reply = connection.docmd("DATA")
    return None if code == 354 else _outcome(code, reply)


def _outcome(code: int, reply: bytes) -> SendOutcome:
    if 200 <= code < 300:
        return SendOutcome(SendResult.ACCEPTED, _said(code, reply))
    result = SendResult.REJECTED if 500 <= code < 600 else SendResult.TRY_LATER
    return SendOutcome(result, _said(code, reply))


def _dotted(content: bytes) -> bytes:
    """Double leading dots and end with a line break (RFC 5321 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    text = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _said(code: int, reply: bytes) -> str:
    text = "".join(c if c.isprintable() else " " for c in reply.decode("utf-8", "replace"))
    return f"{code} {text}"[:300].strip()


def _cause(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return _said(error.smtp_code, reply if isinstance(reply, bytes) else str(reply).encode())
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return (str(error) or type(error).__name__)[:200]
