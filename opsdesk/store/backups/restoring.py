"""Restoring a backup into a place where there is no store yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from opsdesk.domain.errors import Refused, Unavailable
from opsdesk.store.audit.anchor import replace_heads
from opsdesk.store.backups.checking import check_copy, seals_can_be_checked
from opsdesk.store.backups.files import Backup, Description, reading
from opsdesk.store.backups.rows import columns, rows_in, rows_out
from opsdesk.store.backups.unpacking import into_one_file, unpack
from opsdesk.store.engine import SCHEMA_VERSION, Store, connect, schema_version, unavailable
from opsdesk.store.filling import is_empty
from opsdesk.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored.

    Attributes:
        problems: what is wrong with it, when it was restored nevertheless.
        lost_rows: rows of history that this machine has noted after the backup was made.
        seals_checked: False when this machine has no audit key.
    """

    description: Description
    problems: tuple[str, ...]
    lost_rows: int
    seals_checked: bool


def restore(file: Path, url: str, *, despite_problems: bool = False) -> RestoreReport:
    """Restore a backup, checked before it becomes the store; until then nothing is at `url`.

    Raises:
        Refused: the file is damaged, something is at `url` already, or what came out is not right.
        Unavailable: the server cannot be reached, or the disk is full.
    """
    with reading(file) as backup:
        _require_known(backup.description)
        _require_nothing(url)
        try:
            with TemporaryDirectory(prefix=".opsdesk-restore-", dir=_workplace(url, file)) as folder:
                unpacked = Path(folder) / "store.db"
                problems = _unpack(backup, unpacked, despite_problems=despite_problems)
                before = replace_heads(url, backup.description.head)
                _put(unpacked, url, backup.description)
        except OSError as error:
            raise Unavailable(f"The backup could not be restored: {error.strerror}. There is no store yet.") from error
        except DBAPIError as error:
            raise unavailable(error) from error
        lost = max((head.id for head in before), default=0) - backup.description.head.id
        return RestoreReport(backup.description, problems, max(0, lost), seals_can_be_checked())


def _require_known(description: Description) -> None:
    if description.schema > SCHEMA_VERSION:
        raise Refused(
            f"The backup has schema {description.schema}, this program knows {SCHEMA_VERSION}. Use a newer OpsDesk."
        )


def _require_nothing(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        place = Path(parsed.database or "")
        left = [
            path for path in (place, *(Path(f"{place}{end}") for end in ("-wal", "-shm", "-journal"))) if path.exists()
        ]
        if left:
            raise Refused(f"{left[0]} exists already. Move it away, or restore under another name.")
        return
    with _closing(connect(url)) as store:
        if schema_version(store) is not None:
            if not is_empty(store):
                raise Refused("There is a store with records already. Restore into an empty database.")
        elif _has_tables(store):
            raise Refused("The database holds tables of something else. Restore into an empty database.")


def _has_tables(store: Store) -> bool:
    try:
        with store.reader.connect() as connection:
            return bool(inspect(connection).get_table_names())
    except OperationalError as error:
        raise unavailable(error) from error


def _workplace(url: str, file: Path) -> Path:
    """Return the folder to unpack in: beside the new store, so that it can be moved there in one step."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return file.parent
    place = Path(parsed.database or "").parent
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def _unpack(backup: Backup, file: Path, *, despite_problems: bool) -> tuple[str, ...]:
    with _closing(unpack(backup, file)) as store:
        problems = check_copy(store, backup.description, ())
    if problems and not despite_problems:
        raise Refused(
            f"The backup is as it was written, but what it holds is not right: {problems[0]} Nothing was restored. "
            "Restore an older one, or this one with --anyway."
        )
    migrate(f"sqlite:///{file}")
    return problems


def _put(unpacked: Path, url: str, description: Description) -> None:
    if make_url(url).get_backend_name() == "sqlite":
        into_one_file(unpacked)
        os.link(unpacked, make_url(url).database or "")
        return
    migrate(url)
    with _closing(connect(url)) as store:
        with _closing(connect(f"sqlite:///{unpacked}")) as copy, rows_out(copy) as reader:
            names = columns()
            rows_in(store, names, lambda table: reader.rows(table, names[table]))
        if wrong := check_copy(store, description, ()):
            raise Refused(
                f"The restored store is not the one in the backup: {wrong[0]} Empty the database and try again."
            )


@contextmanager
def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()
