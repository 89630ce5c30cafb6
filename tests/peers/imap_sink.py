"""A small IMAP server for tests: a folder of .eml files, honest enough for imaplib, and with faults on demand."""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

USER, PASSWORD = "orders@shop.example", "correct horse"
_PARTIAL = re.compile(r"BODY\.PEEK\[\]<0\.(\d+)>")
_SINCE = re.compile(r"SINCE (\d{2}-[A-Z][a-z]{2}-\d{4})")
_RANGE = re.compile(r"UID (\d+):\*")


@dataclass
class Faults:
    """What the server does instead of answering as it should.

    `stall` and `cut` name a command before whose answer nothing comes, or the line ends; `drip` sends one byte at a
    time for ever; `says` replaces the answer to a command, `{tag}` in it stands for the tag; `whole` ignores how much
    of a mail was asked for.
    """

    stall: str = ""
    cut: str = ""
    drip: str = ""
    says: dict[str, bytes] = field(default_factory=dict)
    whole: bool = False
    no_plain: bool = False


class ImapSink:
    """The mailbox behind the server. Mails are files named by their UID; `asked` holds every command without secrets."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder = folder
        self.faults = faults
        self.validity = 7
        self.port = 0
        self.asked: list[str] = []
        self.flags: dict[int, set[str]] = {}
        self.came: dict[int, datetime] = {}
        self.stopped = threading.Event()

    def deliver(self, content: bytes, at: datetime | None = None) -> int:
        """Put a mail into the mailbox and return its UID."""
        uid = max(self.uids(), default=40) + 1
        self.came[uid] = at or datetime(2026, 11, 24, tzinfo=UTC)
        (self.folder / f"{uid}.eml").write_bytes(content)
        return uid

    def uids(self) -> list[int]:
        """Return every UID, in order."""
        return sorted(int(file.stem) for file in self.folder.glob("*.eml"))

    def said(self, word: str) -> list[str]:
        """Return the commands that hold a word."""
        return [line for line in self.asked if word in line]


class _Session(socketserver.StreamRequestHandler):
    """One connection."""

    sink: ImapSink
    tls: ssl.SSLContext | None

    def setup(self) -> None:
        if self.tls is not None:
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self._write(b"* OK here I am\r\n")
        while line := self.rfile.readline():
            tag, _, command = line.decode("utf-8").rstrip("\r\n").partition(" ")
            name = command.upper().removeprefix("UID ").partition(" ")[0]
            self.sink.asked.append("LOGIN" if name == "LOGIN" else command)
            if not self._spoil(tag, name):
                self._answer(tag, name, command)
            if name == "LOGOUT":
                return

    def _spoil(self, tag: str, name: str) -> bool:
        faults = self.sink.faults
        if name == faults.cut:
            raise ConnectionAbortedError
        if name == faults.stall:
            self.sink.stopped.wait(60)
            raise ConnectionAbortedError
        if name == faults.drip:
            while not self.sink.stopped.wait(0.05):
                self._write(b"*")
        if name in faults.says:
            self._write(faults.says[name].replace(b"{tag}", tag.encode()))
            return True
        return False

    def _answer(self, tag: str, name: str, command: str) -> None:
        answers: dict[str, Callable[[str], bool]] = {
            "CAPABILITY": self._capability,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "SEARCH": self._search,
            "FETCH": self._fetch,
            "STORE": self._store,
            "LOGOUT": self._logout,
        }
        if name not in answers:
            self._write(f"{tag} BAD what is {name}?\r\n".encode())
            return
        done = "OK done" if answers[name](command) else "NO that is not so"
        self._write(f"{tag} {done}\r\n".encode())

    def _capability(self, _command: str) -> bool:
        self._write(b"* CAPABILITY IMAP4rev1" + (b"" if self.sink.faults.no_plain else b" AUTH=PLAIN") + b"\r\n")
        return True

    def _login(self, command: str) -> bool:
        return command.partition(" ")[2] in (f'"{USER}" "{PASSWORD}"', f'{USER} "{PASSWORD}"')

    def _authenticate(self, _command: str) -> bool:
        self._write(b"+ \r\n")
        given = base64.b64decode(self.rfile.readline())
        return given == f"\0{USER}\0{PASSWORD}".encode()

    def _select(self, command: str) -> bool:
        if command.partition(" ")[2] != '"INBOX"':
            return False
        count, following = len(self.sink.uids()), max(self.sink.uids(), default=40) + 1
        self._write(
            f"* {count} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {self.sink.validity}] stands\r\n"
            f"* OK [UIDNEXT {following}] comes\r\n".encode()
        )
        return True

    def _search(self, command: str) -> bool:
        uids = self.sink.uids()
        if found := _RANGE.search(command):
            # A range that ends in * holds the last mail, whatever it begins with (RFC 9051 6.4.8).
            uids = [uid for uid in uids if uid >= int(found[1])] or uids[-1:]
        elif found := _SINCE.search(command):
            since = datetime.strptime(found[1], "%d-%b-%Y").date()
            uids = [uid for uid in uids if self.sink.came[uid].date() >= since]
        self._write(f"* SEARCH {' '.join(map(str, uids))}\r\n".encode())
        return True

    def _fetch(self, command: str) -> bool:
        uid = int(command.split(" ")[2])
        if uid not in self.sink.uids():
            return True
        content = (self.sink.folder / f"{uid}.eml").read_bytes()
        if (asked := _PARTIAL.search(command)) and not self.sink.faults.whole:
            content = content[: int(asked[1])]
        place = self.sink.uids().index(uid) + 1
        head = f"* {place} FETCH (UID {uid} BODY[]<0> {{{len(content)}}}\r\n"
        self._write(head.encode() + content + b")\r\n")
        return True

    def _store(self, command: str) -> bool:
        _, _, uids, _, flags = command.split(" ", 4)
        for uid in map(int, uids.split(",")):
            self.sink.flags.setdefault(uid, set()).update(flags.strip("()").split())
        return True

    def _logout(self, _command: str) -> bool:
        self._write(b"* BYE\r\n")
        return True

    def _write(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: lines that are cut are part of the play."""


@contextmanager
def imap_sink(folder: Path, faults: Faults | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[ImapSink]:
    """Run the server on a free port of 127.0.0.1 until the block ends."""
    folder.mkdir(exist_ok=True)
    sink = ImapSink(folder, faults or Faults())
    session = type("_OneSession", (_Session,), {"sink": sink, "tls": tls})
    with _Server(("127.0.0.1", 0), session) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            sink.stopped.set()
            server.shutdown()
            thread.join()
