"""Read what comes into the shop's mailbox over IMAP: each mail's head, oldest first; nothing is deleted or moved.

How far it was read is a cursor of UIDVALIDITY and UID (RFC 9051 2.3.1.1), kept by whoever asks. The mailbox is opened
for reading alone, unless mails that were read are to get a keyword there for people to see.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.received import Ignored, MailboxPage, ReceivedMail
from opsdesk.domain.secrets import Secret
from opsdesk.domain.text import clean_line
from opsdesk.integrations.mail.bounces import read_verdict
from opsdesk.integrations.mail.imap import TROUBLE, ImapLine
from opsdesk.integrations.mail.incoming import LONGEST_HEAD

MOST_MAILS = 50
LOOKS_BACK = timedelta(days=7)
"""How far back a mailbox is read that was never read before. Bounces take five days at most."""

_PORTS = {"imaps": 993, "imap": 143}
_FORM = "Write it like imaps://orders%40shop.example@mail.example/INBOX, and the password into OPSDESK_IMAP_PASSWORD."
_FOLDER = re.compile(r"[ -~]{1,200}\Z")
_KEYWORD = re.compile(r"[A-Za-z$][A-Za-z0-9_$-]{0,30}\Z")
_CURSOR = re.compile(r"(\d{1,10}):(\d{1,10})\Z", re.ASCII)
_NUMBER = re.compile(rb"\d{1,10}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where the mailbox is. `keyword` is what mails that were read are marked with; empty where nothing is marked."""

    scheme: str
    host: str
    port: int
    user: str
    folder: str = "INBOX"
    keyword: str = ""

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.user}@{self.host}{port}/{self.folder}"


