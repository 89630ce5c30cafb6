"""The file of a backup: a zip with a description, the store's content, and a digest of everything as its last bytes.

On SQLite the content is a copy of the store's file, on Postgres the rows of each table as lines of JSON; either can be
restored into either. The digest finds any changed or missing byte, also where a zip would not notice.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

from opsdesk.domain.errors import Refused
from opsdesk.store.audit.chain import Head
from opsdesk.store.filling import Value

_FORMAT = 1
_DESCRIPTION, _COPY = "backup.json", "store.db"
_DIGEST_BYTES = 64
_CHUNK = 1 << 20


class BackupKind(StrEnum):
    """How the content lies in the file."""

    COPY = "copy"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Description:
    """What a backup says of itself.

    Attributes:
        schema: the migration that the store stood at.
        made_at: when it was begun, ISO 8601 in UTC.
        head: the newest row of the history in it.
        rows: how many rows each table has.
        columns: the columns of each table, where the rows are lines.
    """

    kind: BackupKind
    schema: str
    made_at: str
    head: Head
    rows: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]


class BackupWriter:
    """Puts the parts of a backup into its file."""

    def __init__(self, pack: zipfile.ZipFile) -> None:
        self._pack = pack

    def add_copy(self, file: Path) -> None:
        """Add a SQLite file."""
        with self._part(_COPY) as part, file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                part.write(chunk)

    def add_rows(self, table: str, rows: Iterable[Sequence[Value]]) -> int:
        """Add the rows of a table; return how many there were."""
        count = 0
        with self._part(_rows_of(table)) as part:
            for row in rows:
                part.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                count += 1
        return count

    def describe(self, description: Description) -> None:
        """Add the description, last of all."""
        text = json.dumps({"format": _FORMAT, **asdict(description), "head": list(description.head)}, indent=1)
        self._pack.writestr(_DESCRIPTION, text)

    def _part(self, name: str) -> IO[bytes]:
        return self._pack.open(name, "w", force_zip64=True)


class Backup:
    """A backup whose bytes are the ones that were written."""

    def __init__(self, pack: zipfile.ZipFile, description: Description) -> None:
        self._pack = pack
        self.description = description

    def copy_to(self, file: Path) -> None:
        """Write the SQLite file out, readable for its owner alone."""
        with self._pack.open(_COPY) as part, _private(file) as target:
            while chunk := part.read(_CHUNK):
                target.write(chunk)

    def rows(self, table: str) -> Iterator[list[Value]]:
        """Read the rows of a table one by one."""
        with self._pack.open(_rows_of(table)) as part:
            for line in part:
                yield json.loads(line)

    @classmethod
    def read(cls, pack: zipfile.ZipFile) -> Self:
        """Read the description."""
        found = json.loads(pack.read(_DESCRIPTION))
        if found.pop("format") != _FORMAT:
            raise Refused("The backup was made by a newer OpsDesk. Restore it with that one.")
        columns = {table: tuple(names) for table, names in found.pop("columns").items()}
        kind, head = BackupKind(found.pop("kind")), Head(*found.pop("head"))
        return cls(pack, Description(kind=kind, head=head, columns=columns, **found))


@contextmanager
def writing(file: Path) -> Iterator[BackupWriter]:
    """Write a backup file, and its digest when the block ends."""
    with _private(file) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack:
        yield BackupWriter(pack)
        pack.comment = b"0" * _DIGEST_BYTES
    with file.open("r+b") as stream:
        digest = _digest(stream)
        stream.write(digest)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def reading(file: Path) -> Iterator[Backup]:
    """Open a backup file after its digest was compared.

    Raises:
        Refused: there is none, it is none, or its bytes are not those that were written.
    """
    with _undamaged(file) as stream:
        try:
            pack = zipfile.ZipFile(stream)
            backup = Backup.read(pack)
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise Refused(f"{file} is no backup of OpsDesk. Use another one.") from error
        with pack:
            yield backup


def _undamaged(file: Path) -> IO[bytes]:
    try:
        stream = file.open("rb")
        if file.stat().st_size <= _DIGEST_BYTES or _digest(stream) != stream.read():
            stream.close()
            raise Refused(f"{file} is no backup of OpsDesk, or it is damaged. Use another one.")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    return stream


def _digest(stream: IO[bytes]) -> bytes:
    """Return the digest of all but the last bytes, which hold it, and stop before them."""
    left = stream.seek(0, os.SEEK_END) - _DIGEST_BYTES
    stream.seek(0)
    digest = hashlib.sha256()
    while left and (chunk := stream.read(min(left, _CHUNK))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest().encode()


def _private(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b")


def _rows_of(table: str) -> str:
    return f"rows/{table}.jsonl"
