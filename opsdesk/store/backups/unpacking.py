"""Turning a backup into a SQLite file, as the first half of every restore and as the proof of every backup."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from opsdesk.store.backups.files import Backup, BackupKind
from opsdesk.store.backups.rows import rows_in
from opsdesk.store.engine import Store, connect
from opsdesk.store.migrate import migrate


def unpack(backup: Backup, file: Path) -> Store:
    """Write the store into a new SQLite file, at the schema that it had, and open it."""
    url = f"sqlite:///{file}"
    if backup.description.kind is BackupKind.COPY:
        backup.copy_to(file)
        return connect(url)
    migrate(url, to=backup.description.schema)
    store = connect(url)
    rows_in(store, backup.description.columns, backup.rows)
    return store


def private_database(file: Path) -> Any:
    """Make an empty SQLite file that its owner alone can read, and connect to it."""
    from pysqlite3 import dbapi2

    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return dbapi2.connect(str(file), isolation_level=None)


def into_one_file(file: Path) -> None:
    """Write back what the journal of a closed store still holds, so that the file can be moved alone."""
    from pysqlite3 import dbapi2

    with closing(dbapi2.connect(str(file), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
