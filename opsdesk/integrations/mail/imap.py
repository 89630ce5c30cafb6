"""One connection to an IMAP server whose every wait and every answer has an end.

`imaplib` trusts the server with its memory and its time: it reads a literal of any size, and a byte now and then keeps
it waiting for ever. Here both are counted, for the whole connection.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

LONGEST_LITERAL = 512 * 1024
LONGEST_LINE = 1_000_000
MOST_BYTES = 32 * 1024 * 1024
_STEP = 64 * 1024

# What imaplib raises for a line that fails, and for answers that are none.
TROUBLE = (OSError, imaplib.IMAP4.error, LookupError, TypeError, ValueError)


class ImapLine(imaplib.IMAP4):
    """A connection that ends after so many seconds, bytes, or a longer literal than any that was asked for.

    Attributes:
        is_overrun: it was ended over a literal; imaplib makes one sort of error of all that it meets.
    """

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, timeout_s: float, lasts_s: float) -> None:
        self._tls = tls
        self._wait_s = timeout_s
        self._ends_at = monotonic() + lasts_s
        self._bytes_left = MOST_BYTES
        self._held = bytearray()
        self.is_overrun = False
        super().__init__(host, port, timeout_s)

    @property
    def seconds_left(self) -> float:
        """How long it lasts."""
        return self._ends_at - monotonic()

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """Connect; with TLS from the first byte where there is to be any."""
        self.host, self.port = host, port
        plain = socket.create_connection((host, port), timeout or self._wait_s)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=host) if self._tls is not None else plain
        except OSError:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        """Return so many bytes."""
        if size > LONGEST_LITERAL:
            self.is_overrun = True
            raise self.abort("it sent more of a mail than was asked for")
        while len(self._held) < size:
            self._fill()
        return self._take(size)

    def readline(self) -> bytes:
        """Return a line with its end."""
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > LONGEST_LINE:
                raise self.abort("its answer does not end")
            self._fill()
        return self._take(end + 1)

    def send(self, data: Buffer) -> None:
        """Send all of it."""
        self.sock.settimeout(self._patience())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Let go of the connection."""
        self.sock.close()

    def _log(self, line: str) -> None:
        """Keep no record of what was said: the password is in it."""

    def _fill(self) -> None:
        self.sock.settimeout(self._patience())
        came = self.sock.recv(_STEP)
        if not came:
            raise self.abort("the line was cut")
        self._bytes_left -= len(came)
        if self._bytes_left < 0:
            raise self.abort("it does not stop sending")
        self._held += came

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    def _patience(self) -> float:
        left = self.seconds_left
        if left <= 0:
            raise TimeoutError("no answer in time")
        return min(self._wait_s, left)
