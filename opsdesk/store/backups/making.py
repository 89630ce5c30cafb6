"""Making a backup while others write, and restoring it at once to know that it is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.exc import DBAPIError

from opsdesk.domain.errors import Refused, Unavailable
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remembered_heads
from opsdesk.store.audit.chain import Head
from opsdesk.store.backups.checking import check_copy, seals_can_be_checked
from opsdesk.store.backups.files import BackupKind, BackupWriter, Description, reading, writing
from opsdesk.store.backups.rows import RowReader, columns, rows_out
from opsdesk.store.backups.unpacking import private_database, unpack
from opsdesk.store.engine import SCHEMA_VERSION, Store, unavailable


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was put into a backup, and whether it came out again.

    Attributes:
        problems: what is wrong with the store that came out of it; the backup is good when there is nothing.
        seals_checked: False when this machine has no audit key.
    """

    file: Path
    size: int
    description: Description
    problems: tuple[str, ...]
    seals_checked: bool

    @property
    def is_good(self) -> bool:
        """True when the backup was restored and everything in it was right."""
        return not self.problems


def make_backup(store: Store, target: Path, *, clock: Clock = system_clock) -> BackupReport:
    """Write a backup into a new file, or into a folder under a name with the moment.

    Raises:
        Refused: there is a file of this name already, or the folder cannot be written.
        Unavailable: the store cannot be read, or the disk is full.
    """
    begun = clock()
    file = target / f"opsdesk-{begun:%Y%m%d-%H%M%S}.zip" if target.is_dir() else target
    if file.exists():
        raise Refused(f"{file} exists already. A backup is never written over another file; choose a new name.")
    noted = [*remembered_heads(store.url), _head(store)]
    try:
        with TemporaryDirectory(prefix=".opsdesk-backup-", dir=file.parent) as folder:
            made = Path(folder) / "backup"
            description = _write(store, made, begun)
            problems = _problems(made, Path(folder) / "check.db", [head for head in noted if head.id])
            os.link(made, file)
    except FileExistsError as error:
        raise Refused(f"{file} was made by somebody else meanwhile. Choose a new name.") from error
    except PermissionError as error:
        raise Refused(f"{file.parent} cannot be written. Choose another folder.") from error
    except FileNotFoundError as error:
        raise Refused(f"There is no folder {file.parent}. Make it, or choose another one.") from error
    except OSError as error:
        raise Unavailable(f"The backup could not be written: {error.strerror}. There is none now.") from error
    except DBAPIError as error:
        raise unavailable(error) from error
    return BackupReport(file, file.stat().st_size, description, problems, seals_can_be_checked())


def _head(store: Store) -> Head:
    with store.reading() as session:
        return chain.head(session)


def _write(store: Store, file: Path, begun: datetime) -> Description:
    with writing(file) as pack:
        description = (_pack_copy if store.is_sqlite else _pack_rows)(store, pack, file.with_name("copy.db"), begun)
        pack.describe(description)
    return description


def _pack_copy(store: Store, pack: BackupWriter, copy: Path, begun: datetime) -> Description:
    from pysqlite3 import dbapi2

    with closing(private_database(copy)) as target:
        source = store.reader.raw_connection()
        try:
            driver: Any = source.driver_connection
            # All pages in one step: with several, each write of somebody else begins the copy anew.
            driver.backup(target)
        except dbapi2.Error as error:
            raise Unavailable(f"The store could not be copied: {error}. There is no backup now.") from error
        finally:
            source.close()
        target.execute("PRAGMA journal_mode=DELETE")
        reader = RowReader(target, is_sqlite=True)
        rows = {table: reader.count(table) for table in columns()}
        head = reader.head()
    pack.add_copy(copy)
    copy.unlink()
    return Description(BackupKind.COPY, SCHEMA_VERSION, begun.isoformat(), head, rows, columns())


def _pack_rows(store: Store, pack: BackupWriter, _copy: Path, begun: datetime) -> Description:
    with rows_out(store) as reader:
        rows = {table: pack.add_rows(table, reader.rows(table, names)) for table, names in columns().items()}
        head = reader.head()
    return Description(BackupKind.ROWS, SCHEMA_VERSION, begun.isoformat(), head, rows, columns())


def _problems(made: Path, restored: Path, noted: Sequence[Head]) -> tuple[str, ...]:
    """Restore the backup as `opsdesk restore` would, and say what is wrong with what comes out."""
    with reading(made) as backup:
        store = unpack(backup, restored)
        try:
            return check_copy(store, backup.description, noted)
        finally:
            store.close()