def read_imap_url(url: str) -> ImapServer:
    """Read `imaps://user@host/FOLDER`, with `?keyword=Name` where mails that were read are to be marked.

    Raises:
        Invalid: it is none, holds the password, or would send it in clear over a network.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        # The cause quotes the URL, and with it what may be a password.
        raise Invalid("imap_url", f"OPSDESK_IMAP_URL cannot be read. {_FORM}") from error.with_traceback(None)
    asked = parse_qs(parts.query, keep_blank_values=True)
    keyword = asked.pop("keyword", [""])[-1]
    user, folder = unquote(parts.username or ""), unquote(parts.path.lstrip("/")) or "INBOX"
    if parts.scheme not in _PORTS or not parts.hostname or not user or asked or parts.fragment:
        raise Invalid("imap_url", f"OPSDESK_IMAP_URL is not the address of a mailbox. {_FORM}")
    if parts.password is not None:
        raise Invalid("imap_url", f"OPSDESK_IMAP_URL holds a password, which would be shown with it. {_FORM}")
    if not _FOLDER.match(user) or not _FOLDER.match(folder) or (keyword and not _KEYWORD.match(keyword)):
        raise Invalid("imap_url", f"OPSDESK_IMAP_URL names a user, folder or keyword that cannot be one. {_FORM}")
    if parts.scheme == "imap" and not _is_loopback(parts.hostname):
        raise Invalid("imap_url", "OPSDESK_IMAP_URL would send the password in clear. Use imaps://.")
    return ImapServer(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], user, folder, keyword)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ImapMailbox:
    """The `Mailbox` of the ports, for one thread. A connection is opened when it is needed and kept until closed."""

    def __init__(
        self,
        server: ImapServer,
        password: Secret,
        *,
        timeout_s: float = 10.0,
        lasts_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._password = password
        self._timeout_s, self._lasts_s = timeout_s, lasts_s
        self._tls = tls
        self._line: ImapLine | None = None
        self._validity = 0

    @property
    def name(self) -> str:
        """Whose mailbox it is and where."""
        return str(self._server)

    def read(self, after: str, *, now: datetime) -> MailboxPage:
        """Return the next mails after the cursor, with what they mean."""
        mails: list[ReceivedMail] = []
        cursor = after
        try:
            line = self._opened()
            last, found = self._new(line, after, now)
            cursor = f"{self._validity}:{last}"
            for count, uid in enumerate(found):
                if count >= MOST_MAILS or line.seconds_left < self._timeout_s:
                    return MailboxPage(tuple(mails), cursor, has_more=True)
                received = self._fetch(line, uid)
                cursor = f"{self._validity}:{uid}"
                if received is not None:
                    mails.append(received)
                if self._line is None:
                    return MailboxPage(tuple(mails), cursor, has_more=True)
        except TROUBLE as error:
            self._hang_up()
            return MailboxPage(tuple(mails), cursor, f"{self._server} cannot be read: {_cause(error)}.")
        return MailboxPage(tuple(mails), cursor)

    def mark(self, page: MailboxPage) -> None:
        """Give mails that were read their keyword, where there is one. A server that keeps none is left alone."""
        uids = ",".join(str(mail.uid) for mail in page.mails)
        if not self._server.keyword or not uids:
            return
        try:
            self._opened().uid("STORE", uids, "+FLAGS.SILENT", f"({self._server.keyword})")
        except TROUBLE:
            self._hang_up()

    def check(self) -> str | None:
        """Say why the mailbox cannot be read now, or None if it can."""
        try:
            self._opened()
        except TROUBLE as error:
            return f"{self._server} cannot be read: {_cause(error)}."
        finally:
            self.close()
        return None

    def close(self) -> None:
        """Take leave, and let go of the connection."""
        if self._line is not None:
            try:
                self._line.logout()
            except TROUBLE:
                self._line.shutdown()
            self._line = None

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.shutdown()
            self._line = None

    def _opened(self) -> ImapLine:
        if self._line is not None:
            return self._line
        server = self._server
        tls = (self._tls or ssl.create_default_context()) if server.scheme == "imaps" else None
        line = ImapLine(server.host, server.port, tls=tls, timeout_s=self._timeout_s, lasts_s=self._lasts_s)
        try:
            self._sign_in(line)
            state, _ = line.select(_quoted(server.folder), readonly=not server.keyword)
            if state != "OK":
                raise line.error(f"there is no folder {server.folder}")
            self._validity = _first_number(line.response("UIDVALIDITY")[1])
        except TROUBLE:
            line.shutdown()
            raise
        self._line = line
        return line

    def _sign_in(self, line: ImapLine) -> None:
        user, password = self._server.user, self._password.reveal()
        try:
            if "AUTH=PLAIN" in line.capabilities:
                line.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            elif "LOGINDISABLED" in line.capabilities or not _FOLDER.match(password):
                raise _NoSignIn("it offers no way to sign in with this password")
            else:
                line.login(user, password)
        except (_NoSignIn, line.abort):
            raise
        except line.error:
            # What it says of a password that it refuses is nobody's business.
            raise _NoSignIn("it refused the sign-in") from None

    def _new(self, line: ImapLine, after: str, now: datetime) -> tuple[int, list[int]]:
        """Return where reading begins, and which mails come after that."""
        known = _CURSOR.match(after)
        if known is not None and int(known[1]) == self._validity:
            last = int(known[2])
            return last, sorted(uid for uid in _search(line, f"UID {last + 1}:*") if uid > last)
        since = now - LOOKS_BACK
        found = sorted(_search(line, f"SINCE {since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"))
        next_uid = _first_number(line.response("UIDNEXT")[1])
        return (found[0] - 1 if found else max(0, next_uid - 1)), found

    def _fetch(self, line: ImapLine, uid: int) -> ReceivedMail | None:
        """Return one mail; None when somebody has deleted it meanwhile."""
        try:
            state, told = line.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{LONGEST_HEAD}>)")
        except line.abort as error:
            if not line.is_overrun:
                raise
            # The line is of no use any more, but this mail must not come first again and again.
            self._hang_up()
            return ReceivedMail(f"mail-{self._validity}-{uid}", uid, Ignored(str(error)))
        if state != "OK":
            raise line.error(f"it does not give out mail {uid}")
        content = next((part[1] for part in told if isinstance(part, tuple)), None)
        if content is None:
            return None
        head = content[:LONGEST_HEAD]
        return ReceivedMail(f"mail-{hashlib.sha256(head).hexdigest()[:40]}", uid, read_verdict(head))


class _NoSignIn(ImapLine.error):
    """Nobody is signed in; its words are ours."""


def _search(line: ImapLine, criteria: str) -> set[int]:
    state, told = line.uid("SEARCH", criteria)
    if state != "OK":
        raise line.error("it does not search")
    return {int(number) for numbers in told if numbers for number in _NUMBER.findall(numbers)}


def _first_number(told: Sequence[object]) -> int:
    found = _NUMBER.search(told[0]) if told and isinstance(told[0], bytes) else None
    return int(found[0]) if found is not None else 0


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return clean_line(str(error), longest=150) or type(error).__name__
