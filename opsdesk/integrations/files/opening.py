"""Opening a file from outside safely: what it is, what is inside, and whether all of it can be read at all.

Nothing is unpacked to disk, no name inside an archive is ever used as a path, bytes are counted while they are unpacked
and no header is believed. A file is read through once before anything of it is used, so that a file that is cut off, or
no such file at all, changes nothing.
"""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from opsdesk.domain.errors import Invalid
from opsdesk.domain.text import visible

LONGEST_RECORD = 4_000_000
"""Characters of one line, and of one record of JSON. No order is that long."""

_CHUNK = 262_144
_MOST_UNPACKED_TIMES = 100
_MOST_BLANK_LINES = 100_000
_NEVER_A_BOMB = 16_000_000
_LARGEST_DIRECTORY = 1_000_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_END_OF_DIRECTORY = b"PK\x05\x06"
_UNPACKING_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


class _Counted(io.RawIOBase):
    """A file that knows how many bytes were taken from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.taken = 0

    def readinto(self, buffer: object, /) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # a writable buffer, as the protocol says
        count = self._file.readinto(target)  # type: ignore[attr-defined]  # every buffered reader has it
        self.taken += count
        return int(count)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open for reading, from its beginning as often as needed.

    Attributes:
        name: its name without folders, fit to be shown.
        encoding: how its text is encoded.
        packed: `zip`, `gzip`, or empty.
    """

    name: str
    file: BinaryIO
    encoding: str
    packed: str

    def chunks(self) -> Iterator[str]:
        """Read the text from its beginning in pieces of bounded size.

        Raises:
            Invalid: it cannot be read; the sentence says why and where.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)()
        lines = 1
        for piece in self._bytes():
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                raise _wrong_encoding(self.name, lines + piece.count(b"\n", 0, error.start)) from error
            if "\0" in text:
                line = lines + text.count("\n", 0, text.index("\0"))
                raise Invalid("file", f"{self.name} holds a NUL in line {line}: it is no text. Nothing was imported.")
            lines += text.count("\n")
            yield text
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise Invalid("file", f"{self.name} ends in the middle of a letter: it was cut off.") from error

    def lines(self) -> Iterator[str]:
        """Read the text line by line, each with its line end; at most `LONGEST_RECORD` characters."""
        rest = ""
        blank = 0
        for chunk in self.chunks():
            blank = blank + len(chunk) if chunk.isspace() else 0
            if blank > _MOST_BLANK_LINES:
                raise Invalid("file", f"{self.name} is mostly blank: it is no file of orders. Nothing was imported.")
            rest += chunk
            if len(rest) > LONGEST_RECORD and "\n" not in rest[:LONGEST_RECORD]:
                raise Invalid("file", f"{self.name} has a line of more than {LONGEST_RECORD} letters; no order has.")
            lines = rest.split("\n")
            rest = lines.pop()
            for line in lines:
                yield line + "\n"
        if rest:
            yield rest

    def _bytes(self) -> Iterator[bytes]:
        self.file.seek(0)
        counted = _Counted(self.file)
        unpacked = 0
        try:
            with _unpacked(counted, self.packed) as stream:
                while piece := stream.read(_CHUNK):
                    unpacked += len(piece)
                    if self.packed and unpacked > max(_NEVER_A_BOMB, counted.taken * _MOST_UNPACKED_TIMES):
                        raise _bomb(self.name)
                    yield piece
        except _UNPACKING_ERRORS as error:
            if not self.packed and isinstance(error, OSError):
                raise Invalid("file", f"{self.name} cannot be read: {error.strerror}.") from error
            raise Invalid("file", f"{self.name} is damaged: it cannot be unpacked. Fetch it again.") from error


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file for import.

    Raises:
        Invalid: there is no such file, it is empty, or it is no file that can be imported.
    """
    name = visible(path.name)[:100] or "The file"
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Invalid("file", f"{name} is not a file.")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no name of a file"
        raise Invalid("file", f"{name} cannot be opened: {reason}.") from error
    with file:
        start = file.read(4)
        if not start:
            raise Invalid("file", f"{name} is empty.")
        packed = "zip" if start.startswith(b"PK\x03\x04") else "gzip" if start.startswith(b"\x1f\x8b") else ""
        if packed == "zip":
            _require_small_directory(file, name)
        source = Source(name, file, "utf-8", packed)
        yield Source(name, file, _encoding(source), packed)


def _encoding(source: Source) -> str:
    start = next(source._bytes(), b"")  # noqa: SLF001  the same module
    return next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "utf-8")


@contextmanager
def _unpacked(file: _Counted, packed: str) -> Iterator[IO[bytes]]:
    plain = cast("IO[bytes]", io.BufferedReader(file, _CHUNK))
    if packed == "gzip":
        with gzip.GzipFile(fileobj=plain) as unzipped:
            yield cast("IO[bytes]", unzipped)
    elif packed == "zip":
        with zipfile.ZipFile(plain) as archive, archive.open(_only_member(archive)) as member:
            yield member
    else:
        yield plain


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir() and not _is_bookkeeping(member.filename)]
    if len(members) != 1:
        raise Invalid("file", f"The archive holds {len(members)} files. Unpack it and import them one by one.")
    return members[0]


def _is_bookkeeping(name: str) -> bool:
    """Say whether the entry is what some systems put beside the file that was meant."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def _require_small_directory(file: BinaryIO, name: str) -> None:
    """Refuse an archive whose table of contents alone would fill the memory, before it is read."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    found = tail.rfind(_END_OF_DIRECTORY)
    if found < 0 or len(tail) < found + 22:
        raise Invalid("file", f"{name} is damaged: it cannot be unpacked. Fetch it again.")
    if int.from_bytes(tail[found + 12 : found + 16], "little") > _LARGEST_DIRECTORY:
        raise _bomb(name)


def _bomb(name: str) -> Invalid:
    return Invalid("file", f"{name} grows far too much when it is unpacked: it is no file of orders. Nothing was read.")


def _wrong_encoding(name: str, line: int) -> Invalid:
    return Invalid("file", f"{name} is not UTF-8 text (line {line}). Save it as UTF-8, then import it again.")
